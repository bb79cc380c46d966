use super::*;

/// The settings after an option was set to another value than its default.
fn with(setting: &Setting, value: &Value) -> NodeSettings {
    let NodeSettings { mut options, mut limits } = NodeSettings::default();
    match setting.place {
        Place::Core(slot) => slot(&mut options).write(value),
        Place::Node(slot) => slot(&mut limits).write(value),
        Place::Fixed(_) => {}
    }
    NodeSettings { options, limits }
}

#[test]
fn every_option_and_every_member_of_the_answer_is_a_setting() {
    assert_eq!(named(OPTIONS).count(), OPTIONS.len());
    assert_eq!(named(ANSWERED).count(), ANSWERED.len());
    for setting in SETTINGS.iter() {
        let is_listed = OPTIONS.contains(&setting.option_name);
        assert_eq!(setting.option.is_some(), is_listed, "{}", setting.name);
    }
}

#[test]
fn every_limit_is_counted_at_one_setting() {
    for limit in Limit::ALL {
        let counted = SETTINGS.iter().filter(|setting| setting.met == Some(limit));
        assert_eq!(counted.count(), 1, "{limit:?}");
    }
}

#[test]
fn setting_an_option_changes_its_own_value_alone() {
    let before = NodeSettings::default();
    for setting in named(OPTIONS) {
        let new = match setting.stored(&before) {
            Value::Count(count) => Value::Count(count + 1),
            Value::Number(rate) => Value::Number(rate + 1.0),
            Value::Took(time) => Value::Took(time + Duration::from_secs(1)),
            Value::Flag(flag) => Value::Flag(!flag),
            other => panic!("{}: {other:?}", setting.name),
        };
        let after = with(setting, &new);
        assert_eq!(setting.stored(&after), new, "{}", setting.name);
        let others = SETTINGS.iter().filter(|other| other.name != setting.name);
        for other in others {
            assert_eq!(other.stored(&after), other.stored(&before), "{} and {}", setting.name, other.name);
        }
    }
}

#[test]
fn a_value_that_does_not_fit_changes_nothing() {
    let burst = setting("payload-burst").unwrap();
    for wrong in [Value::Count(1 << 40), Value::Flag(true), Value::None] {
        assert_eq!(with(burst, &wrong), NodeSettings::default(), "{wrong:?}");
    }
}

#[test]
fn a_limit_of_zero_has_no_value() {
    for (name, zero) in [
        ("connection-rate", Value::Count(0)),
        ("payload-rate", Value::Number(0.0)),
        ("introductions-per-minute", Value::Count(0)),
    ] {
        let setting = setting(name).unwrap();
        assert_eq!(setting.value(&with(setting, &zero)), Value::None, "{name}");
        assert_ne!(setting.value(&NodeSettings::default()), Value::None, "{name}");
    }
    let body = setting("max-body").unwrap();
    assert_eq!(body.value(&with(body, &Value::Count(0))), Value::Count(0));
}

#[test]
fn the_words_of_a_sentence_name_settings() {
    for sentence in SETTINGS.iter().filter_map(|setting| setting.sentence.as_ref()) {
        let Words::Text(text) = sentence.value else { continue };
        for part in text.split('{').skip(1) {
            let name = part.split('}').next().unwrap().trim_start_matches('#');
            assert!(setting(name).is_some(), "{text}");
        }
    }
}
