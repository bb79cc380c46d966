use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;
use triomphe::Arc;

/// A JSON value: a message, a reply or the data of a member. It keeps the text in which it came. Clones share the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

/// Why a text is not accepted as [`Json`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is not one JSON value.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Arrays and objects are nested deeper than the maximum.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// The text is longer than the maximum.
    #[error("more than {0} bytes")]
    TooLong(usize),
}

impl Json {
    /// The JSON text `text`, without white space around it, of at most `max_bytes` bytes and `max_depth` levels.
    pub fn new(text: &str, max_bytes: usize, max_depth: usize) -> Result<Self, JsonError> {
        let raw: &RawValue =
            serde_json::from_str(text).map_err(|error| JsonError::NotJson(error.to_string()))?;
        Self::from_raw(raw, max_bytes, max_depth)
    }

    pub(super) fn from_raw(raw: &RawValue, max_bytes: usize, max_depth: usize) -> Result<Self, JsonError> {
        let text = raw.get();
        if text.len() > max_bytes {
            Err(JsonError::TooLong(max_bytes))
        } else if depth(text) > max_depth {
            Err(JsonError::TooDeep(max_depth))
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The object without members.
    pub fn empty_object() -> Self {
        Self("{}".into())
    }

    /// A value that serialises to JSON.
    ///
    /// # Errors
    /// The value does not serialise, for example a map whose keys are no strings.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, JsonError> {
        let text = serde_json::to_string(value).map_err(|error| JsonError::NotJson(error.to_string()))?;
        Ok(Self(text.into()))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JSON text. It is shared, not copied.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Text that is known to be one JSON value without white space around it.
    pub(crate) fn known(text: &str) -> Self {
        Self(text.into())
    }

    /// The length of the JSON text in bytes.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The nesting depth of arrays and objects: 0 for a number, a string or a literal.
    pub fn depth(&self) -> usize {
        depth(&self.0)
    }

    /// Whether it is an object or an array, which is all that the package accepts as the body of a request.
    pub fn is_object_or_array(&self) -> bool {
        self.0.starts_with(['{', '['])
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// The nesting depth of valid JSON text.
pub(super) fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_inside, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_inside => is_escaped = true,
            b'"' => is_inside = !is_inside,
            b'[' | b'{' if !is_inside => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_inside => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
