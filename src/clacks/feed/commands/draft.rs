//! The text of a message while it is edited: the text of a string, in which a colon at the beginning is doubled, or else
//! `:json VALUE`. It is one line without invisible characters, because others would get lost in an input line.

use std::sync::Arc;

use clacks_feed::{
    Call, Check, Doing, Draft, Network, Outcome, Refusal, Text,
    args::{Argument, Arguments},
    description::{Need, Takes},
    escape::{escaped_json, is_hidden},
    undo::UndoStore,
};
use clacks_p2p::{
    DEFAULT_MAX_DEPTH, Message,
    core::{MessageId, MessageState, ReplaceError},
};

use super::{
    Action, Command, Done, Read, at_once, means,
    messages::{from_json, message, no_longer_here, not_here, warning_of_size},
    reading::ids,
    undo::{Before, Deed, undoable},
};
use crate::{ClacksNetwork, description::HELD, rows::message_key};

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "edit",
    "change the text of a queued or held message; without TEXT, edit its present text on the screen",
    read_edit,
)
.described(|spec| {
    spec.on(&["queue", "held"])
        .arg("NUMBER", &[Takes::item("queue"), Takes::item("held")], Need::One)
        .arg("TEXT", &[Takes::Text], Need::OptionalRest)
        .verbs("change", "changed")
        .key('e')
        .with_example("7")
})
.wrong(|network, typed| {
    let (number, new) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    match number.parse() {
        Ok(id) => not_here(network.node(), id).or_else(|| not_a_text(new)),
        Err(_) => Some(NO_NUMBER.to_owned()),
    }
})];

const NO_NUMBER: &str = "a message is named by its number, which Tab offers and :queue lists";

/// Changes the text of a message.
enum Edit {
    /// Holds it, so that its text can be edited.
    Begin(MessageId),
    Replace(MessageId, Message),
}

fn read_edit(_: &ClacksNetwork, call: &Call, arguments: &Arguments) -> Read {
    match (&ids(call, arguments)[..], arguments.values.first()) {
        ([id], Some(Argument::Text(text))) => means(Edit::Replace(*id, read(text)?)),
        ([id], _) => means(Edit::Begin(*id)),
        _ => Err(Check::wrong("one message can be changed at a time")),
    }
}

impl Action for Edit {
    fn objection(&self, network: &ClacksNetwork) -> Option<String> {
        let node = network.node();
        match self {
            Self::Begin(id) => not_here(node, *id),
            Self::Replace(id, message) => match node.check_replace(*id, message) {
                Ok(()) => None,
                Err(ReplaceError::NotHere) => not_here(node, *id),
                Err(error) => Some(format!("{id} is as it was: {error}")),
            },
        }
    }

    fn begin(self: Box<Self>, network: Arc<ClacksNetwork>) -> Doing {
        at_once(match *self {
            Self::Begin(id) => begin(&network, id),
            Self::Replace(id, message) => replace(&network, id, message),
        })
    }
}

fn replace(network: &ClacksNetwork, id: MessageId, message: Message) -> Done {
    let (node, size) = (network.node(), message.size());
    let before = node
        .replace_undoable(id, message)
        .map_err(|error| Refusal::new(format!("{id} is as it was: {error}")))?;
    let before = finish(network, id).unwrap_or(before);
    let outcome = Outcome::new(format!("changed {id}{}", warning_of_size(size)));
    Ok(undoable(network, outcome, vec![Before::Messages(vec![before])]))
}

/// Holds a message, and gives its text to be edited.
fn begin(network: &ClacksNetwork, id: MessageId) -> Done {
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
fn finish(network: &ClacksNetwork, id: MessageId) -> Option<MessageState> {
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
fn read(text: &Text) -> Result<Message, Check> {
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
fn not_a_text(typed: &str) -> Option<String> {
    if let Some(json) = typed.strip_prefix(":json ") {
        return Message::from_json(json, DEFAULT_MAX_DEPTH).err().map(|error| error.to_string());
    }
    (typed.starts_with(':') && !typed.starts_with("::")).then(|| NOT_A_TEXT.to_owned())
}
