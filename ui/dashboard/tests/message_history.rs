//! Pages about the protocol: message histories, returning messages, the choice of receivers.

use std::time::Duration;

use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{
    Message,
    core::{Event, Failure, Now, PeerChoice, PeerCounts, Status},
};
use clacks_p2p_panes::histories::{BIOGRAPHY, OVERHEAD};
use clacks_panes::{Cursor, Opened};
use clacks_widgets::animation::Animations;
use crossterm::event::KeyCode;

use super::{
    fixture::{Fixture, happened, now, peer, queued, time},
    held_and_edited::holding,
};
use crate::{state::overlay::OverlayKind, update::update};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// Returns a time one minute and `seconds` seconds after the start.
fn at(seconds: u64) -> Now {
    let now = now();
    let ago = 60 - seconds;
    Now { uptime: now.uptime.saturating_sub(Duration::from_secs(ago)), unix_ms: now.unix_ms - 1000 * ago }
}

fn happen(fixture: &mut Fixture, seconds: u64, event: Event) {
    let now = at(seconds);
    drop(update(&mut fixture.model, time(now), happened(now, event)));
}

fn came(message: &Message, from: &str, visits: u32) -> Event {
    let id = Some("7".parse().unwrap());
    Event::MessageReceived {
        peer: peer(Status::Alive, from, 1, None),
        message: message.clone(),
        id,
        visits,
        remote: None,
        held: None,
    }
}

fn sent(message: &Message, to: &str, draw: u32, failure: Option<Failure>) -> Vec<Event> {
    let (id, message) = ("8".parse().unwrap(), message.clone());
    let free = PeerCounts::from([(Status::Alive, 3), (Status::Lost, 1)]);
    let peer = peer(Status::Alive, to, 1, None);
    let mut choice = PeerChoice::new(draw, free);
    choice.alive_places = 1;
    let sending = Event::MessageSending { id, peer: peer.clone(), message: message.clone(), choice };
    let end = match failure {
        None => {
            let round_trip = Duration::from_millis(12);
            Event::MessageDelivered { id, peer, message, round_trip, place: None }
        }
        Some(failure) => Event::DeliveryFailed { id, peer, message, failure },
    };
    vec![sending, end]
}

/// Returns a dashboard with three returned messages, one of them frequent, and two sends.
fn storied(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    fixture.model.networks.active_mut().panes.iter_mut().for_each(|pane| pane.begin_again());
    let [gnu, hostile, wide] =
        ["GNU Terry Pratchett", "\u{1b}]52;c;aGk=\u{7} hostile", "wide \u{4e16}\u{754c}"].map(Message::text);
    for visit in 1..=42_u32 {
        happen(&mut fixture, u64::from(visit), came(&gnu, "tower-3:8443", visit));
        for event in sent(&gnu, "grand-trunk.example.org:443", 58_703, None) {
            happen(&mut fixture, u64::from(visit), event);
        }
    }
    for (message, visits) in [(&hostile, 2), (&wide, 3)] {
        happen(&mut fixture, 50, came(message, "quirm:8080", visits - 1));
        happen(&mut fixture, 59, came(message, "quirm:8080", visits));
    }
    for event in sent(&hostile, "sto-lat:8080", 3_000, Some(Failure::TimedOut)) {
        happen(&mut fixture, 60, event);
    }
    let lost = Event::PeerUpdated { peer: peer(Status::Lost, "sto-lat:8080", 0, None), from: Status::Alive };
    happen(&mut fixture, 60, lost);
    fixture
}

fn screens(keys: &[KeyCode]) -> String {
    let screen = |(width, height)| {
        let mut fixture = storied(width, height);
        keys.iter().for_each(|key| drop(fixture.press(*key)));
        format!("=== {width}x{height}\n{}\n", fixture.screen())
    };
    SIZES.into_iter().map(screen).collect()
}

fn open(fixture: &Fixture) -> Option<&OverlayKind> {
    fixture.model.overlay.as_ref().map(|overlay| &overlay.content)
}

#[test]
fn returning_messages() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('O'), KeyCode::Down]));
}

#[test]
fn no_returning_messages() {
    let mut fixture = Fixture::empty(80, 24);
    fixture.press(KeyCode::Char('O'));
    insta::assert_snapshot!(fixture.screen());
}

#[test]
fn the_history_of_a_message() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('O'), KeyCode::Enter]));
}

#[test]
fn the_choice_of_a_receiver() {
    insta::assert_snapshot!(screens(&[KeyCode::Char('W')]));
}

#[test]
fn the_choice_page_without_sends_and_peers() {
    let mut fixture = Fixture::empty(80, 24);
    fixture.press(KeyCode::Char('W'));
    assert!(fixture.screen().contains("nothing has been sent yet"), "{}", fixture.screen());
    assert!(fixture.screen().contains("the queue is empty"), "{}", fixture.screen());
}

#[test]
fn a_message_history_opens_from_every_list_and_returns_there() {
    let about = Some(Message::text("GNU Terry Pratchett").shared_text().into());
    let gnu = OverlayKind::Pane(Opened { spec: BIOGRAPHY, about, cursor: Cursor::default() });
    let mut fixture = storied(80, 24);
    // From the queue.
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Char('b'));
    assert_eq!(open(&fixture), Some(&gnu));
    fixture.press(KeyCode::Esc);
    assert_eq!(open(&fixture), None);
    // From an open message.
    fixture.press(KeyCode::Enter);
    fixture.press(KeyCode::Char('b'));
    assert_eq!(open(&fixture), Some(&gnu));
    fixture.press(KeyCode::Esc);
    assert!(matches!(open(&fixture), Some(OverlayKind::Item(_))));
    fixture.press(KeyCode::Esc);
    // From the list of returning messages.
    fixture.press(KeyCode::Char('O'));
    fixture.press(KeyCode::Enter);
    assert_eq!(open(&fixture), Some(&gnu));
    fixture.press(KeyCode::Esc);
    assert!(matches!(open(&fixture), Some(OverlayKind::Pane(opened)) if opened.spec == OVERHEAD));
}

#[test]
fn without_a_message_no_history_opens() {
    let mut fixture = Fixture::empty(80, 24);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Char('b'));
    assert_eq!(open(&fixture), None);
    assert!(fixture.screen().contains("no message is selected"), "{}", fixture.screen());
}

#[test]
fn the_next_message_is_shown_wherever_the_queue_is_scrolled() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.queue = (1..=200).map(|number| queued(number, &format!("\"message {number}\""), 1, 1)).collect();
    fixture.refresh();
    for key in [KeyCode::Tab, KeyCode::End, KeyCode::Char('W')] {
        fixture.press(key);
    }
    assert!(fixture.screen().contains(": message 1"), "{}", fixture.screen());
    fixture.queue.remove(0);
    fixture.refresh();
    assert!(fixture.screen().contains(": message 2"), "{}", fixture.screen());
}

#[test]
fn the_choice_page_with_only_held_messages() {
    let mut fixture = holding(80, 24);
    fixture.queue.clear();
    fixture.press(KeyCode::Char('W'));
    assert!(fixture.screen().contains("nothing waits but what is held (H lists it)"), "{}", fixture.screen());
}

#[test]
fn the_countdown_to_the_next_send_runs_only_while_visible() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.model.motion = Animations::new(Setting::Full);
    (fixture.peers, fixture.later) = (Vec::new(), Duration::from_secs(100));
    let until = |fixture: &mut Fixture| {
        fixture.next_send = fixture.later + Duration::from_secs(90);
        fixture.refresh();
        fixture.model.changes_after()
    };
    fixture.queue = vec![queued(1, "1", 2000, 1)];
    let idle = Duration::from_secs(60);
    assert_eq!(until(&mut fixture), idle);
    fixture.press(KeyCode::Char('W'));
    assert_eq!(until(&mut fixture), Duration::from_secs(1));
    fixture.model.motion.set(Setting::Off);
    assert_eq!(until(&mut fixture), idle);
    fixture.model.motion.set(Setting::Full);
    fixture.press(KeyCode::Esc);
    assert_eq!(until(&mut fixture), idle);
}

#[test]
fn a_row_with_a_cut_message_shows_its_full_size_and_no_history() {
    let mut fixture = Fixture::empty(80, 24);
    for number in 0..20 {
        let text = format!("large {number} {}", "x".repeat(1_000_000));
        happen(&mut fixture, 1, came(&Message::text(&text), "rude:1", 1));
    }
    fixture.refresh();
    for key in [KeyCode::Tab, KeyCode::Tab, KeyCode::Home, KeyCode::Char('b')] {
        fixture.press(key);
    }
    let screen = fixture.screen();
    assert!(screen.contains("only the beginning of this message is kept, too little"), "{screen}");
    fixture.press(KeyCode::Enter);
    let screen = fixture.screen();
    assert!(screen.contains("size          1.0 MB") && screen.contains("large 0"), "{screen}");
    // A message that is stored completely has a history.
    for key in [KeyCode::Esc, KeyCode::End, KeyCode::Up, KeyCode::Char('b')] {
        fixture.press(key);
    }
    assert!(fixture.screen().contains("seen here     1 visit"), "{}", fixture.screen());
}
