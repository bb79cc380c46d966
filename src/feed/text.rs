//! Text that somebody else wrote.

use std::{fmt, sync::LazyLock};

use triomphe::Arc;

/// Text that somebody else wrote: a peer, or the user of another node. It may contain anything, such as terminal escapes,
/// direction marks or a mebibyte of one letter.
///
/// It has neither `Display` nor `Deref`, so it cannot be written to a terminal by accident. [`Text::untrusted`] returns
/// its characters to code that compares, parses or sanitizes them. Cloning shares the text. Texts are ordered by their
/// bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// Copies a text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The empty text. All empty texts that this returns share one allocation.
    pub fn empty() -> Self {
        static EMPTY: LazyLock<Text> = LazyLock::new(|| Text::new(""));
        EMPTY.clone()
    }

    /// The characters. Before they are shown, they must be sanitized.
    pub fn untrusted(&self) -> &str {
        &self.0
    }

    /// Whether both share their characters. Otherwise they can still be equal.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the text has no characters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At most `bytes` bytes of the start, on a character boundary. Shares the text if it is not longer.
    pub fn start(&self, bytes: usize) -> Self {
        if self.len() <= bytes {
            return self.clone();
        }
        let end = (0..=bytes).rev().find(|end| self.0.is_char_boundary(*end)).unwrap_or_default();
        Self::new(&self.0[..end])
    }
}

/// The empty text.
impl Default for Text {
    fn default() -> Self {
        Self::empty()
    }
}

/// Shares the text.
impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The characters as a Rust string literal, in which control characters are escaped.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_ends_on_a_character_boundary_and_shares_a_short_text() {
        let text = Text::new("aé漢");
        for (bytes, start) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (5, "aé"), (6, "aé漢"), (7, "aé漢")]
        {
            assert_eq!(text.start(bytes).untrusted(), start);
        }
        assert!(Arc::ptr_eq(&text.0, &text.start(6).0));
    }
}
