//! Lists that are read page by page, with a selected item that commands without a name use.

use crate::core_event::message_of;
use clacks_feed::{Key, description::ListId};
use clacks_language::command::Step;
use clacks_p2p::{
    Address, Message,
    core::{HeldMessage, MessageId, Now, Peer, QueuedMessage},
};
use clacks_p2p_feed::description::{HELD, PEERS, QUEUE};

use super::{any_network, lists::Lists, narrator::Narrator, phrases};

/// Number of items per page.
pub(crate) const PAGE: usize = 30;

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Peers,
    Queue,
    Held,
    Traffic,
    /// The messages that return repeatedly.
    Overhead,
    /// A list of another network than clacks, or one without sentences of its own.
    Rows(ListId),
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Peer(Address),
    Message(MessageId),
    /// A traffic row, by its number.
    Row(u64),
    Text(Message),
    /// An item of another network than clacks.
    Any(ListId, Key),
}

/// The current list, page and selection.
#[derive(Debug, Default)]
pub(crate) struct ListCursor {
    list: Option<List>,
    /// Index of the selected item in the list.
    position: usize,
    /// Range of the page that was read last: first index, and the index after the last.
    start: usize,
    end: usize,
    selected: Option<Item>,
}

/// The data for the lists.
#[derive(Clone, Copy)]
pub(crate) struct ListContext<'a> {
    pub(crate) lists: &'a Lists,
    pub(crate) narrator: &'a Narrator,
    pub(crate) now: Now,
}

impl List {
    /// The lists of clacks in the order of `:next-pane`.
    pub(crate) const OF_CLACKS: [Self; 5] =
        [Self::Peers, Self::Queue, Self::Held, Self::Traffic, Self::Overhead];

    /// The next or previous one of all lists.
    pub(crate) fn next(all: &[Self], list: Option<Self>, forwards: bool) -> Self {
        let at = list.and_then(|list| all.iter().position(|other| *other == list));
        let count = all.len();
        all[match (at, forwards) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        }]
    }

    /// Number of items.
    fn len(self, context: &ListContext<'_>) -> usize {
        match self {
            Self::Peers => context.lists.total(PEERS),
            Self::Queue => context.lists.total(QUEUE),
            Self::Held => context.lists.total(HELD),
            Self::Traffic => context.narrator.log().len(),
            Self::Overhead => context.narrator.derived.histories.returned(),
            Self::Rows(list) => context.lists.total(list),
        }
    }

    /// At most `count` items from the index `from` on, each with its sentence.
    fn items(self, context: &ListContext<'_>, from: usize, count: usize) -> Vec<(Item, String)> {
        let ListContext { lists, narrator, now } = *context;
        let charset = narrator.charset();
        match self {
            Self::Peers => {
                let peers = lists.peer_window(from..from.saturating_add(count));
                let item = |peer: &Peer| (Item::Peer(peer.address.clone()), phrases::peer_line(peer, now));
                peers.iter().map(item).collect()
            }
            Self::Queue => {
                let item = |queued: &QueuedMessage| {
                    (Item::Message(queued.id), phrases::queued(queued, now, charset))
                };
                lists.queue_window(from..from.saturating_add(count)).iter().map(item).collect()
            }
            Self::Held => {
                let item = |held: &HeldMessage| {
                    (Item::Message(held.queued.id), phrases::held_message(held, now, charset))
                };
                lists.held_window(from..from.saturating_add(count)).iter().map(item).collect()
            }
            Self::Traffic => {
                let rows =
                    (from..from.saturating_add(count)).map_while(|position| narrator.log().at(position));
                rows.map(|row| (Item::Row(row.number), narrator.sentence(row))).collect()
            }
            Self::Overhead => {
                let histories = narrator.derived.histories.ranking().skip(from).take(count);
                histories
                    .map(|life| (Item::Text(life.message.clone()), phrases::returned(life, now, charset)))
                    .collect()
            }
            Self::Rows(list) => any_network::items(list, from..from.saturating_add(count), context),
        }
    }
}

impl ListCursor {
    pub(crate) fn list(&self) -> Option<List> {
        self.list
    }

    pub(crate) fn selected(&self) -> Option<&Item> {
        self.selected.as_ref()
    }

    /// Selects an item for commands without a name.
    pub(crate) fn select(&mut self, item: Item) {
        (self.list, self.selected) = (None, Some(item));
    }

    /// Reads a list from its start; of the traffic, the last page.
    pub(crate) fn open(&mut self, list: List, count: usize, context: &ListContext<'_>) -> Vec<String> {
        self.list = Some(list);
        let from = if list == List::Traffic { list.len(context).saturating_sub(count) } else { 0 };
        self.read_from(from, count, context)
    }

    /// Reads `count` items from an index on. Selects the first of them; of the traffic, the last.
    fn read_from(&mut self, from: usize, count: usize, context: &ListContext<'_>) -> Vec<String> {
        let Some(list) = self.list else { return Vec::new() };
        let items = list.items(context, from, count);
        (self.start, self.end) = (from, from + items.len());
        let is_last_selected = list == List::Traffic;
        let at = if is_last_selected { items.len().saturating_sub(1) } else { 0 };
        (self.position, self.selected) = (from + at, items.get(at).map(|(item, _)| item.clone()));
        let mut texts: Vec<_> = items.into_iter().map(|(_, sentence)| sentence).collect();
        let (len, end) = (list.len(context), self.end);
        if from > 0 && list == List::Traffic {
            texts.insert(0, format!("{from} before; :page-up tells them."));
        }
        if len > end {
            texts.push(format!("And {} more; :more tells them.", len - end));
        }
        texts
    }

    /// Moves the selection in the current list, and reads the new item or page.
    pub(crate) fn step(&mut self, step: Step, context: &ListContext<'_>) -> Vec<String> {
        let Some(list) = self.list else {
            let commands = any_network::list_commands(context.lists);
            return vec![format!("No list was told yet; {commands} do it.")];
        };
        let len = list.len(context);
        if len == 0 {
            return vec!["There is nothing in it.".to_owned()];
        }
        match step {
            Step::PageDown if self.end >= len => vec!["That was the last.".to_owned()],
            Step::PageDown => self.read_from(self.end, PAGE, context),
            Step::PageUp if self.start == 0 => vec!["That was the first.".to_owned()],
            Step::PageUp => {
                let from = self.start.saturating_sub(PAGE);
                self.read_from(from, self.start - from, context)
            }
            Step::Top => self.read_one(0, len, context),
            Step::Bottom => self.read_one(len - 1, len, context),
            Step::Down if self.position + 1 >= len => vec!["That was the last.".to_owned()],
            Step::Down => self.read_one(self.position + 1, len, context),
            Step::Up if self.position == 0 => vec!["That was the first.".to_owned()],
            Step::Up => self.read_one(self.position - 1, len, context),
            Step::Left | Step::Right => {
                vec!["There is no map here; :up and :down go through the list that was told last.".to_owned()]
            }
        }
    }

    fn read_one(&mut self, position: usize, len: usize, context: &ListContext<'_>) -> Vec<String> {
        let Some(list) = self.list else { return Vec::new() };
        match list.items(context, position, 1).pop() {
            Some((item, sentence)) => {
                (self.position, self.selected) = (position, Some(item));
                (self.start, self.end) = (position, position + 1);
                vec![format!("{} of {len}: {sentence}", position + 1)]
            }
            None => vec!["There is nothing there any more.".to_owned()],
        }
    }

    /// The selected message, if the selection is one.
    pub(crate) fn message(&self, context: &ListContext<'_>) -> Option<Message> {
        match self.selected.as_ref()? {
            Item::Peer(_) | Item::Any(..) => None,
            Item::Message(id) => context.lists.message(*id).map(|(queued, _)| queued.message),
            Item::Row(number) => message_of(context.narrator.log().row(*number)?),
            Item::Text(message) => Some(message.clone()),
        }
    }
}
