//! A list of any network in a table.

use clacks_feed::description::ListId;
use clacks_text::value::ValueFormat;
use clacks_widgets::{
    table::{Table, rows_area},
    theme::Theme,
};
use ratatui::{Frame, layout::Rect};

use super::{address_labels, list_notes::ListNotes};
use crate::{
    keymap::KeyContext,
    model::{Model, focus::FocusOwner},
    pages::keys::with_keys_in,
    state::layout::Pane,
};

const NO_MATCH: &[&str] =
    &["no row matches the filter", "{:prompt :only } changes it, {:close} shows all rows"];

/// Draws the list of a pane.
pub(crate) fn draw_pane(model: &Model, theme: Theme, pane: Pane, area: Rect, frame: &mut Frame<'_>) {
    if let Some(list) = model.list_of(pane) {
        draw(model, theme, (list, Some(pane)), area, frame);
    }
}

/// Draws the list of the open overlay.
pub(crate) fn draw_overlay(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    if let Some(list) = model.overlay_list() {
        draw(model, theme, (list, None), area, frame);
    }
}

/// Draws a list. `pane` is `None` for an overlay, which has the focus.
fn draw(
    model: &Model,
    theme: Theme,
    (list, pane): (ListId, Option<Pane>),
    area: Rect,
    frame: &mut Frame<'_>,
) {
    let network = model.networks.active();
    let Some((spec, state)) = network.description.list(list).zip(network.list(list)) else { return };
    let (rows, selected) = state.visible(usize::from(rows_area(area).height));
    let first = state.first.map(|first| {
        // The visible rows are a part of the known ones.
        let skipped = rows.first().and_then(|row| state.rows.iter().position(|known| known.key == row.key));
        first.saturating_add(skipped.unwrap_or(0) as u64)
    });
    let mut notes = ListNotes::of(model, spec.name.as_str(), area.width, theme);
    if state.filter.is_some() {
        notes.empty = Some(NO_MATCH);
    }
    let hints: Vec<&str> = spec.empty.iter().map(clacks_feed::Label::as_str).collect();
    let hints = notes.empty.unwrap_or(&hints);
    let context = pane.map_or(KeyContext::Held, KeyContext::from);
    let empty: Vec<String> = hints.iter().map(|line| with_keys_in(model, context, line)).collect();
    let other_names: Vec<&str> = address_labels::in_traffic(model).collect();
    let table = Table {
        rows,
        first,
        total: state.total,
        filter: state.filter.as_deref().map(|filter| (state.total_unfiltered(), filter)),
        counts: &state.counts,
        sort: state.sort.as_ref(),
        ready: state.ready,
        refused: state.refused.as_ref(),
        selected,
        marked: state.marks.len(),
        is_marked: &|key| state.marks.contains(key),
        has_focus: match model.focus_below_palette() {
            FocusOwner::List(focused) => pane == Some(focused),
            owner => pane.is_none() && !owner.is_input(),
        },
        is_current: pane.is_none_or(|pane| model.pane == pane),
        badge: (pane.is_some() && model.is_zoomed).then_some("ZOOM"),
        notes: &notes.title,
        empty: &empty,
        other_names: &other_names,
        ..Table::new(
            &network.description,
            list,
            ValueFormat::new(&network.description, network.fetched, theme.charset)
                .naming(Some(network.names.all())),
            theme,
        )
    };
    let drawn = table.draw(&mut state.table_layout.borrow_mut(), area, frame.buffer_mut());
    state.drawn.replace(drawn);
}
