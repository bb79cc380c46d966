//! The update function: pure, from a [`Msg`] to changes of the [`Model`] and [`Effect`]s.

pub mod assist;
pub mod check;
pub mod commands;
pub mod copy;
pub mod editing;
pub mod explain;
pub mod filter_preview;
pub mod line;
pub mod map;
pub mod mouse;
pub mod navigation;
pub mod overlay;
pub mod palette;
pub mod palette_items;
pub mod paste;
pub mod results;
pub mod saved_filters;
pub mod search;
pub mod selection;
pub mod sending;
pub mod shutdown;

use clacks_p2p::core::{Event, Now};
use clacks_source::{peer_list, traffic::row::Row};
use commands::run_template;
use crossterm::event::KeyEvent;
use explain::explain;
use line::{edit, submit};
use mouse::on_mouse;
use palette::{type_into_palette, type_into_search};
use paste::{insert, on_burst, on_paste};

use super::{
    keymap::KeyContext,
    model::{Model, focus::FocusOwner},
    state::{
        errors::EffectError,
        key::Key,
        message::{Effect, Msg},
    },
};

/// Applies a message to the model. Returns the effects to execute.
pub fn update(model: &mut Model, now: Now, msg: Msg) -> Vec<Effect> {
    model.now = now;
    model.shares.forget_old(now);
    model.undo.forget_old(now);
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
        Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_) if model.drain_progress().is_some() => {
            shutdown::on_drain_input(model, &msg)
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
        Msg::Node(event) => on_event(model, &event),
        Msg::Refreshed(snapshot) => {
            let room = |model: &Model| {
                let overview = &model.overview;
                (overview.queued, overview.in_flight, overview.held, overview.held_bytes)
            };
            let before = room(model);
            model.refresh(*snapshot);
            model.refresh_changed_search();
            if room(model) == before { Vec::new() } else { assist::on_room_changed(model) }
        }
        Msg::AssistReplied(answer) => {
            let sends = assist::on_reply(model, answer);
            if sends { submit(model) } else { Vec::new() }
        }
        Msg::FilesListed(need, names) => assist::on_files_listed(model, need, names),
        Msg::FileChecked(command, objection) => {
            let sends = assist::on_file_checked(model, &command, objection);
            if sends { submit(model) } else { Vec::new() }
        }
        Msg::CommandsRun(outcomes, before) => {
            results::report(model, &outcomes, before);
            // An action in an overlay must be visible there.
            model.has_opened = true;
            sending::on_results(model, &outcomes)
        }
        Msg::ReplayRestarted => {
            model.reset();
            Vec::new()
        }
        Msg::ConfirmQuit => shutdown::quit(model),
        Msg::DrainFinished(result) => shutdown::on_drain_finished(model, result),
        Msg::Editing(in_hand) => {
            editing::start(model, &in_hand);
            assist::on_edit(model)
        }
        Msg::RetryEdit { editing, line, reason } => {
            editing::retry(model, editing, &line);
            model.notify_error(reason);
            assist::on_edit(model)
        }
        done => {
            on_result(model, done);
            Vec::new()
        }
    }
}

/// Reports the result of a background task.
fn on_result(model: &mut Model, msg: Msg) {
    match msg {
        Msg::Undone(result, left) => {
            model.undo.remember(left, Vec::new(), model.now);
            model.has_opened = true;
            on_result(model, Msg::EffectDone(result.map_err(EffectError::Undo)));
        }
        Msg::Recorded(said) => {
            model.on_recording_result(said.as_ref().err());
            on_result(model, Msg::EffectDone(said.map_err(EffectError::Recording)));
        }
        Msg::PeersRead(readings) => {
            // Also write it to the traffic, because the notice disappears after some seconds.
            for reading in &readings {
                let failed = reading.summary().err().map(|error| error.to_string());
                reading.bad_lines().into_iter().chain(failed).for_each(|line| model.push_text_row(line));
            }
            on_result(
                model,
                Msg::EffectDone(peer_list::summary(&readings).map_err(EffectError::UnreadLists)),
            );
        }
        Msg::EffectDone(Ok(done)) => model.notify(done),
        Msg::EffectDone(Err(error)) => model.notify_error(error.to_string()),
        _ => {}
    }
}

fn on_event(model: &mut Model, event: &Event) -> Vec<Effect> {
    model.histories.note(event, model.now);
    model.send_history.note(event, model.now);
    model.shares.note(event, model.now);
    model.trends.note(event);
    model.towers.on_event(event, model.now.uptime, &mut model.motion);
    model.map.on_event(event, model.now.uptime, &mut model.motion);
    model.pin_visible_rows();
    let is_row = model.log.note(event, model.now.unix_ms, model.charset());
    model.count_hidden_rows(usize::from(is_row));
    let row = model.log.newest().filter(|_| is_row).map(Row::subject);
    let rings = row.is_some_and(|row| model.saved_filters.note(&row, model.log.filter()));
    // No bell while a replay seeks.
    let is_jumping = model.replay.as_ref().is_some_and(|replay| replay.jumping.is_some());
    if rings && !is_jumping { vec![Effect::RingBell] } else { Vec::new() }
}

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
            model.sending = Some(sending);
            Vec::new()
        }
        Effect::StartDrain { with_held } => shutdown::start_drain(model, with_held),
        effect => vec![effect],
    }
}

/// Returns the effect that adds a line to the history file. Lines that begin with a space are not kept, as in a shell.
pub fn history_effect(line: String) -> Option<Effect> {
    (!line.starts_with(' ')).then_some(Effect::AppendHistory(line))
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
    model.peers.pin_selection();
    model.queue.pin_selection();
    model.held.list.pin_selection();
}
