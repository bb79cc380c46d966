//! Names of keys in text.

use crate::{keymap::KeyContext, model::Model};

/// Replaces commands in braces by the keys that run them, as in `press {:say}`.
pub(crate) fn with_keys(model: &Model, text: &str) -> String {
    with_keys_in(model, model.pane.into(), text)
}

/// Replaces commands in braces by the keys that run them in a context.
pub(crate) fn with_keys_in(model: &Model, context: KeyContext, text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
    let (command, after) = rest.split_once('}').unwrap_or((rest, ""));
    format!("{before}{}{}", model.key_name_in(context, command), with_keys_in(model, context, after))
}
