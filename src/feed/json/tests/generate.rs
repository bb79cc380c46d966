//! Descriptions, and values that fit them.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    Anchor, Call, Draft, Key, Label, Line, Name, Now, Order, Outcome, Page, Refusal, Row, Run, Sort,
    Statuses, Text, Types, Value, Window,
    description::{
        Description, EventSpec, Field, Kind, Level, ListId, ListSpec, Role, SettingSpec, StatusId,
        StatusSpec, Tone, TypeId, UsualLine,
    },
};

pub(super) fn name(start: &str, number: usize) -> Name {
    Name::new(&format!("{start}{number}")).unwrap()
}

/// Kinds that JSON and a description with `lists` lists can have.
fn kind(lists: usize) -> impl Strategy<Value = Kind> {
    let plain = [
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
        Kind::Unknown,
    ];
    prop_oneof![select(plain.to_vec()), (0..lists).prop_map(|list| Kind::Ref(name("list", list)))]
}

fn fields(start: &'static str, lists: usize, most: usize) -> impl Strategy<Value = Vec<Field>> {
    vec(kind(lists), 1..=most).prop_map(move |kinds| {
        let field = |(number, kind)| Field { name: name(start, number), ..Field::new("x", kind) };
        kinds.into_iter().enumerate().map(field).collect()
    })
}

fn events(lists: usize) -> impl Strategy<Value = Vec<EventSpec>> {
    let one = (fields("number", lists, 4), any::<bool>(), any::<bool>());
    vec(one, 1..5).prop_map(|events| {
        let event = |(number, (fields, has_text, is_json)): (_, (_, bool, bool))| {
            let spec = EventSpec::new("x", "something").fields(fields).level(Level::Debug);
            let text = has_text.then(|| "message".into());
            // Half of the kinds have usual lines, which a line can be or not.
            let usual = UsualLine {
                direction: crate::Direction::Out,
                types: vec![name("type", 0)],
                what: Some("usual".into()),
                outcome: is_json.then(|| Label::from("done")),
                tone: Tone::Good,
            };
            let usual = (number % 2 == 0).then_some(usual);
            EventSpec { name: name("event", number), text, is_json, usual, ..spec }
        };
        events.into_iter().enumerate().map(event).collect()
    })
}

pub(super) fn description() -> impl Strategy<Value = Description> {
    let parts = |lists: usize| {
        let columns = vec(fields("column", lists, 6), lists);
        (columns, 1..65_usize, 1..65_usize, events(lists), fields("gauge", lists, 4), fields("set", lists, 4))
    };
    (1..5_usize).prop_flat_map(parts).prop_map(|(columns, statuses, types, events, gauges, settings)| {
        let list = |(number, columns)| {
            let spec = ListSpec::new("x", "item", "items", Role::Other).columns(columns);
            ListSpec { name: name("list", number), ..spec }
        };
        let status = |number| StatusSpec {
            name: name("status", number),
            ..StatusSpec::new("x", 'x', Tone::Plain, "it is so")
        };
        let description = Description {
            lists: columns.into_iter().enumerate().map(list).collect(),
            statuses: (0..statuses).map(status).collect(),
            types: (0..types).map(|number| name("type", number)).collect(),
            events,
            gauges,
            settings: settings
                .into_iter()
                .map(|field| SettingSpec { field, used: None, met: None })
                .collect(),
            ..Description::new("toy".into(), "a toy".into())
        };
        assert_eq!(description.check(), Ok(()));
        description
    })
}

/// Any characters, and often those that a terminal or JSON acts on.
pub(super) fn text() -> impl Strategy<Value = Text> {
    let acts =
        "\u{1b}\u{9b}\u{7f}\0\n\r\t\"\\\u{202e}\u{2066}\u{200b}\u{feff}\u{fe0f}\u{e0041}\u{85}\u{2028}";
    let character =
        prop_oneof![select(acts.chars().collect::<Vec<_>>()), any::<char>(), prop::char::range(' ', '~')];
    vec(character, 0..12).prop_map(|characters| characters.into_iter().collect::<String>().into())
}

pub(super) fn key() -> impl Strategy<Value = Key> {
    text().prop_map(Key)
}

/// JSON values as a peer may write them, and texts that are none.
pub(super) fn json() -> impl Strategy<Value = Text> {
    let string = text().prop_map(|text| serde_json::to_string(text.untrusted()).unwrap());
    let array = text().prop_map(|text| format!("[ {{\"a\":{}}},\n1.0]", serde_json::json!(text.untrusted())));
    let fixed = [
        r#""\ud800""#,
        r#"{"\udfff":"\ud83d"}"#,
        r#"{"json":{"cut":"a","bytes":1}}"#,
        "1e999999",
        "-0",
        " 1.000 ",
        "null",
        "true",
        "{",
        "1}",
        "",
        "\u{202e}",
    ];
    let fixed = select(fixed.to_vec()).prop_map(str::to_owned);
    let deep = (1..2000_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth));
    prop_oneof![string, array, fixed, deep].prop_map(Text::from)
}

pub(super) fn statuses(count: usize) -> impl Strategy<Value = Statuses> {
    vec(0..count, 0..4).prop_map(|ids| ids.into_iter().map(|id| StatusId(id as u8)).collect())
}

fn duration() -> impl Strategy<Value = Duration> {
    let usual =
        (0..10_000_000_u64, 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos));
    prop_oneof![usual, any::<Duration>(), Just(Duration::MAX)]
}

pub(super) fn now() -> impl Strategy<Value = Now> {
    (duration(), any::<u64>()).prop_map(|(uptime, unix_ms)| Now { uptime, unix_ms })
}

/// A value that fits a kind.
pub(super) fn value(kind: &Kind, count: usize) -> BoxedStrategy<Value> {
    let finite = any::<f64>().prop_filter("it is infinite", |number| number.is_finite());
    let text = |text: BoxedStrategy<Text>| {
        let length = prop_oneof![3 => Just(0_u32), 1 => 1..2000_u32];
        (text, length).prop_map(|(text, more)| Value::Text(text.clone(), text.len() as u32 + more)).boxed()
    };
    let value = match kind {
        Kind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Count | Kind::Bytes => any::<u64>().prop_map(Value::Count).boxed(),
        Kind::Rate | Kind::BytesRate | Kind::Ratio => finite.prop_map(Value::Number).boxed(),
        Kind::Took => duration().prop_map(Value::Took).boxed(),
        Kind::At => any::<i64>().prop_map(Value::At).boxed(),
        Kind::Status => statuses(count).prop_map(Value::Status).boxed(),
        Kind::Json => text(prop_oneof![json(), long_text()].boxed()),
        Kind::Ref(_) => key().prop_map(Value::Ref).boxed(),
        // JSON as it was read.
        Kind::Unknown => select(vec!["1", "[1.50,null]", "\"a\"", "true"])
            .prop_map(|json| Value::text(json.into()))
            .boxed(),
        _ => text(prop_oneof![self::text(), long_text()].boxed()),
    };
    prop_oneof![1 => Just(Value::None), 5 => value].boxed()
}

/// A text that is cut in windows, perhaps inside a character.
fn long_text() -> impl Strategy<Value = Text> {
    (508..516_usize).prop_map(|length| Text::from("a".repeat(length) + "漢\u{202e}"))
}

pub(super) fn values<'a>(
    fields: impl IntoIterator<Item = &'a Field>,
    statuses: usize,
) -> BoxedStrategy<Vec<Value>> {
    fields.into_iter().map(|field| value(&field.kind, statuses)).collect::<Vec<_>>().boxed()
}

pub(super) fn order() -> impl Strategy<Value = Order> {
    (any::<u64>(), option::of(text())).prop_map(|(rank, text)| Order { rank, text })
}

pub(super) fn row(description: &Description, list: ListId) -> BoxedStrategy<Row> {
    let cells = values(&description.list(list).unwrap().columns, description.statuses.len());
    (key(), order(), cells).prop_map(|(key, order, cells)| Row { key, order, cells: cells.into() }).boxed()
}

pub(super) fn list(description: &Description) -> BoxedStrategy<ListId> {
    (0..description.lists.len()).prop_map(|list| ListId(list as u8)).boxed()
}

pub(super) fn items(description: &Description, most: usize) -> BoxedStrategy<Vec<(ListId, Key)>> {
    vec((list(description), key()), 0..=most).boxed()
}

pub(super) fn call(description: &Description) -> BoxedStrategy<Call> {
    let command = (0..9_usize).prop_map(|number| name("command", number));
    (any::<u64>(), command, vec(key(), 0..4), option::of(list(description)), text())
        .prop_map(|(run, command, on, list, text)| Call { run: Run(run), command, on, list, text })
        .boxed()
}

pub(super) fn outcome(description: &Description) -> BoxedStrategy<Outcome> {
    let draft = (text(), call(description), option::of(call(description)))
        .prop_map(|(text, send, cancel)| Draft { text, send, cancel });
    let opens = option::of((list(description), key()));
    (text(), option::of(call(description)), opens, option::of(draft), vec(key(), 0..3))
        .prop_map(|(text, undo, opens, draft, left)| Outcome { text, undo, opens, draft, left })
        .boxed()
}

pub(super) fn refusal(description: &Description) -> BoxedStrategy<Refusal> {
    let words =
        select(vec!["trust it", "hand on: \"now\"", "塔\\"]).prop_map(|words| Label::new(words).unwrap());
    (text(), vec((words, call(description)), 0..3))
        .prop_map(|(text, offers)| Refusal { text, offers })
        .boxed()
}

pub(super) fn window(description: &Description) -> BoxedStrategy<Window> {
    let at = (order(), key()).prop_map(|(order, key)| Anchor::At(order, key));
    let at = prop_oneof![Just(Anchor::First), Just(Anchor::Last), at];
    let sort = (0..9_usize, any::<bool>())
        .prop_map(|(column, descending)| Sort { column: name("column", column), descending });
    let filter = text().prop_map(|text| text.untrusted().into());
    (
        list(description),
        option::of(key()),
        at,
        0..=1024_u16,
        0..=1024_u16,
        option::of(sort),
        option::of(filter),
    )
        .prop_map(|(list, under, at, before, after, sort, filter)| Window {
            list,
            under,
            at,
            before,
            after,
            sort,
            filter,
        })
        .boxed()
}

pub(super) fn page(description: &Description) -> BoxedStrategy<Page> {
    let description = description.clone();
    list(&description)
        .prop_flat_map(move |list| {
            let rows = vec(row(&description, list), 0..4);
            let numbers = (option::of(0..u64::MAX / 2), any::<u64>(), vec(any::<u64>(), 0..3), 0..4_usize);
            (rows, option::of(key()), numbers, option::of(0..100_u8), option::of(text())).prop_map(
                move |(rows, under, (first, total, counts, anchor), ready, refused)| {
                    let anchor = anchor.min(rows.len());
                    Page { list, under, first, total, counts, rows, anchor, ready, refused }
                },
            )
        })
        .boxed()
}

/// A line of a kind of events, without text.
pub(super) fn line(description: &Description, spec: &EventSpec) -> BoxedStrategy<Line> {
    use crate::Direction::{In, Note, Out, Own};
    let types = vec(0..description.types.len(), 0..3)
        .prop_map(|ids| Types::of(ids.into_iter().map(|id| TypeId(id as u8))));
    let tones = vec![Tone::New, Tone::Good, Tone::Doubtful, Tone::Bad, Tone::Off, Tone::Plain];
    let looks = (select(vec![In, Out, Own, Note]), types, select(tones));
    let about = (option::of(key()), statuses(description.statuses.len()));
    let item = option::of((list(description), key()));
    let values = values(&spec.fields, description.statuses.len());
    let remote = option::of(any::<std::net::IpAddr>());
    let usual = spec.usual.as_ref().and_then(|usual| usual.what.clone()).map(|what| Text::new(what.as_str()));
    let what = prop_oneof![text(), Just(usual.unwrap_or_default())];
    (looks, about, item, remote, what, text(), values)
        .prop_map(|((direction, types, tone), (peer, status), item, remote, what, outcome, values)| Line {
            direction,
            types,
            peer,
            status,
            item,
            remote,
            text: None,
            what,
            outcome,
            tone,
            values,
        })
        .boxed()
}
