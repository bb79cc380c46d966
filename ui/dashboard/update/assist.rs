//! Assistance for the line that is being typed: inline hint, checks and completion.

use std::sync::Arc;

use clacks_feed::{
    description::Description,
    filter::{FilterField, fields},
};
use clacks_language::{
    command::{Command, ViewCommand, argument::Direction},
    completion::{self, Candidates, Completion, Found, Language, Need, complete},
};
use clacks_session::precheck;

use super::check;
use crate::{
    model::{Model, focus::LineKind},
    state::{
        assist::{AssistQuery, AssistReply, CompletionPopup, InlineHint},
        message::Effect,
        network::Network,
    },
};

/// Handles a change of the line by a key. Discards the last refusal.
pub fn on_edit(model: &mut Model) -> Vec<Effect> {
    model.assist.popup = None;
    on_line_changed(model)
}

/// Updates the queries and hints after any change of the line.
fn on_line_changed(model: &mut Model) -> Vec<Effect> {
    let assist = &mut model.assist;
    (assist.enter_pressed, assist.precheck_error, assist.pending_completion) = (false, None, None);
    assist.submit_after_reply = false;
    query(model)
}

/// Handles Enter on a line that is refused. The reason may no longer hold, so the node and the disk are queried
/// again. The line is submitted if neither has an objection.
pub fn refuse_line(model: &mut Model) -> Vec<Effect> {
    model.assist.popup = None;
    model.assist.enter_pressed = true;
    model.assist.submit_after_reply = model.assist.precheck_error.is_some();
    query(model)
}

/// Returns whether the line must be submitted, now that all queries about it are answered.
pub(crate) fn should_submit(model: &mut Model) -> bool {
    let sends = std::mem::take(&mut model.assist.submit_after_reply);
    sends && model.assist.precheck_error.is_none() && check::check(model).is_ok()
}

/// Whether the reply of the disk is needed in addition to that of the node.
fn needs_disk_check(question: &AssistQuery) -> bool {
    matches!(&question.command, Some(Command::View(command)) if precheck::is_about_a_file(command))
}

/// Returns the query about the line, if it needs one.
fn query(model: &mut Model) -> Vec<Effect> {
    let (line, cursor) = (model.input.draft(), model.input.cursor_byte());
    let command = check::parse(model, line).ok().filter(needs_node_check);
    let need = completion::need(line, cursor, Words::of(model).language());
    let question = AssistQuery { need, command };
    let is_asked = question.need.is_some() || question.command.is_some();
    model.assist.last_query = is_asked.then(|| question.clone());
    refresh(model);
    if is_asked { vec![Effect::QueryAssist(question)] } else { Vec::new() }
}

/// Whether only the node or the disk can tell if the command will fail.
fn needs_node_check(command: &Command) -> bool {
    match command {
        Command::Say(_) | Command::Node(_) => true,
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
/// Returns whether to submit the line now.
pub fn on_reply(model: &mut Model, answer: AssistReply) -> bool {
    if model.assist.last_query.as_ref() != Some(&answer.query) {
        return false;
    }
    let needs_disk_check = answer.precheck_error.is_none() && needs_disk_check(&answer.query);
    // An error of the disk stays until the next query.
    if !(needs_disk_check && model.assist.submit_after_reply) {
        model.assist.precheck_error = answer.precheck_error;
    }
    refresh(model);
    !needs_disk_check && should_submit(model)
}

/// Queries the node again about a line that depends on the free space of the queue.
pub(crate) fn on_room_changed(model: &Model) -> Vec<Effect> {
    let needs_room = |question: &&AssistQuery| {
        let command = question.command.as_ref();
        let is_edit = |command: &Command| matches!(command, Command::Node(command) if command.name == "edit");
        command.is_some_and(|command| Network::is_typed_message(command) || is_edit(command))
    };
    let asked = model
        .assist
        .last_query
        .as_ref()
        .filter(needs_room)
        .filter(|_| model.focus_after_question().is_input());
    asked.cloned().map(Effect::QueryAssist).into_iter().collect()
}

/// Stores the file names found for a path. Ignores names found for an older line.
pub fn on_files_listed(model: &mut Model, need: Need, names: Vec<String>) -> Vec<Effect> {
    if !is_needed(model, &need) {
        return Vec::new();
    }
    model.assist.files = Some((need, names));
    on_found(model)
}

/// Stores the items found for a line. Ignores those of an older line.
pub(crate) fn on_items_found(model: &mut Model, need: Need, found: Vec<Found>) -> Vec<Effect> {
    if !is_needed(model, &need) {
        return Vec::new();
    }
    model.assist.items = Some((need, found));
    on_found(model)
}

fn is_needed(model: &Model, need: &Need) -> bool {
    model.assist.last_query.as_ref().and_then(|asked| asked.need.as_ref()) == Some(need)
}

/// Continues a completion that waited for what was found.
fn on_found(model: &mut Model) -> Vec<Effect> {
    refresh(model);
    match model.assist.pending_completion.take() {
        Some(direction) if model.focus_after_question().is_input() => insert_completion(model, direction),
        _ => Vec::new(),
    }
}

/// Stores the result of checking the file of a command. Returns whether to submit the line now.
pub(crate) fn on_file_checked(model: &mut Model, command: &ViewCommand, objection: Option<String>) -> bool {
    let asked = model.assist.last_query.as_ref().and_then(|asked| asked.command.as_ref());
    if asked != Some(&Command::View(command.clone())) {
        return false;
    }
    if objection.is_some() || model.assist.submit_after_reply {
        model.assist.precheck_error = objection;
        refresh(model);
    }
    should_submit(model)
}

// === Refusal and ghost ===

fn refresh(model: &mut Model) {
    let line = model.input.draft();
    let completion = completion_at(model, line.len());
    let is_quiet = check::is_blank(line) && !model.assist.enter_pressed;
    let refusal = check::check(model).err().map(String::from).filter(|_| !is_quiet);
    let ghost = inline_hint(model, &completion);
    (model.assist.submit_error, model.assist.inline_hint) = (refusal, ghost);
}

/// Returns the hint after the cursor: an earlier line, the only completion, or an argument. Returns `None` unless the
/// cursor is at the end of the line.
pub fn inline_hint(model: &Model, completion: &Completion) -> Option<InlineHint> {
    let line = model.input.draft();
    if line.is_empty() || !model.input.is_cursor_at_end() {
        return None;
    }
    let whole = model.input.suggestion().map(str::to_owned).or_else(|| only_completion(line, completion));
    if let Some(whole) = whole {
        return Some(InlineHint { text: whole.get(line.len()..)?.to_owned(), line: Some(whole) });
    }
    let text = match completion::slot::argument(line, &model.networks.active().commands)? {
        (known, _) if known.takes_nothing() => return None,
        (known, None) => format!(" {}", known.arguments()),
        (known, Some("")) => known.arguments(),
        _ => return None,
    };
    Some(InlineHint { text, line: None })
}

fn only_completion(line: &str, completion: &Completion) -> Option<String> {
    let common = completion.common(line, line.len())?;
    let is_only = completion.choices.len() == 1 && common == completion.choices[0].text;
    // Keep the typed text unchanged.
    is_only.then(|| format!("{line}{}", &common[line.len() - completion.replaces.start..]))
}

/// Accepts the hint after the cursor. Returns `None` if there is none.
pub(crate) fn accept_hint(model: &mut Model) -> Option<Vec<Effect>> {
    let line = model.assist.inline_hint().filter(|_| model.input.is_cursor_at_end())?.line.clone()?;
    model.input.replace_line(&line, line.len());
    Some(on_edit(model))
}

// === Completion ===

/// What can be typed in the network that is shown.
struct Words {
    network: Arc<Description>,
    fields: Vec<FilterField>,
    row_fields: Vec<FilterField>,
}

impl Words {
    fn of(model: &Model) -> Self {
        Self {
            network: Arc::clone(&model.networks.active().commands),
            fields: model.filter_networks().fields(),
            row_fields: model.row_scope().map(fields).unwrap_or_default(),
        }
    }

    fn language(&self) -> Language<'_> {
        Language { network: &self.network, fields: &self.fields, row_fields: &self.row_fields }
    }
}

fn completion_at(model: &Model, cursor: usize) -> Completion {
    let line = model.input.draft();
    let themes: Vec<&str> = model.themes.names().collect();
    let networks: Vec<&str> =
        model.networks.iter().map(|network| network.description.network.as_str()).collect();
    let columns = model.sort_words();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let words = Words::of(model);
    let need = completion::need(line, cursor, words.language());
    let candidates = Candidates {
        found: model.assist.items(need.as_ref()),
        remotes: &model.log.refused_remotes(),
        files: model.assist.files(need.as_ref()),
        themes: &themes,
        networks: &networks,
        columns: &columns,
        views: &model.own_views().map(|view| (view.name, view.help)).collect::<Vec<_>>(),
    };
    complete(line, cursor, words.language(), candidates)
}

/// Completes the line, or selects the next choice. Leaves the input if the line is a message. A single colon lists
/// all commands.
pub(crate) fn complete_line(model: &mut Model, direction: Direction) -> Vec<Effect> {
    if let Some(menu) = model.assist.popup.take() {
        return choose_next(model, menu, direction);
    }
    let line = model.input.draft();
    let begins_command =
        line.starts_with(':') && matches!(model.line_kind(), LineKind::Empty { is_command: true });
    if model.line_kind() != LineKind::Command && !begins_command {
        model.focus_last_list();
        return Vec::new();
    }
    let need = completion::need(line, model.input.cursor_byte(), Words::of(model).language());
    if need.as_ref().is_some_and(|need| !model.assist.has(need)) {
        model.assist.pending_completion = Some(direction);
        return Vec::new();
    }
    insert_completion(model, direction)
}

/// Inserts the only choice, else the common prefix of all choices, else the first choice with a popup.
fn insert_completion(model: &mut Model, direction: Direction) -> Vec<Effect> {
    let (line, cursor) = (model.input.draft().to_owned(), model.input.cursor_byte());
    let completion = completion_at(model, cursor);
    match completion.choices.as_slice() {
        [] => {
            model.notify_error("nothing that is known fits here");
            Vec::new()
        }
        [only] => {
            let (line, cursor) = completion.apply(&line, only);
            model.input.replace_line(&line, cursor);
            on_edit(model)
        }
        _ => match completion.common(&line, cursor) {
            Some(common) => {
                let choice = completion::Choice { text: common.to_owned(), ..Default::default() };
                let (line, cursor) = completion.apply(&line, &choice);
                model.input.replace_line(&line, cursor);
                let effects = on_line_changed(model);
                // All choices begin so.
                let replaces = completion.replaces.start..cursor;
                let completion = Completion { replaces, choices: completion.choices };
                model.assist.popup = Some(CompletionPopup { completion, chosen: None, line, cursor });
                effects
            }
            None => choose_next(model, CompletionPopup { completion, chosen: None, line, cursor }, direction),
        },
    }
}

/// Selects the next choice and inserts it.
fn choose_next(model: &mut Model, mut menu: CompletionPopup, direction: Direction) -> Vec<Effect> {
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
    let effects = on_line_changed(model);
    model.assist.popup = Some(menu);
    effects
}

/// Closes the popup. With `accepts` the choice stays, otherwise the former line is restored.
pub(crate) fn close_popup(model: &mut Model, takes_it: bool) -> Vec<Effect> {
    if let Some(menu) = model.assist.popup.take().filter(|_| !takes_it) {
        model.input.replace_line(&menu.line, menu.cursor);
    }
    on_edit(model)
}
