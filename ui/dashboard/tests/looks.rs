//! Choosing a theme.

use clacks_widgets::theme::Theme;
use crossterm::event::KeyCode;

use super::fixture::Fixture;

fn named(fixture: &Fixture, name: &str) -> Theme {
    fixture.model.looks.find(name).unwrap().1
}

#[test]
fn a_theme_is_shown_while_its_name_is_written_and_kept_with_enter() {
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
fn leaving_the_input_puts_the_former_theme_back() {
    let mut fixture = Fixture::busy(80, 24);
    fixture.write(":theme light");
    assert_eq!(fixture.model.theme(), named(&fixture, "light"));
    fixture.press(KeyCode::Esc);
    assert_eq!(fixture.model.theme(), Theme::default());
}

#[test]
fn a_theme_that_there_is_not_changes_nothing_and_is_told() {
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
