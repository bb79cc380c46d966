//! Cells and rows: the description gives the type of each value.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Reader,
    form::{KeyForm, Millis, NameForm, OrderForm, TextForm},
};
use crate::{
    Key, Row, Statuses, Text, Value,
    description::{Field, Kind, ListId, ListSpec},
    json::Change,
};

/// Maximum names of fields that lead to a text.
const MAX_PATH: usize = 2;

/// Texts in the line of an event for which a shorter form can stand.
#[derive(Clone, Copy, Default)]
pub(super) struct Known<'a> {
    /// The text of the event: `true`.
    pub(super) same: Option<&'a Text>,
    /// The key of the row: `[]`.
    pub(super) key: Option<&'a Key>,
    /// The text in the network's own fields to which names of fields lead.
    pub(super) own: Option<&'a TextAt<'a>>,
}

/// Finds a text by the names of the fields that lead to it.
pub(super) type TextAt<'a> = dyn Fn(&[String]) -> Option<Text> + 'a;

type Flag = std::cell::Cell<bool>;
type Bits = std::cell::Cell<u32>;

/// A value of a kind.
#[derive(Clone, Copy)]
pub(super) struct CellSeed<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) kind: &'a Kind,
    pub(super) known: Known<'a>,
    /// Is set if the text is as it was before. `None`: that is not possible here.
    pub(super) kept: Option<&'a Flag>,
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let value = match self.kind {
            Kind::Flag => Option::deserialize(deserializer)?.map(Value::Flag),
            Kind::Count | Kind::Bytes => Option::deserialize(deserializer)?.map(Value::Count),
            Kind::Rate | Kind::BytesRate | Kind::Ratio => number(deserializer)?.map(Value::Number),
            Kind::Took => Option::deserialize(deserializer)?.map(|Millis(time)| Value::Took(time)),
            Kind::At => Option::deserialize(deserializer)?.map(Value::At),
            Kind::Status => Option::deserialize(deserializer)?
                .map(|names| self.reader.statuses(names))
                .transpose()
                .map_err(D::Error::custom)?
                .map(Value::Status),
            Kind::Id | Kind::Text | Kind::Json => {
                return deserializer.deserialize_any(TextCell { known: self.known, kept: self.kept });
            }
            Kind::Ref(_) => Option::deserialize(deserializer)?.map(|KeyForm(key)| Value::Ref(key)),
            Kind::Unknown => {
                let json: &RawValue = Deserialize::deserialize(deserializer)?;
                (json.get() != "null").then(|| Value::text(Text::new(json.get())))
            }
        };
        Ok(value.unwrap_or_default())
    }
}

/// A number with each of its digits: `serde_json` reads numbers with an error of one unit in the last place.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let json: Option<&RawValue> = Option::deserialize(deserializer)?;
    let number = json.map(|json| json.get().parse().ok().filter(|number: &f64| number.is_finite()));
    number.map(|number| number.ok_or_else(|| D::Error::custom("a number is expected"))).transpose()
}

/// A text in a cell.
struct TextCell<'a> {
    known: Known<'a>,
    /// Is set by `false`.
    kept: Option<&'a Flag>,
}

impl<'de> Visitor<'de> for TextCell<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text: a string, `{\"json\":VALUE}`, `{\"cut\":START,\"bytes\":LENGTH}` or `true`")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(Text::new(text)))
    }

    fn visit_bool<E: Error>(self, is_same: bool) -> Result<Value, E> {
        if let (false, Some(kept)) = (is_same, self.kept) {
            kept.set(true);
            return Ok(Value::None);
        }
        let text = self.known.same.filter(|_| is_same);
        text.map(|text| Value::text(text.clone()))
            .ok_or_else(|| E::custom("`true` means the text of the event, and there is none"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut path = Vec::new();
        while let Some(NameForm(name)) = seq.next_element()? {
            path.push(name.into_owned());
            if path.len() > MAX_PATH {
                break;
            }
        }
        let Known { key, own, .. } = self.known;
        let text = match path.len() {
            0 => key.map(|key| key.0.clone()),
            1..=MAX_PATH => own.and_then(|text_at| text_at(&path)),
            _ => None,
        };
        let wrong = "an array is a place in a recorded line where the text stands, and there is none";
        text.map(Value::text).ok_or_else(|| A::Error::custom(wrong))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut json, mut cut, mut bytes) = (None, None, None);
        while let Some(name) = map.next_key::<NameForm>()? {
            match &*name.0 {
                "json" => json = Some(map.next_value::<&RawValue>()?),
                "cut" => cut = Some(map.next_value::<TextForm>()?),
                "bytes" => bytes = Some(map.next_value::<u64>()?),
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        match (json, cut, bytes) {
            (Some(json), ..) => Ok(Value::text(Text::new(json.get()))),
            (_, Some(TextForm(start)), Some(bytes)) if start.len() as u64 <= bytes => {
                Ok(Value::Text(start, u32::try_from(bytes).unwrap_or(u32::MAX)))
            }
            (_, Some(_), Some(_)) => Err(A::Error::custom("the start of the text is longer than the text")),
            _ => Err(A::Error::custom("a text has `json`, or `cut` and `bytes`")),
        }
    }
}

/// One value for each field.
pub(super) struct Values<'a> {
    pub(super) reader: Reader<'a>,
    /// The name of what has these fields.
    pub(super) of: &'a str,
    pub(super) fields: &'a mut dyn ExactSizeIterator<Item = &'a Field>,
    pub(super) known: Known<'a>,
    /// Gets bit n set if cell n has a text that is as it was before. `None`: that is not possible here.
    pub(super) kept: Option<&'a Bits>,
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Value>, A::Error> {
        let Self { reader, of, fields, known, kept } = self;
        let most = fields.len();
        let wrong = |found| A::Error::custom(format_args!("{of} has {most} values, but there are {found}"));
        let mut values = Vec::with_capacity(most);
        for field in fields {
            let is_kept = Flag::new(false);
            let cell = CellSeed { reader, kind: &field.kind, known, kept: kept.map(|_| &is_kept) };
            let value = seq.next_element_seed(cell)?.ok_or_else(|| wrong(values.len().to_string()))?;
            if let (true, Some(kept)) = (is_kept.get(), kept) {
                kept.set(kept.get() | 1_u32.checked_shl(values.len() as u32).unwrap_or(0));
            }
            values.push(value);
        }
        match seq.next_element::<IgnoredAny>()? {
            Some(_) => Err(wrong("more".to_owned())),
            None => Ok(values),
        }
    }
}

/// A row: its key, its order and its cells.
#[derive(Clone, Copy)]
pub(super) struct RowSeed<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) spec: &'a ListSpec,
    pub(super) known: Known<'a>,
    /// As in [`Values`].
    pub(super) kept: Option<&'a Bits>,
}

impl RowSeed<'_> {
    /// Reads the elements after a key. `None`: there is `null` instead of them, the row no longer exists.
    fn rest<'de, A: SeqAccess<'de>>(self, key: KeyForm, seq: &mut A) -> Result<Option<Row>, A::Error> {
        let Some(order) = seq.next_element::<Option<OrderForm>>()? else { return Err(self.short()) };
        let Some(OrderForm(order)) = order else { return Ok(None) };
        let Self { reader, spec, known, kept } = self;
        let known = Known { key: known.own.map(|_| &key.0), ..known };
        let fields = &mut spec.columns.iter();
        let values = Values { reader, of: spec.name.as_str(), fields, known, kept };
        let cells = seq.next_element_seed(values)?.ok_or_else(|| self.short())?;
        Ok(Some(Row { key: key.0, order, cells: cells.into() }))
    }

    fn short<E: Error>(self) -> E {
        E::custom(format_args!("a row of {} is an array of key, order and cells", self.spec.name))
    }
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Row;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
        let key = seq.next_element()?.ok_or_else(|| self.short())?;
        self.rest(key, &mut seq)?.ok_or_else(|| self.short())
    }
}

/// A row behind the name of its list. `null` in place of order and cells: it no longer exists.
#[derive(Clone, Copy)]
pub(super) struct ListedRow<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) known: Known<'a>,
}

impl<'de> DeserializeSeed<'de> for ListedRow<'_> {
    type Value = Change;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Change, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListedRow<'_> {
    type Value = Change;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row with its list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Change, A::Error> {
        let Self { reader, known } = self;
        let short = || A::Error::custom("a row with its list is an array of list, key, order and cells");
        let NameForm(name) = seq.next_element()?.ok_or_else(short)?;
        let (list, spec) = reader.list(&name).map_err(A::Error::custom)?;
        let key: KeyForm = seq.next_element()?.ok_or_else(short)?;
        let named = key.0.clone();
        let kept = Bits::new(0);
        let row = RowSeed { reader, spec, known, kept: Some(&kept) }.rest(key, &mut seq)?;
        Ok(Change { list, key: named, row, kept: kept.get() })
    }
}

/// An array whose elements are read by the same seed, or are `null`.
#[derive(Clone, Copy)]
pub(super) struct Each<S>(pub(super) S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Each<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Each<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(self.0)? {
            elements.push(element);
        }
        Ok(elements)
    }
}

/// `null`, or what the seed reads.
#[derive(Clone, Copy)]
pub(super) struct OrNull<S>(pub(super) S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for OrNull<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for OrNull<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null or a row")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

impl<'d> Reader<'d> {
    /// The list with this name.
    pub(super) fn list(self, name: &str) -> Result<(ListId, &'d ListSpec), String> {
        let list = self.description.list_id(name).and_then(|id| Some((id, self.description.list(id)?)));
        list.ok_or_else(|| {
            unknown("list", name, self.description.lists.iter().map(|list| list.name.as_str()))
        })
    }

    /// The statuses with these names.
    pub(super) fn statuses(self, names: Vec<NameForm<'_>>) -> Result<Statuses, String> {
        let statuses = || self.description.statuses.iter().map(|status| status.name.as_str());
        let id = |NameForm(name): NameForm<'_>| {
            let id = self.description.status_id(&name);
            id.ok_or_else(|| unknown("status", &name, statuses()))
        };
        names.into_iter().map(id).collect()
    }
}

/// The error for a name that is not in the description, with the names that are.
pub(super) fn unknown<'a>(part: &str, name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let start: String = name.chars().take(40).collect();
    let names: Vec<&str> = names.take(8).collect();
    format!("there is no {part} {start:?}, only {}", names.join(", "))
}
