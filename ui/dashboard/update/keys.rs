//! Keys, one at a time: the context of the focus decides what each does.

use crossterm::event::KeyEvent;

use super::{
    commands::{run_on_items, run_template},
    explain::explain,
    line::edit,
    palette::{type_into_palette, type_into_search},
    paste::insert,
    shutdown,
};
use crate::{
    available::command_of_key,
    keymap::KeyContext,
    model::{Model, focus::FocusOwner},
    state::{key::Key, list::List, message::Effect},
};

/// Handles one key. The context of the focus decides its command.
pub fn on_key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    pin_selections(model);
    let key = Key::from(event);
    let owner = model.focus_owner();
    match owner {
        FocusOwner::Question => return answer_question(model, key),
        FocusOwner::TooSmall => return on_key_too_small(model, key),
        _ => {}
    }
    let bound = model.binding_for(key);
    if let Some(line) = bound.map(|binding| binding.command.replace("{key}", &key.name(model.charset()))) {
        return run_template(model, &line);
    }
    if owner.key_context().is_some_and(|place| is_unbound(model, place, key)) {
        return Vec::new();
    }
    let is_in_list = matches!(owner, FocusOwner::List(_) | FocusOwner::Overlay(_));
    if let Some(command) = command_of_key(model, key).filter(|_| is_in_list) {
        return run_on_items(model, &command);
    }
    match owner {
        FocusOwner::Input(_) | FocusOwner::Choices(_) => return edit(model, event),
        FocusOwner::Search(_) => type_into_search(model, event),
        FocusOwner::Palette => type_into_palette(model, event),
        FocusOwner::HistorySearch => drop(model.input.edit_search(event)),
        FocusOwner::List(_) | FocusOwner::Overlay(_) => explain(model, key),
        FocusOwner::TooSmall | FocusOwner::Drain | FocusOwner::Question => {}
    }
    Vec::new()
}

/// Answers the open question with a key.
fn answer_question(model: &mut Model, key: Key) -> Vec<Effect> {
    let effects = model.question.take().map(|question| question.answered(key)).unwrap_or_default();
    effects.into_iter().flat_map(|effect| apply_answer(model, effect)).collect()
}

/// Whether the user disabled a key in a context, so that it does not edit either.
fn is_unbound(model: &Model, place: KeyContext, key: Key) -> bool {
    let places = if place == KeyContext::Choices { &[place, KeyContext::Input][..] } else { &[place] };
    places.iter().any(|place| model.keymap.is_unbound(*place, key))
}

/// Applies the part of an answer that concerns the model. Returns the other effects.
fn apply_answer(model: &mut Model, effect: Effect) -> Vec<Effect> {
    match effect {
        Effect::InsertText(text) => insert(model, &text),
        Effect::SetSending(sending) => {
            model.sending = Some((model.networks.position(), sending));
            Vec::new()
        }
        Effect::ChooseStop(network, call) => shutdown::choose(model, network, call),
        effect => vec![effect],
    }
}

/// Handles a key while the screen is too small. Only keys that quit have an effect.
fn on_key_too_small(model: &mut Model, key: Key) -> Vec<Effect> {
    let owner = model.focus_after_question();
    let place = owner.key_context().filter(|_| owner.is_input()).unwrap_or(model.pane.into());
    match model.keymap.find(place, key).map(|binding| &*binding.command) {
        _ if key == Key::CTRL_C => shutdown::interrupt(model),
        Some(":quit") => vec![Effect::RequestQuit],
        Some(":quit!") => vec![Effect::Quit],
        Some(":suspend") => vec![Effect::Suspend],
        _ => Vec::new(),
    }
}

/// Pins the selections on the first key: the selection is what was on the screen when the key was pressed.
fn pin_selections(model: &mut Model) {
    model.networks.active_mut().lists_mut().for_each(List::pin_selection);
}
