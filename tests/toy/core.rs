//! The state machine: boxes, cards, and what happens to them. Time is an argument.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use clacks_feed::Text;

/// A letterbox: another node.
#[derive(Debug, Clone, PartialEq)]
pub struct LetterBox {
    /// What it does at present.
    pub state: BoxState,
    /// When it got that state, as uptime.
    pub since: Duration,
    /// Cards that were sent to it.
    pub sent: u64,
}

/// What a box does at present. In lists the boxes stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoxState {
    /// It takes cards.
    Open,
    /// It took no card when it was tried last.
    Shut,
    /// The user ignores it.
    Ignored,
}

impl BoxState {
    /// The name of the status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Shut => "shut",
            Self::Ignored => "ignored",
        }
    }
}

/// A postcard that waits here.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// What is written on it.
    pub text: Text,
    /// The box that it came from. `None`: the user wrote it.
    pub from: Option<String>,
    /// When it came, as uptime.
    pub since: Duration,
    /// The places that stamped it.
    pub stamps: Vec<Text>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// The user wrote a card.
    Posted(u64, Text),
    /// A card came from a box.
    Received(u64, Text, String),
    /// A card went to a box, in this time.
    Sent(u64, Text, String, Duration),
    /// A box took no card.
    Failed(u64, Text, String),
    /// A card was removed for good.
    Dropped(u64, Text),
    /// A dropped card is here again, with this number of stamps.
    Restored(u64, Text, usize),
    /// A card got the stamp with this index.
    Stamped(u64, usize),
    /// A box was found.
    Found(String),
    /// A box changed its state from this one.
    Changed(String, BoxState, BoxState),
    /// A box is gone.
    Forgotten(String),
    /// The maximum number of cards was changed.
    LimitChanged(u64),
}

/// The state machine.
#[derive(Debug)]
pub struct Core {
    pub(crate) boxes: BTreeMap<String, LetterBox>,
    /// The boxes in the order of their list.
    pub(crate) ordered: BTreeSet<(BoxState, String)>,
    pub(crate) cards: BTreeMap<u64, Card>,
    /// The cards that have stamps.
    pub(crate) stamped: BTreeSet<u64>,
    /// Number of all stamps.
    pub(crate) stamps: u64,
    pub(crate) limit: u64,
    pub(crate) posted: u64,
    next_card: u64,
    happened: Vec<Happened>,
}

impl Core {
    /// No boxes, no cards, and room for 1,000.
    pub fn new() -> Self {
        Self {
            boxes: BTreeMap::new(),
            ordered: BTreeSet::new(),
            cards: BTreeMap::new(),
            stamped: BTreeSet::new(),
            stamps: 0,
            limit: 1000,
            posted: 0,
            next_card: 1,
            happened: Vec::new(),
        }
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// The user writes a card. `None` if there is no room.
    pub fn post(&mut self, text: Text, now: Duration) -> Option<u64> {
        let number = self.add(Card { text: text.clone(), from: None, since: now, stamps: Vec::new() })?;
        self.posted += 1;
        self.happened.push(Happened::Posted(number, text));
        Some(number)
    }

    /// A card comes from a box that is known and not ignored. `None` if it is refused.
    pub fn receive(&mut self, text: Text, from: &str, now: Duration) -> Option<u64> {
        self.boxes.get(from).filter(|sender| sender.state != BoxState::Ignored)?;
        let stamps = vec![Text::new(from)];
        let card = Card { text: text.clone(), from: Some(from.to_owned()), since: now, stamps };
        let number = self.add(card)?;
        self.happened.push(Happened::Received(number, text, from.to_owned()));
        Some(number)
    }

    /// The oldest card goes to an open box, which takes it in this time; `None`: it is shut.
    pub fn send(&mut self, to: &str, took: Option<Duration>, now: Duration) {
        if self.boxes.get(to).is_none_or(|to| to.state != BoxState::Open) {
            return;
        }
        let Some((&number, card)) = self.cards.first_key_value() else { return };
        let text = card.text.clone();
        let Some(took) = took else {
            self.happened.push(Happened::Failed(number, text, to.to_owned()));
            self.set_state(to, BoxState::Shut, now);
            return;
        };
        self.remove(number);
        if let Some(to) = self.boxes.get_mut(to) {
            to.sent += 1;
        }
        self.happened.push(Happened::Sent(number, text, to.to_owned(), took));
    }

    /// A box is found. Nothing happens if it is known.
    pub fn find(&mut self, name: &str, now: Duration) {
        if !self.boxes.contains_key(name) {
            self.boxes.insert(name.to_owned(), LetterBox { state: BoxState::Open, since: now, sent: 0 });
            self.ordered.insert((BoxState::Open, name.to_owned()));
            self.happened.push(Happened::Found(name.to_owned()));
        }
    }

    /// A box is gone. Nothing happens if it is not known.
    pub fn forget(&mut self, name: &str) {
        if let Some(gone) = self.boxes.remove(name) {
            self.ordered.remove(&(gone.state, name.to_owned()));
            self.happened.push(Happened::Forgotten(name.to_owned()));
        }
    }

    /// Sets the state of a box. Returns the state before and when it began. `None` if it had this state already.
    pub fn set_state(&mut self, name: &str, state: BoxState, now: Duration) -> Option<(BoxState, Duration)> {
        let known = self.boxes.get_mut(name).filter(|known| known.state != state)?;
        let before = (known.state, known.since);
        (known.state, known.since) = (state, now);
        self.ordered.remove(&(before.0, name.to_owned()));
        self.ordered.insert((state, name.to_owned()));
        self.happened.push(Happened::Changed(name.to_owned(), before.0, state));
        Some(before)
    }

    /// Stamps a card.
    pub fn stamp(&mut self, number: u64, place: Text) {
        if let Some(card) = self.cards.get_mut(&number) {
            self.happened.push(Happened::Stamped(number, card.stamps.len()));
            card.stamps.push(place);
            self.stamped.insert(number);
            self.stamps += 1;
        }
    }

    /// Removes a card for good.
    pub fn drop_card(&mut self, number: u64) -> Option<Card> {
        let card = self.remove(number)?;
        self.happened.push(Happened::Dropped(number, card.text.clone()));
        Some(card)
    }

    /// Puts a dropped card back, at its place.
    pub fn restore(&mut self, number: u64, card: Card) {
        self.happened.push(Happened::Restored(number, card.text.clone(), card.stamps.len()));
        self.insert(number, card);
    }

    /// Sets the maximum number of cards. Cards beyond it stay.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
        self.happened.push(Happened::LimitChanged(limit));
    }

    fn add(&mut self, card: Card) -> Option<u64> {
        if self.cards.len() as u64 >= self.limit {
            return None;
        }
        let number = self.next_card;
        self.next_card += 1;
        self.insert(number, card);
        Some(number)
    }

    fn insert(&mut self, number: u64, card: Card) {
        if !card.stamps.is_empty() {
            self.stamped.insert(number);
            self.stamps += card.stamps.len() as u64;
        }
        self.cards.insert(number, card);
    }

    fn remove(&mut self, number: u64) -> Option<Card> {
        let card = self.cards.remove(&number)?;
        self.stamped.remove(&number);
        self.stamps -= card.stamps.len() as u64;
        Some(card)
    }
}

impl Default for Core {
    fn default() -> Self {
        Self::new()
    }
}
