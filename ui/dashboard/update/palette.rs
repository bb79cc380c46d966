//! Moving in the palette, and text typed into the palette or a search.

use clacks_language::command::Step;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use crate::{
    model::Model,
    state::{key::Key, layout::PaletteAreas},
};

/// Returns the area of the list of the palette.
pub(crate) fn list_area(model: &Model) -> Rect {
    model.areas().map_or(Rect::default(), |areas| PaletteAreas::of(areas.body).rows)
}

pub(crate) fn move_palette_selection(model: &mut Model, step: Step) {
    let height = usize::from(list_area(model).height);
    model.palette.iter_mut().for_each(|menu| menu.move_selection(step, height));
}

pub(crate) fn type_into_palette(model: &mut Model, event: KeyEvent) {
    let Some(menu) = &mut model.palette else { return };
    match event.code {
        KeyCode::Backspace => menu.pop_query(),
        KeyCode::Char(character) if Key::from(event).is_character() => {
            menu.push_query(character.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}

pub(crate) fn type_into_search(model: &mut Model, event: KeyEvent) {
    match event.code {
        KeyCode::Backspace => model.pop_query(),
        KeyCode::Char(character) if Key::from(event).is_character() => {
            model.push_query(character.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}
