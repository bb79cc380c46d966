//! What a user types to search for messages. Each store translates it, so it means the same in each.

use std::{fmt, str::FromStr};

/// Maximum bytes of a search.
const MAX_SEARCH: usize = 512;
/// Maximum terms of a search, so that no search needs minutes.
const MAX_TERMS: usize = 64;

/// A search in the texts of messages.
///
/// | typed | finds messages with |
/// |---|---|
/// | `wind rain` | both words |
/// | `"strong wind"` | the words one behind the other |
/// | `win*` | a word that begins with `win` |
/// | `wind OR rain` | one of both |
/// | `wind -rain` | the first word, without the second |
///
/// Case and accents do not matter. A word consists of letters and digits; what is between them divides words, so
/// `towers.example` means the phrase `"towers example"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    typed: String,
    /// A message has everything of one of these.
    pub(crate) any: Vec<Group>,
}

/// The terms that a message has, and those that it does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Group {
    pub(crate) with: Vec<Term>,
    pub(crate) without: Vec<Term>,
}

/// Words that follow each other. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) words: Vec<String>,
    /// Whether the last one is the start of a word.
    pub(crate) is_prefix: bool,
}

/// Why a search can't be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// Nothing was typed.
    #[error("type what to search for: words, \"a phrase\", the start of a word as in tow*")]
    Empty,
    /// A quotation mark has no partner.
    #[error("a quotation mark has no partner; write a phrase as \"two words\"")]
    Open,
    /// A part has no letters and no digits, so nothing could be found by it.
    #[error("there is no word in `{0}`; a word has letters or digits")]
    NoWord(String),
    /// `OR` has nothing on one side.
    #[error("OR stands between two words, as in wind OR rain")]
    Or,
    /// Only words that a message must not have.
    #[error("only words to leave out; add a word to search for, as in wind -rain")]
    OnlyWithout,
    /// It is too long. The value is the maximum in bytes.
    #[error("the search is longer than {0} bytes")]
    TooLong(usize),
    /// It has too many parts. The value is the maximum.
    #[error("the search has more than {0} words and phrases")]
    TooMany(usize),
}

/// A part of a typed search.
struct Part<'a> {
    text: &'a str,
    is_without: bool,
    is_quoted: bool,
    is_prefix: bool,
}

impl FromStr for Search {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        if text.len() > MAX_SEARCH {
            return Err(SearchError::TooLong(MAX_SEARCH));
        }
        let parts = parts(text)?;
        if parts.is_empty() {
            return Err(SearchError::Empty);
        }
        if parts.len() > MAX_TERMS {
            return Err(SearchError::TooMany(MAX_TERMS));
        }
        let groups = parts.split(|part| part.text == "OR" && !part.is_quoted && !part.is_without);
        let any = groups.map(Group::new).collect::<Result<_, _>>()?;
        Ok(Self { typed: text.to_owned(), any })
    }
}

/// What was typed.
impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

impl Group {
    fn new(parts: &[Part<'_>]) -> Result<Self, SearchError> {
        let mut group = Self::default();
        for part in parts {
            let term = Term::new(part)?;
            if part.is_without { &mut group.without } else { &mut group.with }.push(term);
        }
        match (group.with.is_empty(), group.without.is_empty()) {
            (false, _) => Ok(group),
            (true, false) => Err(SearchError::OnlyWithout),
            (true, true) => Err(SearchError::Or),
        }
    }
}

impl Term {
    fn new(part: &Part<'_>) -> Result<Self, SearchError> {
        let words: Vec<_> = words(part.text).map(str::to_owned).collect();
        if words.is_empty() {
            return Err(SearchError::NoWord(clacks_feed::escape::escaped(part.text).into_owned()));
        }
        Ok(Self { words, is_prefix: part.is_prefix })
    }
}

/// The words of a text: letters and digits.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, SearchError> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let without = rest.strip_prefix('-');
        rest = without.unwrap_or(rest);
        let (text, behind, is_quoted) = if let Some(quoted) = rest.strip_prefix('"') {
            let (text, behind) = quoted.split_once('"').ok_or(SearchError::Open)?;
            (text, behind, true)
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
            (&rest[..end], &rest[end..], false)
        };
        let star = if is_quoted { behind.strip_prefix('*') } else { None };
        let is_prefix = star.is_some() || !is_quoted && text.ends_with('*');
        parts.push(Part { text, is_without: without.is_some(), is_quoted, is_prefix });
        rest = star.unwrap_or(behind).trim_start();
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let search: Search = match text.parse() {
            Ok(search) => search,
            Err(error) => return error.to_string(),
        };
        let term = |term: &Term| format!("{}{}", term.words.join("+"), if term.is_prefix { "*" } else { "" });
        let group = |group: &Group| {
            let with = group.with.iter().map(term);
            let without = group.without.iter().map(|without| format!("-{}", term(without)));
            with.chain(without).collect::<Vec<_>>().join(" ")
        };
        search.any.iter().map(group).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn a_search_is_words_phrases_starts_and_words_to_leave_out() {
        for (typed, read_as) in [
            ("wind rain", "wind rain"),
            (" \"strong  wind\" rain ", "strong+wind rain"),
            ("tow* \"clacks tow\"*", "tow* clacks+tow*"),
            ("wind OR rain -snow", "wind | rain -snow"),
            ("\"OR\" or", "OR or"),
            ("don't towers.example:8080", "don+t towers+example+8080"),
            ("-\"heavy rain\" wind", "wind -heavy+rain"),
            ("a\"b\"", "a b"),
            ("a AND NEAR(b)", "a AND NEAR+b"),
        ] {
            assert_eq!(read(typed), read_as, "{typed}");
        }
    }

    #[test]
    fn a_wrong_search_is_explained() {
        for (typed, error) in [
            ("", SearchError::Empty),
            ("  ", SearchError::Empty),
            ("\"wind", SearchError::Open),
            ("wind \"", SearchError::Open),
            ("wind ***", SearchError::NoWord("***".into())),
            ("wind \u{7}", SearchError::NoWord("\\u0007".into())),
            ("\"\"", SearchError::NoWord(String::new())),
            ("-", SearchError::NoWord(String::new())),
            ("OR rain", SearchError::Or),
            ("wind OR", SearchError::Or),
            ("wind OR OR rain", SearchError::Or),
            ("-wind", SearchError::OnlyWithout),
            ("wind OR -rain", SearchError::OnlyWithout),
        ] {
            assert_eq!(typed.parse::<Search>(), Err(error), "{typed}");
        }
        assert_eq!("a ".repeat(65).parse::<Search>(), Err(SearchError::TooMany(64)));
        assert_eq!("a".repeat(513).parse::<Search>(), Err(SearchError::TooLong(512)));
    }
}
