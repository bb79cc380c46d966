//! Mouse input.

use clacks_language::command::Step;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{
    line::write,
    navigation::{moved, scroll, step},
    palette::{go_in_menu, menu_rows},
};
use crate::{
    model::{
        Model,
        focus::{FocusOwner, OpenOverlay},
        traffic::LogCursor,
    },
    state::{
        layout::{Areas, Pane},
        lists::Anchor,
        message::Effect,
    },
};

/// How many rows a turn of the wheel moves.
const WHEEL: usize = 3;

pub(crate) fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    let position = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(model, position, Step::Up),
        MouseEventKind::ScrollDown => wheel(model, position, Step::Down),
        MouseEventKind::Down(button) => match model.focus_owner() {
            // It takes the question back.
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
    match model.next_owner() {
        FocusOwner::Menu => select_in_menu(model, position),
        FocusOwner::Overlay(OpenOverlay::Map) | FocusOwner::Search(OpenOverlay::Map) => {
            super::map::select_at(model, position);
            return moved(model);
        }
        FocusOwner::Overlay(_) | FocusOwner::Search(_) => {}
        // Who writes already goes on with that.
        owner if owner.is_input() && areas.input.contains(position) => {}
        // Where no message can be sent, it is for commands.
        _ if areas.input.contains(position) => {
            return write(model, if model.replay.is_some() { ":" } else { "" });
        }
        _ => {
            let Some((pane, row)) = areas.pane_at(position) else { return Vec::new() };
            model.focus_list(pane);
            if pane == Pane::Map {
                super::map::select_at(model, position);
                return moved(model);
            }
            select_row(model, row);
        }
    }
    Vec::new()
}

fn select_in_menu(model: &mut Model, position: Position) {
    let rows = menu_rows(model);
    if let Some(menu) = model.menu.as_mut().filter(|_| rows.contains(position)) {
        menu.select_row(usize::from(position.y - rows.y), usize::from(rows.height));
    }
}

/// Scrolls what the pointer is over; what is selected stays on its row of the screen.
fn wheel(model: &mut Model, position: Position, by: Step) -> Vec<Effect> {
    match model.next_owner() {
        FocusOwner::Menu => {
            (0..WHEEL).for_each(|_| go_in_menu(model, by));
            return Vec::new();
        }
        FocusOwner::Overlay(_) | FocusOwner::Search(_) => {
            (0..WHEEL).for_each(|_| scroll(model, by));
            return Vec::new();
        }
        _ => {}
    }
    let Some((pane, _)) = model.areas().and_then(|areas| areas.pane_at(position)) else { return Vec::new() };
    let focused = std::mem::replace(&mut model.pane, pane);
    let rows = if by == Step::Up { -WHEEL.cast_signed() } else { WHEEL.cast_signed() };
    let (peer_row, message_row) = (model.peers.row, model.queue.row);
    match pane {
        Pane::Traffic => scroll_log(model, rows),
        Pane::Peers | Pane::Queue => step(model, rows),
        Pane::Map => {}
    }
    (model.peers.row, model.queue.row, model.pane) = (peer_row, message_row, focused);
    moved(model)
}

fn scroll_log(model: &mut Model, by: isize) {
    let (Some(position), top) = (model.log_position(), model.log_top()) else { return };
    let target = position.saturating_add_signed(by);
    if target >= model.log.len() {
        model.log_cursor = LogCursor::Following;
        return;
    }
    model.show_log_row(target, position.saturating_sub(top).min(target));
}

fn select_row(model: &mut Model, row: Option<usize>) {
    let Some(row) = row else { return };
    let height = model.height(model.pane);
    match model.pane {
        Pane::Map => {}
        Pane::Peers => {
            if let Some(peer) = model.peers.visible(height).0.get(row) {
                (model.peers.selected, model.peers.row) = (Anchor::At(peer.address.clone()), row);
            }
        }
        Pane::Queue => {
            let top = model.queue.list_index.saturating_sub(model.queue.row);
            if let Some(queued) = model.queue.visible(height).0.get(row) {
                (model.queue.selected, model.queue.row, model.queue.list_index) =
                    (Anchor::At(queued.id), row, top + row);
            }
        }
        Pane::Traffic => {
            let position = model.log_top() + row;
            if position < model.log.len() {
                model.freeze_log_at(position);
            }
        }
    }
}
