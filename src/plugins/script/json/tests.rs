use mlua::Lua;
use proptest::prelude::*;
use serde_json::Value;

use super::{Problem, read, write};
use crate::script::budget::Budget;

/// What reading and writing a text gives.
fn through(text: &str) -> Result<String, Problem> {
    let (lua, budget) = (Lua::new(), Budget::new());
    let arrays = lua.create_table()?;
    let value = read(&lua, text, &arrays, &budget)?;
    write(&value, &arrays, &budget)
}

#[test]
fn the_same_texts_are_json_as_for_serde() {
    for text in [
        "",
        " ",
        "nul",
        "nulll",
        "null",
        "true",
        "false",
        " [ ] ",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "}",
        "[",
        "]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "01",
        "-",
        "-0",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1E-2",
        "+1",
        "1 1",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\\n\"",
        "\"\\ud83d\\ude00\"",
        "'a'",
        "NaN",
        "1e999",
        "-1e-999",
        "[[[]]]",
        "[\u{a0}1]",
        "\u{feff}1",
        "1\u{0}",
        "{\"a\":{\"b\":[{}]}}",
        "\"\\\"\"",
    ] {
        let expected = serde_json::from_str::<Value>(text).is_ok();
        assert_eq!(through(text).is_ok(), expected, "{text:?}");
    }
}

#[test]
fn a_surrogate_without_a_partner_is_replaced() {
    assert_eq!(through("[\"\\ud800x\",\"\\udc00\"]").unwrap(), "[\"\u{fffd}x\",\"\u{fffd}\"]");
}

#[test]
fn deep_texts_are_read_up_to_their_limit() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(through(&nested(super::MAX_DEPTH)).unwrap(), nested(super::MAX_DEPTH));
    assert!(
        matches!(through(&nested(super::MAX_DEPTH + 1)), Err(Problem::Wrong(reason)) if reason.contains("deep"))
    );
    assert!(matches!(through(&"{\"a\":".repeat(100_000)), Err(Problem::Wrong(_))));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53)..=1_i64 << 53).prop_map(Value::from),
        // Few digits: serde_json reads more of them inexactly.
        any::<i32>().prop_filter("not whole", |n| n % 64 != 0).prop_map(|n| Value::from(f64::from(n) / 64.0)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".*", inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_goes_through_a_script_unchanged(value in values()) {
        let text = through(&value.to_string()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn any_text_is_json_exactly_if_serde_says_so(text in "[\\[\\]{}:,\"\\\\ a0-9.eEtrufalsn\\-+]{0,12}") {
        prop_assert_eq!(through(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
    }
}
