use super::{super::*, admits_row, clacks};
use crate::{
    Key, Order, Row, Statuses, Value,
    description::{EventId, EventSpec, Field, ListId, ListSpec, Role, StatusSpec, Tone},
};

#[test]
fn a_rule_sees_the_text_the_sender_and_the_size() {
    let holds = |filter: &str, from: Option<&str>, text: &str| {
        admits_row(filter, "queue", &clacks::queued(17, text, from))
    };
    assert!(holds("gnu", None, "GNU Terry Pratchett") && !holds("gnu", None, "hello"));
    assert!(holds("from:rude", Some("rude-tower:1"), "x") && !holds("from:rude", Some("tower:1"), "rude"));
    assert!(!holds("from:rude", None, "rude"));
    assert!(holds("from=RUDE:1", Some("rude:1"), "x") && !holds("from=rude:1", Some("rude:12"), "x"));
    assert!(holds("size>10", None, "a long message") && !holds("size>10", None, "short"));
    assert!(holds("type:own", None, "x") && !holds("type:own", Some("tower:1"), "x"));
    assert!(holds("type:in peer:tower", Some("tower:1"), "x") && !holds("type:in", None, "x"));
    assert!(holds("type:message", None, "x") && !holds("type:announce", None, "x"));
    assert!(holds("ip:192.0.2.7", Some("tower:1"), "x") && !holds("ip:192.0.2.7", None, "x"));
    assert!(holds("rude", Some("rude-tower:1"), "x"), "a word is searched in the address as well");
    assert!(!holds("17", None, "x"), "a number of a message is no text");
    assert!(!holds("192", Some("tower:1"), "x") && holds("remote:192", Some("tower:1"), "x"));
    assert!(holds("number=17 since>59s since<61s visits<2", None, "x"));
    assert!(holds("text:gnu", None, "gnu") && !holds("text:tower", Some("tower:1"), "gnu"));
    assert!(!holds("status:alive", None, "alive"));
}

#[test]
fn the_size_of_a_text_that_is_cut_is_that_of_the_whole_text() {
    let mut row = clacks::queued(1, "abc", None);
    row.cells[0] = Value::Text("\"abc".into(), 9000);
    assert!(admits_row("size=9k re:/^abc$/", "queue", &row));
    row.cells[0] = Value::None;
    assert!(admits_row("size=5", "queue", &row), "without a text there is the column of this name");
}

#[test]
fn peers_are_found_by_key_status_and_columns() {
    let row = clacks::peer("Tower.example.org:80", &["alive", "claimed"]);
    for filter in [
        "tower",
        "peer:tower",
        "peer=tower.example.org:80",
        "address:example",
        "status:alive status:claimed",
        "since>60m",
        "since=61m",
        "took<10ms",
        "failed=0",
        "proof:answered",
        "named:yes",
        "!named:no",
        "!type:in",
        "!ip:0.0.0.0/0",
    ] {
        assert!(admits_row(filter, "peers", &row), "{filter}");
    }
    for filter in ["keep", "status:dead", "failed>0", "named:no", "from:tower", "type:message", "size>100"] {
        assert!(!admits_row(filter, "peers", &row), "{filter}");
    }
    let row = clacks::peer("192.0.2.7:80", &[]);
    assert!(admits_row("ip:192.0.2.0/24", "peers", &row));
    let remote = Row { cells: [Value::text("2001:db8::1".into())].into(), ..row };
    assert!(admits_row("ip:2001:db8::/32", "remotes", &remote));
    assert!(!admits_row("ip:192.0.2.7", "remotes", &remote));
}

#[test]
fn a_column_of_statuses_is_a_field() {
    let mut held = clacks::queued(1, "x", None);
    held.cells = held.cells.iter().cloned().chain([Value::Status(clacks::status("hand"))]).collect();
    assert!(admits_row("by:hand status:hand", "held", &held));
    assert!(!admits_row("by:new | status:new", "held", &held));
}

/// Two networks whose events have a field of the same name with values of different kinds.
fn two_networks() -> [Description; 2] {
    let mut first = Description::new("first".into(), "one".into());
    first.statuses = vec![StatusSpec::new("up", 'U', Tone::Good, "it is up")];
    first.events = vec![
        EventSpec::new("sent", "it was sent").fields([Field::new("time", Kind::Took)]),
        EventSpec::new("counted", "it was counted")
            .fields([Field::new("time", Kind::Count), Field::new("note", Kind::Text)]),
        EventSpec::new("flagged", "it was flagged").fields([Field::new("note", Kind::Flag)]),
        EventSpec::new("rated", "it was rated").fields([Field::new("note", Kind::Ratio)]),
    ];
    let mut second = Description::new("second".into(), "two".into());
    second.statuses = ["other", "up"].map(|name| StatusSpec::new(name, 'o', Tone::Good, "a status")).into();
    second.types = vec!["special".into()];
    second.events = vec![EventSpec::new("x", "x").fields([Field::new("of", Kind::Text)])];
    [first, second]
}

/// Lists whose columns have names with a meaning, but values of other kinds than those of clacks.
fn address_book() -> Description {
    let mut book = Description::new("book".into(), "a book".into());
    let column = |name, kind| Field::new(name, kind);
    book.lists = vec![
        ListSpec::new("members", "member", "members", Role::Peers).columns([
            column("name", Kind::Text),
            column("identity", Kind::Id),
            column("other", Kind::Text),
        ]),
        ListSpec::new("known", "known address", "known addresses", Role::Other).columns([
            column("from", Kind::Text),
            column("peer", Kind::Id),
            column("ip", Kind::Text),
            column("member", Kind::Ref("members".into())),
            column("known", Kind::Ref("known".into())),
        ]),
    ];
    book.check().unwrap();
    book
}

#[test]
fn columns_are_peers_by_their_list_their_kind_or_their_name() {
    let book = address_book();
    let admits = |filter: &str, list: u8, cells: &[&str]| {
        let scope = Scope::List(&book, ListId(list));
        let columns = &book.lists[usize::from(list)].columns;
        let cells = columns.iter().zip(cells).map(|(column, text)| match column.kind {
            Kind::Ref(_) => Value::Ref(Key::new(text)),
            _ => Value::text((*text).into()),
        });
        let row = Row { key: Key::new("the key"), order: Order::default(), cells: cells.collect() };
        let filter = Filter::parse_for(filter, scope).unwrap();
        filter.admits(&Subject::of_row(&book, ListId(list), &row, clacks::NOW))
    };
    let member = ["bob", "pmn1xyz", "elsewhere"];
    for filter in ["peer:bob", "peer:pmn1", "peer:key", "key", "peer=\"The Key\"", "peer=bob"] {
        assert!(admits(filter, 0, &member), "{filter}");
    }
    assert!(!admits("peer:elsewhere", 0, &member) && admits("elsewhere", 0, &member));
    let known = ["sub", "p1", "192.0.2.7", "bob", "loop"];
    for filter in
        ["from:sub", "peer:sub", "peer:p1", "peer:bob", "ip:192.0.2.7", "from=SUB", "member:bob", "loop"]
    {
        assert!(admits(filter, 1, &known), "{filter}");
    }
    for filter in ["peer:loop", "peer:192", "peer:key", "key", "from:p1"] {
        assert!(!admits(filter, 1, &known), "{filter}");
    }
    let hint = Filter::parse_for("size<0", Scope::List(&book, ListId(1))).unwrap_err().to_string();
    let has = "a known address has text, from:, peer:, ip:, size, member: and known:";
    assert_eq!(hint, format!("no known address can match size<0; {has}"));
}

fn line_of(values: Vec<Value>) -> crate::Line {
    crate::Line { values, ..crate::Line::default() }
}

#[test]
fn a_value_is_read_as_each_kind_of_events_has_it() {
    let [first, _] = two_networks();
    let scope = Scope::Traffic(&first);
    let admits = |filter: &str, event: u8, value: Vec<Value>| {
        let line = line_of(value);
        let filter = Filter::parse_for(filter, scope).unwrap();
        filter.admits(&Subject::of_line(&first, EventId(event), &line, clacks::NOW))
    };
    let minutes = || vec![Value::Took(std::time::Duration::from_secs(360))];
    assert!(admits("time>5m", 0, minutes()), "five minutes");
    assert!(!admits("time>5m", 1, vec![Value::Count(360)]), "five million");
    assert!(admits("time>5m", 1, vec![Value::Count(6_000_000)]));
    assert!(admits("time>5", 1, vec![Value::Count(6)]) && !admits("time>5", 0, minutes()));
    let text = |text: &str| vec![Value::None, Value::text(text.into())];
    assert!(
        admits("note:yes", 2, vec![Value::Flag(true)]) && !admits("note:yes", 2, vec![Value::Flag(false)])
    );
    assert!(admits("note:yes", 1, text("o yes")) && !admits("note:yes", 1, text("no")));
    assert!(!admits("note:other", 2, vec![Value::Flag(true)]) && admits("note:other", 1, text("another")));
    assert!(Filter::parse("time>x", scope).is_err());
    let ratio = || vec![Value::Number(0.5)];
    assert!(admits("note>40%", 3, ratio()) && !admits("note:>40%", 3, ratio()));
    assert!(admits("note:>40%", 1, text("now >40%")), "behind a colon a comparison can be text");
    assert!(Filter::parse_for("note>140%", scope).is_err() && Filter::parse_for("note<=100%", scope).is_ok());
}

#[test]
fn a_filter_for_several_networks_goes_by_names() {
    let [first, second] = two_networks();
    let both = [&first, &second];
    let scope = Scope::Any(&both);
    let up = Filter::parse_for("status:up", scope).unwrap();
    let line = |id: u8| crate::Line { status: Statuses(1 << id), ..crate::Line::default() };
    let admits = |filter: &Filter, description, line: &crate::Line| {
        filter.admits(&Subject::of_line(description, EventId(0), line, clacks::NOW))
    };
    assert!(admits(&up, &first, &line(0)));
    assert!(admits(&up, &second, &line(1)) && !admits(&up, &second, &line(0)));
    let special = Filter::parse_for("type:special", scope).unwrap();
    let typed = crate::Line { types: crate::Types(1), ..crate::Line::default() };
    assert!(admits(&special, &second, &typed) && !admits(&special, &first, &typed));
    let of = Filter::parse_for("of:gnu | time>3s", scope).unwrap();
    assert!(admits(&of, &second, &line_of(vec![Value::text("GNU".into())])));
    assert!(!admits(&of, &first, &line_of(vec![Value::text("GNU".into())])));
    assert!(Filter::parse_for("of:gnu time>3s", scope).is_err(), "no network has both");
    assert!(Filter::parse_for("status:other type:special", scope).is_ok());
    assert!(Filter::parse("status:other", Scope::Traffic(&first)).is_err());
    assert!(Filter::parse_for("gnu", Scope::Any(&[])).is_err());
}

#[test]
fn a_filter_still_means_the_same_if_the_description_changes() {
    let [_, mut second] = two_networks();
    let filter = Filter::parse("status:up type:special", Scope::Traffic(&second)).unwrap();
    second.statuses.reverse();
    second.types.insert(0, "first".into());
    let line = crate::Line { status: Statuses(1), types: crate::Types(2), ..crate::Line::default() };
    assert!(filter.admits(&Subject::of_line(&second, EventId(0), &line, clacks::NOW)));
    second.statuses.pop();
    second.statuses.pop();
    assert!(!filter.admits(&Subject::of_line(&second, EventId(0), &line, clacks::NOW)));
}

#[test]
fn a_row_or_line_that_does_not_fit_its_description_matches_nothing_wrong() {
    let description = clacks::description();
    let filter = |text: &str| Filter::parse(text, Scope::List(description, ListId(1))).unwrap();
    let short = Row { key: Key::new("a"), order: Order::default(), cells: Box::default() };
    for list in [ListId(1), ListId(31)] {
        let subject = Subject::of_row(description, list, &short, clacks::NOW);
        for text in ["a", "since<1h", "text:a", "from:a", "ip:::/0", "size>0", "status:new"] {
            assert!(!filter(text).admits(&subject), "{text}");
        }
    }
    let wrong = Row { cells: vec![Value::Flag(true); 7].into(), ..short };
    let subject = Subject::of_row(description, ListId(1), &wrong, clacks::NOW);
    for text in ["since<1h", "text:a", "from:a", "ip:::/0", "size>0"] {
        assert!(!filter(text).admits(&subject), "{text}");
    }
}

#[test]
fn the_receiver_of_a_message_is_one() {
    let mut description = clacks::description().clone();
    let columns = ["from", "to"].map(|name| Field::new(name, Kind::Ref("peers".into())));
    description.lists.push(ListSpec::new("post", "letter", "letters", Role::Messages).columns(columns));
    let list = description.list_id("post").unwrap();
    let admits = |filter: &str, cells: [Value; 2]| {
        let row = Row { key: Key::new("1"), order: Order::default(), cells: cells.into() };
        let filter = Filter::parse_for(filter, Scope::List(&description, list)).unwrap();
        filter.admits(&Subject::of_row(&description, list, &row, clacks::NOW))
    };
    let to = || [Value::None, Value::Ref("tower:1".into())];
    assert!(admits("to:tower type:out peer:tower to=tower:1", to()));
    assert!(!admits("from:tower", to()));
    assert!(admits("type:own !peer:tower", [Value::None, Value::None]));
}
