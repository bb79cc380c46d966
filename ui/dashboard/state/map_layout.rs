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

/// Where this node stands.
pub(crate) const CENTRE: Point = Point { x: 0.5, y: 0.5 };

/// How near the edge of the map a tower may stand.
const MARGIN: f64 = 0.03;
/// Towers this far apart fill the map without crowding it; a tower goes no further out of the way than that takes.
const COMFORT: f64 = 0.35;
/// This node's own tower keeps others away further than they each other.
const OUR_COMFORT: f64 = 1.1;
/// What going away from home costs, against what it gains in room.
const HOMESICKNESS: f64 = 0.2;
/// Names lie on their side, so a step up or down makes more room than one to the left or right.
const UPRIGHT: f64 = 1.6;
/// The places around its home that a tower looks at: so many rings, each with so many places.
const RINGS: u32 = 12;
const PLACES: u32 = 14;
const RING: f64 = 0.045;

impl Point {
    fn around(self, angle: f64, radius: f64) -> Self {
        Self { x: self.x + radius * angle.cos(), y: self.y + radius * angle.sin() }
    }

    fn inside(self) -> Self {
        Self { x: self.x.clamp(MARGIN, 1.0 - MARGIN), y: self.y.clamp(MARGIN, 1.0 - MARGIN) }
    }

    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(UPRIGHT * (self.y - other.y))
    }
}

/// Where a tower would stand if it were alone: the same wherever and whenever it is drawn.
fn home(identifier: &PeerId) -> Point {
    Point { x: fraction(identifier, 0), y: fraction(identifier, 4) }.inside()
}

/// Four bytes of the identifier as a number from 0 to 1.
fn fraction(identifier: &PeerId, from: usize) -> f64 {
    let bytes = identifier.as_bytes().iter().skip(from).take(4);
    f64::from(bytes.fold(0, |number, byte| number << 8 | u32::from(*byte))) / f64::from(u32::MAX)
}

/// A place for one more tower: near its home, with as much room around as there is. The others stay where they are.
pub(crate) fn settle(identifier: &PeerId, others: &[Point]) -> Point {
    let home = home(identifier);
    let score = |place: Point| room(place, others) - HOMESICKNESS * place.distance(home);
    let mut best = (home, score(home));
    for place in neighbourhood(home) {
        let score = score(place);
        // Of places that are as good the first is taken, so that the same is always chosen.
        if score > best.1 {
            best = (place, score);
        }
    }
    best.0
}

fn neighbourhood(home: Point) -> impl Iterator<Item = Point> {
    let place = move |ring: u32, number: u32| {
        let turn = f64::from(number) / f64::from(PLACES) + f64::from(ring) * 0.5 / f64::from(PLACES);
        home.around(turn * std::f64::consts::TAU, f64::from(ring) * RING).inside()
    };
    (1..=RINGS).flat_map(move |ring| (0..PLACES).map(move |number| place(ring, number)))
}

/// How far the nearest other is, up to what a name needs.
fn room(place: Point, others: &[Point]) -> f64 {
    let ours = place.distance(CENTRE) / OUR_COMFORT;
    others.iter().map(|other| place.distance(*other)).fold(ours.min(COMFORT), f64::min)
}

/// Returns the radius of the ring for peers of a status, on a crowded map.
pub fn ring(status: Status) -> f64 {
    match status {
        Status::Alive => 0.15,
        Status::New => 0.24,
        Status::Lost => 0.32,
        Status::Dead => 0.4,
        Status::Ignored => 0.48,
    }
}

/// Where a peer stands on the ring of its status.
pub(crate) fn on_ring(identifier: &PeerId, status: Status) -> Point {
    CENTRE.around(fraction(identifier, 0) * std::f64::consts::TAU, ring(status))
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
            places.push(settle(identifier, &places));
        }
        places
    }

    #[test]
    fn a_tower_that_is_alone_stands_at_home() {
        let far_from_us = |identifier: &PeerId| home(identifier).distance(CENTRE) > OUR_COMFORT * COMFORT;
        let alone: Vec<_> = identifiers(1..=20).into_iter().filter(far_from_us).collect();
        assert!(!alone.is_empty());
        assert!(alone.iter().all(|identifier| settle(identifier, &[]) == home(identifier)));
    }

    #[test]
    fn towers_keep_apart() {
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
        fn places_are_on_the_map_and_the_same_every_time(ports in prop::collection::vec(1_u16.., 0..40)) {
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
                let place = on_ring(&identifier, status);
                prop_assert!((0.0..=1.0).contains(&place.x) && (0.0..=1.0).contains(&place.y));
            }
        }
    }
}
