//! Moving in the lists and in what is open over them.

use clacks_language::command::Step;
use clacks_source::time_series::Chart;

use super::selection;
use crate::{
    model::{
        Model,
        focus::{OpenOverlay as Kind, Selecting},
        overlay::OverlayKind,
        traffic::LogCursor,
    },
    state::{
        layout::Pane,
        lists::{Anchor, row_after_move},
        message::Effect,
    },
};

/// Moves the focus to another list, or selects another chart if the charts are open.
pub fn turn(model: &mut Model, by: isize) {
    if model.is_open(Kind::Charts) {
        let all_fit = model.areas().is_some_and(|areas| crate::state::layout::fits_all_charts(areas.body));
        model.chart = Chart::turned(model.chart, by, all_fit);
    } else if model.open_overlay().is_none() {
        let panes = Pane::visible_on(model.screen);
        let at = panes.iter().position(|pane| *pane == model.pane).unwrap_or(0);
        model.pane = panes[(at + panes.len()).saturating_add_signed(by) % panes.len()];
    }
}

/// Opens a picture, or closes it if it is open.
pub(crate) fn open_picture(model: &mut Model, picture: OverlayKind) {
    if model.is_open(picture.kind()) {
        model.close();
    } else {
        model.open(picture);
    }
}

/// Fetches the lists, even while they are frozen.
pub fn moved(model: &mut Model) -> Vec<Effect> {
    model.has_moved = true;
    model.queue.lost = None;
    vec![Effect::Refresh]
}

/// Moves the selection in the list that has the focus.
pub fn go(model: &mut Model, by: Step) {
    if model.selecting() == Selecting::List(Pane::Map) {
        return super::map::step(model, by);
    }
    let page = model.height(model.pane).saturating_sub(1).max(1);
    match by {
        Step::Up => step(model, -1),
        Step::Down => step(model, 1),
        Step::PageUp => step(model, -page.cast_signed()),
        Step::PageDown => step(model, page.cast_signed()),
        Step::Top => go_to_end(model, true),
        Step::Bottom => go_to_end(model, false),
        Step::Left | Step::Right => {}
    }
}

fn go_to_end(model: &mut Model, top: bool) {
    match model.pane {
        Pane::Map => {}
        Pane::Peers => model.peers.selected = if top { Anchor::First } else { Anchor::Last },
        Pane::Queue => model.queue.selected = if top { Anchor::First } else { Anchor::Last },
        Pane::Traffic if top => model.freeze_log_at(0),
        Pane::Traffic => model.log_cursor = LogCursor::Following,
    }
}

/// Moves the selection by rows, down if `by` is positive. Stops at the ends.
pub fn step(model: &mut Model, by: isize) {
    let height = model.height(model.pane);
    match model.pane {
        Pane::Peers => {
            let Some(index) = model.peers.index() else { return };
            let target = index.saturating_add_signed(by).min(model.peers.window.len() - 1);
            model.peers.selected = Anchor::At(model.peers.window[target].address.clone());
            model.peers.row = row_after_move(model.peers.row, index, target, height);
        }
        Pane::Queue => {
            model.queue.move_by(by, height);
        }
        Pane::Traffic => step_log(model, by, height),
        Pane::Map => {}
    }
}

fn step_log(model: &mut Model, by: isize, height: usize) {
    let (Some(position), top) = (model.log_position(), model.log_top()) else { return };
    let last = model.log.len() - 1;
    let target = position.saturating_add_signed(by).min(last);
    if target == last && by > 0 {
        model.log_cursor = LogCursor::Following;
    } else {
        let row = row_after_move(position.saturating_sub(top), position, target, height);
        model.show_log_row(target, row);
    }
}

pub(crate) fn scroll(model: &mut Model, by: Step) {
    let page = model.overlay_height();
    match model.selecting() {
        Selecting::Held => {
            model.has_opened = true;
            return model.held.move_selection(by, page);
        }
        // The map has no rows.
        Selecting::List(_) => return,
        Selecting::Overhead | Selecting::Text | Selecting::Picture => {}
    }
    let Some(mut overlay) = model.overlay.take() else { return };
    let is_list = match &mut overlay.content {
        OverlayKind::Overhead(souls) => {
            souls.move_by(model.shown_lives(), by.rows(page), page);
            true
        }
        _ => false,
    };
    let overlay = model.overlay.insert(overlay);
    if is_list {
        return;
    }
    overlay.scrolled = match by {
        Step::Up => overlay.scrolled.saturating_sub(1),
        Step::Down => overlay.scrolled.saturating_add(1),
        Step::PageUp => overlay.scrolled.saturating_sub(page),
        Step::PageDown => overlay.scrolled.saturating_add(page),
        Step::Top => 0,
        Step::Bottom => usize::MAX,
        Step::Left | Step::Right => return,
    };
    model.stop_at_the_end();
}

/// What Enter does where something is open: in a list it opens what is selected, otherwise it closes.
pub(crate) fn open_within(model: &mut Model) {
    match model.selecting() {
        Selecting::Overhead => selection::open_biography(model),
        Selecting::List(_) | Selecting::Held => open(model),
        Selecting::Text | Selecting::Picture => model.close(),
    }
}

/// Opens the selected item in an overlay. Does nothing without a selection.
pub fn open(model: &mut Model) {
    if let Some(content) = model.selection() {
        model.open(content);
    }
}
