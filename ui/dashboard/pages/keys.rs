//! Names of keys in text.

use crate::model::Model;

/// Replaces commands in braces by the keys that run them, as in `press {:say}`.
pub(crate) fn with_keys(model: &Model, text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
    let (command, after) = rest.split_once('}').unwrap_or((rest, ""));
    format!("{before}{}{}", model.key_name(command), with_keys(model, after))
}
