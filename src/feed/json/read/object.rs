//! The first pass: an object divided into fields.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::json::JsonError;

/// Maximum fields of a line.
const MAX_FIELDS: usize = 1024;

/// A line, or an object in it, divided into fields.
pub(super) struct Object<'l> {
    line: &'l str,
    pub(super) fields: Vec<Member<'l>>,
}

/// A field of an object.
pub(super) struct Member<'l> {
    /// The name as it is written, with quotes.
    pub(super) written: &'l str,
    /// The name. Escapes in it that are no characters stay as they are.
    pub(super) name: Cow<'l, str>,
    pub(super) value: &'l RawValue,
}

impl<'l> Object<'l> {
    pub(super) fn new(line: &'l str) -> Result<Self, JsonError> {
        let fields = serde_json::from_str(line).map(|Fields(fields)| fields);
        fields.map(|fields| Self { line, fields }).map_err(|error| JsonError::new(0, &error))
    }

    /// The object that a field is.
    pub(super) fn inner(&self, value: &'l RawValue) -> Result<Self, JsonError> {
        let Fields(fields) = self.read(value, PhantomData)?;
        Ok(Self { line: self.line, fields })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'l RawValue> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value)
    }

    /// A field that must exist.
    pub(super) fn needed(&self, name: &str) -> Result<&'l RawValue, JsonError> {
        self.get(name).ok_or_else(|| JsonError::wrong(0, format_args!("the field `{name}` is missing")))
    }

    /// The second pass over a value.
    pub(super) fn read<S: DeserializeSeed<'l>>(
        &self,
        value: &'l RawValue,
        seed: S,
    ) -> Result<S::Value, JsonError> {
        let mut deserializer = serde_json::Deserializer::from_str(value.get());
        seed.deserialize(&mut deserializer).map_err(|error| JsonError::new(self.offset(value), &error))
    }

    /// A field that must exist.
    pub(super) fn required<T: Deserialize<'l>>(&self, name: &str) -> Result<T, JsonError> {
        self.read(self.needed(name)?, PhantomData)
    }

    /// A field, or the default if it does not exist.
    pub(super) fn optional<T: Deserialize<'l> + Default>(&self, name: &str) -> Result<T, JsonError> {
        self.get(name).map_or_else(|| Ok(T::default()), |value| self.read(value, PhantomData))
    }

    /// An error about a value.
    pub(super) fn wrong(&self, value: &RawValue, reason: impl fmt::Display) -> JsonError {
        JsonError::wrong(self.offset(value), reason)
    }

    /// Where a value begins in the line.
    fn offset(&self, value: &RawValue) -> usize {
        (value.get().as_ptr() as usize).saturating_sub(self.line.as_ptr() as usize).min(self.line.len())
    }
}

/// The fields of an object.
struct Fields<'l>(Vec<Member<'l>>);

impl<'l> Deserialize<'l> for Fields<'l> {
    fn deserialize<D: Deserializer<'l>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'l> Visitor<'l> for Each {
            type Value = Fields<'l>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'l>>(self, mut map: A) -> Result<Fields<'l>, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    if fields.len() == MAX_FIELDS {
                        return Err(A::Error::custom(format_args!(
                            "an object has at most {MAX_FIELDS} fields"
                        )));
                    }
                    let written = name.get();
                    fields.push(Member { written, name: name_of(written), value });
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// The name that is written as this string.
fn name_of(written: &str) -> Cow<'_, str> {
    let plain = written.trim_matches('"');
    if !plain.contains('\\') {
        return Cow::Borrowed(plain);
    }
    serde_json::from_str(written).map_or(Cow::Borrowed(plain), Cow::Owned)
}
