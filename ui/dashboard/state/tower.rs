//! Shutter towers. One spells the last received message, the other the last sent one, byte by byte.
//!
//! A tower has eight shutters, one for each bit of a byte. A message that arrives while another is spelt waits for its
//! end. Only the newest waiting message is kept, so a tower is never far behind.

use std::time::Duration;

use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{Address, Message, core::Event};
use clacks_text::fit::preview;
use clacks_widgets::animation::{Animations, Picture, Run};

/// Bytes of a message that are kept to be shown.
const KEPT: usize = 512;
/// Bytes of a message that are spelt.
const SPELT: usize = 64;
/// The same with reduced motion, which takes its time.
const SPELT_SLOWLY: usize = 12;
/// How long a tower rests between two messages, in letters.
const REST: u32 = 2;
/// How long a message should take at most; a long one is spelt faster.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a shutter takes to turn: a frame.
const TURN: Duration = Duration::from_millis(100);
/// The shortest and the longest time for a letter, in turns of a shutter.
const TURNS: std::ops::RangeInclusive<u32> = 1..=3;
/// The time for a letter with reduced motion.
const SLOW_LETTER: Duration = Duration::from_secs(1);

/// The two towers.
#[derive(Debug, Clone, Default)]
pub struct Towers {
    /// Tower of received messages.
    pub incoming: ShutterTower,
    /// Tower of sent messages.
    pub outgoing: ShutterTower,
}

/// Shutter tower that spells one message.
#[derive(Debug, Clone, Default)]
pub struct ShutterTower {
    spelling: Option<Spelling>,
    waiting: Option<(Address, Message)>,
}

/// A message on its way, and from or to whom.
#[derive(Debug, Clone)]
pub(crate) struct Passing {
    pub peer: Address,
    /// Text of the message, cut to a maximum length. Written by a peer.
    pub text: String,
}

#[derive(Debug, Clone)]
struct Spelling {
    passing: Passing,
    /// How many of its bytes are spelt.
    letters: u32,
    letter_time: Duration,
    /// None if nothing may move.
    run: Option<Run>,
}

/// Face of a tower at one point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TowerFace {
    /// All shutters are open: no message is spelt.
    Resting,
    /// The shutters show one byte of the message.
    Showing {
        /// Index of the byte in the message.
        at: usize,
        /// Byte that is shown.
        byte: u8,
    },
    /// The shutters turn from one byte to the next.
    Turning {
        /// Index of the new byte in the message.
        at: usize,
        /// Previous byte, or 0 before the first one.
        from: u8,
        /// New byte.
        byte: u8,
    },
}

impl Towers {
    /// Updates the towers with an event.
    pub fn note(&mut self, event: &Event, now: Duration, motion: &mut Animations) {
        let (tower, peer, message) = match event {
            Event::MessageReceived { peer, message, .. } => (&mut self.incoming, peer, message),
            Event::MessageSending { peer, message, .. } => (&mut self.outgoing, peer, message),
            _ => return,
        };
        tower.waiting = Some((peer.address.clone(), message.clone()));
        tower.go_on(now, motion);
    }

    /// Starts the waiting message of each tower whose message has ended.
    pub fn go_on(&mut self, now: Duration, motion: &mut Animations) {
        self.incoming.go_on(now, motion);
        self.outgoing.go_on(now, motion);
    }
}

impl ShutterTower {
    fn go_on(&mut self, now: Duration, motion: &mut Animations) {
        let run = self.spelling.as_ref().and_then(|spelling| spelling.run);
        if run.is_none_or(|run| motion.gone(run, now).is_none())
            && let Some(passing) = self.waiting.take().and_then(Passing::of)
        {
            self.spelling = Some(Spelling::begin(passing, now, motion));
        }
    }

    /// The message that is spelt, or was last.
    pub(crate) fn passing(&self) -> Option<&Passing> {
        self.spelling.as_ref().map(|spelling| &spelling.passing)
    }

    /// Returns the face of the tower at an uptime.
    pub fn look(&self, now: Duration, motion: &Animations) -> TowerFace {
        self.spelling.as_ref().map_or(TowerFace::Resting, |spelling| spelling.look(now, motion))
    }
}

impl Passing {
    /// Nothing for a message without letters.
    fn of((peer, message): (Address, Message)) -> Option<Self> {
        let mut text = preview(&message);
        let end = (0..=KEPT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        (!text.is_empty()).then_some(Self { peer, text })
    }
}

impl Spelling {
    fn begin(passing: Passing, now: Duration, motion: &mut Animations) -> Self {
        let most = if motion.setting() == Setting::Reduced { SPELT_SLOWLY } else { SPELT };
        let letters = u32::try_from(passing.text.len().min(most)).unwrap_or(1);
        let turns = PATIENCE.as_millis() / TURN.as_millis() / u128::from(letters);
        let turns = u32::try_from(turns).unwrap_or(u32::MAX).clamp(*TURNS.start(), *TURNS.end());
        let letter_time = if motion.setting() == Setting::Reduced { SLOW_LETTER } else { TURN * turns };
        let run = motion.begin(Picture::Tower, now, letter_time * (letters + REST));
        Self { passing, letters, letter_time, run }
    }

    fn look(&self, now: Duration, motion: &Animations) -> TowerFace {
        let byte = |at: usize| self.passing.text.as_bytes().get(at).copied();
        if motion.setting() == Setting::Off {
            return byte(0).map_or(TowerFace::Resting, |byte| TowerFace::Showing { at: 0, byte });
        }
        let Some(gone) = self.run.and_then(|run| motion.gone(run, now)) else { return TowerFace::Resting };
        let at = (gone.as_millis() / self.letter_time.as_millis()) as usize;
        let turns = self.letter_time > TURN && motion.setting() == Setting::Full;
        let turning = turns && gone.as_millis() % self.letter_time.as_millis() < TURN.as_millis();
        match byte(at).filter(|_| at < self.letters as usize) {
            None => TowerFace::Resting,
            Some(byte) if !turning => TowerFace::Showing { at, byte },
            Some(now) => {
                TowerFace::Turning { at, from: at.checked_sub(1).and_then(byte).unwrap_or(0), byte: now }
            }
        }
    }
}

impl TowerFace {
    /// Returns the index of the byte in the message, and the byte.
    pub fn byte(self) -> Option<(usize, u8)> {
        match self {
            Self::Resting => None,
            Self::Showing { at, byte } | Self::Turning { at, byte, .. } => Some((at, byte)),
        }
    }

    /// How a shutter stands, by its column from the left and its row from the top.
    ///
    /// A column is half of the byte, so it is one digit of its hexadecimal form: the left one the first, and the
    /// topmost shutter of each the highest bit. A closed shutter is a one.
    pub(crate) fn shutter(self, column: u8, row: u8) -> Shutter {
        let is_one = |byte: u8| byte >> (7 - (4 * (column % 2) + row % 4)) & 1 == 1;
        match self {
            Self::Turning { from, byte, .. } if is_one(from) != is_one(byte) => Shutter::Turning,
            Self::Showing { byte, .. } | Self::Turning { byte, .. } if is_one(byte) => Shutter::Closed,
            Self::Resting | Self::Showing { .. } | Self::Turning { .. } => Shutter::Open,
        }
    }
}

/// How a shutter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutter {
    /// Seen from the edge: a zero.
    Open,
    Turning,
    /// A one.
    Closed,
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::{Now, Peer, Status};

    use super::*;

    fn now(millis: u64) -> Duration {
        Duration::from_millis(3_000_000 + millis)
    }

    fn received(text: &str) -> Event {
        let since = Now { uptime: now(0), unix_ms: 0 };
        let peer = Peer::new("tower-3:8443".parse().unwrap(), Status::Alive, since);
        Event::MessageReceived { peer, message: Message::text(text), id: None, visits: 1, remote: None }
    }

    /// Towers that these messages came to at once.
    fn towers(setting: Setting, messages: &[&str]) -> (Towers, Animations) {
        let (mut towers, mut motion) = (Towers::default(), Animations::new(setting));
        messages.iter().for_each(|text| towers.note(&received(text), now(0), &mut motion));
        (towers, motion)
    }

    #[test]
    fn the_shutters_are_the_bits_of_the_byte() {
        // 0x47 is 0100 0111.
        let look = TowerFace::Showing { at: 0, byte: b'G' };
        let closed = |column| [0, 1, 2, 3].map(|row| look.shutter(column, row) == Shutter::Closed);
        assert_eq!(closed(0), [false, true, false, false]);
        assert_eq!(closed(1), [false, true, true, true]);
    }

    #[test]
    fn every_byte_has_shutters_of_its_own() {
        let shutters = |byte| {
            let look = TowerFace::Showing { at: 0, byte };
            [0, 1].map(|column| [0, 1, 2, 3].map(|row| look.shutter(column, row) == Shutter::Closed))
        };
        let read = |shutters: [[bool; 4]; 2]| {
            shutters.as_flattened().iter().fold(0, |byte, closed| byte << 1 | u8::from(*closed))
        };
        (0..=u8::MAX).for_each(|byte| assert_eq!(read(shutters(byte)), byte));
    }

    #[test]
    fn only_shutters_that_change_turn() {
        // N is 0100 1110.
        let look = TowerFace::Turning { at: 1, from: b'G', byte: b'N' };
        assert_eq!(
            [0, 1, 2, 3].map(|row| look.shutter(0, row)),
            [Shutter::Open, Shutter::Closed, Shutter::Open, Shutter::Open]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|row| look.shutter(1, row)),
            [Shutter::Turning, Shutter::Closed, Shutter::Closed, Shutter::Turning]
        );
    }

    #[test]
    fn a_message_is_spelt_byte_by_byte_and_then_the_tower_rests() {
        let (towers, motion) = towers(Setting::Full, &["G\u{e9}"]);
        let look = |millis| towers.incoming.look(now(millis), &motion);
        assert_eq!(look(0), TowerFace::Turning { at: 0, from: 0, byte: b'G' });
        assert_eq!(look(100), TowerFace::Showing { at: 0, byte: b'G' });
        assert_eq!(look(300), TowerFace::Turning { at: 1, from: b'G', byte: 0xc3 });
        assert_eq!(look(899), TowerFace::Showing { at: 2, byte: 0xa9 });
        assert_eq!((look(900), look(100_000)), (TowerFace::Resting, TowerFace::Resting));
        assert_eq!(towers.incoming.passing().map(|passing| passing.text.as_str()), Some("G\u{e9}"));
        assert_eq!(towers.outgoing.look(now(0), &motion), TowerFace::Resting);
    }

    #[test]
    fn of_those_that_wait_the_newest_is_spelt_next() {
        let (mut towers, mut motion) = towers(Setting::Full, &["one", "two", "six"]);
        let spelt = |towers: &Towers| towers.incoming.passing().map(|passing| passing.text.clone());
        towers.go_on(now(1000), &mut motion);
        assert_eq!(spelt(&towers).as_deref(), Some("one"));
        towers.go_on(now(1500), &mut motion);
        assert_eq!(spelt(&towers).as_deref(), Some("six"));
        assert_eq!(motion.changes_after(now(1500), |_| true), Some(TURN));
        towers.go_on(now(3000), &mut motion);
        assert_eq!(motion.changes_after(now(3000), |_| true), None);
    }

    #[test]
    fn a_long_message_is_cut_and_does_not_take_long() {
        let (towers, motion) = towers(Setting::Full, &[&"\u{e9}".repeat(100_000)]);
        assert!(towers.incoming.passing().unwrap().text.len() <= KEPT);
        let end = PATIENCE + Duration::from_secs(1);
        assert_eq!(towers.incoming.look(now(0) + end, &motion), TowerFace::Resting);
    }

    #[test]
    fn reduced_motion_shows_whole_letters_a_second_each() {
        let (towers, motion) = towers(Setting::Reduced, &["GNU Terry Pratchett"]);
        let look = |millis| towers.incoming.look(now(millis), &motion);
        assert_eq!(look(0), TowerFace::Showing { at: 0, byte: b'G' });
        assert_eq!(look(1999), TowerFace::Showing { at: 1, byte: b'N' });
        assert_eq!(look(12_000), TowerFace::Resting);
    }

    #[test]
    fn without_motion_the_first_letter_stays_and_a_new_message_takes_its_place() {
        let (mut towers, mut motion) = towers(Setting::Off, &["one", "two"]);
        let look = |towers: &Towers, motion: &Animations| towers.incoming.look(now(0), motion);
        assert_eq!(look(&towers, &motion), TowerFace::Showing { at: 0, byte: b't' });
        towers.note(&received("six"), now(1), &mut motion);
        assert_eq!(look(&towers, &motion), TowerFace::Showing { at: 0, byte: b's' });
        assert_eq!(motion.changes_after(now(0), |_| true), None);
    }

    #[test]
    fn a_message_without_letters_is_passed_over() {
        let (towers, _) = towers(Setting::Full, &[""]);
        assert!(towers.incoming.passing().is_none());
    }
}
