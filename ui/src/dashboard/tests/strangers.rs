//! What only strangers say: statuses that nobody has confirmed.

use clacks_p2p::Message;
use clacks_p2p::core::{Event, Failure, Peer, Scope, Status};
use crossterm::event::KeyCode;

use super::{
    super::update::Msg,
    fixture::{Fixture, peer},
};

/// A dashboard with one more peer, which is alive by its word alone.
fn with_claim(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    let claims = Peer { answers: false, ..peer(Status::Alive, "boaster:8080", 3, None) };
    fixture.peers.insert(1, claims);
    fixture.refresh();
    fixture
}

#[test]
fn a_status_that_only_a_claim_supports_is_told_from_one_that_was_confirmed() {
    for (width, height) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        let mut fixture = with_claim(width, height);
        fixture.press(KeyCode::Char('z'));
        let screen = fixture.screen();
        let rows: Vec<_> = screen.lines().filter(|row| row.contains(" A alive")).collect();
        let claims: Vec<_> = rows.iter().filter(|row| row.contains(" A alive? ")).collect();
        assert!(claims.len() == 1 && claims[0].contains("boaster:8080"), "{screen}");
        let beginning = |text: &str| rows.iter().find_map(|row| row.find(text));
        assert_eq!(beginning("boaster"), beginning("tower-3"), "{screen}");
    }
}

#[test]
fn the_details_of_a_peer_say_what_speaks_for_it() {
    let mut fixture = with_claim(80, 24);
    fixture.press(KeyCode::Down);
    fixture.press(KeyCode::Enter);
    let screen = fixture.screen();
    assert!(screen.contains("A alive? for 3 s"), "{screen}");
    assert!(screen.contains("says so itself; it has not answered us yet at that address"), "{screen}");
    fixture.peers[1].answers = true;
    fixture.refresh();
    let screen = fixture.screen();
    assert!(screen.contains("A alive for 3 s") && screen.contains("answered us at that address"), "{screen}");
}

#[test]
fn on_the_map_a_claim_has_a_question_mark() {
    let mut fixture = with_claim(80, 24);
    fixture.press(KeyCode::Char('M'));
    assert!(fixture.screen().contains("\u{28ff}?"), "{}", fixture.screen());
    fixture.peers[1].answers = true;
    fixture.refresh();
    assert!(!fixture.screen().contains("\u{28ff}?"), "{}", fixture.screen());
}

#[test]
fn an_address_that_is_not_contacted_stands_in_the_traffic_as_refused_with_the_reason() {
    let mut fixture = Fixture::busy(80, 24);
    let failed = Event::DeliveryFailed {
        id: "9".parse().unwrap(),
        peer: peer(Status::New, "metadata.example.org:80", 1, None),
        message: Message::text("GNU Terry Pratchett"),
        failure: Failure::NotContacted(Scope::LinkLocal),
    };
    fixture.send(Msg::Node(failed));
    fixture.write("/type:refused type:failed");
    [KeyCode::Enter, KeyCode::Up, KeyCode::Enter].into_iter().for_each(|key| drop(fixture.press(key)));
    let screen = fixture.screen();
    assert!(screen.contains("not contacted: it is a link-local address, and only"), "{screen}");
    assert!(screen.contains("outcome       refused"), "{screen}");
}
