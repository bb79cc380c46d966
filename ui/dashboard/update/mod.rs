//! The update function: pure, from a [`Msg`] to changes of the [`Model`] and [`Effect`]s.

pub mod assist;
pub mod burst;
pub mod check;
pub mod commands;
pub mod copy;
pub mod editing;
pub mod explain;
pub mod filter_preview;
pub mod keys;
pub mod line;
pub mod mouse;
pub mod navigation;
pub mod networks;
pub mod overlay;
pub mod palette;
pub mod palette_items;
pub mod panes;
pub mod paste;
pub mod restart;
pub mod results;
pub mod saved_filters;
pub mod search;
pub mod sending;
pub mod shutdown;
pub mod sorting;

use burst::on_burst;
use clacks_feed::{Event, Now};
use commands::submit;
use keys::on_key;
use mouse::on_mouse;
use paste::on_paste;

use super::{
    model::Model,
    state::{
        errors::EffectError,
        message::{Effect, Msg},
    },
};

/// Applies a message to the model. Returns the effects to execute.
pub fn update(model: &mut Model, now: Now, msg: Msg) -> Vec<Effect> {
    model.now = now;
    model.undo.forget_old(now.uptime);
    if !matches!(msg, Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_)) {
        return handle(model, msg);
    }
    // On a screen that is too small, the user saw nothing.
    if model.areas().is_some() {
        model.clear_refusal();
    }
    let notice = model.notice.clone();
    let mut effects = handle(model, msg);
    effects.extend(editing::cancel_from_line(model));
    model.preview_draft();
    model.mark_refusal(notice.as_ref());
    effects
}

fn handle(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_) if model.is_quitting() => {
            shutdown::on_quitting_input(model, &msg)
        }
        Msg::Key(key) => on_key(model, key),
        Msg::Burst(keys) => on_burst(model, keys),
        Msg::Paste(text) => on_paste(model, &text),
        Msg::Mouse(mouse) => on_mouse(model, mouse),
        Msg::Focus(has_focus) => {
            model.motion.set_focus(has_focus);
            Vec::new()
        }
        Msg::Resized(screen) => {
            model.screen = screen;
            model.wrap_message();
            model.keep_match_visible();
            Vec::new()
        }
        Msg::AssistReplied(answer) => {
            let sends = assist::on_reply(model, answer);
            if sends { submit(model) } else { Vec::new() }
        }
        Msg::ItemsFound(need, found) => assist::on_items_found(model, need, found),
        Msg::FilesListed(need, names) => assist::on_files_listed(model, need, names),
        Msg::FileChecked(command, objection) => {
            let sends = assist::on_file_checked(model, &command, objection);
            if sends { submit(model) } else { Vec::new() }
        }
        other => on_source(model, other),
    }
}

/// Handles what a source reports: events, rows, and the results of calls.
fn on_source(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Event(network, event) => on_event(model, network, &event),
        Msg::Lagged(network, missed) => on_missed(model, network, missed),
        Msg::Refreshed(snapshot) => {
            let room = |model: &Model| model.networks.active().figures.levels().to_vec();
            let before = room(model);
            model.refresh(*snapshot);
            model.refresh_changed_search();
            let mut effects = shutdown::on_time(model);
            if room(model) != before {
                effects.extend(assist::on_room_changed(model));
            }
            effects
        }
        Msg::Called(network, results) => {
            results::report(model, network, &results);
            // An action in an overlay must be visible there.
            model.has_opened = true;
            sending::on_results(model, network, &results)
        }
        Msg::ReplayRestarted => {
            model.reset();
            Vec::new()
        }
        Msg::Back(network, None) => {
            restart::on_reconnect(model, network);
            Vec::new()
        }
        Msg::Back(network, Some(run)) => restart::on_restart(model, network, run),
        Msg::ConfirmQuit => shutdown::quit(model),
        Msg::StopRefused(network, refusal) => shutdown::on_refused(model, network, &refusal),
        Msg::Stopped(network, result) => shutdown::on_stopped(model, network, &result),
        Msg::Editing(network, item, draft) => editing::start(model, network, item, *draft),
        Msg::RetryEdit { editing, line, reason } => editing::retry(model, editing, &line, reason),
        done => {
            on_result(model, done);
            Vec::new()
        }
    }
}

/// Reports the result of a background task.
fn on_result(model: &mut Model, msg: Msg) {
    match msg {
        Msg::Undone(result, again) => {
            model.has_opened = true;
            results::report_undo(model, result, again);
        }
        Msg::Recorded(said) => {
            model.on_recording_result(said.as_ref().err());
            on_result(model, Msg::EffectDone(said.map_err(EffectError::Recording)));
        }
        Msg::PeersRead(read) => {
            // Also write it to the traffic, because the notice disappears after some seconds.
            read.rows.into_iter().for_each(|row| model.push_text_row(row));
            on_result(model, Msg::EffectDone(read.summary.map_err(EffectError::PeerLists)));
        }
        Msg::EffectDone(Ok(done)) => model.notify(done),
        Msg::EffectDone(Err(error)) => model.notify_error(error.to_string()),
        _ => {}
    }
}

/// Records an event of the network at a position.
fn on_event(model: &mut Model, network: usize, event: &Event) -> Vec<Effect> {
    model.pin_visible_rows();
    let motion = model.motion;
    let Some(network) = model.networks.get_mut(network) else { return Vec::new() };
    network.panes.iter_mut().for_each(|pane| pane.note(event, motion));
    if !model.log.note(event, &network.description) {
        return Vec::new();
    }
    model.log.newest().into_iter().for_each(|row| network.figures.note(row));
    on_row(model)
}

fn on_missed(model: &mut Model, network: usize, missed: u64) -> Vec<Effect> {
    let are_several = model.networks.iter().nth(1).is_some();
    let network = model.networks.get_mut(network);
    let name = network.as_ref().filter(|_| are_several).map(|network| network.description.network.clone());
    network.into_iter().flat_map(|network| &mut network.panes).for_each(|pane| pane.lagged(missed));
    model.pin_visible_rows();
    model.log.note_missed(missed, name.as_ref().map(clacks_feed::Name::as_str), model.now);
    on_row(model)
}

/// Counts the newest row of the traffic.
fn on_row(model: &mut Model) -> Vec<Effect> {
    model.count_hidden_rows(1);
    let Some(row) = model.log.newest() else { return Vec::new() };
    let rings = model.saved_filters.note(&row.subject(), model.log.filter());
    // No bell while a replay seeks.
    let is_jumping = model.replay.as_ref().is_some_and(|replay| replay.jumping.is_some());
    if rings && !is_jumping { vec![Effect::RingBell] } else { Vec::new() }
}
