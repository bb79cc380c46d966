//! Texts in the network's own fields of an event.

use std::{cell::RefCell, collections::HashMap};

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
fn text_at(own: &str, path: &[String]) -> Option<Text> {
    OwnTexts::new(own).get(path)
}

/// The texts in the network's own fields of one line. However many cells of the line refer to them, each object is parsed
/// once, and each text is copied once. So the cost is that of the line itself.
pub(super) struct OwnTexts<'l> {
    own: &'l str,
    objects: RefCell<HashMap<Vec<String>, Option<Members<'l>>>>,
    texts: RefCell<HashMap<Vec<String>, Option<Text>>>,
}

/// The values of an object by their names. The first field with a name counts.
type Members<'l> = HashMap<String, &'l str>;

impl<'l> OwnTexts<'l> {
    pub(super) fn new(own: &'l str) -> Self {
        Self { own, objects: RefCell::default(), texts: RefCell::default() }
    }

    /// The text to which the names of fields lead. Its clones share it.
    pub(super) fn get(&self, path: &[String]) -> Option<Text> {
        if let Some(text) = self.texts.borrow().get(path) {
            return text.clone();
        }
        let text = self
            .value(path)
            .filter(|_| !path.is_empty())
            .and_then(|value| serde_json::from_str(value).ok())
            .map(|TextForm(text)| text);
        self.texts.borrow_mut().insert(path.to_vec(), text.clone());
        text
    }

    /// The value to which the names of fields lead.
    fn value(&self, path: &[String]) -> Option<&'l str> {
        let Some((name, above)) = path.split_last() else { return Some(self.own) };
        if let Some(members) = self.objects.borrow().get(above) {
            return members.as_ref()?.get(name).copied();
        }
        let members = self.value(above).and_then(members);
        let value = members.as_ref().and_then(|members| members.get(name).copied());
        self.objects.borrow_mut().insert(above.to_vec(), members);
        value
    }
}

fn members(object: &str) -> Option<Members<'_>> {
    let object = Object::new(object).ok()?;
    let mut members = Members::with_capacity(object.fields.len());
    for field in object.fields {
        members.entry(field.name.into_owned()).or_insert(field.value.get());
    }
    Some(members)
}
