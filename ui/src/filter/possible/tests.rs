use clacks_p2p::core::QueuedMessage;
use proptest::prelude::*;

use super::*;
use crate::dashboard::log::{Direction, Row};

fn is_possible(text: &str, domain: Domain) -> bool {
    Filter::parse_for(text, domain).is_ok()
}

#[test]
fn what_a_waiting_message_never_is_holds_nothing() {
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
fn what_a_waiting_message_can_be_is_taken() {
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
fn what_no_row_of_the_traffic_is_shows_nothing() {
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

/// What is said of a filter, and where.
fn told(text: &str, domain: Domain) -> (String, String) {
    let error = Filter::parse_for(text, domain).unwrap_err();
    (error.to_string(), text[error.span].to_owned())
}

#[test]
fn what_never_matches_is_named() {
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

/// Whether a row is as one of this kind may be.
fn is_of(row: &Row, kind: &Kind) -> bool {
    let role = match row.direction {
        _ if row.peer.is_none() => Role::Nobody,
        Direction::In => Role::Sender,
        Direction::Out => Role::Receiver,
        Direction::Own | Direction::Note => Role::Subject,
    };
    let has_message = match kind.has_message {
        Has::Never => row.message.is_none(),
        Has::Maybe => true,
        Has::Always => row.message.is_some(),
    };
    let has_types =
        row.types.len() == kind.types.len() && row.types.iter().all(|one| kind.types.contains(one));
    has_types
        && has_message
        && (role == kind.peer || role == Role::Nobody)
        && (kind.has_status || row.status.is_none())
        && (kind.has_remote || row.remote.is_none())
}

#[test]
fn the_rows_of_the_traffic_are_those_that_events_make() {
    let rows = crate::dashboard::log::every_event::rows_of_every_event();
    for row in &rows {
        assert!(ROWS.iter().any(|kind| is_of(row, kind)), "no kind has {row:?}");
    }
    for kind in ROWS {
        let of_kind: Vec<_> = rows.iter().filter(|row| is_of(row, kind)).collect();
        assert!(!of_kind.is_empty(), "no event makes {kind:?}");
        let has = |part: fn(&Row) -> bool| of_kind.iter().any(|row| part(row));
        assert_eq!(has(|row| row.status.is_some()), kind.has_status, "{kind:?}");
        assert_eq!(has(|row| row.remote.is_some()), kind.has_remote, "{kind:?}");
        assert_eq!(has(|row| row.message.is_some()), kind.has_message != Has::Never, "{kind:?}");
        assert_eq!(has(|row| row.peer.is_some()), kind.peer != Role::Nobody, "{kind:?}");
    }
}

/// Filters that are often contradictory.
fn filters() -> impl Strategy<Value = String> {
    let terms = [
        "a",
        "ab",
        "b",
        "from:a",
        "from:b",
        "peer:a",
        "to:a",
        "type:in",
        "type:own",
        "type:message",
        "size>3",
        "size<4",
        "size=3",
        "ip:192.0.2.7",
        "ip:192.0.2.0/24",
        "status:lost",
        "re:/a+/",
    ];
    let term = (any::<bool>(), prop::sample::select(terms.to_vec()))
        .prop_map(|(is_negated, term)| format!("{}{term}", if is_negated { "!" } else { "" }));
    term.prop_recursive(3, 12, 3, |inner| {
        (any::<bool>(), prop::collection::vec(inner, 1..4), any::<bool>()).prop_map(
            |(is_negated, parts, is_choice)| {
                let parts = parts.join(if is_choice { " | " } else { " " });
                format!("{}({parts})", if is_negated { "!" } else { "" })
            },
        )
    })
}

proptest! {
    #[test]
    fn whatever_a_waiting_message_matches_is_not_refused(
        text in filters(),
        from in prop::option::of(prop::sample::select(vec!["a:1", "ab:1", "b:1", "c:1"])),
        message in prop::sample::select(vec!["a", "ab", "b", "x", "long text"]),
        remote in prop::option::of(prop::sample::select(vec!["192.0.2.7", "192.0.2.8", "203.0.113.1"])),
    ) {
        let queued = QueuedMessage {
            id: "1".parse().unwrap(),
            message: clacks_p2p::Message::text(message),
            since_ms: 0,
            visits: 1,
            from: from.map(|from| from.parse().unwrap()),
            place: remote.map(|remote| remote.parse().unwrap()),
        };
        let filter = Filter::parse(&text).unwrap();
        if filter.admits(&crate::hold::subject(&queued)) {
            prop_assert!(is_possible(&text, Domain::Queue), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_row_matches_is_not_refused(text in filters()) {
        let filter = Filter::parse(&text).unwrap();
        for row in crate::dashboard::log::every_event::rows_of_every_event() {
            if filter.admits(&row.subject()) {
                prop_assert!(is_possible(&text, Domain::Traffic), "{text}: {row:?}");
            }
        }
    }
}

#[test]
fn a_filter_with_many_alternatives_is_taken_in_a_moment() {
    let text = vec!["(a|b|c)"; 20].join(" ");
    assert!(is_possible(&text, Domain::Queue));
}
