//! No size of the terminal breaks the dashboard.

use crossterm::event::KeyCode;

use super::{
    super::{
        motion::{Animations, Setting},
        update::Effect,
    },
    fixture::Fixture,
};

#[test]
fn every_size_is_drawn_without_a_panic() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.model.motion = Animations::new(Setting::Full);
    let keys =
        [KeyCode::Enter, KeyCode::Char('?'), KeyCode::Char('i'), KeyCode::Char('M'), KeyCode::Char('z')];
    for key in std::iter::once(None).chain(keys.map(Some)) {
        key.into_iter().for_each(|key| drop(fixture.press(key)));
        for width in (0..130).step_by(7).chain([159, 179, 180, 200, 250]) {
            for height in (0..46).step_by(3).chain([4, 5, 7, 8, 16, 17, 29, 44, 60, 80]) {
                fixture.resize(width, height);
                fixture.draw();
            }
        }
        fixture.resize(80, 24);
        fixture.press(KeyCode::Esc);
    }
}

#[test]
fn a_terminal_that_shrank_before_the_frame_was_drawn_is_no_panic() {
    let mut fixture = Fixture::busy(200, 60);
    for key in [None, Some(KeyCode::Enter), Some(KeyCode::Esc), Some(KeyCode::Char('i'))] {
        key.into_iter().for_each(|key| drop(fixture.press(key)));
        for (width, height) in [(0, 0), (1, 1), (19, 4), (199, 1), (1, 59), (80, 24)] {
            fixture.draw_on(width, height);
        }
    }
}

#[test]
fn where_nothing_is_shown_no_key_acts_but_those_that_leave() {
    let mut fixture = Fixture::busy(19, 4);
    for key in ['I', 'U', 'F', 'a', 'x', 'i', ':'] {
        assert_eq!(fixture.press(KeyCode::Char(key)), [], "{key}");
    }
    assert!(fixture.model.input.draft().is_empty());
    assert_eq!(fixture.press(KeyCode::Char('q')), []);
    assert!(fixture.screen().contains("q drops 6"), "{}", fixture.screen());
    assert_eq!(fixture.press(KeyCode::Char('q')), [Effect::Quit]);
}

#[test]
fn every_key_is_harmless_at_every_size() {
    for (width, height) in [(0, 0), (19, 4), (20, 5), (40, 10), (69, 16), (80, 24), (120, 40), (200, 60)] {
        let mut fixture = Fixture::busy(width, height);
        let bindings = fixture.model.keymap.bindings().iter();
        let keys: Vec<_> = bindings.flat_map(|binding| &binding.keys).map(|(_, key)| key.event()).collect();
        for key in keys.repeat(3) {
            fixture.key(key);
            fixture.draw();
        }
    }
}
