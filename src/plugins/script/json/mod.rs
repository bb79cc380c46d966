//! JSON text to values of Luau and back.
//!
//! `null` is `clacks.null`. An array has the metatable of arrays, so that `[]` and `{}` stay different. A number is a
//! double; a text that a script does not change keeps its digits, because the text itself is passed on.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// Maximum nesting depth of arrays and objects.
pub(super) const MAX_DEPTH: usize = 512;
/// Maximum length of JSON text that a script makes, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// Why a JSON text could not be read, or a value not be written.
#[derive(Debug)]
pub(super) enum Problem {
    /// For the author of the script.
    Wrong(String),
    /// The engine refused it: memory, or the time of the call.
    Engine(mlua::Error),
}

impl From<mlua::Error> for Problem {
    fn from(error: mlua::Error) -> Self {
        Self::Engine(error)
    }
}

impl Problem {
    fn wrong<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Wrong(reason.into()))
    }
}
