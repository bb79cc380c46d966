//! The characters of a JSON string.

/// The characters of a JSON string. `None` for any other text. Of a string that is cut off only the start is there, and
/// an escape that is cut off is left out. A surrogate that has no partner becomes U+FFFD.
pub fn characters(json: &str, is_cut: bool) -> Option<String> {
    let mut rest = json.strip_prefix('"')?;
    let mut characters = String::with_capacity(rest.len());
    loop {
        let end = rest.find(['"', '\\']).unwrap_or(rest.len());
        let plain = &rest[..end];
        if plain.bytes().any(|byte| byte < b' ') {
            return None;
        }
        characters.push_str(plain);
        rest = &rest[end..];
        match rest.bytes().next() {
            None => return is_cut.then_some(characters),
            Some(b'"') => {
                let is_whole = !is_cut && rest[1..].trim_ascii().is_empty();
                return is_whole.then_some(characters);
            }
            Some(_) => match escape(&rest[1..]) {
                Escape::Character(character, length) => {
                    characters.push(character);
                    rest = &rest[1 + length..];
                }
                Escape::CutOff => return is_cut.then_some(characters),
                Escape::Wrong => return None,
            },
        }
    }
}

/// What stands behind a backslash.
enum Escape {
    /// A character, and the length of its escape in bytes.
    Character(char, usize),
    CutOff,
    Wrong,
}

fn escape(text: &str) -> Escape {
    let character = match text.bytes().next() {
        None => return Escape::CutOff,
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(&text[1..]),
        Some(_) => return Escape::Wrong,
    };
    Escape::Character(character, 1)
}

/// What stands behind `\u`.
fn unicode(text: &str) -> Escape {
    let first = match unit(text) {
        Ok(unit) => unit,
        Err(wrong) => return wrong,
    };
    if let Some(character) = char::from_u32(first) {
        return Escape::Character(character, 5);
    }
    if first >= 0xdc00 {
        return Escape::Character(char::REPLACEMENT_CHARACTER, 5);
    }
    let behind = &text[4..];
    if "\\u".starts_with(behind) {
        return Escape::CutOff;
    }
    let second = match behind.strip_prefix("\\u").map(unit) {
        Some(Ok(unit @ 0xdc00..=0xdfff)) => unit,
        Some(Err(wrong)) => return wrong,
        _ => return Escape::Character(char::REPLACEMENT_CHARACTER, 5),
    };
    let pair = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Escape::Character(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
}

/// Four hexadecimal digits.
fn unit(text: &str) -> Result<u32, Escape> {
    let digits = text.len().min(4);
    match text.get(..digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        None => Err(Escape::Wrong),
        Some(digits) if digits.len() < 4 => Err(Escape::CutOff),
        Some(digits) => u32::from_str_radix(digits, 16).map_err(|_| Escape::Wrong),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings_are_decoded_and_anything_else_is_none() {
        for (json, text) in [
            (r#""a\"b\\c\/d\b\f\n\r\t""#, Some("a\"b\\c/d\u{8}\u{c}\n\r\t")),
            (r#""\u4e16\ud83d\uddfc" "#, Some("\u{4e16}\u{1f5fc}")),
            (r#""\ud800x \udc00""#, Some("\u{fffd}x \u{fffd}")),
            (r#""\ud800\ud800\udc00""#, Some("\u{fffd}\u{10000}")),
            ("\"", None),
            ("\"a", None),
            ("\"a\" b", None),
            ("\"a\nb\"", None),
            (r#""\x""#, None),
            (r#""\u12g4""#, None),
            ("a", None),
            ("[1]", None),
        ] {
            assert_eq!(characters(json, false).as_deref(), text, "{json}");
        }
        for (cut, text) in [
            ("\"", Some("")),
            (r#""a\"#, Some("a")),
            (r#""a\u12"#, Some("a")),
            (r#""a\ud83d\ud"#, Some("a")),
            (r#""a\ud83d"#, Some("a")),
            ("\"a\" b", None),
            ("\"a\"", None),
        ] {
            assert_eq!(characters(cut, true).as_deref(), text, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_writes_and_every_start_of_it(text in "(?s).{0,20}") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(characters(&json, false), Some(text.clone()));
            for end in (1..json.len()).filter(|end| json.is_char_boundary(*end)) {
                prop_assert!(text.starts_with(&characters(&json[..end], true).unwrap()), "{}", &json[..end]);
            }
        }

        #[test]
        fn what_it_reads_is_what_serde_reads(json in "\"(\\\\|u|d83d|ddfc|n|\"|a|\u{e9}| ){0,8}\"?") {
            if let Ok(text) = serde_json::from_str::<String>(&json) {
                prop_assert_eq!(characters(&json, false), Some(text));
            }
            let _ = characters(&json, true);
        }
    }
}
