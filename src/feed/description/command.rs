use serde::{Deserialize, Serialize};

use super::later;
use crate::{Label, Name};

/// A command of the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// Its name: `ignore` for `:ignore`.
    pub name: Name,
    /// Other spellings.
    #[serde(default)]
    pub also: Vec<Name>,
    /// The lists whose items it acts on.
    #[serde(default)]
    pub on: Vec<Name>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Arg>,
    /// What it does.
    pub does: Label,
    /// The verb of a question: `forget`.
    pub ask: Label,
    /// The verb of its result: `forgot`.
    pub past: Label,
    /// Whether the user is asked first.
    #[serde(default)]
    pub confirm: Confirm,
    /// The key that runs it on the selected or marked items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<char>,
    /// An example of what is typed behind it. `None`: [`CommandSpec::example`] makes one of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Label>,
}

/// An argument of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// Its name in the summary of the command: `PEER`.
    pub name: Label,
    /// What it accepts, tried in this order.
    #[serde(deserialize_with = "later::takes")]
    pub takes: Vec<Takes>,
    /// How often it occurs.
    pub need: Need,
}

/// What an argument accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Takes {
    /// The key of an item.
    Item {
        /// The list.
        list: Name,
        /// The statuses of which the item has at least one. Empty: any item.
        #[serde(default)]
        only: Vec<Name>,
    },
    /// A host and a port.
    HostPort,
    /// An address in the form of this network. Only the node can check it.
    Address,
    /// `ip:` and an IP address.
    Remote {
        /// The list of which it is the key of an item. `None`: any address, such as one that was refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list: Option<Name>,
    },
    /// One of these words.
    Word(Vec<Name>),
    /// A number between two others, both included.
    Number(f64, f64),
    /// A duration: `500ms`, `2s`, `5m`.
    Time,
    /// A filter.
    Filter,
    /// A JSON value.
    Json,
    /// Any text.
    Text,
}

/// How often an argument occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Once.
    One,
    /// Once or not at all.
    Optional,
    /// It is the rest of the line, which can be empty.
    OptionalRest,
    /// It is the rest of the line.
    #[serde(other)]
    Rest,
}

/// Whether the user is asked before a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Never.
    #[default]
    Never,
    /// If it acts on several items.
    Many,
    /// Always.
    #[serde(other)]
    Always,
}

impl CommandSpec {
    /// A command without arguments that acts on no list.
    pub fn new(name: &'static str, does: &'static str) -> Self {
        Self {
            name: name.into(),
            also: Vec::new(),
            on: Vec::new(),
            args: Vec::new(),
            does: does.into(),
            ask: name.into(),
            past: name.into(),
            confirm: Confirm::Never,
            key: None,
            example: None,
        }
    }

    /// Sets other spellings.
    pub fn also(self, names: &[&'static str]) -> Self {
        Self { also: names.iter().copied().map(Name::from).collect(), ..self }
    }

    /// Sets the lists whose items it acts on.
    pub fn on(self, lists: &[&'static str]) -> Self {
        Self { on: lists.iter().copied().map(Name::from).collect(), ..self }
    }

    /// Adds an argument.
    pub fn arg(mut self, name: &'static str, takes: &[Takes], need: Need) -> Self {
        self.args.push(Arg { name: name.into(), takes: takes.to_vec(), need });
        self
    }

    /// Sets the verbs of its question and of its result.
    pub fn verbs(self, ask: &'static str, past: &'static str) -> Self {
        Self { ask: ask.into(), past: past.into(), ..self }
    }

    /// Sets when the user is asked first.
    pub fn confirm(self, confirm: Confirm) -> Self {
        Self { confirm, ..self }
    }

    /// Sets the key.
    pub fn key(self, key: char) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Sets the example of what is typed behind it.
    pub fn with_example(self, example: &'static str) -> Self {
        Self { example: Some(example.into()), ..self }
    }

    /// The command with its arguments: `:drop NUMBER`.
    pub fn usage(&self) -> String {
        format!(":{} {}", self.name, self.arguments()).trim_end().to_owned()
    }

    /// Its arguments: `NUMBER [TEXT]`. An argument that can be missing stands in brackets.
    pub fn arguments(&self) -> String {
        let argument = |arg: &Arg| match arg.need {
            Need::One | Need::Rest => arg.name.to_string(),
            Need::Optional | Need::OptionalRest => format!("[{}]", arg.name),
        };
        self.args.iter().map(argument).collect::<Vec<_>>().join(" ")
    }

    /// An example of what is typed behind it. Empty if nothing is, or if only the node knows a valid text.
    pub fn example(&self) -> String {
        if let Some(example) = &self.example {
            return example.to_string();
        }
        let needed = self.args.iter().filter(|arg| matches!(arg.need, Need::One | Need::Rest));
        let examples = needed.map(|arg| arg.takes.iter().find_map(Takes::example));
        examples.collect::<Option<Vec<_>>>().unwrap_or_default().join(" ")
    }

    /// Whether something must be typed behind it if no item is selected.
    pub fn needs_text(&self) -> bool {
        self.args.first().is_some_and(|arg| matches!(arg.need, Need::One | Need::Rest))
    }

    /// The reason for refusing a call without its arguments: `:drop takes NUMBER`.
    pub fn needs(&self) -> String {
        let arguments = self.arguments();
        let arguments = if arguments.is_empty() { "nothing behind it" } else { &arguments };
        format!(":{} takes {arguments}", self.name)
    }

    /// Whether this is one of its names.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.also.iter().any(|also| also == name)
    }
}

impl Takes {
    /// An item of a list with any status.
    pub fn item(list: &'static str) -> Self {
        Self::Item { list: list.into(), only: Vec::new() }
    }

    /// An item of a list that has at least one of these statuses.
    pub fn item_with(list: &'static str, statuses: &[&'static str]) -> Self {
        Self::Item { list: list.into(), only: statuses.iter().copied().map(Name::from).collect() }
    }

    /// `ip:` and the key of an item of a list, or any IP address without a list.
    pub fn remote(list: Option<&'static str>) -> Self {
        Self::Remote { list: list.map(Name::from) }
    }

    /// A text that this accepts. `None`: only the node knows one.
    fn example(&self) -> Option<String> {
        match self {
            Self::Item { .. } | Self::Address => None,
            Self::HostPort => Some("localhost:8001".to_owned()),
            Self::Remote { .. } => Some("ip:::1".to_owned()),
            Self::Word(words) => words.first().map(ToString::to_string),
            Self::Number(least, most) => {
                let number = [0.5, 1.0].into_iter().find(|number| (*least..=*most).contains(number));
                Some(number.unwrap_or(*least).to_string())
            }
            Self::Time => Some("5m".to_owned()),
            Self::Filter | Self::Text => Some("two words".to_owned()),
            Self::Json => Some("[1]".to_owned()),
        }
    }
}
