//! Unverified statuses and refused addresses.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use clacks_feed::Row;
use clacks_p2p::{
    Message,
    core::{Event, Failure, Limit, PlaceRank, PlaceShare, Scope, Status},
};
use clacks_p2p_feed::origins::origin_row;
use crossterm::event::KeyCode;

use super::calls::{runs, typed, undo, undoable};
use super::fixture::{Fixture, peer};
use crate::state::{
    message::{Effect, Msg},
    overlay::OpenOverlay as Kind,
};

/// Returns a dashboard with an unverified peer in addition.
fn with_claim(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    let mut claims = peer(Status::Alive, "boaster:8080", 3, None);
    claims.last_attempt_ok = false;
    fixture.peers.insert(1, claims);
    fixture.refresh();
    fixture
}

#[test]
fn an_unverified_status_differs_from_a_verified_one() {
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
fn the_page_of_a_peer_says_how_it_was_verified() {
    let mut fixture = with_claim(80, 24);
    fixture.press(KeyCode::Down);
    fixture.press(KeyCode::Enter);
    let screen = fixture.screen();
    assert!(screen.contains("A alive? for 3 s"), "{screen}");
    assert!(screen.contains("says so itself; it has not answered us yet at that address"), "{screen}");
    fixture.peers[1].last_attempt_ok = true;
    fixture.refresh();
    let screen = fixture.screen();
    assert!(screen.contains("A alive for 3 s") && screen.contains("answered us at that address"), "{screen}");
}

#[test]
fn unverified_peers_are_counted_separately() {
    for (width, height) in [(20, 5), (40, 10), (80, 24), (120, 40)] {
        let mut fixture = with_claim(width, height);
        assert!(fixture.screen().contains(" 8  1N 3A 1?"), "{}", fixture.screen());
        assert!(width < 40 || fixture.screen().contains("1? 1L 1D 1I"), "{}", fixture.screen());
        fixture.peers.iter_mut().for_each(|peer| peer.last_attempt_ok = false);
        fixture.refresh();
        assert!(fixture.screen().contains(" 8  1N 4? 1"), "{}", fixture.screen());
    }
}

#[test]
fn unverified_peers_have_a_question_mark_on_the_map() {
    let mut fixture = with_claim(80, 24);
    fixture.press(KeyCode::Char('M'));
    assert!(fixture.screen().contains("\u{28ff}?"), "{}", fixture.screen());
    fixture.peers[1].last_attempt_ok = true;
    fixture.refresh();
    assert!(!fixture.screen().contains("\u{28ff}?"), "{}", fixture.screen());
}

#[test]
fn a_forbidden_address_is_in_the_traffic_with_the_reason() {
    let mut fixture = Fixture::busy(80, 24);
    let failed = Event::DeliveryFailed {
        id: "9".parse().unwrap(),
        peer: peer(Status::New, "metadata.example.org:80", 1, None),
        message: Message::text("GNU Terry Pratchett"),
        failure: Failure::NotContacted(Scope::LinkLocal),
    };
    fixture.happen(failed);
    fixture.write(":filter type:refused type:failed");
    [KeyCode::Enter, KeyCode::Up, KeyCode::Enter].into_iter().for_each(|key| drop(fixture.press(key)));
    let screen = fixture.screen();
    assert!(screen.contains("not contacted: it is a link-local address, and only"), "{screen}");
    assert!(screen.contains("outcome       not tried"), "{screen}");
}

/// Remote address of the refused message in the fixture.
const RUDE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

#[test]
fn a_refused_row_shows_how_to_ignore_its_origin() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":filter type:refused");
    [KeyCode::Enter, KeyCode::Up, KeyCode::Enter].into_iter().for_each(|key| drop(fixture.press(key)));
    let screen = fixture.screen();
    assert!(screen.contains("ignore        :ignore ip:192.0.2.7 closes all connections"), "{screen}");
    fixture.press(KeyCode::Esc);
    fixture.write(":ignore ip");
    fixture.press(KeyCode::Tab);
    assert_eq!(fixture.model.input.draft(), ":ignore ip:192.0.2.7");
    assert_eq!(fixture.press(KeyCode::Enter), [runs(":ignore ip:192.0.2.7")]);
    fixture.ignored_remotes.push(RUDE);
    fixture.write(":unignore ");
    fixture.write("ip");
    fixture.press(KeyCode::Tab);
    assert_eq!(fixture.press(KeyCode::Enter), [runs(":unignore ip:192.0.2.7")]);
}

#[test]
fn ignoring_a_remote_address_can_be_undone() {
    let mut fixture = Fixture::busy(80, 24);
    let (ignores, unignores) = (typed(":ignore ip:192.0.2.7"), typed(":unignore ip:192.0.2.7"));
    let said = "connections from 192.0.2.7 are ignored";
    fixture.send(Msg::Called(0, vec![undoable(ignores.clone(), said, "1")]));
    let screen = fixture.screen();
    assert!(screen.contains("connections from 192.0.2.7 are ignored") && screen.contains("u takes it back"));
    assert!(!screen.contains("of the last hour"), "{screen}");
    assert_eq!(fixture.press(KeyCode::Char('u')), [Effect::Undo(undo("1"))]);
    assert_eq!(fixture.press(KeyCode::Char('u')), [], "once");
    // An undone command offers no undo.
    for call in [ignores, unignores] {
        fixture.send(Msg::Called(0, vec![undoable(call, "done", "2")]));
    }
    fixture.later = Duration::from_secs(10);
    assert_eq!(fixture.press(KeyCode::Char('u')), []);
    assert!(fixture.screen().contains("there is nothing to take back"), "{}", fixture.screen());
}

/// Returns a dashboard of a node with limits, some of which were reached in the last minute.
fn limited(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    let met = [(Limit::Payloads, 11), (Limit::Introductions, 1), (Limit::Peers, 300)];
    for (limit, times) in met {
        (0..times).for_each(|_| fixture.limits.count(limit));
        if limit == Limit::Introductions {
            fixture.refresh();
        }
    }
    fixture.ignored_remotes = vec![RUDE, "2001:db8::7".parse().unwrap()];
    fixture
}

#[test]
fn the_limits() {
    let screen = |(width, height)| {
        let mut fixture = limited(width, height);
        fixture.press(KeyCode::Char('L'));
        let screen = fixture.screen();
        assert!(width < 80 || !screen.contains('…'), "a text is cut: {screen}");
        format!("=== {width}x{height}\n{screen}\n")
    };
    insta::assert_snapshot!([(40, 10), (80, 24), (120, 40), (200, 60)].map(screen).concat());
}

/// Returns origins of messages, the largest first.
fn origins(count: u8) -> Vec<Row> {
    let origin = |number: u8| {
        let place = IpAddr::from([192, 0, 2, number]);
        let divisor = usize::from(number);
        let mut share = PlaceShare::new(place, 71_000 / divisor, (60 << 20) / divisor);
        (share.held, share.refused) = (usize::from(number % 2), (number / 2).into());
        origin_row(PlaceRank { rest: number.into(), place }, &share)
    };
    (1..=count).map(origin).collect()
}

#[test]
fn the_limits_with_the_origins_of_messages() {
    let screen = |(width, height)| {
        let mut fixture = limited(width, height);
        fixture.origins = origins(12);
        fixture.press(KeyCode::Char(':'));
        fixture.write("limits");
        fixture.press(KeyCode::Enter);
        fixture.refresh();
        (0..100).for_each(|_| drop(fixture.press(KeyCode::Down)));
        let screen = fixture.screen();
        assert!(width < 80 || screen.contains("and 2 more places"), "{screen}");
        format!("=== {width}x{height}\n{screen}\n")
    };
    insta::assert_snapshot!([(40, 10), (80, 24), (120, 40)].map(screen).concat());
}

#[test]
fn messages_dropped_by_a_filter_are_restored_together() {
    for (width, height) in [(40, 10), (80, 24), (120, 40)] {
        let mut fixture = Fixture::busy(width, height);
        fixture.write(":drop ip:192.0.2.7");
        let effects = fixture.press(KeyCode::Enter);
        assert_eq!(effects, [runs(":drop ip:192.0.2.7")]);
        fixture.queue.drain(..2);
        let dropped = undoable(typed(":drop ip:192.0.2.7"), "dropped 2 messages", "1");
        fixture.send(Msg::Called(0, vec![dropped]));
        fixture.refresh();
        let screen = fixture.screen();
        assert!(screen.contains("dropped 2 mess") && screen.contains("u takes them back"), "{screen}");
        assert_eq!(fixture.press(KeyCode::Char('u')), [Effect::Undo(undo("1"))]);
        assert_eq!(fixture.press(KeyCode::Char('u')), [], "once");
    }
}

#[test]
fn hits_of_limits_are_shown_for_a_minute() {
    let mut fixture = Fixture::busy(120, 40);
    let has_sign = |fixture: &Fixture| fixture.screen().lines().next().unwrap().contains("  limited 12  ");
    assert!(!has_sign(&fixture));
    (0..12).for_each(|_| fixture.limits.count(Limit::Payloads));
    fixture.later = Duration::from_secs(1);
    fixture.refresh();
    assert!(has_sign(&fixture), "{}", fixture.screen());
    assert!(fixture.model.changes_after() <= Duration::from_secs(60));
    fixture.later = Duration::from_secs(60);
    fixture.refresh();
    assert!(has_sign(&fixture), "{}", fixture.screen());
    fixture.later = Duration::from_secs(62);
    fixture.refresh();
    assert!(!has_sign(&fixture), "{}", fixture.screen());
}

#[test]
fn the_limits_key_toggles_the_page() {
    let mut fixture = limited(80, 24);
    fixture.press(KeyCode::Char('L'));
    assert!(fixture.model.is_open(Kind::Limits));
    fixture.press(KeyCode::Char('L'));
    assert!(fixture.model.overlay.is_none());
}
