/// The words of a line. A word in double quotes may contain spaces, and quotes as `\"`.
pub(super) struct Words<'a> {
    rest: &'a str,
}

/// A quotation mark is not closed. The value is what follows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) String);

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What was not read yet, without white space around it.
    pub(super) fn rest(&mut self) -> String {
        std::mem::take(&mut self.rest).trim().to_owned()
    }

    /// What was not read yet, unchanged.
    pub(super) fn unchanged_rest(&mut self) -> String {
        std::mem::take(&mut self.rest).to_owned()
    }

    /// The next word, and whether more characters may follow it: it is at the end of the line and not in quotes. Empty
    /// at the end.
    pub(super) fn next(&mut self) -> Result<(String, bool), Unclosed> {
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted).map(|word| (word, false));
        }
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = after_separator(rest);
        Ok((word.to_owned(), rest.is_empty()))
    }

    fn quoted(&mut self, text: &'a str) -> Result<String, Unclosed> {
        let mut word = String::new();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = after_separator(&text[at + 1..]);
                    return Ok(word);
                }
                '\\' => word.extend(characters.next().map(|(_, escaped)| escaped)),
                character => word.push(character),
            }
        }
        Err(Unclosed(word))
    }
}

/// A text without the one character of white space that ends the word before it.
fn after_separator(text: &str) -> &str {
    let mut characters = text.chars();
    if characters.next().is_some_and(char::is_whitespace) { characters.as_str() } else { text }
}

/// A text as one word of a line: in quotes if it is empty or contains white space or a quotation mark.
pub fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c == '"');
    if is_plain {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_end_at_white_space_unless_they_are_in_quotes() {
        let mut words = Words::new(r#"  a "b c\"d" e  f g "#);
        assert_eq!(words.next(), Ok(("a".into(), false)));
        assert_eq!(words.next(), Ok(("b c\"d".into(), false)));
        assert_eq!(words.next(), Ok(("e".into(), false)));
        assert_eq!(words.unchanged_rest(), " f g ");
        let mut words = Words::new("a  f g ");
        assert_eq!(words.next(), Ok(("a".into(), false)));
        assert_eq!(words.rest(), "f g");
        assert_eq!(words.next(), Ok((String::new(), true)));
        assert_eq!(Words::new("a").next(), Ok(("a".into(), true)));
        assert_eq!(Words::new("\"a").next(), Err(Unclosed("a".into())));
    }

    proptest! {
        #[test]
        fn every_key_is_one_word(key in any::<String>().prop_filter("not empty", |key| !key.is_empty())) {
            prop_assume!(key.trim() == key || key.contains(char::is_whitespace));
            prop_assert_eq!(Words::new(&quoted(&key)).next().map(|(word, _)| word), Ok(key));
        }
    }
}
