//! Event lines.

use std::sync::Arc;

use proptest::{collection::vec, option, prelude::*};

use super::{generate::*, *};
use crate::{
    Body, Event, Key, Line, Now, Touched, TypedEvent,
    description::{EventId, EventSpec, ListId},
};

/// An event of a network.
#[derive(Debug, Clone)]
pub(super) struct TestEvent {
    pub(super) line: Option<Line>,
    pub(super) touched: Touched,
    pub(super) json: String,
}

impl TypedEvent for TestEvent {
    fn line(&self) -> Option<Line> {
        self.line.clone()
    }

    fn touched(&self) -> Touched {
        self.touched.clone()
    }

    fn json(&self) -> Box<RawValue> {
        RawValue::from_string(self.json.clone()).unwrap()
    }

    fn bytes(&self) -> usize {
        0
    }
}

/// What a line of an event is made of.
#[derive(Debug, Clone)]
struct Made {
    event: Event,
    line: Option<Line>,
    own: String,
    rows: Vec<Change>,
    totals: Vec<(ListId, u64)>,
    settings: Option<Vec<Value>>,
}

/// Fields of a network, without those that are reserved.
fn own_fields() -> impl Strategy<Value = Vec<String>> {
    let name = text().prop_map(|text| serde_json::to_string(&format!("own{}", text.untrusted())).unwrap());
    let value = json()
        .prop_filter("it is no JSON", |text| serde_json::from_str::<&RawValue>(text.untrusted()).is_ok());
    let field = (name, value).prop_map(|(name, value)| format!("{name}:{}", value.untrusted().trim()));
    vec(prop_oneof![field, Just(r#""id":7"#.to_owned()), Just(r#""\ud800":1"#.to_owned())], 0..4)
}

/// The text of an event of this kind, and its field in the network's JSON.
fn event_text(spec: &EventSpec) -> BoxedStrategy<(Option<Text>, Option<String>)> {
    let is_own = spec.text.is_some();
    let text = if spec.is_json { json().boxed() } else { text().boxed() };
    let is_json = spec.is_json;
    let is_possible = move |text: &Text| {
        !(is_own && is_json) || serde_json::from_str::<&RawValue>(text.untrusted()).is_ok()
    };
    let field = move |text: Option<Text>| {
        let written = text.as_ref().map(|text| {
            let text = text.untrusted();
            if is_json { text.trim().to_owned() } else { serde_json::to_string(text).unwrap() }
        });
        (text, written.filter(|_| is_own).map(|json| format!(r#""message":{json}"#)))
    };
    option::of(text.prop_filter("it is no JSON", is_possible)).prop_map(field).boxed()
}

fn made(description: &Description) -> BoxedStrategy<Made> {
    let all = Arc::new(description.clone());
    let changes = {
        let all = Arc::clone(&all);
        let change = list(description).prop_flat_map(move |list| {
            let gone = key().prop_map(move |key| Change::gone(list, key));
            prop_oneof![row(&all, list).prop_map(move |row| Change::new(list, row)), gone]
        });
        vec(change, 0..3)
    };
    let totals = vec((list(description), any::<u64>()), 0..2);
    let settings = option::of(values(settings(description), description.statuses.len()));
    let kinds = 0..description.events.len();
    let event = kinds.prop_flat_map(move |kind| {
        let spec = &all.events[kind];
        (Just(EventId(kind as u8)), option::of(line(&all, spec)), event_text(spec))
    });
    let head = (any::<u64>(), now(), option::of(text()));
    let parts = (head, event, own_fields(), changes, totals, settings);
    let make = |(head, (kind, line, (text, own_text)), own, rows, totals, settings)| {
        let rows: Vec<Change> = rows;
        let (seq, now, by): (u64, Now, Option<Text>) = head;
        let (line, mut own): (Option<Line>, Vec<String>) = (line, own);
        own.extend(own_text);
        let own = format!("{{{}}}", own.join(","));
        // The line of an event is often about a touched row.
        let touched = rows.first().map(|change| change.key.clone()).filter(|_| seq % 2 == 0);
        let line = line.map(|line| Line { text, peer: touched.or(line.peer), ..line });
        let body = TestEvent { line: line.clone(), touched: Touched::default(), json: own.clone() };
        let event = Event { seq, kind, now, by, body: Body::Typed(Arc::new(body)) };
        Made { event, line, own, rows, totals, settings }
    };
    parts.prop_map(make).boxed()
}

fn described() -> impl Strategy<Value = (Description, Made)> {
    description().prop_flat_map(|description| {
        let made = made(&description);
        (Just(description), made)
    })
}

fn line_read_back(description: &Description, kind: EventId, line: &Line) -> Line {
    let spec = description.event(kind).unwrap();
    let mut values = values_read_back(&spec.fields, &line.values, usize::MAX);
    values.truncate(values.iter().rposition(|value| *value != Value::None).map_or(0, |last| last + 1));
    let text = line.text.as_ref().map(|text| if spec.is_json { json_read_back(text) } else { text.clone() });
    Line { text, values, ..line.clone() }
}

fn changes_read_back(description: &Description, rows: &[Change]) -> Vec<Change> {
    let change = |change: &Change| {
        let columns = &description.list(change.list).unwrap().columns;
        let row = change.row.as_ref().map(|row| row_read_back(columns, row, usize::MAX));
        Change { row, ..change.clone() }
    };
    rows.iter().map(change).collect()
}

/// The network's own fields.
fn own_json(event: &Event) -> String {
    event.json().get().to_owned()
}

fn read(description: &Description, line: &str) -> EventLine {
    match Reader::new(description).node_line(line) {
        Ok(NodeLine::Event(event)) => *event,
        other => panic!("{other:?}: {line}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_event_is_read_back_in_every_form(
        (description, made) in described(), bodies: bool, has_line: bool, is_recorded: bool
    ) {
        let Made { event, line, own, rows, totals, settings } = made;
        let record = Record { rows: &rows, totals: &totals, settings: settings.as_deref() };
        let parts = EventParts { bodies, line: has_line, text: usize::MAX, record: is_recorded.then_some(record) };
        let mut fit = Fit::Head;
        let json = written(|out| fit = Writer::new(&description).event(out, &event, &parts));
        prop_assert_eq!(fit, Fit::Whole);
        let read = read(&description, &json);
        let head = |event: &Event| (event.seq, event.kind, event.now, event.by.clone());
        prop_assert_eq!(head(&read.event), head(&event));
        let line = line.filter(|_| has_line).map(|line| line_read_back(&description, event.kind, &line));
        prop_assert_eq!(read.event.line(), line, "{}", json);
        let own = if bodies { escaped_json(&own).into_owned() } else { "{}".to_owned() };
        prop_assert_eq!(own_json(&read.event), own);
        if is_recorded {
            let settings = settings.as_ref().map(|values| {
                values_read_back(super::settings(&description), values, usize::MAX)
            });
            prop_assert_eq!(&read.rows, &changes_read_back(&description, &rows), "{}", json);
            prop_assert_eq!((&read.totals, &read.settings), (&totals, &settings));
            let touched = Touched {
                rows: rows.iter().map(|change| (change.list, change.key.clone())).collect(),
                settings: settings.is_some(),
            };
            prop_assert_eq!(read.event.touched(), touched);
        } else {
            prop_assert!(read.rows.is_empty() && read.totals.is_empty() && read.settings.is_none());
        }
        // What was read is written as the same line, so a recording can be copied.
        let record = Record { rows: &read.rows, ..record };
        let parts = EventParts { record: is_recorded.then_some(record), ..parts };
        prop_assert_eq!(written(|out| _ = Writer::new(&description).event(out, &read.event, &parts)), json);
    }

    #[test]
    fn a_bare_event_is_what_the_network_gives((description, made) in described()) {
        let Made { event, own, .. } = made;
        let line = written(|out| Writer::new(&description).bare_event(out, &event));
        let name = &description.event(event.kind).unwrap().name;
        let inner = own.strip_prefix('{').unwrap();
        let comma = if inner == "}" { "" } else { "," };
        let time = event.now.unix_ms;
        let expected = format!("{{\"event\":\"{name}\",\"time\":{time}{comma}{inner}");
        prop_assert_eq!(&line, &escaped_json(&expected));
        let read = read(&description, &line);
        prop_assert_eq!((read.event.kind, read.event.now.unix_ms, read.event.seq), (event.kind, time, 0));
        prop_assert_eq!(own_json(&read.event), escaped_json(&own));
    }
}

/// One list with a JSON text, and one kind of events whose text is `message`.
pub(super) fn messages() -> Description {
    use crate::description::{Field, Kind, ListSpec, Role, StatusSpec, Tone};
    let mut description = Description::new("toy".into(), "a toy".into());
    description.statuses = vec![StatusSpec::new("alive", 'A', Tone::Good, "it answers")];
    let columns =
        [Field::new("text", Kind::Json), Field::new("took", Kind::Took), Field::new("status", Kind::Status)];
    description.lists = vec![ListSpec::new("queue", "message", "messages", Role::Messages).columns(columns)];
    description.types = vec!["out".into(), "message".into()];
    let fields = [Field::new("http", Kind::Count), Field::new("took", Kind::Took)];
    description.events = vec![EventSpec::new("sent", "sent").json_text("message").fields(fields)];
    description.gauges = vec![Field::new("queued", Kind::Count)];
    description
}

#[test]
fn a_message_stands_once_in_a_recorded_line() {
    let description = messages();
    let text = Text::new(r#""GNU Terry Pratchett""#);
    let row = Row {
        key: Key::new("17"),
        order: crate::Order::rank(17),
        cells: [Value::text(text.clone()), Value::None, Value::None].into(),
    };
    let rows = [Change::new(ListId(0), row.clone())];
    let parts =
        EventParts { record: Some(Record { rows: &rows, ..Record::default() }), ..EventParts::default() };
    // Also if the event has no line.
    for line in [Some(Line { text: Some(text.clone()), ..Line::default() }), None] {
        let body = TestEvent {
            line,
            touched: Touched::default(),
            json: format!(r#"{{"message":{}}}"#, text.untrusted()),
        };
        let event = Event {
            seq: 1,
            kind: EventId(0),
            now: Now::default(),
            by: None,
            body: Body::Typed(Arc::new(body)),
        };
        let line = written(|out| _ = Writer::new(&description).event(out, &event, &parts));
        assert_eq!(line.matches("GNU").count(), 1, "{line}");
        assert!(line.ends_with(r#""rows":[["queue","17",17,[true,null,null]]]}"#), "{line}");
        assert_eq!(read(&description, &line).rows, rows);
    }
}

#[test]
fn a_setting_that_is_the_text_of_its_event_is_read_back() {
    use crate::description::{Field, Kind, SettingSpec};
    let mut description = messages();
    description.settings = vec![SettingSpec { field: Field::new("said", Kind::Json), used: None, met: None }];
    let settings = [Value::text(r#"{"said":1}"#.into())];
    let record = Record { settings: Some(&settings), ..Record::default() };
    let parts = EventParts { record: Some(record), ..EventParts::default() };
    let touched = Touched { settings: true, ..Touched::default() };
    let body = TestEvent { line: None, touched, json: r#"{"message":{"said":1}}"#.to_owned() };
    let (now, body) = (Now::default(), Body::Typed(Arc::new(body)));
    let event = Event { seq: 1, kind: EventId(0), now, by: None, body };
    let line = written(|out| _ = Writer::new(&description).event(out, &event, &parts));
    assert_eq!(read(&description, &line).settings.as_deref(), Some(&settings[..]), "{line}");
}

#[test]
fn a_text_that_is_as_it_was_is_not_written_again() {
    let description = messages();
    let row = |text: &str| Row {
        key: Key::new("17"),
        order: crate::Order::rank(17),
        cells: [Value::text(text.into()), Value::None, Value::None].into(),
    };
    let body = TestEvent { line: None, touched: Touched::default(), json: "{}".to_owned() };
    let event =
        Event { seq: 1, kind: EventId(0), now: Now::default(), by: None, body: Body::Typed(Arc::new(body)) };
    let text = r#""GNU Terry Pratchett""#;
    // Only a text can be left out.
    let rows = [Change { kept: 0b011, ..Change::new(ListId(0), row(text)) }];
    let parts =
        EventParts { record: Some(Record { rows: &rows, ..Record::default() }), ..EventParts::default() };
    let line = written(|out| _ = Writer::new(&description).event(out, &event, &parts));
    assert!(line.ends_with(r#""rows":[["queue","17",17,[false,null,null]]]}"#), "{line}");
    let [read] = &read(&description, &line).rows[..] else { panic!("{line}") };
    assert_eq!((read.kept, &read.row.as_ref().unwrap().cells[0]), (0b001, &Value::None));
    // A state has no line before.
    let state = r#"{"state":{"seq":1,"now":{"time":1,"uptime_ms":1},"lists":{"queue":{"total":1,"rows":[["17",17,[false,null,null]]]}}}}"#;
    assert!(Reader::new(&description).node_line(state).is_err());
}

#[test]
fn an_unknown_kind_of_event_keeps_its_name_its_line_and_its_rows() {
    let description = messages();
    let line = concat!(
        r#"{"event":"exploded","seq":9,"time":5,"uptime_ms":7.5,"by":1,"#,
        r#""line":{"direction":"sideways","what":"boom","tone":"loud","loudness":11},"#,
        r#""rows":[["queue","17",null]],"totals":{"queue":3}}"#
    );
    let read = read(&description, line);
    assert_eq!((read.event.kind, read.event.seq), (EventId::UNKNOWN, 9));
    assert_eq!(read.event.line(), Some(Line { what: "boom".into(), ..Line::default() }));
    assert_eq!(read.event.json().get(), r#"{"event":"exploded","by":1}"#);
    assert_eq!((read.rows.len(), read.totals), (1, vec![(ListId(0), 3)]));
    let again = written(|out| _ = Writer::new(&description).event(out, &read.event, &EventParts::default()));
    assert!(
        again.contains(r#""event":"exploded","by":1,"line":{"direction":"note","what":"boom"}"#),
        "{again}"
    );
}

#[test]
fn the_lines_of_a_pipe_are_events_of_unknown_kinds() {
    let description = messages();
    let line = r#"{"event":"reply","time":5,"line":3,"text":"sent"}"#;
    let read = read(&description, line);
    assert_eq!((read.event.kind, read.event.line()), (EventId::UNKNOWN, None));
    assert_eq!(read.event.json().get(), r#"{"event":"reply","line":3,"text":"sent"}"#);
}

#[test]
fn a_field_that_each_line_has_occurs_once() {
    let line = r#"{"event":"sent","seq":1,"time":5,"seq":2}"#;
    let error = Reader::new(&messages()).node_line(line).unwrap_err();
    assert_eq!(error.to_string(), "column 40: the field `seq` occurs twice");
}

#[test]
fn a_plain_text_with_the_characters_of_the_message_stays_as_it_is() {
    use crate::description::{Field, Kind};
    let mut description = messages();
    description.lists[0].columns = vec![Field::new("text", Kind::Json), Field::new("plain", Kind::Text)];
    // It is written with an escape. In the JSON that is another spelling, in a plain text it would be another text.
    let text = Text::new("\"\u{202e}\"");
    let cells = [Value::text(text.clone()), Value::text(text.clone())];
    let row = Row { key: Key::new("17"), order: crate::Order::rank(17), cells: cells.into() };
    let rows = [Change::new(ListId(0), row)];
    let json = format!(r#"{{"message":{}}}"#, text.untrusted());
    let body = TestEvent { line: None, touched: Touched::default(), json };
    let event =
        Event { seq: 1, kind: EventId(0), now: Now::default(), by: None, body: Body::Typed(Arc::new(body)) };
    let parts =
        EventParts { record: Some(Record { rows: &rows, ..Record::default() }), ..EventParts::default() };
    let line = written(|out| _ = Writer::new(&description).event(out, &event, &parts));
    let read = read(&description, &line);
    let cells = [Value::text(json_read_back(&text)), Value::text(text)];
    assert_eq!(read.rows[0].row.as_ref().unwrap().cells[..], cells);
}
