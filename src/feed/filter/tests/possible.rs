use super::{super::*, clacks};

fn parse_for(text: &str, list: Option<&str>) -> Result<Filter, FilterError> {
    let description = clacks::description();
    let scope = match list {
        Some(list) => Scope::List(description, clacks::list(list)),
        None => Scope::Traffic(description),
    };
    assert!(Filter::parse(text, scope).is_ok(), "{text}");
    Filter::parse_for(text, scope)
}

fn is_possible(text: &str, list: Option<&str>) -> bool {
    parse_for(text, list).is_ok()
}

const QUEUE: Option<&str> = Some("queue");
const TRAFFIC: Option<&str> = None;

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
        "size>5G",
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
        "type:own peer:tower",
        "visits>3 visits<2",
        "visits<0",
        "since>1h since<1m",
        "text:gnu !gnu",
        "text:gnu !text:nu",
    ] {
        assert!(!is_possible(text, QUEUE), "{text}");
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
        "visits>2 visits<4",
        "!visits>2 !visits<=2",
        "since<1h since>59m",
        "gnu !text:gnu",
        "remote:192 !192",
    ] {
        assert!(is_possible(text, QUEUE), "{text}");
    }
}

#[test]
fn what_no_row_of_the_traffic_is_shows_nothing() {
    for text in [
        "type:in type:out",
        "type:in type:note",
        "from:a to:b",
        "type:own from:a",
        "type:in to:a",
        "status:lost !status:lost",
        "type:message !type:message",
        "size>5G",
        "took>1s visits>1",
        "took>1s took<1ms",
        "took=1s took>2s",
        "rate>1 rate<0.5",
        "of:tower visits=1",
        "was:lost !was:lost",
        "of:tower !of:tower",
        "node:a !node:a",
        "peer=a !peer=A",
    ] {
        assert!(!is_possible(text, TRAFFIC), "{text}");
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
        "took>1s http=404",
        "took>1s took<1001ms",
        "took=1s took>1.2s",
        "took>1s !visits>1",
        "rate>0.5 rate<0.6",
        "of:tower was:lost was:dead",
        "node:a",
    ] {
        assert!(is_possible(text, TRAFFIC), "{text}");
    }
}

#[test]
fn what_a_description_does_not_say_is_taken() {
    // Which types and statuses occur together, and which of them a direction has, is known to the network alone.
    for text in [
        "type:announce type:message",
        "type:own status:alive",
        "status:lost status:dead",
        "type:dropped !type:message",
        "type:announce size>1",
        "size<1",
    ] {
        assert!(is_possible(text, TRAFFIC), "{text}");
    }
}

#[test]
fn what_the_rows_of_a_list_never_are_is_refused() {
    for text in
        ["type:in", "type:message", "to:x", "named:yes named:no", "failed>1 failed<1", "from:a", "size>5G"]
    {
        assert!(!is_possible(text, Some("peers")), "{text}");
    }
    for text in
        ["status:alive status:claimed", "peer:a", "ip:::1", "!named:yes !named:no", "!type:in", "size<1"]
    {
        assert!(is_possible(text, Some("peers")), "{text}");
    }
    for text in ["status:new", "size>1", "peer:a"] {
        assert!(!is_possible(text, Some("remotes")), "{text}");
    }
}

/// What is said of a filter, and where.
fn told(text: &str, list: Option<&str>) -> (String, String) {
    let error = parse_for(text, list).unwrap_err();
    (error.to_string(), text[error.span].to_owned())
}

#[test]
fn what_never_matches_is_named() {
    let row = "no row of the traffic can match";
    for (text, said, span) in [
        ("size>5G", "size>5G; it is never true", "size>5G"),
        ("  gnu size<0", "size<0; it is never true", "size<0"),
        ("type:own from:x", "both type:own and from:x", "type:own from:x"),
        ("gnu !(a | gnu)", "both gnu and !gnu", "gnu !(a | gnu"),
        ("\"a b\" from:x to:y", "both from:x and to:y", "from:x to:y"),
        ("took>1s visits>3", "both took>1s and visits>3", "took>1s visits>3"),
        (
            "x !type:in !type:out !type:own !type:note",
            "all of x !type:in !type:out !type:own !type:note",
            "x !type:in !type:out !type:own !type:note",
        ),
        ("size>5G | size<0", "size>5G; it is never true", "size>5G"),
    ] {
        assert_eq!(told(text, TRAFFIC), (format!("{row} {said}"), span.to_owned()), "{text}");
    }
    let has = "a message has text, from:, peer:, ip:, type:, size, text:, since, visits, number and remote:";
    for (text, said) in [
        ("gnu !gnu", "no message can match both gnu and !gnu".to_owned()),
        ("status:lost", format!("no message can match status:lost; {has}")),
        ("gnu !type:message", format!("no message can match !type:message; {has}")),
    ] {
        assert_eq!(told(text, QUEUE).0, said, "{text}");
    }
}

#[test]
fn a_filter_with_many_alternatives_is_taken_in_a_moment() {
    let text = vec!["(a|b|c)"; 20].join(" ");
    assert!(is_possible(&text, QUEUE));
    let text = ["(type:in|type:out|type:own|visits>1)"; 4].join(" ");
    assert!(is_possible(&text, TRAFFIC));
}
