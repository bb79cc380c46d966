//! The state machine from outside: inputs, outputs, and queries.

mod drain;
mod held;
mod limits;
mod listing;
mod model;
mod peers;
mod queue;
mod refusals;
mod restart;
mod shares;
mod spellings;
mod statuses;
mod strangers;

use std::time::Duration;

use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::protocol::{Address, Kind, Message, Payload};

/// The time at this uptime in milliseconds.
fn at(millis: u64) -> Now {
    Now { uptime: Duration::from_millis(millis), unix_ms: 1_700_000_000_000 + millis }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn ourselves() -> Address {
    address("tower:1")
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// A node at `tower:1` with the maximum send rate.
fn core_with(change: impl FnOnce(&mut Options)) -> Core {
    let mut options = Options::new(ourselves());
    options.send_rate = 100_000.0;
    change(&mut options);
    Core::new(options).unwrap()
}

fn core() -> Core {
    core_with(|_| {})
}

fn payload(kind: Kind, sender: &Address, message: Message, friend: Option<&Address>) -> Payload {
    Payload { message, kind, sender: sender.clone(), friend: friend.cloned() }
}

/// Receives a message from `sender`. Returns the status of the response.
fn receive(core: &mut Core, sender: &Address, message: &str, friend: Option<&Address>, now: Now) -> u16 {
    core.record_contact(sender, None, now);
    core.accept_payload(sender, payload(Kind::Message, sender, Message::text(message), friend), None, now)
        .status
}

/// Adds an alive peer that has responded.
fn add_alive(core: &mut Core, name: &str) {
    for _ in 0..2 {
        core.record_contact(&address(name), None, at(0));
    }
    confirm(core, &address(name));
}

/// The peer accepts an announce.
fn confirm(core: &mut Core, peer: &Address) {
    let id = core.announce(peer, &mut rng()).unwrap();
    assert_eq!(core.poll_delivery().map(|delivery| delivery.id), Some(id));
    core.handle_delivery(id, accepted(), at(0));
}

/// Sends everything that is due.
fn send(core: &mut Core, now: Now) -> Vec<Delivery> {
    core.handle_timeout(now, &mut rng());
    std::iter::from_fn(|| core.poll_delivery()).collect()
}

/// Sends the only message that is due.
fn send_one(core: &mut Core, now: Now) -> Delivery {
    let mut deliveries = send(core, now);
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    deliveries.remove(0)
}

fn events(core: &mut Core) -> Vec<Event> {
    std::iter::from_fn(|| core.poll_event()).collect()
}

fn status(core: &Core, address: &Address) -> Option<Status> {
    core.peer(address).map(|peer| peer.status)
}

fn accepted() -> DeliveryResult {
    DeliveryResult::accepted(Duration::from_millis(20))
}

fn failed() -> DeliveryResult {
    DeliveryResult::Failed(Failure::TimedOut)
}
