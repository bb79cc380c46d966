//! Nothing is longer than it may be, whatever it is made of.

use std::sync::Arc;

use super::{
    events::{TestEvent, messages},
    *,
};
use crate::{
    Answer, Body, Event, Key, Line, Look, MAX_ITEMS, MAX_OPEN, MAX_ROWS, MAX_WINDOWS, Now, Order, Page,
    Touched, View, Window,
    conformance::allocated_bytes,
    description::{EventId, ListId},
};

const LIST: ListId = ListId(0);

/// A JSON string of this many bytes, each of which is written with six.
fn long_json(bytes: usize) -> Text {
    Text::from(format!("\"{}\"", "\u{85}".repeat(bytes / 2)))
}

fn row(key: &str, text: Text) -> Row {
    Row {
        key: key.into(),
        order: Order::rank(1),
        cells: [Value::text(text), Value::None, Value::None].into(),
    }
}

fn event(json: String, text: Text) -> Event {
    let line = Some(Line { text: Some(text), what: "sent".into(), ..Line::default() });
    let body = TestEvent { line, touched: Touched::default(), json };
    Event { seq: 3, kind: EventId(0), now: Now::default(), by: None, body: Body::Typed(Arc::new(body)) }
}

fn read_event(description: &Description, line: &str) -> EventLine {
    match Reader::new(description).node_line(line).unwrap() {
        NodeLine::Event(event) => *event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_that_is_too_long_is_cut_and_at_last_only_its_head_is_written() {
    let description = messages();
    let writer = Writer::new(&description);
    let long = long_json(1 << 20);
    let event = event(format!(r#"{{"message":{}}}"#, long.untrusted()), long);
    let mut fit = Fit::Whole;

    let rows = [Change::new(LIST, row("17", long_json(1 << 18)))];
    let parts =
        EventParts { record: Some(Record { rows: &rows, ..Record::default() }), ..EventParts::default() };
    let line = written(|out| fit = writer.event(out, &event, &parts));
    assert_eq!(fit, Fit::Cut);
    assert!(line.len() <= MAX_LINE);
    let read = read_event(&description, &line);
    assert_eq!(read.event.line().unwrap().what.untrusted(), "sent");
    let cut = rows[0].row.as_ref().map(|row| row.cut(WINDOW_TEXT));
    assert_eq!(read.rows, [Change { row: cut, ..rows[0].clone() }]);

    let key = "k".repeat(MAX_LINE);
    let rows = [Change::new(LIST, row(&key, Text::empty()))];
    let parts = EventParts { record: Some(Record { rows: &rows, ..Record::default() }), ..parts };
    let line = written(|out| fit = writer.event(out, &event, &parts));
    assert_eq!(fit, Fit::Head);
    assert_eq!(line, r#"{"event":"sent","seq":3,"time":0,"uptime_ms":0}"#);
}

#[test]
fn a_look_is_cut_to_one_line() {
    let description = messages();
    let number_of = |rows: usize, key: usize, text: usize| {
        let row = |n: usize| row(&format!("{}{n}", "0".repeat(key)), long_json(text));
        let rows: Vec<_> = (0..rows).map(row).collect();
        let anchor = rows.len() / 2;
        let page = Page { rows, anchor, first: Some(7), total: 9000, ..Page::empty(&Window::first(LIST, 1)) };
        let look = Look { pages: vec![page; 3], gauges: vec![Value::Count(1)], ..Look::default() };
        let line = written(|out| Writer::new(&description).look(out, &View::default(), &look));
        assert!(line.len() <= MAX_LINE);
        let NodeLine::Look(read) = Reader::new(&description).node_line(&line).unwrap() else { panic!() };
        let page = &read.pages[0];
        let is_anchor = |row: &Row| row.key == look.pages[0].rows[anchor].key;
        assert!(page.rows.is_empty() || is_anchor(&page.rows[page.anchor]));
        let skipped = (page.first.unwrap() - 7) as usize;
        let first = look.pages[0].rows[skipped..].first().filter(|_| !page.rows.is_empty());
        assert_eq!(page.rows.first().map(|row| &row.key), first.map(|row| &row.key));
        page.rows.len()
    };
    assert_eq!(number_of(150, 1, 1 << 12), 150);
    assert_eq!(number_of(2000, 1, 1 << 12), 2000);
    assert_eq!(number_of(2000, 2000, 1), 256);
    assert_eq!(number_of(100, 20_000, 1), 32);
    assert_eq!(number_of(2, 3 << 20, 1), 0);
}

#[test]
fn whole_texts_are_cut_where_an_answer_has_no_room_for_them() {
    let description = messages();
    let rows: Vec<_> = (0..6).map(|n| Some(row(&n.to_string(), long_json(1 << 20)))).collect();
    let line = written(|out| Writer::new(&description).answer(out, 1, LIST, &Answer::Rows(rows.clone())));
    assert!(line.len() <= MAX_LONG_LINE && line.len() > MAX_LONG_LINE / 2);
    let NodeLine::Answer(1, Answer::Rows(read)) = Reader::new(&description).node_line(&line).unwrap() else {
        panic!()
    };
    let is_whole = |row: &Option<Row>| match &row.as_ref().unwrap().cells[0] {
        Value::Text(text, length) => text.len() as u32 == *length,
        other => panic!("{other:?}"),
    };
    assert_eq!(read.len(), 6);
    assert_eq!(read.iter().take_while(|row| is_whole(row)).count(), 2);
}

#[test]
fn the_lists_of_a_state_share_one_line() {
    let mut description = messages();
    let second = crate::description::ListSpec { name: "more".into(), ..description.lists[0].clone() };
    description.lists.push(second);
    let rows =
        |key: usize| (0..30_000).map(|n| row(&format!("{}{n}", "0".repeat(key)), long_json(20))).collect();
    let state = |key: usize| State {
        lists: vec![
            ListState { list: LIST, total: 30_000, rows: rows(key) },
            ListState { list: ListId(1), total: 30_000, rows: rows(1) },
        ],
        gauges: vec![Value::Count(1)],
        ..State::default()
    };
    let lengths = |key| {
        let line = written(|out| Writer::new(&description).state(out, &state(key)));
        assert!(line.len() <= MAX_LONG_LINE);
        let NodeLine::State(read) = Reader::new(&description).node_line(&line).unwrap() else { panic!() };
        assert!(read.lists.iter().all(|list| list.total == 30_000));
        read.lists.iter().map(|list| list.rows.len()).collect::<Vec<_>>()
    };
    assert_eq!(lengths(1), [MAX_STATE_ROWS, MAX_STATE_ROWS]);
    let [first, second] = lengths(1000)[..] else { panic!() };
    assert!((3000..5000).contains(&first), "{first}");
    assert_eq!(second, MAX_STATE_ROWS);
}

#[test]
fn lists_in_a_request_have_a_maximum_length() {
    let description = messages();
    let reader = Reader::new(&description);
    let list = |element: &str, length: usize| format!("[{}]", vec![element; length].join(","));
    let item = r#"["queue","1"]"#;
    let window = r#"{"list":"queue"}"#;
    let call = r#"{"run":"0000000000000001","command":"drop","list":"queue","on":"#;
    for (start, element, end, most) in [
        (r#"{"look":1,"windows":"#, window, "}", MAX_WINDOWS),
        (r#"{"look":1,"windows":[],"rows":"#, item, "}", MAX_OPEN),
        (r#"{"look":1,"windows":[],"marks":"#, item, "}", MAX_ITEMS),
        (&format!(r#"{{"id":1,"call":{call}"#), "\"1\"", "}}", MAX_ITEMS),
        (&format!(r#"{{"id":1,"check":{call}"#), "\"1\"", "}}", MAX_ITEMS),
        (r#"{"id":1,"rows":{"list":"queue","keys":"#, "\"1\"", "}}", MAX_ITEMS),
        (r#"{"id":1,"find":{"list":"queue","only":"#, "\"alive\"", "}}", 64),
    ] {
        let line = |length| format!("{start}{}{end}", list(element, length));
        assert!(reader.face_line(&line(most)).is_ok(), "{start}");
        let error = reader.face_line(&line(most + 1)).unwrap_err();
        assert!(error.to_string().ends_with(&format!("at most {most} elements")), "{error}");
        assert_eq!(error.id.is_some(), start.contains("id"));
    }
    let rows = |after: u16| format!(r#"{{"look":1,"windows":[{{"list":"queue","after":{after}}}]}}"#);
    assert!(reader.face_line(&rows(MAX_ROWS)).is_ok());
    let error = reader.face_line(&rows(MAX_ROWS + 1)).unwrap_err().to_string();
    assert!(error.ends_with("a window has at most 1024 rows on either side, ask for fewer"), "{error}");
}

#[test]
fn json_of_any_depth_passes() {
    let description = messages();
    let writer = Writer::new(&description);
    let deep = Text::from("[".repeat(100_000) + &"]".repeat(100_000));
    let own = format!(r#"{{"deep":{},"message":"x"}}"#, deep.untrusted());
    let rows = [Change::new(LIST, row("17", deep.clone()))];
    let parts =
        EventParts { record: Some(Record { rows: &rows, ..Record::default() }), ..EventParts::default() };
    let line = written(|out| _ = writer.event(out, &event(own.clone(), Text::new("\"x\"")), &parts));
    let read = read_event(&description, &line);
    assert_eq!((read.event.json().get(), &read.rows[..]), (&*own, &rows[..]));
    // Also where nobody asked for it.
    let unknown =
        format!(r#"{{"look":1,"windows":[{{"list":"queue","new":{0}}}],"new":{0}}}"#, deep.untrusted());
    assert!(Reader::new(&description).face_line(&unknown).is_ok());
    let unknown = format!(r#"{{"new":{}}}"#, deep.untrusted());
    assert!(matches!(Reader::new(&description).node_line(&unknown), Ok(NodeLine::Other)));
    let key = Key::new("17");
    assert_eq!(read.rows[0].key, key);
}

#[test]
fn cells_that_refer_to_one_text_share_it() {
    let description = messages();
    let long = "x".repeat(1 << 18);
    let rows = (0..1000)
        .flat_map(|row| [("[\"x\"]", row * 2), ("[\"in\",\"y\"]", row * 2 + 1)])
        .map(|(path, row)| format!(r#"["queue","{row}",1,[{path},null,null]],"#))
        .collect::<Vec<_>>()
        .concat();
    let line = format!(
        r#"{{"event":"sent","seq":3,"time":0,"uptime_ms":0,"x":"{long}","in":{{"y":"{long}"}},"rows":[{rows}["queue","{long}",1,[[],null,null]]]}}"#
    );
    let before = allocated_bytes();
    let read = read_event(&description, &line);
    let allocated = allocated_bytes() - before;
    let most = line.len() as u64 * 16;
    assert!(allocated < most, "{allocated} bytes for a line of {}", line.len());

    let place = |row: &Change| match &row.row.as_ref().unwrap().cells[0] {
        Value::Text(text, _) if text.untrusted() == long => text.untrusted().as_ptr(),
        other => panic!("{other:?}"),
    };
    let (last, rows) = read.rows.split_last().unwrap();
    assert!(
        rows.chunks(2).all(|pair| [place(&pair[0]), place(&pair[1])] == [place(&rows[0]), place(&rows[1])])
    );
    assert_eq!(place(last), last.key.untrusted().as_ptr(), "the text of the key");
    // A name that leads to no text, or to another value, is an error.
    for path in ["\"z\"", "\"in\"", "\"x\",\"y\"", "\"in\",\"z\"", "\"in\",\"y\",\"z\""] {
        let line = format!(
            r#"{{"event":"sent","seq":3,"time":0,"uptime_ms":0,"x":"a","in":{{"y":"b"}},"rows":[["queue","1",1,[[{path}],null,null]]]}}"#
        );
        assert!(Reader::new(&description).node_line(&line).is_err(), "{path}");
    }
}
