//! Execution of commands, typed or bound to a key.

use clacks_language::{
    command::{Command, NodeCommand, Step, ViewCommand},
    filter::Filter,
};
use clacks_p2p::core::MessageId;
use clacks_source::precheck::REPLAY_SENDS_NOTHING;

use super::{
    editing,
    line::on_line,
    navigation::{go, moved, open, open_picture, open_within, scroll, turn},
    palette::{choose, go_in_menu},
    selection, shutdown,
};
use crate::{
    available::{
        command_error, expand_template, marked_commands, mode_error, selected_message, selected_peer,
    },
    model::{
        Model,
        focus::{FocusOwner, Selecting},
        overlay::OverlayKind,
        traffic::LogCursor,
    },
    state::{
        confirmation::Confirmation, layout::Pane, marks::Marked, message::Effect, returning::ReturningList,
    },
};

/// Runs the command that a key is bound to, with what is selected in the places for it.
pub(crate) fn run_line(model: &mut Model, template: &str) -> Vec<Effect> {
    if let Some(commands) = marked_commands(model, template) {
        if model.replay.is_some() {
            return refuse_in_replay(model);
        }
        model.question = Confirmation::before_all(commands);
        return Vec::new();
    }
    let line = still_there(model, template).and_then(|()| expand_template(model, template));
    let command = line.and_then(|line| Command::parse(&line).map_err(|error| error.to_string()));
    // What would do nothing says why.
    let idle = |command: &Command| match command {
        // The node knows better.
        Command::Node(_) => None,
        Command::View(_) => command_error(model, command),
    };
    match command.and_then(|command| idle(&command).map_or(Ok(command), Err)) {
        Ok(command) => run_unwritten(model, command),
        Err(reason) => {
            model.complain(reason);
            Vec::new()
        }
    }
}

/// Runs a command that nobody wrote out: what could not be taken back, hit by mistake, is asked about first.
pub(crate) fn run_unwritten(model: &mut Model, command: Command) -> Vec<Effect> {
    let question = match command {
        // There is nothing to be asked about what won't be done.
        command if mode_error(model, &command).is_some() => return run(model, command),
        Command::Node(NodeCommand::Forget(peer)) => Confirmation::before_forgetting(peer),
        Command::Node(command @ NodeCommand::ReleaseAll) if model.overview.held > 1 => {
            Confirmation::before(model.overview.held, command)
        }
        command => return run(model, command),
    };
    model.question = Some(question);
    Vec::new()
}

/// Whether what a key is to act on is what the user saw when pressing it.
fn still_there(model: &mut Model, template: &str) -> Result<(), String> {
    let marks_gone = template.contains("{peer}") && model.marks.peers.take_emptied_by_removal()
        || template.contains("{message}") && message_marks(model).take_emptied_by_removal();
    if marks_gone {
        return Err("what was marked has gone; press the key again to act on what is selected".to_owned());
    }
    if template.contains("{peer}") {
        hold_on_to_the_row(model)?;
    }
    let lost = match model.selecting() {
        Selecting::Held => &mut model.held.list.lost,
        _ => &mut model.queue.lost,
    };
    if template.contains("{message}") && lost.take().is_some() {
        return Err(
            "the selected message has gone; press the key again to act on the one that is selected now"
                .to_owned(),
        );
    }
    Ok(())
}

/// The marks on messages where the keys are: on those that are held, or that wait.
fn message_marks(model: &mut Model) -> &mut Marked<MessageId> {
    match model.selecting() {
        Selecting::Held => &mut model.marks.held,
        _ => &mut model.marks.messages,
    }
}

/// While the traffic is followed its newest row may be one that was not on the screen yet when the key was pressed, so
/// the first key only stops it.
fn hold_on_to_the_row(model: &mut Model) -> Result<(), String> {
    let is_traffic = model.selecting() == Selecting::List(Pane::Traffic);
    if !is_traffic || model.log_cursor != LogCursor::Following {
        return Ok(());
    }
    if let Some(position) = model.log_position() {
        model.freeze_log_at(position);
    }
    Err("the traffic stands still now; press the key again to act on the peer of the selected row".to_owned())
}

/// Runs a command. A command that does not work in this context leaves an error notice.
pub fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(reason) = mode_error(model, &command) {
        model.complain(reason);
        return Vec::new();
    }
    match command {
        Command::Node(command) => {
            if let Some(edit) = editing::finish(model, &command) {
                return vec![edit];
            }
            // The message that was being edited is back when the command that took the edit's place is run.
            let mut effects = editing::give_up(model);
            effects.push(Effect::Run(command));
            effects
        }
        Command::View(command) => look(model, command),
    }
}

pub(crate) fn refuse_in_replay(model: &mut Model) -> Vec<Effect> {
    model.complain(REPLAY_SENDS_NOTHING);
    Vec::new()
}

fn look(model: &mut Model, command: ViewCommand) -> Vec<Effect> {
    match command {
        ViewCommand::Quit => return vec![Effect::RequestQuit],
        ViewCommand::Interrupt => return shutdown::interrupt(model),
        ViewCommand::QuitAtOnce => return vec![Effect::Quit],
        ViewCommand::Suspend => return vec![Effect::Suspend],
        ViewCommand::Redraw => return vec![Effect::Redraw],
        ViewCommand::Mouse => return toggle_mouse(model),
        ViewCommand::Search => model.begin_search(),
        ViewCommand::Match { forwards } => model.step_search(forwards),
        ViewCommand::Move(step) => return step_on(model, step),
        ViewCommand::Edit(id) => return vec![Effect::Edit(id)],
        ViewCommand::EditInEditor(id) => return vec![Effect::OpenEditor(id)],
        ViewCommand::Help => model.menu = Some(super::palette_items::palette(model)),
        ViewCommand::Choose => return choose(model),
        ViewCommand::Close if model.next_owner() == FocusOwner::Menu => model.menu = None,
        ViewCommand::Close if model.open_overlay().is_none() => show_all_traffic(model),
        ViewCommand::Close => model.close(),
        ViewCommand::Filter(wanted) => filter(model, wanted),
        ViewCommand::Copy => return model.copy(),
        ViewCommand::CopyAll => return model.copy_all(),
        ViewCommand::Write(target) => {
            return vec![Effect::WriteRows(target, model.log.shown().cloned().collect())];
        }
        ViewCommand::Station(number, wish) => {
            let effects = model.wish(number, wish);
            model.note_stations();
            return effects;
        }
        ViewCommand::HoldStill => model.toggle_frozen(),
        ViewCommand::Undo => return undo(model),
        ViewCommand::Mark => mark(model),
        ViewCommand::Unmark => unmark(model),
        ViewCommand::Record(command) => return vec![Effect::Record(command)],
        ViewCommand::PeersFrom(source) => return vec![Effect::ReadPeers(source)],
        ViewCommand::Replay(command) => return vec![Effect::Replay(command)],
        ViewCommand::Motion(setting) => {
            model.motion.set(setting);
            model.say(format!("motion is {}", setting.name()));
        }
        ViewCommand::Theme(name) => match model.looks.choose(&name) {
            Ok(name) => model.say(format!("the theme is {name} now")),
            Err(reason) => model.complain(reason),
        },
        other => return on_line(model, other).unwrap_or_default(),
    }
    Vec::new()
}

fn step_on(model: &mut Model, step: Step) -> Vec<Effect> {
    match model.selecting() {
        _ if model.next_owner() == FocusOwner::Menu => go_in_menu(model, step),
        Selecting::Held => {
            model.held.move_selection(step, model.overlay_height());
            model.has_opened = true;
            return vec![Effect::Refresh];
        }
        Selecting::Overhead | Selecting::Text | Selecting::Picture => scroll(model, step),
        Selecting::List(_) => {
            go(model, step);
            return moved(model);
        }
    }
    Vec::new()
}

/// Runs a command that opens or changes a pane or an overlay. `None` means no effects. Ignores other commands.
pub fn show(model: &mut Model, command: &ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Peers => model.focus_list(Pane::Peers),
        ViewCommand::Queue => model.focus_list(Pane::Queue),
        ViewCommand::Traffic => model.focus_list(Pane::Traffic),
        ViewCommand::NextPane => turn(model, 1),
        ViewCommand::PreviousPane => turn(model, -1),
        ViewCommand::Zoom => {
            model.overlay = None;
            model.is_zoomed = !model.is_zoomed;
        }
        ViewCommand::Held => {
            model.open(OverlayKind::Held);
            return Some(vec![Effect::Refresh]);
        }
        ViewCommand::Charts => open_picture(model, OverlayKind::Charts),
        ViewCommand::Tower => open_picture(model, OverlayKind::Tower),
        ViewCommand::Map => open_picture(model, OverlayKind::Map),
        ViewCommand::Biography => selection::open_biography(model),
        ViewCommand::Overhead => model.open(OverlayKind::Overhead(ReturningList::default())),
        ViewCommand::Why => model.open(OverlayKind::Why),
        ViewCommand::Limits => {
            open_picture(model, OverlayKind::Limits);
            return Some(vec![Effect::Refresh]);
        }
        ViewCommand::Stations => model.open(OverlayKind::Stations),
        ViewCommand::Open if model.open_overlay().is_some() => open_within(model),
        ViewCommand::Open => open(model),
        _ => {}
    }
    None
}

/// Takes the filter of the traffic off; the focus stays where it is.
pub(crate) fn show_all_traffic(model: &mut Model) {
    model.settle_filter();
    model.log.set_filter(None);
    model.say("all traffic is shown");
}

fn filter(model: &mut Model, wanted: Option<Filter>) {
    if wanted.is_none() {
        model.say("all traffic is shown");
    }
    model.settle_filter();
    model.log.set_filter(wanted);
    model.focus_list(Pane::Traffic);
}

fn undo(model: &mut Model) -> Vec<Effect> {
    match model.undo.take(model.now).map(Effect::Undo) {
        Ok(effect) => vec![effect],
        Err(reason) => {
            model.complain(reason);
            Vec::new()
        }
    }
}

fn mark(model: &mut Model) {
    let selecting = model.selecting();
    let peer = selected_peer(model).filter(|_| selecting == Selecting::List(Pane::Peers));
    let has_messages = matches!(selecting, Selecting::List(Pane::Queue) | Selecting::Held);
    let message = selected_message(model).filter(|_| has_messages);
    let marked = match (peer, message) {
        (Some(peer), _) => model.marks.peers.toggle(peer),
        (None, Some(id)) => message_marks(model).toggle(id),
        (None, None) => Err("nothing is selected that could be marked".to_owned()),
    };
    marked.unwrap_or_else(|reason| model.complain(reason));
}

fn unmark(model: &mut Model) {
    let count = model.marks.len();
    model.marks.clear();
    model.say(match count {
        0 => "nothing was marked".to_owned(),
        1 => "1 mark is taken away".to_owned(),
        count => format!("{count} marks are taken away"),
    });
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    let key = model.key_at(model.place(), ":mouse");
    model.say(if model.mouse {
        "the mouse selects rows here".to_owned()
    } else {
        format!("the mouse is the terminal's: drag to select text; {key} takes it back")
    });
    vec![Effect::SetMouse(model.mouse)]
}
