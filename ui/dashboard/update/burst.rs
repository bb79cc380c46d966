//! Keys that arrived faster than typing: a paste in a terminal that does not mark pastes, or a held key.

use std::mem;

use clacks_language::command::{Command, ViewCommand};
use clacks_terminal::decoder::text_of;
use crossterm::event::{KeyCode, KeyEvent};

use super::{
    keys::on_key,
    paste::{append_paste, on_paste},
};
use crate::{
    model::Model,
    state::{key::Key, message::Effect},
};

/// Handles keys that arrived faster than typing. They are a paste, unless they only move. While text is typed,
/// editing keys edit the line, as if they were typed over a slow connection. No other key has an effect.
pub(crate) fn on_burst(model: &mut Model, keys: Vec<KeyEvent>) -> Vec<Effect> {
    let text: String = keys.iter().filter_map(|key| text_of(*key)).collect();
    let line = text.trim_matches(['\r', '\n']);
    let writes = model.focus_owner().is_text_input();
    let has_room = !model.focus_owner().is_input() || line.len() <= model.input.free_bytes();
    if writes && has_room && !line.contains(['\r', '\n']) {
        let effects = edit_with_keys(model, &keys);
        if text.ends_with(['\r', '\n']) && model.notice.is_none() {
            model.notify("pasted; Enter runs or sends it");
        }
        return effects;
    }
    if !writes && are_only_moves(model, &keys) {
        return keys.into_iter().flat_map(|key| on_key(model, key)).collect();
    }
    if model.question.is_some() && model.areas().is_some() {
        match text.as_str() {
            // A repeated key that is not text, such as Esc, answers like a single one.
            "" => drop(model.question.take()),
            // A paste without brackets can arrive in parts. This is the next part.
            text => append_paste(model, text, ""),
        }
        return Vec::new();
    }
    on_paste(model, &text)
}

/// Applies the keys that type or edit text.
fn edit_with_keys(model: &mut Model, keys: &[KeyEvent]) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut text = String::new();
    for key in keys {
        if let Some(c) = text_of(*key) {
            text.push(c);
        } else if is_editing(*key) {
            effects.extend(paste_line(model, &mem::take(&mut text)));
            effects.extend(on_key(model, *key));
        }
    }
    effects.extend(paste_line(model, &text));
    // Only query about the final line.
    if let Some(last) = effects.iter().rposition(|effect| matches!(effect, Effect::QueryAssist(_))) {
        let mut at = 0;
        effects.retain(|effect| {
            at += 1;
            !matches!(effect, Effect::QueryAssist(_)) || at == last + 1
        });
    }
    effects
}

fn paste_line(model: &mut Model, text: &str) -> Vec<Effect> {
    let line = text.trim_matches(['\r', '\n']);
    if line.is_empty() { Vec::new() } else { on_paste(model, line) }
}

fn is_editing(key: KeyEvent) -> bool {
    use KeyCode::{Backspace, Delete, End, Home, Left, Right};
    key.modifiers.is_empty() && matches!(key.code, Backspace | Delete | End | Home | Left | Right)
}

/// Whether all keys only move the selection. A held key can arrive in bursts over a slow connection.
fn are_only_moves(model: &Model, keys: &[KeyEvent]) -> bool {
    let moves = |key: &KeyEvent| {
        let network = model.networks.active();
        let command = model.binding_for(Key::from(*key)).map(|binding| network.parse_bound(&binding.command));
        matches!(command, Some(Ok(Command::View(ViewCommand::Move(_)))))
    };
    model.question.is_none() && keys.iter().all(moves)
}
