use clacks_feed::{
    Key, Order, Page, Row, Statuses, Text, Value, Window,
    description::ListId,
    paging::{Place, RowsByPlace, page},
};

use crate::{
    core::{BoxState, Card, Core, LetterBox},
    description::{BOXES, CARDS, STAMPS, status},
};

/// A card has fewer stamps, because each takes time.
const STAMPS_OF_CARD: u64 = 1_000_000;
/// No card gets this number.
const NO_CARD: u64 = u64::MAX;

/// The page of a window.
pub(crate) fn page_of(core: &Core, window: &Window) -> Page {
    match window.list {
        BOXES => {
            let count = |state| core.ordered.iter().filter(|(other, _)| *other == state).count() as u64;
            let counts = [BoxState::Open, BoxState::Shut, BoxState::Ignored].map(count).to_vec();
            page(window, core.boxes.len() as u64, counts, &Boxes(core))
        }
        CARDS => page(window, core.cards.len() as u64, Vec::new(), &Cards(core)),
        STAMPS => {
            let card = window.under.as_ref().map(|under| number_of(under).unwrap_or(NO_CARD));
            let of_card = |card| core.cards.get(&card).map_or(0, |card| card.stamps.len() as u64);
            page(window, card.map_or(core.stamps, of_card), Vec::new(), &Stamps(core, card))
        }
        _ => Page::empty(window),
    }
}

/// The items with these keys.
pub(crate) fn rows_of(core: &Core, list: ListId, keys: &[Key]) -> Vec<Option<Row>> {
    let row = |key: &Key| match list {
        BOXES => core.boxes.get_key_value(key.untrusted()).map(|(name, known)| box_row(name, known)),
        CARDS => core.cards.get_key_value(&number_of(key)?).map(|(number, card)| card_row(*number, card)),
        STAMPS => {
            let (card, index) = key.untrusted().split_once('.')?;
            let number = number_of(&Key::new(card))?;
            let row = stamps(number, core.cards.get(&number)?).nth(index.parse().ok()?)?;
            (row.key == *key).then_some(row)
        }
        _ => None,
    };
    keys.iter().map(row).collect()
}

/// The number of a card, if the key is one as this node writes it.
pub(crate) fn number_of(key: &Key) -> Option<u64> {
    key.untrusted().parse().ok().filter(|number: &u64| number.to_string() == key.untrusted())
}

/// The key of a stamp.
pub(crate) fn stamp_key(card: u64, index: usize) -> Key {
    format!("{card}.{index}").into()
}

fn box_row(name: &str, known: &LetterBox) -> Row {
    let cells = [
        Value::text(Text::new(name)),
        Value::Status(Statuses::only(status(known.state))),
        Value::at(known.since),
        Value::Count(known.sent),
    ];
    let order = Order { rank: known.state as u64, text: Some(Text::new(name)) };
    Row { key: Key::new(name), order, cells: cells.into() }
}

fn card_row(number: u64, card: &Card) -> Row {
    let cells = [
        Value::text(card.text.clone()),
        Value::at(card.since),
        Value::Count(card.stamps.len() as u64),
        card.from.as_deref().map_or(Value::None, |from| Value::Ref(Key::new(from))),
        Value::Count(number),
    ];
    Row { key: number.to_string().into(), order: Order::rank(number), cells: cells.into() }
}

fn stamps(number: u64, card: &Card) -> impl DoubleEndedIterator<Item = Row> {
    card.stamps.iter().enumerate().map(move |(index, place)| {
        let cells = [Value::Ref(number.to_string().into()), Value::text(place.clone())];
        let order = Order::rank(number.saturating_mul(STAMPS_OF_CARD).saturating_add(index as u64));
        Row { key: stamp_key(number, index), order, cells: cells.into() }
    })
}

struct Boxes<'a>(&'a Core);

impl Boxes<'_> {
    fn row(&self, name: &str) -> Option<Row> {
        self.0.boxes.get(name).map(|known| box_row(name, known))
    }
}

/// The state and name of a box at a place. `None`: the place is behind all boxes.
fn box_at((order, key): Place<'_>) -> Option<(BoxState, String)> {
    let states = [BoxState::Open, BoxState::Shut, BoxState::Ignored];
    let state = *states.get(usize::try_from(order.rank).ok()?)?;
    // Rows are sorted by the text of their order first. It is the same as the key, but an anchor can be anything.
    let text = order.text.as_ref().map_or("", Text::untrusted);
    let is_behind = text < key.untrusted() && !key.untrusted().is_empty() && order.text.is_some();
    Some((state, if is_behind { format!("{text}\0") } else { text.to_owned() }))
}

impl RowsByPlace for Boxes<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let rows = |start| {
            self.0.ordered.range(start..).take(count).filter_map(|(_, name)| self.row(name)).collect()
        };
        match place.map(box_at) {
            None => rows((BoxState::Open, String::new())),
            Some(Some(start)) => rows(start),
            Some(None) => Vec::new(),
        }
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let row = |(_, name): &(BoxState, String)| self.row(name);
        match place.and_then(box_at) {
            None => self.0.ordered.iter().rev().take(count).filter_map(row).collect(),
            Some(end) => self.0.ordered.range(..end).rev().take(count).filter_map(row).collect(),
        }
    }
}

struct Cards<'a>(&'a Core);

/// The number of the first card from a place on. `None`: the place is behind all numbers.
fn card_at((order, key): Place<'_>) -> Option<u64> {
    let of_row = order.rank.to_string();
    // A row without a text comes before one with a text.
    let is_behind = order.text.is_some() || of_row.as_str() < key.untrusted();
    if is_behind { order.rank.checked_add(1) } else { Some(order.rank) }
}

impl RowsByPlace for Cards<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let start = place.map_or(Some(0), card_at);
        let cards = start.map(|start| self.0.cards.range(start..)).into_iter().flatten();
        cards.take(count).map(|(number, card)| card_row(*number, card)).collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let row = |(number, card): (&u64, &Card)| card_row(*number, card);
        match place.and_then(card_at) {
            None => self.0.cards.iter().rev().take(count).map(row).collect(),
            Some(end) => self.0.cards.range(..end).rev().take(count).map(row).collect(),
        }
    }
}

/// The stamps of all cards, or of one.
struct Stamps<'a>(&'a Core, Option<u64>);

impl Stamps<'_> {
    /// The stamps of the cards from one number to another, in order.
    fn between(&self, first: u64, last: u64) -> impl DoubleEndedIterator<Item = Row> {
        let (first, last) = self.1.map_or((first, last), |card| (first.max(card), last.min(card)));
        let numbers = (first <= last).then(|| self.0.stamped.range(first..=last));
        let cards = numbers.into_iter().flatten().filter_map(|number| self.0.cards.get_key_value(number));
        cards.flat_map(|(number, card)| stamps(*number, card))
    }
}

impl RowsByPlace for Stamps<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let first = place.map_or(0, |(order, _)| order.rank / STAMPS_OF_CARD);
        let is_behind = |row: &Row| place.is_none_or(|place| row.place() >= place);
        self.between(first, u64::MAX).filter(is_behind).take(count).collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let last = place.map_or(u64::MAX, |(order, _)| order.rank / STAMPS_OF_CARD);
        let is_before = |row: &Row| place.is_none_or(|place| row.place() < place);
        self.between(0, last).rev().filter(is_before).take(count).collect()
    }
}
