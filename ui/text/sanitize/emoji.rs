//! Emoji sequences, reduced to their first character.
//!
//! Terminals draw `👩`, a joiner and `🔧` in two, four or five columns, and escapes of the joined characters do not help
//! a reader. So the rest of a well-formed sequence is removed: selectors, skin tones, joined emoji, keycaps, flag tags.
//! In any other sequence each character is escaped, because it can hide something.

use icu_properties::{CodePointSetData, props::Emoji};

const JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
const LAST_TAG: char = '\u{e007f}';

/// Maximum number of emoji in one sequence. The longest in use has four.
const MOST_PARTS: usize = 6;
/// Maximum number of tags behind a flag: the code of a region.
const MOST_TAGS: usize = 6;

/// Length in bytes of the rest of an emoji sequence at the start of `rest`, after its first character.
pub(crate) fn tail(first: char, rest: &str) -> usize {
    if first.is_ascii() { keycaps(first, rest) } else { sequence(first, rest) }
}

fn keycaps(first: char, rest: &str) -> usize {
    if !matches!(first, '0'..='9' | '#' | '*') {
        return 0;
    }
    let mut left = rest;
    while let Some(behind) = left.strip_prefix('\u{fe0f}').unwrap_or(left).strip_prefix(KEYCAP) {
        left = behind;
    }
    rest.len() - left.len()
}

fn sequence(first: char, rest: &str) -> usize {
    if !is_emoji(first) {
        return 0;
    }
    let mut left = without_modifier(first, rest);
    for _ in 1..MOST_PARTS {
        let Some(joined) = left.strip_prefix(JOINER) else { break };
        let mut chars = joined.chars();
        let Some(next) = chars.next().filter(|c| is_emoji(*c)) else { break };
        left = without_modifier(next, chars.as_str());
    }
    // Also skin tones after a selector. Otherwise they would follow the first emoji in the output and be removed by the
    // next sanitizing.
    rest.len() - left.trim_start_matches(is_skin_tone).len()
}

fn is_emoji(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<Emoji>().contains(c)
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// The text after a selector, a skin tone or the tags of a flag.
fn without_modifier(emoji: char, rest: &str) -> &str {
    let is_modifier = |c: char| matches!(c, '\u{fe0e}' | '\u{fe0f}') || is_skin_tone(c);
    let behind_tags = (emoji == BLACK_FLAG).then(|| without_tags(rest)).flatten();
    behind_tags.or_else(|| rest.strip_prefix(is_modifier)).unwrap_or(rest)
}

fn without_tags(rest: &str) -> Option<&str> {
    let is_letter = |c: char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let (tags, behind) = rest.split_once(LAST_TAG)?;
    let count = tags.chars().take(MOST_TAGS + 1).take_while(|c| is_letter(*c)).count();
    ((3..=MOST_TAGS).contains(&count) && tags.chars().nth(count).is_none()).then_some(behind)
}

#[cfg(test)]
mod tests {
    use crate::{charset::Charset, sanitize::sanitize};

    #[test]
    fn a_sequence_is_shown_as_its_first_emoji() {
        for (text, expected) in [
            ("\u{1f469}\u{200d}\u{1f527}!", "\u{1f469}!"),
            ("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}", "\u{1f468}"),
            ("\u{1f469}\u{1f3fd}\u{200d}\u{2764}\u{fe0f}\u{200d}\u{1f468}\u{1f3fb}", "\u{1f469}"),
            ("I \u{2764}\u{fe0f} clacks \u{2600}\u{fe0e}", "I \u{2764} clacks \u{2600}"),
            ("\u{1f44d}\u{1f3fd}\u{1f44d}", "\u{1f44d}\u{1f44d}"),
            ("\u{2764}\u{fe0f}\u{1f3fd}\u{1f3fb}!", "\u{2764}!"),
            ("1\u{fe0f}\u{20e3}2\u{20e3}", "12"),
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}.", "\u{1f3f4}."),
            ("\u{1f1e9}\u{1f1ea}", "\u{1f1e9}\u{1f1ea}"),
        ] {
            assert_eq!(sanitize(text, 80, Charset::Unicode).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn characters_outside_a_valid_sequence_are_escaped() {
        for (text, expected) in [
            ("\u{1f469}\u{200d}", "\u{1f469}\\u{200d}"),
            ("\u{1f469}\u{200d}x", "\u{1f469}\\u{200d}x"),
            ("a\u{200d}\u{1f527}", "a\\u{200d}\u{1f527}"),
            ("a\u{fe0f}", "a\\u{fe0f}"),
            ("1\u{fe0f}", "1\\u{fe0f}"),
            ("\u{1f469}\u{fe0f}\u{fe0f}", "\u{1f469}\\u{fe0f}"),
            ("\u{1f3f4}\u{e0067}\u{e007f}", "\u{1f3f4}\\u{e0067}\\u{e007f}"),
            (
                "\u{1f469}\u{e0067}\u{e0062}\u{e0065}\u{e007f}",
                "\u{1f469}\\u{e0067}\\u{e0062}\\u{e0065}\\u{e007f}",
            ),
        ] {
            assert_eq!(sanitize(text, 80, Charset::Unicode).as_str(), expected, "{text:?}");
        }
        let long = format!("\u{1f469}{}", "\u{200d}\u{1f469}".repeat(20));
        assert!(
            sanitize(&long, 800, Charset::Unicode).as_str().contains("\\u{200d}"),
            "a whole text can't be hidden behind one emoji"
        );
    }
}
