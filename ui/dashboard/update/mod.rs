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
use commands::run_line;
use crossterm::event::KeyEvent;
use explain::explain;
use line::{edit, send};
use mouse::on_mouse;
use palette::{type_into_menu, type_into_search};
use paste::{insert, on_burst, on_paste};

use super::{
    keymap::{KeyContext, key::Key},
    model::{Model, focus::FocusOwner},
    state::message::{Effect, Msg},
};

/// Applies a message to the model. Returns the effects to execute.
pub fn update(model: &mut Model, now: Now, msg: Msg) -> Vec<Effect> {
    model.now = now;
    model.shares.forget_old(now);
    model.undo.forget_old(now);
    if !matches!(msg, Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_)) {
        return take_in(model, msg);
    }
    // Where nothing can be seen, nothing was read either.
    if model.areas().is_some() {
        model.forget_refusal();
    }
    let notice = model.notice.clone();
    let mut effects = take_in(model, msg);
    effects.extend(editing::leave(model));
    model.follow_draft();
    model.mark_refusal(notice.as_ref());
    effects
}

fn take_in(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_) if model.handing_on().is_some() => {
            shutdown::on_input(model, &msg)
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
            model.lay_out();
            model.keep_in_sight();
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
            model.follow_text();
            if room(model) == before { Vec::new() } else { assist::room_changed(model) }
        }
        Msg::AssistReplied(answer) => {
            let sends = assist::answered(model, answer);
            if sends { send(model) } else { Vec::new() }
        }
        Msg::FilesListed(need, names) => assist::listed(model, need, names),
        Msg::FileChecked(command, objection) => {
            let sends = assist::file_checked(model, &command, objection);
            if sends { send(model) } else { Vec::new() }
        }
        Msg::CommandsRun(outcomes, before) => {
            results::note(model, &outcomes, before);
            // What the user did to what is open is seen there.
            model.has_opened = true;
            sending::settle(model, &outcomes)
        }
        Msg::ReplayRestarted => {
            model.begin_again();
            Vec::new()
        }
        Msg::ConfirmQuit => shutdown::leave(model),
        Msg::DrainFinished(result) => shutdown::ended(model, result),
        Msg::Editing(in_hand) => {
            editing::begin(model, &in_hand);
            assist::edited(model)
        }
        Msg::RetryEdit { editing, line, reason } => {
            editing::mend(model, editing, &line);
            model.complain(reason);
            assist::edited(model)
        }
        done => {
            on_done(model, done);
            Vec::new()
        }
    }
}

/// Says how something went that took a while.
fn on_done(model: &mut Model, msg: Msg) {
    match msg {
        Msg::Undone(result, left) => {
            model.undo.remember(left, Vec::new(), model.now);
            model.has_opened = true;
            on_done(model, Msg::EffectDone(result));
        }
        Msg::Recorded(said) => {
            model.note_recorded(said.as_ref().err());
            on_done(model, Msg::EffectDone(said));
        }
        Msg::PeersRead(readings) => {
            // The line that says how it went stays for some seconds only.
            for reading in &readings {
                let failed = reading.summary().err();
                reading.bad_lines().into_iter().chain(failed).for_each(|line| model.note_text(line));
            }
            on_done(model, Msg::EffectDone(peer_list::summary(&readings)));
        }
        Msg::EffectDone(Ok(done)) => model.say(done),
        Msg::EffectDone(Err(error)) => model.complain(error),
        _ => {}
    }
}

fn on_event(model: &mut Model, event: &Event) -> Vec<Effect> {
    model.lives.note(event, model.now);
    model.sends.note(event, model.now);
    model.shares.note(event, model.now);
    model.trends.note(event);
    model.towers.on_event(event, model.now.uptime, &mut model.motion);
    model.map.on_event(event, model.now.uptime, &mut model.motion);
    model.hold_traffic();
    let is_row = model.log.note(event, model.now.unix_ms, model.charset());
    model.count_held_rows(usize::from(is_row));
    let row = model.log.newest().filter(|_| is_row).map(Row::subject);
    let rings = row.is_some_and(|row| model.listening.note(&row, model.log.filter()));
    // Nobody listens to what is jumped over.
    let is_jumping = model.replay.as_ref().is_some_and(|replay| replay.jumping.is_some());
    if rings && !is_jumping { vec![Effect::RingBell] } else { Vec::new() }
}

/// Handles one key. The context of the focus decides its command.
pub fn on_key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    settle(model);
    let key = Key::from(event);
    let owner = model.focus_owner();
    match owner {
        FocusOwner::Question => return answer(model, key),
        FocusOwner::Unseen => return on_key_unseen(model, key),
        _ => {}
    }
    let bound = model.bound(key);
    if let Some(line) = bound.map(|binding| binding.command.replace("{key}", &key.name(model.charset()))) {
        return run_line(model, &line);
    }
    if owner.place().is_some_and(|place| is_unbound(model, place, key)) {
        return Vec::new();
    }
    match owner {
        FocusOwner::Input(_) | FocusOwner::Choices(_) => return edit(model, event),
        FocusOwner::Search(_) => type_into_search(model, event),
        FocusOwner::Menu => type_into_menu(model, event),
        FocusOwner::Recall => drop(model.input.edit_search(event)),
        FocusOwner::List(_) | FocusOwner::Overlay(_) => explain(model, key),
        FocusOwner::Unseen | FocusOwner::HandingOn | FocusOwner::Question => {}
    }
    Vec::new()
}

/// Answers the question that is asked with a key.
fn answer(model: &mut Model, key: Key) -> Vec<Effect> {
    let effects = model.question.take().map(|question| question.answered(key)).unwrap_or_default();
    effects.into_iter().flat_map(|effect| answered(model, effect)).collect()
}

/// Whether the user took a key away there, so that it does not edit either.
fn is_unbound(model: &Model, place: KeyContext, key: Key) -> bool {
    let places = if place == KeyContext::Choices { &[place, KeyContext::Input][..] } else { &[place] };
    places.iter().any(|place| model.keymap.is_unbound(*place, key))
}

/// Does to the model what an answer to a question is to do there; the other effects are for outside.
fn answered(model: &mut Model, effect: Effect) -> Vec<Effect> {
    match effect {
        Effect::InsertText(text) => insert(model, &text),
        Effect::SetSending(sending) => {
            model.sending = Some(sending);
            Vec::new()
        }
        Effect::StartDrain { with_held } => shutdown::begin(model, with_held),
        effect => vec![effect],
    }
}

/// Returns the effect that adds a line to the history file. Lines that begin with a space are not kept, as in a shell.
pub fn remember(line: String) -> Option<Effect> {
    (!line.starts_with(' ')).then_some(Effect::AppendHistory(line))
}

/// Where nothing can be seen, nothing acts but what leaves, and what is open can't be closed first.
fn on_key_unseen(model: &mut Model, key: Key) -> Vec<Effect> {
    let owner = model.next_owner();
    let place = owner.place().filter(|_| owner.is_input()).unwrap_or(model.pane.into());
    match model.keymap.find(place, key).map(|binding| &*binding.command) {
        _ if key == Key::CTRL_C => shutdown::interrupt(model),
        Some(":quit") => vec![Effect::RequestQuit],
        Some(":quit!") => vec![Effect::Quit],
        Some(":suspend") => vec![Effect::Suspend],
        _ => Vec::new(),
    }
}

/// From the first key on, what is selected is what was on the screen when the key was pressed.
fn settle(model: &mut Model) {
    model.peers.pin_selection();
    model.queue.pin_selection();
    model.held.list.pin_selection();
}
