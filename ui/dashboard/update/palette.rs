//! Actions of the palette, and text typed into the palette or a search.

use clacks_language::command::{Command, Step};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{commands::run_with_confirmation, line::start_line};
use crate::{
    model::Model,
    state::{
        key::Key,
        layout::PaletteAreas,
        message::Effect,
        palette::{Palette, PaletteAction},
    },
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

/// Runs the selected item of the palette, for the selection at the time when it was opened.
pub fn run_selected(model: &mut Model) -> Vec<Effect> {
    let Some(menu) = model.palette.take() else { return Vec::new() };
    match menu.selected_item().map(|item| item.action.clone()) {
        Some(PaletteAction::Run(command)) => return run_command(model, &menu, command),
        Some(PaletteAction::Confirm(question)) => model.question = Some(question),
        Some(PaletteAction::StartLine(line)) => {
            return start_line(model, &line);
        }
        // The palette stays open for another choice.
        Some(PaletteAction::Unavailable(reason)) => {
            model.notify_error(reason);
            model.palette = Some(menu);
        }
        Some(PaletteAction::Explanation) | None => model.palette = Some(menu),
    }
    Vec::new()
}

fn run_command(model: &mut Model, menu: &Palette, command: Command) -> Vec<Effect> {
    if let Command::View(view) = &command
        && super::palette_items::acts_on_selection(view)
        && let Err(reason) = super::palette_items::select_target(model, menu.target())
    {
        model.notify_error(reason);
        return Vec::new();
    }
    run_with_confirmation(model, command)
}
