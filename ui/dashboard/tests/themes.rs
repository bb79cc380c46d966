//! Snapshot of all themes: a map with one letter per style, and the style of each letter.

use std::fmt::Write;

use clacks_widgets::{theme::words::in_words, theme_selection::ThemeSelection};
use crossterm::event::KeyCode;
use ratatui::buffer::{Buffer, Cell};

use super::fixture::Fixture;

/// Returns a busy screen with an error.
fn screen(theme: &str) -> Fixture {
    let mut fixture = Fixture::busy(80, 24);
    fixture.model.themes = ThemeSelection::default();
    fixture.model.themes.choose(theme).unwrap();
    fixture.press(KeyCode::Down);
    fixture.fail("no such thing");
    fixture
}

fn style(cell: &Cell) -> String {
    in_words(cell.style()).replace("default on default", "").replace(" on default", "").trim().to_owned()
}

/// Returns the map row by row, and the styles in order of appearance.
fn mapped(buffer: &Buffer) -> String {
    let mut styles: Vec<String> = Vec::new();
    let mut map = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width)) {
        let row: String = row.iter().map(|cell| letter(&mut styles, style(cell))).collect();
        writeln!(map, "{}", row.trim_end_matches('.')).unwrap();
    }
    for (style, letter) in styles.iter().zip('a'..) {
        writeln!(map, "{letter} {style}").unwrap();
    }
    map
}

fn letter(styles: &mut Vec<String>, style: String) -> char {
    if style.is_empty() {
        return '.';
    }
    let at = styles.iter().position(|known| *known == style).unwrap_or(styles.len());
    if at == styles.len() {
        styles.push(style);
    }
    ('a'..).nth(at).unwrap()
}

#[test]
fn every_theme() {
    let names: Vec<String> = ThemeSelection::default().names().map(str::to_owned).collect();
    let maps = names.iter().map(|name| format!("=== {name}\n{}", mapped(&screen(name).draw())));
    insta::assert_snapshot!(maps.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_selected_row_is_reversed_and_marked_in_every_theme() {
    for name in ThemeSelection::default().names() {
        let buffer = screen(name).draw();
        let row = buffer.content().chunks(80).find(|row| row[0].symbol() == ">").unwrap();
        let pane = row.iter().take_while(|cell| cell.symbol() != "\u{2502}");
        assert!(pane.clone().count() > 20, "{name}");
        for cell in pane {
            assert!(style(cell).contains("reversed"), "{name}: {:?}", style(cell));
            assert!(!style(cell).contains("dim"), "{name}: {:?}", style(cell));
        }
    }
}

#[test]
fn without_colours_no_cell_has_a_colour_in_any_view() {
    let mut fixture = screen("mono");
    for key in [KeyCode::Null, KeyCode::Enter, KeyCode::Char('?'), KeyCode::Char(':')] {
        fixture.press(key);
        for cell in fixture.draw().content() {
            assert_eq!((cell.fg, cell.bg), Default::default(), "{cell:?}");
        }
        fixture.press(KeyCode::Esc);
    }
}
