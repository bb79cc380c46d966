//! The text of a message while it is edited: the text of a string, in which a colon at the beginning is doubled, or else
//! `:json VALUE`. It is one line without invisible characters, because others would get lost in an input line.

use clacks_feed::{
    Call, Check, Draft, Network, Outcome, Refusal, Text,
    escape::{escaped_json, is_hidden},
    undo::UndoStore,
};
use clacks_p2p::{
    DEFAULT_MAX_DEPTH, Message,
    core::{MessageId, MessageState},
};

use super::{
    action::{from_json, message},
    objection::no_longer_here,
    undo::{Before, Deed},
};
use crate::{ClacksNetwork, description::HELD, rows::message_key};

/// Holds a message, and gives its text to be edited.
pub(super) fn begin(network: &ClacksNetwork, id: MessageId) -> Result<Outcome, Refusal> {
    let mut undo = network.undo();
    let before = network.node().hold_for_edit(id).ok_or_else(|| Refusal::new(no_longer_here(id)))?;
    let text = write(before.message());
    // Another screen may edit it already.
    let token = draft_of(&undo, id).unwrap_or_else(|| undo.push_draft(vec![Before::Draft(before)]));
    let run = network.run();
    let draft = Draft {
        text: text.into(),
        send: Call::new(run, "edit".into(), Text::empty()).on(HELD, [message_key(id)]),
        cancel: Some(Call::new(run, "undo".into(), token.to_string())),
    };
    Ok(Outcome::new(format!("{id} is held while it is edited")).drafting(draft))
}

/// Ends the draft of a message whose text was replaced: the message returns to its place. Its state before the draft.
/// `None`: there is no draft of it.
pub(super) fn finish(network: &ClacksNetwork, id: MessageId) -> Option<MessageState> {
    let mut undo = network.undo();
    let token = draft_of(&undo, id)?;
    let deed = undo.pop(&token.to_string(), network.now().uptime).ok()?;
    let Some(Before::Draft(before)) = deed.into_iter().next() else { return None };
    if before.held().is_none() {
        network.node().release_to_place(id);
    }
    Some(before)
}

/// The token of the draft of a message.
fn draft_of(undo: &UndoStore<Deed>, id: MessageId) -> Option<u64> {
    let is_of = |before: &Before| matches!(before, Before::Draft(state) if state.queued().id == id);
    undo.drafts().find(|(_, deed)| deed.iter().any(is_of)).map(|(token, _)| token)
}

/// The text that [`read`] makes this message of.
fn write(message: &Message) -> String {
    // A string with a lone surrogate is none of characters.
    let text: Option<String> = serde_json::from_str(message.as_json()).ok();
    let text = text.filter(|text| text.trim() == text && !text.contains(is_hidden));
    match text {
        Some(text) if text.starts_with(':') => format!(":{text}"),
        Some(text) => text,
        None => format!(":json {}", escaped_json(&message.as_json_line())),
    }
}

/// The new text of a message, which is written as a line to send: `:json VALUE`, or a text, in which a colon at the
/// beginning is doubled.
pub(super) fn read(text: &Text) -> Result<Message, Check> {
    let typed = text.untrusted();
    if let Some(json) = typed.strip_prefix(":json ") {
        return from_json(json);
    }
    match typed.strip_prefix(':') {
        None => Ok(message(text)),
        Some(plain) if plain.starts_with(':') => Ok(Message::text(plain)),
        Some(_) if ":json ".starts_with(typed) => Err(Check::Begun),
        Some(_) => Err(Check::wrong(NOT_A_TEXT)),
    }
}

const NOT_A_TEXT: &str = "the new text of a message is a line of text, or :json VALUE";

/// Why a line is not the new text of a message.
pub(super) fn not_a_text(typed: &str) -> Option<String> {
    if let Some(json) = typed.strip_prefix(":json ") {
        return Message::from_json(json, DEFAULT_MAX_DEPTH).err().map(|error| error.to_string());
    }
    (typed.starts_with(':') && !typed.starts_with("::")).then(|| NOT_A_TEXT.to_owned())
}
