use super::*;
use crate::filter::Filter;

fn is_possible(text: &str, domain: Domain) -> bool {
    Filter::parse_for(text, domain).is_ok()
}

#[test]
fn impossible_filters_for_queued_messages_are_rejected() {
    for text in [
        "status:lost",
        "to:tower",
        "type:refused",
        "type:announce",
        "type:out",
        "type:in type:own",
        "type:own from:tower",
        "!type:message",
        "!type:in !type:own",
        "gnu status:alive",
        "status:alive | to:tower",
        "(gnu | chess) !type:message",
        "size>2G",
        "size<1",
        "size>1k size<200",
        "size=5 !size=5",
        "gnu !gnu",
        "GNU !gnu",
        "from:tower-3 !from:tower",
        "from:tower !peer:tower",
        "from:tower !tower",
        "\"gnu terry\" !gnu",
        "re:/a+/ !re:/a+/",
        "ip:192.0.2.7 ip:192.0.2.8",
        "ip:192.0.2.7 !ip:192.0.2.0/24",
    ] {
        assert!(Filter::parse(text).is_ok(), "{text}");
        assert!(!is_possible(text, Domain::Queue), "{text}");
    }
}

#[test]
fn possible_filters_for_queued_messages_are_accepted() {
    for text in [
        "gnu",
        "from:tower type:in",
        "peer:tower size>1k",
        "type:own",
        "!status:lost",
        "!to:tower",
        "!type:refused",
        "status:lost | gnu",
        "!(status:lost gnu)",
        "size>=1k size<=1k",
        "from:tower !from:tower-3",
        "from:tower from:other",
        "re:/a/ !re:/A/",
        "ip:192.0.2.0/24 !ip:192.0.2.7",
        "tower !from:tower",
    ] {
        assert!(is_possible(text, Domain::Queue), "{text}");
    }
}

#[test]
fn impossible_filters_for_the_traffic_are_rejected() {
    for text in [
        "type:in type:out",
        "type:announce type:message",
        "from:a to:b",
        "type:own status:alive",
        "status:lost status:dead",
        "status:lost !status:lost",
        "type:dropped !type:message",
        "type:announce size>1",
        "size>2G",
    ] {
        assert!(!is_possible(text, Domain::Traffic), "{text}");
    }
    for text in [
        "type:in type:refused",
        "type:out type:failed type:refused",
        "type:dropped type:own",
        "status:lost | status:dead",
        "status:lost !status:dead",
        "to:tower type:announce",
        "type:announce !size>1",
        "type:note peer:tower",
    ] {
        assert!(is_possible(text, Domain::Traffic), "{text}");
    }
}

/// The marked part of a filter, and the error.
fn told(text: &str, domain: Domain) -> (String, String) {
    let error = Filter::parse_for(text, domain).unwrap_err();
    (error.to_string(), text[error.span].to_owned())
}

#[test]
fn impossible_conditions_are_named() {
    let row = "no row of the traffic can match";
    for (text, said, span) in [
        ("size>2G", "size>2G; it is never true", "size>2G"),
        ("  gnu size<1", "size<1; it is never true", "size<1"),
        ("type:announce size>1", "both type:announce and size>1", "type:announce size>1"),
        ("gnu !(a | gnu)", "both gnu and !gnu", "gnu !(a | gnu"),
        ("\"a b\" from:x to:y", "both from:x and to:y", "from:x to:y"),
        (
            "type:in type:refused status:lost",
            "all of type:in type:refused status:lost",
            "type:in type:refused status:lost",
        ),
        ("size>2G | size<1", "size>2G; it is never true", "size>2G"),
    ] {
        assert_eq!(told(text, Domain::Traffic), (format!("{row} {said}"), span.to_owned()), "{text}");
    }
    for (text, said) in [
        ("gnu !gnu", "no waiting message can match both gnu and !gnu"),
        ("status:lost", "no waiting message can match status:lost; a message has text, "),
        ("gnu !type:message", "no waiting message can match !type:message; a message has "),
    ] {
        assert!(told(text, Domain::Queue).0.starts_with(said), "{text}: {:?}", told(text, Domain::Queue));
    }
    assert!(is_possible("type:announce type:failed type:refused", Domain::Traffic));
}

#[test]
fn a_filter_with_many_alternatives_is_checked_quickly() {
    let text = vec!["(a|b|c)"; 20].join(" ");
    assert!(is_possible(&text, Domain::Queue));
}
