//! Mouse input.

use std::sync::Arc;

use clacks_language::command::Step;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{
    line::start_line,
    navigation::{after_move, move_by, scroll},
    palette::{list_area, move_palette_selection},
    panes,
};
use crate::{
    model::{Model, focus::FocusOwner},
    state::{
        layout::{Areas, Pane},
        log_cursor::LogCursor,
        message::Effect,
        overlay::OpenOverlay,
    },
};

/// Rows per step of the wheel.
const WHEEL_ROWS: usize = 3;

pub(crate) fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    let position = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(model, position, Step::Up),
        MouseEventKind::ScrollDown => wheel(model, position, Step::Down),
        MouseEventKind::Down(button) => match model.focus_owner() {
            // A click answers no.
            FocusOwner::Question => {
                model.question = None;
                Vec::new()
            }
            _ if button == MouseButton::Left => click(model, &areas, position),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, areas: &Areas, position: Position) -> Vec<Effect> {
    match model.focus_after_question() {
        FocusOwner::Palette => select_in_palette(model, position),
        FocusOwner::Overlay(OpenOverlay::Pane(_)) | FocusOwner::Search(OpenOverlay::Pane(_)) => {
            panes::click(model, position);
            return after_move(model);
        }
        FocusOwner::Overlay(_) | FocusOwner::Search(_) => {}
        // A click on the input while typing has no effect.
        owner if owner.is_input() && areas.input.contains(position) => {}
        // In a replay the input is for commands.
        _ if areas.input.contains(position) => {
            return start_line(model, if model.replay.is_some() { ":" } else { "" });
        }
        _ if model.open_overlay().is_some() => model.focus_last_list(),
        _ => {
            let Some((pane, row)) = areas.pane_at(position) else { return Vec::new() };
            model.focus_list(pane);
            if pane == Pane::Column {
                panes::click(model, position);
                return after_move(model);
            }
            if sort_at(model, pane, position) {
                return after_move(model);
            }
            select_row(model, row);
        }
    }
    Vec::new()
}

/// Sorts a list by the column whose title is at a position. Returns whether there is one.
fn sort_at(model: &mut Model, pane: Pane, position: Position) -> bool {
    let Some(id) = model.list_of(pane) else { return false };
    let network = model.networks.active_mut();
    let description = Arc::clone(&network.description);
    let Some(list) = network.list_mut(id) else { return false };
    let column = list.drawn.borrow().column_at(position);
    let column = column.and_then(|column| description.list(id)?.columns.get(column));
    column.into_iter().for_each(|column| list.sort_by(column));
    column.is_some()
}

fn select_in_palette(model: &mut Model, position: Position) {
    let rows = list_area(model);
    if let Some(menu) = model.palette.as_mut().filter(|_| rows.contains(position)) {
        menu.select_row(usize::from(position.y - rows.y), usize::from(rows.height));
    }
}

/// Scrolls the list or overlay under the pointer. The selection keeps its row on the screen.
fn wheel(model: &mut Model, position: Position, by: Step) -> Vec<Effect> {
    match model.focus_after_question() {
        FocusOwner::Palette => {
            (0..WHEEL_ROWS).for_each(|_| move_palette_selection(model, by));
            return Vec::new();
        }
        _ if model.open_overlay().is_some() => {
            (0..WHEEL_ROWS).for_each(|_| scroll(model, by));
            return Vec::new();
        }
        _ => {}
    }
    let Some((pane, _)) = model.areas().and_then(|areas| areas.pane_at(position)) else { return Vec::new() };
    let focused = std::mem::replace(&mut model.pane, pane);
    let rows = if by == Step::Up { -WHEEL_ROWS.cast_signed() } else { WHEEL_ROWS.cast_signed() };
    let list = model.list_of(pane).filter(|_| pane != Pane::Column);
    let row = list.and_then(|list| model.networks.active().list(list)).map_or(0, |list| list.row);
    match pane {
        Pane::Traffic => scroll_log(model, rows),
        Pane::Peers | Pane::Queue => move_by(model, rows),
        Pane::Column => {}
    }
    model.pane = focused;
    list.and_then(|list| model.networks.active_mut().list_mut(list))
        .into_iter()
        .for_each(|list| list.row = row);
    after_move(model)
}

fn scroll_log(model: &mut Model, by: isize) {
    let (Some(position), top) = (model.log_position(), model.log_top()) else { return };
    let target = position.saturating_add_signed(by);
    if target >= model.log.len() {
        model.log_cursor = LogCursor::Following;
        return;
    }
    model.freeze_log_at_row(target, position.saturating_sub(top).min(target));
}

fn select_row(model: &mut Model, row: Option<usize>) {
    let Some(row) = row else { return };
    let height = model.height(model.pane);
    match model.pane {
        Pane::Column => {}
        pane @ (Pane::Peers | Pane::Queue) => {
            let list = model.list_of(pane).and_then(|list| model.networks.active_mut().list_mut(list));
            list.into_iter().for_each(|list| list.select_on_screen(row, height));
        }
        Pane::Traffic => {
            let position = model.log_top() + row;
            if position < model.log.len() {
                model.freeze_log_at(position);
            }
        }
    }
}
