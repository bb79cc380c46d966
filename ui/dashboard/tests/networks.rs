//! Several networks in one dashboard: clacks and the toy network.

use std::{sync::Arc, time::Duration};

use clacks_toy::Toy;
use crossterm::event::KeyCode;

use super::fixture::Fixture;

/// Returns a dashboard with both networks, and the node of the toy.
pub(crate) fn with_toy(width: u16, height: u16) -> (Fixture, Arc<Toy>) {
    let mut fixture = Fixture::busy(width, height);
    let toy = Toy::start(1);
    toy.pass(Duration::from_secs(100));
    toy.with_core(|core, now| {
        for name in ["ankh", "morpork", "quirm"] {
            core.find(name, now);
        }
        let now = now + Duration::from_secs(20);
        core.post("a card from here".into(), now);
        core.receive("a card from \u{1b}[31m afar".into(), "ankh", now);
    });
    toy.pass(Duration::from_secs(40));
    fixture.add_network(toy.clone());
    fixture.catch_up();
    (fixture, toy)
}

#[test]
fn the_header_counts_each_network_and_a_key_shows_the_next() {
    let (mut fixture, _toy) = with_toy(120, 40);
    let header = |fixture: &Fixture| fixture.screen().lines().next().unwrap().to_owned();
    assert!(header(&fixture).starts_with(" clacks 7 peers  toy 3 boxes  tower-a"), "{}", header(&fixture));
    fixture.press(KeyCode::Char('N'));
    assert_eq!(fixture.model.networks.active().description.network.as_str(), "toy");
    fixture.press(KeyCode::Char('N'));
    assert_eq!(fixture.model.networks.active().description.network.as_str(), "clacks");
}
