//! Help with the line that is being written: what could follow, whether it will work, what it can be completed to.

use clacks_language::{
    command::{Argument, Command, NodeCommand, PeerFilter, ViewCommand, argument::Direction},
    completion::{self, Candidates, Completion, Need, complete},
};
use clacks_source::precheck;

use super::check;
use crate::{
    model::{Model, focus::Line},
    state::{
        assist::{AssistQuery, AssistReply, CompletionPopup, InlineHint},
        message::Effect,
    },
};

/// Handles a change of the line by a key. Discards the last refusal.
pub fn edited(model: &mut Model) -> Vec<Effect> {
    model.assist.popup = None;
    changed(model)
}

/// The line is another one.
fn changed(model: &mut Model) -> Vec<Effect> {
    let assist = &mut model.assist;
    (assist.enter_pressed, assist.precheck_error, assist.pending_completion) = (false, None, None);
    assist.submit_after_reply = false;
    ask(model)
}

/// Enter was pressed on a line that is refused. What the node or the disk has against it may have gone since, so they
/// are asked again, and the line is sent if they have nothing against it any more.
pub fn refuse(model: &mut Model) -> Vec<Effect> {
    model.assist.popup = None;
    model.assist.enter_pressed = true;
    model.assist.submit_after_reply = model.assist.precheck_error.is_some();
    ask(model)
}

/// Whether the line is to be sent now that the last of what was asked about it is answered.
pub(crate) fn sends_now(model: &mut Model) -> bool {
    let sends = std::mem::take(&mut model.assist.submit_after_reply);
    sends && model.assist.precheck_error.is_none() && check::check(model).is_ok()
}

/// Whether the disk is still to answer what the node has answered.
fn awaits_disk(question: &AssistQuery) -> bool {
    matches!(&question.command, Some(Command::View(command)) if precheck::is_about_a_file(command))
}

/// Asks what has to be known about the line.
fn ask(model: &mut Model) -> Vec<Effect> {
    let (line, cursor) = (model.input.draft(), model.input.cursor_byte());
    let command = Command::parse(line).ok().filter(has_to_be_asked_about);
    let question = AssistQuery { need: completion::need(line, cursor), command };
    let is_asked = question.need.is_some() || question.command.is_some();
    model.assist.last_query = is_asked.then(|| question.clone());
    judge(model);
    if is_asked { vec![Effect::QueryAssist(question)] } else { Vec::new() }
}

/// Whether the node or the disk may have something against a command that nothing here knows of.
fn has_to_be_asked_about(command: &Command) -> bool {
    match command {
        Command::Node(_) => true,
        Command::View(command) => matches!(
            command,
            ViewCommand::Edit(_)
                | ViewCommand::EditInEditor(_)
                | ViewCommand::Record(_)
                | ViewCommand::PeersFrom(_)
                | ViewCommand::Write(_)
                | ViewCommand::Replay(_)
        ),
    }
}

/// Stores the reply of the node about the line. Ignores a reply to an older line.
///
/// Returns whether the line is to be sent now.
pub fn answered(model: &mut Model, answer: AssistReply) -> bool {
    if model.assist.last_query.as_ref() != Some(&answer.query) {
        return false;
    }
    (model.assist.peers, model.assist.remotes) = (answer.peers, answer.remotes);
    model.assist.messages = answer.messages;
    let awaits_disk = answer.precheck_error.is_none() && awaits_disk(&answer.query);
    // What the disk had against the line holds until it is asked anew.
    if !(awaits_disk && model.assist.submit_after_reply) {
        model.assist.precheck_error = answer.precheck_error;
    }
    judge(model);
    !awaits_disk && sends_now(model)
}

/// The node has more room for messages, or less: it is asked again about a line that needs some.
pub(crate) fn room_changed(model: &Model) -> Vec<Effect> {
    let needs_room = |question: &&AssistQuery| {
        let command = question.command.as_ref();
        matches!(command, Some(Command::Node(NodeCommand::Enqueue(_) | NodeCommand::Replace(..))))
    };
    let asked = model.assist.last_query.as_ref().filter(needs_room).filter(|_| model.next_owner().is_input());
    asked.cloned().map(Effect::QueryAssist).into_iter().collect()
}

/// Stores the file names found for a path. Ignores names found for an older line.
pub fn listed(model: &mut Model, need: Need, names: Vec<String>) -> Vec<Effect> {
    if model.assist.last_query.as_ref().and_then(|asked| asked.need.as_ref()) != Some(&need) {
        return Vec::new();
    }
    model.assist.files = Some((need, names));
    judge(model);
    match model.assist.pending_completion.take() {
        Some(direction) if model.next_owner().is_input() => completed(model, direction),
        _ => Vec::new(),
    }
}

/// Takes in what the disk says about a command that is about a file. Returns whether the line is to be sent now.
pub(crate) fn file_checked(model: &mut Model, command: &ViewCommand, objection: Option<String>) -> bool {
    let asked = model.assist.last_query.as_ref().and_then(|asked| asked.command.as_ref());
    if asked != Some(&Command::View(command.clone())) {
        return false;
    }
    if objection.is_some() || model.assist.submit_after_reply {
        model.assist.precheck_error = objection;
        judge(model);
    }
    sends_now(model)
}

// === Refusal and ghost ===

fn judge(model: &mut Model) {
    let line = model.input.draft();
    let completion = completion_at(model, line.len());
    let is_quiet = check::is_blank(line) && !model.assist.enter_pressed;
    let refusal = check::check(model).err().filter(|_| !is_quiet);
    let ghost = ghost(model, &completion);
    (model.assist.submit_error, model.assist.inline_hint) = (refusal, ghost);
}

/// Returns the hint behind the cursor: an earlier line, the only completion, or an argument. Returns `None` unless the
/// cursor is at the end of the line.
pub fn ghost(model: &Model, completion: &Completion) -> Option<InlineHint> {
    let line = model.input.draft();
    if line.is_empty() || !model.input.is_cursor_at_end() {
        return None;
    }
    let whole = model.input.suggestion().map(str::to_owned).or_else(|| only_completion(line, completion));
    if let Some(whole) = whole {
        return Some(InlineHint { text: whole.get(line.len()..)?.to_owned(), line: Some(whole) });
    }
    let text = match completion::slot::argument(line)? {
        (spec, _) if spec.argument == Argument::Nothing => return None,
        (spec, None) => format!(" {}", spec.argument),
        (spec, Some("")) => spec.argument.to_string(),
        _ => return None,
    };
    Some(InlineHint { text, line: None })
}

fn only_completion(line: &str, completion: &Completion) -> Option<String> {
    let common = completion.common(line, line.len())?;
    let is_only = completion.choices.len() == 1 && common == completion.choices[0].text;
    // What was typed is kept as it is.
    is_only.then(|| format!("{line}{}", &common[line.len() - completion.replaces.start..]))
}

/// Takes what is shown behind the end of the line. `None` if nothing is there to be taken.
pub(crate) fn take_ghost(model: &mut Model) -> Option<Vec<Effect>> {
    let line = model.assist.inline_hint().filter(|_| model.input.is_cursor_at_end())?.line.clone()?;
    model.input.replace_line(&line, line.len());
    Some(edited(model))
}

// === Completion ===

fn completion_at(model: &Model, cursor: usize) -> Completion {
    let line = model.input.draft();
    let themes: Vec<&str> = model.looks.names().collect();
    let need = completion::need(line, cursor);
    let remotes = match need {
        Some(Need::Peers(PeerFilter::Ignored, _)) => model.assist.remotes.clone(),
        Some(Need::Peers(PeerFilter::NotIgnored, _)) => model.log.refused_remotes(),
        _ => Vec::new(),
    };
    let candidates = Candidates {
        peers: &model.assist.peers,
        remotes: &remotes,
        messages: &model.assist.messages.waiting,
        held: &model.assist.messages.held,
        files: model.assist.files(need.as_ref()),
        themes: &themes,
    };
    complete(line, cursor, candidates)
}

/// Completes the line, or goes on to the next choice. A line that is no command is left; behind a lone colon stand all
/// commands.
pub(crate) fn complete_line(model: &mut Model, direction: Direction) -> Vec<Effect> {
    if let Some(menu) = model.assist.popup.take() {
        return choose(model, menu, direction);
    }
    let line = model.input.draft();
    let begins_command = line.starts_with(':') && matches!(model.line(), Line::Empty { is_command: true });
    if model.line() != Line::Command && !begins_command {
        model.leave_input();
        return Vec::new();
    }
    let need = completion::need(line, model.input.cursor_byte());
    let is_read = model.assist.files.as_ref().is_some_and(|(known, _)| Some(known) == need.as_ref());
    if matches!(need, Some(Need::Files { .. })) && !is_read {
        model.assist.pending_completion = Some(direction);
        return Vec::new();
    }
    completed(model, direction)
}

/// Writes the only choice, or what all of them begin with, or the first and shows the others.
fn completed(model: &mut Model, direction: Direction) -> Vec<Effect> {
    let (line, cursor) = (model.input.draft().to_owned(), model.input.cursor_byte());
    let completion = completion_at(model, cursor);
    match completion.choices.as_slice() {
        [] => {
            model.complain("nothing that is known fits here");
            Vec::new()
        }
        [only] => {
            let (line, cursor) = completion.apply(&line, only);
            model.input.replace_line(&line, cursor);
            edited(model)
        }
        _ => match completion.common(&line, cursor) {
            Some(common) => {
                let choice = completion::Choice { text: common.to_owned(), ..Default::default() };
                let (line, cursor) = completion.apply(&line, &choice);
                model.input.replace_line(&line, cursor);
                let effects = changed(model);
                let completion = completion_at(model, cursor);
                model.assist.popup = Some(CompletionPopup { completion, chosen: None, line, cursor });
                effects
            }
            None => choose(model, CompletionPopup { completion, chosen: None, line, cursor }, direction),
        },
    }
}

/// Goes on to the next choice and writes it.
fn choose(model: &mut Model, mut menu: CompletionPopup, direction: Direction) -> Vec<Effect> {
    let last = menu.completion.choices.len().saturating_sub(1);
    let next = match (menu.chosen, direction) {
        (Some(chosen), Direction::Forward) if chosen < last => chosen + 1,
        (_, Direction::Forward) => 0,
        (None | Some(0), Direction::Back) => last,
        (Some(chosen), Direction::Back) => chosen - 1,
    };
    let Some(choice) = menu.completion.choices.get(next) else { return Vec::new() };
    let (line, cursor) = menu.completion.apply(&menu.line, choice);
    model.input.replace_line(&line, cursor);
    menu.chosen = Some(next);
    let effects = changed(model);
    model.assist.popup = Some(menu);
    effects
}

/// Ends the choosing, with what is chosen or with the line as it was.
pub(crate) fn end_choosing(model: &mut Model, takes_it: bool) -> Vec<Effect> {
    if let Some(menu) = model.assist.popup.take().filter(|_| !takes_it) {
        model.input.replace_line(&menu.line, menu.cursor);
    }
    edited(model)
}
