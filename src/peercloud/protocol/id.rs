use std::{borrow::Borrow, fmt, sync::Arc};

use rand::Rng;
use serde::Serialize;

/// Maximum bytes of an id.
const MAX_ID: usize = 128;

/// The id of a node: 1 to 128 visible ASCII characters. The package uses random UUIDs of version 4 in lower case.
///
/// ```
/// # use clacks_peercloud::protocol::Id;
/// assert_eq!(Id::new("d34a77ca").unwrap().as_str(), "d34a77ca");
/// assert!(Id::new("with space").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Id(#[serde(serialize_with = "as_text")] Arc<str>);

/// The text is not 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to {MAX_ID} visible ASCII characters")]
pub struct IdError;

impl Id {
    /// The id with this text.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let is_valid = (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(text.into())) } else { Err(IdError) }
    }

    /// A random UUID of version 4 (RFC 9562) in lower case.
    pub fn random(rng: &mut dyn Rng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = u128::from_be_bytes(bytes);
        let hex = format!("{hex:032x}");
        let uuid = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        Self(uuid.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ids are ordered and hashed as their texts.
impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn as_text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
