//! Event lines.

use std::{cell::Cell, fmt, marker::PhantomData, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Reader,
    cell::{CellSeed, Each, Known, ListedRow, unknown},
    form::{ItemForm, KeyForm, Millis, NameForm, TextForm},
    object::Object,
    own::OwnTexts,
};
use crate::{
    Body, Event, JsonEvent, Line, Now, Text, Touched, Types, Value,
    description::{EVENT_FIELDS, EventId, EventSpec, Kind, ListId},
    json::{Change, EventLine, JsonError, usual::Usual},
};

impl Reader<'_> {
    /// Reads an event line whose `event` has this value.
    pub(super) fn event<'l>(
        self,
        line: &'l str,
        object: &Object<'l>,
        name: &'l RawValue,
    ) -> Result<EventLine, JsonError> {
        let name: NameForm = object.read(name, PhantomData)?;
        let kind = self.description.event_id(&name.0);
        let spec = kind.and_then(|kind| self.description.event(kind));
        let Parts { head, own, own_text } = Parts::new(object, spec, line.len())?;
        let [_, seq, time, uptime, by, line, rows, totals, settings] = head;
        let seq = read(object, seq)?.unwrap_or_default();
        let unix_ms = read(object, time)?.unwrap_or_default();
        let uptime = read(object, uptime)?.map(|Millis(uptime)| uptime).unwrap_or_default();
        let by = read(object, by)?.map(|TextForm(by)| by);
        let text = own_text.zip(spec).and_then(|(value, spec)| text_of(spec, value));
        let peer_row = Cell::new(None);
        let usual = Usual::of(self.description, spec.filter(|_| rows.is_some()));
        let seed = LineSeed { reader: self, spec, text: text.clone(), usual, peer_row: &peer_row };
        let mut line = line.map(|line| object.read(line, seed)).transpose()?;
        let same = line.as_ref().and_then(|line| line.text.as_ref()).or(text.as_ref());
        let texts = OwnTexts::new(&own);
        let text_at = |path: &[String]| texts.get(path);
        let known = Known { same, key: None, own: Some(&text_at) };
        let changes = Each(ListedRow { reader: self, known });
        let rows: Vec<Change> = rows.map(|rows| object.read(rows, changes)).transpose()?.unwrap_or_default();
        drop(texts);
        if let (Some(line), Some(row)) = (&mut line, peer_row.get()) {
            line.peer = rows.get(row).map(|change| change.key.clone());
        }
        let totals = totals.map(|totals| self.totals(object, totals)).transpose()?.unwrap_or_default();
        let settings = settings.map(|values| self.settings(object, values)).transpose()?;
        let touched = Touched {
            rows: rows.iter().map(|change| (change.list, change.key.clone())).collect(),
            settings: settings.is_some(),
        };
        let fields = RawValue::from_string(own).map_err(|error| JsonError::new(0, &error))?;
        let name = spec.map(|spec| spec.name.clone());
        let event = Event {
            seq,
            kind: kind.unwrap_or(EventId::UNKNOWN),
            now: Now { uptime, unix_ms },
            by,
            body: Body::Json(Arc::new(JsonEvent::new(name, fields, line, touched))),
        };
        Ok(EventLine { event, rows, totals, settings })
    }

    fn totals<'l>(self, object: &Object<'l>, value: &'l RawValue) -> Result<Vec<(ListId, u64)>, JsonError> {
        let totals = object.inner(value)?;
        let total = |field: &super::object::Member<'l>| {
            let (list, _) = self.list(&field.name).map_err(|reason| totals.wrong(field.value, reason))?;
            Ok((list, totals.read(field.value, PhantomData)?))
        };
        totals.fields.iter().map(total).collect()
    }
}

fn read<'l, T: Deserialize<'l>>(
    object: &Object<'l>,
    value: Option<&'l RawValue>,
) -> Result<Option<T>, JsonError> {
    value.map(|value| object.read(value, PhantomData)).transpose()
}

/// The fields of an event line.
struct Parts<'l> {
    /// In the order of [`EVENT_FIELDS`].
    head: [Option<&'l RawValue>; EVENT_FIELDS.len()],
    /// The network's own fields: one object.
    own: String,
    /// The network's own field that is the text of the line.
    own_text: Option<&'l RawValue>,
}

impl<'l> Parts<'l> {
    fn new(object: &Object<'l>, spec: Option<&EventSpec>, length: usize) -> Result<Self, JsonError> {
        let mut parts =
            Self { head: [None; EVENT_FIELDS.len()], own: String::with_capacity(length), own_text: None };
        let text = spec.and_then(|spec| spec.text.as_ref());
        for field in &object.fields {
            let mut reserved = EVENT_FIELDS.iter().position(|name| *name == field.name);
            // Lines of a pipe that are no events of the node have other values there.
            let is_ours = |index: usize| match EVENT_FIELDS[index] {
                "line" | "totals" => field.value.get().starts_with('{'),
                "rows" | "settings" => field.value.get().starts_with('['),
                _ => true,
            };
            reserved = reserved.filter(|index| spec.is_some() || is_ours(*index));
            if let Some(index) = reserved
                && parts.head[index].replace(field.value).is_some()
            {
                let reason = format_args!("the field `{}` occurs twice", EVENT_FIELDS[index]);
                return Err(object.wrong(field.value, reason));
            }
            // The name of an unknown kind is kept.
            if reserved.is_some_and(|index| index > 0 || spec.is_some()) {
                continue;
            }
            if text.is_some_and(|text| *text == *field.name) {
                parts.own_text.get_or_insert(field.value);
            }
            parts.own.push(if parts.own.is_empty() { '{' } else { ',' });
            parts.own.push_str(field.written);
            parts.own.push(':');
            parts.own.push_str(field.value.get());
        }
        if parts.own.is_empty() {
            parts.own.push('{');
        }
        parts.own.push('}');
        Ok(parts)
    }
}

/// The text of an event with these fields of the network.
pub(in crate::json) fn own_text(spec: &EventSpec, fields: &str) -> Option<Text> {
    let value = Object::new(fields).ok()?.get(spec.text.as_ref()?.as_str())?;
    text_of(spec, value)
}

/// The text of an event that is this field of the network. `None` if it should be a string, and is none.
fn text_of(spec: &EventSpec, value: &RawValue) -> Option<Text> {
    if spec.is_json {
        return Some(Text::new(value.get()));
    }
    serde_json::from_str(value.get()).ok().map(|TextForm(text)| text)
}

/// The peer of a line.
#[derive(Deserialize)]
#[serde(untagged)]
enum PeerForm {
    /// The number of its row in the line.
    Row(usize),
    Key(Option<KeyForm>),
}

/// A line for a person.
struct LineSeed<'a> {
    reader: Reader<'a>,
    spec: Option<&'a EventSpec>,
    /// The text, if it stands in the network's own fields.
    text: Option<Text>,
    /// What a line without such fields has.
    usual: Usual<'a>,
    /// Gets the number of the row of the peer, if the line has it.
    peer_row: &'a Cell<Option<usize>>,
}

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = Line;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Line, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for LineSeed<'_> {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
        use serde::de::Error;
        let Self { reader, spec, text, usual, peer_row } = self;
        let mut line = Line {
            text,
            direction: usual.direction.unwrap_or_default(),
            types: usual.types,
            what: Text::new(usual.what),
            outcome: Text::new(usual.outcome),
            tone: usual.tone,
            ..Line::default()
        };
        while let Some(name) = map.next_key::<NameForm>()? {
            match &*name.0 {
                "direction" => line.direction = map.next_value()?,
                "types" => line.types = reader.types(map.next_value()?).map_err(A::Error::custom)?,
                "peer" => match map.next_value()? {
                    PeerForm::Key(peer) => line.peer = peer.map(|KeyForm(key)| key),
                    PeerForm::Row(row) => peer_row.set(Some(row)),
                },
                "status" => line.status = reader.statuses(map.next_value()?).map_err(A::Error::custom)?,
                "item" => {
                    let ItemForm(NameForm(list), KeyForm(key)) = map.next_value()?;
                    line.item = Some((reader.list(&list).map_err(A::Error::custom)?.0, key));
                }
                "remote" => line.remote = map.next_value()?,
                "text" => {
                    let (kind, known) = (&Kind::Json, Known::default());
                    let cell = CellSeed { reader, kind, known, kept: None };
                    line.text = match map.next_value_seed(cell)? {
                        Value::Text(text, _) => Some(text),
                        _ => None,
                    };
                }
                "what" => line.what = map.next_value::<TextForm>()?.0,
                "outcome" => line.outcome = map.next_value::<TextForm>()?.0,
                "tone" => line.tone = map.next_value()?,
                name => {
                    let fields = spec.map_or(&[][..], |spec| &spec.fields);
                    let Some(index) = fields.iter().position(|field| field.name == *name) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let text = line.text.clone();
                    let known = Known { same: text.as_ref(), ..Known::default() };
                    let cell = CellSeed { reader, kind: &fields[index].kind, known, kept: None };
                    let value = map.next_value_seed(cell)?;
                    line.values.resize(line.values.len().max(index + 1), Value::None);
                    line.values[index] = value;
                }
            }
        }
        Ok(line)
    }
}

impl Reader<'_> {
    /// The types with these names.
    fn types(self, names: Vec<NameForm<'_>>) -> Result<Types, String> {
        let id = |NameForm(name): NameForm<'_>| {
            let id = self.description.type_id(&name);
            let types = self.description.types.iter().map(crate::Name::as_str);
            id.ok_or_else(|| unknown("type", &name, types))
        };
        names.into_iter().map(id).collect::<Result<Vec<_>, _>>().map(Types::of)
    }
}
