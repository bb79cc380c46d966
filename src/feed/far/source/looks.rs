use std::{collections::VecDeque, sync::Arc};

use super::wire::Wire;
use crate::{
    Key, Look, MAX_ITEMS, MAX_OPEN, MAX_ROWS, MAX_WINDOWS, Now, Page, Value, View, Window,
    description::{Description, ListId},
    far::MAX_LOOKS,
    json::Writer,
};

/// Requests for the same view that wait for a change. With more than one, an answer is on its way while the next one is
/// asked for.
const MAX_SAME: usize = 2;

/// The views of a face, and what the node has answered.
#[derive(Default)]
pub(super) struct Looks {
    /// What the face shows. `None`: it has not looked.
    wanted: Option<Arc<View>>,
    /// The view that the node has got.
    sent: Option<Arc<View>>,
    /// The looks that are not answered, in order.
    in_flight: VecDeque<Asked>,
    /// Number of the last look in the lines. Those of the face can go on by themselves.
    number: u64,
    /// The last answer, and its view.
    last: Option<(Arc<View>, Arc<Look>)>,
}

struct Asked {
    number: u64,
    view: Arc<View>,
    is_new: bool,
}

impl Looks {
    /// Sets what the face shows, and writes what is to be asked for. Returns whether that was anything.
    pub(super) fn want(&mut self, view: &View, wire: Option<&mut Wire>, description: &Description) -> bool {
        match &mut self.wanted {
            Some(wanted) if shows_same(wanted, view) => Arc::make_mut(wanted).number = view.number,
            wanted => *wanted = Some(Arc::new(bounded(view))),
        }
        wire.is_some_and(|wire| self.ask(wire, description, true))
    }

    /// Writes a view that the node has not got. `has_looked`: the face waits for changes of its view.
    pub(super) fn ask(&mut self, wire: &mut Wire, description: &Description, has_looked: bool) -> bool {
        let Some(wanted) = self.wanted.clone() else { return false };
        let is_sent = self.sent.as_ref().is_some_and(|sent| shows_same(sent, &wanted));
        let mut has_asked = false;
        if !is_sent {
            if self.in_flight.len() < MAX_LOOKS {
                let number = self.push(&wanted, true);
                let known = View { number, ..known(&wanted, description) };
                wire.line(|out| Writer::new(description).view(out, &known));
                self.sent = Some(wanted);
                has_asked = true;
            }
        } else if has_looked && !self.in_flight.iter().any(|asked| asked.is_new) {
            while self.in_flight.len() < MAX_SAME {
                let number = self.push(&wanted, false);
                wire.line(|out| Writer::same_view(out, number));
                has_asked = true;
            }
        }
        has_asked
    }

    fn push(&mut self, view: &Arc<View>, is_new: bool) -> u64 {
        self.number += 1;
        self.in_flight.push_back(Asked { number: self.number, view: Arc::clone(view), is_new });
        self.number
    }

    /// The last answer, under the number of the face's view if it shows the same.
    pub(super) fn shown(&mut self, view: &View, description: &Description, now: Now) -> Arc<Look> {
        let Some((of, look)) = &mut self.last else {
            return Arc::new(nothing(&bounded(view), description, now));
        };
        if shows_same(of, view) && look.view != view.number {
            Arc::make_mut(look).view = view.number;
        }
        Arc::clone(look)
    }

    /// Records an answer. Returns whether it belongs to a look.
    pub(super) fn record(&mut self, look: Look, description: &Description) -> bool {
        let Some(Asked { view, .. }) = self.remove(look.view) else { return false };
        let look = fitting(look, &view, description);
        self.last = Some((view, Arc::new(look)));
        true
    }

    /// Records that the look with this number gets no rows.
    pub(super) fn answered(&mut self, number: u64) {
        self.remove(number);
    }

    fn remove(&mut self, number: u64) -> Option<Asked> {
        let index = self.in_flight.iter().position(|asked| asked.number == number)?;
        self.in_flight.remove(index)
    }

    /// The number of looks that are not answered.
    #[cfg(test)]
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The connection has ended: the node no longer has a view.
    pub(super) fn disconnect(&mut self) {
        self.in_flight.clear();
        self.sent = None;
    }

    /// The node is another run: what was shown means nothing.
    pub(super) fn forget(&mut self) {
        *self = Self { number: self.number, ..Self::default() };
    }
}

/// Whether two views differ at most in their numbers.
fn shows_same(a: &View, b: &View) -> bool {
    let parts = |view: &View| {
        (view.windows.len().min(MAX_WINDOWS), view.rows.len().min(MAX_OPEN), view.marks.len().min(MAX_ITEMS))
    };
    let (windows, rows, marks) = parts(a);
    parts(b) == (windows, rows, marks)
        && a.settings == b.settings
        && a.windows[..windows] == b.windows[..windows]
        && a.rows[..rows] == b.rows[..rows]
        && a.marks[..marks] == b.marks[..marks]
}

/// The part of a view that is answered.
fn bounded(view: &View) -> View {
    View {
        number: view.number,
        windows: view.windows.iter().take(MAX_WINDOWS).cloned().collect(),
        rows: view.rows.iter().take(MAX_OPEN).cloned().collect(),
        marks: view.marks.iter().take(MAX_ITEMS).cloned().collect(),
        settings: view.settings,
    }
}

/// What a node can read of a view: lists that it has, and windows within the bounds.
fn known(view: &View, description: &Description) -> View {
    let window = |window: &Window| Window {
        before: window.before.min(MAX_ROWS),
        after: window.after.min(MAX_ROWS),
        ..window.clone()
    };
    let is_known = |(list, _): &&(ListId, Key)| description.list(*list).is_some();
    View {
        number: view.number,
        windows: view
            .windows
            .iter()
            .filter(|window| description.list(window.list).is_some())
            .map(window)
            .collect(),
        rows: view.rows.iter().filter(is_known).cloned().collect(),
        marks: view.marks.iter().filter(is_known).cloned().collect(),
        settings: view.settings,
    }
}

/// An answer to a view with one page for each window and one row for each open item, whatever the node has written.
fn fitting(look: Look, view: &View, description: &Description) -> Look {
    let mut pages = look.pages.into_iter();
    let mut page = |window: &Window| {
        let page = description.list(window.list).and_then(|_| pages.next());
        match page {
            Some(page) if page.list == window.list => Page { under: window.under.clone(), ..page },
            _ => Page::empty(window),
        }
    };
    let windows = view.windows.iter().map(&mut page).collect();
    let mut rows = look.rows.into_iter();
    let row = |(list, _): &(ListId, Key)| description.list(*list).and_then(|_| rows.next()).flatten();
    let open = view.rows.iter().map(row).collect();
    let unknown = view.marks.iter().filter(|(list, _)| description.list(*list).is_none());
    Look {
        view: view.number,
        pages: windows,
        rows: open,
        gone: look.gone.into_iter().chain(unknown.cloned()).collect(),
        gauges: resized(look.gauges, description.gauges.len()),
        settings: if view.settings { resized(look.settings, description.settings.len()) } else { Vec::new() },
        ..look
    }
}

/// The answer to a view before the node has given one: nothing is known yet.
fn nothing(view: &View, description: &Description, now: Now) -> Look {
    let page = |window: &Window| Page { first: None, ready: Some(0), ..Page::empty(window) };
    Look {
        now,
        pages: view.windows.iter().map(page).collect(),
        rows: vec![None; view.rows.len()],
        gauges: resized(Vec::new(), description.gauges.len()),
        settings: resized(Vec::new(), if view.settings { description.settings.len() } else { 0 }),
        ..Look::default()
    }
}

fn resized(mut values: Vec<Value>, length: usize) -> Vec<Value> {
    values.resize(length, Value::None);
    values
}
