//! The [`Source`] of a node in this process.

mod calls;
#[cfg(test)]
pub(crate) mod memory;
mod requests;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use self::requests::Requests;
use crate::{
    Key, Link, Look, MAX_ITEMS, MAX_OPEN, MAX_ROWS, MAX_WINDOWS, Network, News, Now, Page, Request, Row, Run,
    Source, View, Watch, Watched, Window,
    description::{Description, ListId},
    index::Indexes,
    paging::page_around,
};

/// Events that are returned one after another before answers are, and before searches and indexes continue.
const EVENTS_IN_A_ROW: u32 = 256;
/// Events that are then returned before the next answer.
const EVENTS_BETWEEN_ANSWERS: u32 = 16;

/// The [`Source`] of a node, or of a recording, in this process.
///
/// It needs no runtime: everything happens in [`Source::look`] and [`Source::poll_news`]. Neither waits, and neither works
/// for longer than a few milliseconds.
///
/// # Looks
///
/// [`Source::look`] reads the rows as they are now. [`Look::seq`] is the number of the last event that
/// [`Source::poll_news`] has returned: it happened before it was returned, so the rows that are read afterwards contain it.
/// At first it is that of the last event before the [`Near`] was made.
///
/// Of a [`View`] the first 32 windows, 8 open items and 512 marks are answered, and of a window at most 1,024 rows on
/// either side of the anchor. A list that does not exist has no rows.
///
/// # Sorted and filtered windows
///
/// Their rows are collected in slices of 1,000 rows, one in each `look` and each `poll_news`; [`Page::ready`] gives the
/// progress, and the page has the rows that were collected so far. Then the events that `poll_news` returns keep them up to
/// date, so a face should poll until nothing is left before it looks. A list of more than
/// [`MAX_INDEXED`](crate::MAX_INDEXED) rows, as filtered, is refused: see [`Page::refused`].
///
/// [`Anchor::At`](crate::Anchor::At) follows its row when the row moves. If the row has gone, the anchor is the row behind
/// its last place in the sorted order, or else the last row.
///
/// # News
///
/// A call is begun at once; any other request is carried out when its answer is returned. Events come first, so those that
/// a call has caused come before its answer, unless more than 256 events are waiting. [`News::Looked`] is returned only when a
/// sorted or filtered window has made progress that no event reports: after each 10 per cent of the list, and when it is
/// complete. A face draws after events by itself. [`Source::poll_news`] returns `None` after the node has ended and every
/// request was answered.
pub struct Near {
    network: Arc<dyn Network>,
    /// `None` after the node has ended.
    watch: Option<Box<dyn Watch>>,
    requests: Requests,
    indexes: Indexes,
    /// Number of the last event that was returned or missed.
    seq: u64,
    /// Events that were returned since searches and indexes last continued.
    in_a_row: u32,
    /// Whether a window has made progress that was not reported.
    has_progress: bool,
}

impl Near {
    /// Watches a node from now on.
    pub fn new(network: Arc<dyn Network>) -> Self {
        let watch = network.watch();
        Self {
            network,
            seq: watch.seq(),
            watch: Some(watch),
            requests: Requests::default(),
            indexes: Indexes::default(),
            in_a_row: 0,
            has_progress: false,
        }
    }

    /// Number of indexes.
    #[cfg(test)]
    pub(crate) fn indexes(&self) -> usize {
        self.indexes.len()
    }

    /// Rows of the node were replaced without an event, as in a jump of a replay. Sorted and filtered windows are made
    /// again.
    pub fn rows_replaced(&mut self) {
        self.indexes.record_gap();
    }

    /// Number of the last event that was returned or missed. At first, of the last event before the start.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    fn page(&mut self, window: &Window) -> Page {
        if self.network.description().list(window.list).is_none() {
            return Page::empty(window);
        }
        let is_in_bounds = window.before <= MAX_ROWS && window.after <= MAX_ROWS;
        if window.is_plain() && is_in_bounds {
            return page_around(&*self.network, window);
        }
        let window = Window {
            before: window.before.min(MAX_ROWS),
            after: window.after.min(MAX_ROWS),
            ..window.clone()
        };
        if window.is_plain() {
            page_around(&*self.network, &window)
        } else {
            self.indexes.page(&*self.network, &window)
        }
    }

    /// The marked items that no longer exist.
    fn gone(&self, marks: &[(ListId, Key)]) -> Vec<(ListId, Key)> {
        let marks = &marks[..marks.len().min(MAX_ITEMS)];
        let is_same_list = |(a, _): &(ListId, Key), (b, _): &(ListId, Key)| a == b;
        let gone = marks.chunk_by(is_same_list).flat_map(|marks| {
            let keys: Vec<_> = marks.iter().map(|(_, key)| key.clone()).collect();
            let rows = rows(&*self.network, marks[0].0, &keys);
            let gone = marks.iter().zip(rows).filter(|(_, row)| row.is_none());
            gone.map(|(mark, _)| mark.clone()).collect::<Vec<_>>()
        });
        gone.collect()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        let Some(watch) = &mut self.watch else { return Poll::Pending };
        let polled = watch.poll_next(cx);
        self.seq = watch.seq();
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.watch = None;
                Poll::Pending
            }
            Poll::Ready(Some(watched)) => {
                self.in_a_row += 1;
                Poll::Ready(match watched {
                    Watched::Event(event) => {
                        self.indexes.record(&*self.network, &event);
                        News::Event(event)
                    }
                    Watched::Lagged(missed) => {
                        self.indexes.record_gap();
                        News::Lagged(missed)
                    }
                })
            }
        }
    }

    /// Continues a search and an index.
    fn work(&mut self) -> Option<News> {
        self.in_a_row = 0;
        self.has_progress |= self.indexes.work(&*self.network);
        self.requests.search(&*self.network);
        let answer = self.requests.pop();
        answer.or_else(|| std::mem::take(&mut self.has_progress).then_some(News::Looked))
    }
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let description = self.network.description();
        f.debug_struct("Near")
            .field("network", &description.network)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl Source for Near {
    fn description(&self) -> &Arc<Description> {
        self.network.description()
    }

    fn run(&self) -> Run {
        self.network.run()
    }

    fn now(&self) -> Now {
        self.network.now()
    }

    fn link(&self) -> Link {
        Link::Near
    }

    fn look(&mut self, view: &View) -> Arc<Look> {
        let windows = || view.windows.iter().take(MAX_WINDOWS);
        self.indexes.begin_look(&*self.network, windows());
        self.requests.search(&*self.network);
        let now = self.network.now();
        let pages = windows().map(|window| self.page(window)).collect();
        let open = view.rows.iter().take(MAX_OPEN);
        let rows =
            open.map(|(list, key)| rows(&*self.network, *list, std::slice::from_ref(key)).pop().flatten());
        let look = Look {
            view: view.number,
            seq: self.seq,
            now,
            pages,
            rows: rows.collect(),
            gone: self.gone(&view.marks),
            gauges: self.network.gauges(),
            settings: if view.settings { self.network.settings() } else { Vec::new() },
        };
        if self.indexes.is_collecting() || self.requests.has_work() {
            self.requests.waker().wake();
        }
        Arc::new(look)
    }

    fn request(&mut self, request: Request) -> u64 {
        let number = self.requests.push(&self.network, request);
        self.requests.waker().wake();
        number
    }

    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        self.requests.set_waker(cx.waker());
        let is_turn_of_events = self.in_a_row < EVENTS_IN_A_ROW;
        if is_turn_of_events && let Poll::Ready(event) = self.poll_event(cx) {
            return Poll::Ready(Some(event));
        }
        if let Some(answer) = self.requests.next_answer(&*self.network) {
            self.in_a_row = self.in_a_row.saturating_sub(EVENTS_BETWEEN_ANSWERS);
            return Poll::Ready(Some(answer));
        }
        if let Some(news) = self.work() {
            return Poll::Ready(Some(news));
        }
        if !is_turn_of_events && let Poll::Ready(event) = self.poll_event(cx) {
            return Poll::Ready(Some(event));
        }
        if self.indexes.is_collecting() || self.requests.has_work() {
            cx.waker().wake_by_ref();
        } else if self.watch.is_none() && self.requests.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

/// The items of a list, which may not exist.
fn rows(network: &dyn Network, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
    if network.description().list(list).is_none() { vec![None; keys.len()] } else { network.rows(list, keys) }
}

/// A waker that does nothing, until a face has polled.
fn no_waker() -> Waker {
    Waker::noop().clone()
}
