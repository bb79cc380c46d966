//! The list of all that can be done now, which narrows as one types.

use clacks_p2p::{Address, core::MessageId};

use super::{
    available::{fill_in, marked, out_of_place, why_not},
    focus::Selecting,
    keymap::{Binding, Key},
    layout::Pane,
    model::{Anchor, LogCursor, Model},
    question::Question,
};
use crate::{
    command::{Argument, COMMANDS, Command, Scope, Spec, Step, ViewCommand},
    filter::GRAMMAR,
};

/// Longest text to narrow by, in bytes.
const MAX_QUERY: usize = 100;

/// The command that opens the list, which is no use in it.
const THIS: &str = ":help";

/// What is shown on the list's screen beside what can be done.
const STATUSES: &[(&str, &str)] = &[
    ("N new", "just added, never tried; new peers are sent to first"),
    ("A alive", "the last contact worked"),
    ("? alive?", "alive by its word alone: it did not answer when we last tried it"),
    ("L lost", "a send failed; tried again now and then"),
    ("D dead", "lost for longer than the kill timeout; hardly ever tried"),
    ("I ignored", "you said so: nothing is sent to it, and it is answered 403"),
];

/// The list, as it was when it was opened: what it does is done to what was selected then.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Menu {
    query: String,
    items: Vec<Item>,
    /// Which of the items the query leaves, in the order in which they are listed.
    shown: Vec<usize>,
    /// The selected one among those that are shown.
    selected: usize,
    /// The first that is on the screen.
    top: usize,
    target: Target,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// The names of its keys, or what it tells about.
    pub(crate) keys: String,
    /// The command, with what is selected in it, or what is to be written behind it.
    pub(crate) line: String,
    pub(crate) does: String,
    pub(crate) deed: Deed,
}

/// What an item does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    Run(Command),
    Ask(Question),
    /// Begins to write this.
    Begin(String),
    /// Nothing now, for this reason.
    Nothing(String),
    /// Nothing: it tells what something means.
    Explains,
}

/// What was selected when the list was opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    Nothing,
    Peer(Address),
    Message(MessageId),
    /// A row of the traffic.
    Row(u64),
}

impl Menu {
    /// A list of these items, for what is selected.
    pub(crate) fn new(items: Vec<Item>, target: Target) -> Self {
        let shown = (0..items.len()).collect();
        Self { query: String::new(), items, shown, selected: 0, top: 0, target }
    }

    pub(crate) fn query(&self) -> &str {
        &self.query
    }

    /// How many items there are, narrowed down or not.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.shown.len(), self.items.len())
    }

    pub(crate) fn selected_item(&self) -> Option<&Item> {
        self.shown.get(self.selected).and_then(|index| self.items.get(*index))
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The items in so many rows, and which of them is selected.
    pub(crate) fn visible(&self, height: usize) -> impl Iterator<Item = (&Item, bool)> {
        let shown = self.shown.iter().enumerate().skip(self.top_for(height)).take(height);
        shown.filter_map(|(at, index)| Some((self.items.get(*index)?, at == self.selected)))
    }

    fn top_for(&self, height: usize) -> usize {
        let lowest = self.selected.saturating_sub(height.saturating_sub(1));
        self.top.clamp(lowest, self.selected.max(lowest))
    }

    /// Takes in text to narrow by: a key, or a paste.
    pub(crate) fn type_in(&mut self, text: &str) {
        for character in text.chars().filter(|character| !character.is_control()) {
            if self.query.len() + character.len_utf8() <= MAX_QUERY {
                self.query.push(character);
            }
        }
        self.narrow();
    }

    /// Takes the last character of what narrows away.
    pub(crate) fn take_back(&mut self) {
        self.query.pop();
        self.narrow();
    }

    /// Shows everything again.
    pub(crate) fn clear(&mut self) {
        self.query.clear();
        self.narrow();
    }

    fn narrow(&mut self) {
        let ranked =
            self.items.iter().enumerate().filter_map(|(at, item)| Some((item.rank(&self.query)?, at)));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_unstable();
        self.shown = ranked.into_iter().map(|(_, at)| at).collect();
        (self.selected, self.top) = (0, 0);
    }

    /// Moves the selection in a list of so many rows.
    pub(crate) fn go(&mut self, step: Step, height: usize) {
        let page = height.saturating_sub(1).max(1);
        let last = self.shown.len().saturating_sub(1);
        self.top = self.top_for(height);
        self.selected = match step {
            Step::Up => self.selected.saturating_sub(1),
            Step::Down => (self.selected + 1).min(last),
            Step::PageUp => self.selected.saturating_sub(page),
            Step::PageDown => (self.selected + page).min(last),
            Step::Top => 0,
            Step::Bottom => last,
            Step::Left | Step::Right => self.selected,
        };
        self.top = self.top_for(height);
    }

    /// Selects what stands on a row of the screen.
    pub(crate) fn select_row(&mut self, row: usize, height: usize) {
        self.top = self.top_for(height);
        if row < height && self.top + row < self.shown.len() {
            self.selected = self.top + row;
        }
    }
}

impl Item {
    /// The place among those that the query leaves; `None` if it does not leave it. What can't be done comes last, and
    /// what is called so first.
    fn rank(&self, query: &str) -> Option<(bool, u8)> {
        let is_idle = matches!(self.deed, Deed::Nothing(_) | Deed::Explains);
        if query.is_empty() {
            return Some((false, 0));
        }
        let text = format!("{} {} {}", self.keys, self.line, self.does).to_lowercase();
        let lower = query.to_lowercase();
        if !lower.split_whitespace().all(|word| text.contains(word)) {
            return None;
        }
        let is_key = self.keys.split(' ').any(|key| key == query.trim());
        let name = self.line.trim_start_matches(':').to_lowercase();
        let rank = match lower.trim_start_matches(':') {
            _ if is_key => 0,
            begun if name.starts_with(begun) => 1,
            _ => 2,
        };
        Some((is_idle, rank))
    }

    /// Why it does nothing, or what it does.
    pub(crate) fn tells(&self) -> String {
        match &self.deed {
            Deed::Nothing(reason) => format!("{}: not now, {reason}", self.does),
            _ => self.does.clone(),
        }
    }
}

/// What is selected now.
fn selected_target(model: &Model) -> Target {
    let Selecting::List(selecting) = model.selecting() else { return Target::Nothing };
    let target = match selecting {
        Pane::Peers | Pane::Map => model.peers.selected_peer().map(|peer| Target::Peer(peer.address.clone())),
        Pane::Queue => model.queue.selected_message().map(|queued| Target::Message(queued.id)),
        Pane::Traffic => {
            model.log_position().and_then(|at| model.log.at(at)).map(|row| Target::Row(row.number))
        }
    };
    target.unwrap_or(Target::Nothing)
}

/// Selects again what was selected, wherever it is now. Fails if it has gone.
pub(crate) fn select_target(model: &mut Model, target: &Target) -> Result<(), String> {
    let is_there = match target {
        Target::Nothing => true,
        Target::Peer(peer) => {
            let selected = Anchor::At(peer.clone());
            model.peers.selected == selected
        }
        Target::Message(id) => model.queue.selected == Anchor::At(*id),
        Target::Row(number) => {
            let position = model.log.position(*number);
            let is_there = model.log.at(position).is_some_and(|row| row.number == *number);
            if is_there && model.log_cursor == LogCursor::Following {
                model.freeze_log_at(position);
            }
            is_there
        }
    };
    if is_there { Ok(()) } else { Err("what was selected when the list was opened has gone".to_owned()) }
}

/// The list for where the focus is and what is selected.
pub(crate) fn palette(model: &Model) -> Menu {
    Menu::new(items(model), selected_target(model))
}

/// Whether a command of the screen is about what is selected rather than about the screen.
pub(crate) fn acts_on_selection(command: &ViewCommand) -> bool {
    matches!(command, ViewCommand::Open | ViewCommand::Copy | ViewCommand::Mark | ViewCommand::Biography)
}

/// Everything, what can be done first.
fn items(model: &Model) -> Vec<Item> {
    let bindings = model.keymap.bindings().iter().map(|binding| (binding, model.keys_of(binding)));
    let is_listed = |(binding, keys): &(&Binding, Vec<Key>)| !keys.is_empty() && binding.command != THIS;
    let bindings: Vec<_> = bindings.filter(is_listed).collect();
    let bound = bindings.iter().map(|(binding, keys)| bound_item(model, binding, keys));
    let typed = COMMANDS.iter().filter(|spec| spec.scope != Scope::Key && !THIS.ends_with(spec.name));
    let typed = typed.filter(|spec| !bindings.iter().any(|(binding, _)| says_all(model, binding, spec)));
    let mut items: Vec<_> = bound.chain(typed.map(|spec| typed_item(model, spec))).collect();
    // In a stable order, so what belongs together stays together.
    items.sort_by_key(|item| matches!(item.deed, Deed::Nothing(_)));
    items.push(explained("", ("::text", "the message \":text\"")));
    items.extend(STATUSES.iter().map(|status| explained("a status", *status)));
    items.extend(GRAMMAR.iter().map(|filter| explained("a filter", *filter)));
    items
}

/// Whether a key does all that a command could do if it were typed.
fn says_all(model: &Model, binding: &Binding, spec: &Spec) -> bool {
    let mut words = binding.command.trim_start_matches(":prompt ").split_whitespace();
    words.next().is_some_and(|name| name.strip_prefix(':') == Some(spec.name))
        && (spec.argument == Argument::Nothing || why_not(model, &binding.command).is_none())
}

fn bound_item(model: &Model, binding: &Binding, keys: &[Key]) -> Item {
    let template = &*binding.command;
    let line = fill_in(model, template).unwrap_or_else(|_| template.to_owned());
    let deed = match (why_not(model, template), marked(model, template).and_then(Question::before_all)) {
        (Some(reason), _) => Deed::Nothing(reason),
        (None, Some(question)) => Deed::Ask(question),
        (None, None) => match Command::parse(&line) {
            Ok(command) => Deed::Run(command),
            Err(error) => Deed::Nothing(error.to_string()),
        },
    };
    let line = match &deed {
        Deed::Ask(question) => question.text.clone(),
        _ => line.trim_start_matches(":prompt ").to_owned(),
    };
    Item { keys: names(keys), line, does: binding.does.to_string(), deed }
}

fn typed_item(model: &Model, spec: &Spec) -> Item {
    let line = format!(":{}", spec.name);
    let deed = match spec.argument {
        Argument::Nothing => match (why_not(model, &line), Command::parse(&line)) {
            (None, Ok(command)) => Deed::Run(command),
            (None, Err(error)) => Deed::Nothing(error.to_string()),
            (Some(reason), _) => Deed::Nothing(reason),
        },
        argument => {
            let example = Command::parse(&format!("{line} {}", argument.example())).ok();
            let reason = example.and_then(|command| out_of_place(model, &command));
            reason.map_or_else(|| Deed::Begin(format!("{line} ")), |reason| Deed::Nothing(reason.to_owned()))
        }
    };
    Item { keys: String::new(), line: spec.usage(), does: spec.does.to_owned(), deed }
}

fn explained(about: &str, (what, means): (&str, &str)) -> Item {
    Item { keys: about.to_owned(), line: what.to_owned(), does: means.to_owned(), deed: Deed::Explains }
}

fn names(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
