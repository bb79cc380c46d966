use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::{
    memory::{ITEMS, Memory, ROOMS, item},
    *,
};
use crate::{
    Answer, Call, Check, Find, MAX_FOUND, MAX_WAITING, MAX_WAITING_BYTES, Outcome, Refusal, Sort, Text,
};

/// Counts how often it was woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A face that polls.
struct Face {
    near: Near,
    memory: Arc<Memory>,
    wakes: Arc<Wakes>,
}

impl Face {
    fn new(items: u64) -> Self {
        let memory = Memory::new(100);
        if items > 0 {
            memory.put(ITEMS, (0..items).map(|n| item(&format!("k{n:05}"), n, Some("Text"), Some(n))));
        }
        Self { near: Near::new(memory.clone()), memory, wakes: Arc::default() }
    }

    fn poll(&mut self) -> Poll<Option<News>> {
        let waker = Waker::from(self.wakes.clone());
        self.near.poll_news(&mut Context::from_waker(&waker))
    }

    /// The next news. Panics unless it is there without waiting for the node.
    fn next(&mut self) -> News {
        for _ in 0..1000 {
            let before = self.wakes.0.load(Relaxed);
            match self.poll() {
                Poll::Ready(news) => return news.unwrap(),
                Poll::Pending => assert!(self.wakes.0.load(Relaxed) > before, "nothing would wake the face"),
            }
        }
        panic!("no news");
    }

    fn answer(&mut self) -> (u64, Answer) {
        match self.next() {
            News::Answer(number, answer) => (number, answer),
            other => panic!("{other:?}"),
        }
    }

    /// Whether there are no news, and nothing to do without the node.
    fn is_idle(&mut self) -> bool {
        let before = self.wakes.0.load(Relaxed);
        self.poll().is_pending() && self.wakes.0.load(Relaxed) == before
    }

    fn call(&mut self, text: &str) -> u64 {
        self.near.request(Request::Call(call(text)))
    }

    fn find(&mut self, typed: &str, only: &[&'static str]) -> u64 {
        let only = only.iter().copied().map(Into::into).collect();
        self.near.request(Request::Find(Find { list: ITEMS, only, typed: typed.into() }))
    }

    fn look(&mut self, windows: Vec<Window>) -> Arc<Look> {
        self.near.look(&View { windows, ..View::default() })
    }

    fn woken(&self) -> usize {
        self.wakes.0.swap(0, Relaxed)
    }
}

fn call(text: &str) -> Call {
    Call::new(Run(7), "do".into(), text)
}

fn done(text: &str) -> Answer {
    Answer::Called(Box::new(Ok(Outcome::new(text))))
}

fn sorted() -> Window {
    Window { sort: Some(Sort { column: "count".into(), descending: true }), ..Window::first(ITEMS, 10) }
}

#[test]
fn calls_are_answered_as_they_end_and_wake_the_face() {
    let mut face = Face::new(0);
    assert!(face.is_idle());
    let first = face.call("first");
    let second = face.call("second");
    assert!(face.woken() > 0, "a request wakes a face that waits");
    assert!(face.is_idle());
    face.memory.finish("second", Ok(Outcome::new("2")));
    assert_eq!(face.woken(), 1);
    assert_eq!(face.answer(), (second, done("2")));
    assert!(face.is_idle());
    face.memory.finish("first", Err(Refusal::new("no")));
    assert_eq!(face.answer(), (first, Answer::Called(Box::new(Err(Refusal::new("no"))))));
    assert!(face.is_idle());
}

/// A call is polled only when it was woken.
#[test]
fn a_waiting_call_costs_nothing_while_others_end() {
    let mut face = Face::new(0);
    face.call("waits");
    assert!(face.is_idle());
    let polls = face.memory.polls.load(Relaxed);
    for n in 0..20 {
        let number = face.call(&n.to_string());
        face.memory.finish(&n.to_string(), Ok(Outcome::new("")));
        assert_eq!(face.answer().0, number);
    }
    assert_eq!(face.memory.polls.load(Relaxed) - polls, 20);
}

#[test]
fn a_newer_check_replaces_an_older_one() {
    let mut face = Face::new(0);
    let numbers: Vec<_> = ["a", "b", "c"].map(|text| face.near.request(Request::Check(call(text)))).to_vec();
    assert_eq!(face.answer(), (numbers[0], Answer::Replaced));
    assert_eq!(face.answer(), (numbers[1], Answer::Replaced));
    assert_eq!(face.answer(), (numbers[2], Answer::Checked(Check::wrong("c"))));
    assert!(face.is_idle());
}

#[test]
fn a_search_of_a_long_list_takes_several_polls_and_is_replaced_by_a_newer_one() {
    let mut face = Face::new(3500);
    let older = face.find("no such", &[]);
    assert!(face.poll().is_pending());
    let newer = face.find("K0349", &[]);
    assert_eq!(face.answer(), (older, Answer::Replaced));
    let before = face.memory.rows_read.load(Relaxed);
    assert!(face.poll().is_pending());
    assert!(face.memory.rows_read.load(Relaxed) - before <= 1001);
    let (number, answer) = face.answer();
    assert_eq!((number, keys(&answer)), (newer, ((3490..3500).map(|n| format!("k0{n}")).collect(), false)));
    assert!(face.is_idle());
}

fn keys(answer: &Answer) -> (Vec<String>, bool) {
    match answer {
        Answer::Found { rows, more } => {
            (rows.iter().map(|row| row.key.untrusted().to_owned()).collect(), *more)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_search_finds_keys_and_texts_of_items_with_the_statuses() {
    let mut face = Face::new(0);
    let long = format!("{}needle", "x".repeat(1 << 20));
    face.memory.put(
        ITEMS,
        [
            item("a", 0, Some("\u{c4}pfel \u{1b}[2J"), None),
            item("b", 1, Some("birnen"), None),
            item("needle", 2, None, None),
            item("d", 3, Some(&long), None),
        ],
    );
    let mut found = |typed: &str, only: &[&'static str]| {
        face.find(typed, only);
        loop {
            if let News::Answer(_, answer) = face.next() {
                break keys(&answer).0.join(" ");
            }
        }
    };
    assert_eq!(found("\u{e4}PF", &[]), "a");
    assert_eq!(found("BIRNEN", &[]), "b");
    assert_eq!(found("needle", &[]), "needle");
    assert_eq!(found("", &[]), "a b needle d");
    assert_eq!(found("", &["good"]), "b d");
    assert_eq!(found("", &["good", "bad"]), "b needle d");
    assert_eq!(found("", &["no-such"]), "");
    let list = ListId(9);
    face.near.request(Request::Find(Find { list, only: Vec::new(), typed: Text::empty() }));
    assert_eq!(keys(&face.answer().1), (Vec::new(), false));
}

#[test]
fn a_search_prefers_keys_that_begin_with_what_was_typed() {
    let mut face = Face::new(0);
    let items = [("no-tower", None), ("tower-3", None), ("grand", Some("a tower")), ("t-o-w", None)];
    face.memory.put(ITEMS, items.iter().zip(0..).map(|((key, text), place)| item(key, place, *text, None)));
    let mut found = |typed: &str| {
        face.find(typed, &[]);
        loop {
            if let News::Answer(_, answer) = face.next() {
                break keys(&answer).0.join(" ");
            }
        }
    };
    assert_eq!(found("tow"), "tower-3");
    assert_eq!(found("ower"), "no-tower tower-3 grand");
    assert_eq!(found("TR3"), "tower-3", "its characters in this order");
    assert_eq!(found("3t"), "");
}

#[test]
fn a_search_returns_sixty_four_items_and_says_whether_there_are_more() {
    let most = MAX_FOUND as u64;
    for (items, more) in [(most - 1, false), (most, false), (most + 1, true), (3000, true)] {
        let mut face = Face::new(items);
        face.find("K", &[]);
        let (found, is_more) = keys(&face.answer().1);
        assert_eq!((found.len() as u64, is_more), (items.min(most), more), "{items}");
        assert!(face.memory.rows_read.load(Relaxed) <= 1001);
    }
}

/// A slice can end with the list.
#[test]
fn a_search_finds_the_last_item_once() {
    for items in [999, 1000, 1001, 2000] {
        let mut face = Face::new(items);
        let last = format!("k{:05}", items - 1);
        face.find(&last, &[]);
        assert_eq!(keys(&face.answer().1), (vec![last], false));
    }
}

#[test]
fn whole_rows_are_read_when_the_answer_is_given() {
    let mut face = Face::new(3);
    let rows = |keys: Vec<Key>| Request::Rows { list: ITEMS, keys };
    let number = face.near.request(rows(vec!["k00002".into(), "no".into(), "k00000".into()]));
    face.memory.put(ITEMS, [item("k00002", 9, Some("new"), None)]);
    let expected = vec![
        Some(item("k00002", 9, Some("new"), None)),
        None,
        Some(item("k00000", 0, Some("Text"), Some(0))),
    ];
    assert!(matches!(face.next(), News::Event(_)));
    assert_eq!(face.answer(), (number, Answer::Rows(expected)));
    face.near.request(rows(vec!["k".into(); MAX_ITEMS + 1]));
    assert!(matches!(face.answer().1, Answer::Refused(_)));
    face.near.request(Request::Rows { list: ListId(9), keys: vec!["k".into()] });
    assert_eq!(face.answer().1, Answer::Rows(vec![None]));
}

#[test]
fn requests_beyond_the_bound_are_refused_at_once_and_begun_again_later() {
    let mut face = Face::new(0);
    for n in 0..MAX_WAITING {
        face.call(&n.to_string());
    }
    let refused: Vec<_> = (0..5000).map(|_| face.find("", &[])).collect();
    for number in refused {
        let (answered, answer) = face.answer();
        assert!(answered == number && matches!(answer, Answer::Refused(_)), "{answered} {answer:?}");
    }
    assert!(face.is_idle());
    face.memory.finish("7", Ok(Outcome::new("")));
    assert_eq!(face.answer().0, 8);
    let number = face.find("", &[]);
    assert_eq!(face.answer(), (number, Answer::Found { rows: Vec::new(), more: false }));
    // Answers that were not received count as well.
    for _ in 0..3000 {
        face.near.request(Request::Check(call("")));
    }
    let answers: Vec<_> = (0..3000).map(|_| face.answer().1).collect();
    let count = |of: fn(&Answer) -> bool| answers.iter().filter(|answer| of(answer)).count();
    assert_eq!(count(|answer| matches!(answer, Answer::Refused(_))), 2999);
    assert_eq!(count(|answer| matches!(answer, Answer::Checked(_))), 1);
}

#[test]
fn requests_that_wait_have_a_bound_in_bytes() {
    let mut face = Face::new(0);
    let long = "x".repeat(MAX_WAITING_BYTES - 1);
    let (first, second, third) = (face.call(&long), face.call("y"), face.call("z"));
    assert!(matches!(face.answer(), (number, Answer::Refused(_)) if number == third));
    face.memory.finish(&long, Ok(Outcome::new("")));
    assert_eq!(face.answer().0, first);
    let fourth = face.call("z");
    for (text, number) in [("y", second), ("z", fourth)] {
        face.memory.finish(text, Ok(Outcome::new("")));
        assert_eq!(face.answer(), (number, done("")));
    }
    // One alone is never too large.
    let keys = vec![Key::from("k".repeat(MAX_WAITING_BYTES)); 2];
    let number = face.near.request(Request::Rows { list: ITEMS, keys });
    assert_eq!(face.answer(), (number, Answer::Rows(vec![None, None])));
}

#[test]
fn events_come_in_order_and_gaps_are_reported() {
    let mut face = Face::new(0);
    (0..3).for_each(|_| face.memory.emit(Vec::new()));
    for expected in 1..=3 {
        assert!(matches!(face.next(), News::Event(event) if event.seq == expected));
    }
    assert!(face.is_idle());
    (0..150).for_each(|_| face.memory.emit(Vec::new()));
    assert!(matches!(face.next(), News::Lagged(50)));
    assert!(matches!(face.next(), News::Event(event) if event.seq == 54));
}

/// The node is always ahead: there is always an event.
#[test]
fn searches_and_windows_continue_while_events_never_end() {
    let mut face = Face::new(3500);
    face.find("no such", &[]);
    face.look(vec![sorted()]);
    let (mut found, mut looked) = (false, false);
    for _ in 0..256 * 10 {
        face.memory.emit(Vec::new());
        match face.next() {
            News::Answer(_, Answer::Found { .. }) => found = true,
            News::Looked => looked = true,
            _ => {}
        }
    }
    assert!(found && looked, "found: {found}, looked: {looked}");
    assert_eq!(face.look(vec![sorted()]).pages[0].ready, None);
}

/// An event that was received is in every window.
#[test]
fn a_look_contains_the_events_that_were_received() {
    let mut face = Face::new(10);
    face.memory.emit(Vec::new());
    assert_eq!(face.look(vec![sorted()]).seq, 1);
    face.next();
    assert_eq!(face.look(vec![sorted()]).seq, 2);
    face.memory.put(ITEMS, [item("z", 0, None, Some(100))]);
    assert_eq!(face.look(vec![sorted()]).seq, 2);
    face.next();
    let look = face.look(vec![sorted(), Window::first(ITEMS, 1)]);
    assert_eq!((look.seq, look.pages[0].total, look.pages[1].total), (3, 11, 11));
    assert_eq!(look.pages[0].rows[0].key, "z".into());
}

/// What a call has changed is known before its answer.
#[test]
fn events_come_before_answers_until_there_are_too_many() {
    let mut face = Face::new(0);
    face.call("do");
    assert!(face.is_idle());
    (0..3).for_each(|_| face.memory.emit(Vec::new()));
    face.memory.finish("do", Ok(Outcome::new("")));
    let is_event = |news: &News| matches!(news, News::Event(_));
    let news: Vec<_> = (0..4).map(|_| face.next()).collect();
    assert_eq!(news.iter().map(is_event).collect::<Vec<_>>(), [true, true, true, false]);
    for _ in 0..10 {
        face.near.request(Request::Rows { list: ITEMS, keys: Vec::new() });
    }
    let mut answers = 0;
    for _ in 0..256 + 10 * 17 {
        face.memory.emit(Vec::new());
        answers += usize::from(!is_event(&face.next()));
    }
    assert!((9..=10).contains(&answers), "{answers} answers");
}

#[test]
fn collecting_goes_on_in_polls_and_reports_progress_until_it_is_complete() {
    let mut face = Face::new(20_500);
    assert!(face.is_idle());
    assert_eq!(face.look(vec![sorted()]).pages[0].ready, Some(4));
    assert!(face.woken() > 0, "a look that leaves work wakes a face that waits");
    let mut looked = 0;
    while face.look(vec![]).pages.is_empty() && looked < 100 {
        // Looks without the window do not collect.
        looked += 1;
    }
    assert_eq!(face.look(vec![sorted()]).pages[0].ready, Some(9));
    let mut news = 0;
    while !face.is_idle() {
        assert!(matches!(face.next(), News::Looked));
        news += 1;
    }
    assert!((5..=12).contains(&news), "{news} reports");
    let page = face.look(vec![sorted()]).pages[0].clone();
    assert_eq!((page.ready, page.total, &page.rows[0].key), (None, 20_500, &"k20499".into()));
    assert!(face.is_idle());
}

#[test]
fn nothing_is_read_while_nothing_is_asked() {
    let mut face = Face::new(100);
    face.look(Vec::new());
    (0..5).for_each(|_| face.memory.emit(vec![(ITEMS, "k00001".into())]));
    (0..5).for_each(|_| drop(face.next()));
    assert!(face.is_idle());
    assert_eq!((face.memory.reads.load(Relaxed), face.memory.watchers()), (0, 1));
    // A complete window reads nothing between looks.
    face.look(vec![sorted()]);
    assert!(face.is_idle());
    let reads = face.memory.reads.load(Relaxed);
    assert!(face.is_idle());
    assert_eq!(face.memory.reads.load(Relaxed), reads);
}

#[test]
fn a_view_reads_open_rows_and_marks_that_have_gone() {
    let mut face = Face::new(3);
    let mark = |list, key: &str| (list, Key::from(key));
    let view = View {
        number: 12,
        windows: vec![Window::first(ITEMS, 2), Window::first(ListId(9), 2)],
        rows: vec![mark(ITEMS, "k00001"), mark(ROOMS, "k00001"), mark(ListId(9), "x")],
        marks: vec![
            mark(ITEMS, "k00001"),
            mark(ITEMS, "no"),
            mark(ROOMS, "no"),
            mark(ITEMS, "nor"),
            mark(ListId(9), "x"),
        ],
        settings: false,
    };
    let look = face.near.look(&view);
    assert_eq!((look.view, look.pages[0].rows.len(), look.pages[0].total), (12, 2, 3));
    assert_eq!(look.pages[1], Page::empty(&view.windows[1]));
    assert_eq!(look.rows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(look.gone, view.marks[1..]);
    assert_eq!(look.gauges, [crate::Value::Count(3)]);
}

#[test]
fn a_view_beyond_its_bounds_is_cut() {
    let mut face = Face::new(3000);
    let window = |sort| Window { sort, ..Window::new(ITEMS, crate::Anchor::Last, 2000, 2000) };
    let mut windows = vec![window(None), window(sorted().sort)];
    windows.resize(40, Window::first(ITEMS, 1));
    let marks = vec![(ITEMS, Key::from("no")); 600];
    let rows = vec![(ITEMS, Key::from("no")); 20];
    let look = face.near.look(&View { windows, rows, marks, ..View::default() });
    assert_eq!((look.pages.len(), look.rows.len(), look.gone.len()), (MAX_WINDOWS, MAX_OPEN, MAX_ITEMS));
    assert_eq!(look.pages[0].rows.len(), usize::from(MAX_ROWS) + 1);
    assert!(look.pages[1].rows.len() <= usize::from(MAX_ROWS) + 1);
}

#[test]
fn the_end_of_the_node_comes_after_every_answer() {
    let mut face = Face::new(5);
    face.call("waits");
    face.memory.emit(Vec::new());
    face.memory.end();
    assert!(matches!(face.next(), News::Event(_)));
    assert!(face.is_idle());
    face.memory.finish("waits", Ok(Outcome::new("")));
    assert!(matches!(face.next(), News::Answer(1, _)));
    assert!(matches!(face.poll(), Poll::Ready(None)));
    // Rows can still be read.
    assert_eq!(face.look(vec![sorted()]).pages[0].total, 5);
    face.find("k", &[]);
    assert_eq!(keys(&face.answer().1).0.len(), 5);
    assert!(matches!(face.poll(), Poll::Ready(None)));
}

/// An event that only a window of an index reads wakes the face as well.
#[test]
fn an_event_after_a_look_wakes_the_face() {
    let mut face = Face::new(5);
    assert!(face.is_idle());
    face.look(vec![sorted()]);
    assert!(face.is_idle());
    face.woken();
    face.look(vec![sorted()]);
    face.memory.emit(Vec::new());
    assert!(face.woken() > 0);
}
