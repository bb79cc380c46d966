use rand::{Rng, RngExt};

use super::{
    PeerCounts, Status,
    peers::{Drawn, Peers},
};

/// Draws of 100,000 that select a lost peer: 4.999 %, as in the protocol document.
const LOST: u32 = 4_999;
/// Draws of 100,000 that select a dead peer: 0.001 %, as in the protocol document.
const DEAD: u32 = 1;
/// Number of equally likely draws. The other 95 % select an alive peer.
const DRAWS: u32 = 100_000;

/// How the receiver of a message was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerChoice {
    /// The random number, uniform in `0..`[`PeerChoice::DRAWS`].
    pub draw: u32,
    /// Number of candidates by status. Ignored peers are never candidates.
    pub free: PeerCounts,
    /// Whether only verified peers were eligible. After a message to an unverified peer the next one goes to a peer
    /// that responded or that the user added; `free` then counts only those.
    pub verified_only: bool,
    /// Number of machines of the alive candidates. The machine is drawn first, uniformly, then a candidate on it. A
    /// machine is the address at which peers responded: an IPv4 address, or a /64 network of IPv6. A peer that did not
    /// respond, or whose machine is unknown, counts as a machine of its own.
    pub alive_places: u32,
    /// Number of candidates at the machine of the receiver; 1 if the receiver is not alive.
    pub at_place: u32,
}

/// The candidates for the next message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidates {
    pub(super) free: PeerCounts,
    pub(super) verified_only: bool,
    /// Whether the oldest new peer is next.
    pub(super) is_oldest_next: bool,
}

impl Candidates {
    /// All free peers; while messages are owed to verified peers only those, if one is free. The protocol document
    /// sends to new peers as long as there are any. But made-up names arrive faster than they are tried, so their
    /// author could keep all messages from the live peers.
    pub(super) fn of(peers: &Peers, next_is_verified_only: bool) -> Self {
        let proven = if next_is_verified_only { peers.free_verified() } else { PeerCounts::default() };
        let verified_only = proven.total() > 0;
        let free = if verified_only { proven } else { peers.free_counts() };
        Self { free, verified_only, is_oldest_next: false }
    }
}

impl PeerChoice {
    /// Number of equally likely values of [`PeerChoice::draw`].
    pub const DRAWS: u32 = DRAWS;

    /// A choice among these candidates, not only verified ones, with the receiver alone at its machine. Every alive
    /// candidate is at a machine of its own.
    pub fn new(draw: u32, free: PeerCounts) -> Self {
        Self { draw, free, verified_only: false, alive_places: free.alive as u32, at_place: 1 }
    }

    /// The status that the random number selects, whether or not there is a candidate with it.
    pub fn drawn(&self) -> Status {
        preference(self.draw)[0]
    }

    /// The status of the receiver: new if there is a new candidate, otherwise the drawn status, or the one that
    /// replaces it if it has no candidate. `None` if there are no candidates.
    pub fn status(&self) -> Option<Status> {
        status_for_draw(self.draw, |status| self.free.of(status) > 0)
    }

    /// Number of draws of [`PeerChoice::DRAWS`] that select a peer of this status, given the number of candidates by
    /// status.
    pub fn share(status: Status, free: &PeerCounts) -> u32 {
        let pieces = [(0, DEAD), (DEAD, LOST), (DEAD + LOST, DRAWS - DEAD - LOST)];
        let falls_to_it = |draw| status_for_draw(draw, |status| free.of(status) > 0) == Some(status);
        pieces.into_iter().filter(|(draw, _)| falls_to_it(*draw)).map(|(_, draws)| draws).sum()
    }
}

/// Chooses the receiver of the next message: a new peer if there is any, otherwise one of a status drawn with the
/// document's probabilities. Within a status every machine is equally likely, and on it every peer.
pub(super) fn choose(
    candidates: Candidates,
    peers: &Peers,
    rng: &mut impl Rng,
) -> Option<(usize, PeerChoice)> {
    let Candidates { free, verified_only, is_oldest_next } = candidates;
    let draw = rng.random_range(0..DRAWS);
    let alive_places = peers.alive_places(verified_only) as u32;
    let choice = PeerChoice { draw, free, verified_only, alive_places, at_place: 1 };
    let status = choice.status()?;
    if is_oldest_next && status == Status::New {
        return peers.oldest_free_new().map(|number| (number, choice));
    }
    let drawn = peers.draw(status, verified_only, |count| rng.random_range(0..count));
    drawn.map(|Drawn { number, at_place }| (number, PeerChoice { at_place: at_place as u32, ..choice }))
}

/// The status that a draw selects, given the statuses that have candidates.
fn status_for_draw(draw: u32, has_somebody: impl Fn(Status) -> bool) -> Option<Status> {
    std::iter::once(Status::New).chain(preference(draw)).find(|status| has_somebody(*status))
}

/// The drawn status and its replacements in order, as in the package: alive, lost, dead; lost, alive, dead; or dead,
/// lost, alive.
fn preference(draw: u32) -> [Status; 3] {
    if draw < DEAD {
        [Status::Dead, Status::Lost, Status::Alive]
    } else if draw < DEAD + LOST {
        [Status::Lost, Status::Alive, Status::Dead]
    } else {
        [Status::Alive, Status::Lost, Status::Dead]
    }
}

/// Chooses the friend to name in a payload: a random peer other than the receiver. It must have responded when it was
/// last tried, so that unverified addresses are not spread. The machine is drawn first, as for messages.
pub(super) fn choose_friend(peers: &Peers, receiver: Option<usize>, rng: &mut impl Rng) -> Option<usize> {
    peers.draw_friend(receiver, |count| rng.random_range(0..count))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{
        core::{Now, peers::Accepted},
        protocol::Address,
    };

    const NOW: Now = Now { uptime: Duration::ZERO, unix_ms: 0 };

    /// `count` addresses for each of the statuses, such as `alive:3`.
    fn peers(counts: &[(Status, u16)]) -> Peers {
        let mut peers = Peers::new(1, usize::MAX);
        for (status, count) in counts {
            for number in 1..=*count {
                let number = peers.insert(&peer(*status, number), *status, NOW);
                if *status == Status::Alive {
                    peers.record_response(number, &Accepted::at_once(), NOW);
                }
            }
        }
        peers
    }

    fn peer(status: Status, number: u16) -> Address {
        Address::new(status.name(), number).unwrap()
    }

    fn number(peers: &Peers, status: Status, number: u16) -> usize {
        peers.find(&peer(status, number)).unwrap()
    }

    /// The receiver of one message.
    fn chosen(peers: &Peers, rng: &mut StdRng) -> Option<Address> {
        let (number, _) = choose(Candidates::of(peers, false), peers, rng)?;
        Some(peers.address(number).clone())
    }

    /// The friend named in one payload to this peer.
    fn friend_beside(peers: &Peers, receiver: &Address, rng: &mut StdRng) -> Option<Address> {
        let number = choose_friend(peers, peers.find(receiver), rng)?;
        Some(peers.address(number).clone())
    }

    fn count(draws: u32, mut draw: impl FnMut(&mut StdRng) -> Option<Address>) -> BTreeMap<Address, u32> {
        let mut rng = StdRng::seed_from_u64(7);
        let mut counts = BTreeMap::new();
        for _ in 0..draws {
            *counts.entry(draw(&mut rng).unwrap()).or_default() += 1;
        }
        counts
    }

    /// Asserts that exactly these addresses were drawn, and evenly: the chi-squared statistic stays within six standard
    /// deviations. About one seed in ten thousand exceeds them.
    fn assert_uniform(counts: &BTreeMap<Address, u32>, expected: impl IntoIterator<Item = Address>) {
        let expected: Vec<Address> = expected.into_iter().collect();
        assert!(expected.iter().eq(counts.keys()), "{counts:?}");
        let mean = f64::from(counts.values().sum::<u32>()) / counts.len() as f64;
        let statistic: f64 = counts.values().map(|count| (f64::from(*count) - mean).powi(2) / mean).sum();
        let freedom = counts.len() as f64 - 1.0;
        assert!(statistic < freedom + 6.0 * (2.0 * freedom).sqrt(), "{statistic} of {freedom}: {counts:?}");
    }

    /// Number of draws that select alive, lost and dead peers, if only the given statuses have peers.
    fn shares(inhabited: &[Status]) -> [usize; 3] {
        [Status::Alive, Status::Lost, Status::Dead].map(|status| {
            let falls_to_it =
                |draw: &u32| status_for_draw(*draw, |status| inhabited.contains(&status)) == Some(status);
            (0..DRAWS).filter(falls_to_it).count()
        })
    }

    fn one_each(inhabited: &[Status]) -> PeerCounts {
        let count = |status| usize::from(inhabited.contains(&status));
        PeerCounts {
            alive: count(Status::Alive),
            lost: count(Status::Lost),
            dead: count(Status::Dead),
            ..PeerCounts::default()
        }
    }

    #[test]
    fn the_shares_of_all_draws_match_the_protocol_document() {
        use Status::{Alive, Dead, Lost};
        for (inhabited, expected) in [
            (&[Alive, Lost, Dead] as &[_], [95_000, 4_999, 1]),
            (&[Alive, Lost], [95_000, 5_000, 0]),
            (&[Alive, Dead], [99_999, 0, 1]),
            (&[Lost, Dead], [0, 99_999, 1]),
            (&[Alive], [100_000, 0, 0]),
            (&[Lost], [0, 100_000, 0]),
            (&[Dead], [0, 0, 100_000]),
            (&[], [0, 0, 0]),
        ] {
            assert_eq!(shares(inhabited), expected, "{inhabited:?}");
            assert_eq!(
                [Alive, Lost, Dead].map(|status| PeerChoice::share(status, &one_each(inhabited)) as usize),
                expected
            );
        }
    }

    #[test]
    fn new_peers_are_chosen_first_and_ignored_ones_never() {
        let free = PeerCounts { new: 1, alive: 7, ..PeerCounts::default() };
        assert_eq!(Status::ALL.map(|status| PeerChoice::share(status, &free)), [DRAWS, 0, 0, 0, 0]);
        let choice = PeerChoice { draw: 3, free, verified_only: false, alive_places: 7, at_place: 1 };
        assert_eq!((choice.drawn(), choice.status()), (Status::Lost, Some(Status::New)));
        let all = Status::ALL;
        assert!(
            (0..DRAWS).all(|draw| status_for_draw(draw, |status| all.contains(&status)) == Some(Status::New))
        );
        assert!((0..DRAWS).all(|draw| status_for_draw(draw, |status| status == Status::Ignored).is_none()));
    }

    #[test]
    fn statuses_are_drawn_with_the_documented_probabilities() {
        let peers = peers(&[(Status::Alive, 1), (Status::Lost, 1), (Status::Dead, 1), (Status::Ignored, 1)]);
        let counts = count(1_000_000, |rng| chosen(&peers, rng));
        let of = |status| f64::from(*counts.get(&peer(status, 1)).unwrap_or(&0));
        // Within six standard deviations of 4.999 % and 0.001 % of a million.
        assert!((of(Status::Lost) - 49_990.0).abs() < 6.0 * 218.0, "{counts:?}");
        assert!((of(Status::Dead) - 10.0).abs() < 6.0 * 3.2, "{counts:?}");
        assert!((of(Status::Alive) - 950_000.0).abs() < 6.0 * 218.0, "{counts:?}");
    }

    #[test]
    fn peers_of_a_status_are_drawn_uniformly() {
        for status in [Status::New, Status::Alive, Status::Lost, Status::Dead] {
            // The other peers must not be drawn: new peers come before alive ones, and ignored ones are never drawn.
            let others = if status == Status::New { Status::Alive } else { Status::Ignored };
            let peers = peers(&[(status, 17), (others, 5)]);
            let counts = count(50_000, |rng| chosen(&peers, rng));
            assert_uniform(&counts, (1..=17).map(|number| peer(status, number)));
        }
    }

    #[test]
    fn busy_peers_are_not_drawn_and_the_others_stay_uniform() {
        let mut peers = peers(&[(Status::Alive, 12)]);
        let busy = [1, 2, 7, 12];
        for number in busy {
            peers.begin_delivery(self::number(&peers, Status::Alive, number));
        }
        let free = (1..=12).filter(|number| !busy.contains(number));
        let counts = count(50_000, |rng| chosen(&peers, rng));
        assert_uniform(&counts, free.map(|number| peer(Status::Alive, number)));
        for number in busy {
            peers.end_delivery(&peer(Status::Alive, number));
        }
        let counts = count(50_000, |rng| chosen(&peers, rng));
        assert_uniform(&counts, (1..=12).map(|number| peer(Status::Alive, number)));
    }

    #[test]
    fn a_status_with_busy_peers_only_is_replaced() {
        let mut peers = peers(&[(Status::New, 1), (Status::Alive, 1), (Status::Lost, 1), (Status::Dead, 1)]);
        let mut rng = StdRng::seed_from_u64(7);
        let mut chosen = Vec::new();
        while let Some((number, choice)) = choose(Candidates::of(&peers, false), &peers, &mut rng) {
            assert_eq!(choice.status(), Some(peers.record(number).status()));
            assert!(peers.is_any_free());
            chosen.push(peers.address(number).clone());
            peers.begin_delivery(number);
        }
        assert!(!peers.is_any_free());
        assert_eq!(chosen.first(), Some(&peer(Status::New, 1)));
        chosen.sort();
        assert_eq!(
            chosen,
            [Status::Alive, Status::Dead, Status::Lost, Status::New].map(|status| peer(status, 1))
        );
    }

    #[test]
    fn the_friend_is_a_random_alive_peer_other_than_the_receiver() {
        let mut peers =
            peers(&[(Status::Alive, 10), (Status::New, 3), (Status::Lost, 3), (Status::Ignored, 3)]);
        // A busy peer can be the friend.
        peers.begin_delivery(number(&peers, Status::Alive, 4));
        for receiver in [1, 4, 10] {
            let counts = count(50_000, |rng| friend_beside(&peers, &peer(Status::Alive, receiver), rng));
            let others = (1..=10).filter(|number| *number != receiver);
            assert_uniform(&counts, others.map(|number| peer(Status::Alive, number)));
        }
        let counts = count(50_000, |rng| friend_beside(&peers, &peer(Status::New, 1), rng));
        assert_uniform(&counts, (1..=10).map(|number| peer(Status::Alive, number)));
    }

    #[test]
    fn without_another_alive_peer_there_is_no_friend() {
        let mut rng = StdRng::seed_from_u64(7);
        let peers = peers(&[(Status::Alive, 1), (Status::New, 2), (Status::Lost, 2)]);
        assert_eq!(friend_beside(&peers, &peer(Status::Alive, 1), &mut rng), None);
        assert_eq!(friend_beside(&peers, &peer(Status::New, 1), &mut rng), Some(peer(Status::Alive, 1)));
    }

    #[test]
    fn the_choice_reports_the_number_of_candidates_at_the_machine() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut at_place = |peers: &Peers, is_oldest_next| {
            let candidates = Candidates { is_oldest_next, ..Candidates::of(peers, false) };
            choose(candidates, peers, &mut rng).map(|(_, choice)| choice.at_place)
        };
        for is_oldest_next in [false, true] {
            assert_eq!(at_place(&peers(&[(Status::New, 3)]), is_oldest_next), Some(1));
            assert_eq!(at_place(&peers(&[(Status::Lost, 3)]), is_oldest_next), Some(1));
            let mut peers = peers(&[(Status::Alive, 3)]);
            assert_eq!(at_place(&peers, is_oldest_next), Some(1), "each is a machine of its own");
            for number in 0..3 {
                let remote = Some([192, 0, 2, 1].into());
                peers.record_response(number, &Accepted { remote, ..Accepted::at_once() }, NOW);
            }
            assert_eq!(at_place(&peers, is_oldest_next), Some(3));
        }
    }
}
