//! JSON text, laid out for reading without being changed.

/// The JSON text with one value a line, indented by two columns a level. Tokens are as they came: numbers keep their
/// digits, objects their order and their duplicates.
///
/// At most `max_bytes` are written; the second value is how many bytes of the JSON text were left out.
pub(crate) fn indented(json: &str, max_bytes: usize) -> (String, usize) {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut rest = json.trim();
    while let Some(token) = next_token(rest) {
        if out.len() + token.len() > max_bytes {
            let room = max_bytes.saturating_sub(out.len());
            let fits = token.floor_char_boundary(room);
            out.push_str(&token[..fits]);
            return (out, rest.len() - fits);
        }
        rest = rest[token.len()..].trim_start();
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

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("  "));
}

/// The first token of valid JSON text that has no white space before it.
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
    fn stops_at_the_bound_between_characters() {
        let json = format!("\"{}\"", "\u{20ac}".repeat(100));
        let (text, left_out) = indented(&json, 12);
        assert!(text.len() <= 12 && text.ends_with('\u{20ac}'), "{text}");
        assert_eq!(text.len() + left_out, json.len());
    }
}
