//! Fuzz test of the dashboard with random keys, pastes, clicks, sizes and events.

use std::time::Duration;

use clacks_p2p::{
    Message,
    core::{Discovery, Event, Failure, MessageId, Origin, Refusal, Status},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{
    fixture::{Fixture, address, peer, queued},
    hostile::assert_harmless,
};
use crate::{keymap::Keymap, state::message::Msg};

/// Names of the peers that appear, disappear and change.
const NAMES: [&str; 6] =
    ["tower-9.example.org:8080", "tower-3:8443", "[2001:db8::1]:8080", "sto-lat:8080", "quirm:8080", "new:1"];

/// Maximum inputs of a run.
const MOST: usize = 100;

/// Each byte selects an input; the following bytes are its arguments.
#[test]
fn dashboard() {
    clacks_fuzz::fuzz("dashboard", 20, |bytes| {
        let mut world = World { fixture: Fixture::lively(80, 24), bytes };
        for _ in 0..MOST {
            let Some(input) = world.byte() else { break };
            world.give(input);
            world.fixture.refresh();
            assert_harmless(&world.fixture);
        }
    });
}

struct World<'a> {
    fixture: Fixture,
    bytes: &'a [u8],
}

impl World<'_> {
    fn byte(&mut self) -> Option<u8> {
        self.bytes.split_off_first().copied()
    }

    /// Returns the next byte, or 0.
    fn number(&mut self) -> u8 {
        self.byte().unwrap_or(0)
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::from(self.number()) % all.len()].clone()
    }

    /// Returns text whose length is the next byte.
    fn text(&mut self) -> String {
        let length = usize::from(self.number()).min(self.bytes.len());
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn give(&mut self, input: u8) {
        match input % 16 {
            0..=4 => self.press_bound(),
            5 => {
                let code = [KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Backspace];
                let code = self.one_of(&code);
                self.fixture.press(code);
            }
            6 => {
                let key = KeyEvent::new(KeyCode::Char(self.number().into()), KeyModifiers::NONE);
                self.fixture.key(key);
            }
            7 => self.text().chars().for_each(|character| drop(self.fixture.press(KeyCode::Char(character)))),
            8 => {
                let text = self.text();
                self.fixture.send(Msg::Paste(text));
            }
            9 => {
                let (width, height) = (self.number(), self.number());
                self.fixture.resize((width % 220).into(), (height % 70).into());
            }
            10 => self.click(),
            11 | 12 => {
                let event = self.event();
                self.fixture.happen(event);
            }
            13 => {
                let millis = 50 << (self.number() % 16);
                self.fixture.later += Duration::from_millis(millis);
            }
            14 => self.change_lists(),
            _ => {
                let (text, is_done) = (self.text(), self.number().is_multiple_of(2));
                if is_done {
                    self.fixture.send(Msg::EffectDone(Ok(text)));
                } else {
                    self.fixture.fail(text);
                }
            }
        }
    }

    /// Presses a key that has a binding in some context.
    fn press_bound(&mut self) {
        let keymap = Keymap::default();
        let keys: Vec<_> =
            keymap.bindings().iter().flat_map(|binding| &binding.keys).map(|(_, key)| *key).collect();
        let key = self.one_of(&keys);
        self.fixture.key(key.event());
    }

    fn click(&mut self) {
        let kinds =
            [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollUp, MouseEventKind::ScrollDown];
        let (kind, column, row) = (self.one_of(&kinds), self.number().into(), self.number().into());
        self.fixture.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    fn message(&mut self) -> Message {
        let text = self.text();
        Message::from_json(&text, 128).unwrap_or_else(|_| Message::text(&text))
    }

    fn id(&mut self) -> MessageId {
        (10 + self.number() % 8).to_string().parse().unwrap()
    }

    fn event(&mut self) -> Event {
        let (name, status) = (self.one_of(&NAMES), self.one_of(&Status::ALL));
        let (peer, id) = (peer(status, name, 1, None), self.id());
        let round_trip = Duration::from_micros(1 << (self.number() % 40));
        match self.number() % 16 {
            0..=2 => {
                let visits = u32::MAX >> (self.number() % 32);
                Event::MessageReceived {
                    peer,
                    message: self.message(),
                    id: Some(id),
                    visits,
                    remote: None,
                    held: None,
                }
            }
            3 | 4 => {
                let origin =
                    if status == Status::New { Origin::Local } else { Origin::Received(peer.address) };
                Event::MessageQueued {
                    id,
                    message: self.message(),
                    origin,
                    since_ms: 0,
                    visits: 1,
                    place: None,
                }
            }
            5 => Event::MessageDelivered { id, peer, message: self.message(), round_trip, place: None },
            6 => Event::DeliveryFailed { id, peer, message: self.message(), failure: self.failure() },
            7 => Event::MessageDropped { id, message: self.message(), from: None, place: None },
            8 => {
                let friend = address(self.one_of(&NAMES));
                Event::PeerDiscovered { peer, introduction: Discovery::Referral(friend), remote: None }
            }
            9 => Event::PeerUpdated { peer, from: self.one_of(&Status::ALL) },
            10 => Event::PeerForgotten { peer },
            11 => Event::AnnounceFailed { peer: peer.address, failure: self.failure() },
            12 => Event::Refused(Refusal::new(
                u16::from(self.number()) * 4,
                self.text(),
                Some(peer.address),
                Some(self.text()),
                None,
            )),
            13 => Event::FoundOurselves { address: peer.address },
            14 => Event::SendRateChanged { rate: round_trip.as_secs_f64() },
            _ => Event::Lagged(u64::MAX >> (self.number() % 64)),
        }
    }

    fn failure(&mut self) -> Failure {
        match self.number() % 3 {
            0 => Failure::Connection(self.text()),
            1 => Failure::Status(u16::from(self.number()) * 4),
            _ => Failure::TimedOut,
        }
    }

    /// Adds or removes a peer or a message.
    fn change_lists(&mut self) {
        let (at, name) = (usize::from(self.number()), self.one_of(&NAMES));
        let Fixture { peers, queue, .. } = &mut self.fixture;
        match at % 4 {
            0 if at / 4 < peers.len() => drop(peers.remove(at / 4)),
            1 if at / 4 < queue.len() => drop(queue.remove(at / 4)),
            2 if peers.iter().all(|peer| peer.address != address(name)) => {
                peers.push(peer(Status::Alive, name, 1, None));
            }
            _ => {
                let number = queue.last().map_or(20, |last| last.id.to_string().parse().unwrap()) + 1;
                let message = self.message();
                self.fixture.queue.push(queued(number, message.as_json(), 1, 1));
            }
        }
    }
}
