//! Quitting: the questions of the nodes that refuse to stop, and the time in which a node stops.

use clacks_feed::{Call, Outcome, Refusal};
use crossterm::event::KeyCode;

use crate::{
    model::Model,
    state::{
        confirmation::Confirmation,
        key::Key,
        message::{Effect, Msg},
        shutdown::Stopping,
    },
};

/// Carries out the choices of the user, then ends the program, because every node may be stopped.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    if let Some(effects) = next_stop(model) {
        return effects;
    }
    if !std::mem::take(&mut model.confirms_quit) {
        return vec![Effect::Quit];
    }
    model.question = Some(Confirmation::before_interrupting());
    Vec::new()
}

/// Ends the program after a question, even if nothing would be lost.
pub fn interrupt(model: &mut Model) -> Vec<Effect> {
    model.confirms_quit = true;
    vec![Effect::RequestQuit]
}

/// Asks what is to become of a node that refuses to stop.
pub(crate) fn on_refused(model: &mut Model, network: usize, refusal: &Refusal) -> Vec<Effect> {
    if let Some(reason) = ask(model, network, refusal) {
        model.notify(reason);
    }
    Vec::new()
}

/// Asks what is to become of a node. Returns the reason if the question has no room for it.
fn ask(model: &mut Model, network: usize, refusal: &Refusal) -> Option<String> {
    model.confirms_quit = false;
    let state = model.networks.get(network)?;
    let mut reason = refusal.text.untrusted().to_owned();
    if !model.networks.is_single() {
        reason = format!("{}: {reason}", state.description.network);
    }
    let (question, has_reason) =
        Confirmation::before_stopping(state, network, &reason, refusal, model.screen.width);
    (model.question, model.notice) = (Some(question), None);
    (!has_reason).then_some(reason)
}

/// Keeps the choice of the user for a node until the other nodes are asked about. `None`: it ends with the program.
pub(crate) fn choose(model: &mut Model, network: usize, call: Option<Call>) -> Vec<Effect> {
    model.stop_choices.chosen.push_back((network, call));
    vec![Effect::AskToStop(network + 1)]
}

/// Stops the next node in the way that the user chose. `None`: there is no such node.
fn next_stop(model: &mut Model) -> Option<Vec<Effect>> {
    while let Some((network, call)) = model.stop_choices.chosen.pop_front() {
        let Some(call) = call else {
            model.stop_choices.left.push(network);
            continue;
        };
        model.stopping = Some(Stopping { network });
        model.notice = None;
        return Some(vec![Effect::Stop(network, call)]);
    }
    None
}

/// No longer waits for a node that does not answer whether it may be stopped: it ends with the program.
pub(crate) fn on_time(model: &mut Model) -> Vec<Effect> {
    let uptime = model.now.uptime;
    let Some(asked) = model.stop_choices.asked.take_if(|asked| asked.until <= uptime) else {
        return Vec::new();
    };
    model.stop_choices.left.push(asked.network);
    vec![Effect::AskToStop(asked.network + 1)]
}

/// Handles input while a node is asked whether it may be stopped, or while it stops. Only a key that ends that has an
/// effect.
pub fn on_quitting_input(model: &mut Model, msg: &Msg) -> Vec<Effect> {
    if model.stopping.is_some() { on_stopping_input(model, msg) } else { on_asking_input(model, msg) }
}

/// A key leaves at once, or stays.
fn on_asking_input(model: &mut Model, msg: &Msg) -> Vec<Effect> {
    match ending_key(msg) {
        Some(true) => vec![Effect::Quit],
        Some(false) => {
            model.stop_choices.begin();
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Handles input while a node stops. Only a key that ends that has an effect.
fn on_stopping_input(model: &mut Model, msg: &Msg) -> Vec<Effect> {
    let stopping = ending_key(msg).and_then(|then_asks| Some((model.stopping.take()?.network, then_asks)));
    stopping.into_iter().map(|(network, then_asks)| Effect::CancelStop { network, then_asks }).collect()
}

/// Whether the first key that ends quitting is one that quits, and not one that stays. `None`: there is no such key.
fn ending_key(msg: &Msg) -> Option<bool> {
    match msg {
        Msg::Key(key) => quits(Key::from(*key)),
        Msg::Burst(keys) => keys.iter().find_map(|key| quits(Key::from(*key))),
        _ => None,
    }
}

/// Whether a key that ends quitting is one that quits. `None`: it is another key.
fn quits(key: Key) -> Option<bool> {
    match key {
        key if key == Key::plain(KeyCode::Esc) => Some(false),
        key if key == Key::plain(KeyCode::Char('q')) || key == Key::CTRL_C => Some(true),
        _ => None,
    }
}

/// Handles the result of stopping a node. Goes on with the next node, or asks again.
pub(crate) fn on_stopped(
    model: &mut Model,
    network: usize,
    result: &Result<Outcome, Refusal>,
) -> Vec<Effect> {
    if model.stopping.take_if(|stopping| stopping.network == network).is_none() {
        // The user has ended it before.
        return Vec::new();
    }
    match result {
        Ok(_) => {
            model.stop_choices.stopped.push(network);
            // The others can have got messages meanwhile.
            next_stop(model).unwrap_or_else(|| vec![Effect::AskToStop(0)])
        }
        Err(refusal) if refusal.offers.is_empty() => {
            model.notify_error(refusal.text.untrusted());
            Vec::new()
        }
        Err(refusal) => {
            let reason = ask(model, network, refusal);
            reason.into_iter().for_each(|reason| model.notify_error(reason));
            Vec::new()
        }
    }
}
