//! Hostile text of peers reaches the terminal only in harmless form, in every view.

use std::{
    num::NonZero,
    task::{Context, Poll, Waker},
};

use clacks_feed::{News, Source as _, Window};
use clacks_language::command::motion_setting::Setting;
use clacks_p2p::{
    Address, Message,
    core::{Event, Failure, Origin, Refusal, Status},
};
use clacks_p2p_feed::{
    description::QUEUE,
    read_back,
    version_1::{Version1, scripted::Recording},
};
use clacks_recording::replay::Replay;
use clacks_terminal::uncertain_width::Frames;
use clacks_text::{
    charset::Charset,
    glyphs::glyphs,
    sanitize::sanitize,
    testing::{hostile, is_hidden},
};
use clacks_widgets::animation::Animations;
use crossterm::event::KeyCode;
use jiff::tz::TimeZone;
use proptest::{collection::vec, prelude::*, sample::select};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use ratatui::{
    Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    buffer::{Buffer, CellWidth},
    layout::Rect,
};

use super::fixture::{Fixture, peer, queued, reported};
use crate::{
    run::source::{Source, Sources},
    state::message::Msg,
    update::update,
    view::view,
};

/// Text that attacks terminals or readers.
const CORPUS: &[&str] = &[
    // Escape sequences: clear the screen, set the title, set the clipboard, a link, a key report, an unfinished one.
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]52;c;aGk=\u{1b}\\",
    "\u{1b}]8;;http://example.org\u{1b}\\here\u{1b}]8;;\u{1b}\\",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}[6n\u{1b}[c\u{1b}]11;?\u{7}",
    "\u{1b}",
    // The same as single C1 characters.
    "\u{9b}2J\u{9d}0;owned\u{9c}\u{90}\u{84}\u{85}",
    // Characters that move the cursor.
    "one\rtwo\nthree\u{8}\u{8}\t\u{b}\u{c}\u{0}\u{7f}",
    // Characters that reverse or hide text.
    "abc\u{202e}txt.exe",
    "\u{2066}\u{2067}\u{2069}\u{200e}\u{200f}\u{61c}",
    "in\u{200b}vis\u{feff}ible\u{2060}\u{ad}\u{e0041}\u{e007f}",
    "\u{2028}\u{2029}\u{fff9}\u{3164}\u{e000}",
    // Combining characters that exceed their cell.
    "Z\u{35b}\u{334}\u{353}\u{34e}\u{35c}\u{321}a\u{336}\u{334}\u{332}l\u{337}\u{335}go",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}\u{2764}\u{fe0f}\u{1f3f4}\u{e0067}\u{e007f}",
    "\u{0bcc}\u{0e33}\u{fdfd}\u{4e16}\u{754c}\u{1f1e6}\u{1f1e6}\u{1f1e6}",
    // Markup of other programs.
    "[red]text[/] <b>bold</b> %s %n {0} $(reboot) `reboot`",
];

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// Returns a dashboard in which all text of peers is from the corpus.
fn fixture(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy(width, height);
    let texts = || CORPUS.iter().zip(1..);
    fixture.queue =
        texts().map(|(text, number)| queued(number, Message::text(text).as_json(), 3, 2)).collect();
    texts().flat_map(|(text, number)| events(text, number)).for_each(|event| drop(fixture.happen(event)));
    fixture.fail(CORPUS.concat());
    fixture.refresh();
    fixture
}

/// The same events after a recording and a replay.
fn from_a_recording(width: u16, height: u16) -> Fixture {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("r.jsonl");
    let mut recording = Recording::make(1, 0);
    let now = recording.began.now;
    let texts = CORPUS.iter().zip(1..);
    recording.events =
        texts.flat_map(|(text, number)| events(text, number)).map(|event| (event, now)).collect();
    recording.write(&path);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let mut replay = Replay::open(&path, &[&Version1], 1.0, TimeZone::UTC, |_| {}).unwrap();
    replay.jump(replay.playback().length);
    let mut fixture = Fixture::busy(width, height);
    fixture.model.replay = Some(replay.playback());
    let mut count = 0;
    play(&mut replay, |_, news| {
        if let News::Event(event) = news {
            fixture.send(Msg::Event(0, event));
            count += 1;
        }
    });
    assert_eq!(count, recording.events.len());
    let queue = replay.network().page(&Window::first(QUEUE, 1000)).rows;
    let queued = queue.iter().map(|row| read_back::queued_message(replay.description(), row).unwrap());
    fixture.queue = queued.collect();
    assert!(!fixture.queue.is_empty());
    fixture.refresh();
    fixture
}

fn events(text: &str, number: u64) -> Vec<Event> {
    let (id, message) = (number.to_string().parse().unwrap(), Message::text(text));
    let object = serde_json::json!({ text: [text, { text: text }] }).to_string();
    let object = Message::from_json(&object, 128).unwrap();
    let from = peer(Status::Alive, "tower-3:8443", 1, None);
    let failure = Failure::Connection(text.to_owned());
    let came = |message: &Message, visits| Event::MessageReceived {
        peer: from.clone(),
        message: message.clone(),
        id: Some(id),
        visits,
        remote: None,
        held: None,
    };
    vec![
        came(&message, 1),
        came(&message, 2),
        came(&object, 3),
        Event::DeliveryFailed { id, peer: from.clone(), message: message.clone(), failure },
        Event::MessageQueued { id, message, origin: Origin::Local, since_ms: 0, visits: 1, place: None },
        Event::Refused(Refusal::new(400, text.to_owned(), Some(from.address), Some(text.to_owned()), None)),
    ]
}

/// Returns the bytes for the whole screen.
fn bytes(fixture: &Fixture) -> String {
    let mut bytes = Vec::new();
    let area = fixture.model.screen;
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, area.width, area.height)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), options).unwrap();
    terminal.draw(|frame| view(&fixture.model, fixture.model.theme(), frame)).unwrap();
    drop(terminal);
    String::from_utf8(bytes).unwrap()
}

/// Checks that there is only visible text and the sequences of a frame.
#[track_caller]
pub(crate) fn assert_harmless(fixture: &Fixture) {
    let bytes = bytes(fixture);
    let mut rest = bytes.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            let sequence: String = rest.by_ref().take_while(|c| !is_end(*c)).collect();
            let is_ours = sequence.strip_prefix('[').is_some_and(|inner| inner.chars().all(is_parameter));
            assert!(is_ours, "{sequence:?} in {}", fixture.screen());
        } else {
            assert!(!is_hidden(character), "{character:?} in {}", fixture.screen());
        }
    }
}

/// Whether a character ends a sequence that sets a style, moves, clears or sets a mode.
fn is_end(character: char) -> bool {
    "mHJKhl".contains(character)
}

fn is_parameter(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, ';' | '?')
}

#[test]
fn the_lists_show_hostile_text_harmlessly() {
    for (width, height) in SIZES {
        let mut fixture = fixture(width, height);
        for _ in 0..3 {
            assert_harmless(&fixture);
            fixture.press(KeyCode::Tab);
        }
    }
}

#[test]
fn a_recording_of_hostile_text_is_shown_harmlessly() {
    for (width, height) in SIZES {
        let mut fixture = from_a_recording(width, height);
        for _ in 0..3 {
            assert_harmless(&fixture);
            fixture.press(KeyCode::Enter);
            assert_harmless(&fixture);
            fixture.press(KeyCode::Esc);
            fixture.press(KeyCode::Tab);
        }
    }
}

#[test]
fn every_overlay_shows_hostile_text_harmlessly() {
    let keymap = fixture(80, 24).model.keymap;
    let mut keys: Vec<_> =
        keymap.bindings().iter().flat_map(|binding| &binding.keys).map(|(_, key)| *key).collect();
    keys.sort_by_key(ToString::to_string);
    keys.dedup();
    for pane in 0..3 {
        for key in &keys {
            let mut fixture = fixture(80, 24);
            (0..pane).for_each(|_| drop(fixture.press(KeyCode::Tab)));
            fixture.key(key.event());
            assert_harmless(&fixture);
            fixture.press(KeyCode::Enter);
            assert_harmless(&fixture);
        }
    }
}

#[test]
fn every_message_is_shown_in_full_harmlessly() {
    let mut fixture = fixture(80, 24);
    fixture.press(KeyCode::Tab);
    for _ in CORPUS {
        for key in
            [KeyCode::Enter, KeyCode::End, KeyCode::Char('b'), KeyCode::Esc, KeyCode::Esc, KeyCode::Down]
        {
            fixture.press(key);
            assert_harmless(&fixture);
        }
    }
}

#[test]
fn searches_show_hostile_text_harmlessly() {
    let mut fixture = fixture(80, 24);
    fixture.press(KeyCode::Tab);
    for text in CORPUS {
        fixture.press(KeyCode::Enter);
        fixture.press(KeyCode::Char('/'));
        // Search the displayed form, and then the original.
        let shown = sanitize(text, 20, Charset::Unicode);
        let cut = glyphs(Charset::Unicode).cut;
        fixture.send(Msg::Paste(shown.as_str().trim_end_matches(cut).to_owned()));
        assert_harmless(&fixture);
        fixture.send(Msg::Paste((*text).to_owned()));
        assert_harmless(&fixture);
        for key in [KeyCode::Enter, KeyCode::Char('n'), KeyCode::Esc] {
            fixture.press(key);
        }
        assert_harmless(&fixture);
        fixture.press(KeyCode::Down);
    }
}

#[test]
fn typed_and_pasted_text_is_shown_harmlessly() {
    for begun in ["", ":", ":filter ", ":only ", ":announce ", ":nothing "] {
        for text in CORPUS {
            let mut fixture = fixture(80, 24);
            fixture.write(begun);
            fixture.send(Msg::Paste((*text).to_owned()));
            assert_harmless(&fixture);
            fixture.press(KeyCode::Enter);
            assert_harmless(&fixture);
        }
    }
}

/// Replaces some numbers by extreme ones.
fn exaggerate(line: &str, rng: &mut StdRng) -> String {
    let extremes = [0, 1, i64::MAX as u64, u64::from(u32::MAX), u64::MAX, 9_999_999_999_999];
    let changed = line.split("\":").map(|part| {
        let behind = part.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
        match extremes.get(rng.random_range(0..5 * extremes.len())) {
            Some(extreme) if behind.len() < part.len() => format!("{extreme}{behind}"),
            _ => part.to_owned(),
        }
    });
    changed.collect::<Vec<_>>().join("\":")
}

/// Plays a recording to the end, without waiting.
fn play(replay: &mut Replay, mut on_news: impl FnMut(&mut Replay, News)) {
    loop {
        match replay.poll_news(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(news)) => on_news(replay, news),
            _ if replay.playback().at_end => return,
            // It goes on reading.
            _ => {}
        }
    }
}

/// Returns a replay of a recording with extreme numbers and repeated states of the node.
fn exaggerated(seed: u64) -> Replay {
    let mut rng = StdRng::seed_from_u64(seed);
    let text = Recording::make(seed, 60).text();
    let first = text.lines().next().unwrap_or_default();
    let again = first.replacen(r#"{"clacks":"recording","#, r#"{"clacks":"snapshot","#, 1);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.jsonl");
    let open = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Replay::open(&path, &[&Version1], 1.0, TimeZone::UTC, |_| {})
    };
    let mut all = first.to_owned() + "\n";
    for line in text.lines().skip(1).flat_map(|line| [line, &again]) {
        let line = exaggerate(line, &mut rng);
        // Invalid recordings are refused.
        if open(&format!("{first}\n{line}\n")).is_ok() {
            all += &line;
            all.push('\n');
        }
    }
    let mut replay = open(&all).unwrap();
    replay.jump(replay.playback().length);
    replay
}

#[test]
fn recordings_with_extreme_numbers_are_played_and_drawn() {
    for seed in 0..3 {
        let mut fixture = Fixture::empty(200, 60);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let mut source = Sources::new(vec![Source::new(exaggerated(seed))]);
        fixture.model.motion = Animations::new(Setting::Full);
        let mut count = 0;
        loop {
            let Some((_, news)) = source.try_next() else {
                if source.replay().is_some_and(|replay| replay.at_end) {
                    break;
                }
                continue;
            };
            if let News::Looked | News::Back { .. } | News::Answer(..) | News::Away(_) = news {
                continue;
            }
            update(&mut fixture.model, source.now(), reported(news));
            let snapshot = source.snapshot(&fixture.model.query());
            update(&mut fixture.model, source.now(), Msg::Refreshed(Box::new(snapshot)));
            // One after the other, each for some time.
            if count % 4 == 0 {
                let key = ['M', 'C', 'T', 'O', 'W', 'H', '?'][count / 4 % 7];
                for code in [KeyCode::Esc, KeyCode::Esc, KeyCode::Tab, KeyCode::Char(key)] {
                    update(&mut fixture.model, source.now(), Msg::Key(code.into()));
                }
            }
            fixture.draw();
            count += 1;
        }
        assert!(count > 30, "{count} events");
    }
}

/// A terminal on which frames are drawn.
struct OnTerminal {
    terminal: vt100::Parser,
    frames: Frames,
}

impl OnTerminal {
    fn new(width: u16, height: u16) -> Self {
        let terminal = vt100::Parser::new(NonZero::new(height).unwrap(), NonZero::new(width).unwrap(), 0);
        Self { terminal, frames: Frames::new(width, height) }
    }

    /// Draws the next frame and checks that every cell is in its column and has its width.
    fn show(&mut self, frame: &Buffer) {
        self.terminal.process(&self.frames.next(frame.clone()));
        let frame = self.frames.last();
        for y in 0..frame.area.height {
            let mut x = 0;
            while x < frame.area.width {
                let symbol = frame[(x, y)].symbol();
                let columns = symbol.cell_width().max(1) + self.frames.trailing_blanks(x, y);
                assert_eq!(
                    self.text(y, x..x + columns).trim_end(),
                    symbol.trim_end(),
                    "{x}, {y} of {frame:?}"
                );
                x += columns;
            }
        }
    }

    fn text(&self, row: u16, columns: std::ops::Range<u16>) -> String {
        let screen = self.terminal.screen();
        columns.filter_map(|column| screen.cell(row, column)).map(|cell| cell.contents().to_owned()).collect()
    }
}

/// Keys that open, move and change the view.
fn keys() -> impl Strategy<Value = Vec<KeyCode>> {
    let plain = [KeyCode::Tab, KeyCode::BackTab, KeyCode::Enter, KeyCode::Esc, KeyCode::Down, KeyCode::End];
    let letters = "bjkMCTOWHy?/:".chars().map(KeyCode::Char);
    vec(select(plain.into_iter().chain(letters).collect::<Vec<_>>()), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_cell_is_in_its_column_whatever_peers_write(
        texts in vec(hostile(), 1..4), (width, height) in (20_u16..140, 5_u16..50), keys in keys(),
    ) {
        let mut fixture = Fixture::busy(width, height);
        let mut terminal = OnTerminal::new(width, height);
        terminal.show(&fixture.draw());
        for (text, number) in texts.iter().zip(1..) {
            fixture.queue.push(queued(20 + number, Message::text(text).as_json(), 3, 2));
            events(text, number).into_iter().for_each(|event| drop(fixture.happen(event)));
            fixture.fail(text.clone());
            fixture.refresh();
            assert_harmless(&fixture);
            terminal.show(&fixture.draw());
        }
        for key in keys {
            fixture.press(key);
            fixture.send(Msg::Paste(texts.concat()));
            assert_harmless(&fixture);
            terminal.show(&fixture.draw());
        }
    }

    #[test]
    fn hostnames_contain_only_letters_digits_and_punctuation(text in hostile()) {
        for hostname in [text.clone(), format!("tower{text}.example.org"), format!("::{text}1")] {
            if let Ok(address) = Address::new(&hostname, 1) {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
                prop_assert!(address.hostname().bytes().all(is_plain), "{:?}", address);
            }
        }
    }
}
