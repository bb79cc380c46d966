use clacks_feed::{
    Line, Statuses,
    description::{EventSpec, Field, StatusId, Tone},
};
use proptest::prelude::*;

use super::*;
use crate::testing::hostile;

fn description() -> Description {
    Description {
        statuses: vec![
            StatusSpec::new("alive", 'A', Tone::Good, "it answers"),
            StatusSpec::new("lost", 'L', Tone::Doubtful, "it does not answer"),
            StatusSpec::new("claimed", '?', Tone::Doubtful, "it only says so"),
            StatusSpec::new("disputed", 'D', Tone::Doubtful, "another says otherwise"),
        ],
        ..Description::new("any".into(), "a node".into())
    }
}

fn now() -> Now {
    Now { uptime: Duration::from_secs(100), unix_ms: 0 }
}

fn written(kind: &Kind, value: &Value, columns: usize) -> String {
    let description = description();
    ValueFormat::new(&description, now(), Charset::Unicode).cell(kind, value, columns).as_str().to_owned()
}

fn statuses(ids: &[u8]) -> Value {
    Value::Status(ids.iter().copied().map(StatusId).collect())
}

#[test]
fn a_name_stands_in_the_place_of_a_key() {
    let (description, key) = (description(), Key::new("e40b47db"));
    let names = Names::from([(key.clone(), "orchard\x1b e40b".to_owned())]);
    let format = ValueFormat::new(&description, now(), Charset::Unicode);
    let kind = Kind::Ref("members".into());
    let spec = EventSpec::new("added", "a member is added").fields([Field::new("by", kind.clone())]);
    let line = Line { what: "let in".into(), values: vec![Value::Ref(key.clone())], ..Line::default() };
    let shown = |format: ValueFormat<'_>| {
        let cell = format.cell(&kind, &Value::Ref(key.clone()), 40).as_str().to_owned();
        (cell, format.what(Some(&spec), &line, 60).as_str().to_owned())
    };
    let both = |key: &str, what: &str| (key.to_owned(), what.to_owned());
    assert_eq!(shown(format), both("e40b47db", "let in by e40b47db"));
    assert_eq!(shown(format.naming(Some(&names))), both(r"orchard\x1b e40b", r"let in by orchard\x1b e40b"));
}

#[test]
fn a_value_is_written_by_its_kind() {
    let peers = || Kind::Ref("peers".into());
    for (kind, value, wanted) in [
        (Kind::Flag, Value::Flag(true), "yes"),
        (Kind::Count, Value::Count(12_345), "12345"),
        (Kind::Bytes, Value::Count(12_345), "12 kB"),
        (Kind::Bytes, Value::Count(u64::MAX), "18 EB"),
        (Kind::Rate, Value::Number(0.4), "0.4/s"),
        (Kind::BytesRate, Value::Number(1234.0), "1.2 kB/s"),
        (Kind::Ratio, Value::Number(0.426), "43%"),
        (Kind::Took, Value::Took(Duration::from_micros(400)), "0.4 ms"),
        (Kind::At, Value::At(40_000), "1 m"),
        (Kind::At, Value::At(-86_400_000), "1 d"),
        (Kind::At, Value::At(130_000), "in 30 s"),
        (Kind::Status, statuses(&[0]), "A alive"),
        (Kind::Status, statuses(&[63]), "# status 63"),
        (Kind::Status, statuses(&[]), ""),
        (Kind::Text, Value::text("GNU\x1b".into()), r"GNU\x1b"),
        (Kind::Json, Value::text(r#""GNU \u0054""#.into()), "GNU T"),
        (Kind::Json, Value::text(r#"{"a":"b"}"#.into()), r#"{"a":"b"}"#),
        (Kind::Unknown, Value::text(r#""later""#.into()), r#""later""#),
        (peers(), Value::Ref("tower:8080".into()), "tower:8080"),
        (Kind::Took, Value::None, ""),
    ] {
        assert_eq!(written(&kind, &value, 40), wanted);
    }
}

#[test]
fn a_narrow_column_gets_a_shorter_form() {
    for (kind, value, columns, wanted) in [
        (Kind::Count, Value::Count(12_345), 4, "12k"),
        (Kind::Id, Value::text("tower.example.org:8080".into()), 14, "tower\u{2026}org:8080"),
        (Kind::Id, Value::text("0123456789abcdef".into()), 8, "01234\u{2026}ef"),
        (Kind::Text, Value::text("GNU Terry".into()), 6, "GNU T\u{2026}"),
        (Kind::Json, Value::text(r#""GNU Terry""#.into()), 6, "GNU T\u{2026}"),
        (Kind::Status, statuses(&[0, 2]), 16, "A alive, claimed"),
        (Kind::Status, statuses(&[0, 2]), 15, "A alive?"),
        (Kind::Status, statuses(&[0, 2]), 7, "A?"),
        (Kind::Status, statuses(&[0, 2, 3]), 15, "A alive +?D"),
        (Kind::Status, statuses(&[0, 2]), 1, "A"),
        (Kind::Status, statuses(&[0]), 6, "A"),
    ] {
        assert_eq!(written(&kind, &value, columns), wanted);
    }
}

#[test]
fn a_text_that_was_cut_by_the_network_ends_with_an_ellipsis() {
    let cut = |text: &str| Value::Text(text.into(), 900);
    assert_eq!(written(&Kind::Json, &cut(r#""GNU \u00"#), 20), "GNU \u{2026}");
    assert_eq!(written(&Kind::Text, &cut("GNU"), 20), "GNU\u{2026}");
    assert_eq!(written(&Kind::Id, &cut("GNU"), 20), "GNU\u{2026}");
}

#[test]
fn a_whole_value_is_exact() {
    let description = description();
    let format = ValueFormat::new(&description, now(), Charset::Ascii);
    for (kind, value, wanted) in [
        (Kind::Count, Value::Count(12_345), "12,345"),
        (Kind::Bytes, Value::Count(12_345), "12 kB (12,345 bytes)"),
        (Kind::Json, Value::text(r#""GNU""#.into()), r#""GNU""#),
        (Kind::Status, statuses(&[0, 2, 3]), "A alive, claimed, disputed"),
    ] {
        assert_eq!(format.untrusted(&kind, &value), wanted);
    }
}

fn line(outcome: &str, tone: Tone, values: &[Value]) -> Line {
    Line { outcome: outcome.into(), tone, values: values.to_vec(), ..Default::default() }
}

#[test]
fn an_outcome_stands_with_the_numbers_that_a_person_wants() {
    let description = description();
    let format = ValueFormat::new(&description, now(), Charset::Unicode);
    let took = || Value::Took(Duration::from_millis(12));
    let delivered = EventSpec::new("delivered", "x")
        .fields([Field::new("took", Kind::Took), Field::new("http", Kind::Count).titled("HTTP").priority(1)]);
    let received = EventSpec::new("received", "x").fields([Field::new("visits", Kind::Count)]);
    let updated = EventSpec::new("updated", "x").fields([Field::new("was", Kind::Status)]);
    let response = EventSpec::new("response", "x").fields([
        Field::new("hops", Kind::Count),
        Field::new("passed", Kind::Count).priority(1),
        Field::new("size", Kind::Bytes).priority(2),
        Field::new("data", Kind::Text).only_open(),
    ]);
    let bytes = Value::Count(3400);
    let response_values = [Value::Count(3), Value::Count(1), bytes, Value::text("secret".into())];
    for (spec, line, columns, wanted) in [
        (&delivered, line("delivered", Tone::Good, &[took(), Value::Count(200)]), 24, "delivered 12 ms"),
        (
            &delivered,
            line("delivered", Tone::Good, &[took(), Value::Count(200)]),
            25,
            "delivered 12 ms, HTTP 200",
        ),
        (&delivered, line("delivered", Tone::Good, &[took()]), 12, "12 ms"),
        (&delivered, line("refused", Tone::Bad, &[Value::None, Value::Count(503)]), 16, "refused HTTP 503"),
        (&delivered, line("refused", Tone::Bad, &[Value::None, Value::Count(503)]), 12, "refused"),
        (&received, line("queued", Tone::Plain, &[Value::Count(1)]), 24, "queued"),
        (&received, line("queued", Tone::Plain, &[Value::Count(42)]), 24, "queued 42 visits"),
        (&received, line("queued", Tone::Plain, &[Value::Count(42)]), 12, "42 visits"),
        (&updated, line("lost", Tone::Plain, &[statuses(&[0])]), 12, "alive \u{2192} lost"),
        (&updated, line("lost", Tone::Plain, &[statuses(&[0])]), 9, "lost"),
        (
            &response,
            line("forwarded", Tone::Plain, &response_values),
            40,
            "forwarded 3 hops, passed 1, 3.4 kB",
        ),
    ] {
        assert_eq!(format.outcome(Some(spec), &line, columns).as_str(), wanted);
    }
    assert_eq!(format.outcome(None, &line("done", Tone::Plain, &[took()]), 20).as_str(), "done");
}

#[test]
fn names_stand_behind_the_description_of_an_event() {
    let description = description();
    let format = ValueFormat::new(&description, now(), Charset::Unicode);
    let joined = EventSpec::new("joined", "x").fields([
        Field::new("members", Kind::Count),
        Field::new("via", Kind::Ref("members".into())),
        Field::new("reason", Kind::Text).priority(1),
    ]);
    let values = [Value::Count(7), Value::Ref("tower\x1b:8080".into()), Value::text("asked to".into())];
    let line = Line { what: "joined".into(), ..line("", Tone::Good, &values) };
    assert_eq!(format.what(Some(&joined), &line, 60).as_str(), r"joined via tower\x1b:8080, asked to");
    assert_eq!(format.outcome(Some(&joined), &line, 60).as_str(), "7 members");
}

fn any_value() -> impl Strategy<Value = (Kind, Value)> {
    let number = prop_oneof![any::<u64>(), 0..2000_u64];
    prop_oneof![
        any::<bool>().prop_map(|flag| (Kind::Flag, Value::Flag(flag))),
        (number.clone(), any::<bool>())
            .prop_map(|(n, bytes)| (if bytes { Kind::Bytes } else { Kind::Count }, Value::Count(n))),
        (any::<f64>(), 0..3_u8).prop_map(|(n, kind)| {
            ([Kind::Rate, Kind::BytesRate, Kind::Ratio][usize::from(kind)].clone(), Value::Number(n))
        }),
        any::<u64>().prop_map(|n| (Kind::Took, Value::Took(Duration::from_micros(n)))),
        any::<i64>().prop_map(|at| (Kind::At, Value::At(at))),
        any::<u64>().prop_map(|set| (Kind::Status, Value::Status(Statuses(set)))),
        (hostile(), 0..4_u8, 0..9_u32).prop_map(|(text, kind, more)| {
            let kind = [Kind::Text, Kind::Json, Kind::Id, Kind::Unknown][usize::from(kind)].clone();
            let length = text.len() as u32 + more.saturating_sub(5);
            (kind, Value::Text(text.as_str().into(), length))
        }),
        hostile().prop_map(|text| (Kind::Json, Value::text(format!("{text:?}").as_str().into()))),
        hostile().prop_map(|key| (Kind::Ref("any".into()), Value::Ref(key.as_str().into()))),
    ]
}

proptest! {
    #[test]
    fn any_value_is_harmless_and_within_its_columns(
        (kind, value) in any_value(),
        columns in 0..60_usize,
        is_ascii in any::<bool>(),
    ) {
        let charset = if is_ascii { Charset::Ascii } else { Charset::Unicode };
        let description = description();
        let cell = ValueFormat::new(&description, now(), charset).cell(&kind, &value, columns);
        prop_assert!(cell.width() <= columns, "{cell:?}");
        prop_assert_eq!(&sanitize(&cell, usize::MAX, charset), &cell);
    }

    #[test]
    fn a_number_is_short(number in any::<u64>(), is_bytes in any::<bool>()) {
        let kind = if is_bytes { Kind::Bytes } else { Kind::Count };
        let text = written(&kind, &Value::Count(number), 4);
        prop_assert!(text.len() <= 6 && !text.contains('\u{2026}') || is_bytes, "{text}");
    }

    #[test]
    fn a_text_is_cut_in_the_middle_at_any_width(text in hostile(), columns in 0..60_usize) {
        let cut = cut_middle(&text, columns, Charset::Unicode);
        prop_assert!(cut.width() <= columns);
        prop_assert_eq!(&sanitize(&cut, usize::MAX, Charset::Unicode), &cut);
    }
}
