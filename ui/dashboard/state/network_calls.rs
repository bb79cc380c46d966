//! Calls of the network in the dashboard.

use clacks_feed::{
    Call, Key, Name, Statuses, Text, Value,
    description::{CommandSpec, ListId, ListSpec, Role},
};

use clacks_language::command::{Argument, Command, CommandError, Known, ViewCommand};

use super::network::{Network, Networks};

impl Networks {
    /// Parses a line that was typed for the active network.
    ///
    /// # Errors
    ///
    /// Fails if it is no command of the interface or of the network.
    pub fn parse(&self, line: &str) -> Result<Command, CommandError> {
        match self.active().parse(line) {
            Err(CommandError::Unknown(name, _)) if self.iter().any(|network| network.has(&name)) => {
                Err(CommandError::NotOffered(self.active().description.network.clone(), name))
            }
            // The reason names the network that has the view.
            Err(error @ CommandError::NotOffered(..)) => match self.active().parse_bound(line) {
                Ok(Command::View(view @ (ViewCommand::Held | ViewCommand::Pane(_)))) => Ok(view.into()),
                _ => Err(error),
            },
            parsed => parsed,
        }
    }
}

impl Network {
    /// Parses a typed line.
    ///
    /// # Errors
    ///
    /// Fails if it is no command of the interface or of the network.
    pub fn parse(&self, line: &str) -> Result<Command, CommandError> {
        Command::parse(line, &self.commands)
    }

    /// Parses a line that a key runs.
    ///
    /// # Errors
    ///
    /// Fails as [`Network::parse`] does.
    pub fn parse_bound(&self, line: &str) -> Result<Command, CommandError> {
        Command::parse_bound(line, &self.commands)
    }

    /// The command with this name, of the interface or of the network.
    pub(crate) fn known(&self, name: &str) -> Option<Known<'_>> {
        Known::find(name, &self.commands)
    }

    fn has(&self, name: &str) -> bool {
        self.known(name).is_some()
    }

    /// The reason why a bound line is no command here: it is one of another network, because keys are bound only to those,
    /// or here it acts on other items than the one in the line.
    pub(crate) fn lacks(&self, template: &str) -> Option<String> {
        let line = template.strip_prefix(":prompt ").unwrap_or(template);
        let name = command_name(line)?;
        // A command of the interface that acts on an item needs that command of the network.
        let needed = match self.known(name) {
            Some(Known::Face(spec)) => match spec.argument {
                Argument::ItemOf(command) => command,
                Argument::ListOrNothing if !spec.is_for(&self.commands) => {
                    let error = CommandError::NotOffered(self.description.network.clone(), name.to_owned());
                    return Some(error.to_string());
                }
                _ => return None,
            },
            Some(Known::Node(_)) | None => name,
        };
        let acts_on =
            |role| matches!(self.known(needed), Some(Known::Node(spec)) if self.acts_on(spec, role));
        let is_offered = match line {
            _ if line.contains("{message}") => acts_on(Role::Messages),
            _ if line.contains("{peer}") => acts_on(Role::Peers),
            _ => self.has(needed),
        };
        let error = CommandError::NotOffered(self.description.network.clone(), needed.to_owned());
        (!is_offered).then(|| error.to_string())
    }

    /// Whether a command acts on the items of a list of this kind.
    fn acts_on(&self, command: &CommandSpec, role: Role) -> bool {
        let lists = command
            .on
            .iter()
            .filter_map(|list| self.description.list(self.description.list_id(list.as_str())?));
        lists.into_iter().any(|list| list.role == role)
    }

    /// The call of a typed line that is no command. `None` if the network has no such lines.
    pub(crate) fn say(&self, text: impl Into<Text>) -> Option<Call> {
        let says = self.description.says.clone()?;
        Some(Call::new(self.run, says, text))
    }

    /// Whether a call sends a message that the user wrote.
    pub(crate) fn is_message(&self, call: &Call) -> bool {
        self.description.says.as_ref() == Some(&call.command) || call.command == "json"
    }

    /// Whether a line sends a message.
    pub(crate) fn is_typed_message(command: &Command) -> bool {
        match command {
            Command::Say(_) => true,
            Command::Node(command) => command.name == "json",
            Command::View(_) => false,
        }
    }

    /// The call of a line. `None` if it is for the dashboard, or if the network has no lines that are no commands.
    pub fn call(&self, command: &Command) -> Option<Call> {
        match command {
            Command::Say(text) => self.say(&**text),
            Command::Node(command) => Some(command.call(self.run)),
            Command::View(_) => None,
        }
    }

    /// The command of a call.
    pub(crate) fn spec(&self, command: &Name) -> Option<&CommandSpec> {
        self.description.command(command.as_str())
    }

    /// The reason why an item does not have one of the statuses that a command wants, as far as the shown rows tell.
    pub(crate) fn wrong_status(
        &self,
        spec: &CommandSpec,
        list: &Name,
        only: &[Name],
        item: &str,
    ) -> Option<String> {
        let list = self.named(list.as_str())?;
        let row = list.rows.iter().find(|row| row.key.untrusted() == item);
        let statuses = row.and_then(|row| {
            row.cells.iter().find_map(|cell| match cell {
                Value::Status(statuses) => Some(*statuses),
                _ => None,
            })
        });
        let wanted: Statuses =
            only.iter().filter_map(|name| self.description.status_id(name.as_str())).collect();
        match (statuses, only) {
            (Some(statuses), _) if statuses.0 & wanted.0 != 0 => None,
            (_, [only]) => Some(format!("it is not {only}")),
            (statuses, _) => {
                let status = &self.description.status(statuses?.main()?)?.name;
                let already = if *status == *spec.past.as_str() { " already" } else { "" };
                Some(format!("it is {status}{already}"))
            }
        }
    }

    /// The description of the list of a call's items.
    pub(crate) fn list_spec(&self, list: Option<ListId>) -> Option<&ListSpec> {
        self.description.list(list?)
    }

    /// The items that a call acts on: the selected ones, or the one that was typed.
    pub(crate) fn items(&self, call: &Call) -> Vec<Key> {
        let acts_on_items = self.spec(&call.command).is_some_and(|spec| !spec.on.is_empty());
        let typed = call.text.untrusted().trim();
        match call.on.is_empty() {
            false => call.on.clone(),
            true if acts_on_items && !typed.is_empty() => vec![Key::new(typed)],
            true => Vec::new(),
        }
    }
}

/// The name of the command of a line.
pub(crate) fn command_name(line: &str) -> Option<&str> {
    line.strip_prefix(':')?.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use clacks_feed::{
        Run,
        description::{Description, Field, Kind, Need, Takes},
    };

    use super::*;

    #[test]
    fn a_key_runs_a_command_only_on_items_that_the_command_acts_on() {
        let field = || Field::new("name", Kind::Id);
        let mut description = Description::new("cloud".into(), "this node".into());
        description.lists = vec![
            ListSpec::new("members", "member", "members", Role::Peers).columns([field()]),
            ListSpec::new("letters", "letter", "letters", Role::Messages).columns([field()]),
        ];
        let command = |name, list: &'static str| {
            let arg = Takes::item_with(list, &[]);
            CommandSpec::new(name, "does it").on(&[list]).arg("ITEM", &[arg], Need::One)
        };
        description.commands = vec![command("ignore", "members").also(&["drop"]), command("hold", "letters")];
        let network = Network::new(std::sync::Arc::new(description), Run(1));
        for (template, is_offered) in [
            (":ignore {peer}", true),
            (":drop {peer}", true),
            (":drop {message}", false),
            (":hold {message}", true),
            (":hold {peer}", false),
            (":announce {peer}", false),
            (":prompt :hold ", true),
            (":prompt :edit ", false),
        ] {
            assert_eq!(network.lacks(template).is_none(), is_offered, "{template}");
        }
    }
}
