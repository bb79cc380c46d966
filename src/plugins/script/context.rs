//! What the functions of one script share.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use mlua::Table;

use super::{Allow, ScriptOptions, budget::Budget, rates::Rates, statistics::Shared, store::Store};
use crate::{Host, PayloadFilter};

/// What the functions of one script share. It is kept when the script is reloaded, except for the timers.
pub(super) struct Context {
    pub(super) host: Arc<dyn Host>,
    pub(super) shared: Arc<Shared>,
    pub(super) allow: Vec<Allow>,
    pub(super) budget: Rc<Budget>,
    pub(super) rates: RefCell<Rates>,
    pub(super) store: RefCell<Store>,
    /// Filters by their text.
    filters: RefCell<HashMap<String, Rc<Result<PayloadFilter, String>>>>,
}

/// Maximum number of filters that are kept compiled.
const MAX_FILTERS: usize = 64;

impl Context {
    pub(super) fn new(options: &ScriptOptions, host: Arc<dyn Host>, shared: Arc<Shared>) -> Rc<Self> {
        let rates = Rates::new(options, host.environment());
        Rc::new(Self {
            host,
            shared,
            allow: options.allow.clone(),
            budget: Rc::new(Budget::new()),
            rates: RefCell::new(rates),
            store: RefCell::default(),
            filters: RefCell::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.shared.name
    }

    /// The filter with this text, compiled once.
    pub(super) fn filter(&self, text: &str) -> Rc<Result<PayloadFilter, String>> {
        if let Some(filter) = self.filters.borrow().get(text) {
            return Rc::clone(filter);
        }
        let filter = Rc::new(match self.host.description() {
            Some(description) => PayloadFilter::parse(text, description),
            None => Err("this node has no filters".to_owned()),
        });
        let mut filters = self.filters.borrow_mut();
        if filters.len() >= MAX_FILTERS {
            filters.clear();
        }
        filters.insert(text.to_owned(), Rc::clone(&filter));
        filter
    }
}

/// What the functions of one VM share.
pub(super) struct VmContext {
    pub(super) script: Rc<Context>,
    /// The metatable of arrays.
    pub(super) arrays: Table,
    /// Timers: when, and their number. At most 64.
    pub(super) timers: RefCell<Vec<(Instant, u32)>>,
    /// Memory in bytes from which garbage is collected at the next look at the time.
    pub(super) collect_above: Cell<usize>,
}

impl VmContext {
    /// Starts a timer.
    pub(super) fn after(&self, seconds: f64, handle: u32) {
        self.timers.borrow_mut().push((Instant::now() + Duration::from_secs_f64(seconds), handle));
    }

    /// When the next timer is due.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.borrow().iter().map(|(at, _)| *at).min()
    }

    /// Removes the earliest timer that is due, and returns its number.
    pub(super) fn take_due_timer(&self, now: Instant) -> Option<u32> {
        let mut timers = self.timers.borrow_mut();
        let (index, _) = timers.iter().enumerate().min_by_key(|(_, (at, handle))| (*at, *handle))?;
        (timers[index].0 <= now).then(|| timers.swap_remove(index).1)
    }
}
