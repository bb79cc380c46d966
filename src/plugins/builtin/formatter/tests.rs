use super::*;
use crate::builtin::testing::{incoming, message, name, verdict};

fn options() -> FormatterOptions {
    FormatterOptions {
        required: vec!["foo".to_owned()],
        optional: vec!["bar".to_owned()],
        ..FormatterOptions::default()
    }
}

fn with(options: FormatterOptions) -> Formatter {
    Formatter::new(name(), OnError::Pass, options).expect("valid options")
}

/// The reason for refusing a payload. `None` if it passes.
fn reason(formatter: &Formatter, payload: &Incoming) -> Option<String> {
    match verdict(formatter, payload) {
        Verdict::Pass => None,
        Verdict::Refuse(refusal) => {
            assert_eq!(refusal.status, 500);
            Some(refusal.body.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_broken_rule_is_the_reason() {
    let formatter = with(options());
    for (body, wanted) in [
        (r#"{"type":"message"}"#, r#"Missing Message: {"type":"message"}"#),
        (r#"{"message":null,"type":"message"}"#, r#"Missing Message: {"message":null,"type":"message"}"#),
        (r#"{"message":0.0,"type":"message"}"#, r#"Missing Message: {"message":0,"type":"message"}"#),
        (r#"{"message":""}"#, r#"Missing Message: {"message":""}"#),
        (r#"{"message":{"no":1}}"#, "Invalid Message Type: undefined"),
        (r#"{"message":{"no":1},"type":false}"#, "Invalid Message Type: false"),
        (r#"{"message":"hi","type":"message"}"#, r#"Message Not an Object: "hi""#),
        (r#"{"message":{"isArray":1},"type":"x"}"#, r#"Message Not an Object: {"isArray":1}"#),
        (r#"{"message":[],"type":"message"}"#, r#"Payload Message Empty:{"message":[],"type":"message"}"#),
        (r#"{"message":["a","b"],"type":"message"}"#, "Unknown Fields: 0,1"),
        (r#"{"message":{"baz":1,"isArray":0,"7":1},"type":"message"}"#, "Unknown Fields: 7,baz,isArray"),
        (r#"{"message":{"__proto__":1},"type":"message"}"#, "Unknown Fields: __proto__"),
        (r#"{"message":{"class":1},"type":"message"}"#, "Required Fields Missing"),
        (r#"{"message":{"foo":1},"type":"message"}"#, "Required Fields Missing"),
    ] {
        assert_eq!(reason(&formatter, &incoming(body)).as_deref(), Some(wanted), "{body}");
    }
    for json in [r#"{"class":null,"foo":null}"#, r#"{"bar":[],"foo":1,"class":{}}"#] {
        assert_eq!(reason(&formatter, &message(json)), None, "{json}");
    }
}

#[test]
fn a_message_that_another_plugin_changed_is_judged_as_it_is_now() {
    let formatter = with(options());
    let mut payload = message(r#"{"class":1,"foo":1}"#);
    payload.json = "[]".into();
    let wanted = r#"Payload Message Empty:{"message":[],"type":"message"}"#;
    assert_eq!(reason(&formatter, &payload).as_deref(), Some(wanted));
}

#[test]
fn announces_pass_unless_they_are_judged_as_npm_does() {
    let announce = incoming(r#"{"type":"announce","sender":1}"#);
    assert_eq!(reason(&with(options()), &announce), None);
    let as_npm = with(FormatterOptions { announces: Announces::AsNpm, ..options() });
    let wanted = r#"Missing Message: {"type":"announce","sender":1}"#;
    assert_eq!(reason(&as_npm, &announce).as_deref(), Some(wanted));
}

#[test]
fn a_reason_ends_after_two_hundred_characters_and_shows_what_is_hidden() {
    let formatter = with(options());
    let reason_of = |text: &str| reason(&formatter, &message(&serde_json::to_string(text).unwrap())).unwrap();
    let long = reason_of(&"\u{dc}".repeat(1000));
    assert_eq!(long, format!("Message Not an Object: \"{}", "\u{dc}".repeat(176)));
    assert_eq!(reason_of("a\u{202e}\u{9b}b"), r#"Message Not an Object: "a\u202e\u009bb""#);
    // An escape is left out whole.
    let cut = reason_of(&format!("{}\u{202e}", "a".repeat(172)));
    assert_eq!(cut, format!("Message Not an Object: \"{}", "a".repeat(172)));
}

#[test]
fn the_status_and_the_answer_can_be_chosen() {
    let formatter = with(FormatterOptions { error_status: 422, ..options() });
    let Verdict::Refuse(refusal) = verdict(&formatter, &message("1")) else { panic!("it passes") };
    assert_eq!(refusal.status, 422);
    let formatter = with(FormatterOptions { answer: Answer::Swallow, ..options() });
    let wanted = Verdict::Swallow { reason: Some("Message Not an Object: 1".into()) };
    assert_eq!(verdict(&formatter, &message("1")), wanted);
    let formatter = with(FormatterOptions { reject_invalid: false, ..options() });
    assert_eq!(reason(&formatter, &message("1")), None);
}

#[test]
fn the_class_can_have_a_value() {
    let formatter = with(FormatterOptions { class: Some("x".to_owned()), ..FormatterOptions::default() });
    assert_eq!(reason(&formatter, &message(r#"{"class":"x"}"#)), None);
    let wanted = Some(r#"Another Class: ["x"]"#);
    assert_eq!(reason(&formatter, &message(r#"{"class":["x"]}"#)).as_deref(), wanted);
}

#[test]
fn wrong_options_have_clear_errors() {
    let error = |options: FormatterOptions| Formatter::new(name(), OnError::Pass, options).unwrap_err();
    for status in [0, 200, 399, 600] {
        let error = error(FormatterOptions { error_status: status, ..options() });
        assert_eq!(error.to_string(), format!("error-status is {status}, and must be from 400 to 599"));
    }
    for options in [
        FormatterOptions { required: vec!["class".to_owned()], ..options() },
        FormatterOptions { optional: vec!["class".to_owned()], ..options() },
    ] {
        assert!(error(options).to_string().contains("`class`"));
    }
    let read = |json| serde_json::from_str::<FormatterOptions>(json).map_err(|error| error.to_string());
    let json = r#"{"error-status":400,"reject-invalid":true,"announces":"as-npm","answer":"swallow"}"#;
    assert_eq!(read(json).unwrap().announces, Announces::AsNpm);
    assert!(read(r#"{"errorStatus":400}"#).unwrap_err().contains("unknown field `errorStatus`"));
    assert!(read(r#"{"answer":"drop"}"#).unwrap_err().contains("expected `refuse` or `swallow`"));
}

#[test]
fn a_message_that_cannot_be_read_is_a_fault() {
    let mut payload = message("1");
    payload.json = "[".repeat(2000).into();
    assert!(with(options()).verdict(&payload).is_err());
}
