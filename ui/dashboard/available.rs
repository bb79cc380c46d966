//! Availability of commands: the items that a command acts on, and the reason why it cannot be run.

use clacks_language::command::{
    Command, NodeCommand, ViewCommand,
    argument::RecordCommand,
    playback::{Jump, ReplayCommand},
};
use clacks_p2p::{
    Address,
    core::{MessageId, Peer, Status},
};
use clacks_recording::player::AT_ITS_END;
use clacks_source::precheck::REPLAY_SENDS_NOTHING;

use super::{
    keymap::{Binding, KeyContext},
    model::{
        Model,
        focus::{FocusOwner, Line, OpenOverlay, Selecting},
        overlay::OverlayKind,
    },
    pages::overlay_length,
    state::{layout::Pane, search::Search},
};

/// A line with what is selected in the places for it.
pub(crate) fn fill_in(model: &Model, template: &str) -> Result<String, String> {
    let mut line = template.to_owned();
    if template.contains("{peer}") {
        let peer = selected_peer(model).ok_or("no peer is selected")?;
        line = line.replace("{peer}", &peer.to_string());
    }
    if template.contains("{message}") {
        let message = selected_message(model).ok_or("no message is selected")?;
        line = line.replace("{message}", &message.to_string());
    }
    // It is filled in when the key is pressed.
    if template.contains("{key}") {
        return Err("press the key itself".to_owned());
    }
    Ok(line)
}

/// Returns one command per marked item of the list that has the focus. Returns `None` if nothing is marked, if only the
/// selected item is marked, or if `template` uses neither placeholder of that list.
pub fn marked(model: &Model, template: &str) -> Option<Vec<NodeCommand>> {
    let with = |place: &str, all: Vec<String>, selected: Option<String>| {
        let is_more = template.contains(place) && all != Vec::from_iter(selected);
        is_more.then(|| all.iter().map(|one| template.replace(place, one)).collect::<Vec<_>>())
    };
    let lines = match model.selecting() {
        Selecting::List(Pane::Peers) => {
            let all = model.marks.peers.iter().map(ToString::to_string).collect();
            with("{peer}", all, selected_peer(model).map(|peer| peer.to_string()))
        }
        Selecting::List(Pane::Queue) => {
            let all = model.marks.messages.iter().map(ToString::to_string).collect();
            with("{message}", all, selected_message(model).map(|id| id.to_string()))
        }
        Selecting::Held => {
            let all = model.marks.held.iter().map(ToString::to_string).collect();
            with("{message}", all, selected_message(model).map(|id| id.to_string()))
        }
        Selecting::List(Pane::Traffic | Pane::Map)
        | Selecting::Overhead
        | Selecting::Text
        | Selecting::Picture => None,
    };
    let command = |line: String| match Command::parse(&line) {
        Ok(Command::Node(command)) => Some(command),
        _ => None,
    };
    lines?.into_iter().map(command).collect::<Option<Vec<_>>>().filter(|commands| !commands.is_empty())
}

/// Returns the reason why a bound line cannot be run now, or `None` if it can.
pub fn why_not(model: &Model, template: &str) -> Option<String> {
    if marked(model, template).is_some() {
        return model.replay.is_some().then(|| REPLAY_SENDS_NOTHING.to_owned());
    }
    let line = match fill_in(model, template) {
        Ok(line) => line,
        Err(reason) => return Some(reason),
    };
    let command = match Command::parse(&line) {
        Ok(command) => command,
        Err(error) => return Some(error.to_string()),
    };
    why_idle(model, &command)
}

/// Why a command would do nothing now; `None` if it would do something.
pub(crate) fn why_idle(model: &Model, command: &Command) -> Option<String> {
    if let Some(reason) = out_of_place(model, command) {
        return Some(reason.to_owned());
    }
    match command {
        Command::Node(command) => why_not_node(model, command),
        Command::View(command) => why_not_view(model, command),
    }
}

/// Why a command does nothing here, whatever is selected: in a replay nothing is sent, and only a replay is played.
pub(crate) fn out_of_place(model: &Model, command: &Command) -> Option<&'static str> {
    match (command, &model.replay) {
        (
            Command::Node(_)
            | Command::View(
                ViewCommand::Say
                | ViewCommand::Edit(_)
                | ViewCommand::EditInEditor(_)
                | ViewCommand::PeersFrom(_),
            ),
            Some(_),
        ) => Some(REPLAY_SENDS_NOTHING),
        (Command::View(ViewCommand::Record(_)), Some(_)) => Some("this is a replay: it is recorded already"),
        (Command::View(ViewCommand::Replay(_)), None) => {
            Some("this is no replay; clacks replay FILE plays a recording")
        }
        _ => None,
    }
}

/// Why a command that somebody wrote would be refused, as far as the model knows.
pub(crate) fn why_not_written(model: &Model, command: &Command) -> Option<String> {
    if let Some(reason) = out_of_place(model, command) {
        return Some(reason.to_owned());
    }
    match command {
        Command::View(ViewCommand::Theme(name)) => model.looks.find(name).err(),
        Command::View(ViewCommand::Station(number, wish)) => model.why_not_station(*number, wish),
        Command::View(command) => why_not_view(model, command),
        Command::Node(_) => None,
    }
}

/// Whether there is nothing left of the recording to play.
fn is_played(model: &Model) -> bool {
    model.replay.as_ref().is_some_and(|replay| replay.at_end)
}

fn why_not_node(model: &Model, command: &NodeCommand) -> Option<String> {
    let is_ignored = |peer| model.status_of(peer).map(|status| status == Status::Ignored);
    let reason = match command {
        NodeCommand::Ignore(peer) if is_ignored(peer) == Some(true) => "it is ignored already",
        NodeCommand::Unignore(peer) if is_ignored(peer) != Some(true) => "it is not ignored",
        NodeCommand::Announce(peer) if is_ignored(peer) == Some(true) => "it is ignored",
        NodeCommand::ReleaseAll if model.overview.held == 0 => "nothing is held",
        NodeCommand::Unhold if model.shows_held() && model.held.rule.is_none() => {
            "no filter holds what comes"
        }
        _ => return None,
    };
    Some(reason.to_owned())
}

fn why_not_view(model: &Model, command: &ViewCommand) -> Option<String> {
    let reason = match command {
        ViewCommand::Replay(
            ReplayCommand::Pause | ReplayCommand::Step | ReplayCommand::Jump(Jump::On(_)),
        ) if is_played(model) => Some(AT_ITS_END),
        ViewCommand::Record(RecordCommand::Stop) if model.recorded.is_none() => {
            Some("nothing is being recorded")
        }
        ViewCommand::Undo => return model.undo.why_not(model.now),
        ViewCommand::Unmark if model.marks.is_empty() => Some("nothing is marked"),
        ViewCommand::Mark if selected_peer(model).is_none() && selected_message(model).is_none() => {
            Some("nothing is selected")
        }
        ViewCommand::Biography if super::pages::message(model).is_none() => Some("no message is selected"),
        ViewCommand::Open if nothing_to_open(model) => Some("nothing is selected"),
        ViewCommand::Search | ViewCommand::Match { .. } if model.open_overlay().is_none() => {
            Some("nothing is open")
        }
        ViewCommand::Match { .. } if model.search().is_none_or(Search::has_no_query) => {
            let key = model.key_at(KeyContext::Overlay, ":search");
            return Some(format!("nothing is looked for; {key} begins"));
        }
        ViewCommand::Match { .. } if model.search().is_some_and(Search::has_no_match) => {
            Some("there is no match")
        }
        ViewCommand::Copy if model.open_overlay().is_some() && !has_text(model) => {
            Some("there is no text here to copy")
        }
        ViewCommand::Close if closes_nothing(model) => Some("nothing is open, and all traffic is shown"),
        ViewCommand::Move(_) if model.next_owner() != FocusOwner::Menu => stays_where_it_is(model),
        ViewCommand::NextPane | ViewCommand::PreviousPane
            if !matches!(model.open_overlay(), None | Some(OpenOverlay::Charts)) =>
        {
            Some("there is nothing else to go to")
        }
        _ => None,
    };
    reason.map(str::to_owned)
}

/// Whether a key works now and would change anything that is to be hinted at.
pub(crate) fn is_worth_a_hint(model: &Model, binding: &Binding) -> bool {
    let prompts_elsewhere =
        binding.command.strip_prefix(":prompt ") == Some(FILTER) && model.pane != Pane::Traffic;
    !binding.hint.is_empty()
        && !prompts_elsewhere
        && !model.keys_of(binding).is_empty()
        && !is_idle(model, &binding.command)
        && why_not(model, &binding.command).is_none()
}

/// Whether a key does what it always does, but to nothing.
fn is_idle(model: &Model, command: &str) -> bool {
    let is_empty = matches!(model.line(), Line::Empty { .. }) && model.next_owner().is_input();
    match command {
        ":search" => overlay_length(model) == 0,
        ":send" => {
            let is_refused = model.next_owner().is_input() && model.assist.submit_error().is_some();
            is_refused || is_empty && !model.input.is_cleared_command(FILTER)
        }
        ":clear" => is_empty,
        ":history-back" => !model.input.has_history(),
        ":next-match" | ":previous-match" => model.search().is_some_and(Search::has_one_match),
        // Esc says the same.
        ":complete" => model.line() != Line::Command && matches!(model.next_owner(), FocusOwner::Input(_)),
        _ => false,
    }
}

/// Whether there is nothing that Esc could close, and no filter that it could take off.
fn closes_nothing(model: &Model) -> bool {
    model.open_overlay().is_none() && model.menu.is_none() && model.log.filter().is_none()
}

/// Why there is nowhere to move to.
fn stays_where_it_is(model: &Model) -> Option<&'static str> {
    match model.selecting() {
        Selecting::Picture => Some("a picture shows all that there is"),
        Selecting::Text if overlay_length(model) <= model.overlay_height() => {
            Some("all of it is on the screen")
        }
        Selecting::Overhead if super::pages::message(model).is_none() => Some("no message has come back yet"),
        Selecting::Overhead if model.shown_lives().returned() == 1 => Some("there is no other message"),
        Selecting::Held if model.selection().is_none() => Some("nothing is held"),
        Selecting::Held if model.held.list.window.len() == 1 => Some("there is no other message"),
        Selecting::List(_) if model.selection().is_none() => Some("there is nothing here to go to"),
        _ => None,
    }
}

/// Whether there is something to copy in what is open: on the map it is the selected peer.
fn has_text(model: &Model) -> bool {
    model.is_open(OpenOverlay::Map) || overlay_length(model) > 0 || super::pages::message(model).is_some()
}

fn nothing_to_open(model: &Model) -> bool {
    match model.selecting() {
        Selecting::List(_) | Selecting::Held => model.selection().is_none(),
        Selecting::Overhead => super::pages::message(model).is_none(),
        // Enter closes it.
        Selecting::Text | Selecting::Picture => false,
    }
}

/// The peer that a key acts on: the one that is shown in full, else the one that is selected.
pub(crate) fn selected_peer(model: &Model) -> Option<Address> {
    let peer = |peer: &Peer| peer.address.clone();
    match model.selecting() {
        Selecting::List(Pane::Peers | Pane::Map) => model.peers.selected_peer().map(peer),
        Selecting::List(Pane::Traffic) => {
            model.log_position().and_then(|at| model.log.at(at)).and_then(|row| row.peer.clone())
        }
        Selecting::Held => model.held.list.selected_message()?.queued.from.clone(),
        Selecting::Text => match &model.overlay.as_ref()?.content {
            OverlayKind::Peer(detail) => Some(peer(&detail.peer)),
            OverlayKind::Row(row) => row.peer.clone(),
            _ => None,
        },
        Selecting::List(Pane::Queue) | Selecting::Overhead | Selecting::Picture => None,
    }
}

/// The message that a key acts on: the one that is shown in full, else the one that is selected.
pub(crate) fn selected_message(model: &Model) -> Option<MessageId> {
    match model.selecting() {
        Selecting::Held => model.held.list.selected_message().map(|held| held.queued.id),
        Selecting::List(Pane::Queue) => model.queue.selected_message().map(|queued| queued.id),
        Selecting::Text => match &model.overlay.as_ref()?.content {
            OverlayKind::Message(queued, _) => Some(queued.id),
            _ => None,
        },
        Selecting::List(_) | Selecting::Overhead | Selecting::Picture => None,
    }
}

/// Start of the line that the filter key writes.
pub const FILTER: &str = ":filter ";
