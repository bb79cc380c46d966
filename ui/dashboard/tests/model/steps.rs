//! Steps of the random walk.

use clacks_p2p::{
    Message,
    core::{Event, Status},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rand::{Rng, RngExt};

use super::node;
use crate::{
    keymap::Keymap,
    tests::fixture::{Fixture, peer},
};

/// One step.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Key(KeyEvent),
    Click(u16, u16),
    /// Turns the wheel: up if true, else down.
    Wheel(u16, u16, bool),
    Paste(String),
    Resize(u16, u16),
    Wait(u64),
    /// A message arrives.
    Came(String),
    /// The message at this index of the queue leaves by itself.
    Went(usize),
    /// The peer at this index of the list is forgotten.
    Forgotten(usize),
    /// A peer becomes known.
    Met(u16),
    /// The drain ends.
    HandedOn,
}

/// Texts that are typed key by key.
const WORDS: &[&str] = &[
    "hello",
    ":",
    "::x",
    ":rate 2",
    ":drop 12",
    ":drop 13",
    ":hold 12",
    ":filter t",
    ":filter ",
    ":only t",
    ":station 1 gnu",
    ":edit 13 x",
    ":json 1",
    ":charts",
    ":release all",
    ":zzz",
    "gnu",
    " ",
    "x",
    "q",
];

/// Draws the next step. Continues text that was started.
pub(crate) fn next(rng: &mut impl Rng, fixture: &Fixture) -> Step {
    let draft = fixture.model.input.draft();
    let writes = fixture.model.focus != crate::model::Focus::Lists;
    // Another command replaces an edit.
    if fixture.model.editing.is_some() && rng.random_bool(0.1) {
        return Step::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
    }
    if writes && WORDS.contains(&draft) && rng.random_bool(0.3) {
        return Step::Key(KeyCode::Enter.into());
    }
    if let Some(key) = typed(rng, draft).filter(|_| writes && rng.random_bool(0.6)) {
        return Step::Key(key);
    }
    match rng.random_range(0..100) {
        0..62 => Step::Key(bound(rng)),
        62..78 => Step::Key(common(rng)),
        78..84 => {
            let (x, y) = place(rng, fixture);
            Step::Click(x, y)
        }
        84..86 => {
            let (x, y) = place(rng, fixture);
            Step::Wheel(x, y, rng.random_bool(0.5))
        }
        86..88 => Step::Paste(one_of(rng, &["pasted", ":drop 12", "a\nb", "x", "q", ""]).to_owned()),
        88..90 => resize(rng),
        90..92 => Step::Wait(1 << rng.random_range(0..15)),
        92..95 => Step::Came(one_of(rng, &["gnu one", "two", "three"]).to_owned()),
        95..96 => Step::Went(rng.random_range(0..6)),
        96..97 => Step::Forgotten(rng.random_range(0..8)),
        97..99 => Step::Met(rng.random_range(1..20)),
        _ => Step::HandedOn,
    }
}

fn one_of<T: Copy>(rng: &mut impl Rng, all: &[T]) -> T {
    all[rng.random_range(0..all.len())]
}

/// Returns the key that continues one of the words, if the draft is its beginning.
fn typed(rng: &mut impl Rng, draft: &str) -> Option<KeyEvent> {
    let words: Vec<&str> =
        WORDS.iter().filter_map(|word| word.strip_prefix(draft)).filter(|rest| !rest.is_empty()).collect();
    let rest = (!words.is_empty()).then(|| one_of(rng, &words))?;
    rest.chars().next().map(|letter| KeyEvent::from(KeyCode::Char(letter)))
}

/// Returns a key that has a binding in some context.
fn bound(rng: &mut impl Rng) -> KeyEvent {
    thread_local! {
        static KEYS: Vec<KeyEvent> = Keymap::default()
            .bindings()
            .iter()
            .flat_map(|binding| binding.keys.iter().map(|(_, key)| key.event()))
            .collect();
    }
    KEYS.with(|keys| one_of(rng, keys))
}

/// Returns one of the most frequent keys.
fn common(rng: &mut impl Rng) -> KeyEvent {
    let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    let keys = [
        KeyCode::Esc.into(),
        KeyCode::Enter.into(),
        KeyCode::Enter.into(),
        KeyCode::Backspace.into(),
        KeyCode::Down.into(),
        KeyCode::BackTab.into(),
        KeyCode::Char('e').into(),
        KeyCode::Char('H').into(),
        KeyCode::Char('/').into(),
        KeyCode::Char('x').into(),
        KeyCode::Char(':').into(),
        control('u'),
        control('c'),
    ];
    one_of(rng, &keys)
}

fn place(rng: &mut impl Rng, fixture: &Fixture) -> (u16, u16) {
    let screen = fixture.model.screen;
    (rng.random_range(0..screen.width.max(1)), rng.random_range(0..screen.height.max(1)))
}

fn resize(rng: &mut impl Rng) -> Step {
    let sizes = [(80, 24), (120, 40), (180, 44), (200, 60), (40, 10), (24, 8), (20, 5), (10, 3)];
    let (width, height) = one_of(rng, &sizes);
    Step::Resize(width, height)
}

/// Executes a step that is not an input.
pub(crate) fn happen(fixture: &mut Fixture, step: &Step) {
    match step {
        Step::Came(text) => {
            let message = Message::text(text);
            node::add(fixture, &message);
            let peer = peer(Status::Alive, "tower-3:8443", 1, None);
            let id = fixture.queue.last().map(|queued| queued.id);
            fixture.happen(Event::MessageReceived { peer, message, id, visits: 2, remote: None, held: None });
        }
        Step::Went(place) => {
            let id = fixture.queue.get(*place).map(|queued| queued.id);
            id.map(|id| node::remove(fixture, id));
        }
        Step::Forgotten(place) if *place < fixture.peers.len() => drop(fixture.peers.remove(*place)),
        Step::Met(port) => {
            let new = peer(Status::New, &format!("met:{port}"), 1, None);
            if fixture.peers.iter().all(|known| known.address != new.address) {
                fixture.peers.push(new);
            }
        }
        Step::HandedOn => {
            fixture.stop_fails("handed on 0 of 1: the time was over");
        }
        _ => {}
    }
}
