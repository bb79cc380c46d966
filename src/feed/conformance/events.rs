use rand::RngExt;

use super::{Random, Specimen, drain};
use crate::{
    Event, Line, Network, Types, Value, Watched,
    json::{Change, EventLine, EventParts, Fit, NodeLine, Reader, Record, Writer},
};

/// Steps of the node.
const STEPS: usize = 3000;

/// Check 6. Numbers of events go up by one. Each event has at most one line. Its values fit the fields of its kind, its
/// types and statuses exist, its outcome has no digits, arrows or units. Read back from JSON it is equal.
pub fn events_are_complete(specimen: &mut dyn Specimen) {
    let mut random = Random::new();
    let network = specimen.network();
    let mut watch = network.watch();
    let mut last = None;
    let mut lines = 0;
    for _ in 0..STEPS {
        for _ in 0..random.numbers.random_range(1..4) {
            specimen.disturb(&mut random.numbers);
        }
        for watched in drain(&mut *watch) {
            let Watched::Event(event) = watched else { panic!("a watcher that reads missed something") };
            assert!(last.is_none_or(|last| event.seq == last + 1), "{} after {last:?}", event.seq);
            last = Some(event.seq);
            lines += usize::from(event.line().is_some());
            event_is_valid(&*network, &event);
            is_read_back(&*network, &event);
        }
    }
    assert!(lines > 0, "no event had a line");
}

fn event_is_valid(network: &dyn Network, event: &Event) {
    let description = network.description();
    let Some(spec) = description.event(event.kind) else { panic!("an event of no kind: {event:?}") };
    let fields = event.json().get().to_owned();
    assert!(fields.starts_with('{') && fields.ends_with('}'), "{}: {fields}", spec.name);
    for (list, _) in event.touched().rows {
        assert!(description.list(list).is_some(), "{event:?} touches a list that does not exist");
    }
    let Some(line) = event.line() else { return };
    line_is_valid(network, event, &line);
    assert!(line.values.len() <= spec.fields.len(), "{}: {:?}", spec.name, line.values);
    for (value, field) in line.values.iter().zip(&spec.fields) {
        assert!(value.fits(&field.kind), "{}: {} is {value:?}", spec.name, field.name);
    }
}

fn line_is_valid(network: &dyn Network, event: &Event, line: &Line) {
    let description = network.description();
    let outcome = line.outcome.untrusted();
    let is_word = |c: char| c.is_alphabetic() || matches!(c, ' ' | '-' | '!' | '\'');
    assert!(outcome.chars().all(is_word) && outcome.len() <= 40, "the outcome of {event:?} is {outcome:?}");
    let all = Types::of((0..description.types.len() as u8).map(crate::description::TypeId));
    assert!(line.types.0 & !all.0 == 0, "{event:?} has types that do not exist");
    assert!(line.status.iter().all(|status| description.status(status).is_some()), "{event:?}");
    assert!(line.item.iter().all(|(list, _)| description.list(*list).is_some()), "{event:?}");
}

/// Writes an event as a recording does, reads it, and writes what was read: the line is the same, and so is the event.
fn is_read_back(network: &dyn Network, event: &Event) {
    let touched = event.touched();
    let change = |(list, key): &(_, crate::Key)| {
        let row = network.rows(*list, std::slice::from_ref(key)).pop().flatten();
        row.map_or_else(|| Change::gone(*list, key.clone()), |row| Change::new(*list, row))
    };
    let rows: Vec<Change> = touched.rows.iter().map(change).collect();
    let settings = touched.settings.then(|| network.settings());
    let Some(line) = written(network, event, &rows, settings.as_deref()) else { return };
    let read = Reader::new(network.description()).node_line(&line);
    let Ok(NodeLine::Event(read)) = read else { panic!("{read:?}: {line}") };
    let EventLine { event: read, rows: read_rows, settings: read_settings, .. } = *read;
    let again = written(network, &read, &read_rows, read_settings.as_deref());
    assert_eq!(again.as_deref(), Some(&*line), "it is written in another way after it was read");
    assert_eq!((read.seq, read.kind, read.now, &read.by), (event.seq, event.kind, event.now, &event.by));
    assert_eq!(read.touched(), touched);
    let [line, read] = [event.line(), read.line()].map(|line| line.map(without_texts));
    assert_eq!(read, line, "{event:?}");
}

/// Texts of JSON are escaped in another way when they were read. Values at the end that are none are left out.
fn without_texts(line: Line) -> Line {
    let is_text = |value: &Value| matches!(value, Value::Text(..));
    let mut values: Vec<Value> = line.values.into_iter().filter(|value| !is_text(value)).collect();
    values.truncate(values.iter().rposition(|value| *value != Value::None).map_or(0, |last| last + 1));
    Line { text: None, values, ..line }
}

/// `None`: it is too long for a line.
fn written(
    network: &dyn Network,
    event: &Event,
    rows: &[Change],
    settings: Option<&[Value]>,
) -> Option<String> {
    let record = Some(Record { rows, totals: &[], settings });
    let mut line = Vec::new();
    let parts = EventParts { record, ..EventParts::default() };
    let fit = Writer::new(network.description()).event(&mut line, event, &parts);
    (fit == Fit::Whole).then(|| String::from_utf8_lossy(&line).into_owned())
}
