//! Text patterns with a bounded search cost.
//!
//! A pattern is compiled to a DFA that takes one step per byte, so no pattern is slow to match. A pattern whose DFA
//! would be too large or too slow to build is rejected.

use std::{fmt, sync::Arc};

use regex_automata::{
    Input,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson::{self, NFA, WhichCaptures},
    util::syntax,
};

use super::error::Reason;

/// Most bytes of all automata of a filter.
pub(super) const MAX_AUTOMATA: usize = 2 << 20;
/// Most bytes of what an automaton is made from.
const MAX_COMPILED: usize = 256 << 10;
/// What making an automaton may take: bytes of the sets that its states stand for, times the classes of bytes that it
/// tells apart.
const MAX_WORK: usize = 16 << 20;

/// A compiled text pattern. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pattern {
    automaton: Arc<dense::DFA<Vec<u32>>>,
    source: Arc<Source>,
}

/// What a pattern was made from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// A text, in small letters.
    Literal(String),
    Expression(String),
}

impl Pattern {
    /// Compiles a regular expression to a DFA of at most `max_bytes` bytes. Matching ignores letter case. Word
    /// boundaries are those between ASCII characters.
    ///
    /// Errors: [`Reason::Expression`] for an invalid expression, [`Reason::TooCostly`] beyond a limit.
    pub(super) fn new(expression: &str, max_bytes: usize) -> Result<Self, Reason> {
        Self::compile(expression, Source::Expression(expression.to_owned()), max_bytes)
    }

    fn compile(expression: &str, source: Source, max_bytes: usize) -> Result<Self, Reason> {
        let any_case = syntax::Config::new().case_insensitive(true);
        let parsed = syntax::parse_with(&with_ascii_boundaries(expression), &any_case)
            .map_err(|error| Reason::Expression(brief(&error.to_string())))?;
        let limits =
            thompson::Config::new().nfa_size_limit(Some(MAX_COMPILED)).which_captures(WhichCaptures::None);
        let compiled =
            NFA::compiler().configure(limits).build_from_hir(&parsed).map_err(|_| Reason::TooCostly)?;
        let classes = compiled.byte_classes().alphabet_len();
        let limits = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            // Skipping to the next byte of a kind is slower than steps where that is the next one each time.
            .accelerate(false)
            .dfa_size_limit(Some(max_bytes))
            .determinize_size_limit(Some(MAX_WORK / classes));
        match dense::Builder::new().configure(limits).build_from_nfa(&compiled) {
            Ok(automaton) => Ok(Self { automaton: Arc::new(automaton), source: Arc::new(source) }),
            Err(error) if error.is_size_limit_exceeded() => Err(Reason::TooCostly),
            Err(_) => Err(Reason::Expression("write \\b or \\B for a word boundary".to_owned())),
        }
    }

    /// Compiles a pattern that matches this text anywhere, ignoring letter case. Errors if the DFA exceeds
    /// `max_bytes`.
    pub(super) fn literal(text: &str, max_bytes: usize) -> Result<Self, Reason> {
        Self::compile(&escape(text), Source::Literal(text.to_lowercase()), max_bytes)
    }

    /// Whether every text that this matches is known to be one that the other matches as well.
    pub(super) fn implies(&self, wide: &Self) -> bool {
        match (&*self.source, &*wide.source) {
            // Letters outside ASCII can have more than two cases.
            (Source::Literal(narrow), Source::Literal(wide)) if narrow.is_ascii() && wide.is_ascii() => {
                narrow.contains(wide)
            }
            (narrow, wide) => narrow == wide,
        }
    }

    /// Whether it matches anywhere. Takes one step a byte.
    pub(super) fn is_match(&self, text: &str) -> bool {
        // An automaton without bytes at which it gives up never fails.
        matches!(self.automaton.try_search_fwd(&Input::new(text).earliest(true)), Ok(Some(_)))
    }

    /// Memory of the DFA in bytes.
    pub(super) fn size(&self) -> usize {
        self.automaton.memory_usage()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("bytes", &self.size()).finish()
    }
}

/// The expression with word boundaries of ASCII: for others an automaton would have to know the characters around.
fn with_ascii_boundaries(expression: &str) -> String {
    let mut written = String::with_capacity(expression.len());
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        match (character, (character == '\\').then(|| characters.next()).flatten()) {
            ('\\', Some(boundary @ ('b' | 'B'))) => {
                written.extend(["(?-u:\\", boundary.encode_utf8(&mut [0; 4]), ")"]);
            }
            (character, escaped) => {
                written.push(character);
                written.extend(escaped);
            }
        }
    }
    written
}

/// The characters with a meaning in an expression. A backslash before `<` and `>` would be a word boundary.
const META: &str = r"\.+*?()|[]{}^$#&-~";

/// The expression that matches this text alone.
fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        written.extend(META.contains(character).then_some('\\'));
        written.push(character);
    }
    written
}

/// What is wrong, out of a message of several lines that points at the place in ASCII.
fn brief(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "compares times of patterns")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn pattern(expression: &str) -> Result<Pattern, Reason> {
        Pattern::new(expression, MAX_AUTOMATA)
    }

    /// The shortest of some rounds, as others use the machine as well.
    fn time_of(pattern: &Pattern, texts: &[String]) -> Duration {
        let round = || {
            let began = Instant::now();
            texts.iter().for_each(|text| _ = std::hint::black_box(pattern.is_match(text)));
            began.elapsed()
        };
        (0..5).map(|_| round()).min().unwrap_or_default()
    }

    #[test]
    fn usual_expressions_are_patterns_and_find_what_they_say() {
        for (expression, found, not_found) in [
            ("^gnu +[a-z]", "GNU  terry", "a gnu terry"),
            (r"\w+@\w+", "me@tower", "me @tower"),
            (r"\bgnu\b", "a gnu.", "gnus"),
            (r"\Bnu", "gnu", "nu"),
            (r"\\b", r"a\b", "ab"),
            (r"^\p{L}{2,10} \d+$", "\u{df}a 12", "12 a"),
            (".*foo.*bar|baz", "Foo Bar", "bar foo"),
            ("[^ ]+://[^ ]+", "http://x", "http: //x"),
            (r"(?-i)gnu", "gnu", "GNU"),
            ("stra\u{df}e", "STRA\u{1e9e}E", "strasse"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d", "2026-01-02T03:04", "2026-1-2"),
            ("a.c", "a\u{1f600}c", "ac"),
            ("", "", "-"),
        ] {
            let pattern = pattern(expression).unwrap_or_else(|reason| panic!("{expression}: {reason}"));
            assert!(pattern.is_match(found), "{expression} in {found}");
            assert!(expression.is_empty() || !pattern.is_match(not_found), "{expression} not in {not_found}");
        }
    }

    #[test]
    fn a_literal_finds_itself_whatever_its_characters_are() {
        for character in (' '..='~').chain(['\u{e9}', '\u{4e16}']) {
            let text = format!("a{character}b");
            let pattern = Pattern::literal(&text, MAX_AUTOMATA).unwrap();
            assert!(pattern.is_match(&format!("x{text}y")), "{text}");
            assert!(!pattern.is_match("ab") && !pattern.is_match("a\u{1}b"), "{text}");
        }
    }

    #[test]
    fn an_expression_is_refused_or_as_quick_as_a_plain_word() {
        let texts = ["a", "ab", "x", "aaaaaaaaab", "\u{e9}\u{4e16}", "a b\tc ", "0123456789", "\\\"'/"]
            .map(|part| part.repeat((16 << 10) / part.len()));
        let plain = time_of(&pattern("gnu terry pratchett").unwrap(), &texts);
        let expensive = [
            r"(?-u)(?:a?){900}b",
            "(?:a?){100}b",
            "(a|a)*b",
            "(a*)*b",
            "(a|aa)+$",
            "(x+x+)+y",
            ".*.*.*=.*",
            r"\w{20}",
            r"\w{60}",
            r"\w{900}",
            r"(\w+\s?)+$",
            r"[a-z]{200}x",
            "(?:a|b|ab)*c{30}",
            "(a|b)*a(a|b){8}",
            "(a|b)*a(a|b){30}",
            r"(?s).{400}b",
            r"(\d+\D+){9}",
            "(?:(?:(?:a?){9}){9}){9}b",
            r"\p{L}+\p{N}+\p{P}+",
            r"[\w\W]{50}",
            "a{1000}",
            "(?:ab?){300}c",
            r"(^|\s)(a|b|c)*($|\s)",
            r"[^a]*a[^a]{10}b",
            "x*y*z*a*b*c*d*",
        ];
        let mut refused = 0;
        for expression in expensive {
            match pattern(expression) {
                Err(reason) => {
                    refused += 1;
                    assert_eq!(reason, Reason::TooCostly, "{expression}");
                }
                Ok(pattern) => {
                    let took = time_of(&pattern, &texts);
                    assert!(took < plain * 10, "{expression}: {took:?}, a word {plain:?}");
                    assert!(pattern.size() <= MAX_AUTOMATA, "{expression}");
                }
            }
        }
        assert!((3..expensive.len() - 5).contains(&refused), "{refused} are refused");
    }

    #[test]
    fn making_an_automaton_is_bounded_as_well() {
        let time_of = |expression: &str| {
            let began = Instant::now();
            let made = pattern(expression);
            (began.elapsed(), made.is_ok())
        };
        let (usual, is_made) = (0..3).map(|_| time_of(r"\w+@\w+")).min().unwrap();
        assert!(is_made);
        for expression in
            [r"\w{60}", r"(\w|\d|\s){90}", r"(?s).{400}b", "(a|b)*a(a|b){30}", r"(?-u)(?:a?){900}b"]
        {
            let (took, _) = time_of(expression);
            assert!(took < usual * 200, "{expression}: {took:?}, a usual one {usual:?}");
        }
    }
}
