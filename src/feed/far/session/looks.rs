use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use super::{MAX_LOOK_ROWS, MAX_LOOKS, MAX_SORTED};
use crate::{
    Event, Look, Near, Source, View, Window,
    description::{Description, ListId},
};

/// Time between two answers to a request for the same view.
const PERIOD: Duration = Duration::from_millis(33);
/// How long what changes without an event, such as a gauge, can be old.
const SLOW_PERIOD: Duration = Duration::from_secs(1);

/// The views of a client and their answers.
#[derive(Default)]
pub(super) struct Looks {
    /// The last view.
    shown: Option<Shown>,
    /// New views that are not answered.
    new: VecDeque<Shown>,
    /// Numbers of requests for the last view that are not answered.
    same: VecDeque<u64>,
    /// The rows of the last view at the last answer.
    last: Arc<Look>,
    /// When they were read last.
    read_at: Duration,
    /// When the whole look, with gauges, was compared last.
    compared_at: Duration,
    /// Whether an event has touched something that the last view shows, since the rows were read.
    is_touched: bool,
}

/// A view within the bounds of a session.
struct Shown {
    view: View,
    /// Bit n: an event that touches list n can change what is shown.
    lists: u32,
    /// The windows that are refused, as indices.
    refused: Vec<usize>,
}

impl Looks {
    /// A new view, which is answered at once. Returns the numbers of the requests that it replaces.
    pub(super) fn view(&mut self, view: View, description: &Description) -> VecDeque<u64> {
        self.new.push_back(Shown::new(view, description));
        mem::take(&mut self.same)
    }

    /// A request for the last view. Returns the number of the request that it replaces, because too many wait. The error
    /// is that there was no view.
    pub(super) fn same_view(&mut self, number: u64) -> Result<Option<u64>, ()> {
        if self.shown.is_none() && self.new.is_empty() {
            return Err(());
        }
        self.same.push_back(number);
        Ok(if self.same.len() > MAX_LOOKS { self.same.pop_front() } else { None })
    }

    /// Whether no further view can be accepted now.
    pub(super) fn is_full(&self) -> bool {
        self.new.len() >= MAX_LOOKS
    }

    /// Whether a view waits for its answer.
    pub(super) fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Records that an event has happened.
    pub(super) fn record(&mut self, event: &Event) {
        let Some(shown) = self.shown.as_ref().filter(|_| !self.is_touched) else { return };
        let touched = event.touched();
        let has = |list: ListId| shown.lists & 1 << (list.0 & 31) != 0;
        self.is_touched =
            touched.rows.iter().any(|(list, _)| has(*list)) || touched.settings && shown.view.settings;
    }

    /// Records that anything may have changed.
    pub(super) fn touch(&mut self) {
        self.is_touched = true;
    }

    /// When the next answer can be due. `None`: nobody waits for one.
    pub(super) fn due(&self) -> Option<Duration> {
        if !self.new.is_empty() {
            return Some(Duration::ZERO);
        }
        let slow = self.compared_at + SLOW_PERIOD;
        let due = if self.is_touched { slow.min(self.read_at + PERIOD) } else { slow };
        (!self.same.is_empty()).then_some(due)
    }

    /// Reads the rows of a view that is due. Returns the answer and its view, if there is one.
    pub(super) fn read(&mut self, near: &mut Near, now: Duration) -> Option<(&View, Arc<Look>)> {
        let new = self.new.pop_front();
        let is_new = new.is_some();
        self.shown = new.or_else(|| self.shown.take());
        let shown = self.shown.as_mut()?;
        if !is_new {
            shown.view.number = *self.same.front()?;
        }
        let look = shown.read(near);
        let is_whole = is_new || now >= self.compared_at + SLOW_PERIOD;
        self.is_touched = false;
        self.read_at = now;
        if is_whole {
            self.compared_at = now;
        }
        if !is_new {
            if is_equal(&self.last, &look, is_whole) {
                return None;
            }
            self.same.pop_front();
        }
        self.last = Arc::clone(&look);
        Some((&shown.view, look))
    }
}

impl Shown {
    fn new(mut view: View, description: &Description) -> Self {
        let mut rows = MAX_LOOK_ROWS;
        let mut sorted = 0;
        let mut refused = Vec::new();
        for (index, window) in view.windows.iter_mut().enumerate() {
            window.before = window.before.min(rows as u16);
            rows -= usize::from(window.before);
            window.after = window.after.min(rows as u16);
            rows -= usize::from(window.after);
            sorted += usize::from(!window.is_plain());
            if !window.is_plain() && sorted > MAX_SORTED {
                *window = Window { under: window.under.take(), ..Window::first(window.list, 0) };
                refused.push(index);
            }
        }
        let windows = view.windows.iter().map(|window| window.list);
        let items = view.rows.iter().chain(&view.marks).map(|(list, _)| *list);
        let shown = windows.chain(items).flat_map(|list| with_lists_above(description, list));
        let lists = shown.fold(0, |lists, list| lists | 1 << (list.0 & 31));
        Self { view, lists, refused }
    }

    fn read(&self, near: &mut Near) -> Arc<Look> {
        let mut look = near.look(&self.view);
        if !self.refused.is_empty() {
            let pages = &mut Arc::make_mut(&mut look).pages;
            for index in &self.refused {
                if let Some(page) = pages.get_mut(*index) {
                    let reason = format!("at most {MAX_SORTED} windows of a view can be sorted or filtered");
                    page.refused = Some(reason.into());
                }
            }
        }
        look
    }
}

/// Whether two answers to one view show the same. The gauges count only if it is asked for.
fn is_equal(a: &Look, b: &Look, with_gauges: bool) -> bool {
    (&a.pages, &a.rows, &a.gone, &a.settings) == (&b.pages, &b.rows, &b.gone, &b.settings)
        && (!with_gauges || a.gauges == b.gauges)
}

/// A list and the lists above it, whose items take its rows along.
fn with_lists_above(description: &Description, list: ListId) -> impl Iterator<Item = ListId> {
    let above = |list: &ListId| description.list_id(description.list(*list)?.under.as_ref()?.as_str());
    std::iter::successors(Some(list), above).take(description.lists.len())
}
