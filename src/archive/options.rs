use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error};

/// The table `[archive]` of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// The file of the archive. Without it and without `url` nothing is archived.
    pub path: Option<PathBuf>,
    /// The database of PostgreSQL, instead of a file: `postgresql:///clacks?host=/run/postgresql`.
    pub url: Option<String>,
    /// How long sightings and messages are kept, as in `90d`. Default: without limit.
    pub keep: Option<Keep>,
    /// Maximum size, as in `1G`. The oldest sightings are removed first, then messages. Default: without limit.
    pub max_size: Option<Size>,
    /// What happens to messages that ask not to be logged. Default: `keep`.
    pub gnu: Gnu,
}

/// What happens to messages that begin with `GNU`, whose N asks not to log them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gnu {
    /// They are archived as others are.
    #[default]
    Keep,
    /// They are counted, not stored.
    Count,
}

/// How long something is kept, in milliseconds. At least a minute. Written as `90d`, with `m`, `h`, `d` or `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keep(pub u64);

/// A size in bytes, at least 1 MiB. Written as `1G`, with `M`, `G` or `T`, powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// What is removed from an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// How long sightings and messages are kept. `None`: without limit.
    pub keep: Option<Keep>,
    /// The maximum size. `None`: without limit.
    pub max_size: Option<Size>,
}

/// Why options can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Both a file and a database.
    #[error("`path` and `url` of the table [archive] exclude each other; remove one")]
    TwoPlaces,
    /// Invalid duration.
    #[error("`keep` is a number with a unit, as in 90d, 12h, 30m or 8w; at least 1m")]
    Keep,
    /// Invalid size.
    #[error("`max-size` is a number with a unit, as in 500M, 1G or 2T; at least 1M")]
    Size,
}

impl Options {
    /// An archive in this file, without limits.
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// An archive in this database, without limits.
    pub fn in_database(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::default() }
    }

    /// Whether something is archived.
    pub fn is_on(&self) -> bool {
        self.path.is_some() || self.url.is_some()
    }

    /// What is removed.
    pub fn retention(&self) -> Retention {
        Retention { keep: self.keep, max_size: self.max_size }
    }

    /// Checks what the values mean together.
    pub fn check(&self) -> Result<(), OptionsError> {
        if self.path.is_some() && self.url.is_some() { Err(OptionsError::TwoPlaces) } else { Ok(()) }
    }
}

impl Retention {
    /// Whether everything is kept.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for Keep {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        let units = [("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];
        let keep = with_unit(text, &units).filter(|milliseconds| *milliseconds >= 60_000);
        keep.map(Self).ok_or(OptionsError::Keep)
    }
}

impl FromStr for Size {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        let upper = text.to_ascii_uppercase();
        let upper = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
        let size = with_unit(upper, &[("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40)]);
        size.filter(|bytes| *bytes >= 1 << 20).map(Self).ok_or(OptionsError::Size)
    }
}

/// A number with one of these units. `None` also if it exceeds 63 bits.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let number = number.trim_end();
    let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse::<u64>().ok())??;
    number.checked_mul(*factor).filter(|value| i64::try_from(*value).is_ok())
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000)];
        let whole = units.into_iter().find(|(_, factor)| self.0.is_multiple_of(*factor));
        let (unit, factor) = whole.unwrap_or(("m", 60_000));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    #[test]
    fn the_table_is_read() {
        let text = "path = 'a.db'\nkeep = '90d'\nmax-size = '1G'\ngnu = 'count'";
        let options: Options = toml::from_str(text).unwrap();
        let expected = Options {
            path: Some("a.db".into()),
            url: None,
            keep: Some(Keep(90 * DAY)),
            max_size: Some(Size(1 << 30)),
            gnu: Gnu::Count,
        };
        assert_eq!(options, expected);
        assert!(options.is_on() && options.check().is_ok());
        assert!(!toml::from_str::<Options>("").unwrap().is_on());
    }

    #[test]
    fn wrong_values_are_explained() {
        for (text, part) in [
            ("keep = '90'", "`keep` is a number with a unit"),
            ("keep = '1s'", "`keep` is a number with a unit"),
            ("keep = '0d'", "at least 1m"),
            ("max-size = '10K'", "at least 1M"),
            ("max-size = '99999999999T'", "`max-size` is"),
            ("gnu = 'no'", "unknown variant `no`, expected `keep` or `count`"),
            ("file = 'x'", "unknown field `file`"),
        ] {
            let error = toml::from_str::<Options>(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        let both: Options = toml::from_str("path = 'a'\nurl = 'b'").unwrap();
        assert_eq!(both.check(), Err(OptionsError::TwoPlaces));
    }

    #[test]
    fn durations_and_sizes_have_units() {
        for (text, keep) in [("90d", 90 * DAY), ("2w", 14 * DAY), ("36h", 36 * 3_600_000), (" 1 m", 60_000)] {
            assert_eq!(text.parse(), Ok(Keep(keep)), "{text}");
        }
        for (text, size) in [("1M", 1 << 20), ("3gb", 3 << 30), ("1TiB", 1 << 40)] {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
        }
        assert_eq!(Keep(90 * DAY).to_string(), "90d");
        assert_eq!(Keep(90_000_000).to_string(), "25h");
    }
}
