//! Positions of peers on the map. A peer keeps its position; later peers avoid it.

use clacks_p2p::{PeerId, core::Status};

/// Position on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// 0 is the left edge, 1 the right edge.
    pub x: f64,
    /// 0 is the top edge, 1 the bottom edge.
    pub y: f64,
}

/// Position of this node.
pub(crate) const CENTRE: Point = Point { x: 0.5, y: 0.5 };

/// Minimum distance of a peer from the edge of the map.
const MARGIN: f64 = 0.03;
/// Distance between peers that is enough. A peer does not move further from its home position to gain more.
const DESIRED_DISTANCE: f64 = 0.35;
/// The distance to this node must be larger than the distance between peers by this factor.
const CENTRE_FACTOR: f64 = 1.1;
/// Cost of the distance from the home position, relative to the gain of clearance.
const DISPLACEMENT_COST: f64 = 0.2;
/// Weight of vertical distances. Labels are horizontal, so a vertical step separates them more.
const VERTICAL_WEIGHT: f64 = 1.6;
/// Candidate positions around the home position: the number of rings, the candidates per ring, and the distance of
/// the rings.
const CANDIDATE_RINGS: u32 = 12;
const CANDIDATES_PER_RING: u32 = 14;
const RING_DISTANCE: f64 = 0.045;

impl Point {
    fn polar_offset(self, angle: f64, radius: f64) -> Self {
        Self { x: self.x + radius * angle.cos(), y: self.y + radius * angle.sin() }
    }

    fn clamped(self) -> Self {
        Self { x: self.x.clamp(MARGIN, 1.0 - MARGIN), y: self.y.clamp(MARGIN, 1.0 - MARGIN) }
    }

    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(VERTICAL_WEIGHT * (self.y - other.y))
    }
}

/// Returns the home position of a peer. It depends only on the identifier.
fn home_position(identifier: &PeerId) -> Point {
    Point { x: hash_fraction(identifier, 0), y: hash_fraction(identifier, 4) }.clamped()
}

/// Converts four bytes of the identifier to a number from 0 to 1.
fn hash_fraction(identifier: &PeerId, from: usize) -> f64 {
    let bytes = identifier.as_bytes().iter().skip(from).take(4);
    f64::from(bytes.fold(0, |number, byte| number << 8 | u32::from(*byte))) / f64::from(u32::MAX)
}

/// Chooses the position of a new peer: near its home position, with as much clearance as possible. Other peers do not
/// move.
pub(crate) fn choose_position(identifier: &PeerId, others: &[Point]) -> Point {
    let home = home_position(identifier);
    let score = |place: Point| clearance(place, others) - DISPLACEMENT_COST * place.distance(home);
    let mut best = (home, score(home));
    for place in candidate_positions(home) {
        let score = score(place);
        // On equal scores the first candidate wins, so that the result is deterministic.
        if score > best.1 {
            best = (place, score);
        }
    }
    best.0
}

fn candidate_positions(home: Point) -> impl Iterator<Item = Point> {
    let place = move |ring: u32, number: u32| {
        let turn = f64::from(number) / f64::from(CANDIDATES_PER_RING)
            + f64::from(ring) * 0.5 / f64::from(CANDIDATES_PER_RING);
        home.polar_offset(turn * std::f64::consts::TAU, f64::from(ring) * RING_DISTANCE).clamped()
    };
    (1..=CANDIDATE_RINGS)
        .flat_map(move |ring| (0..CANDIDATES_PER_RING).map(move |number| place(ring, number)))
}

/// Returns the distance to the nearest other peer, at most the desired distance.
fn clearance(place: Point, others: &[Point]) -> f64 {
    let ours = place.distance(CENTRE) / CENTRE_FACTOR;
    others.iter().map(|other| place.distance(*other)).fold(ours.min(DESIRED_DISTANCE), f64::min)
}

/// Returns the radius of the ring for peers of a status, on a crowded map.
pub fn ring_radius(status: Status) -> f64 {
    match status {
        Status::Alive => 0.15,
        Status::New => 0.24,
        Status::Lost => 0.32,
        Status::Dead => 0.4,
        Status::Ignored => 0.48,
    }
}

/// Returns the position of a peer on the ring of its status.
pub(crate) fn ring_position(identifier: &PeerId, status: Status) -> Point {
    CENTRE.polar_offset(hash_fraction(identifier, 0) * std::f64::consts::TAU, ring_radius(status))
}

#[cfg(test)]
mod tests {
    use clacks_p2p::Address;
    use proptest::prelude::*;

    use super::*;

    fn identifiers(ports: impl IntoIterator<Item = u16>) -> Vec<PeerId> {
        ports.into_iter().map(|port| Address::new("tower", port).unwrap().identifier()).collect()
    }

    fn placed(identifiers: &[PeerId]) -> Vec<Point> {
        let mut places = Vec::new();
        for identifier in identifiers {
            places.push(choose_position(identifier, &places));
        }
        places
    }

    #[test]
    fn a_single_peer_is_at_its_home_position() {
        let far_from_us = |identifier: &PeerId| {
            home_position(identifier).distance(CENTRE) > CENTRE_FACTOR * DESIRED_DISTANCE
        };
        let alone: Vec<_> = identifiers(1..=20).into_iter().filter(far_from_us).collect();
        assert!(!alone.is_empty());
        assert!(alone.iter().all(|identifier| choose_position(identifier, &[]) == home_position(identifier)));
    }

    #[test]
    fn peers_keep_a_distance() {
        for count in [12, 24, 64] {
            let places = placed(&identifiers(1..=count));
            let nearest = |index: usize| {
                let others = places[..index].iter().chain(&places[index + 1..]);
                others.map(|other| places[index].distance(*other)).fold(f64::MAX, f64::min)
            };
            let closest = (0..places.len()).map(nearest).fold(f64::MAX, f64::min);
            let wanted = if count == 64 { 0.05 } else { 0.15 };
            assert!(closest > wanted, "{closest} of {count}");
            assert!(places.iter().all(|place| place.distance(CENTRE) > wanted), "{count}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn positions_are_on_the_map_and_deterministic(ports in prop::collection::vec(1_u16.., 0..40)) {
            let identifiers = identifiers(ports);
            let places = placed(&identifiers);
            for place in &places {
                prop_assert!((MARGIN..=1.0 - MARGIN).contains(&place.x) && (MARGIN..=1.0 - MARGIN).contains(&place.y));
            }
            prop_assert_eq!(&places, &placed(&identifiers));
        }

        #[test]
        fn rings_are_on_the_map(port in 1_u16..) {
            let identifier = identifiers([port])[0];
            for status in Status::ALL {
                let place = ring_position(&identifier, status);
                prop_assert!((0.0..=1.0).contains(&place.x) && (0.0..=1.0).contains(&place.y));
            }
        }
    }
}
