//! A style in words: `bold red`, `black on bright-yellow`, `plain`.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The colours by their names in a theme's file. They are the terminal's palette, so their look depends on the
/// terminal.
const COLOURS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

const ATTRIBUTES: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed-out", Modifier::CROSSED_OUT),
];

/// The word for no style.
const PLAIN: &str = "plain";
/// The word before the background colour.
const ON: &str = "on";

/// A style in the words of a theme's file.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Words(pub(crate) Style);

/// The reason why a text is no style.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum WordsError {
    #[error("{0:?} is no colour and no attribute; {vocabulary}", vocabulary = vocabulary())]
    Unknown(String),
    #[error("behind \"on\" comes the colour of the background; {}", vocabulary())]
    NoBackground,
    #[error("{0:?} gives a second colour; the background's stands behind \"on\"")]
    Twice(String),
    #[error("a style without words; \"plain\" is one that changes nothing")]
    Empty,
}

fn vocabulary() -> String {
    let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(", ");
    let colours = names(&mut COLOURS.iter().map(|(name, _)| *name));
    let attributes = names(&mut ATTRIBUTES.iter().map(|(name, _)| *name));
    format!("colours are {colours}; attributes are {attributes}")
}

impl TryFrom<String> for Words {
    type Error = WordsError;

    fn try_from(text: String) -> Result<Self, WordsError> {
        let mut words = text.split_whitespace().peekable();
        words.peek().ok_or(WordsError::Empty)?;
        let mut style = Style::new();
        while let Some(word) = words.next() {
            style = match (word, colour(word), attribute(word)) {
                (PLAIN, ..) => style,
                (ON, ..) => {
                    let background = words.next().and_then(colour).ok_or(WordsError::NoBackground)?;
                    once(style.bg, background, word).map(|colour| style.bg(colour))?
                }
                (_, Some(colour), _) => once(style.fg, colour, word).map(|colour| style.fg(colour))?,
                (_, _, Some(attribute)) => style.add_modifier(attribute),
                _ => return Err(WordsError::Unknown(word.to_owned())),
            };
        }
        Ok(Self(style))
    }
}

fn once(before: Option<Color>, colour: Color, word: &str) -> Result<Color, WordsError> {
    before.is_none().then_some(colour).ok_or_else(|| WordsError::Twice(word.to_owned()))
}

fn colour(word: &str) -> Option<Color> {
    COLOURS.iter().find(|(name, _)| *name == word).map(|(_, colour)| *colour)
}

fn attribute(word: &str) -> Option<Modifier> {
    ATTRIBUTES.iter().find(|(name, _)| *name == word).map(|(_, attribute)| *attribute)
}

/// The shortest words for a style.
#[cfg(any(test, feature = "testing"))]
pub fn in_words(style: Style) -> String {
    let name = |wanted: Color| COLOURS.iter().find(|(_, colour)| *colour == wanted).map(|(name, _)| *name);
    let attributes = ATTRIBUTES.iter().filter(|(_, attribute)| style.add_modifier.contains(*attribute));
    let mut words: Vec<String> = attributes.map(|(name, _)| (*name).to_owned()).collect();
    words.extend(style.fg.and_then(name).map(str::to_owned));
    words.extend(style.bg.and_then(name).map(|name| format!("on {name}")));
    if words.is_empty() { PLAIN.to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(text: &str) -> Result<Style, WordsError> {
        Words::try_from(text.to_owned()).map(|words| words.0)
    }

    #[test]
    fn words_come_in_any_order() {
        let expected = Style::new().bold().underlined().fg(Color::LightRed).bg(Color::Black);
        for text in ["bold underlined bright-red on black", " on black bright-red  underlined bold"] {
            assert_eq!(style(text), Ok(expected), "{text}");
        }
        assert_eq!(style("plain"), Ok(Style::new()));
        assert_eq!(style("default"), Ok(Style::new().fg(Color::Reset)));
    }

    #[test]
    fn a_style_is_parsed_from_its_own_words() {
        for (name, colour) in COLOURS {
            for (attribute, modifier) in ATTRIBUTES {
                let text = format!("{attribute} {name} on {name}");
                assert_eq!(style(&text), Ok(Style::new().fg(colour).bg(colour).add_modifier(modifier)));
                assert_eq!(in_words(style(&text).unwrap()), text);
            }
        }
        assert_eq!(in_words(Style::new()), "plain");
    }

    #[test]
    fn an_invalid_word_is_reported_with_the_valid_ones() {
        for (text, reason) in [
            ("bold purple", "\"purple\" is no colour and no attribute; colours are default, black,"),
            ("red on", "behind \"on\" comes the colour of the background"),
            ("red on bold", "behind \"on\" comes the colour of the background"),
            ("red green", "\"green\" gives a second colour"),
            ("on red on green", "\"on\" gives a second colour"),
            (" ", "a style without words"),
        ] {
            let error = style(text).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{text:?}: {error}");
        }
    }
}
