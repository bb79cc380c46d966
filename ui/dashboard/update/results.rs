//! Reports of the results of calls, and their consequences for the model.

use clacks_feed::{
    Call, Key, Outcome, Refusal,
    description::{ListId, Takes},
};

use crate::{
    model::Model,
    state::{
        command_words::result_phrase,
        confirmation::Confirmation,
        key::Key as TerminalKey,
        layout::Pane,
        list::Selection,
        message::{CallResult, Effect},
    },
};

/// Reports the results of calls for the network at a position, and keeps the calls that undo them.
pub fn report(model: &mut Model, network: usize, results: &[CallResult]) {
    for (call, result) in results {
        if let Ok(outcome) = result {
            clear_marks(model, network, call, &outcome.left);
        }
    }
    match results {
        [] => {}
        [(call, result)] => report_one(model, network, call, result),
        results => report_several(model, network, results),
    }
}

fn report_one(model: &mut Model, network: usize, call: &Call, result: &Result<Outcome, Refusal>) {
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(refusal) => return refuse(model, refusal),
    };
    let ignored = ignored(model, network, call, outcome);
    let mut text = outcome.text.untrusted().to_owned();
    let is_error = !outcome.left.is_empty();
    if !is_error {
        text += &model.ignored_note(&ignored);
    }
    if let Some((list, key)) = &outcome.opens {
        if network == model.networks.position() {
            show(model, call, *list);
        }
        let shown = model.networks.get_mut(network).and_then(|network| network.list_mut(*list));
        shown.into_iter().for_each(|shown| shown.selected = Selection::key(key.clone()));
    }
    match &outcome.undo {
        Some(undo) => {
            model.undo.remember(undo.clone(), ignored, model.now.uptime);
            let acted_on = call.on.len().saturating_sub(outcome.left.len());
            let is_several = acted_on > 1 || takes_a_filter(model, network, call) && says_several(&text);
            offer_to_undo(model, text, is_several, is_error);
        }
        None if is_error => model.notify_error(text),
        None => model.notify(text),
    }
}

/// Shows the list that the result of a call of the active network names. After a message the input stays open for the next
/// one, and the list is the one behind it.
fn show(model: &mut Model, call: &Call, list: ListId) {
    if !model.networks.active().is_message(call) {
        model.show_list(list);
    } else if let Some(pane) =
        [Pane::Peers, Pane::Queue].into_iter().find(|pane| model.list_of(*pane) == Some(list))
    {
        model.pane = pane;
    }
}

/// Shows why a call was refused. What may work instead is offered as a question.
fn refuse(model: &mut Model, refusal: &Refusal) {
    let text = refusal.text.untrusted();
    model.notify_error(text);
    let keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
    let offers: Vec<_> = keys.into_iter().zip(&refusal.offers).collect();
    if offers.is_empty() {
        return;
    }
    let choices: Vec<_> = match &offers[..] {
        [(_, (words, _))] => vec![format!("y {words}")],
        offers => offers.iter().map(|(key, (words, _))| format!("{key} {words}")).collect(),
    };
    let question = Confirmation::new("OFFER", format!("{}, else nothing", choices.join(", ")));
    let is_single = offers.len() == 1;
    model.question = Some(offers.into_iter().fold(question, |question, (key, (_, call))| {
        let key = if is_single { 'y' } else { key };
        question.with_answer(
            TerminalKey::plain(crossterm::event::KeyCode::Char(key)),
            vec![Effect::Call(call.clone())],
        )
    }));
}

/// Reports calls that were made together, such as the lines of a paste.
fn report_several(model: &mut Model, network: usize, results: &[CallResult]) {
    let (Some((call, _)), Some(of)) = (results.first(), model.networks.get(network)) else { return };
    let (asked, done) = (results.len(), results.iter().filter(|(_, result)| result.is_ok()).count());
    match results.iter().find_map(|(_, result)| result.as_ref().err()) {
        None => model.notify(result_phrase(of, call, &asked.to_string(), asked)),
        Some(refusal) => {
            let text = result_phrase(of, call, &format!("{done} of {asked}"), asked);
            model.notify_error(format!("{text}; {}", refusal.text.untrusted()));
        }
    }
}

/// Reports the result of an undo. What found no room can be tried again.
pub(crate) fn report_undo(model: &mut Model, result: Result<Outcome, Refusal>, again: Option<Call>) {
    let (text, rest) = match result {
        Ok(outcome) => (outcome.text, outcome.undo),
        Err(refusal) => {
            model.notify_error(refusal.text.untrusted());
            again.into_iter().for_each(|undo| model.undo.remember(undo, Vec::new(), model.now.uptime));
            return;
        }
    };
    match rest {
        Some(undo) => {
            model.undo.remember(undo, Vec::new(), model.now.uptime);
            model.notify_error(text.untrusted());
        }
        None => model.notify(text.untrusted()),
    }
}

/// Shows the result, and the key that undoes the command.
fn offer_to_undo(model: &mut Model, text: String, is_several: bool, is_error: bool) {
    let them = if is_several { "them" } else { "it" };
    let key = model.key_name_in(model.key_context(), ":undo");
    model.notify_with_offer(text, is_error, format!("{key} takes {them} back"));
}

fn takes_a_filter(model: &Model, network: usize, call: &Call) -> bool {
    let spec = model.networks.get(network).and_then(|network| network.spec(&call.command));
    spec.is_some_and(|spec| spec.args.iter().any(|arg| arg.takes.contains(&Takes::Filter)))
}

/// Whether a result says that it happened to several items, as `dropped 3 messages` does.
fn says_several(text: &str) -> bool {
    let count = text.split(' ').nth(1).and_then(|count| count.parse::<u64>().ok());
    text.split(' ').count() == 3 && count.is_some_and(|count| count > 1)
}

/// The items that a call ignored, as they are typed.
fn ignored(model: &Model, network: usize, call: &Call, outcome: &Outcome) -> Vec<String> {
    let Some(network) = model.networks.get(network).filter(|_| call.command == "ignore") else {
        return Vec::new();
    };
    let items = network.items(call).into_iter().filter(|key| !outcome.left.contains(key));
    items.map(|key| key.untrusted().to_owned()).collect()
}

/// Removes the marks of the items that a call changed. An ended ignore can no longer be undone.
fn clear_marks(model: &mut Model, network: usize, call: &Call, left: &[Key]) {
    let Some(network) = model.networks.get_mut(network) else { return };
    for key in network.items(call).iter().filter(|key| !left.contains(key)) {
        if call.command == "unignore" || call.command == "forget" {
            model.undo.note_settled(key.untrusted());
        }
        network.expect_removal(key);
        network.lists_mut().for_each(|list| list.marks.remove(key));
    }
}
