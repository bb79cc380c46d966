//! The commands of a node: what a call means, whether it would work, how it is carried out and undone.
//!
//! A new command is one entry in the table of one of the files here, and its [`Action`].

mod draft;
mod holding;
mod ignoring;
mod messages;
mod peers;
mod plugins;
mod rate;
mod reading;
mod stop;
mod tally;
#[cfg(test)]
mod tests;
mod undo;
mod wording;

use std::{borrow::Cow, future::ready, sync::Arc};

use clacks_feed::{
    Call, Check, Doing, Network, Outcome, Refusal,
    args::{self, Arguments},
    description::{CommandSpec, ListId},
};

pub(crate) use messages::warning_of_size;
pub(crate) use stop::HandingOn;
pub use stop::{UnsentCounts, told};
pub(crate) use undo::Deed;

use crate::ClacksNetwork;

/// The tables of commands, in the order of the description.
const TABLES: [&[Command]; 10] = [
    peers::CONTACTS,
    ignoring::COMMANDS,
    peers::COMMANDS,
    messages::COMMANDS,
    holding::COMMANDS,
    draft::COMMANDS,
    rate::COMMANDS,
    plugins::COMMANDS,
    stop::COMMANDS,
    undo::COMMANDS,
];

/// All commands, in the order of the description.
fn all() -> impl Iterator<Item = &'static Command> {
    TABLES.into_iter().flatten()
}

/// The descriptions of the commands.
pub(crate) fn specs() -> Vec<CommandSpec> {
    all().map(Command::spec).collect()
}

/// What a call means, or why its arguments mean nothing.
type Read = Result<Box<dyn Action>, Check>;

/// The result of a command.
type Done = Result<Outcome, Refusal>;

/// A command of a node.
struct Command {
    name: &'static str,
    does: &'static str,
    described: fn(CommandSpec) -> CommandSpec,
    read: fn(&ClacksNetwork, &Call, &Arguments) -> Read,
    needs: Option<&'static str>,
    wrong: fn(&ClacksNetwork, &str) -> Option<String>,
    gone: fn(&ClacksNetwork, ListId, &str) -> Option<String>,
}

impl Command {
    /// A command without arguments.
    const fn new(
        name: &'static str,
        does: &'static str,
        read: fn(&ClacksNetwork, &Call, &Arguments) -> Read,
    ) -> Self {
        Self {
            name,
            does,
            described: |spec| spec,
            read,
            needs: None,
            wrong: |_, _| None,
            gone: wording::no_such_item,
        }
    }

    /// Adds its arguments, words and key to its description.
    const fn described(self, described: fn(CommandSpec) -> CommandSpec) -> Self {
        Self { described, ..self }
    }

    /// The reason for refusing it without arguments.
    const fn needs(self, needs: &'static str) -> Self {
        Self { needs: Some(needs), ..self }
    }

    /// The reason for refusing a typed argument, in the words of this network. `None`: the usual words are used.
    const fn wrong(self, wrong: fn(&ClacksNetwork, &str) -> Option<String>) -> Self {
        Self { wrong, ..self }
    }

    /// The reason for refusing a selected item of a list that it does not act on any more.
    const fn gone(self, gone: fn(&ClacksNetwork, ListId, &str) -> Option<String>) -> Self {
        Self { gone, ..self }
    }

    fn spec(&self) -> CommandSpec {
        (self.described)(CommandSpec::new(self.name, self.does))
    }
}

/// What a call means.
trait Action {
    /// Why it would be refused now. One on several items is refused only if none of them can be changed.
    fn objection(&self, _: &ClacksNetwork) -> Option<String> {
        None
    }

    /// The refusal for this objection.
    fn refusal(&self, _: &ClacksNetwork, objection: String) -> Refusal {
        Refusal::new(objection)
    }

    /// Whether an address was typed that can become another one by one more digit.
    fn may_mean_another_port(&self, _: &Arguments) -> bool {
        false
    }

    /// Begins it. Nothing speaks against it.
    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing;
}

/// A call with this meaning.
#[expect(clippy::unnecessary_wraps, reason = "it ends each function that reads arguments")]
fn means(action: impl Action + 'static) -> Read {
    Ok(Box::new(action))
}

/// The result of an action that takes no time.
fn at_once(done: Done) -> Doing {
    Box::pin(ready(done))
}

/// Runs what goes through the whole queue on a thread that may block.
fn on_a_thread(
    network: Arc<ClacksNetwork>,
    work: impl FnOnce(&ClacksNetwork) -> Done + Send + 'static,
) -> Doing {
    let runtime = network.runtime().clone();
    let working = runtime.spawn_blocking(move || work(&network));
    Box::pin(async { working.await.unwrap_or_else(|_| Err(Refusal::new("the program ends"))) })
}

/// The command with this name, in its first spelling.
fn command(name: &str) -> Option<&'static Command> {
    all().find(|command| command.name == name)
}

/// The call with the first spelling of its command.
fn in_first_spelling<'a>(network: &ClacksNetwork, call: &'a Call) -> Cow<'a, Call> {
    match network.description().command(call.command.as_str()) {
        Some(spec) if spec.name != call.command => {
            Cow::Owned(Call { command: spec.name.clone(), ..call.clone() })
        }
        _ => Cow::Borrowed(call),
    }
}

/// The action of a call whose arguments fit the description of its command.
fn action(network: &ClacksNetwork, call: &Call, arguments: &Arguments) -> Read {
    command(call.command.as_str())
        .map_or(Err(Check::Begun), |command| (command.read)(network, call, arguments))
}

/// What a call would do now.
pub(crate) fn check(network: &ClacksNetwork, call: &Call) -> Check {
    let call = &*in_first_spelling(network, call);
    let arguments = match args::read(network, call) {
        Ok(arguments) => arguments,
        Err(check) => return wording::reworded(network, call, check),
    };
    match action(network, call, &arguments) {
        Ok(action) => match action.objection(network) {
            Some(_) if action.may_mean_another_port(&arguments) => Check::Begun,
            objection => objection.map_or(Check::Works, |reason| arguments.refused(reason)),
        },
        Err(check) => match wording::reworded(network, call, check) {
            Check::Wrong(reason) => arguments.refused(reason),
            check => check,
        },
    }
}

/// Begins a call.
pub(crate) fn call(network: Arc<ClacksNetwork>, call: &Call) -> Doing {
    let call = &*in_first_spelling(&network, call);
    match args::read(&*network, call).and_then(|arguments| action(&network, call, &arguments)) {
        Ok(action) => match action.objection(&network) {
            Some(objection) => at_once(Err(action.refusal(&network, objection))),
            None => action.begin(network),
        },
        Err(check) => at_once(Err(Refusal::new(match wording::reworded(&network, call, check) {
            Check::Wrong(reason) => reason,
            _ => wording::incomplete(&network, call),
        }))),
    }
}
