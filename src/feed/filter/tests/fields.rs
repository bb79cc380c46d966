use super::{super::*, clacks};
use crate::description::ListId;

fn starts(scope: Scope<'_>) -> Vec<String> {
    fields(scope).into_iter().map(|field| field.start).collect()
}

#[test]
fn the_fields_are_those_that_can_match() {
    let description = clacks::description();
    assert_eq!(
        starts(Scope::Traffic(description)).join(" "),
        "from: to: peer: ip: status: type: size> size< node: visits> took> http> of: was: rate> re:/"
    );
    let list = |name: &str| starts(Scope::List(description, clacks::list(name))).join(" ");
    assert_eq!(
        list("queue"),
        "from: peer: ip: type: size> size< node: text: since< visits> number> remote: re:/"
    );
    assert_eq!(
        list("peers"),
        "peer: ip: status: size> size< node: address: since< took> failed> proof: named: re:/"
    );
    assert_eq!(list("remotes"), "ip: node: re:/");
    assert_eq!(starts(Scope::List(description, ListId(9))).join(" "), "node: re:/");
}

#[test]
fn the_words_of_a_field_are_those_of_the_description() {
    let description = clacks::description();
    let values = |scope, name: &str| {
        let field = fields(scope).into_iter().find(|field| field.name == name);
        match field.unwrap_or_else(|| panic!("{name}")).values {
            Values::Words(words) => words.iter().map(Name::as_str).collect::<Vec<_>>().join(" "),
            values => format!("{values:?}"),
        }
    };
    let traffic = Scope::Traffic(description);
    assert_eq!(values(traffic, "status"), "new alive lost dead ignored claimed hand");
    assert_eq!(values(traffic, "was"), values(traffic, "status"));
    assert_eq!(values(traffic, "type"), "in out own note message announce refused failed dropped");
    assert_eq!(values(traffic, "of"), "Items(\"peers\")");
    assert_eq!(values(traffic, "to"), "Peers");
    assert_eq!(values(traffic, "took"), "Number");
    let queue = Scope::List(description, clacks::list("queue"));
    assert_eq!(values(queue, "type"), "in own message");
    let peers = Scope::List(description, clacks::list("peers"));
    assert_eq!((values(peers, "named"), values(peers, "proof")), ("yes no".to_owned(), "Text".to_owned()));
}

/// The part of a filter that completion replaces, and the field whose value it is.
fn completed(marked: &str) -> Option<(String, Option<String>)> {
    let description = clacks::description();
    let fields = fields(Scope::Traffic(description));
    let cursor = marked.find('^').unwrap();
    let text = marked.replacen('^', "", 1);
    let found = at_cursor(&text, cursor, &fields)?;
    Some((text[found.replaces].to_owned(), found.field.map(|field| field.name.to_string())))
}

#[test]
fn a_filter_is_completed_term_by_term() {
    for (marked, part, field) in [
        ("^", "", None),
        ("fr^", "fr", None),
        ("gnu !st^", "st", None),
        ("fr^:tower b", "fr:", None),
        ("fr^om:tower", "from:", None),
        ("gnu status:l^ b", "l", Some("status")),
        ("STATUS:l^ost", "lost", Some("status")),
        ("(was:^", "", Some("was")),
        ("took>1^0ms", "10ms", Some("took")),
        ("too^k>", "took>", None),
    ] {
        assert_eq!(completed(marked), Some((part.to_owned(), field.map(str::to_owned))), "{marked}");
    }
    for marked in ["\"the ty^", "re:/a|fr^", "from:^\"a\"", "nothing:of^"] {
        assert_eq!(completed(marked), None, "{marked}");
    }
}

#[test]
fn every_example_of_the_grammar_is_a_filter_that_can_match() {
    let description = clacks::description();
    let all = [description];
    let lists = description.lists().map(|(id, _)| Scope::List(description, id));
    for scope in lists.chain([Scope::Traffic(description), Scope::Any(&all)]) {
        for (example, does) in grammar(scope) {
            let filter = Filter::parse_for(&example, scope);
            assert!(filter.is_ok(), "{example}: {filter:?} for {}", scope.noun());
            assert!(!does.is_empty(), "{example}");
        }
        for field in fields(scope) {
            assert!(!field.does.is_empty() && field.start.starts_with(field.name.as_str()));
        }
    }
    let rows: Vec<_> = grammar(Scope::Traffic(description)).into_iter().map(|(example, _)| example).collect();
    for example in
        ["from:tower", "status:new", "type:in", "took>100ms", "visits>=3", "of:word", "re:/^gnu +[a-z]/"]
    {
        assert!(rows.iter().any(|row| row == example), "{example} in {rows:?}");
    }
    assert_eq!(
        in_short(Scope::Traffic(description)),
        "word \"two words\" from: to: peer: ip: status: type: size>1k took>100ms visits>=3 rate>2k of:word \
         re:/\u{2026}/ !not a|b (\u{2026})"
    );
    assert_eq!(
        in_short(Scope::List(description, clacks::list("remotes"))),
        "word \"two words\" ip: re:/\u{2026}/ !not a|b (\u{2026})"
    );
}

#[test]
fn many_names_are_not_all_listed_in_an_error() {
    let mut description = clacks::description().clone();
    let name = |number: usize| Name::new(&format!("type-{number}")).unwrap();
    description.types = (0..40).map(name).collect();
    let error = Filter::parse("type:x", Scope::Traffic(&description)).unwrap_err().to_string();
    assert!(
        error.starts_with("a type is in, out, own, note, type-0, ") && error.ends_with(" or one of 20 more")
    );
    description.statuses.clear();
    let error = Filter::parse("status:x", Scope::Traffic(&description)).unwrap_err().to_string();
    assert_eq!(error, "there are no statuses here");
}

#[test]
fn a_wrong_status_is_answered_with_the_statuses_of_the_list() {
    let mut description = clacks::description().clone();
    let held = description.list_id("held").unwrap();
    description.lists[held.index()].statuses = vec!["hand".into()];
    for (filter, named) in [("status:gone", "status"), ("by:gone", "by")] {
        let error = Filter::parse(filter, Scope::List(&description, held)).unwrap_err().to_string();
        assert_eq!(error, format!("a status is hand, as in {named}:hand"));
    }
    assert!(Filter::parse("status:new", Scope::List(&description, held)).is_ok(), "another list has it");
}

#[test]
fn only_a_filter_with_an_age_or_a_rate_changes_with_time() {
    let description = clacks::description();
    let queue = Scope::List(description, clacks::list("queue"));
    let changes = |text: &str, scope| Filter::parse(text, scope).unwrap().changes_with_time(scope);
    assert!(changes("since>1m", queue) && changes("gnu | !(x since<1h)", queue));
    assert!(!changes("gnu visits>1 size>2", queue));
    let traffic = Scope::Traffic(description);
    assert!(changes("rate>1", traffic) && !changes("took>1s", traffic));
}
