//! What can be done now: what a command would act on, and why one would do nothing.

use clacks_p2p::{
    Address,
    core::{MessageId, Status},
};

use super::{
    keymap::{Binding, Place},
    layout::Pane,
    model::{Content, Model, Overlay},
    search::Search,
    story,
    update::FILTER,
    view::overlay_length,
};
use crate::command::{Command, NodeCommand, ViewCommand};
use crate::recording::{
    controls::{Jump, ReplayCommand},
    player::AT_ITS_END,
    recorder::RecordCommand,
};

/// Why a command for the node does nothing in a replay.
pub(crate) const REPLAY_SENDS_NOTHING: &str = "this is a replay: nothing is sent";

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

/// What a line asks for when it is to act on all that is marked in the list that has the focus; `None` if nothing is,
/// or only what is selected, or if it asks for something else than that.
pub(crate) fn marked(model: &Model, template: &str) -> Option<Vec<NodeCommand>> {
    let with = |place: &str, all: Vec<String>, selected: Option<String>| {
        let is_more = template.contains(place) && all != Vec::from_iter(selected);
        is_more.then(|| all.iter().map(|one| template.replace(place, one)).collect::<Vec<_>>())
    };
    let lines = match model.place() {
        Place::Peers => {
            let all = model.marks.peers.iter().map(ToString::to_string).collect();
            with("{peer}", all, selected_peer(model).map(|peer| peer.to_string()))
        }
        Place::Queue => {
            let all = model.marks.messages.iter().map(ToString::to_string).collect();
            with("{message}", all, selected_message(model).map(|id| id.to_string()))
        }
        Place::Held => {
            let all = model.marks.held.iter().map(ToString::to_string).collect();
            with("{message}", all, selected_message(model).map(|id| id.to_string()))
        }
        Place::Traffic
        | Place::Map
        | Place::OpenMap
        | Place::Overlay
        | Place::Search
        | Place::Menu
        | Place::Input
        | Place::Choices
        | Place::Recall
        | Place::Replay => None,
    };
    let command = |line: String| match Command::parse(&line) {
        Ok(Command::Node(command)) => Some(command),
        _ => None,
    };
    lines?.into_iter().map(command).collect::<Option<Vec<_>>>().filter(|commands| !commands.is_empty())
}

/// Why a line that a key is bound to would do nothing now; `None` if it would do something.
pub(crate) fn why_not(model: &Model, template: &str) -> Option<String> {
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
    if let Some(reason) = out_of_place(model, &command) {
        return Some(reason.to_owned());
    }
    match command {
        Command::Node(command) => why_not_node(model, &command),
        Command::View(command) => why_not_view(model, &command),
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
        ViewCommand::Unmark if model.marks.len() == 0 => Some("nothing is marked"),
        ViewCommand::Mark if selected_peer(model).is_none() && selected_message(model).is_none() => {
            Some("nothing is selected")
        }
        ViewCommand::Biography if story::message(model).is_none() => Some("no message is selected"),
        ViewCommand::Open if model.overlay.is_none() && nothing_to_open(model) => Some("nothing is selected"),
        ViewCommand::Search | ViewCommand::Match { .. } if model.overlay.is_none() => Some("nothing is open"),
        ViewCommand::Search if overlay_length(model) == 0 => Some("there is no text here to search"),
        ViewCommand::Match { .. } if model.search().is_none() => Some("nothing is looked for"),
        ViewCommand::Match { .. } if model.search().is_some_and(Search::is_in_vain) => {
            Some("there is no match")
        }
        ViewCommand::Copy if model.overlay.is_some() && !has_text(model) => {
            Some("there is no text here to copy")
        }
        ViewCommand::Close if model.overlay.is_none() && model.menu.is_none() => Some("nothing is open"),
        ViewCommand::Move(_) if is_picture(model) => Some("a picture shows all that there is"),
        ViewCommand::NextPane | ViewCommand::PreviousPane
            if model.overlay.is_some() && !model.is_open(&Content::Charts) =>
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
        && why_not(model, &binding.command).is_none()
}

fn is_picture(model: &Model) -> bool {
    model.is_open(&Content::Charts) || model.is_open(&Content::Tower)
}

/// Whether there is something to copy in what is open: on the map it is the selected peer.
fn has_text(model: &Model) -> bool {
    model.is_open(&Content::Map) || overlay_length(model) > 0 || story::message(model).is_some()
}

fn nothing_to_open(model: &Model) -> bool {
    match model.selecting() {
        Pane::Peers | Pane::Map => model.peers.selected_peer().is_none(),
        Pane::Queue => model.queue.selected_message().is_none(),
        Pane::Traffic => model.log_position().is_none(),
    }
}

/// The peer that a key acts on: the one that is shown in full, else the one that is selected.
pub(crate) fn selected_peer(model: &Model) -> Option<Address> {
    match (&model.overlay, model.pane) {
        (Some(Overlay { content: Content::Peer(detail), .. }), _) => Some(detail.peer.address.clone()),
        (Some(Overlay { content: Content::Row(row), .. }), _) => row.peer.clone(),
        (Some(Overlay { content: Content::Held, .. }), _) => {
            model.held.list.selected_message()?.queued.from.clone()
        }
        (Some(Overlay { content: Content::Map, .. }), _) | (None, Pane::Peers | Pane::Map) => {
            model.peers.selected_peer().map(|peer| peer.address.clone())
        }
        (Some(_), _) | (None, Pane::Queue) => None,
        (None, Pane::Traffic) => {
            model.log_position().and_then(|at| model.log.at(at)).and_then(|row| row.peer.clone())
        }
    }
}

/// The message that a key acts on: of the held ones while these are shown, else of the queue.
pub(crate) fn selected_message(model: &Model) -> Option<MessageId> {
    match model.place() {
        Place::Held => model.held.list.selected_message().map(|held| held.queued.id),
        _ => model.queue.selected_message().map(|queued| queued.id),
    }
}
