//! Texts in the network's own fields of an event.

use super::{form::TextForm, object::Object};
use crate::Text;

/// A longer object in the network's own fields is not searched.
const MAX_SEARCHED: usize = 1024;

/// The names of the fields that lead to a text: one or two. `None`: it is not there.
pub(in crate::json) fn path_of(own: &str, text: &str) -> Option<Vec<String>> {
    let object = Object::new(own).ok()?;
    let path = object.fields.iter().find_map(|field| {
        let value = field.value.get();
        if is(value, text) {
            return Some(vec![field.name.to_string()]);
        }
        if !value.starts_with('{') || value.len() > MAX_SEARCHED {
            return None;
        }
        let inner = Object::new(value).ok()?;
        let found = inner.fields.iter().find(|field| is(field.value.get(), text))?;
        Some(vec![field.name.to_string(), found.name.to_string()])
    })?;
    // A name can occur twice, or be written with escapes.
    let leads_there = text_at(own, &path).is_some_and(|found| found.untrusted() == text);
    let is_plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (leads_there && path.iter().all(is_plain)).then_some(path)
}

/// Whether a JSON value is this text, written without escapes.
fn is(value: &str, text: &str) -> bool {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) == Some(text)
}

/// The text to which the names of fields lead.
pub(super) fn text_at(own: &str, path: &[String]) -> Option<Text> {
    let (last, first) = path.split_last()?;
    let mut object = Object::new(own).ok()?;
    for name in first {
        object = Object::new(object.get(name)?.get()).ok()?;
    }
    serde_json::from_str(object.get(last)?.get()).ok().map(|TextForm(text)| text)
}
