use std::{str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error};

/// A timeout, 10 ms to 24 h: a number of milliseconds, or a time with a unit, such as `10s` or `1m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout(Duration);

/// A rate per second, 0.001 to 1,000,000; 0 for no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

const LEAST: Duration = Duration::from_millis(10);
const MOST: Duration = Duration::from_secs(24 * 3600);

const NO_TIMEOUT: &str =
    "a time is a number of milliseconds, or with a unit as in 500ms, 10s, 1m; from 10ms to 24h";
const NO_RATE: &str = "a rate is a number a second from 0.001 to 1000000, such as 0.5, or 0 for no limit";

impl From<Timeout> for Duration {
    fn from(timeout: Timeout) -> Self {
        timeout.0
    }
}

impl FromStr for Timeout {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let with_unit = || text.parse::<SignedDuration>().ok()?.try_into().ok();
        let time: Option<Duration> = text.parse().ok().map(Duration::from_millis).or_else(with_unit);
        time.filter(|time| (LEAST..=MOST).contains(time)).map(Self).ok_or(NO_TIMEOUT)
    }
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let is_one = |rate: &f64| *rate == 0.0 || (0.001..=1_000_000.0).contains(rate);
        text.trim().parse().ok().filter(is_one).map(|rate: f64| Self(rate.abs())).ok_or(NO_RATE)
    }
}

/// Deserializes a number or a text as the command line would parse it.
fn written<'de, D: Deserializer<'de>, T>(deserializer: D, wrong: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err = &'static str>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Whole(i64),
        Number(f64),
        Text(String),
    }
    let text = match Written::deserialize(deserializer).map_err(|_| D::Error::custom(wrong))? {
        Written::Whole(number) => number.to_string(),
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map_err(D::Error::custom)
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, NO_TIMEOUT)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        written(deserializer, NO_RATE)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn times_and_rates_are_read_within_their_bounds() {
        for (text, milliseconds) in [("10", 10), ("500ms", 500), ("10s", 10_000), ("24h", 86_400_000)] {
            assert_eq!(text.parse(), Ok(Timeout(Duration::from_millis(milliseconds))), "{text}");
        }
        for text in ["", "0", "9ms", "-5s", "25h", "soon", "1.5", "99999999999999999999"] {
            assert_eq!(text.parse::<Timeout>(), Err(NO_TIMEOUT), "{text}");
        }
        for (text, rate) in [("0", 0.0), ("-0", 0.0), ("0.001", 0.001), ("1e6", 1e6)] {
            assert_eq!(text.parse(), Ok(Rate(rate)), "{text}");
        }
        for text in ["", "-1", "0.0009", "1000001", "nan", "inf", "fast"] {
            assert_eq!(text.parse::<Rate>(), Err(NO_RATE), "{text}");
        }
    }

    #[test]
    fn a_file_can_contain_numbers_or_texts() {
        let time = |text: &str| toml::from_str::<HashMap<String, Timeout>>(text);
        let minute = Timeout(Duration::from_secs(60));
        assert_eq!(time("a = 60000").unwrap()["a"], minute);
        assert_eq!(time("a = '1m'").unwrap()["a"], minute);
        let rate = |text: &str| toml::from_str::<HashMap<String, Rate>>(text);
        assert_eq!(rate("a = 5").unwrap()["a"], Rate(5.0));
        assert_eq!(rate("a = 0.5").unwrap()["a"], Rate(0.5));
        for text in ["a = -1", "a = true", "a = 'soon'"] {
            let errors = [time(text).unwrap_err().to_string(), rate(text).unwrap_err().to_string()];
            assert!(errors[0].contains(NO_TIMEOUT) && errors[1].contains(NO_RATE), "{errors:?}");
        }
    }
}
