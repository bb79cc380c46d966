//! Selection of a theme.

use clacks_widgets::theme::Theme;
use crossterm::event::KeyCode;

use super::fixture::Fixture;

fn named(fixture: &Fixture, name: &str) -> Theme {
    fixture.model.themes.find(name).unwrap().1
}

#[test]
fn a_theme_is_previewed_while_typed_and_selected_with_enter() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("tdark");
    assert_eq!(fixture.model.theme(), named(&fixture, "dark"));
    (0..4).for_each(|_| drop(fixture.press(KeyCode::Backspace)));
    assert_eq!(fixture.model.theme(), Theme::default(), "no name, no other theme");
    fixture.write("mono");
    assert_eq!(fixture.model.theme(), named(&fixture, "mono"));
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.model.theme(), named(&fixture, "mono"));
    assert!(fixture.screen().contains("the theme is mono now"), "{}", fixture.screen());
}

#[test]
fn leaving_the_input_restores_the_theme() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":theme light");
    assert_eq!(fixture.model.theme(), named(&fixture, "light"));
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.model.theme(), Theme::default());
}

#[test]
fn an_unknown_theme_is_an_error() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write("tsepia");
    fixture.press(KeyCode::Enter);
    assert_eq!(fixture.model.theme(), Theme::default());
    assert!(
        fixture.screen().contains("there is no theme sepia; there are auto, dark,"),
        "{}",
        fixture.screen()
    );
}
