//! Keys and their names.

use std::{fmt, str::FromStr};

use KeyCode::{
    BackTab, Backspace, Char, Delete, Down, End, Enter, Esc, F, Home, Insert, Left, PageDown, PageUp, Right,
    Tab, Up,
};
use clacks_text::charset::Charset;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Key with its modifiers. Shift counts only for keys that are not characters, because Shift changes a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Error of parsing a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text names no key.
    #[error(
        "there is no key {0:?}; keys are written as in \"x\", \"I\", \"ctrl-x\", \"alt-b\", \"f5\", \"space\", \"pgup\""
    )]
    Unknown(String),
    /// Terminals send the same bytes for this key as for the second one.
    #[error("a terminal can't tell {0} from {1}")]
    Same(String, &'static str),
    /// Two modifiers are held. Most terminals cannot report that.
    #[error("{0} is two keys in one for most terminals; hold one of Ctrl, Alt and Shift")]
    TwoModifiers(String),
    /// A letter with Shift. The error names the uppercase letter to write instead.
    #[error("a letter with Shift is written as it is typed: {0:?}")]
    Shifted(String),
}

/// Names of keys that are not characters. All names are accepted. The first one is displayed, or the first ASCII one
/// in the ASCII character set.
const NAMES: &[(KeyCode, &[&str])] = &[
    (Enter, &["Enter", "return"]),
    (Esc, &["Esc", "escape"]),
    (Tab, &["Tab"]),
    (BackTab, &["Shift-Tab", "backtab"]),
    (Char(' '), &["Space"]),
    (Backspace, &["Backspace", "bs"]),
    (Delete, &["Del", "delete"]),
    (Insert, &["Ins", "insert"]),
    (Home, &["Home"]),
    (End, &["End"]),
    (PageUp, &["PgUp", "pageup", "page-up"]),
    (PageDown, &["PgDn", "pgdown", "pagedown", "page-down"]),
    (Up, &["\u{2191}", "Up"]),
    (Down, &["\u{2193}", "Down"]),
    (Left, &["\u{2190}", "Left"]),
    (Right, &["\u{2192}", "Right"]),
];

/// Prefixes of the modifiers.
const MODIFIERS: [(KeyModifiers, &str); 3] =
    [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")];

/// Characters that terminals send with Ctrl as another key.
const SAME_WITH_CONTROL: [(char, &str); 3] = [('i', "Tab"), ('m', "Enter"), ('[', "Esc")];

impl Key {
    /// Ctrl-C. It always leads out of the current context.
    pub(crate) const CTRL_C: Self = Self { code: Char('c'), modifiers: KeyModifiers::CONTROL };

    /// Creates a key without modifiers.
    pub fn plain(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// Returns the event that a terminal sends for the key.
    #[cfg(test)]
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Whether the key inserts a character where text is typed.
    pub(crate) fn is_character(self) -> bool {
        matches!(self.code, Char(_)) && self.modifiers.is_empty()
    }

    /// Returns the key without Shift, or `None` if Shift is not held.
    pub(crate) fn without_shift(self) -> Option<Self> {
        let modifiers = self.modifiers - KeyModifiers::SHIFT;
        (modifiers != self.modifiers).then_some(Self { modifiers, ..self })
    }

    /// Returns the name of the key: `Ctrl-X`, `PgUp`, `I`. Arrows are symbols in Unicode and words in ASCII. A key
    /// that is a character is that character in both.
    pub fn name(self, charset: Charset) -> String {
        let held = MODIFIERS.iter().filter(|(modifier, _)| self.modifiers.contains(*modifier));
        let held: String = held.map(|(_, prefix)| *prefix).collect();
        if let Some((_, names)) = NAMES.iter().find(|(code, _)| *code == self.code) {
            let shown = names.iter().find(|name| name.is_ascii() || !charset.is_ascii());
            return held + shown.unwrap_or(&names[0]);
        }
        match self.code {
            Char(character) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                format!("{held}{}", character.to_ascii_uppercase())
            }
            Char(character) => format!("{held}{character}"),
            code => format!("{held}{code}"),
        }
    }

    fn code_from_name(name: &str) -> Option<KeyCode> {
        let is_called = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if let Some((code, _)) = NAMES.iter().find(|(_, names)| is_called(names)) {
            return Some(*code);
        }
        let mut characters = name.chars();
        if let (Some(character), None) = (characters.next(), characters.next()) {
            return (!character.is_whitespace() && !character.is_control()).then_some(Char(character));
        }
        let number = name.strip_prefix(['f', 'F'])?.parse().ok()?;
        (1..=24).contains(&number).then_some(F(number))
    }

    /// Fails for keys that no terminal sends, or that terminals send as another key.
    fn validate(self, text: &str) -> Result<Self, KeyError> {
        let control = self.modifiers.contains(KeyModifiers::CONTROL);
        let same = SAME_WITH_CONTROL.iter().find(|(character, _)| control && self.code == Char(*character));
        if let Some((_, same)) = same {
            return Err(KeyError::Same(self.to_string(), same));
        }
        match self.code {
            _ if self.modifiers.bits().count_ones() > 1 => Err(KeyError::TwoModifiers(text.to_owned())),
            Char(character) if self.modifiers == KeyModifiers::SHIFT && character != ' ' => {
                Err(KeyError::Shifted(character.to_uppercase().to_string()))
            }
            _ => Ok(self),
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (mut name, mut modifiers) = (text, KeyModifiers::NONE);
        while Self::code_from_name(name).is_none() {
            let held = MODIFIERS.iter().find_map(|(modifier, prefix)| {
                let start = name.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
                Some((*modifier, start.len()))
            });
            let (modifier, length) = held.ok_or_else(|| KeyError::Unknown(text.to_owned()))?;
            (name, modifiers) = (&name[length..], modifiers | modifier);
        }
        let code = Self::code_from_name(name).ok_or_else(|| KeyError::Unknown(text.to_owned()))?;
        let code = match code {
            Char(character) if modifiers.contains(KeyModifiers::CONTROL) => {
                Char(character.to_ascii_lowercase())
            }
            code => code,
        };
        Self { code, modifiers }.validate(text)
    }
}

impl From<KeyEvent> for Key {
    fn from(key: KeyEvent) -> Self {
        let held = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let (code, modifiers) = match key.code {
            // AltGr arrives as Ctrl+Alt on some systems.
            Char(_) if held.contains(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                (key.code, KeyModifiers::NONE)
            }
            Char(character) if held.contains(KeyModifiers::CONTROL) => {
                (Char(character.to_ascii_lowercase()), KeyModifiers::CONTROL)
            }
            Char(_) | BackTab => (key.code, held - KeyModifiers::SHIFT),
            code => (code, held),
        };
        Self { code, modifiers }
    }
}

/// The Unicode name, as in [`Key::name`].
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name(Charset::Unicode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        text.parse::<Key>().map(|key| key.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_parse_from_their_common_names() {
        for (text, name) in [
            ("x", "x"),
            ("I", "I"),
            ("-", "-"),
            (":", ":"),
            ("\u{fc}", "\u{fc}"),
            ("ctrl-x", "Ctrl-X"),
            ("CTRL-X", "Ctrl-X"),
            ("Ctrl--", "Ctrl--"),
            ("alt-b", "Alt-b"),
            ("alt-B", "Alt-B"),
            ("space", "Space"),
            ("enter", "Enter"),
            ("f5", "F5"),
            ("F12", "F12"),
            ("pgup", "PgUp"),
            ("Page-Down", "PgDn"),
            ("shift-tab", "Shift-Tab"),
            ("shift-up", "Shift-\u{2191}"),
            ("ctrl-left", "Ctrl-\u{2190}"),
            ("up", "\u{2191}"),
            ("del", "Del"),
        ] {
            assert_eq!(shown(text), Ok(name.to_owned()), "{text}");
            assert_eq!(name.parse::<Key>(), text.parse::<Key>(), "{name} is read as it is shown");
        }
    }

    #[test]
    fn parse_errors_name_the_invalid_key() {
        for (text, reason) in [
            ("", "there is no key \"\""),
            ("hyper-x", "there is no key \"hyper-x\""),
            ("ctrl-", "there is no key \"ctrl-\""),
            ("f99", "there is no key \"f99\""),
            ("xx", "there is no key \"xx\""),
            ("\u{1b}", "there is no key \"\\u{1b}\""),
            ("ctrl-i", "a terminal can't tell Ctrl-I from Tab"),
            ("ctrl-M", "a terminal can't tell Ctrl-M from Enter"),
            ("ctrl-alt-x", "ctrl-alt-x is two keys in one"),
            ("shift-x", "a letter with Shift is written as it is typed: \"X\""),
        ] {
            let error = shown(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }

    #[test]
    fn terminal_events_are_normalised_to_keys() {
        let sent = |code, modifiers| Key::from(KeyEvent::new(code, modifiers)).to_string();
        assert_eq!(sent(Char('I'), KeyModifiers::SHIFT), "I");
        assert_eq!(sent(Char('C'), KeyModifiers::CONTROL | KeyModifiers::SHIFT), "Ctrl-C");
        assert_eq!(sent(Char('['), KeyModifiers::CONTROL | KeyModifiers::ALT), "[", "AltGr");
        assert_eq!(sent(BackTab, KeyModifiers::SHIFT), "Shift-Tab");
        assert_eq!(sent(Up, KeyModifiers::SHIFT), "Shift-\u{2191}");
    }
}
