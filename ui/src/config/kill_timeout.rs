use std::{fmt, str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

/// The time after which a lost peer is dead: a number of milliseconds, as in the protocol, or a time with a unit, such
/// as `90s`, `5m` or `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KillTimeout(Duration);

/// Error: the text is no time.
#[derive(Debug, thiserror::Error)]
#[error("a kill timeout is a number of milliseconds, or a time such as 90s, 5m or 1h")]
pub(crate) struct NoTime;

impl From<KillTimeout> for Duration {
    fn from(timeout: KillTimeout) -> Self {
        timeout.0
    }
}

impl FromStr for KillTimeout {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let text = text.trim();
        if let Ok(milliseconds) = text.parse() {
            return Ok(Self(Duration::from_millis(milliseconds)));
        }
        let time: SignedDuration = text.parse().map_err(|_| NoTime)?;
        time.try_into().map(Self).map_err(|_| NoTime)
    }
}

impl<'de> Deserialize<'de> for KillTimeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl de::Visitor<'_> for NumberOrText {
            type Value = KillTimeout;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of milliseconds or a time such as \"1h\"")
            }
            fn visit_i64<E: de::Error>(self, milliseconds: i64) -> Result<KillTimeout, E> {
                let milliseconds = milliseconds.try_into().map_err(|_| E::custom(NoTime))?;
                Ok(KillTimeout(Duration::from_millis(milliseconds)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<KillTimeout, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_milliseconds() {
        for (text, milliseconds) in [
            ("3600000", 3_600_000),
            ("0", 0),
            ("90s", 90_000),
            ("5m", 300_000),
            ("1h 30m", 5_400_000),
            ("250ms", 250),
        ] {
            let timeout: KillTimeout = text.parse().unwrap();
            assert_eq!(Duration::from(timeout), Duration::from_millis(milliseconds), "{text}");
        }
        for text in ["", "soon", "-5", "-5s", "5s ago", "1.5", "5 parsecs", "99999999999999999999"] {
            assert!(text.parse::<KillTimeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_can_contain_a_number_or_a_text() {
        let read = |text: &str| toml::from_str::<std::collections::HashMap<String, KillTimeout>>(text);
        let minute = KillTimeout(Duration::from_secs(60));
        assert_eq!(read("a = 60000").unwrap()["a"], minute);
        assert_eq!(read("a = '1m'").unwrap()["a"], minute);
        for text in ["a = -1", "a = 'soon'", "a = 1.5", "a = true"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
