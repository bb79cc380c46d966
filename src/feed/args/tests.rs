use std::time::Duration;

use super::{
    Argument,
    form::{FormError, value},
};
use crate::{Text, description::Takes};

fn read(takes: &Takes, typed: &str) -> Option<Argument> {
    match value(takes, typed) {
        Ok(argument) => Some(argument),
        Err(FormError::Begun) => None,
        Err(FormError::Wrong(reason)) => panic!("{typed}: {reason}"),
    }
}

fn is_wrong(takes: &Takes, typed: &str) -> bool {
    matches!(value(takes, typed), Err(FormError::Wrong(_)))
}

#[test]
fn every_beginning_of_an_argument_is_begun_or_one_itself() {
    let words = Takes::Word(vec!["on".into(), "off".into()]);
    for (takes, whole) in [
        (Takes::HostPort, "tower.example.org:8080"),
        (Takes::HostPort, "[2001:db8::1]:9338"),
        (words, "off"),
        (Takes::Number(0.001, 100_000.0), "0.001"),
        (Takes::Number(10.0, 20.0), "12.5"),
        (Takes::Number(-5.0, 5.0), "-.5"),
        (Takes::Time, "500ms"),
        (Takes::Time, "1.5h"),
        (Takes::Json, r#"{"a": [1, "two"]}"#),
        (Takes::remote(None), "ip:192.0.2.7"),
        (Takes::remote(None), "ip:[2001:db8::1]"),
    ] {
        assert!(read(&takes, whole).is_some(), "{whole}");
        for end in (1..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            read(&takes, &whole[..end]);
        }
    }
}

#[test]
fn what_no_more_characters_can_mend_is_wrong() {
    for (takes, typed) in [
        (Takes::HostPort, "a:x"),
        (Takes::HostPort, "a:70000"),
        (Takes::HostPort, ":80"),
        (Takes::HostPort, "[::g]:80"),
        (Takes::HostPort, "[::1]80"),
        (Takes::HostPort, "a:+80"),
        (Takes::Word(vec!["on".into()]), "x"),
        (Takes::Number(1.0, 9.0), "10"),
        (Takes::Number(1.0, 9.0), "-1"),
        (Takes::Number(1.0, 9.0), "inf"),
        (Takes::Number(1.0, 9.0), "0.5"),
        (Takes::Time, "x"),
        (Takes::Time, "5 minutes"),
        (Takes::Time, "99999999999999999999h"),
        (Takes::Json, "{a}"),
        (Takes::remote(None), "tower:80"),
        (Takes::remote(None), "ip:tower"),
        (Takes::remote(None), "ip:::1]"),
    ] {
        assert!(is_wrong(&takes, typed), "{typed}: {:?}", value(&takes, typed));
    }
}

#[test]
fn values_are_read_with_their_units() {
    assert_eq!(read(&Takes::Time, "500ms"), Some(Argument::Time(Duration::from_millis(500))));
    assert_eq!(read(&Takes::Time, "2m"), Some(Argument::Time(Duration::from_secs(120))));
    assert_eq!(read(&Takes::HostPort, "[::1]:80"), Some(Argument::HostPort("::1".to_owned(), 80)));
    assert_eq!(read(&Takes::Json, "[1]"), Some(Argument::Json(Text::new("[1]"))));
}
