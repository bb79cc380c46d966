//! Escapes for text on standard output, standard error and in the log file.

use std::{borrow::Cow, fmt::Write};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

/// Whether a character is invisible or acts on the terminal or on the characters around it: control, format, separator,
/// private-use, unassigned and default-ignorable characters. A space is visible.
pub fn is_hidden(c: char) -> bool {
    use GeneralCategory as Category;
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let is_not_drawn = matches!(
        CodePointMapData::<Category>::new().get(c),
        Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::Surrogate
            | Category::Unassigned
    );
    is_not_drawn || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Escapes every control or hidden character as `\uXXXX`.
///
/// JSON text keeps its value if it has no tab or line break between tokens, because all other such characters are
/// inside strings. For any JSON use [`escaped_json`].
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) {
            push_escape(&mut written, character);
        } else {
            written.push(character);
        }
    }
    Cow::Owned(written)
}

/// Escapes JSON text to one line with the same value: white space between tokens becomes spaces, and strings are
/// escaped as in [`escaped`].
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    // JSON strings cannot contain these.
    if json.contains(['\t', '\n', '\r']) {
        Cow::Owned(escaped(&json.replace(['\t', '\n', '\r'], " ")).into_owned())
    } else {
        escaped(json)
    }
}

/// Writes JSON escapes: a surrogate pair for a character beyond U+FFFF.
fn push_escape(written: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(written, "\\u{unit:04x}");
    }
}

/// Whether a character is escaped. Variation selectors are kept, because emoji contain them.
pub(crate) fn is_unsafe(character: char) -> bool {
    !matches!(character, '\u{fe00}'..='\u{fe0f}') && is_hidden(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_in_any_script_is_unchanged() {
        for text in ["GNU Terry Pratchett", "cl\u{e4}cks \u{5854} \u{1f5fc}\u{fe0f} \u{5de}\u{5d2}"] {
            assert!(matches!(escaped(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn control_and_hidden_characters_are_escaped() {
        let written = escaped("\u{1b}[2J\r\n\t\u{7f}\u{9b}1m\u{202e}\u{200b}\u{2028}\u{feff}\u{e0041}");
        assert_eq!(
            written,
            "\\u001b[2J\\u000d\\u000a\\u0009\\u007f\\u009b1m\\u202e\\u200b\\u2028\\ufeff\\udb40\\udc41"
        );
    }

    #[test]
    fn characters_hidden_on_the_screen_are_escaped() {
        let hidden: Vec<char> = ('\0'..=char::MAX).filter(|character| is_hidden(*character)).collect();
        for hidden in hidden.into_iter().filter(|c| !matches!(c, '\u{fe00}'..='\u{fe0f}')) {
            assert!(escaped(&hidden.to_string()).is_ascii(), "{hidden:?}");
        }
        for hidden in ['\u{600}', '\u{e000}', '\u{e0100}'] {
            assert_ne!(escaped(&hidden.to_string()), hidden.to_string());
        }
    }

    #[test]
    fn json_stays_the_same_json() {
        let text = "a \u{7f}\u{85}\u{2066}\u{e0001}\u{e000}\u{10ffff}\u{1f468}\u{200d}\u{1f469} \" \\ \u{1b}";
        let json = serde_json::to_string(&[text]).unwrap();
        assert_ne!(escaped(&json), json);
        assert_eq!(serde_json::from_str::<[String; 1]>(&escaped(&json)).unwrap(), [text]);
        assert_eq!(escaped_json("{\t\"a\u{85}\" :\r\n[1.0]}"), "{ \"a\\u0085\" :  [1.0]}");
    }
}
