use std::{sync::Arc, task::Waker};

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    Key, Outcome, Value,
    escape::escaped_json,
    json::{MAX_LINE, NodeLine},
    near::memory::{ITEMS, Memory, ROOMS, TOYS, item, row, under},
};

mod fuzz;

const RUN: &str = "0000000000000007";

/// A client without a connection.
struct Client {
    memory: Arc<Memory>,
    session: Session,
    now: Duration,
    /// Bytes that the session did not take.
    unread: Vec<u8>,
}

impl Client {
    /// A client that has received `hello`.
    fn new(items: u64) -> Self {
        let memory = Memory::new(2000);
        if items > 0 {
            memory.put(ITEMS, (0..items).map(|n| item(&format!("k{n:05}"), n, Some("Text"), Some(n))));
        }
        let session = Session::new(memory.clone(), Some(7));
        let mut client = Self { memory, session, now: Duration::from_secs(1), unread: Vec::new() };
        assert!(client.lines()[0]["hello"]["version"] == 2);
        client
    }

    /// Gives bytes to the session, and lets it work.
    fn send(&mut self, bytes: &[u8]) -> Poll<End> {
        self.unread.extend_from_slice(bytes);
        let end = self.poll();
        let mut rest = &self.unread[..];
        self.session.read(&mut rest);
        self.unread = rest.to_vec();
        if end.is_ready() { end } else { self.poll() }
    }

    fn poll(&mut self) -> Poll<End> {
        let mut end = Poll::Pending;
        for _ in 0..100 {
            end = self.session.poll(&mut Context::from_waker(Waker::noop()), self.now);
        }
        end
    }

    /// Reads everything.
    fn lines(&mut self) -> Vec<Json> {
        let mut lines = Vec::new();
        loop {
            let _ = self.poll();
            if self.session.output().is_empty() {
                return lines;
            }
            let text = String::from_utf8(self.session.output().to_vec()).unwrap();
            assert_eq!(escaped_json(&text.replace('\n', " ")), text.replace('\n', " "));
            assert!(text.ends_with('\n'));
            lines.extend(text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()));
            self.session.written(text.len(), self.now);
        }
    }

    /// Sends a line. Returns the lines that come at once.
    fn ask(&mut self, line: &str) -> Vec<Json> {
        assert_eq!(self.send(format!("{line}\n").as_bytes()), Poll::Pending);
        self.lines()
    }

    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn change(&self, n: u64, text: &str) {
        self.memory.put(ITEMS, [item(&format!("k{n:05}"), n, Some(text), Some(n))]);
    }
}

fn call(id: u64, text: &str) -> String {
    format!(r#"{{"id":{id},"call":{{"run":"{RUN}","command":"do","text":"{text}"}}}}"#)
}

const VIEW: &str = r#"{"look":1,"windows":[{"list":"items","after":5}]}"#;

#[test]
fn a_new_view_is_answered_at_once_and_the_same_one_after_a_change() {
    let mut client = Client::new(10);
    let lines = client.ask(VIEW);
    assert_eq!((&lines[0]["look"], &lines[0]["pages"][0]["total"]), (&json!(1), &json!(10)));
    assert_eq!(lines[0]["pages"][0]["rows"].as_array().unwrap().len(), 5);
    assert!(client.ask(r#"{"look":2}"#).is_empty(), "nothing has changed");
    client.pass(10);
    client.change(3, "other");
    assert!(client.lines().is_empty(), "33 ms have not passed");
    assert_eq!(client.session.wakes_at(), Some(Duration::from_millis(1033)));
    client.pass(23);
    let lines = client.lines();
    assert_eq!((&lines[0]["look"], &lines[0]["pages"][0]["rows"][3][2][0]), (&json!(2), &json!("other")));
    // What has changed before the request is answered at once.
    client.change(4, "other");
    client.pass(33);
    assert!(client.lines().is_empty());
    assert_eq!(client.ask(r#"{"look":3}"#)[0]["look"], 3);
}

#[test]
fn changes_that_a_view_does_not_show_are_no_answer() {
    let mut client = Client::new(10);
    client.ask(VIEW);
    client.ask(r#"{"look":2}"#);
    for _ in 0..20 {
        client.pass(40);
        client.change(7, "behind the window");
        client.memory.put(ROOMS, [row("hall", 1, [Value::text("x".into())])]);
        assert!(client.lines().is_empty());
    }
    client.memory.remove(ITEMS, &Key::new("k00007"));
    client.pass(40);
    assert_eq!(client.lines()[0]["pages"][0]["total"], 9, "the length of the list is shown");
}

/// Rows under an item go with it, although the event names only the item.
#[test]
fn a_removed_item_changes_the_lists_under_it() {
    let mut client = Client::new(0);
    client.memory.put(ROOMS, [row("hall", 1, [Value::None])]);
    client.memory.put(TOYS, [under("hall", "ball", 1)]);
    let lines = client.ask(r#"{"look":1,"windows":[{"list":"toys","after":5}]}"#);
    assert_eq!(lines[0]["pages"][0]["total"], 1);
    client.ask(r#"{"look":2}"#);
    client.memory.remove(ROOMS, &Key::new("hall"));
    client.pass(33);
    assert_eq!(client.lines()[0]["pages"][0]["total"], 0);
}

#[test]
fn what_changes_without_an_event_is_shown_once_a_second() {
    let mut client = Client::new(10);
    client.ask(VIEW);
    client.ask(r#"{"look":2}"#);
    client.memory.put_untouched(ITEMS, [item("new", 100, None, None)]);
    client.pass(999);
    assert!(client.lines().is_empty());
    client.pass(1);
    assert_eq!(client.lines()[0]["gauges"], json!([11]));
    client.ask(r#"{"look":3}"#);
    client.pass(5000);
    assert!(client.lines().is_empty(), "nothing is sent if nothing changes");
}

#[test]
fn a_new_view_replaces_those_that_wait_and_at_most_four_wait() {
    let mut client = Client::new(10);
    let errors = client.ask(r#"{"look":1}"#);
    assert!(errors[0]["reason"].as_str().unwrap().contains("there is no view yet"), "{errors:?}");
    client.ask(VIEW);
    for number in 2..6 {
        assert!(client.ask(&format!(r#"{{"look":{number}}}"#)).is_empty());
    }
    assert_eq!(client.ask(r#"{"look":6}"#), [json!({"look":2,"replaced":true})]);
    let lines = client.ask(r#"{"look":7,"windows":[]}"#);
    let replaced = |number: u64| json!({"look":number,"replaced":true});
    assert_eq!(lines[..4], [3, 4, 5, 6].map(replaced));
    assert_eq!((&lines[4]["look"], lines.len()), (&json!(7), 5));
}

#[test]
fn the_rows_and_the_indexes_of_a_view_are_bounded() {
    let mut client = Client::new(3000);
    let window = r#"{"list":"items","after":1024}"#;
    let lines = client.ask(&format!(r#"{{"look":1,"windows":[{}]}}"#, [window; 32].join(",")));
    let pages = lines[0]["pages"].as_array().unwrap();
    let rows: Vec<_> = pages.iter().map(|page| page["rows"].as_array().unwrap().len()).collect();
    assert_eq!(rows.len(), 32);
    assert_eq!((rows.iter().sum::<usize>(), rows[7], rows[8]), (MAX_LOOK_ROWS, 1024, 0));
    let filtered = |n: usize| format!(r#"{{"list":"items","after":9,"filter":"count={n}"}}"#);
    let windows: Vec<_> = (0..32).map(filtered).collect();
    client.ask(&format!(r#"{{"look":2,"windows":[{}]}}"#, windows.join(",")));
    client.ask(r#"{"look":3}"#);
    client.pass(40);
    let lines = client.ask(r#"{"look":4}"#);
    let pages = lines[0]["pages"].as_array().unwrap();
    let refused: Vec<_> = pages.iter().map(|page| !page["refused"].is_null()).collect();
    assert_eq!(refused, (0..32).map(|n| n >= MAX_SORTED).collect::<Vec<_>>());
    assert_eq!((&pages[3]["total"], &pages[8]["total"]), (&json!(1), &json!(3000)));
}

#[test]
fn calls_are_begun_in_order_and_answered_as_they_end() {
    let mut client = Client::new(0);
    client.ask(&call(1, "a"));
    client.ask(&call(1, "b"));
    client.memory.finish("b", Ok(Outcome::new("B")));
    assert_eq!(client.lines(), [json!({"id":1,"ok":{"text":"B"}})]);
    client.memory.finish("a", Err(crate::Refusal::new("no")));
    assert_eq!(client.lines(), [json!({"id":1,"refused":{"text":"no","offers":[]}})]);
}

#[test]
fn while_64_requests_wait_nothing_is_read() {
    let mut client = Client::new(0);
    (0..MAX_BEGUN).for_each(|n| assert!(client.ask(&call(n as u64, &n.to_string())).is_empty()));
    assert!(!client.session.wants_input());
    assert!(client.ask(&call(64, "64")).is_empty());
    assert!(!client.unread.is_empty());
    client.memory.finish("64", Ok(Outcome::new("begun")));
    assert!(client.lines().is_empty(), "it was begun although it was not read");
    client.memory.finish("0", Ok(Outcome::new("done")));
    assert_eq!(client.lines()[0]["id"], 0);
    assert!(client.send(b"").is_pending());
    assert_eq!(client.lines()[0], json!({"id":64,"ok":{"text":"begun"}}));
}

/// The node keeps the text of a call while it is carried out.
#[test]
fn while_requests_of_4_mib_wait_nothing_is_read() {
    let mut client = Client::new(0);
    let texts: Vec<String> = (0..6).map(|n| format!("{n}{}", "x".repeat((1 << 20) - 100))).collect();
    let lines: Vec<_> = texts.iter().map(|text| call(1, text)).collect();
    assert!(client.ask(&lines.join("\n")).is_empty());
    assert!(!client.session.wants_input());
    assert!(client.unread.len() > 1_000_000, "the sixth");
    client.memory.finish(&texts[4], Ok(Outcome::new("begun")));
    assert!(client.lines().is_empty(), "the fifth has begun, with more than 4 MiB");
    client.memory.finish(&texts[0], Ok(Outcome::new("done")));
    let lines = client.lines();
    assert_eq!((&lines[0]["ok"]["text"], &lines[1]["ok"]["text"]), (&json!("done"), &json!("begun")));
    assert!(client.session.wants_input());
}

#[test]
fn a_newer_search_and_a_newer_check_replace_the_older() {
    let mut client = Client::new(5000);
    let find = |id: u64| format!(r#"{{"id":{id},"find":{{"list":"items","typed":"k04999"}}}}"#);
    let check = |id: u64| format!(r#"{{"id":{id},"check":{{"run":"{RUN}","command":"do","text":"no"}}}}"#);
    let lines = [find(1), find(2), check(3), check(4)].join("\n");
    let mut answers = client.ask(&lines);
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(answers[0], json!({"id":1,"replaced":true}));
    assert_eq!((&answers[1]["found"][0][0], &answers[1]["more"]), (&json!("k04999"), &json!(false)));
    assert_eq!(answers[2], json!({"id":3,"replaced":true}));
    assert_eq!(answers[3], json!({"id":4,"check":{"wrong":"no"}}));
}

#[test]
fn events_follow_the_number_that_watching_gives() {
    let mut client = Client::new(3);
    client.change(1, "before");
    assert!(client.lines().is_empty(), "nobody has asked for events");
    assert_eq!(client.ask(r#"{"watch":{}}"#), [json!({"watching":{"seq":2}})]);
    client.change(1, "after");
    let lines = client.lines();
    assert_eq!((&lines[0]["event"], &lines[0]["seq"]), (&json!("changed"), &json!(3)));
    let lines = client.ask(r#"{"watch":{"rows":true}}"#);
    assert_eq!((&lines[0]["watching"]["seq"], &lines[1]["state"]["seq"]), (&json!(3), &json!(3)));
    assert_eq!(lines[1]["state"]["lists"]["items"]["total"], 3);
    client.change(2, "with rows");
    assert_eq!(client.lines()[0]["rows"][0][3][0], "with rows");
    let errors = client.ask(r#"{"watch":{"filter":"size>"}}"#);
    assert!(errors[0]["reason"].as_str().unwrap().starts_with("the filter: "), "{errors:?}");
}

/// A client that does not read gets one `lagged` with the exact number of events that it has missed, then a new state.
#[test]
fn a_slow_client_is_told_once_what_it_has_missed() {
    for rows in [false, true] {
        let mut client = Client::new(3);
        client.ask(&format!(r#"{{"watch":{{"rows":{rows}}}}}"#));
        let text = "x".repeat(20_000);
        for n in 0..3000 {
            client.memory.put(ITEMS, [item("k00001", 1, Some(&text), Some(n))]);
            if n % 100 == 0 {
                assert!(client.poll().is_pending());
                assert!(client.session.output().len() < MAX_BEHIND + (1 << 20));
            }
        }
        // Without rows, a line is short, and all of them are less than 4 MiB.
        assert_eq!(rows, !client.session.wants_input());
        let lines = client.lines();
        let lags: Vec<_> = lines.iter().filter(|line| !line["lagged"].is_null()).collect();
        assert_eq!(lags.len(), usize::from(rows));
        let events = lines.iter().filter(|line| !line["event"].is_null()).count() as u64;
        let missed = lags.first().map_or(0, |lag| lag["lagged"].as_u64().unwrap());
        assert_eq!(events + missed, 3000);
        if let Some(lag) = lags.first() {
            assert_eq!(lag["seq"], 3001);
            let state = lines.iter().rev().find(|line| !line["state"].is_null()).unwrap();
            assert_eq!(
                (&state["state"]["seq"], &lines.last().unwrap()["state"]["seq"]),
                (&json!(3001), &json!(3001))
            );
            assert_eq!(state["state"]["lists"]["items"]["rows"][1][2][0]["bytes"], 20_000, "cut");
        }
        client.change(1, "goes on");
        assert_eq!(client.lines()[0]["seq"], 3002);
    }
}

/// More events than the node keeps, in one piece of work.
#[test]
fn what_the_node_has_dropped_is_told_as_well() {
    let mut client = Client::new(3);
    client.ask(r#"{"watch":{"rows":true}}"#);
    (0..2500).for_each(|_| client.change(1, "x"));
    let lines = client.lines();
    assert_eq!(lines[0], json!({"lagged":500,"seq":501}));
    assert_eq!(lines[1]["state"]["seq"], 501);
    assert_eq!(lines[2]["seq"], 502);
    assert_eq!(lines.iter().filter(|line| !line["lagged"].is_null()).count(), 1);
}

#[test]
fn a_client_that_reads_nothing_for_ten_seconds_is_given_up() {
    let mut client = Client::new(3);
    assert!(client.send(format!("{VIEW}\n").as_bytes()).is_pending());
    assert_eq!(client.session.wakes_at(), Some(client.now + NOT_READ));
    client.pass(9999);
    assert!(client.poll().is_pending());
    client.session.written(1, client.now);
    client.pass(9999);
    assert!(client.poll().is_pending());
    client.pass(1);
    assert_eq!(client.poll(), Poll::Ready(End::NotRead));
}

/// Nothing that a client asks for is read while it does not read the answers.
#[test]
fn a_flood_without_reading_is_bounded() {
    let mut client = Client::new(2000);
    let look = r#"{"look":1,"windows":[{"list":"items","after":1024}]}"#;
    let rows = r#"{"id":1,"rows":{"list":"items","keys":["k00001"]}}"#;
    for line in [look, rows, "garbage", r#"{"look":"#, r#"{"look":2}"#, r#"{"watch":{"rows":true}}"#] {
        let flood = format!("{line}\n").repeat(1000);
        for _ in 0..30 {
            let mut bytes = flood.as_bytes();
            client.session.read(&mut bytes);
            let _ = client.session.poll(&mut Context::from_waker(Waker::noop()), client.now);
        }
        assert!(client.session.output().len() < MAX_BEHIND + (8 << 20), "{line}");
    }
    assert!(!client.session.wants_input());
}

#[test]
fn what_is_no_request_is_an_error_and_the_next_line_is_read() {
    let mut client = Client::new(3);
    let deep = "[".repeat(100_000);
    let long = "x".repeat(MAX_LINE + 1);
    for (line, reason) in [
        ("{", "column 1: EOF while parsing an object"),
        (r#"{"new":1}"#, "the request is unknown"),
        (r#"{"look":1,"windows":[{"list":"none"}]}"#, "there is no list \\\"none\\\", only items, rooms"),
        (&format!(r#"{{"look":{deep}"#), "column "),
        (&long, "the line is longer than 2097152 bytes"),
        (":hold x", "memory has no `:hold`"),
        ("hello", "a line of memory begins with a colon"),
    ] {
        let answers = client.ask(line);
        assert_eq!((answers.len(), &answers[0]["event"]), (1, &json!("error")));
        let found = answers[0]["reason"].to_string();
        assert!(found.contains(reason), "{found}");
    }
    assert_eq!(client.ask("\u{1b}")[0]["line"], 8);
    assert!(client.send(b"\xff\n").is_pending());
    assert!(client.lines()[0]["reason"].as_str().unwrap().starts_with("the line is not UTF-8"));
    let refused = client.ask(r#"{"id":5,"call":{"run":"x","command":"do"}}"#);
    assert!(refused[0]["id"] == 5 && refused[0]["error"].is_string(), "{refused:?}");
    assert_eq!(
        client.ask(r#"{"id":5,"line":":nothing"}"#)[0],
        json!({"id":5,"error":"memory has no `:nothing`"})
    );
    let deep =
        format!(r#"{{"id":6,"new":{deep}{},"rows":{{"list":"items","keys":[]}}}}"#, "]".repeat(100_000));
    assert_eq!(client.ask(&deep)[0]["id"], 6, "what is not known is skipped, however deep it is");
}

#[test]
fn a_client_that_writes_no_more_gets_its_answers() {
    let mut client = Client::new(3);
    client.ask(r#"{"watch":{}}"#);
    assert!(client.send(format!("{}\n{VIEW}", call(1, "a")).as_bytes()).is_pending());
    client.session.end_input();
    assert_eq!(client.lines()[0]["look"], 1, "the last line needs no end");
    assert!(client.poll().is_pending());
    client.memory.finish("a", Ok(Outcome::new("A")));
    assert!(client.poll().is_pending());
    assert_eq!(client.lines()[0]["id"], 1);
    assert_eq!(client.poll(), Poll::Ready(End::Left));
}

#[test]
fn a_node_that_ends_answers_and_says_so() {
    let mut client = Client::new(3);
    client.ask(&call(1, "a"));
    client.memory.end();
    assert!(client.lines().is_empty());
    client.memory.finish("a", Ok(Outcome::new("A")));
    let lines = client.lines();
    assert_eq!((&lines[0]["id"], &lines[1]["away"]), (&json!(1), &json!("the node has stopped")));
    assert_eq!(client.poll(), Poll::Ready(End::Stopped));
    let mut client = Client::new(3);
    client.session.leave(&"stopped".into());
    assert!(client.poll().is_pending());
    assert_eq!(client.lines(), [json!({"away":"stopped"})]);
    assert_eq!(client.poll(), Poll::Ready(End::Stopped));
}

/// A session that nobody uses keeps nothing and does nothing.
#[test]
fn an_idle_session_has_nothing_to_do() {
    let mut client = Client::new(1000);
    client.ask(r#"{"look":1,"windows":[{"list":"items","after":900}]}"#);
    let reads = client.memory.reads.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(client.session.wakes_at(), None);
    client.pass(60_000);
    client.change(1, "x");
    assert!(client.lines().is_empty());
    assert_eq!(client.memory.reads.load(std::sync::atomic::Ordering::Relaxed), reads);
    assert_eq!(client.memory.watchers(), 1);
    drop(client.session);
    assert_eq!(client.memory.watchers(), 0);
}
