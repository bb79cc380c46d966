//! JSON text, indented without a change of its tokens.

use std::borrow::Cow;

/// Indents JSON text: one value per line, two spaces per level. Tokens stay as they are: numbers keep their digits,
/// objects keep their order and duplicate keys.
///
/// Writes at most `max_bytes`. The second value is the number of input bytes that were left out.
pub fn indented(json: &str, max_bytes: usize) -> (String, usize) {
    lay_out(json, max_bytes, |token, _| token.into())
}

/// As [`indented`], for reading only: an escaped line break in a string starts a new line, indented to the string's
/// opening quote. Other escapes stay, and the result is no JSON.
pub fn laid_out(json: &str, max_bytes: usize) -> (String, usize) {
    lay_out(json, max_bytes, |token, depth| in_lines(token, depth, max_bytes))
}

/// Returns the length of a text as a JSON string, in bytes. Only what JSON demands is escaped.
pub fn quoted_len(text: &str) -> usize {
    let len = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => "\\u0000".len(),
        _ => c.len_utf8(),
    };
    text.chars().map(len).sum::<usize>() + "\"\"".len()
}

fn lay_out<'a>(
    json: &'a str,
    max_bytes: usize,
    written: impl Fn(&'a str, usize) -> Cow<'a, str>,
) -> (String, usize) {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut rest = json.trim();
    while let Some(raw) = next_token(rest) {
        let token = &*written(raw, depth);
        if out.len() + token.len() > max_bytes {
            let room = max_bytes.saturating_sub(out.len());
            let fits = super::format::char_boundary(token, room);
            out.push_str(&token[..fits]);
            // A line break can be longer than its escape, so at least 1 is reported.
            return (out, rest.len().saturating_sub(fits).max(1));
        }
        rest = rest[raw.len()..].trim_start();
        let is_empty = matches!((token, rest.chars().next()), ("[", Some(']')) | ("{", Some('}')));
        match token {
            "[" | "{" if !is_empty => {
                depth += 1;
                out.push_str(token);
                new_line(&mut out, depth);
            }
            "]" | "}" if !out.ends_with(['[', '{']) => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push_str(token);
            }
            "," => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ":" => out.push_str(": "),
            token => out.push_str(token),
        }
    }
    (out, 0)
}

/// A string with real line breaks, indented to its opening quote, cut at `max_bytes`. Other tokens are unchanged.
fn in_lines(token: &str, depth: usize, max_bytes: usize) -> Cow<'_, str> {
    if !token.starts_with('"') || !token.contains("\\n") {
        return token.into();
    }
    let mut text = String::with_capacity(token.len());
    let mut rest = token;
    while let Some((line, behind)) = split_at_break(rest).filter(|_| text.len() <= max_bytes) {
        text.push_str(line.strip_suffix("\\r").filter(|line| !ends_within_escape(line)).unwrap_or(line));
        new_line(&mut text, depth);
        text.push(' ');
        rest = behind;
    }
    text.push_str(rest);
    text.into()
}

/// Splits a JSON string at its first escaped line break.
fn split_at_break(string: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    while let Some(found) = string[at..].find('\\') {
        let escape = at + found;
        if string[escape..].starts_with("\\n") {
            return Some((&string[..escape], &string[escape + 2..]));
        }
        at = (escape + 2).min(string.len());
        at = (at..=string.len()).find(|at| string.is_char_boundary(*at))?;
    }
    None
}

/// Whether the text ends with an unfinished escape.
fn ends_within_escape(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("  "));
}

/// The first token of valid JSON text without leading white space.
fn next_token(json: &str) -> Option<&str> {
    let first = json.chars().next()?;
    let end = match first {
        '"' => string_end(json),
        '[' | ']' | '{' | '}' | ',' | ':' => 1,
        _ => json.find(|c: char| ",:[]{}\"".contains(c) || c.is_whitespace()).unwrap_or(json.len()),
    };
    json.get(..end)
}

fn string_end(json: &str) -> usize {
    let mut escaped = false;
    for (position, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return position + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lays_out_without_changing_tokens() {
        let json = r#" {"a":[1.0e+2, {"b" :"x, [y] \" z"},[ ],{}],"a":null}"#;
        let wanted = "{\n  \"a\": [\n    1.0e+2,\n    {\n      \"b\": \"x, [y] \\\" z\"\n    },\n    [],\n    {}\n  ],\n  \"a\": null\n}";
        assert_eq!(indented(json, 1000), (wanted.to_owned(), 0));
        assert_eq!(indented("\"text\"", 1000).0, "\"text\"");
    }

    #[test]
    fn a_string_of_several_lines_is_laid_out_as_lines() {
        for (json, wanted) in [
            (r#""one\ntwo\n\nthree""#, "\"one\n two\n \n three\""),
            (r#""one\r\ntwo""#, "\"one\n two\""),
            (r#""one\\ntwo""#, r#""one\\ntwo""#),
            (r#""one\\\ntwo""#, "\"one\\\\\n two\""),
            (r#""one\\r\ntwo""#, "\"one\\\\r\n two\""),
            (r#""tab\t \u001b quote\" end""#, r#""tab\t \u001b quote\" end""#),
            (r#"{"a":"x\ny","b":[1]}"#, "{\n  \"a\": \"x\n   y\",\n  \"b\": [\n    1\n  ]\n}"),
        ] {
            assert_eq!(laid_out(json, 1000), (wanted.to_owned(), 0), "{json}");
        }
        assert_eq!(indented(r#""a\nb""#, 1000).0, r#""a\nb""#, "to be edited it stays JSON");
        let deep = format!("{}\"{}\"{}", "[".repeat(100), "\\n".repeat(100_000), "]".repeat(100));
        let (text, is_cut) = laid_out(&deep, 1 << 20);
        assert!(is_cut > 0 && text.len() <= 1 << 20);
    }

    #[test]
    fn the_length_of_a_string_is_that_of_its_json() {
        for text in ["", "GNU", "\"\\/", "\n\r\t\u{8}\u{c}", "\0\u{1f}\u{7f}", "\u{20ac}\u{1f422}"] {
            assert_eq!(quoted_len(text), serde_json::to_string(text).unwrap().len(), "{text:?}");
        }
    }

    #[test]
    fn output_stops_at_the_limit_on_a_character_boundary() {
        let json = format!("\"{}\"", "\u{20ac}".repeat(100));
        let (text, left_out) = indented(&json, 12);
        assert!(text.len() <= 12 && text.ends_with('\u{20ac}'), "{text}");
        assert_eq!(text.len() + left_out, json.len());
    }
}
