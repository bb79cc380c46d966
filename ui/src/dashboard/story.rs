//! Opens the life of a message.

use clacks_p2p::Message;

use super::model::{Content, Model, Overlay};

/// Opens the life of the message that is selected, or that what is open is about.
pub(super) fn open_biography(model: &mut Model) {
    match message(model) {
        Some(message) => model.open(Content::Biography(message)),
        None => model.complain("no message is selected"),
    }
}

/// The message that is selected, or that what is open is about.
pub(super) fn message(model: &Model) -> Option<Message> {
    match &model.overlay {
        Some(Overlay { content: Content::Overhead(souls), .. }) => souls.message(model.shown_lives()),
        Some(Overlay { content: Content::Held, .. }) => {
            model.held.list.selected_message().map(|held| held.queued.message.clone())
        }
        Some(overlay) => overlay.content.message().cloned(),
        None => model.selection()?.message().cloned(),
    }
}
