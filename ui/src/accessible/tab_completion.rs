//! Tab completion: completes the name of a command, or describes a complete command.

use std::sync::Arc;

use clacks_feed::description::Description;
use clacks_language::command::Known;

use super::phrases::{self, command_help};

/// The result of Tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Text to append to the line.
    Add(String),
    /// A sentence to write.
    Tell(String),
}

/// The handler of Tab.
#[derive(Debug)]
pub(crate) enum OnTab {
    /// The commands at a node of this network.
    Node(Arc<Description>),
    /// Another handler.
    Other(fn(&str) -> Option<Tab>),
}

impl OnTab {
    /// What Tab does in a line. `None` if the line is no command.
    pub(crate) fn of(&self, line: &str) -> Option<Tab> {
        match self {
            Self::Node(network) => of_node(line, network),
            Self::Other(tab) => tab(line),
        }
    }
}

/// Tab in a session with a node of this network. `None` if the line is no command.
fn of_node(line: &str, network: &Description) -> Option<Tab> {
    tab(line, &phrases::commands(network))
}

/// Tab in a replay. `None` if the line is no command.
pub(crate) fn of_replay(line: &str) -> Option<Tab> {
    tab(line, &phrases::commands_of_replay())
}

fn tab(line: &str, commands: &[Known<'_>]) -> Option<Tab> {
    let text = line.strip_prefix(':').filter(|text| !text.starts_with(':'))?.trim_start();
    let (name, has_argument) =
        text.split_once(char::is_whitespace).map_or((text, false), |(name, _)| (name, true));
    let begun: Vec<_> = commands.iter().copied().filter(|known| known.name().starts_with(name)).collect();
    let whole = begun.iter().copied().find(|known| known.name() == name);
    Some(match (whole, begun.as_slice()) {
        (Some(known), _) => {
            let longer = begun.iter().filter(|other| other.name() != name && !has_argument);
            Tab::Tell([about(known)].into_iter().chain(list_of_names(longer)).collect::<Vec<_>>().join(" "))
        }
        (None, _) if name.is_empty() => Tab::Tell("A colon begins a command; :help lists them.".to_owned()),
        (None, []) => Tab::Tell(format!("No command here begins with :{name}; :help lists them.")),
        (None, _) if has_argument => {
            Tab::Tell(format!("No command here is called :{name}; :help lists them."))
        }
        (None, [only]) => {
            let space = if only.takes_nothing() { "" } else { " " };
            Tab::Add(format!("{}{space}", &only.name()[name.len()..]))
        }
        (None, [first, ..]) => {
            let is_common = |end: &usize| {
                let start = first.name().get(..*end);
                start.is_some_and(|start| begun.iter().all(|known| known.name().starts_with(start)))
            };
            match (name.len() + 1..=first.name().len()).rev().find(is_common) {
                Some(end) => Tab::Add(first.name()[name.len()..end].to_owned()),
                None => Tab::Tell(list_of_names(begun.iter()).unwrap_or_default()),
            }
        }
    })
}

/// The description of a command, with an example if it has an argument.
fn about(known: Known<'_>) -> String {
    let example = known.example();
    if example.is_empty() {
        return command_help(known);
    }
    format!("{} For example: :{} {example}.", command_help(known), known.name())
}

/// A sentence that lists these commands; `None` for an empty list.
fn list_of_names<'a>(commands: impl Iterator<Item = &'a Known<'a>>) -> Option<String> {
    let names: Vec<_> = commands.map(|known| format!(":{}", known.name())).collect();
    match names.as_slice() {
        [] => None,
        [name] => Some(format!("{name} begins so as well.")),
        [names @ .., last] => Some(format!("{} and {last} begin so.", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p_feed::description::describe;

    use super::*;
    use crate::accessible::tests::assert_sentences;

    fn of_node(line: &str) -> Option<Tab> {
        super::of_node(line, &describe("tower:1".into()))
    }

    fn texts(line: &str) -> String {
        match of_node(line) {
            Some(Tab::Tell(sentence)) => sentence,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn a_name_is_completed_to_the_common_prefix() {
        for (line, added) in [
            (":ann", "ounce "),
            (":und", "o"),
            (":pee", "rs"),
            (": biog", "raphy"),
            (":stat", "ion"),
            (":ov", "erhead"),
        ] {
            assert_eq!(of_node(line), Some(Tab::Add(added.to_owned())), "{line:?}");
        }
        assert_eq!(of_replay(":ju"), Some(Tab::Add("mp ".to_owned())));
    }

    #[test]
    fn tab_describes_a_complete_command() {
        let rate = ":rate PER_SECOND: set the number of messages sent per second. For example: :rate 0.5.";
        for line in [":rate", ":rate ", ":rate 2"] {
            assert_eq!(texts(line), rate);
        }
        assert_eq!(texts(":peers"), ":peers: list the peers. :peers-from begins so as well.");
        assert_eq!(texts(":peers "), ":peers: list the peers.");
        assert!(texts(":h").starts_with(":hold, :held, "), "{}", texts(":h"));
        assert_eq!(texts(":"), "A colon begins a command; :help lists them.");
        assert_eq!(texts(":xyz"), "No command here begins with :xyz; :help lists them.");
        assert_eq!(texts(":pee x"), "No command here is called :pee; :help lists them.");
        for known in phrases::commands(&describe("tower:1".into())) {
            let line = format!(":{}", known.name());
            assert_sentences(&line, &[texts(&line)]);
        }
    }

    #[test]
    fn tab_ignores_lines_that_are_no_command() {
        for line in ["", "hello", "::text", " :peers"] {
            assert_eq!(of_node(line), None, "{line:?}");
        }
    }
}
