use std::{io, pin::Pin, sync::Mutex};

use super::*;
use crate::{
    Anchor, Call, Key, MAX_WAITING, Network, Outcome, Row, Value, Window,
    conformance::Loopback,
    description::EventId,
    far::Connection,
    json::MAX_LINE,
    near::memory::{ITEMS, Memory, item},
};

const DELAY: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);

struct Face {
    memory: Arc<Memory>,
    loopback: Loopback,
}

impl Face {
    fn new(items: u64) -> Self {
        let memory = Memory::new(2000);
        if items > 0 {
            memory.put(ITEMS, (0..items).map(|n| item(&format!("k{n:05}"), n, Some("Text"), Some(n))));
        }
        let mut loopback = Loopback::new(memory.clone(), DELAY);
        loopback.connect(FarOptions::default()).unwrap();
        loopback.settle();
        Self { memory, loopback }
    }

    fn far(&mut self) -> &mut Far {
        self.loopback.far()
    }

    fn change(&self, n: u64, text: &str) {
        self.memory.put(ITEMS, [item(&format!("k{n:05}"), n, Some(text), Some(n))]);
    }

    fn call(&mut self, text: &str) -> u64 {
        self.far().request(Request::Call(call(text)))
    }

    /// Looks until the answer is there.
    fn look(&mut self, view: &View) -> Arc<Look> {
        loop {
            let look = self.far().look(view);
            if look.view == view.number {
                return look;
            }
            let news = self.loopback.news_within(LONG);
            assert!(news.is_some(), "no answer to {view:?}");
        }
    }

    /// The next news that are no event.
    fn next(&mut self) -> News {
        loop {
            match self.loopback.news_within(LONG).expect("news") {
                News::Event(_) => {}
                news => return news,
            }
        }
    }
}

fn call(text: &str) -> Call {
    Call::new(Run(7), "do".into(), text)
}

fn view(number: u64, after: u16) -> View {
    View { number, windows: vec![Window::first(ITEMS, after)], ..View::default() }
}

fn is_away(news: &News, reason: &str) -> bool {
    matches!(news, News::Away(text) if text.untrusted().contains(reason))
}

#[test]
fn a_look_answers_with_what_came_last() {
    let mut face = Face::new(100);
    let first = face.far().look(&view(1, 3));
    assert_eq!((first.view, first.pages[0].ready, first.pages[0].rows.len()), (0, Some(0), 0));
    let began = face.loopback.now();
    assert!(matches!(face.next(), News::Looked));
    assert_eq!(face.loopback.now(), began + DELAY * 2);
    let look = face.far().look(&view(1, 3));
    assert_eq!((look.view, look.pages[0].rows.len(), look.pages[0].total), (1, 3, 100));
    // Another view gets the rows of the one before, until its own are there.
    assert_eq!(face.far().look(&view(2, 5)).pages, look.pages);
    assert_eq!(face.look(&view(2, 5)).pages[0].rows.len(), 5);
    // The same under another number.
    assert_eq!(face.far().look(&view(3, 5)).view, 3);
}

#[test]
fn changes_come_while_the_face_looks() {
    let mut face = Face::new(100);
    face.look(&view(1, 5));
    face.change(2, "changed");
    assert!(matches!(face.next(), News::Looked));
    assert_eq!(face.look(&view(1, 5)).pages[0].rows[2].cells[0], Value::text("changed".into()));
    // A node that changes all the time is looked at 30 times a second.
    let began = face.loopback.now();
    let mut looks = 0;
    while face.loopback.now() < began + Duration::from_secs(2) {
        face.change(2, &format!("{:?}", face.loopback.now()));
        let news = face.loopback.pass(Duration::from_millis(5));
        if news.iter().any(|news| matches!(news, News::Looked)) {
            looks += 1;
            face.far().look(&view(1, 5));
        }
    }
    assert!((30..=61).contains(&looks), "{looks}");
    // A face that does not look gets at most what it has asked for.
    let mut looks = 0;
    for n in 0..200 {
        face.change(2, &n.to_string());
        let news = face.loopback.pass(Duration::from_millis(20));
        looks += news.iter().filter(|news| matches!(news, News::Looked)).count();
    }
    assert!(looks <= 3, "{looks}");
}

#[test]
fn at_most_four_looks_are_on_their_way_and_then_the_last_view_is_asked_for() {
    let mut face = Face::new(100);
    let mut seen = Vec::new();
    for number in 1..30 {
        face.far().look(&view(number, number as u16));
        assert!(face.far().looks_in_flight() <= 4);
        face.loopback.pass(Duration::from_millis(10));
        seen.push(face.far().look(&view(number, number as u16)).view);
    }
    face.loopback.pass(DELAY * 4);
    assert_eq!(face.far().look(&view(29, 29)).view, 29);
    seen.dedup();
    // Four in 100 ms: some of the ten views in that time are left out.
    assert!(seen.len() > 8 && seen.len() < 20, "{seen:?}");
    assert!(seen.is_sorted(), "{seen:?}");
}

#[test]
fn a_view_of_what_the_node_does_not_have_is_empty() {
    let mut face = Face::new(10);
    let none = crate::description::ListId(31);
    let view = View {
        number: 1,
        windows: vec![Window::first(none, 5), Window::new(ITEMS, Anchor::Last, u16::MAX, u16::MAX)],
        rows: vec![(none, "x".into()), (ITEMS, "k00003".into())],
        marks: vec![(none, "x".into()), (ITEMS, "gone".into()), (ITEMS, "k00003".into())],
        settings: true,
    };
    let look = face.look(&view);
    assert_eq!((look.pages[0].total, look.pages[1].rows.len()), (0, 10));
    assert_eq!((look.rows[0].is_some(), look.rows[1].is_some()), (false, true));
    assert_eq!(look.gone, [(ITEMS, Key::new("gone")), (none, "x".into())]);
    let rows = face.far().request(Request::Rows { list: none, keys: vec!["x".into()] });
    assert!(
        matches!(face.next(), News::Answer(number, Answer::Rows(rows_of)) if number == rows && rows_of == [None])
    );
}

#[test]
fn requests_are_bounded() {
    let mut face = Face::new(0);
    let first = face.call("a");
    (1..MAX_WAITING).for_each(|_| _ = face.call("a"));
    let number = face.call("one too many");
    let News::Answer(refused, Answer::Refused(reason)) = face.next() else { panic!() };
    assert_eq!(refused, number);
    assert!(reason.untrusted().starts_with("1024 requests wait"), "{reason:?}");
    // Sixty-four have begun. The others wait until these have ended.
    face.loopback.pass(LONG / 10);
    face.memory.finish("a", Ok(Outcome::new("done")));
    assert!(matches!(face.next(), News::Answer(number, Answer::Called(_)) if number >= first));

    let mut face = Face::new(0);
    let long = "x".repeat(MAX_LINE);
    let number = face.call(&long);
    let News::Answer(refused, Answer::Refused(reason)) = face.next() else { panic!() };
    assert_eq!(refused, number);
    assert!(reason.untrusted().contains("longer than 2097152 bytes"), "{reason:?}");
    let long = "x".repeat(MAX_LINE - 200);
    (0..2).for_each(|_| _ = face.call(&long));
    let number = face.call(&long);
    let News::Answer(refused, Answer::Refused(reason)) = face.next() else { panic!() };
    assert_eq!(refused, number);
    assert!(reason.untrusted().contains("bytes of requests wait"), "{reason:?}");
}

#[test]
fn an_interruption_ends_requests_and_the_face_comes_back() {
    let mut face = Face::new(10);
    face.look(&view(1, 10));
    let open = face.call("open");
    face.loopback.settle();
    face.loopback.cut();
    assert!(matches!(face.next(), News::Answer(number, Answer::Lost) if number == open));
    assert!(is_away(&face.next(), "the node has closed the connection"));
    let refused = face.call("away");
    let News::Answer(number, Answer::Refused(reason)) = face.next() else { panic!() };
    assert_eq!(number, refused);
    assert!(reason.untrusted().contains("was not sent"), "{reason:?}");
    face.loopback.pass(Duration::from_secs(3));
    assert_eq!(face.far().link(), Link::Far { away: Some(Duration::from_secs(3)) });
    assert_eq!(face.far().look(&view(1, 10)).pages[0].rows.len(), 10, "what came last");
    (0..4).for_each(|n| face.change(n, "missed"));
    let polls = face.memory.polls.load(std::sync::atomic::Ordering::Relaxed);
    let memory = face.memory.clone();
    face.loopback.repair(memory);
    assert!(matches!(face.next(), News::Back { restarted: false }));
    assert!(matches!(face.next(), News::Lagged(4)));
    assert!(matches!(face.next(), News::Looked), "the view is asked for again");
    assert_eq!(face.far().look(&view(1, 10)).pages[0].rows[3].cells[0], Value::text("missed".into()));
    assert_eq!(face.far().link(), Link::Far { away: None });
    face.loopback.pass(LONG);
    let now = face.memory.polls.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(now, polls, "a request was sent again");
    face.loopback.cut();
    face.loopback.give_up();
    assert!(is_away(&face.next(), "closed"));
    assert!(face.loopback.news_within(LONG).is_none());
}

#[test]
fn the_node_says_why_it_goes() {
    let mut face = Face::new(1);
    face.loopback.pass(DELAY);
    face.memory.end();
    assert!(is_away(&face.next(), "the node has stopped"));
}

#[test]
fn the_clock_of_the_node_goes_on() {
    let mut face = Face::new(1);
    face.memory.pass(Duration::from_secs(100));
    face.change(0, "x");
    face.loopback.settle();
    assert_eq!(face.far().now().uptime, Duration::from_secs(100));
    face.loopback.pass(Duration::from_secs(5));
    let now = face.far().now();
    assert_eq!((now.uptime, now.unix_ms), (Duration::from_secs(105), 105_000));
}

#[test]
fn long_texts_are_cut_and_fetched_whole() {
    let mut face = Face::new(1);
    let text = "x".repeat(200_000);
    face.change(0, &text);
    let open = View { rows: vec![(ITEMS, "k00000".into())], ..view(1, 1) };
    let look = face.look(&open);
    let length = |row: &Row| match &row.cells[0] {
        Value::Text(start, length) => (start.len(), *length),
        other => panic!("{other:?}"),
    };
    assert_eq!(length(&look.pages[0].rows[0]), (512, 200_000));
    assert_eq!(length(look.rows[0].as_ref().unwrap()), (64 << 10, 200_000));
    face.far().request(Request::Rows { list: ITEMS, keys: vec!["k00000".into()] });
    loop {
        if let News::Answer(_, Answer::Rows(rows)) = face.next() {
            assert_eq!(rows[0].as_ref().unwrap().cells[0], Value::text(text.into()));
            break;
        }
    }
}

/// A node that writes what it is told to.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<ScriptState>>);

#[derive(Default)]
struct ScriptState {
    bytes: Vec<u8>,
    closes: bool,
    connections: usize,
}

impl Script {
    fn write(&self, text: &str) {
        self.0.lock().unwrap().bytes.extend_from_slice(text.as_bytes());
    }

    fn hello(memory: &Memory) -> String {
        let hello = Hello {
            run: memory.run(),
            process: None,
            now: memory.now(),
            description: memory.description().clone(),
        };
        let mut line = Vec::new();
        Writer::hello(&mut line, &hello);
        line.push(b'\n');
        String::from_utf8(line).unwrap()
    }

    fn connect(&self, options: FarOptions) -> Poll<Result<Far, FarError>> {
        let mut connecting = Far::connect(Box::new(self.clone()), Box::new(|| Duration::ZERO), options);
        Pin::new(&mut connecting).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// A node that says `hello`.
    fn far(&self) -> Far {
        self.write(&Self::hello(&Memory::new(1)));
        match self.connect(FarOptions::default()) {
            Poll::Ready(far) => far.unwrap(),
            Poll::Pending => panic!("no far"),
        }
    }
}

impl Connection for Script {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut script = self.0.lock().unwrap();
        let length = script.bytes.len().min(buffer.len());
        if length == 0 && !script.closes {
            return Poll::Pending;
        }
        buffer[..length].copy_from_slice(&script.bytes[..length]);
        script.bytes.drain(..length);
        Poll::Ready(Ok(length))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Dial for Script {
    fn poll_dial(&mut self, _: &mut Context<'_>) -> Poll<Option<Box<dyn Connection>>> {
        let mut script = self.0.lock().unwrap();
        script.connections += 1;
        if script.connections > 3 {
            return Poll::Pending;
        }
        Poll::Ready(Some(Box::new(self.clone())))
    }
}

fn news(far: &mut Far) -> Vec<News> {
    let mut news = Vec::new();
    for _ in 0..1000 {
        if let Poll::Ready(Some(one)) = far.poll_news(&mut Context::from_waker(Waker::noop())) {
            news.push(one);
        }
    }
    news
}

#[test]
fn what_is_no_node_is_refused_with_a_reason() {
    let hello = Script::hello(&Memory::new(1));
    let later = hello.replace(r#""version":2"#, r#""version":3"#);
    for (first, network, reason) in [
        ("HTTP/1.1 400 Bad Request\r\n", None, "expected value"),
        (r#"{"event":"ready"}"#, None, "the first line is not `hello`"),
        (
            &later,
            None,
            "the lines have version 3, but this program reads at most version 2; update this program",
        ),
        (&hello, Some("peercloud"), "the node belongs to the network memory, not to peercloud"),
        ("", None, "the node has closed the connection before it has written `hello`"),
        (&"x".repeat(MAX_LINE + 1), None, "the line is longer than"),
    ] {
        let script = Script::default();
        script.write(first);
        if !first.is_empty() {
            script.write("\n");
        }
        script.0.lock().unwrap().closes = true;
        let network = network.map(Into::into);
        match script.connect(FarOptions { network, ..FarOptions::default() }) {
            Poll::Ready(Err(error)) => assert!(error.to_string().contains(reason), "{error}"),
            Poll::Ready(Ok(_)) => panic!("{first} was accepted"),
            Poll::Pending => panic!("{first} has no answer"),
        }
    }
}

/// A node of another network, after an interruption.
#[test]
fn another_network_is_refused_when_the_connection_is_there_again() {
    let script = Script::default();
    let mut far = script.far();
    script.0.lock().unwrap().closes = true;
    assert_eq!(news(&mut far).len(), 2, "closed, and closed before `hello`");
    {
        let mut state = script.0.lock().unwrap();
        (state.closes, state.connections) = (false, 2);
    }
    script.write(&Script::hello(&Memory::new(1)).replace(r#""network":"memory""#, r#""network":"other""#));
    let refused = news(&mut far);
    assert!(is_away(&refused[0], "the node belongs to the network other, not to memory"), "{refused:?}");
    assert!(matches!(far.link(), Link::Far { away: Some(_) }));
}

#[test]
fn unknown_lines_are_skipped_and_an_unknown_event_keeps_its_line() {
    let script = Script::default();
    let mut far = script.far();
    script.write(r#"{"new":[1,2,{"a":1}]}"#);
    script.write("\n{\"watching\":{\"seq\":4,\"new\":1}}\n");
    script.write(r#"{"event":"eclipse","seq":5,"time":1,"uptime_ms":2,"moon":{"x":[]},"line":{"direction":"up","what":"it is dark","new":1}}"#);
    script.write("\n{\"event\":\"reply\",\"time\":1,\"line\":1,\"text\":\"done\"}\n");
    let all = news(&mut far);
    let [News::Event(event)] = &all[..] else { panic!("{all:?}") };
    assert_eq!((event.seq, event.kind), (5, EventId::UNKNOWN));
    assert_eq!(event.line().unwrap().what, Text::new("it is dark"));
    assert_eq!(event.json().get(), r#"{"event":"eclipse","moon":{"x":[]}}"#);
}

/// What waits for a line that cannot be read does not wait for ever.
#[test]
fn lines_that_do_not_fit_the_description_are_skipped() {
    let script = Script::default();
    let mut far = script.far();
    let number = far.request(Request::Call(call("x")));
    far.look(&view(1, 1));
    assert_eq!(far.looks_in_flight(), 1);
    script
        .write(r#"{"look":1,"seq":1,"time":1,"uptime_ms":1,"pages":[{"list":"none","total":1,"rows":[]}]}"#);
    script.write(
        "\n{\"event\":\"changed\",\"seq\":9,\"time\":1,\"uptime_ms\":1,\"line\":{\"types\":[\"none\"]}}\n",
    );
    script.write(&format!("{{\"id\":{number},\"ok\":{{\"text\":1}}}}\nnonsense\n"));
    let all = news(&mut far);
    assert!(matches!(all[..], [News::Lagged(1), News::Answer(_, Answer::Lost)]), "{all:?}");
    assert_eq!(far.looks_in_flight(), 0);
    script.write(&"x".repeat(MAX_LINE + 1));
    assert!(is_away(&news(&mut far)[0], "the node has written a line that cannot be read"));
}

/// Pages that are not those of the view, and more or fewer of everything than was asked for.
#[test]
fn an_answer_has_the_shape_of_the_view_whatever_the_node_writes() {
    let script = Script::default();
    let mut far = script.far();
    let shown = View {
        number: 5,
        windows: vec![Window::first(ITEMS, 1), Window::first(ITEMS, 2)],
        rows: vec![(ITEMS, "a".into()), (ITEMS, "b".into())],
        ..View::default()
    };
    far.look(&shown);
    script.write(r#"{"look":1,"seq":1,"time":1,"uptime_ms":1,"pages":[{"list":"rooms","total":7,"rows":[["x",1,["y"]]]}],"rows":[null]}"#);
    script.write("\n");
    assert!(matches!(news(&mut far)[..], [News::Looked]));
    let look = far.look(&shown);
    assert_eq!((look.view, look.pages.len(), look.rows.len(), look.gauges.len()), (5, 2, 2, 1));
    assert!(look.pages.iter().all(|page| page.list == ITEMS && page.rows.is_empty()));
}
