use clacks_p2p::{Address, Message, core::Status};
use proptest::prelude::*;

use super::{domain::Type, error::Reason, parse::MAX_LENGTH, subject::Subject, *};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// The names of the test subjects that the filter matches: a received message, a sent one, a failure and a note.
fn admitted(filter: &str) -> String {
    let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let (tower, keep) = (address("tower-3:8443"), address("[2001:db8::1]:8080"));
    let gnu = Message::text("GNU Terry \"Pratchett\"");
    let chess = Message::from_json(r#"{"kind":"chess","move":"e4"}"#, 128).unwrap();
    let long = Message::text(&"x".repeat(1500));
    let subjects = [
        Subject::new(&[Type::In, Type::Message])
            .from(Some(&tower))
            .with_status(Some(Status::Alive))
            .with_message(Some(&gnu))
            .with_texts("", "visit 42"),
        Subject::new(&[Type::Out, Type::Message])
            .to(Some(&keep))
            .with_status(Some(Status::Alive))
            .with_message(Some(&chess))
            .with_texts("", "200 12 ms"),
        Subject::new(&[Type::Out, Type::Message, Type::Failed])
            .to(Some(&tower))
            .with_status(Some(Status::Lost))
            .with_message(Some(&long))
            .with_texts("connection refused", "refused"),
        Subject::new(&[Type::Note])
            .about(Some(&keep))
            .with_status(Some(Status::New))
            .with_texts("friend of x", ""),
    ];
    ["a", "b", "c", "d"]
        .into_iter()
        .zip(subjects)
        .filter(|(_, s)| filter.admits(s))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn an_address_matches_as_written_and_in_canonical_form() {
    for (sanitize_unpadded, filters) in [
        ("[2001:0DB8:0:0::A]:80", &["peer:2001:db8::a", "peer:0DB8", "from:[2001:db8::a]:80"][..]),
        ("[::FFFF:7f00:1]:9", &["peer:127.0.0.1", "from:127.0.0.1:9", "7f00"]),
        ("Tower.Example.org:1", &["peer:tower.example", "TOWER"]),
    ] {
        let peer = address(sanitize_unpadded);
        for filter in filters {
            let filter = Filter::parse(filter).unwrap();
            assert!(
                filter.admits(&Subject::new(&[Type::In]).from(Some(&peer))),
                "{sanitize_unpadded}: {filter:?}"
            );
        }
        assert!(!Filter::parse("peer:keep").unwrap().admits(&Subject::new(&[Type::In]).from(Some(&peer))));
    }
}

#[test]
fn each_term_matches_its_subjects() {
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
        ("visit", "a"),
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
        (r"re:/a\/b|^200 /", "b"),
    ] {
        assert_eq!(admitted(filter), wanted, "{filter}");
    }
}

#[test]
fn terms_combine_as_written() {
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
    ] {
        assert_eq!(admitted(filter), wanted, "{filter}");
    }
}

/// The error of a filter: the text with its span in brackets, and the message.
fn complaint(filter: &str) -> (String, String) {
    let error = Filter::parse(filter).unwrap_err();
    let (before, rest) = filter.split_at(error.span.start);
    let (about, after) = rest.split_at(error.span.len());
    (format!("{before}[{about}]{after}"), error.to_string())
}

#[test]
fn errors_have_a_position_and_a_reason() {
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
        ("status:gone x", "[status:gone] x", "a status is new, alive, lost, dead or ignored"),
        ("type:thing", "[type:thing]", "a type is in, out, own, "),
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
    ] {
        let (at, said) = complaint(filter);
        assert_eq!(at, pointed);
        assert!(said.starts_with(reason), "{filter}: {said}");
    }
}

#[test]
fn a_filter_is_bounded() {
    let long = "\u{20ac}".repeat(MAX_LENGTH);
    let error = Filter::parse(&long).unwrap_err();
    assert_eq!((error.span, error.reason), (999..3000, Reason::TooLong(MAX_LENGTH)));
    let deep = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Filter::parse(&deep(16)).is_ok());
    assert_eq!(Filter::parse(&deep(17)).unwrap_err().reason, Reason::TooDeep);
    assert!(Filter::parse(&format!("{}a", "!".repeat(MAX_LENGTH - 1))).is_ok());
    assert!(Filter::parse(&"x".repeat(MAX_LENGTH)).is_ok());
    let words = |number: usize| vec!["a"; number].join("|");
    assert!(Filter::parse(&words(64)).is_ok());
    let error = Filter::parse(&words(65)).unwrap_err();
    assert_eq!((error.span, error.reason), (128..129, Reason::TooMany(64)));
    // Each is within the limit, all together are not.
    let costly = |number: usize| vec![r"re:/\w{3}\d/"; number].join(" ");
    assert!(Filter::parse(&costly(1)).is_ok());
    assert_eq!(Filter::parse(&costly(60)).unwrap_err().reason, Reason::TooCostly);
}

#[test]
fn words_with_colons_are_text() {
    for word in ["localhost:8001", "http://x", "12:30", ":json", "a:b:c", "size", "re", "from", "sizes>1"] {
        let message = Message::text(&format!("see {word} there"));
        let filter = Filter::parse(word).unwrap();
        assert!(filter.admits(&Subject::default().with_message(Some(&message))), "{word}");
        assert!(!filter.admits(&Subject::default()), "{word}");
    }
}

#[test]
fn a_string_is_matched_decoded_and_only_at_its_start() {
    let holds = |json: &str, filter: &str| {
        let message = Message::from_json(json, 128).unwrap();
        Filter::parse(filter).unwrap().admits(&Subject::default().with_message(Some(&message)))
    };
    assert!(holds(r#""\u4e16\u754c says \"hello\"""#, "\u{4e16}\u{754c} \"says \\\"hello\""));
    assert!(holds(r#""STRA\u00dfE""#, "stra\u{1e9e}e"));
    let padded = |before: usize, text: &str| format!("\"{}{text}\"", "x".repeat(before));
    assert!(holds(&padded(16_000, "needle"), "needle"));
    assert!(!holds(&padded(16_384, "needle"), "needle"));
    // The cut falls into an escape.
    for before in 16_370..16_384 {
        assert!(holds(&padded(before, r"\ud83d\uddfc needle"), "re:/x{9}/ !needle"), "{before}");
    }
    assert!(holds(&format!("[{}\"\u{20ac}\"]", "1,".repeat(8191)), "1"));
}

/// A filter as a tree, and what it matches.
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

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error_with_a_valid_span(text in ".{0,60}") {
        check_typed(&text);
    }

    #[test]
    fn any_tokens_are_a_filter_or_an_error_with_a_valid_span(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "\"", "|", "(", ")", "!", " ", "\\", "/", ":", "from:", "status:", "type:", "size", ">", "1", "k",
                "re:/", "a", "\u{20ac}", "[", "lost", "own", "*",
            ]),
            0..24,
        )
    ) {
        check_typed(&parts.concat());
    }

    #[test]
    fn a_filter_matches_like_its_syntax_tree(wanted in wanted(), seen in prop::sample::subsequence(vec!["ant", "bee", "cat", "dog"], 0..=4)) {
        let filter = Filter::parse(&wanted.written()).unwrap();
        let text = seen.join(" ");
        let message = Message::text(&text);
        let subject = Subject::default().with_message(Some(&message));
        prop_assert_eq!(filter.admits(&subject), wanted.holds(&text), "{} on {:?}", filter.as_str(), text);
    }
}

fn check_typed(text: &str) {
    match Filter::parse(text) {
        Ok(filter) => {
            let again = Filter::parse(filter.as_str());
            assert_eq!(again.as_ref().map(Filter::as_str), Ok(filter.as_str()), "{text:?}");
            filter.admits(&Subject::new(&[Type::In]).with_texts(text, text));
        }
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{error:?} in {text:?}"),
    }
}

#[test]
fn every_example_of_the_grammar_is_a_filter() {
    for (example, _) in GRAMMAR {
        assert!(Filter::parse(example).is_ok(), "{example}");
    }
    let list = |names: &[&str]| {
        let (last, first) = names.split_last().unwrap();
        format!("{} or {last}", first.join(", "))
    };
    assert!(Reason::Type.to_string().contains(&list(&Type::ALL.map(Type::name))));
    assert!(Reason::Status.to_string().contains(&list(&Status::ALL.map(Status::name))));
}
