//! Actions of the palette, and text that is typed into it or into a search.

use clacks_language::command::{Command, Step};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{commands::run_unwritten, line::write};
use crate::{
    keymap::key::Key,
    model::Model,
    state::{
        layout::PaletteAreas,
        message::Effect,
        palette::{Palette, PaletteAction},
    },
};

/// The rows that the list has on the screen.
pub(crate) fn menu_rows(model: &Model) -> Rect {
    model.areas().map_or(Rect::default(), |areas| PaletteAreas::of(areas.body).rows)
}

pub(crate) fn go_in_menu(model: &mut Model, step: Step) {
    let height = usize::from(menu_rows(model).height);
    model.menu.iter_mut().for_each(|menu| menu.move_selection(step, height));
}

pub(crate) fn type_into_menu(model: &mut Model, event: KeyEvent) {
    let Some(menu) = &mut model.menu else { return };
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
        KeyCode::Backspace => model.shorten_search(),
        KeyCode::Char(character) if Key::from(event).is_character() => {
            model.type_search(character.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}

/// Runs the selected item of the palette, for the selection at the time when it was opened.
pub fn choose(model: &mut Model) -> Vec<Effect> {
    let Some(menu) = model.menu.take() else { return Vec::new() };
    match menu.selected_item().map(|item| item.action.clone()) {
        Some(PaletteAction::Run(command)) => return run_chosen(model, &menu, command),
        Some(PaletteAction::Confirm(question)) => model.question = Some(question),
        Some(PaletteAction::StartLine(line)) => {
            return write(model, &line);
        }
        // The list stays, for another choice.
        Some(PaletteAction::Unavailable(reason)) => {
            model.complain(reason);
            model.menu = Some(menu);
        }
        Some(PaletteAction::Explanation) | None => model.menu = Some(menu),
    }
    Vec::new()
}

fn run_chosen(model: &mut Model, menu: &Palette, command: Command) -> Vec<Effect> {
    if let Command::View(view) = &command
        && super::palette_items::acts_on_selection(view)
        && let Err(reason) = super::palette_items::select_target(model, menu.target())
    {
        model.complain(reason);
        return Vec::new();
    }
    run_unwritten(model, command)
}
