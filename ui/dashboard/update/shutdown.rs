//! Quitting: the question about unsent messages, and the drain.

use clacks_p2p::node::DrainError;
use clacks_source::shutdown::told;
use crossterm::event::KeyCode;

use crate::{
    model::Model,
    state::{
        confirmation::Confirmation,
        key::Key,
        message::{Effect, Msg},
        shutdown::{DRAIN_TIME_LIMIT, DrainProgress, DrainStarted},
    },
};

/// Ends the program. Asks first if unsent messages would be lost.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    let asks = std::mem::take(&mut model.confirms_quit);
    let at_stake = model.unsent();
    if at_stake.all() == 0 || model.is_demo || model.replay.is_some() {
        if !asks {
            return vec![Effect::Quit];
        }
        model.question = Some(Confirmation::before_interrupting());
        return Vec::new();
    }
    model.question = Some(Confirmation::before_leaving(at_stake, model.screen.width));
    Vec::new()
}

/// Ends the program after a question, even if nothing would be lost.
pub fn interrupt(model: &mut Model) -> Vec<Effect> {
    model.confirms_quit = true;
    vec![Effect::RequestQuit]
}

/// Starts a drain, for at most 30 seconds. `with_held` releases the held messages too.
pub fn start_drain(model: &mut Model, with_held: bool) -> Vec<Effect> {
    let with = model.unsent();
    model.drain =
        Some(DrainStarted { unsent: with, deadline: model.now.uptime + DRAIN_TIME_LIMIT, with_held });
    model.notice = None;
    vec![Effect::StartDrain { with_held }]
}

/// Handles input during a drain. Only a key that ends the drain has an effect.
pub fn on_drain_input(model: &mut Model, msg: &Msg) -> Vec<Effect> {
    let key = match msg {
        Msg::Key(key) => Some(*key),
        Msg::Burst(keys) => keys.iter().copied().find(|key| stop_action(Key::from(*key)).is_some()),
        _ => None,
    };
    match key.map(Key::from).and_then(stop_action) {
        Some(then) => stop_drain(model, then),
        None => Vec::new(),
    }
}

/// Action after the user ends a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterStop {
    Stay,
    Ask,
}

fn stop_action(key: Key) -> Option<AfterStop> {
    match key {
        key if key == Key::plain(KeyCode::Esc) => Some(AfterStop::Stay),
        key if key == Key::plain(KeyCode::Char('q')) || key == Key::CTRL_C => Some(AfterStop::Ask),
        _ => None,
    }
}

fn stop_drain(model: &mut Model, then: AfterStop) -> Vec<Effect> {
    if let Some(DrainProgress { total, sent: gone, .. }) = model.drain_progress() {
        model.notify(format!("handed on {gone} of {total}; what is left is as before"));
    }
    model.drain = None;
    match then {
        AfterStop::Stay => vec![Effect::CancelDrain],
        AfterStop::Ask => vec![Effect::CancelDrain, Effect::RequestQuit],
    }
}

/// Handles the end of a drain. Ends the program if all messages were sent, else shows the reason and asks again.
pub fn on_drain_finished(model: &mut Model, result: Result<(), DrainError>) -> Vec<Effect> {
    let Some(DrainProgress { total, sent: gone, .. }) = model.drain_progress() else { return Vec::new() };
    model.drain = None;
    let is_all = result.is_ok() && model.unsent().all() == 0;
    if is_all {
        return vec![Effect::Quit];
    }
    let line = told(result, total, total - gone);
    if result.is_ok() {
        model.notify(line);
    } else {
        model.notify_error(line);
    }
    let mut effects = vec![Effect::CancelDrain];
    effects.extend(quit(model));
    effects
}
