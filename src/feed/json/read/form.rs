//! JSON forms of types that need no description.

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::object::Object;
use crate::{Key, Now, Order, Text, json::JsonError};

/// A text.
#[derive(Default)]
pub(super) struct TextForm(pub(super) Text);

impl<'de> Deserialize<'de> for TextForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = TextForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TextForm, E> {
                Ok(TextForm(Text::new(text)))
            }
        }
        deserializer.deserialize_str(Whole)
    }
}

/// A name. It is copied only if it contains escapes.
#[derive(Default)]
pub(super) struct NameForm<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for NameForm<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = NameForm<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<NameForm<'de>, E> {
                Ok(NameForm(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<NameForm<'de>, E> {
                Ok(NameForm(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowed)
    }
}

/// A key.
pub(super) struct KeyForm(pub(super) Key);

impl<'de> Deserialize<'de> for KeyForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        TextForm::deserialize(deserializer).map(|TextForm(text)| Self(Key(text)))
    }
}

/// The name of a list, and a key.
#[derive(Deserialize)]
pub(super) struct ItemForm<'a>(#[serde(borrow)] pub(super) NameForm<'a>, pub(super) KeyForm);

/// An array with at most `MOST` elements.
pub(super) struct Bounded<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for Bounded<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Each<T, MOST> {
            type Value = Bounded<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array with at most {MOST} elements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    if elements.len() == MOST {
                        return Err(A::Error::invalid_length(MOST + 1, &self));
                    }
                    elements.push(element);
                }
                Ok(Bounded(elements))
            }
        }
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

/// A position: a number, or a number and a text.
pub(super) struct OrderForm(pub(super) Order);

impl<'de> Deserialize<'de> for OrderForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OrderForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an order: a number, or an array of a number and a text")
            }

            fn visit_u64<E: Error>(self, rank: u64) -> Result<OrderForm, E> {
                Ok(OrderForm(Order::rank(rank)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OrderForm, A::Error> {
                let rank = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let text: Option<TextForm> = seq.next_element()?;
                let text = text.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                Ok(OrderForm(Order { rank, text: Some(text.0) }))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A duration in milliseconds.
#[derive(Default)]
pub(super) struct Millis(pub(super) Duration);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = <&RawValue>::deserialize(deserializer)?;
        let time = millis(number.get());
        time.map(Self).ok_or_else(|| D::Error::custom("a duration is a number of milliseconds, 0 or more"))
    }
}

/// The duration of a JSON number of milliseconds. Each digit down to a nanosecond counts; further ones are rounded.
pub(super) fn millis(number: &str) -> Option<Duration> {
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        // It has an exponent, or is no number.
        let millis: f64 = number.parse().ok()?;
        return Duration::try_from_secs_f64(millis / 1e3).ok();
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = whole.parse().ok()?;
    let digit = |place: usize| fraction.as_bytes().get(place).map_or(0, |digit| u32::from(digit - b'0'));
    let nanos = (0..6).fold(0, |nanos, place| nanos * 10 + digit(place)) + u32::from(digit(6) >= 5);
    let seconds = u64::try_from(whole / 1000).ok()?;
    Duration::new(seconds, 0)
        .checked_add(Duration::from_nanos((whole % 1000) as u64 * 1_000_000 + u64::from(nanos)))
}

/// A time on both clocks.
#[derive(Deserialize)]
pub(super) struct NowForm {
    time: u64,
    uptime_ms: Millis,
}

impl NowForm {
    /// The fields of an object.
    pub(super) fn of(object: &Object<'_>) -> Result<Self, JsonError> {
        Ok(Self { time: object.required("time")?, uptime_ms: object.required("uptime_ms")? })
    }
}

impl From<NowForm> for Now {
    fn from(form: NowForm) -> Self {
        Self { uptime: form.uptime_ms.0, unix_ms: form.time }
    }
}
