//! Explains where a key works that has no effect in the current context.

use crate::{
    keymap::{Binding, KeyContext},
    model::{Model, focus::FocusOwner},
    state::key::Key,
};

/// Shows in which list a key works, or that it works in none.
pub fn explain(model: &mut Model, key: Key) {
    let owner = model.focus_after_question();
    let is_list = |place: KeyContext| {
        matches!(place, KeyContext::Peers | KeyContext::Queue | KeyContext::Traffic | KeyContext::Column)
    };
    let wants_lists = matches!(owner, FocusOwner::List(_));
    let mut bindings: Vec<_> =
        model.keymap.bindings().iter().filter_map(|one| key_contexts(one, key)).collect();
    // List the contexts first that are like the current one.
    bindings.sort_by_key(|(_, places)| places.iter().any(|place| is_list(*place)) != wants_lists);
    let text = match bindings.first() {
        Some((binding, places)) => {
            let does = binding.help.split_once("on the map: ").map_or(&*binding.help, |(_, does)| does);
            format!("{key} is for {}: {does}", context_titles(places))
        }
        None => format!("{key} does nothing here; {} lists the keys", help(model, owner)),
    };
    model.notify_error(text);
}

fn help(model: &Model, owner: FocusOwner) -> String {
    model.key_name_in(owner.key_context().unwrap_or(model.pane.into()), ":help")
}

/// Returns the contexts without text input in which a key runs a binding.
fn key_contexts(binding: &Binding, key: Key) -> Option<(&Binding, Vec<KeyContext>)> {
    let places =
        binding.keys.iter().filter(|(place, bound)| *bound == key && context_title(*place).is_some());
    let places: Vec<_> = places.map(|(place, _)| *place).collect();
    (!places.is_empty()).then_some((binding, places))
}

/// Joins the titles of contexts, as in `PEERS, TRAFFIC and MAP`.
fn context_titles(places: &[KeyContext]) -> String {
    let mut titles: Vec<_> = places.iter().filter_map(|place| context_title(*place)).collect();
    titles.dedup();
    match titles.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Returns the title of a context on the screen, or `None` if keys are text there.
fn context_title(place: KeyContext) -> Option<&'static str> {
    Some(match place {
        KeyContext::Peers => "PEERS",
        KeyContext::Queue => "QUEUE",
        KeyContext::Traffic => "TRAFFIC",
        KeyContext::Column | KeyContext::OpenPicture => "MAP",
        KeyContext::Held => "HELD",
        KeyContext::Overlay => "texts and charts that are open",
        KeyContext::Replay => "a replay",
        KeyContext::Search
        | KeyContext::Palette
        | KeyContext::Input
        | KeyContext::Choices
        | KeyContext::HistorySearch => return None,
    })
}
