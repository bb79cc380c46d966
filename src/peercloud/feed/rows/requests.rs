use clacks_feed::{
    Anchor, Key, Order, Page, Row, Statuses, Text, Value, Window,
    paging::{self, Place, RowsByPlace},
};
use clacks_peercloud::{
    Id, Json,
    core::{Message, MessageOrigin, Messages, Receiver},
};

use super::{id_of, member_key, message_key, number_of};
use crate::description::Status;

pub(super) fn page(messages: &Messages, window: &Window) -> Page {
    let total = messages.len();
    let last = total.saturating_sub(1);
    let place = match &window.at {
        Anchor::First => 0,
        Anchor::Last => last,
        Anchor::At(order, key) => {
            first_number((order, key)).map_or(last, |number| messages.position_from(number).min(last))
        }
    };
    let start = place.saturating_sub(usize::from(window.before));
    let rows = messages.range(start..total.min(place + usize::from(window.after))).map(message_row).collect();
    let anchor = if total == 0 { 0 } else { place - start };
    let counts = messages.counts();
    let counts = [counts.open, counts.done, counts.received].map(|count| count as u64).to_vec();
    Page { first: Some(start as u64), total: total as u64, counts, rows, anchor, ..Page::empty(window) }
}

pub(super) fn row(messages: &Messages, number: u64) -> Option<Row> {
    messages.get(number).map(message_row)
}

/// The first number from a place on. `None`: the place is behind all numbers.
fn first_number((order, key): Place<'_>) -> Option<u64> {
    // A row has no text in its order, and its key is its number.
    let is_behind = order.text.is_some() || order.rank.to_string().as_str() < key.untrusted();
    if is_behind { order.rank.checked_add(1) } else { Some(order.rank) }
}

fn message_row(message: &Message) -> Row {
    let json = |json: &Json| Value::text(json.shared_text().into());
    let (status, member, reply) = match &message.origin {
        MessageOrigin::Member { from, reply } => (Status::Received, Some(&from.id), reply.as_ref()),
        MessageOrigin::Ourselves { to, is_done: false, .. } => (Status::Open, to.as_ref(), None),
        MessageOrigin::Ourselves { to, .. } => (Status::Done, to.as_ref(), None),
    };
    // A received message has no receivers.
    let count = |count: usize| message.receivers().map_or(Value::None, |_| Value::Count(count as u64));
    let cells = [
        json(&message.content),
        Value::Status(Statuses::only(status.into())),
        member.map_or(Value::None, |id| Value::Ref(member_key(id))),
        Value::at(message.since),
        count(message.answered),
        count(message.awaited()),
        count(message.failed),
        reply.map_or(Value::None, json),
        Value::Count(message.number),
    ];
    Row { key: message_key(message.number), order: Order::rank(message.number), cells: cells.into() }
}

// === Replies ===

/// The key of a reply: the number of the message and the id of the member.
pub(crate) fn reply_key(message: u64, member: &Id) -> Key {
    format!("{message}.{member}").into()
}

pub(super) fn reply_row(messages: &Messages, key: &Key) -> Option<Row> {
    let (number, id) = key.untrusted().split_once('.')?;
    let message = messages.get(number_of(&Key::new(number))?)?;
    let (id, receiver) = message.receivers()?.get_key_value(&id_of(&Key::new(id))?)?;
    Some(row_of_reply(message.number, id, receiver))
}

pub(super) fn replies_page(messages: &Messages, window: &Window) -> Page {
    // No message has this number, so a key that is none has no replies.
    let of = window.under.as_ref().map(|under| number_of(under).unwrap_or(u64::MAX));
    let list = Replies { messages, of };
    let (awaited, answered, failed) = match of {
        None => {
            let counts = messages.counts();
            (counts.awaited, counts.answered, counts.failed)
        }
        Some(number) => messages
            .get(number)
            .map_or((0, 0, 0), |message| (message.awaited(), message.answered, message.failed)),
    };
    let counts = [awaited, answered, failed].map(|count| count as u64).to_vec();
    paging::page(window, counts.iter().sum(), counts, &list)
}

fn row_of_reply(number: u64, id: &Id, receiver: &Receiver) -> Row {
    let (status, text, error, took) = match receiver {
        None => (Status::Open, Value::None, Value::None, Value::None),
        Some(reply) => {
            let took = Value::Took(reply.took);
            match &reply.result {
                Ok(value) => {
                    let text =
                        value.as_ref().map_or(Value::None, |json| Value::text(json.shared_text().into()));
                    (Status::Value, text, Value::None, took)
                }
                Err(failure) => {
                    let error = Value::text(crate::event::failure_text(failure));
                    (Status::Error, Value::None, error, took)
                }
            }
        }
    };
    let cells = [
        Value::Ref(message_key(number)),
        Value::Ref(member_key(id)),
        Value::Status(Statuses::only(status.into())),
        text,
        error,
        took,
    ];
    let order = Order { rank: number, text: Some(Text::new(id.as_str())) };
    Row { key: reply_key(number, id), order, cells: cells.into() }
}

/// The replies to all messages, or to one. Their order is the number, then the id.
struct Replies<'a> {
    messages: &'a Messages,
    of: Option<u64>,
}

impl Replies<'_> {
    /// The messages from one number to another whose replies are listed.
    fn between(&self, first: u64, last: u64) -> impl DoubleEndedIterator<Item = &Message> {
        let (first, last) = self.of.map_or((first, last), |of| (first.max(of), last.min(of)));
        let start = self.messages.position_from(first);
        let end = last.checked_add(1).map_or(self.messages.len(), |next| self.messages.position_from(next));
        self.messages.range(start..end.max(start))
    }
}

impl RowsByPlace for Replies<'_> {
    fn rows_from(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let first = place.map_or(0, |(order, _)| order.rank);
        let is_behind = |row: &Row| place.is_none_or(|place| row.place() >= place);
        let rows = self.between(first, u64::MAX).flat_map(|message| {
            let receivers = message.receivers().into_iter().flatten();
            receivers.map(|(id, receiver)| row_of_reply(message.number, id, receiver))
        });
        rows.filter(is_behind).take(count).collect()
    }

    fn rows_before(&self, place: Option<Place<'_>>, count: usize) -> Vec<Row> {
        let last = place.map_or(u64::MAX, |(order, _)| order.rank);
        let is_before = |row: &Row| place.is_none_or(|place| row.place() < place);
        let rows = self.between(0, last).rev().flat_map(|message| {
            let receivers = message.receivers().into_iter().flatten().rev();
            receivers.map(|(id, receiver)| row_of_reply(message.number, id, receiver))
        });
        rows.filter(is_before).take(count).collect()
    }
}
