use proptest::{prelude::*, sample::select};

use super::super::{field::RESERVED, *};
use crate::{
    Key, Line, Order, Row, Statuses, Value,
    description::{EventId, EventSpec, Field, ListSpec, Role, StatusSpec, Tone},
    event::Types,
};

fn name() -> impl Strategy<Value = &'static str> {
    select(vec![
        "from", "to", "peer", "ip", "remote", "status", "type", "size", "node", "re", "name", "took", "text",
        "a-b", "x_1", "in", "message", "7", "since", "of",
    ])
}

fn kind() -> impl Strategy<Value = Kind> {
    select(vec![
        Kind::Flag,
        Kind::Count,
        Kind::Bytes,
        Kind::Rate,
        Kind::BytesRate,
        Kind::Ratio,
        Kind::Took,
        Kind::At,
        Kind::Status,
        Kind::Id,
        Kind::Text,
        Kind::Json,
        Kind::Ref("list".into()),
        Kind::Unknown,
    ])
}

fn fields_of_any_kind() -> impl Strategy<Value = Vec<Field>> {
    let field = (name(), kind()).prop_map(|(name, kind)| Field::new(name, kind));
    proptest::collection::vec(field, 1..6).prop_map(|mut fields| {
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        fields.dedup_by(|one, other| one.name == other.name);
        fields
    })
}

/// A network with one list and any fields.
fn description() -> impl Strategy<Value = Description> {
    let role = select(vec![Role::Peers, Role::Messages, Role::Other]);
    let events = proptest::collection::vec(fields_of_any_kind(), 0..3);
    let names = || proptest::collection::btree_set(name(), 0..4);
    (role, fields_of_any_kind(), events, names(), names()).prop_map(
        |(role, columns, events, statuses, types)| {
            let mut description = Description::new("any".into(), "a node".into());
            description.lists = vec![ListSpec::new("list", "item", "items", role).columns(columns)];
            description.events = ["first", "second", "third"]
                .into_iter()
                .zip(events)
                .map(|(name, fields)| EventSpec::new(name, "an event").fields(fields))
                .collect();
            let status = |name| StatusSpec::new(name, 's', Tone::Plain, "a status");
            description.statuses = statuses.into_iter().map(status).collect();
            description.types = types.into_iter().map(Name::from).collect();
            description
        },
    )
}

/// A value of this kind out of a few, by a number.
fn value(kind: &Kind, choice: u64) -> Value {
    let texts = ["", "tower:80", "[2001:db8::1]:80", "\"gnu terry\"", "192.0.2.7"];
    let text = texts[choice as usize % texts.len()];
    match kind {
        _ if choice == 0 => Value::None,
        Kind::Flag => Value::Flag(choice.is_multiple_of(2)),
        Kind::Count | Kind::Bytes => Value::Count(choice * 300),
        Kind::Rate | Kind::BytesRate => Value::Number(choice as f64 * 700.5),
        Kind::Ratio => Value::Number(choice as f64 / 8.0),
        Kind::Took => Value::Took(std::time::Duration::from_millis(choice * 70)),
        Kind::At => Value::At(3_000_000 + choice.cast_signed() * 150_000),
        Kind::Status => Value::Status(Statuses(choice)),
        Kind::Ref(_) => Value::Ref(Key::new(text)),
        // No JSON is empty.
        Kind::Json if text.is_empty() => Value::text("0".into()),
        Kind::Id | Kind::Text | Kind::Json | Kind::Unknown => Value::text(text.into()),
    }
}

fn values(fields: &[Field], choices: &[u64]) -> Vec<Value> {
    fields.iter().zip(choices).map(|(field, choice)| value(&field.kind, *choice)).collect()
}

fn line(fields: &[Field], choices: &[u64]) -> Line {
    let direction = scope::DIRECTIONS[choices[6] as usize % 4].1;
    Line {
        direction,
        types: Types(choices[7]),
        status: Statuses(choices[6]),
        peer: (choices[7] > 3).then(|| "tower:80".into()),
        remote: (choices[6] > 3).then(|| [192, 0, 2, 7].into()),
        text: (choices[7] > 1).then(|| "\"gnu terry\"".into()),
        what: "a word".into(),
        values: values(fields, choices),
        ..Line::default()
    }
}

proptest! {
    #[test]
    fn a_description_of_any_shape_has_a_language(description in description()) {
        for scope in [Scope::Traffic(&description), Scope::List(&description, crate::description::ListId(0))] {
            for (example, _) in grammar(scope) {
                let filter = Filter::parse_for(&example, scope);
                prop_assert!(filter.is_ok(), "{}: {:?}", example, filter);
            }
            prop_assert!(in_short(scope).starts_with("word "));
            let fields = fields(scope);
            let starts: std::collections::HashSet<_> = fields.iter().map(|field| &field.start).collect();
            prop_assert_eq!(starts.len(), fields.len(), "each once");
            for field in &fields {
                let sample = match &field.values {
                    Values::Words(words) if words.is_empty() => continue,
                    Values::Words(words) => words[0].to_string(),
                    Values::Number if field.start.ends_with('<') => "1h".to_owned(),
                    Values::Number => "0".to_owned(),
                    _ if field.name == "ip" => "::1".to_owned(),
                    _ if field.name == "re" => "a/".to_owned(),
                    _ => "x".to_owned(),
                };
                let sample = if field.start == "size<" { "9".to_owned() } else { sample };
                let text = format!("{}{sample}", field.start);
                let filter = Filter::parse_for(&text, scope);
                prop_assert!(filter.is_ok(), "{}: {:?}", text, filter);
            }
        }
    }

    /// What is refused because nothing can match it never matches.
    #[test]
    fn what_is_refused_never_matches(
        description in description(),
        terms in proptest::collection::vec((any::<bool>(), name(), select(TERMS.to_vec())), 1..4),
        choices in proptest::collection::vec(0..8_u64, 8),
    ) {
        let term = |(negated, name, end): &(bool, &str, &str)| {
            let name = if end.starts_with(['w', '"']) { "" } else { name };
            format!("{}{name}{end}", if *negated { "!" } else { "" })
        };
        let text = terms.iter().map(term).collect::<Vec<_>>().join(" ");
        let list = crate::description::ListId(0);
        let check = |scope, subject: Subject<'_>| {
            let Ok(filter) = Filter::parse(&text, scope) else { return };
            if let Err(error) = filter.check_for(scope) {
                assert!(!filter.admits(&subject), "{text}: {error} {subject:?}");
            }
        };
        let columns = &description.lists[0].columns;
        let cells = values(columns, &choices).into();
        let row = Row { key: Key::new("tower:80"), order: Order::default(), cells };
        let now = super::clacks::NOW;
        check(Scope::List(&description, list), Subject::of_row(&description, list, &row, now));
        let events: Vec<_> = description.events.iter().map(|event| line(&event.fields, &choices)).collect();
        for (id, line) in (0..).zip(&events) {
            let subject = Subject::of_line(&description, EventId(id), line, now);
            check(Scope::Traffic(&description), subject);
        }
    }
}

/// Ends of terms, behind a name or alone.
const TERMS: [&str; 19] = [
    "word",
    "\"gnu\"",
    "\"gnu terry\"",
    ":tower",
    ":x",
    ":yes",
    ":no",
    ":in",
    ":message",
    ":from",
    ":to",
    ">300",
    "<1",
    ">=2h",
    "<100ms",
    ">50%",
    "=tower:80",
    ":192.0.2.7",
    ":own",
];

#[test]
fn reserved_names_are_names() {
    for name in RESERVED {
        assert!(Name::new(name).is_ok(), "{name}");
    }
}
