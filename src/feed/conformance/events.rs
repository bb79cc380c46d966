use rand::RngExt;

use super::{Random, Specimen, drain};
use crate::{Event, Line, Network, Types, Watched};

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
