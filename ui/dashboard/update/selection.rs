//! Opens the life of a message.

use clacks_source::traffic::row::Row;

use crate::{
    model::{Model, overlay::OverlayKind},
    pages::current_message,
};

/// Opens the life of the message that is selected, or that what is open is about.
pub(crate) fn open_biography(model: &mut Model) {
    match current_message(model) {
        Some(message) if is_cut(model) && model.lives.of(&message).is_none() => {
            model.complain("only the beginning of this message is kept, too little to find its life by");
        }
        Some(message) => model.open(OverlayKind::Biography(message)),
        None => model.complain("no message is selected"),
    }
}

/// Whether it is a row of the traffic that keeps only the beginning of its message.
fn is_cut(model: &Model) -> bool {
    let is_cut = |row: &Row| row.cut_from.is_some();
    match &model.overlay {
        Some(overlay) => matches!(&overlay.content, OverlayKind::Row(row) if is_cut(row)),
        None => matches!(model.selection(), Some(OverlayKind::Row(row)) if is_cut(&row)),
    }
}
