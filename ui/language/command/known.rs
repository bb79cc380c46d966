//! The commands that can be typed: those of the interface, and those of the network that is shown.

use std::borrow::Cow;

use clacks_feed::description::{CommandSpec, Description};

use super::{
    Argument, spec,
    table::{Availability, COMMANDS, Spec},
};

/// A command that can be typed for a network.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// A command of the interface.
    Face(&'static Spec),
    /// A command of the network.
    Node(&'a CommandSpec),
}

impl<'a> Known<'a> {
    /// The command with this name, or with another spelling of a network's command. A command of the network goes before
    /// one of the interface that is mainly for keys.
    pub fn find(name: &str, network: &'a Description) -> Option<Self> {
        let face = spec(name);
        let is_typed = face.is_some_and(|spec| spec.scope != Availability::KeyOnly);
        let own = network.command(name).filter(|_| !is_typed);
        own.map(Self::Node).or(face.map(Self::Face))
    }

    /// The commands that help lists and completion offers, in the order of the help. Left out are commands that are mainly
    /// for keys, those of the network that the interface has itself, and those of the interface for what the network lacks.
    pub fn all(network: &'a Description) -> impl Iterator<Item = Self> {
        let is_own = |name: &str| matches!(Self::find(name, network), Some(Self::Node(_)));
        let own = network.commands.iter().filter(move |command| is_own(command.name.as_str()));
        let face =
            COMMANDS.iter().filter(move |spec| spec.scope != Availability::KeyOnly && spec.is_for(network));
        own.map(Self::Node).chain(face.map(Self::Face))
    }

    /// The name, without the colon.
    pub fn name(self) -> &'a str {
        match self {
            Self::Face(spec) => spec.name,
            Self::Node(command) => command.name.as_str(),
        }
    }

    /// The placeholders of its arguments: `NUMBER [TEXT]`. Empty if it takes nothing.
    pub fn arguments(self) -> String {
        match self {
            Self::Face(spec) => spec.argument.to_string(),
            Self::Node(command) => command.arguments(),
        }
    }

    /// The command with its arguments: `:drop NUMBER`.
    pub fn usage(self) -> String {
        match self {
            Self::Face(spec) => spec.usage(),
            Self::Node(command) => command.usage(),
        }
    }

    /// What it does.
    pub fn help(self) -> &'a str {
        match self {
            Self::Face(spec) => spec.help,
            Self::Node(command) => command.does.as_str(),
        }
    }

    /// An example of what is typed behind it. Empty if nothing is, or if only the node knows a valid text.
    pub fn example(self) -> Cow<'a, str> {
        match self {
            Self::Face(spec) => spec.argument.example().into(),
            Self::Node(command) => command.example().into(),
        }
    }

    /// Whether nothing can stand behind it.
    pub fn takes_nothing(self) -> bool {
        match self {
            Self::Face(spec) => spec.argument == Argument::Nothing,
            Self::Node(command) => command.args.is_empty(),
        }
    }

    /// The interfaces where it is available.
    pub fn scope(self) -> Availability {
        match self {
            Self::Face(spec) => spec.scope,
            Self::Node(_) => Availability::Everywhere,
        }
    }
}
