//! Held keys in a list of a node that is 50 ms away: what a person sees, on the simulated clock.

use std::{sync::Arc, time::Duration};

use clacks_feed::{
    Anchor, Key, Look, News, Order, Source, Text, View, Window, conformance::Loopback, far::FarOptions,
    json::WatchRequest,
};

use crate::{Toy, description::CARDS};

const DELAY: Duration = Duration::from_millis(50);
/// Rows of the screen.
const HEIGHT: u64 = 40;
/// Time between two repetitions of a held key.
const REPEAT: u64 = 33;
const CARDS_OF_LIST: u64 = 20_000;

/// A face that shows a part of the cards. Cards have consecutive numbers, so a number is a place in the list.
struct Face {
    loopback: Loopback,
    toy: Arc<Toy>,
    view: View,
    look: Arc<Look>,
    /// The first card on the screen.
    top: u64,
    /// Rows that are asked for beyond the screen.
    beyond: u64,
}

/// What was measured.
#[derive(Debug, Default)]
struct Seen {
    /// Milliseconds in which a row of the screen was empty.
    empty: u64,
    /// Cards that the screen has moved on.
    moved: u64,
}

impl Face {
    fn new(beyond: u64) -> Self {
        let toy = Toy::start(7);
        toy.with_core(|core, now| {
            core.set_limit(CARDS_OF_LIST);
            while core.post(Text::new("GNU Terry Pratchett"), now).is_some() {}
        });
        let mut loopback = Loopback::new(toy.clone(), DELAY);
        let watch = WatchRequest { bodies: false, ..WatchRequest::default() };
        loopback.connect(FarOptions { watch, ..FarOptions::default() }).unwrap();
        let look = Arc::default();
        let mut face = Self { loopback, toy, view: View::default(), look, top: 5000, beyond };
        face.show();
        face.loopback.pass(Duration::from_secs(1));
        face.look = face.loopback.far().look(&face.view);
        face
    }

    /// Asks for the rows around the screen.
    fn show(&mut self) {
        let at = Anchor::At(Order::rank(self.top), Key::from(self.top.to_string()));
        let rows = |rows: u64| u16::try_from(rows).unwrap();
        let window = Window::new(CARDS, at, rows(HEIGHT), rows(HEIGHT + self.beyond));
        self.view = View { number: self.view.number + 1, windows: vec![window], ..View::default() };
        self.look = self.loopback.far().look(&self.view);
    }

    /// The cards that are known.
    fn known(&self) -> std::ops::Range<u64> {
        let rows = &self.look.pages[0].rows;
        let number = |row: &clacks_feed::Row| row.key.untrusted().parse::<u64>().unwrap();
        rows.first().map_or(0..0, |first| number(first)..number(&rows[rows.len() - 1]) + 1)
    }

    /// Holds a key for two seconds that moves the screen by this number of cards, as far as cards are known.
    /// `waits`: the face asks for the rows around the screen only when the last answer has come.
    fn hold(&mut self, step: u64, waits: bool, disturb: impl Fn(&Toy)) -> Seen {
        let mut seen = Seen::default();
        let mut has_moved = false;
        for ms in 0..2000 {
            if ms % REPEAT == 0 {
                let last = self.known().end.saturating_sub(HEIGHT);
                let top = (self.top + step).min(last.max(self.top));
                seen.moved += top - self.top;
                has_moved |= top > self.top;
                self.top = top;
            }
            if has_moved && (!waits || self.look.view == self.view.number) {
                has_moved = false;
                self.show();
            }
            disturb(&self.toy);
            for news in self.loopback.pass(Duration::from_millis(1)) {
                if matches!(news, News::Looked) {
                    self.look = self.loopback.far().look(&self.view);
                }
            }
            let known = self.known();
            let is_whole = known.contains(&self.top) && known.contains(&(self.top + HEIGHT - 1));
            seen.empty += u64::from(!is_whole);
        }
        seen
    }
}

/// Presses of the key in the time that it is held.
const PRESSES: u64 = 2000 / REPEAT + 1;

#[test]
fn a_held_arrow_key_moves_through_what_was_fetched_ahead() {
    let seen = Face::new(HEIGHT).hold(1, false, |_| {});
    assert_eq!((seen.empty, seen.moved), (0, PRESSES));
}

/// The first cards go and new ones come while the key is held.
#[test]
fn a_held_arrow_key_moves_on_while_the_list_changes() {
    let seen = Face::new(HEIGHT).hold(1, false, |toy| {
        toy.with_core(|core, now| {
            core.find("box", now);
            core.send("box", Some(Duration::ZERO), now);
            core.post(Text::new("GNU"), now);
        });
    });
    assert_eq!((seen.empty, seen.moved), (0, PRESSES));
}

/// A whole screen with each repetition, 1,200 cards a second. Four looks on their way bring the rows in time if four screens
/// are fetched ahead. With one look on its way at a time the screen stops again and again.
#[test]
fn a_held_page_key_shows_no_empty_rows() {
    let ahead = HEIGHT * 4;
    let four = Face::new(ahead).hold(HEIGHT, false, |_| {});
    assert_eq!(four.empty, 0);
    assert!(four.moved >= PRESSES * HEIGHT * 95 / 100, "{four:?}");
    let one = Face::new(ahead).hold(HEIGHT, true, |_| {});
    assert_eq!(one.empty, 0);
    assert!(one.moved < PRESSES * HEIGHT * 80 / 100, "{one:?}");
}
