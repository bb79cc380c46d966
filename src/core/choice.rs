use rand::{Rng, RngExt};

use crate::protocol::Address;

use super::{Status, peers::Peers};

/// Of 100,000 draws so many fall to the lost peers: the document's 4.999 %.
const LOST: u32 = 4_999;
/// Of 100,000 draws so many fall to the dead peers: the document's 0.001 %.
const DEAD: u32 = 1;
/// Draws in all; the rest, 95 %, fall to the alive peers.
const DRAWS: u32 = 100_000;

/// Whether there is anybody to send to now.
pub(super) fn is_anybody_free(peers: &Peers) -> bool {
    [Status::New, Status::Alive, Status::Lost, Status::Dead].into_iter().any(|status| peers.free(status) > 0)
}

/// The peer that the next message goes to: a new one if there is any, otherwise one of a status drawn by the
/// document's numbers; inside a status each is as likely as the others.
pub(super) fn choose(peers: &Peers, rng: &mut impl Rng) -> Option<Address> {
    let draw = rng.random_range(0..DRAWS);
    let status = status_for_draw(draw, |status| peers.free(status) > 0)?;
    let number = rng.random_range(0..peers.free(status));
    peers.nth_free(status, number).cloned()
}

/// The status that a draw falls to, one of `0..DRAWS`, given which have somebody in them.
///
/// Where nobody has the status drawn, the turn goes to another as in the package: that of the alive to the lost, then
/// to the dead; that of the lost to the alive, then to the dead; that of the dead to the lost, then to the alive.
fn status_for_draw(draw: u32, has_somebody: impl Fn(Status) -> bool) -> Option<Status> {
    let drawn = if draw < DEAD {
        [Status::Dead, Status::Lost, Status::Alive]
    } else if draw < DEAD + LOST {
        [Status::Lost, Status::Alive, Status::Dead]
    } else {
        [Status::Alive, Status::Lost, Status::Dead]
    };
    std::iter::once(Status::New).chain(drawn).find(|status| has_somebody(*status))
}

/// A random alive peer other than the receiver, to be named as a friend.
pub(super) fn choose_friend(peers: &Peers, receiver: &Address, rng: &mut impl Rng) -> Option<Address> {
    let alive = peers.counts().alive;
    let receiver = peers.index_of(Status::Alive, receiver);
    let candidates = alive - usize::from(receiver.is_some());
    if candidates == 0 {
        return None;
    }
    // The numbers of the others, with the receiver's left out.
    let number = rng.random_range(0..candidates);
    let number = number + usize::from(receiver.is_some_and(|receiver| number >= receiver));
    peers.nth(Status::Alive, number).cloned()
}
