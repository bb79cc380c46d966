//! The options of the node's limits, as the network describes them.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use clacks_feed::{Value, description::Kind};
use clacks_p2p::Builder;
use clacks_p2p_feed::settings::{self, NodeSettings, OPTIONS, Setting, SettingOption, Takes};
use clacks_text::byte_size::BodySize;
use clap::{Arg, ArgMatches, Command};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::{
    number,
    timeout::{Rate, Timeout},
};

/// The heading of these options in `--help`.
const HEADING: &str = "Limits";

/// The limits, from flags, environment variables or the table `[limits]` of the configuration file: values by the name
/// of the option. The parsers accept only values that fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Limits(BTreeMap<&'static str, Value>);

/// An option with the names that clap needs.
struct LimitOption {
    setting: &'static Setting,
    option: &'static SettingOption,
    /// As [`Setting::option_name`], with underscores.
    id: &'static str,
    variable: &'static str,
}

/// The options, in the order of `--help`.
static ALL: LazyLock<Vec<LimitOption>> = LazyLock::new(|| {
    // clap keeps names for as long as the program runs.
    let kept = |name: String| &*name.leak();
    let option = |setting: &'static Setting| {
        let id = kept(setting.option_name.replace('-', "_"));
        let variable = kept(format!("CLACKS_{}", id.to_uppercase()));
        Some(LimitOption { setting, option: setting.option.as_ref()?, id, variable })
    };
    settings::named(OPTIONS).filter_map(option).collect()
});

impl Limits {
    /// Merges two sources: values of `self` take precedence over those of `other`.
    pub(crate) fn or(self, mut other: Self) -> Self {
        other.0.extend(self.0);
        other
    }

    /// Applies the limits to a node's builder.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        settings::named(OPTIONS).fold(builder, |builder, setting| match self.0.get(setting.option_name) {
            Some(value) => setting.set(builder, value),
            None => builder,
        })
    }
}

// === Flags and environment variables ===

impl clap::Args for Limits {
    fn augment_args(command: Command) -> Command {
        command.args(ALL.iter().map(LimitOption::argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Limits {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut limits = Self::default();
        limits.update_from_arg_matches(matches)?;
        Ok(limits)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given = |option: &LimitOption| {
            Some((option.setting.option_name, matches.get_one::<Value>(option.id)?.clone()))
        };
        self.0.extend(ALL.iter().filter_map(given));
        Ok(())
    }
}

impl LimitOption {
    fn argument(&self) -> Arg {
        let (Self { setting, id, variable, .. }, SettingOption { takes, help }) = (self, self.option);
        let parse = parser(*takes);
        let argument = Arg::new(id)
            .long(setting.option_name)
            .env(variable)
            .help(format!("{help}{}", default_note(setting)))
            .help_heading(HEADING)
            .value_name(value_name(&setting.kind))
            .value_parser(parse);
        if *takes == Takes::Switch {
            argument.num_args(0..=1).require_equals(true).default_missing_value("true")
        } else {
            argument
        }
    }
}

/// The value of an option as it is written in `--help`.
fn value_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Rate => "PER_SECOND",
        Kind::Took => "TIME",
        Kind::Bytes => "BYTES",
        Kind::Flag => "BOOL",
        _ => "NUMBER",
    }
}

/// Parses the values of an option; the error states the accepted values.
fn parser(takes: Takes) -> fn(&str) -> Result<Value, &'static str> {
    match takes {
        Takes::Count => |text| number::count(text).map(|count| Value::Count(count as u64)),
        Takes::CountOrNoLimit => {
            |text| number::count_or_no_limit(text).map(|count| Value::Count(count.into()))
        }
        Takes::Rate => |text| text.parse().map(|Rate(rate)| Value::Number(rate)),
        Takes::Time => |text| text.parse().map(|time: Timeout| Value::Took(time.into())),
        Takes::Size => |text| text.parse().map(|BodySize(size)| Value::Count(size as u64)),
        Takes::Switch => |text| number::switch(text).map(Value::Flag),
    }
}

/// The default of an option at the end of its help: ` [default: 10s]`. A switch is off.
fn default_note(setting: &Setting) -> String {
    let default = match setting.stored(&NodeSettings::default()) {
        Value::Count(bytes) if setting.kind == Kind::Bytes => written_size(bytes),
        Value::Count(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Took(time) if time.subsec_nanos() == 0 => format!("{}s", time.as_secs()),
        Value::Took(time) => format!("{}ms", time.as_millis()),
        _ => return String::new(),
    };
    format!(" [default: {default}]")
}

/// A size as an option accepts it: `64M`, `1500`.
fn written_size(bytes: u64) -> String {
    let units = [(1 << 30, 'G'), (1 << 20, 'M'), (1 << 10, 'K')];
    match units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((unit, letter)) => format!("{}{letter}", bytes / unit),
        None => bytes.to_string(),
    }
}

// === The configuration file ===

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Limits", OPTIONS, Table)
    }
}

/// Reads the table `[limits]`.
struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = Limits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("struct Limits")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Limits, M::Error> {
        let mut limits = Limits::default();
        while let Some(option) = map.next_key_seed(OptionName)? {
            let value = map.next_value_seed(option)?;
            if limits.0.insert(option.setting.option_name, value).is_some() {
                return Err(M::Error::duplicate_field(option.setting.option_name));
            }
        }
        Ok(limits)
    }
}

/// Reads the name of an option.
struct OptionName;

impl<'de> DeserializeSeed<'de> for OptionName {
    type Value = &'static LimitOption;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<&'static LimitOption, D::Error> {
        name.deserialize_identifier(self)
    }
}

impl Visitor<'_> for OptionName {
    type Value = &'static LimitOption;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static LimitOption, E> {
        let option = ALL.iter().find(|option| option.setting.option_name == name);
        option.ok_or_else(|| E::unknown_field(name, OPTIONS))
    }
}

/// Reads the value of an option.
impl<'de> DeserializeSeed<'de> for &LimitOption {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        Ok(match self.option.takes {
            Takes::Count | Takes::CountOrNoLimit => number::in_file(value, parser(self.option.takes))?,
            Takes::Rate => Value::Number(Rate::deserialize(value)?.0),
            Takes::Time => Value::Took(Timeout::deserialize(value)?.into()),
            Takes::Size => Value::Count(BodySize::deserialize(value)?.0 as u64),
            Takes::Switch => Value::Flag(bool::deserialize(value)?),
        })
    }
}
