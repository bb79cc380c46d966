//! Opens the history of a message.

use clacks_source::traffic::row::Row;

use crate::{model::Model, pages::current_message, state::overlay::OverlayKind};

/// Opens the history of the message in the overlay, or else of the selected message.
pub(crate) fn open_biography(model: &mut Model) {
    match current_message(model) {
        Some(message) if is_cut(model) && model.histories.of_json(message.untrusted()).is_none() => {
            model.notify_error("only the beginning of this message is kept, too little to find its life by");
        }
        Some(message) => model.open(OverlayKind::Biography(message)),
        None => model.notify_error("no message is selected"),
    }
}

/// Whether the selected row of the traffic stores only the beginning of its message.
fn is_cut(model: &Model) -> bool {
    let is_cut = |row: &Row| row.cut_from.is_some();
    match &model.overlay {
        Some(overlay) => matches!(&overlay.content, OverlayKind::Row(row) if is_cut(row)),
        None => matches!(model.selection(), Some(OverlayKind::Row(row)) if is_cut(&row)),
    }
}
