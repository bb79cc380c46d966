//! Messages that are too large for some nodes go in parts.
//!
//! A part is the message `{"class":"part","of":HASH,"n":N,"k":K,"data":DATA}` of at most 12,000 bytes of ASCII, which every
//! node of the network accepts and passes on. HASH is the SHA-256 of the JSON text of the whole message, in hexadecimal
//! digits. The parts are numbered from 1 to K. The data are a piece of that text in Base64.

mod join;
mod split;
#[cfg(test)]
mod tests;

use std::{fmt::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use join::{Join, JoinOptions};
pub use split::{Split, SplitOptions};

/// Maximum bytes of a part as JSON text.
const MAX_PART: usize = 12_000;

/// Bytes of a message in a part. What stands around them in a part takes at most 130 bytes.
const MAX_DATA: usize = (MAX_PART - 130) / 4 * 3;

/// Maximum number of parts of a message that are joined. The plugin `split` makes fewer, but another program can make more.
const MAX_PARTS: u16 = 1024;

const CLASS: &str = "part";

#[derive(Debug, Serialize, Deserialize)]
struct Part {
    class: String,
    of: String,
    n: u16,
    k: u16,
    data: String,
}

impl Part {
    /// The part in this JSON text. `None` for any other message, and for a part that cannot belong to a whole one.
    fn read(json: &str) -> Option<Self> {
        if json.len() > 2 * MAX_PART {
            return None;
        }
        let part: Self = serde_json::from_str(json).ok()?;
        let is_hash =
            part.of.len() == 64 && part.of.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_numbered = (1..=part.k).contains(&part.n) && part.k <= MAX_PARTS;
        (part.class == CLASS && is_hash && is_numbered).then_some(part)
    }

    fn data(&self) -> Option<Box<[u8]>> {
        STANDARD.decode(&self.data).ok().map(Vec::into_boxed_slice)
    }
}

/// The parts of a message, given as JSON text. `None` if there would be more than `max` parts.
fn parts_of(json: &str, max: usize) -> Option<Vec<Arc<str>>> {
    let k = json.len().div_ceil(MAX_DATA);
    if k > max.min(MAX_PARTS.into()) {
        return None;
    }
    let of = hash_of(json);
    let part = |(index, data): (usize, &[u8])| {
        let n = u16::try_from(index + 1).unwrap_or_default();
        let k = u16::try_from(k).unwrap_or_default();
        let part = Part { class: CLASS.to_owned(), of: of.clone(), n, k, data: STANDARD.encode(data) };
        // A struct of texts and numbers is always JSON.
        serde_json::to_string(&part).unwrap_or_default().into()
    };
    Some(json.as_bytes().chunks(MAX_DATA).enumerate().map(part).collect())
}

/// The SHA-256 of a text in hexadecimal digits.
fn hash_of(text: impl AsRef<[u8]>) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
