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

/// Maximum size of all DFAs of a filter in bytes.
pub(crate) const MAX_AUTOMATA: usize = 2 << 20;
/// Maximum size of a compiled NFA in bytes.
const MAX_COMPILED: usize = 256 << 10;
/// Maximum work of building a DFA: bytes of its state sets times its number of byte classes.
const MAX_WORK: usize = 16 << 20;

/// A compiled text pattern. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pattern {
    automaton: Arc<dense::DFA<Vec<u32>>>,
    source: Arc<Source>,
}

/// The source of a pattern.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// A text in lower case.
    Literal(String),
    Expression(String),
}

impl Pattern {
    /// Compiles a regular expression to a DFA of at most `max_bytes` bytes. Matching ignores letter case. Word
    /// boundaries are those between ASCII characters.
    ///
    /// Errors: [`Reason::Expression`] for an invalid expression, [`Reason::TooCostly`] beyond a limit.
    pub(crate) fn new(expression: &str, max_bytes: usize) -> Result<Self, Reason> {
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
            // Acceleration would be slower for texts in which the searched bytes are frequent.
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
    pub(crate) fn literal(text: &str, max_bytes: usize) -> Result<Self, Reason> {
        Self::compile(&regex::escape(text), Source::Literal(text.to_lowercase()), max_bytes)
    }

    /// Whether every text that this pattern matches is known to match the other one too.
    pub(crate) fn implies(&self, wide: &Self) -> bool {
        match (&*self.source, &*wide.source) {
            // Letters outside ASCII can have more than two cases.
            (Source::Literal(narrow), Source::Literal(wide)) if narrow.is_ascii() && wide.is_ascii() => {
                narrow.contains(wide)
            }
            (narrow, wide) => narrow == wide,
        }
    }

    /// Whether the pattern matches anywhere. Takes one step per byte.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        // The DFA has no quit bytes, so the search cannot fail.
        matches!(self.automaton.try_search_fwd(&Input::new(text).earliest(true)), Ok(Some(_)))
    }

    /// Memory of the DFA in bytes.
    pub(crate) fn size(&self) -> usize {
        self.automaton.memory_usage()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("bytes", &self.size()).finish()
    }
}

/// Replaces word boundaries by ASCII ones, because Unicode boundaries need the surrounding characters.
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

/// The reason from the parser's message, which has several lines and marks the position.
fn brief(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn pattern(expression: &str) -> Result<Pattern, Reason> {
        Pattern::new(expression, MAX_AUTOMATA)
    }

    /// The shortest of several measurements, because other processes use the machine too.
    fn time_of(pattern: &Pattern, texts: &[String]) -> Duration {
        let round = || {
            let began = Instant::now();
            texts.iter().for_each(|text| _ = std::hint::black_box(pattern.is_match(text)));
            began.elapsed()
        };
        (0..5).map(|_| round()).min().unwrap_or_default()
    }

    #[test]
    fn common_expressions_compile_and_match() {
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
    fn an_expression_is_rejected_or_as_fast_as_a_plain_word() {
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
    fn the_work_of_building_a_dfa_is_bounded() {
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
