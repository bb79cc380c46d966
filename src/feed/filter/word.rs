//! Finds the word at the cursor of an incomplete filter. Word boundaries are those of the parser.

use std::ops::Range;

use super::parse::{SPECIAL, unescaped_slash};

/// Range of the word at the cursor in the text of a filter, in bytes; empty between words. `None` in quotes and in a
/// regular expression, where everything is text.
pub fn word_at(text: &str, cursor: usize) -> Option<Range<usize>> {
    let mut at = 0;
    loop {
        let word = text.len() - text[at..].trim_start_matches(is_between_words).len();
        if cursor < word {
            return Some(cursor..cursor);
        }
        let end = match text[word..].chars().next() {
            None => return Some(cursor..cursor),
            Some('"') => {
                let end = end_of_quotes(text, word);
                match cursor {
                    // The quotes start after the cursor.
                    _ if cursor == word => return Some(cursor..cursor),
                    _ if end.is_none_or(|end| cursor < end) => return None,
                    _ => end?,
                }
            }
            Some(_) if is_expression(&text[word..]) => {
                let source = word + EXPRESSION.len();
                let end = unescaped_slash(&text[source..]).map(|length| source + length + 1);
                if cursor < source {
                    return Some(word..source);
                }
                if end.is_none_or(|end| cursor < end) {
                    return None;
                }
                end?
            }
            Some(_) => {
                let end = word + text[word..].find(ends_word).unwrap_or(text.len() - word);
                let is_quoted = text[end..].starts_with('"');
                if cursor < end || cursor == end && !is_quoted {
                    return Some(word..end);
                }
                // Between a field and its quoted value.
                if cursor == end {
                    return None;
                }
                end
            }
        };
        at = end;
    }
}

/// The start of a regular expression.
const EXPRESSION: &str = "re:/";

fn is_expression(text: &str) -> bool {
    text.get(..EXPRESSION.len()).is_some_and(|start| start.eq_ignore_ascii_case(EXPRESSION))
}

fn is_between_words(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | '(' | ')' | '!')
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || SPECIAL.contains(&c)
}

/// Byte offset after the closing quote.
fn end_of_quotes(text: &str, opening: usize) -> Option<usize> {
    let mut is_escaped = false;
    let length = text[opening + 1..].bytes().position(|byte| {
        let closes = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        closes
    });
    length.map(|length| opening + 1 + length + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The word at the `^` of a text.
    fn word(marked: &str) -> Option<String> {
        let cursor = marked.find('^').unwrap();
        let text = marked.replacen('^', "", 1);
        word_at(&text, cursor).map(|range| text[range].to_owned())
    }

    #[test]
    fn word_boundaries_are_those_of_the_parser() {
        for (marked, found) in [
            ("^", ""),
            ("gnu fr^om:a b", "from:a"),
            ("gnu^", "gnu"),
            ("gnu ^", ""),
            ("gnu ^  b", ""),
            ("gnu ^b", "b"),
            ("!st^", "st"),
            ("a!b^", "a!b"),
            ("(a|ty^)", "ty"),
            ("\"a\" fr^", "fr"),
            ("\"a\"^", ""),
            ("r^e:/a/", "re:/"),
            ("re:/a b/ fr^", "fr"),
            ("RE:/a\\/b/ fr^", "fr"),
        ] {
            assert_eq!(word(marked).as_deref(), Some(found), "{marked}");
        }
    }

    #[test]
    fn there_is_no_word_in_quotes_and_in_an_expression() {
        for marked in [
            "\"the ty^",
            "\"the ty^ pe\" a",
            "\"a \\\" ty^",
            "from:^\"a\"",
            "from:\"ty^",
            "re:/^",
            "re:/a|fr^",
            "re:/a fr^/",
            "re:/a\\/fr^",
            "a re:/(ty^",
        ] {
            assert_eq!(word(marked), None, "{marked}");
        }
    }

    proptest! {
        #[test]
        fn the_word_at_any_cursor_contains_the_cursor(text in "[a-z:/!|() \"\\\\\u{e9}re]{0,20}", cursor in 0..24usize) {
            let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            if let Some(word) = word_at(&text, cursor) {
                prop_assert!(word.start <= cursor && cursor <= word.end && text.get(word).is_some());
            }
        }
    }
}
