//! Sizes and durations in options: `"64M"`, `"10m"`.

use std::{fmt, time::Duration};

use serde::{
    Deserializer,
    de::{self, Visitor},
};

const SIZES: [(&str, u64); 4] = [("", 1), ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000)];
const DURATIONS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a number of bytes: a number, or a text such as `"64M"`. k, M and G are powers of a thousand.
pub(super) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Amount { units: &SIZES, expected: "a size such as \"64M\"", bare: true })
}

/// Reads a duration such as `"10m"`. The units are ms, s, m, h and d.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let amount = Amount { units: &DURATIONS, expected: "a duration such as \"10m\"", bare: false };
    deserializer.deserialize_any(amount).map(Duration::from_millis)
}

struct Amount {
    units: &'static [(&'static str, u64)],
    expected: &'static str,
    /// Whether a number without a unit is an amount.
    bare: bool,
}

impl Visitor<'_> for Amount {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = self.units.iter().find(|(name, _)| *name == unit);
        let amount = unit.and_then(|(_, factor)| number.parse::<u64>().ok()?.checked_mul(*factor));
        amount.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        if self.bare { Ok(number) } else { Err(E::invalid_type(de::Unexpected::Unsigned(number), &self)) }
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn sizes_and_durations_have_units() {
        for (given, wanted) in [
            (json!(4096), Some(4096)),
            (json!("7"), Some(7)),
            (json!("2k"), Some(2000)),
            (json!("1G"), Some(1_000_000_000)),
            (json!("1g"), None),
            (json!("G"), None),
            (json!(-1), None),
            (json!(1.5), None),
            (json!("99999999999999999999"), None),
            (json!("99999999999999999G"), None),
        ] {
            assert_eq!(bytes(given.clone()).ok(), wanted, "{given}");
        }
        for (given, wanted) in [
            (json!("250ms"), Some(250)),
            (json!("10m"), Some(600_000)),
            (json!("90d"), Some(90 * 86_400_000)),
            (json!(10), None),
            (json!("10"), None),
            (Value::Null, None),
        ] {
            assert_eq!(duration(given.clone()).ok(), wanted.map(Duration::from_millis), "{given}");
        }
    }
}
