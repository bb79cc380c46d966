//! Shutter towers. One spells the last received message, the other the last sent one, byte by byte.
//!
//! A tower has eight shutters, one for each bit of a byte. A message that arrives while another is spelt waits for its
//! end. Only the newest waiting message is kept, so a tower is never far behind.

use std::time::Duration;

use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{Address, Message, core::Event};
use clacks_text::fit::preview;
use clacks_widgets::animation::{Animations, Pace, Run};

/// Maximum stored text of a message, in bytes.
const MAX_TEXT_BYTES: usize = 512;
/// Maximum bytes of a message that are spelt.
const MAX_LETTERS: usize = 64;
/// Maximum bytes of a message that are spelt with reduced motion.
const MAX_LETTERS_REDUCED: usize = 12;
/// Pause between two messages, in letters.
const REST_LETTERS: u32 = 2;
/// Target time for a message. Long messages are spelt faster.
const TARGET_TIME: Duration = Duration::from_secs(8);
/// Time in which a shutter moves: one frame.
const TURN_TIME: Duration = Duration::from_millis(100);
/// Range of the time for a letter, in multiples of `TURN_TIME`.
const TURNS_PER_LETTER: std::ops::RangeInclusive<u32> = 1..=3;
/// Time for a letter with reduced motion.
const REDUCED_LETTER_TIME: Duration = Duration::from_secs(1);

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

/// Message that is spelt, with its peer.
#[derive(Debug, Clone)]
pub(crate) struct SpelledMessage {
    pub peer: Address,
    /// Text of the message, cut to a maximum length. Written by a peer.
    pub text: String,
}

#[derive(Debug, Clone)]
struct Spelling {
    message: SpelledMessage,
    /// Number of bytes that are spelt.
    letters: u32,
    letter_time: Duration,
    /// `None` if animations are off.
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
    pub fn on_event(&mut self, event: &Event, now: Duration, motion: Animations) {
        let (tower, peer, message) = match event {
            Event::MessageReceived { peer, message, .. } => (&mut self.incoming, peer, message),
            Event::MessageSending { peer, message, .. } => (&mut self.outgoing, peer, message),
            _ => return,
        };
        tower.waiting = Some((peer.address.clone(), message.clone()));
        tower.advance(now, motion);
    }

    /// Starts the waiting message of each tower whose message has ended.
    pub fn advance(&mut self, now: Duration, motion: Animations) {
        self.incoming.advance(now, motion);
        self.outgoing.advance(now, motion);
    }

    /// Returns the time until a tower shows something else. `None` if both rest.
    pub fn changes_after(&self, now: Duration, motion: Animations) -> Option<Duration> {
        let runs = [&self.incoming, &self.outgoing].map(|tower| tower.spelling.as_ref()?.run);
        runs.into_iter().flatten().filter_map(|run| motion.changes_after(run, now)).min()
    }
}

impl ShutterTower {
    fn advance(&mut self, now: Duration, motion: Animations) {
        let run = self.spelling.as_ref().and_then(|spelling| spelling.run);
        if run.is_none_or(|run| motion.gone(run, now).is_none())
            && let Some(passing) = self.waiting.take().and_then(SpelledMessage::from_message)
        {
            self.spelling = Some(Spelling::start(passing, now, motion));
        }
    }

    /// Returns the message that is spelt, or was spelt last.
    pub(crate) fn message(&self) -> Option<&SpelledMessage> {
        self.spelling.as_ref().map(|spelling| &spelling.message)
    }

    /// Returns the face of the tower at an uptime.
    pub fn face(&self, now: Duration, motion: Animations) -> TowerFace {
        self.spelling.as_ref().map_or(TowerFace::Resting, |spelling| spelling.face(now, motion))
    }
}

impl SpelledMessage {
    /// Returns `None` for a message without text.
    fn from_message((peer, message): (Address, Message)) -> Option<Self> {
        let mut text = preview(message.as_json());
        let end = (0..=MAX_TEXT_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        (!text.is_empty()).then_some(Self { peer, text })
    }
}

impl Spelling {
    fn start(passing: SpelledMessage, now: Duration, motion: Animations) -> Self {
        let most = if motion.setting() == Setting::Reduced { MAX_LETTERS_REDUCED } else { MAX_LETTERS };
        let letters = u32::try_from(passing.text.len().min(most)).unwrap_or(1);
        let turns = TARGET_TIME.as_millis() / TURN_TIME.as_millis() / u128::from(letters);
        let turns = u32::try_from(turns)
            .unwrap_or(u32::MAX)
            .clamp(*TURNS_PER_LETTER.start(), *TURNS_PER_LETTER.end());
        let letter_time =
            if motion.setting() == Setting::Reduced { REDUCED_LETTER_TIME } else { TURN_TIME * turns };
        let run = motion.begin(Pace::SmoothOrStepped, now, letter_time * (letters + REST_LETTERS));
        Self { message: passing, letters, letter_time, run }
    }

    fn face(&self, now: Duration, motion: Animations) -> TowerFace {
        let byte = |at: usize| self.message.text.as_bytes().get(at).copied();
        if motion.setting() == Setting::Off {
            return byte(0).map_or(TowerFace::Resting, |byte| TowerFace::Showing { at: 0, byte });
        }
        let Some(gone) = self.run.and_then(|run| motion.gone(run, now)) else { return TowerFace::Resting };
        let at = (gone.as_millis() / self.letter_time.as_millis()) as usize;
        let turns = self.letter_time > TURN_TIME && motion.setting() == Setting::Full;
        let turning = turns && gone.as_millis() % self.letter_time.as_millis() < TURN_TIME.as_millis();
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

    /// Returns the state of a shutter. `column` counts from the left, `row` from the top.
    ///
    /// The left column is the first hexadecimal digit of the byte, the right column the second. The top shutter of a
    /// column is its highest bit. A closed shutter is a one.
    pub(crate) fn shutter(self, column: u8, row: u8) -> Shutter {
        let is_one = |byte: u8| byte >> (7 - (4 * (column % 2) + row % 4)) & 1 == 1;
        match self {
            Self::Turning { from, byte, .. } if is_one(from) != is_one(byte) => Shutter::Moving,
            Self::Showing { byte, .. } | Self::Turning { byte, .. } if is_one(byte) => Shutter::Closed,
            Self::Resting | Self::Showing { .. } | Self::Turning { .. } => Shutter::Open,
        }
    }
}

/// State of a shutter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutter {
    /// Seen from its edge: a zero.
    Open,
    Moving,
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
        Event::MessageReceived {
            peer,
            message: Message::text(text),
            id: None,
            visits: 1,
            remote: None,
            held: None,
        }
    }

    /// Towers that received these messages at the same time.
    fn towers(setting: Setting, messages: &[&str]) -> (Towers, Animations) {
        let (mut towers, motion) = (Towers::default(), Animations::new(setting));
        messages.iter().for_each(|text| towers.on_event(&received(text), now(0), motion));
        (towers, motion)
    }

    #[test]
    fn the_shutters_are_the_bits_of_the_byte() {
        // 0x47 is 0100 0111.
        let face = TowerFace::Showing { at: 0, byte: b'G' };
        let closed = |column| [0, 1, 2, 3].map(|row| face.shutter(column, row) == Shutter::Closed);
        assert_eq!(closed(0), [false, true, false, false]);
        assert_eq!(closed(1), [false, true, true, true]);
    }

    #[test]
    fn every_byte_has_a_distinct_face() {
        let shutters = |byte| {
            let face = TowerFace::Showing { at: 0, byte };
            [0, 1].map(|column| [0, 1, 2, 3].map(|row| face.shutter(column, row) == Shutter::Closed))
        };
        let read = |shutters: [[bool; 4]; 2]| {
            shutters.as_flattened().iter().fold(0, |byte, closed| byte << 1 | u8::from(*closed))
        };
        (0..=u8::MAX).for_each(|byte| assert_eq!(read(shutters(byte)), byte));
    }

    #[test]
    fn only_changing_shutters_move() {
        // N is 0100 1110.
        let face = TowerFace::Turning { at: 1, from: b'G', byte: b'N' };
        assert_eq!(
            [0, 1, 2, 3].map(|row| face.shutter(0, row)),
            [Shutter::Open, Shutter::Closed, Shutter::Open, Shutter::Open]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|row| face.shutter(1, row)),
            [Shutter::Moving, Shutter::Closed, Shutter::Closed, Shutter::Moving]
        );
    }

    #[test]
    fn a_message_is_spelt_byte_by_byte_before_the_tower_rests() {
        let (towers, motion) = towers(Setting::Full, &["G\u{e9}"]);
        let face = |millis| towers.incoming.face(now(millis), motion);
        assert_eq!(face(0), TowerFace::Turning { at: 0, from: 0, byte: b'G' });
        assert_eq!(face(100), TowerFace::Showing { at: 0, byte: b'G' });
        assert_eq!(face(300), TowerFace::Turning { at: 1, from: b'G', byte: 0xc3 });
        assert_eq!(face(899), TowerFace::Showing { at: 2, byte: 0xa9 });
        assert_eq!((face(900), face(100_000)), (TowerFace::Resting, TowerFace::Resting));
        assert_eq!(towers.incoming.message().map(|passing| passing.text.as_str()), Some("G\u{e9}"));
        assert_eq!(towers.outgoing.face(now(0), motion), TowerFace::Resting);
    }

    #[test]
    fn the_newest_waiting_message_is_spelt_next() {
        let (mut towers, motion) = towers(Setting::Full, &["one", "two", "six"]);
        let spelled = |towers: &Towers| towers.incoming.message().map(|passing| passing.text.clone());
        towers.advance(now(1000), motion);
        assert_eq!(spelled(&towers).as_deref(), Some("one"));
        towers.advance(now(1500), motion);
        assert_eq!(spelled(&towers).as_deref(), Some("six"));
        assert_eq!(towers.changes_after(now(1500), motion), Some(TURN_TIME));
        towers.advance(now(3000), motion);
        assert_eq!(towers.changes_after(now(3000), motion), None);
    }

    #[test]
    fn a_long_message_is_cut_and_spelt_in_limited_time() {
        let (towers, motion) = towers(Setting::Full, &[&"\u{e9}".repeat(100_000)]);
        assert!(towers.incoming.message().unwrap().text.len() <= MAX_TEXT_BYTES);
        let end = TARGET_TIME + Duration::from_secs(1);
        assert_eq!(towers.incoming.face(now(0) + end, motion), TowerFace::Resting);
    }

    #[test]
    fn reduced_motion_shows_one_letter_per_second() {
        let (towers, motion) = towers(Setting::Reduced, &["GNU Terry Pratchett"]);
        let face = |millis| towers.incoming.face(now(millis), motion);
        assert_eq!(face(0), TowerFace::Showing { at: 0, byte: b'G' });
        assert_eq!(face(1999), TowerFace::Showing { at: 1, byte: b'N' });
        assert_eq!(face(12_000), TowerFace::Resting);
    }

    #[test]
    fn without_motion_the_first_letter_stays_until_the_next_message() {
        let (mut towers, motion) = towers(Setting::Off, &["one", "two"]);
        let face = |towers: &Towers, motion: Animations| towers.incoming.face(now(0), motion);
        assert_eq!(face(&towers, motion), TowerFace::Showing { at: 0, byte: b't' });
        towers.on_event(&received("six"), now(1), motion);
        assert_eq!(face(&towers, motion), TowerFace::Showing { at: 0, byte: b's' });
        assert_eq!(towers.changes_after(now(0), motion), None);
    }

    #[test]
    fn an_empty_message_is_skipped() {
        let (towers, _) = towers(Setting::Full, &[""]);
        assert!(towers.incoming.message().is_none());
    }
}
