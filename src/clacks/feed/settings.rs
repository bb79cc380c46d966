//! The settings and limits of a node: one table, from which the description, the values, the options of the program, the
//! answer to `:limits` and its sentences are made.
//!
//! A new setting is one entry of the table. If it is an option of the program, or a member of the answer to `:limits`,
//! its name stands in [`OPTIONS`] or [`ANSWERED`] too.

mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use clacks_feed::{
    Value,
    description::{Field, Kind, SettingSpec},
};
use clacks_p2p::{
    Address, Builder, Node,
    core::{Limit, Options},
    node::Limits,
};

use crate::figures::met;

pub use table::{ANSWERED, OPTIONS, SETTINGS};

/// The settings of a node. `Node::set_options` and `Node::set_limits` change most of them while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeSettings {
    /// The settings of the protocol core: queue, peers, rates.
    pub options: Options,
    /// The settings of the connections: numbers, sizes, timeouts.
    pub limits: Limits,
}

impl NodeSettings {
    /// The settings of a node.
    pub fn of(node: &Node) -> Self {
        Self { options: node.options(), limits: node.limits() }
    }
}

impl Default for NodeSettings {
    fn default() -> Self {
        let address = Address::new("localhost", 8080).expect("a hostname and a port");
        Self { options: Options::new(address), limits: Limits::default() }
    }
}

/// A setting or limit of a node.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the description: `max-peers`.
    pub name: &'static str,
    /// Its name as an option of the program and in the answer to `:limits`: `max-peers`, `contact-all`.
    pub option_name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its sentence in words. `None`: another one contains its value, or there is none.
    pub sentence: Option<Sentence>,
    /// The option that sets it. `None`: it has none, or one that is not among the limits.
    pub option: Option<SettingOption>,
    /// The gauge that says how much is in use.
    pub used: Option<&'static str>,
    /// The limit that counts how often it was reached.
    pub met: Option<Limit>,
    title: &'static str,
    place: Place,
    is_zero_no_limit: bool,
}

/// A setting in words, for a screen reader: `Most peers: 100,000.`
#[derive(Debug)]
pub struct Sentence {
    /// What it is: `Most peers`.
    pub what: &'static str,
    /// Its value.
    pub value: Words,
}

/// A value in words.
#[derive(Debug, Clone, Copy)]
pub enum Words {
    /// A text with the values of settings: `{payload-rate} a second, {payload-burst} at once`. With `{#NAME}` a size is a
    /// number of bytes with all its digits. If one of them is no limit, that is the whole text.
    Text(&'static str),
    /// What a flag means.
    Flag {
        /// If it is set.
        on: &'static str,
        /// If it is not.
        off: &'static str,
    },
}

/// An option of the program that sets a limit.
#[derive(Debug)]
pub struct SettingOption {
    /// The values that it accepts.
    pub takes: Takes,
    /// Its line in `--help`, without the default.
    pub help: &'static str,
}

/// The values that an option accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A whole number from 1 to 4,294,967,295.
    Count,
    /// A whole number up to 4,294,967,295; 0 for no limit.
    CountOrNoLimit,
    /// A number a second from 0.001 to 1,000,000; 0 for no limit.
    Rate,
    /// 10 ms to 24 h.
    Time,
    /// 1 KiB to 1 GiB.
    Size,
    /// Yes or no.
    Switch,
}

/// Where the value of a setting stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    Core(fn(&mut Options) -> Slot<'_>),
    Node(fn(&mut Limits) -> Slot<'_>),
    /// It cannot be set. This is its value in words.
    Fixed(&'static str),
}

/// A field of [`Options`] or [`Limits`].
enum Slot<'a> {
    Count(&'a mut usize),
    Number(&'a mut u32),
    Rate(&'a mut f64),
    Time(&'a mut Duration),
    Flag(&'a mut bool),
}

impl Slot<'_> {
    fn read(&self) -> Value {
        match self {
            Self::Count(count) => Value::Count(**count as u64),
            Self::Number(number) => Value::Count((**number).into()),
            Self::Rate(rate) => Value::Number(**rate),
            Self::Time(time) => Value::Took(**time),
            Self::Flag(flag) => Value::Flag(**flag),
        }
    }

    /// A value of another type, or one that is too large, changes nothing.
    fn write(self, value: &Value) {
        match (self, value) {
            (Self::Count(count), Value::Count(new)) => *count = usize::try_from(*new).unwrap_or(*count),
            (Self::Number(number), Value::Count(new)) => *number = u32::try_from(*new).unwrap_or(*number),
            (Self::Rate(rate), Value::Number(new)) => *rate = *new,
            (Self::Time(time), Value::Took(new)) => *time = *new,
            (Self::Flag(flag), Value::Flag(new)) => *flag = *new,
            _ => {}
        }
    }
}

/// The setting with this name in the description.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The settings with these [names of options](Setting::option_name), in this order.
pub fn named(names: &[&str]) -> impl Iterator<Item = &'static Setting> {
    names.iter().filter_map(|name| SETTINGS.iter().find(|setting| setting.option_name == *name))
}

/// The values of all settings, in the order of the description.
pub fn values(of: &NodeSettings) -> Vec<Value> {
    SETTINGS.iter().map(|setting| setting.value(of)).collect()
}

/// The settings in the description.
pub(crate) fn specs() -> Vec<SettingSpec> {
    SETTINGS.iter().map(Setting::spec).collect()
}

impl Setting {
    fn new(name: &'static str, title: &'static str, kind: Kind, place: Place) -> Self {
        Self {
            name,
            option_name: name,
            kind,
            sentence: None,
            option: None,
            used: None,
            met: None,
            title,
            place,
            is_zero_no_limit: false,
        }
    }

    /// A field of the options of the core.
    fn core(name: &'static str, title: &'static str, kind: Kind, slot: fn(&mut Options) -> Slot<'_>) -> Self {
        Self::new(name, title, kind, Place::Core(slot))
    }

    /// A field of the limits of the node.
    fn node(name: &'static str, title: &'static str, kind: Kind, slot: fn(&mut Limits) -> Slot<'_>) -> Self {
        Self::new(name, title, kind, Place::Node(slot))
    }

    /// A limit that cannot be set.
    fn fixed(name: &'static str, title: &'static str, value: &'static str) -> Self {
        Self::new(name, title, Kind::Text, Place::Fixed(value))
    }

    /// The gauge that says how much is in use.
    fn used(self, gauge: &'static str) -> Self {
        Self { used: Some(gauge), ..self }
    }

    /// The limit that counts how often it was reached.
    fn met(self, limit: Limit) -> Self {
        Self { met: Some(limit), ..self }
    }

    /// 0 stands for no limit.
    fn zero_is_no_limit(self) -> Self {
        Self { is_zero_no_limit: true, ..self }
    }

    fn called(self, option_name: &'static str) -> Self {
        Self { option_name, ..self }
    }

    fn option(self, takes: Takes, help: &'static str) -> Self {
        Self { option: Some(SettingOption { takes, help }), ..self }
    }

    fn said(self, what: &'static str, value: &'static str) -> Self {
        Self { sentence: Some(Sentence { what, value: Words::Text(value) }), ..self }
    }

    fn said_of_flag(self, what: &'static str, on: &'static str, off: &'static str) -> Self {
        Self { sentence: Some(Sentence { what, value: Words::Flag { on, off } }), ..self }
    }

    /// The field as it is stored; the text of a limit that cannot be set.
    pub fn stored(&self, of: &NodeSettings) -> Value {
        match self.place {
            Place::Core(slot) => slot(&mut of.options.clone()).read(),
            Place::Node(slot) => slot(&mut of.limits.clone()).read(),
            Place::Fixed(text) => Value::text(text.into()),
        }
    }

    /// The value. A limit of 0 that stands for "no limit" has none.
    pub fn value(&self, of: &NodeSettings) -> Value {
        match self.stored(of) {
            Value::Count(0) if self.is_zero_no_limit => Value::None,
            Value::Number(rate) if self.is_zero_no_limit && rate == 0.0 => Value::None,
            Value::Count(number) if self.kind == Kind::Rate => Value::Number(number as f64),
            value => value,
        }
    }

    /// The builder of a node with this value.
    pub fn set(&self, builder: Builder, value: &Value) -> Builder {
        match self.place {
            Place::Core(slot) => builder.options(|options| slot(options).write(value)),
            Place::Node(slot) => builder.limits(|limits| slot(limits).write(value)),
            Place::Fixed(_) => builder,
        }
    }

    /// Its name in JSON: `max_peers`. That of a time says that it is in milliseconds.
    pub fn json_name(&self) -> String {
        let name = self.option_name.replace('-', "_");
        if self.kind == Kind::Took { format!("{name}_ms") } else { name }
    }

    /// The name of its use in JSON: `peers` of `max_peers`.
    pub fn json_name_of_use(&self) -> String {
        let name = self.json_name();
        name.strip_prefix("max_").map(str::to_owned).unwrap_or(name)
    }

    fn spec(&self) -> SettingSpec {
        SettingSpec {
            field: Field::new(self.name, self.kind.clone()).titled(self.title),
            used: self.used.map(Into::into),
            met: self.met.map(met),
        }
    }
}
