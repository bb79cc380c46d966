//! Numbers in a filter: how they are written and compared.

use std::time::Duration;

use crate::{Now, Value, description::Kind};

/// Longest number in bytes.
const MAX_LENGTH: usize = 40;

/// Comparison of a value with the number in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
}

/// A number in a filter. Its text can have different meanings: `5m` is five million things, or five minutes. `None`: it
/// has no meaning as such a number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Amount {
    /// Things or bytes.
    whole: Option<u64>,
    /// Things or bytes per second.
    rate: Option<Real>,
    /// A part of the whole, from 0 to 1.
    ratio: Option<Real>,
    /// Milliseconds.
    duration: Option<Real>,
}

/// A number with a limited precision.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Real {
    value: f64,
    /// Half of the last digit as it was written.
    half: f64,
}

/// What an [`Amount`] is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measure {
    Whole(u64),
    Rate(f64),
    Ratio(f64),
    /// Milliseconds.
    Duration(f64),
}

impl Comparison {
    /// The comparison at the start of a text, and the text behind it.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        let signs = [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            (">", Self::Above),
            ("<", Self::Below),
            ("=", Self::Equal),
        ];
        signs.into_iter().find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?)))
    }

    fn holds<T: PartialOrd + Copy>(self, value: T, number: T) -> bool {
        match self {
            Self::Above => value > number,
            Self::AtLeast => value >= number,
            Self::Below => value < number,
            Self::AtMost => value <= number,
            Self::Equal => value == number,
        }
    }
}

impl Amount {
    /// Reads a number in every way in which it has a meaning.
    pub(super) fn parse(text: &str) -> Self {
        if text.len() > MAX_LENGTH {
            return Self::default();
        }
        let text = text.to_lowercase();
        let plain = text.strip_suffix("/s").unwrap_or(&text);
        let rate = scaled(plain.strip_suffix('b').unwrap_or(plain));
        let whole = scaled(text.strip_suffix('b').unwrap_or(&text));
        let ratio = match text.strip_suffix('%') {
            Some(percent) => real(percent, 1.0, 100.0),
            None => real(&text, 1.0, 1.0),
        };
        Self { whole: whole.map(|real| real.value.round() as u64), rate, ratio, duration: duration(&text) }
    }

    /// Whether it has a meaning as a number of this kind.
    pub(super) fn is_of(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Count | Kind::Bytes => self.whole.is_some(),
            Kind::Rate | Kind::BytesRate => self.rate.is_some(),
            Kind::Ratio => self.ratio.is_some(),
            Kind::Took | Kind::At => self.duration.is_some(),
            _ => false,
        }
    }

    /// Whether the value compares in this way. Whole numbers are equal if they are the same. Other numbers are equal if
    /// the value, rounded to the digits of the filter, is the same.
    pub(super) fn compare(&self, comparison: Comparison, value: Measure) -> bool {
        let (value, real) = match value {
            Measure::Whole(value) => return self.whole.is_some_and(|number| comparison.holds(value, number)),
            Measure::Rate(value) => (value, self.rate),
            Measure::Ratio(value) => (value, self.ratio),
            Measure::Duration(value) => (value, self.duration),
        };
        real.is_some_and(|real| match comparison {
            Comparison::Equal => (value - real.value).abs() <= real.half,
            comparison => comparison.holds(value, real.value),
        })
    }

    /// Values of this kind at and beside which comparisons with this number can change.
    pub(super) fn borders(&self, kind: &Kind) -> Vec<f64> {
        let real = match kind {
            Kind::Rate | Kind::BytesRate => self.rate,
            Kind::Ratio => self.ratio,
            Kind::Took | Kind::At => self.duration,
            _ => None,
        };
        real.map(|Real { value, half }| vec![value - half, value, value + half]).unwrap_or_default()
    }

    /// The whole number.
    pub(super) fn whole(&self) -> Option<u64> {
        self.whole
    }
}

impl Measure {
    /// What a value of this kind is compared as. `None` without a value, and if the values are no numbers. For a moment
    /// it is the time between that moment and now.
    pub(super) fn of(kind: &Kind, value: &Value, now: Now) -> Option<Self> {
        Some(match (kind, value) {
            (Kind::Count | Kind::Bytes, Value::Count(count)) => Self::Whole(*count),
            (Kind::Rate | Kind::BytesRate, Value::Number(number)) => Self::Rate(*number),
            (Kind::Ratio, Value::Number(number)) => Self::Ratio(*number),
            (Kind::Took, Value::Took(took)) => Self::Duration(milliseconds(*took)),
            (Kind::At, Value::At(at)) => Self::Duration((milliseconds(now.uptime) - *at as f64).abs()),
            _ => return None,
        })
    }

    /// A measure of this kind with this value.
    pub(super) fn new(kind: &Kind, value: f64) -> Self {
        match kind {
            Kind::Rate | Kind::BytesRate => Self::Rate(value),
            Kind::Ratio => Self::Ratio(value),
            _ => Self::Duration(value),
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// A number with k, M or G: `200`, `1.5k`, `2M`, `1G`.
fn scaled(text: &str) -> Option<Real> {
    let (digits, unit) = match text.char_indices().last()? {
        (at, 'k') => (&text[..at], 1e3),
        (at, 'm') => (&text[..at], 1e6),
        (at, 'g') => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    real(digits, unit, 1.0)
}

/// A duration in milliseconds: `100ms`, `1.5s`, `5m`. Only 0 has no unit.
fn duration(text: &str) -> Option<Real> {
    let start = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(start);
    let (unit, parts) = match unit {
        "us" | "\u{b5}s" | "\u{3bc}s" => (1.0, 1e3),
        "ms" => (1.0, 1.0),
        "s" => (1e3, 1.0),
        "m" | "min" => (60e3, 1.0),
        "h" => (3600e3, 1.0),
        "d" => (86400e3, 1.0),
        "" => return real(digits, 1.0, 1.0).filter(|real| real.value == 0.0),
        _ => return None,
    };
    real(digits, unit, parts)
}

/// Digits with at most one point, in units of `unit / parts`. There is one rounding, so `2.3s` is the same number as
/// `2300ms`.
fn real(digits: &str, unit: f64, parts: f64) -> Option<Real> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    digits.parse::<f64>().ok().filter(|_| is_number)?;
    let decimals = digits.find('.').map_or(0, |point| digits.len() - point - 1);
    let written: f64 = digits.replacen('.', "", 1).parse().ok()?;
    let scale = parts * 10f64.powi(i32::try_from(decimals).ok()?);
    Some(Real { value: written * unit / scale, half: unit / scale / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(comparison: &str, kind: &Kind, value: &Value) -> bool {
        let (comparison, number) = Comparison::split(comparison).unwrap();
        let now = Now { uptime: Duration::from_secs(1000), unix_ms: 0 };
        Amount::parse(number).compare(comparison, Measure::of(kind, value, now).unwrap())
    }

    #[test]
    fn numbers_are_compared_in_the_units_of_their_kind() {
        let took = |ms: f64| Value::Took(Duration::from_secs_f64(ms / 1e3));
        for (kind, value, true_ones, false_ones) in [
            (Kind::Count, Value::Count(3), &[">2", ">=3", "<2k", "=3", "<=3"][..], &[">3", "<3", "=4"][..]),
            (Kind::Bytes, Value::Count(1500), &["=1.5k", "=1500B", ">1kb", "<1M"], &["<1.5K", ">1G"]),
            (Kind::Took, took(100.0), &["=100ms", ">=100ms", "<=0.1s", ">99ms", "<1m"], &[">100ms", "<0.1s"]),
            (Kind::Took, took(2300.0), &[">=2.3s", "<=2.3s", "=2s", ">2299999us"], &["=2.2s", ">2.3s"]),
            (Kind::At, Value::At(700_000), &["=5m", "=300s", "<1h", ">4m"], &["<5m", "=4m", ">1d"]),
            (Kind::At, Value::At(1_060_000), &["=1m", "<=60s"], &[">2m"]),
            (Kind::At, Value::At(-1_000_000), &[">33m", "=2000s"], &["<1s"]),
            (Kind::Rate, Value::Number(2.51), &[">2.5", "=2.5", "=2.5/s", "<1k"], &["=2.6", ">2.51"]),
            (Kind::BytesRate, Value::Number(2e6), &["=2MB/s", ">1M"], &["<2M"]),
            (Kind::Ratio, Value::Number(0.75), &[">50%", "=75%", ">0.7", "<=1", "<100%"], &[">75%", "=0.6"]),
        ] {
            for text in true_ones {
                assert!(holds(text, &kind, &value), "{value:?} {text}");
            }
            for text in false_ones {
                assert!(!holds(text, &kind, &value), "{value:?} {text}");
            }
        }
    }

    #[test]
    fn what_is_no_number_of_a_kind_is_none() {
        for (kind, texts) in [
            (Kind::Count, &["", "-1", "1.2.3", "x", "k", "5s", "1e3", "inf", "."][..]),
            (Kind::Took, &["", "100", "-1s", "ms", "5k", "1 s"]),
            (Kind::Ratio, &["", "%", "5k", "1s"]),
            (Kind::Rate, &["", "/s", "b", "5s"]),
            (Kind::Text, &["5", "5s"]),
        ] {
            for text in texts {
                assert!(!Amount::parse(text).is_of(&kind), "{text} as {kind:?}");
            }
        }
        assert!(Amount::parse("0").is_of(&Kind::Took));
        assert!(!Amount::parse(&"1".repeat(MAX_LENGTH + 1)).is_of(&Kind::Count));
    }
}
