//! Identifiers and texts that a network's developer wrote: safe to show, because they are checked when they are read.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::escape::is_hidden;

/// Maximum characters of a [`Name`].
pub const MAX_NAME: usize = 32;
/// Maximum characters of a [`Label`].
pub const MAX_LABEL: usize = 200;

/// An identifier: 1 to 32 characters out of `a-z`, `0-9`, `_` and `-`. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A text for people: 1 to 200 characters, none of which is a control, direction or invisible character. Cloning is
/// cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

/// Why a text is not a [`Name`] or a [`Label`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is not a name.
    #[error("a name has 1 to {MAX_NAME} characters out of a-z, 0-9, _ and -")]
    Name,
    /// The text is empty or too long for a label.
    #[error("a label has 1 to {MAX_LABEL} characters")]
    Length,
    /// The text contains a control, direction or invisible character.
    #[error("a label contains no control, direction or invisible characters")]
    Hidden,
}

impl Name {
    /// Checks a text.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let is_name = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed);
        if is_name { Ok(Self(text.into())) } else { Err(NameError::Name) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Label {
    /// Checks a text.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if !(1..=MAX_LABEL).contains(&text.chars().count()) {
            return Err(NameError::Length);
        }
        if text.contains(is_hidden) { Err(NameError::Hidden) } else { Ok(Self(text.into())) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name in source code.
///
/// # Panics
///
/// Panics if the text is not a name. For texts from anybody else use [`Name::new`].
impl From<&'static str> for Name {
    fn from(text: &'static str) -> Self {
        Self::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }
}

/// A label in source code.
///
/// # Panics
///
/// Panics if the text is not a label. For texts from anybody else use [`Label::new`].
impl From<&'static str> for Label {
    fn from(text: &'static str) -> Self {
        Self::new(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

macro_rules! text_traits {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

text_traits!(Name);
text_traits!(Label);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_only_small_letters_digits_and_dashes() {
        for text in ["a", "held-by", "met_0", &"a".repeat(MAX_NAME)] {
            assert_eq!(Name::new(text).unwrap().as_str(), text);
        }
        for text in ["", "A", "a b", "\u{e9}", "a.b", &"a".repeat(MAX_NAME + 1)] {
            assert_eq!(Name::new(text), Err(NameError::Name), "{text:?}");
        }
    }

    #[test]
    fn a_label_has_no_character_that_a_terminal_acts_on_or_hides() {
        for text in ["QUEUE", "sent to 塔, Ünï", &"é".repeat(MAX_LABEL)] {
            assert_eq!(Label::new(text).unwrap().as_str(), text);
        }
        for text in ["a\u{1b}[2J", "a\nb", "\u{202e}a", "a\u{200b}", "\u{9b}", "\u{e0041}", "\u{feff}"] {
            assert_eq!(Label::new(text), Err(NameError::Hidden), "{text:?}");
        }
        assert_eq!(Label::new(""), Err(NameError::Length));
        assert_eq!(Label::new(&"a".repeat(MAX_LABEL + 1)), Err(NameError::Length));
        assert!(serde_json::from_str::<Label>(r#""a\u001b""#).is_err());
    }
}
