use proptest::prelude::*;

use super::*;
use crate::{Direction, Line, Row, Text, description::ListId};

mod any_description;
pub(super) mod clacks;
mod fields;
mod possible;
mod rows;

/// Which of the four lines of the fixture the filter matches, as the letters a to d.
fn admitted(filter: &str) -> String {
    let description = clacks::description();
    let filter = parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let admits = |(event, line): &(&str, Line)| {
        let event = description.event_id(event).unwrap();
        filter.admits(&Subject::of_line(description, event, line, clacks::NOW))
    };
    let lines = clacks::lines();
    ["a", "b", "c", "d"]
        .into_iter()
        .zip(&lines)
        .filter(|(_, line)| admits(line))
        .map(|(name, _)| name)
        .collect()
}

fn parse(filter: &str) -> Result<Filter, FilterError> {
    Filter::parse(filter, Scope::Traffic(clacks::description()))
}

fn admits_line(filter: &Filter, line: &Line) -> bool {
    let description = clacks::description();
    let event = description.event_id("message_received").unwrap();
    filter.admits(&Subject::of_line(description, event, line, clacks::NOW))
}

fn admits_row(filter: &str, list: &str, row: &Row) -> bool {
    let description = clacks::description();
    let list: ListId = clacks::list(list);
    let filter = Filter::parse(filter, Scope::List(description, list))
        .unwrap_or_else(|error| panic!("{filter}: {error}"));
    filter.admits(&Subject::of_row(description, list, row, clacks::NOW))
}

#[test]
fn a_peer_is_found_by_its_spelling_and_by_the_one_that_stands_for_all() {
    for (spelt, filters) in [
        (
            "[2001:0DB8:0:0::A]:80",
            &["peer:2001:db8::a", "peer:0DB8", "from:[2001:db8::a]:80", "peer=\"[2001:db8::0a]:80\""][..],
        ),
        ("[::FFFF:7f00:1]:9", &["peer:127.0.0.1", "from:127.0.0.1:9", "7f00"]),
        ("Tower.Example.org:1", &["peer:tower.example", "TOWER", "from=tower.example.org:1"]),
        ("T\u{dc}RM:1", &["peer=t\u{fc}rm:1"]),
    ] {
        let line = clacks::line(Direction::In, &[], Some(spelt));
        for filter in filters {
            assert!(admits_line(&parse(filter).unwrap(), &line), "{spelt}: {filter:?}");
        }
        for filter in ["peer:keep", "peer=\"[2001:db8::a]:8\"", "peer=\"\u{e9}\""] {
            assert!(!admits_line(&parse(filter).unwrap(), &line), "{spelt}: {filter}");
        }
    }
}

#[test]
fn each_term_lets_through_what_it_says() {
    for (filter, wanted) in [
        ("gnu", "a"),
        ("  GnU  ", "a"),
        ("terry gnu", "a"),
        ("gnu chess", ""),
        ("\"gnu terry\"", "a"),
        ("\"terry gnu\"", ""),
        (r#""terry \"pratchett\"""#, "a"),
        (r#""kind\":\"chess""#, "b"),
        (r#""back\slash""#, ""),
        ("refused", "c"),
        ("queued", "a"),
        ("from:tower", "a"),
        ("from:TOWER-3:8443", "a"),
        ("from:tower-3:84431", ""),
        ("to:tower", "c"),
        ("peer:tower", "ac"),
        ("peer:2001:db8", "bd"),
        ("peer:\"[2001\"", "bd"),
        ("tower-3:8443", "ac"),
        ("peer=\"tower-3:8443\"", "ac"),
        ("peer=TOWER-3:8443", "ac"),
        ("from=\"tower-3:8443\"", "a"),
        ("To=tower-3:8443", "c"),
        ("peer=tower-3:844", ""),
        ("peer=ower-3:8443", ""),
        ("peer=\"[2001:DB8:0::1]:8080\"", "bd"),
        ("!peer=tower-3:8443", "bd"),
        ("ip:192.0.2.0/24", "a"),
        ("ip:192.0.2.8", ""),
        ("status:alive", "ab"),
        ("Status:LOST", "c"),
        ("status:dead", ""),
        ("type:message", "abc"),
        ("type:in", "a"),
        ("type:out", "bc"),
        ("type:failed", "c"),
        ("type:note", "d"),
        ("type:peer", "d"),
        ("type:own", ""),
        ("size>1k", "c"),
        ("size>1.5k", "c"),
        ("size>1.502k", ""),
        ("size>=1502", "c"),
        ("size<200", "ab"),
        ("size:<200B", "ab"),
        ("size=28", "b"),
        ("size<=28", "ab"),
        ("size>1M", ""),
        ("re:/^gnu/", "a"),
        ("re:/^terry/", ""),
        ("re:/(?-i)gnu/", ""),
        ("re:/kind.*\"chess\"/", "b"),
        (r"re:/db8::1]:80\d\d$/", "bd"),
        (r"re:/a\/b|^delivered$/", "b"),
    ] {
        assert_eq!(admitted(filter), wanted, "{filter}");
    }
}

#[test]
fn the_fields_of_the_kinds_of_events_are_fields() {
    for (filter, wanted) in [
        ("visits=42", "a"),
        ("Visits:>=3", "a"),
        ("visits<3", ""),
        ("!visits<50", "bcd"),
        ("took>100ms", "c"),
        ("took<100ms", "b"),
        ("took=12ms", "b"),
        ("took>0", "bc"),
        ("http=200", "b"),
        ("http=404", ""),
        ("was:dead", "d"),
        ("was:new", ""),
        ("of:x-tower", "d"),
        ("of:\"tower:1\"", "d"),
        ("x-tower", "d"),
        ("rate>0.5", ""),
        ("took>10ms http=200", "b"),
        ("node:home", "abcd"),
        ("node:\"example.org\" gnu", "a"),
        ("node:keep", ""),
        ("net:clacks", "abcd"),
        ("net:other", ""),
        ("!net:clacks", ""),
    ] {
        assert_eq!(admitted(filter), wanted, "{filter}");
    }
}

#[test]
fn terms_are_put_together_as_written() {
    for (filter, wanted) in [
        ("!gnu", "bcd"),
        ("!!gnu", "a"),
        ("! gnu", "bcd"),
        ("!status:alive !type:note", "c"),
        ("gnu|chess", "ab"),
        ("type:out tower | gnu", "ac"),
        ("gnu | type:out tower", "ac"),
        ("type:out (tower | chess)", "bc"),
        ("!(gnu | chess)", "cd"),
        ("!gnu | gnu", "abcd"),
        ("!gnu chess", "b"),
        ("((gnu))", "a"),
        ("size<200 gnu", "a"),
        ("!size>1k", "abd"),
        ("gnu\"terry\"", "a"),
        ("\"|\"", ""),
        ("re:/a|b/ gnu", "a"),
        ("took>1s|visits>1", "ac"),
    ] {
        assert_eq!(admitted(filter), wanted, "{filter}");
    }
}

/// The part of a filter that its error is about, between brackets, and the error.
fn complaint(filter: &str) -> (String, String) {
    let error = parse(filter).unwrap_err();
    let (before, rest) = filter.split_at(error.span.start);
    let (about, after) = rest.split_at(error.span.len());
    (format!("{before}[{about}]{after}"), error.to_string())
}

#[test]
fn what_is_wrong_is_pointed_at_and_said() {
    for (filter, pointed, reason) in [
        ("", "[]", "something to look for is missing here; "),
        ("  ", "  []", "something to look for is missing here; "),
        ("gnu | ", "gnu | []", "something to look for is missing here; "),
        ("| gnu", "[]| gnu", "something to look for is missing here; "),
        ("gnu || x", "gnu |[]| x", "something to look for is missing here; "),
        ("gnu !", "gnu ![]", "something to look for is missing here; "),
        ("\"\"", "[\"\"]", "something to look for is missing here; "),
        ("()", "([])", "something to look for is missing here; "),
        ("gnu \"terry", "gnu [\"terry]", "the quotes are not closed; "),
        ("a (b | c", "a [(]b | c", "this parenthesis is not closed; "),
        ("smile :)", "smile :[)]", "there is no parenthesis to close; "),
        ("a from: b", "a [from:] b", "from: takes a part of an address, as in from:tower; "),
        ("to:|b", "[to:]|b", "to: takes a part of an address"),
        ("peer=", "[peer=]", "peer= takes a whole address, as in peer=\"tower:8080\"; "),
        ("to=\"\"", "[to=\"\"]", "to= takes a whole address"),
        ("ip:tower", "[ip:tower]", "ip: takes an IP address or a network"),
        (
            "status:gone x",
            "[status:gone] x",
            "a status is new, alive, lost, dead, ignored, claimed or hand, as in ",
        ),
        (
            "type:thing",
            "[type:thing]",
            "a type is in, out, own, note, message, announce, refused, failed or dropped",
        ),
        ("x size>big", "x [size>big]", "a size is written size>1k"),
        ("size>", "[size>]", "a size is written"),
        ("size:200", "[size:200]", "a size is written"),
        ("size>1.2.3k", "[size>1.2.3k]", "a size is written"),
        ("size>-1", "[size>-1]", "a size is written"),
        ("re: hello", "[re:] hello", "an expression is written re:/\u{2026}/"),
        ("re://", "[re://]", "an expression is written"),
        ("re:/a b", "[re:/a b]", "the expression is not closed"),
        ("x re:/(a/", "x re:/[(a]/", "the expression is not valid: unclosed group"),
        (r"re:/\w{900}/", r"re:/[\w{900}]/", "this is too costly to look for in every message; "),
        ("form:tower", "[form:tower]", "there is no field form:, but from: there is; "),
        ("stauts:lost", "[stauts:lost]", "there is no field stauts:, but status: there is"),
        ("\u{20ac}from:x", "[\u{20ac}from:x]", "there is no field \u{20ac}from:, but from: there is; "),
        ("node:", "[node:]", "node: takes a text, as in node:word; "),
        ("net:", "[net:]", "net: takes a text, as in net:word; "),
        ("x took>5", "x [took>5]", "took is a duration, as in took>100ms; "),
        ("took:fast", "[took:fast]", "took is a duration"),
        ("visits>many", "[visits>many]", "visits is a number, as in visits>=3"),
        ("rate>5ms", "[rate>5ms]", "rate is a number a second"),
        (
            "was:there",
            "[was:there]",
            "a status is new, alive, lost, dead, ignored, claimed or hand, as in was:new",
        ),
        ("of: x", "[of:] x", "of: takes a text, as in of:word; "),
        ("vists:3", "[vists:3]", "there is no field vists:, but visits: there is; "),
    ] {
        let (at, said) = complaint(filter);
        assert_eq!(at, pointed);
        assert!(said.starts_with(reason), "{filter}: {said}");
    }
}

#[test]
fn a_filter_is_bounded() {
    let long = "\u{20ac}".repeat(MAX_LENGTH);
    let error = parse(&long).unwrap_err();
    assert_eq!((error.span, error.reason), (999..3000, Reason::TooLong));
    let deep = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&deep(16)).is_ok());
    assert_eq!(parse(&deep(17)).unwrap_err().reason, Reason::TooDeep);
    assert!(parse(&format!("{}a", "!".repeat(MAX_LENGTH - 1))).is_ok());
    assert!(parse(&"x".repeat(MAX_LENGTH)).is_ok());
    let words = |number: usize| vec!["a"; number].join("|");
    assert!(parse(&words(64)).is_ok());
    let error = parse(&words(65)).unwrap_err();
    assert_eq!((error.span, error.reason), (128..129, Reason::TooMany(64)));
    // Each alone has room, all together have not.
    let costly = |number: usize| vec![r"re:/\w{3}\d/"; number].join(" ");
    assert!(parse(&costly(1)).is_ok());
    assert_eq!(parse(&costly(60)).unwrap_err().reason, Reason::TooCostly);
}

/// A message with this JSON.
fn message(json: impl Into<Text>) -> Line {
    Line { text: Some(json.into()), ..Line::default() }
}

#[test]
fn words_with_colons_are_text() {
    for word in [
        "localhost:8001",
        "http://x",
        "12:30",
        ":json",
        "a:b:c",
        "size",
        "re",
        "from",
        "sizes>1",
        "took",
        "x=5",
        "of=x",
        "was",
        "a>b",
        "->x",
        "name:x",
        "htp:x",
        "tok:x",
        "mode:x",
    ] {
        let filter = parse(word).unwrap();
        assert!(admits_line(&filter, &message(clacks::json(&format!("see {word} there")))), "{word}");
        assert!(!admits_line(&filter, &Line::default()), "{word}");
    }
}

#[test]
fn a_string_is_looked_at_as_it_reads_and_only_its_start() {
    let holds = |json: &str, filter: &str| admits_line(&parse(filter).unwrap(), &message(json));
    assert!(holds(r#""\u4e16\u754c says \"hello\"""#, "\u{4e16}\u{754c} \"says \\\"hello\""));
    assert!(holds(r#""STRA\u00dfE""#, "stra\u{1e9e}e"));
    assert!(holds(r#"she said "hello""#, "\"said \\\"hello\""), "text that is no JSON is searched as it is");
    let padded = |before: usize, text: &str| format!("\"{}{text}\"", "x".repeat(before));
    assert!(holds(&padded(16_000, "needle"), "needle"));
    assert!(!holds(&padded(16_384, "needle"), "needle"));
    // The cut falls into an escape.
    for before in 16_370..16_384 {
        assert!(holds(&padded(before, r"\ud83d\uddfc needle"), "re:/x{9}/ !needle"), "{before}");
    }
    assert!(holds(&format!("[{}\"\u{20ac}\"]", "1,".repeat(8191)), "1"));
}

#[test]
fn the_text_of_an_event_is_json_only_if_its_description_says_so() {
    let mut description = clacks::description().clone();
    let line = message(r#""hel\u006co""#);
    let admits = |description: &Description, event: u8, filter: &str| {
        let event = crate::description::EventId(event);
        parse(filter).unwrap().admits(&Subject::of_line(description, event, &line, clacks::NOW))
    };
    assert!(admits(&description, 0, "re:/^hello$/") && admits(&description, 255, "re:/^hello$/"));
    description.events[0].is_json = false;
    assert!(!admits(&description, 0, "hello") && admits(&description, 0, r"re:/^.hel\\u006co.$/"));
}

#[test]
fn a_subject_decodes_its_texts_once() {
    let description = clacks::description();
    let line = message(clacks::json("GNU"));
    let event = description.event_id("message_received").unwrap();
    let subject = Subject::of_line(description, event, &line, clacks::NOW);
    assert!(!subject.is_decoded());
    assert!(!parse("size>9").unwrap().admits(&subject) && !subject.is_decoded());
    assert!(parse("gnu").unwrap().admits(&subject) && subject.is_decoded());
    assert!(subject.clone().is_decoded());
}

/// A filter to be written down, and what it means.
#[derive(Debug, Clone)]
enum Wanted {
    Word(&'static str),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Wanted {
    fn written(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Not(inner) => format!("!({})", inner.written()),
            Self::All(terms) => terms.iter().map(Self::written_in_all).collect::<Vec<_>>().join(" "),
            Self::Any(choices) => choices.iter().map(Self::written).collect::<Vec<_>>().join("|"),
        }
    }

    fn written_in_all(&self) -> String {
        if matches!(self, Self::Any(_)) { format!("({})", self.written()) } else { self.written() }
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => text.contains(word),
            Self::Not(inner) => !inner.holds(text),
            Self::All(terms) => terms.iter().all(|term| term.holds(text)),
            Self::Any(choices) => choices.iter().any(|choice| choice.holds(text)),
        }
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let word = prop::sample::select(vec!["ant", "bee", "cat", "dog"]).prop_map(Wanted::Word);
    word.prop_recursive(4, 24, 3, |inner| {
        let several = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.clone().prop_map(|inner| Wanted::Not(Box::new(inner))),
            several().prop_map(Wanted::All),
            several().prop_map(Wanted::Any),
        ]
    })
}

/// Parts of filters.
const PARTS: [&str; 36] = [
    "\"", "|", "(", ")", "!", " ", "\\", "/", ":", "from:", "status:", "type:", "size", ">", "1", "k",
    "re:/", "a", "\u{20ac}", "[", "lost", "own", "*", "took", "ms", "<", "=", "visits", "was:", "of:",
    "node:", "ip:", "::1", "named:", "yes", "since",
];

proptest! {
    #[test]
    fn whatever_is_typed_is_a_filter_or_an_error_that_points_into_it(text in ".{0,60}") {
        check_typed(&text);
    }

    #[test]
    fn whatever_is_typed_of_the_language_is_one_too(
        parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..24)
    ) {
        check_typed(&parts.concat());
    }

    #[test]
    fn a_filter_means_what_it_was_written_for(
        wanted in wanted(), seen in prop::sample::subsequence(vec!["ant", "bee", "cat", "dog"], 0..=4)
    ) {
        let filter = parse(&wanted.written()).unwrap();
        let text = seen.join(" ");
        let line = message(clacks::json(&text));
        prop_assert_eq!(admits_line(&filter, &line), wanted.holds(&text), "{} on {:?}", filter, text);
    }
}

/// Checks a text for the traffic, a list and several networks: a filter reads back as itself, and `!` is its opposite;
/// an error points into the text.
pub(super) fn check_typed(text: &str) {
    let description = clacks::description();
    let descriptions = [description];
    let list =
        Scope::List(description, clacks::list(if text.len().is_multiple_of(2) { "queue" } else { "peers" }));
    for scope in [list, Scope::Traffic(description), Scope::Any(&descriptions)] {
        let parsed = Filter::parse(text, scope);
        let checked = parsed.and_then(|filter| {
            // The same for one network and for several.
            if !matches!(scope, Scope::Any(_)) {
                check_filter(&filter, scope, description);
            }
            filter.check_for(scope)
        });
        if let Err(error) = checked {
            assert!(text.get(error.span.clone()).is_some(), "{error:?} in {text:?}");
            assert!(!error.to_string().contains('\n') || text.contains('\n'), "{error}");
        }
    }
}

fn check_filter(filter: &Filter, scope: Scope<'_>, description: &Description) {
    let again = Filter::parse(&filter.to_string(), scope).unwrap();
    assert_eq!(again, *filter);
    // What is longer or deeper than a filter may be says nothing.
    let negated = Filter::parse(&format!("!({filter})"), scope).ok();
    let twice = Filter::parse(&format!("{filter} | ({filter}) ({filter})"), scope).ok();
    let lines = clacks::lines();
    let lines = lines.iter().map(|(event, line)| {
        Subject::of_line(description, description.event_id(event).unwrap(), line, clacks::NOW)
    });
    let (queued, peer) =
        (clacks::queued(1, "gnu", Some("tower:1")), clacks::peer("tower:1", &["alive", "claimed"]));
    let rows = [("queue", &queued), ("held", &queued), ("peers", &peer), ("remotes", &peer)];
    let rows = rows.map(|(list, row)| Subject::of_row(description, clacks::list(list), row, clacks::NOW));
    for subject in lines.chain(rows) {
        let admits = filter.admits(&subject);
        assert_eq!(again.admits(&subject), admits);
        assert!(negated.as_ref().is_none_or(|negated| negated.admits(&subject) != admits), "{filter}");
        assert!(twice.as_ref().is_none_or(|twice| twice.admits(&subject) == admits), "{filter}");
    }
}
