//! Cells and rows.

use serde_json::value::RawValue;

use super::{
    Writer,
    text::{Parts, push_json_text, push_key, push_millis, push_plain, push_str, push_text},
};
use crate::{
    Key, Order, Row, Statuses, Text, Value,
    description::{Field, Kind, ListId},
    json::read::path_of,
};

/// How texts in cells are written.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    /// Maximum bytes of a text.
    pub(super) most: usize,
    /// The text of the event in whose line the cell stands. A cell with the same text is `true`.
    pub(super) same: Option<Same<'a>>,
    /// The cells with a text that is as it was before: bit n stands for cell n.
    pub(super) kept: u32,
    /// Where else in the line of a recording the text of a cell can stand. `None`: the line is not recorded.
    pub(super) elsewhere: Option<Elsewhere<'a>>,
}

/// Where a text in a recorded line can stand besides its cell.
#[derive(Clone, Copy)]
pub(super) struct Elsewhere<'a> {
    /// The key of the row.
    pub(super) key: &'a str,
    /// The network's own fields, if they are written.
    pub(super) own: Option<&'a str>,
}

/// A shorter text is written as quickly as the place of another one.
const LONG: usize = 32;

/// The text of an event.
#[derive(Clone, Copy)]
pub(super) struct Same<'a> {
    pub(super) text: &'a Text,
    /// Whether it is JSON. Only cells of the same kind are `true`, because escapes in JSON are not escapes in a text.
    pub(super) is_json: bool,
}

impl Texts<'_> {
    pub(super) const WHOLE: Self = Self::at_most(usize::MAX);

    pub(super) const fn at_most(most: usize) -> Self {
        Self { most, same: None, kept: 0, elsewhere: None }
    }

    fn is_same_value(self, kind: &Kind, value: &Value) -> bool {
        matches!(value, Value::Text(text, length) if text.len() as u64 >= u64::from(*length) && self.is_same(kind, text))
    }

    fn is_same(self, kind: &Kind, text: &Text) -> bool {
        let is_json = *kind == Kind::Json;
        self.same.is_some_and(|same| same.is_json == is_json && *kind != Kind::Unknown && same.text == text)
    }
}

impl Texts<'_> {
    /// Writes where else in the line a text stands: `[]` is the key of the row, `["peer","id"]` is a field of the
    /// network's own. Returns whether it stands elsewhere.
    fn push_place(self, out: &mut Vec<u8>, kind: &Kind, text: &Text) -> bool {
        let Some(Elsewhere { key, own }) = self.elsewhere else { return false };
        if !matches!(kind, Kind::Id | Kind::Text) {
            return false;
        }
        let is_id = *kind == Kind::Id && text.len() >= LONG;
        let path = match own {
            _ if text.untrusted() == key => Some(Vec::new()),
            Some(own) if is_id => path_of(own, text.untrusted()),
            _ => None,
        };
        let Some(path) = path else { return false };
        let mut array = Parts::array(out);
        path.iter().for_each(|name| push_str(array.next(), name));
        array.end();
        true
    }
}

impl Writer<'_> {
    /// Writes a value of a kind. A value that does not fit the kind is `null`.
    pub(super) fn value(self, out: &mut Vec<u8>, kind: &Kind, value: &Value, texts: Texts<'_>) {
        match value {
            Value::Text(text, length) if kind.is_text() || *kind == Kind::Unknown => {
                let is_whole = text.len() as u64 >= u64::from(*length);
                if is_whole && texts.is_same(kind, text) {
                    out.extend_from_slice(b"true");
                } else if is_whole && texts.push_place(out, kind, text) {
                    // It stands elsewhere in the line.
                } else if !is_whole || text.len() > texts.most {
                    push_cut(out, text, (*length).into(), texts.most);
                } else if !matches!(kind, Kind::Id | Kind::Text) {
                    push_json(out, text, *kind == Kind::Unknown);
                } else {
                    push_text(out, text);
                }
            }
            value if !value.fits(kind) => out.extend_from_slice(b"null"),
            Value::None | Value::Text(..) => out.extend_from_slice(b"null"),
            Value::Flag(flag) => push_plain(out, flag),
            Value::Count(count) => push_plain(out, count),
            Value::Number(number) => push_plain(out, number),
            Value::Took(time) => push_millis(out, *time),
            Value::At(millis) => push_plain(out, millis),
            Value::Status(statuses) => self.statuses(out, *statuses),
            Value::Ref(key) => push_key(out, key),
        }
    }

    /// Writes the values of fields.
    pub(super) fn values<'f>(
        self,
        out: &mut Vec<u8>,
        fields: impl IntoIterator<Item = &'f Field>,
        values: &[Value],
        texts: Texts<'_>,
    ) {
        let mut array = Parts::array(out);
        for (index, (field, value)) in fields.into_iter().zip(values).enumerate() {
            let out = array.next();
            let is_kept = texts.kept.checked_shr(index as u32).unwrap_or(0) & 1 == 1;
            if is_kept && field.kind.is_text() && !texts.is_same_value(&field.kind, value) {
                out.extend_from_slice(b"false");
            } else {
                self.value(out, &field.kind, value, texts);
            }
        }
        array.end();
    }

    /// Writes gauges and settings. Without values, there are no such fields.
    pub(super) fn figures(
        self,
        object: &mut Parts<'_>,
        gauges: &[Value],
        settings: &[Value],
        texts: Texts<'_>,
    ) {
        if !gauges.is_empty() {
            self.values(object.field("gauges"), &self.description.gauges, gauges, texts);
        }
        if !settings.is_empty() {
            let fields = self.description.settings.iter().map(|setting| &setting.field);
            self.values(object.field("settings"), fields, settings, texts);
        }
    }

    pub(super) fn statuses(self, out: &mut Vec<u8>, statuses: Statuses) {
        let mut array = Parts::array(out);
        let names = statuses.iter().filter_map(|status| self.description.status(status));
        names.for_each(|status| push_plain(array.next(), &status.name));
        array.end();
    }

    /// Writes the key, the order and the cells of a row.
    pub(super) fn row(self, out: &mut Vec<u8>, list: ListId, row: &Row, texts: Texts<'_>) {
        let mut array = Parts::array(out);
        self.row_parts(&mut array, list, row, texts);
        array.end();
    }

    /// Writes the list, the key, the order and the cells of a row.
    pub(super) fn listed_row(self, out: &mut Vec<u8>, list: ListId, row: &Row, texts: Texts<'_>) {
        let mut array = Parts::array(out);
        self.list(array.next(), list);
        self.row_parts(&mut array, list, row, texts);
        array.end();
    }

    fn row_parts(self, array: &mut Parts<'_>, list: ListId, row: &Row, texts: Texts<'_>) {
        push_key(array.next(), &row.key);
        push_order(array.next(), &row.order);
        let columns = self.description.list(list).map_or(&[][..], |list| &list.columns);
        let elsewhere = texts.elsewhere.map(|elsewhere| Elsewhere { key: row.key.untrusted(), ..elsewhere });
        self.values(array.next(), columns, &row.cells, Texts { elsewhere, ..texts });
    }

    /// Writes the name of a list.
    pub(super) fn list(self, out: &mut Vec<u8>, list: ListId) {
        push_str(out, self.list_name(list));
    }

    /// The name of a list. A list that does not exist has a name that no list has.
    pub(super) fn list_name(&self, list: ListId) -> &str {
        self.description.list(list).map_or("?", |list| list.name.as_str())
    }

    /// Writes items of lists.
    pub(super) fn items(self, out: &mut Vec<u8>, items: &[(ListId, Key)]) {
        let mut array = Parts::array(out);
        items.iter().for_each(|(list, key)| self.item(array.next(), *list, key));
        array.end();
    }

    /// Writes an item of a list.
    pub(super) fn item(self, out: &mut Vec<u8>, list: ListId, key: &Key) {
        let mut array = Parts::array(out);
        self.list(array.next(), list);
        push_key(array.next(), key);
        array.end();
    }
}

pub(super) fn push_order(out: &mut Vec<u8>, order: &Order) {
    let Some(text) = &order.text else { return push_plain(out, &order.rank) };
    let mut array = Parts::array(out);
    push_plain(array.next(), &order.rank);
    push_text(array.next(), text);
    array.end();
}

/// Writes the text of a JSON value as that value. A text that is no JSON is a string.
pub(super) fn push_json(out: &mut Vec<u8>, text: &Text, is_bare: bool) {
    let Ok(json) = serde_json::from_str::<&RawValue>(text.untrusted()) else { return push_text(out, text) };
    if is_bare {
        return push_json_text(out, json.get());
    }
    let mut object = Parts::object(out);
    push_json_text(object.field("json"), json.get());
    object.end();
}

pub(super) fn push_cut(out: &mut Vec<u8>, text: &Text, length: u64, most: usize) {
    let text = text.untrusted();
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let mut object = Parts::object(out);
    push_str(object.field("cut"), &text[..end]);
    push_plain(object.field("bytes"), &length.max(text.len() as u64));
    object.end();
}
