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

/// What the functions of one version of a script share.
pub(super) struct Context {
    pub(super) host: Arc<dyn Host>,
    pub(super) shared: Arc<Shared>,
    pub(super) allow: Vec<Allow>,
    pub(super) budget: Rc<Budget>,
    /// They go on when the script is reloaded.
    pub(super) kept: Kept,
    /// Filters by their text.
    filters: RefCell<HashMap<String, Rc<Result<PayloadFilter, String>>>>,
}

/// What lives through a reload. Cloning shares it.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) rates: Rc<RefCell<Rates>>,
    pub(super) store: Rc<RefCell<Store>>,
}

impl Kept {
    /// What a script begins with.
    pub(super) fn new(options: &ScriptOptions, host: &dyn Host) -> Self {
        let rates = Rates::new(options, host.environment());
        Self { rates: Rc::new(RefCell::new(rates)), store: Rc::default() }
    }

    /// What a version with these options goes on with. Other rates begin anew.
    pub(super) fn for_version(
        &self,
        former: &ScriptOptions,
        options: &ScriptOptions,
        host: &dyn Host,
    ) -> Self {
        if former.enqueue_rate.to_bits() == options.enqueue_rate.to_bits() {
            return self.clone();
        }
        Self { store: Rc::clone(&self.store), ..Self::new(options, host) }
    }
}

/// Maximum number of filters that are kept compiled.
const MAX_FILTERS: usize = 64;

impl Context {
    pub(super) fn new(
        options: &ScriptOptions,
        host: Arc<dyn Host>,
        shared: Arc<Shared>,
        kept: Kept,
    ) -> Rc<Self> {
        Rc::new(Self {
            host,
            shared,
            allow: options.allow.clone(),
            budget: Rc::new(Budget::new()),
            kept,
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

/// Shortest time of a timer, so that timers that start each other do not use a whole processor.
const MIN_DELAY: Duration = Duration::from_millis(10);

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
        let delay = Duration::from_secs_f64(seconds).max(MIN_DELAY);
        self.timers.borrow_mut().push((Instant::now() + delay, handle));
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
