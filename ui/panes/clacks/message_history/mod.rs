//! Histories of messages: arrivals, departures, senders, receivers, and a ranking of messages that return.

pub mod life;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::Arc,
};

use clacks_p2p::{
    Address, Kind, Message,
    core::{Event, HeldBy, Now, Origin, Peer},
};
use clacks_text::kept_messages::{KeptMessages, Sender, beginning};
use life::{End, MessageHistory, Pass};

/// Maximum number of histories, separately for messages seen once and for messages that returned.
const MAX_MESSAGES: usize = 2048;
/// Maximum bytes of whole messages, separately for both groups. Of other messages the beginning is kept. Messages share
/// their memory with the queue and the log.
const MAX_BYTES: usize = 8 << 20;
/// Maximum characters of the name of a plugin in a history.
const MAX_NAME: usize = 40;

/// The histories of all recently seen messages: at most 2,048 seen once and 2,048 that returned.
///
/// A message is identified by 64 bits of a seeded hash, so its history outlasts its text. Remote nodes know neither the
/// seed nor any hash.
#[derive(Debug, Clone, Default)]
pub struct MessageHistories {
    hasher: RandomState,
    known: HashMap<Digest, Box<MessageHistory>>,
    /// The digests of messages of which only the beginning is kept, by the digest of that beginning.
    beginnings: HashMap<Digest, Digest>,
    seen_once: Shelf,
    returned: Shelf,
    /// The messages that returned, sorted by visits and then by their last pass, highest first.
    ranked: BTreeSet<Rank>,
    next_pass: u64,
    /// Number of messages that returned and were removed to make room for newer ones.
    forgotten: u64,
    /// The latest messages that a plugin put in place of another, as far as they have not arrived, and the name of the
    /// plugin.
    rewritten: Option<(Vec<Message>, Arc<str>)>,
}

type Digest = u64;

/// Visits, and the number of the last pass.
type Rank = (Reverse<u32>, Reverse<u64>);

/// Messages by the number of their last pass, so that the one not seen for longest is the first to be forgotten.
#[derive(Debug, Clone, Default)]
struct Shelf {
    by_pass: BTreeMap<u64, Digest>,
    kept: KeptMessages,
}

impl MessageHistories {
    /// Records an event. Ignores events that are not about a message.
    pub fn note(&mut self, event: &Event, now: Now) {
        match event {
            Event::MessageReceived { peer, message, id: Some(_), visits, remote, .. } => {
                self.came(message, sender_of(peer, *remote), *visits, now);
                let changed_by = self.take_rewritten(message);
                self.latest_pass(message, |pass| pass.changed_by = changed_by);
            }
            Event::MessageHeld { held, origin: Some(Origin::Received(_)) } => {
                if let HeldBy::Plugin(by) = &held.by {
                    self.latest_pass(&held.queued.message, |pass| pass.held_by = Some(short(&by.plugin)));
                }
            }
            Event::MessageRewritten { plugin, peer, before, after, remote } if !before.is_falsy() => {
                self.came(before, sender_of(peer, *remote), 1, now);
                let plugin = short(plugin);
                self.latest_pass(before, |pass| pass.end = End::Rewritten(Arc::clone(&plugin)));
                self.rewritten = Some((after.to_vec(), plugin));
            }
            Event::PayloadDiscarded {
                plugin, status, peer, kind: Kind::Message, message, remote, ..
            } if !message.is_falsy() => {
                self.came(message, sender_of(peer, *remote), 1, now);
                let (by, status) = (short(plugin), *status);
                self.latest_pass(message, |pass| pass.end = End::Discarded { by, status });
            }
            Event::MessageQueued { message, origin: Origin::Local, visits, .. } => {
                self.came(message, (Sender::Own, None), *visits, now);
            }
            Event::MessageHeld { held, origin: Some(Origin::Local) } => {
                self.came(&held.queued.message, (Sender::Own, None), held.queued.visits, now);
            }
            Event::MessageChanged { before, queued, .. } => {
                self.ended(before, End::Changed(now));
                self.came(&queued.message, (Sender::Own, None), queued.visits, now);
            }
            // They do not arrive.
            Event::Refused(_) => self.rewritten = None,
            Event::MessageRestored { queued, .. } => self.taken_back(&queued.message),
            Event::MessageDelivered { peer, message, .. } => {
                self.ended(message, End::Went(now, peer.address.clone()));
            }
            Event::MessageDropped { message, .. } => self.ended(message, End::Dropped(now)),
            Event::DeliveryFailed { message, .. } => {
                if let Some(pass) = self.life_mut(message).and_then(MessageHistory::open_pass) {
                    pass.failed += 1;
                }
            }
            _ => {}
        }
    }

    /// The history of a message. Also accepts the kept beginning of a cut message.
    pub fn of(&self, message: &Message) -> Option<&MessageHistory> {
        self.of_json(message.as_json())
    }

    /// The history of a message that is JSON. Also accepts the kept beginning of a cut message.
    pub fn of_json(&self, json: &str) -> Option<&MessageHistory> {
        self.known.get(&self.digest(json)).map(Box::as_ref)
    }

    /// The plugin that put this message in place of another, if it has not arrived since.
    fn take_rewritten(&mut self, message: &Message) -> Option<Arc<str>> {
        let (after, plugin) = self.rewritten.as_mut()?;
        after.swap_remove(after.iter().position(|other| other == message)?);
        Some(Arc::clone(plugin))
    }

    /// Changes the pass that has just begun.
    fn latest_pass(&mut self, message: &Message, change: impl FnOnce(&mut Pass)) {
        self.life_mut(message).and_then(|life| life.passes.back_mut()).map(change);
    }

    fn life_mut(&mut self, message: &Message) -> Option<&mut MessageHistory> {
        self.known.get_mut(&self.digest(message.as_json())).map(Box::as_mut)
    }

    fn digest(&self, json: &str) -> Digest {
        let digest = self.hasher.hash_one(json);
        if self.beginnings.is_empty() {
            return digest;
        }
        self.beginnings.get(&digest).copied().unwrap_or(digest)
    }

    /// Number of messages that returned.
    pub fn returned(&self) -> usize {
        self.ranked.len()
    }

    /// Number of messages that returned and were removed to make room for newer ones.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The messages that returned, most visits first.
    pub fn ranking(&self) -> impl Iterator<Item = &MessageHistory> {
        let digests = self.ranked.iter().filter_map(|(_, Reverse(pass))| self.returned.by_pass.get(pass));
        digests.filter_map(|digest| self.known.get(digest).map(Box::as_ref))
    }

    /// The position of a message in the ranking, from 0. `None` if it did not return.
    pub fn place(&self, message: &Message) -> Option<usize> {
        let rank = self.of(message)?.rank();
        self.ranked.contains(&rank).then(|| self.ranked.range(..rank).count())
    }

    /// A message came, from a peer unless it was written here.
    fn came(&mut self, message: &Message, (sender, from): (Sender, Option<&Address>), visits: u32, now: Now) {
        let number = self.next_pass;
        self.next_pass += 1;
        let digest = self.hasher.hash_one(message.as_json());
        let former = self.known.remove(&digest);
        if let Some(former) = &former {
            self.take_out(former);
        }
        let mut life = former.unwrap_or_else(|| Box::new(MessageHistory::new(message.clone(), sender, now)));
        // It is here as a whole.
        life.message = message.clone();
        life.came(from, visits, now);
        life.number = number;
        self.put_away(digest, life);
    }

    fn put_away(&mut self, digest: Digest, life: Box<MessageHistory>) {
        let has_returned = life.has_returned();
        if has_returned {
            self.ranked.insert(life.rank());
        }
        let kept = if has_returned { &mut self.returned } else { &mut self.seen_once };
        let (forgotten, cut) = kept.put(digest, &life);
        self.known.insert(digest, life);
        if let Some(forgotten) = forgotten.and_then(|digest| self.known.remove(&digest)) {
            self.take_out(&forgotten);
            self.forgotten += u64::from(has_returned);
        }
        cut.into_iter().for_each(|digest| self.cut(digest));
    }

    /// Keeps only the beginning of a message.
    fn cut(&mut self, digest: Digest) {
        let Some(life) = self.known.get_mut(&digest) else { return };
        let whole = life.message.as_text().unwrap_or_else(|| life.message.as_json().to_owned());
        life.message = Message::text(&beginning(&whole, digest));
        self.beginnings.insert(self.hasher.hash_one(life.message.as_json()), digest);
    }

    fn take_out(&mut self, life: &MessageHistory) {
        self.ranked.remove(&life.rank());
        if !self.beginnings.is_empty() {
            self.beginnings.remove(&self.hasher.hash_one(life.message.as_json()));
        }
        let kept = if life.has_returned() { &mut self.returned } else { &mut self.seen_once };
        kept.take(life);
    }

    /// The stay that a drop had ended goes on.
    fn taken_back(&mut self, message: &Message) {
        let Some(life) = self.life_mut(message) else { return };
        let dropped = life.passes.iter_mut().rev().find(|pass| matches!(pass.end, End::Dropped(_)));
        dropped.into_iter().for_each(|pass| pass.end = End::StillHere);
    }

    fn ended(&mut self, message: &Message, end: End) {
        let Some(life) = self.life_mut(message) else { return };
        if let End::Went(_, to) = &end {
            life.went_to.count(to);
        }
        if let Some(pass) = life.open_pass() {
            pass.end = end;
        }
    }
}

fn sender_of(peer: &Peer, remote: Option<IpAddr>) -> (Sender, Option<&Address>) {
    (Sender::of(remote, || peer.address.to_string().into()), Some(&peer.address))
}

/// The name of a plugin, or its beginning, because many are kept.
fn short(name: &Arc<str>) -> Arc<str> {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => name[..end].into(),
        None => Arc::clone(name),
    }
}

impl Shelf {
    /// Puts a life at the end. Returns the one that has no room any more, and those of which only the beginning of the
    /// message has.
    fn put(&mut self, digest: Digest, life: &MessageHistory) -> (Option<Digest>, Vec<Digest>) {
        self.by_pass.insert(life.number, digest);
        self.kept.add(life.number, life.message.size(), || life.sender.clone());
        let oldest = if self.by_pass.len() > MAX_MESSAGES { self.by_pass.first_key_value() } else { None };
        let oldest = oldest.map(|(_, digest)| *digest);
        let cut = std::iter::from_fn(|| self.kept.pop_over(MAX_BYTES));
        let cut = cut.collect::<Vec<_>>();
        (oldest, cut.iter().filter_map(|number| self.by_pass.get(number).copied()).collect())
    }

    fn take(&mut self, life: &MessageHistory) {
        self.by_pass.remove(&life.number);
        self.kept.remove(&life.sender, life.number);
    }
}
