//! The ASCII character set.

use clacks_p2p::{
    Message,
    core::{Event, Origin},
};
use clacks_text::charset::Charset;
use crossterm::event::KeyCode;
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use super::fixture::Fixture;
use crate::view::view;

/// Text that breaks a screen, and text in other scripts.
const HOSTILE: &[&str] = &[
    "na\u{ef}ve caf\u{e9} \u{2026} \u{2014}",
    "\u{5854} \u{30af}\u{30e9}\u{30c3}\u{30af}\u{30b9}",
    "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "\u{1f469}\u{200d}\u{1f680} \u{1f1fa}\u{1f1f8} \u{2764}\u{fe0f} \u{1f44d}\u{1f3fd}",
    "e\u{301}\u{323}\u{302}\u{303}\u{304}\u{305} z\u{335}\u{336}",
    "\u{1b}]52;c;aGk=\u{7}\u{9b}2J\u{202e}txt.exe\u{200b}\u{e0041}",
    "\u{2500}\u{2502}\u{2588}\u{28ff} \u{b7} \u{d7}3 new \u{2192} alive",
    "\u{ff21}\u{ff42} \u{3000} \u{a0} \u{fffd}",
];

fn fixture(width: u16, height: u16) -> Fixture {
    let mut fixture = Fixture::busy_in(Charset::Ascii, width, height);
    for (number, text) in HOSTILE.iter().enumerate() {
        let id = (100 + number).to_string().parse().unwrap();
        let (message, origin) = (Message::text(text), Origin::Local);
        fixture.happen(Event::MessageQueued { id, message, origin, since_ms: 0, visits: 1, place: None });
    }
    fixture.fail(HOSTILE[0]);
    fixture
}

/// Returns the bytes for a terminal.
fn written(fixture: &Fixture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let area = Rect::new(0, 0, fixture.model.screen.width, fixture.model.screen.height);
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), options).unwrap();
    terminal.draw(|frame| view(&fixture.model, fixture.model.theme(), frame)).unwrap();
    drop(terminal);
    bytes
}

#[test]
fn every_byte_is_ascii_at_every_size_and_in_every_view() {
    let mut fixture = fixture(80, 24);
    for keys in [&[][..], &[KeyCode::Enter], &[KeyCode::Char('?')], &[KeyCode::Char(':')]] {
        keys.iter().for_each(|key| drop(fixture.press(*key)));
        for (width, height) in [(1, 1), (20, 5), (40, 10), (69, 16), (80, 24), (120, 40), (200, 60)] {
            fixture.resize(width, height);
            let bytes = written(&fixture);
            assert!(bytes.is_ascii(), "{width}x{height}: {}", String::from_utf8_lossy(&bytes));
        }
        fixture.resize(80, 24);
        fixture.press(KeyCode::Esc);
    }
}

#[test]
fn every_message_is_shown_completely_in_ascii() {
    let mut fixture = fixture(200, 60);
    fixture.press(KeyCode::Tab);
    fixture.press(KeyCode::Tab);
    for text in HOSTILE.iter().rev() {
        fixture.press(KeyCode::Enter);
        assert!(written(&fixture).is_ascii(), "{text:?}");
        let screen = fixture.screen();
        let json = Message::text(text);
        for character in json.as_json().chars().filter(|character| !character.is_ascii()) {
            let escape = if character.is_control() {
                format!("\\x{:02x}", u32::from(character))
            } else {
                character.escape_unicode().to_string()
            };
            assert!(screen.contains(&escape), "{character:?} of {text:?}\n{screen}");
        }
        fixture.press(KeyCode::Esc);
        fixture.press(KeyCode::Up);
    }
}

#[test]
fn own_symbols_have_ascii_replacements() {
    let mut fixture = Fixture::busy_in(Charset::Ascii, 120, 40);
    // Except two messages of the queue, which are text of peers.
    let screen = fixture.screen();
    let own = screen.lines().filter(|line| !line.contains(" wide ") && !line.contains("\\x1b"));
    own.for_each(|line| assert!(!line.contains("\\u{"), "{screen}"));
    assert!(fixture.screen().contains("alive -> lost"), "{}", fixture.screen());
    fixture.press(KeyCode::Char('?'));
    for _ in 0..10 {
        assert!(!fixture.screen().contains("\\u{"), "{}", fixture.screen());
        fixture.press(KeyCode::PageDown);
    }
}

#[test]
fn busy() {
    insta::assert_snapshot!(Fixture::busy_in(Charset::Ascii, 80, 24).screen());
}
