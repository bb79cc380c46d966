//! The items of the command palette.

use clacks_feed::{
    description::StatusSpec,
    filter::{Scope, grammar},
};
use clacks_language::command::{Known, ViewCommand, spec};
use clacks_panes::About;
use clacks_text::charset::Charset;

use crate::{
    available::{expand_template, marked_call, mode_error, not_offered, selected_call, template_error},
    keymap::Binding,
    model::{Model, focus::SelectionTarget},
    state::{
        confirmation::Confirmation,
        errors::CommandRefusal,
        key::Key,
        layout::Pane,
        list::Selection,
        log_cursor::LogCursor,
        network_calls::command_name,
        palette::{Palette, PaletteAction, PaletteItem, PaletteTarget},
    },
};

/// The command that opens the palette. It is not listed.
const HELP_COMMAND: &str = ":help";

/// Explanations of the statuses, listed after the commands.
const STATUSES: &[(&str, &str)] = &[
    ("N new", "just added, never tried; new peers are sent to first"),
    ("A alive", "the last contact worked"),
    ("? alive?", "alive by its word alone: it did not answer when we last tried it"),
    ("L lost", "a send failed; tried again now and then"),
    ("D dead", "lost for longer than the kill timeout; hardly ever tried"),
    ("I ignored", "you said so: nothing is sent to it, and it is answered 403"),
];

/// Returns the current selection.
fn selected_target(model: &Model) -> PaletteTarget {
    let SelectionTarget::List(selecting) = model.selection_target() else { return PaletteTarget::Nothing };
    let target = match selecting {
        Pane::Peers | Pane::Column | Pane::Queue => {
            model.selected_row().map(|(list, row)| PaletteTarget::Item(list, row.key.clone()))
        }
        Pane::Traffic => {
            model.log_position().and_then(|at| model.log.at(at)).map(|row| PaletteTarget::Row(row.number))
        }
    };
    target.unwrap_or(PaletteTarget::Nothing)
}

/// Restores a selection. Fails if the item no longer exists.
pub(crate) fn select_target(model: &mut Model, target: &PaletteTarget) -> Result<(), CommandRefusal> {
    let is_there = match target {
        PaletteTarget::Nothing => true,
        PaletteTarget::Item(list, key) => {
            let list = model.networks.active().list(*list);
            list.is_some_and(|list| matches!(&list.selected, Selection::At(_, selected) if selected == key))
        }
        PaletteTarget::Row(number) => {
            let position = model.log.position(*number);
            let is_there = model.log.at(position).is_some_and(|row| row.number == *number);
            if is_there && model.log_cursor == LogCursor::Following {
                model.freeze_log_at(position);
            }
            is_there
        }
    };
    let refusal = CommandRefusal::new("what was selected when the list was opened has gone");
    if is_there { Ok(()) } else { Err(refusal) }
}

/// Returns the palette for the present focus and selection.
pub fn palette(model: &Model) -> Palette {
    Palette::new(items(model), selected_target(model))
}

/// Whether a command of the screen acts on the selection.
pub(crate) fn acts_on_selection(model: &Model, command: &ViewCommand) -> bool {
    match command {
        ViewCommand::Open | ViewCommand::Copy | ViewCommand::Mark => true,
        ViewCommand::Pane(name) => {
            model.view_named(name).is_some_and(|(_, view)| view.about == About::Message)
        }
        _ => false,
    }
}

/// Returns all items, those that can be run first.
pub fn items(model: &Model) -> Vec<PaletteItem> {
    let bindings = model.keymap.bindings().iter().map(|binding| (binding, model.keys_of(binding)));
    let is_listed =
        |(binding, keys): &(&Binding, Vec<Key>)| !keys.is_empty() && binding.command != HELP_COMMAND;
    let bindings: Vec<_> = bindings.filter(is_listed).collect();
    let bound = bindings.iter().map(|(binding, keys)| binding_item(model, binding, keys));
    let network = model.networks.active();
    let typed = Known::all(&network.commands).filter(|known| !HELP_COMMAND.ends_with(known.name()));
    let typed = typed
        .filter(|known| !bindings.iter().any(|(binding, _)| covers_all_arguments(model, binding, *known)));
    // A command that the network does not have is not listed, not even as one that cannot be run now.
    let typed = typed.filter(|known| not_offered(model, &format!(":{}", known.name())).is_none());
    let is_here = |line: &str| match command_name(line).and_then(spec) {
        Some(spec) => spec.is_for(&network.commands),
        None => true,
    };
    let bound = bound.filter(|item| not_offered(model, &item.line).is_none() && is_here(&item.line));
    let typed = typed.map(|known| command_item(model, known)).chain(own_views(model));
    let mut items: Vec<_> = bound.chain(typed).collect();
    // The sort is stable, so that related items stay together.
    items.sort_by_key(|item| matches!(item.action, PaletteAction::Unavailable(_)));
    items.push(explanation_item("", ("::text", "the message \":text\"")));
    items.extend(statuses(model).iter().map(|(name, means)| explanation_item("a status", (name, means))));
    let filters = grammar(Scope::Traffic(&network.description));
    items.extend(filters.iter().map(|(example, means)| explanation_item("a filter", (example, means))));
    items
}

/// Returns the views of the network that the table of commands does not have.
fn own_views(model: &Model) -> impl Iterator<Item = PaletteItem> {
    model.own_views().map(|view| PaletteItem {
        keys: String::new(),
        line: format!(":{}", view.name),
        help: view.help.to_owned(),
        action: PaletteAction::Run(ViewCommand::Pane(view.name).into()),
    })
}

/// Returns the statuses of the network that is shown, each with its letter and its meaning.
fn statuses(model: &Model) -> Vec<(String, String)> {
    if model.shows_clacks() {
        return STATUSES.iter().map(|(name, means)| ((*name).to_owned(), (*means).to_owned())).collect();
    }
    let statuses = model.networks.active().description.statuses.iter();
    let status =
        |spec: &StatusSpec| (format!("{} {}", spec.letter, spec.name), spec.does.as_str().to_owned());
    statuses.map(status).collect()
}

/// Whether a key covers everything that the typed command can do.
fn covers_all_arguments(model: &Model, binding: &Binding, known: Known<'_>) -> bool {
    command_name(binding.command.trim_start_matches(":prompt ")) == Some(known.name())
        && (known.takes_nothing() || template_error(model, &binding.command).is_none())
}

fn binding_item(model: &Model, binding: &Binding, keys: &[Key]) -> PaletteItem {
    let template = &*binding.command;
    let line = expand_template(model, template).unwrap_or_else(|_| template.to_owned());
    let question = marked_call(model, template)
        .map(|call| Confirmation::before(model.networks.active(), call.on.len(), call));
    let deed = match (template_error(model, template), question, selected_call(model, template)) {
        (Some(reason), ..) => PaletteAction::Unavailable(reason),
        (None, Some(question), _) => PaletteAction::Confirm(question),
        (None, None, Some(Ok(call))) => PaletteAction::Call(call),
        (None, None, Some(Err(reason))) => PaletteAction::Unavailable(reason.into()),
        (None, None, None) => match model.networks.active().parse_bound(&line) {
            Ok(command) => PaletteAction::Run(command),
            Err(error) => PaletteAction::Unavailable(error.to_string()),
        },
    };
    let line = match &deed {
        PaletteAction::Confirm(question) => question.text.clone(),
        _ => line.trim_start_matches(":prompt ").to_owned(),
    };
    PaletteItem { keys: key_names(keys, model.charset()), line, help: help(model, binding), action: deed }
}

/// Returns what a binding does. The keymap does not know the commands of a network.
fn help(model: &Model, binding: &Binding) -> String {
    let known = command_name(&binding.command).and_then(|name| model.networks.active().known(name));
    let of_command = || known.map_or("", Known::help).to_owned();
    if binding.help.is_empty() { of_command() } else { binding.help.to_string() }
}

fn command_item(model: &Model, known: Known<'_>) -> PaletteItem {
    let line = format!(":{}", known.name());
    let network = model.networks.active();
    let deed = if known.takes_nothing() {
        match (template_error(model, &line), network.parse(&line)) {
            (None, Ok(command)) => PaletteAction::Run(command),
            (None, Err(error)) => PaletteAction::Unavailable(error.to_string()),
            (Some(reason), _) => PaletteAction::Unavailable(reason),
        }
    } else {
        let example = network.parse(&format!("{line} {}", example(known))).ok();
        let reason = example.and_then(|command| mode_error(model, &command));
        reason.map_or_else(
            || PaletteAction::StartLine(format!("{line} ")),
            |reason| PaletteAction::Unavailable(reason.to_owned()),
        )
    };
    PaletteItem { keys: String::new(), line: known.usage(), help: known.help().to_owned(), action: deed }
}

/// An example of what is typed behind a command, for a parser that does not know the items.
fn example(known: Known<'_>) -> String {
    let example = known.example();
    if example.is_empty() { "1".to_owned() } else { example.into_owned() }
}

fn explanation_item(about: &str, (what, means): (&str, &str)) -> PaletteItem {
    PaletteItem {
        keys: about.to_owned(),
        line: what.to_owned(),
        help: means.to_owned(),
        action: PaletteAction::Explanation,
    }
}

fn key_names(keys: &[Key], charset: Charset) -> String {
    keys.iter().map(|key| key.name(charset)).collect::<Vec<_>>().join(" ")
}

// IMPORT
