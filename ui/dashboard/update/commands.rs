//! Execution of commands: typed on the line, bound to a key, or selected in the palette.

use clacks_feed::{
    Call, Key,
    description::{CommandSpec, Confirm},
};
use clacks_language::{
    command::{Command, NodeCommand, Step, ViewCommand},
    traffic_filter::FilterText,
};

use super::{
    assist, check, editing,
    line::{close_choice, edit, start_line},
    navigation::{after_move, move_in_overlay, move_selection, open_view, scroll},
    palette::move_palette_selection,
    palette_items::{acts_on_selection, palette, select_target},
    shutdown,
};
use crate::{
    available::{
        FILTER_PROMPT, ONLY_PROMPT, command_error, expand_template, marked_call, marked_call_of, mode_error,
        not_offered, selected_call, selected_call_of,
    },
    model::{
        Model,
        focus::{FocusOwner, LineKind, SelectionTarget},
    },
    state::{
        confirmation::Confirmation,
        errors::CommandRefusal,
        figures::Known,
        layout::Pane,
        list::List,
        log_cursor::LogCursor,
        message::Effect,
        network::Network,
        palette::{Palette, PaletteAction},
        sending::Sending,
    },
};

fn held_messages(model: &Model) -> usize {
    model.networks.active().figures.count(Known::Held)
}

/// Runs the command of a key, with the selection in its placeholders.
pub(crate) fn run_template(model: &mut Model, template: &str) -> Vec<Effect> {
    if let Some(reason) = not_offered(model, template) {
        model.notify_error(reason);
        return Vec::new();
    }
    if let Some(call) = marked_call(model, template) {
        if model.replay.is_some() {
            model.refuse_in_replay();
            return Vec::new();
        }
        model.question = Some(Confirmation::before(model.networks.active(), call.on.len(), call));
        return Vec::new();
    }
    // A command without effect reports the reason.
    if let Err(reason) = check_selection_unchanged(model, template) {
        model.notify_error(reason);
        return Vec::new();
    }
    match selected_call(model, template) {
        Some(Ok(call)) => return call_with_confirmation(model, call),
        Some(Err(reason)) => {
            model.notify_error(reason);
            return Vec::new();
        }
        None => {}
    }
    let command = expand_template(model, template).and_then(|line| {
        let parsed = model.networks.active().parse_bound(&line);
        parsed.map_err(|error| CommandRefusal::new(error.to_string()))
    });
    let idle = |command: &Command| match command {
        // The node decides.
        Command::Say(_) | Command::Node(_) => None,
        Command::View(_) => command_error(model, command).map(CommandRefusal::new),
    };
    match command.and_then(|command| idle(&command).map_or(Ok(command), Err)) {
        Ok(command) => run_with_confirmation(model, command),
        Err(reason) => {
            model.notify_error(reason);
            Vec::new()
        }
    }
}

/// Runs a command that was not typed. Commands that cannot be undone are confirmed first.
pub(crate) fn run_with_confirmation(model: &mut Model, command: Command) -> Vec<Effect> {
    let question = match command {
        // Do not ask about a command that will not be executed.
        command if mode_error(model, &command).is_some() => return run(model, command),
        Command::Node(command)
            if command == NodeCommand::new("release", "all") && held_messages(model) > 1 =>
        {
            let call = command.call(model.networks.active().run);
            Confirmation::before(model.networks.active(), held_messages(model), call)
        }
        Command::Node(command) if is_always_confirmed(model, &command) => {
            let call = command.call(model.networks.active().run);
            Confirmation::before_one(model.networks.active(), &command.text, call)
        }
        command => return run(model, command),
    };
    model.question = Some(question);
    Vec::new()
}

fn is_always_confirmed(model: &Model, command: &NodeCommand) -> bool {
    model.networks.active().spec(&command.name).is_some_and(|spec| spec.confirm == Confirm::Always)
}

/// Runs a command of the network on the marked items or on the selected one.
pub(crate) fn run_on_items(model: &mut Model, command: &CommandSpec) -> Vec<Effect> {
    if let Err(reason) = check_selection_unchanged(model, "{message}") {
        model.notify_error(reason);
        return Vec::new();
    }
    if let Some(call) = marked_call_of(model, command).filter(|_| model.replay.is_none()) {
        model.question = Some(Confirmation::before(model.networks.active(), call.on.len(), call));
        return Vec::new();
    }
    if let Some(call) = selected_call_of(model, command) {
        return call_with_confirmation(model, call);
    }
    model.notify_error("nothing is selected");
    Vec::new()
}

/// Makes a call on the selected item. If the network wants it to be confirmed, the user is asked first.
pub(crate) fn call_with_confirmation(model: &mut Model, call: Call) -> Vec<Effect> {
    if model.replay.is_some() {
        model.refuse_in_replay();
        return Vec::new();
    }
    let confirm = model.networks.active().spec(&call.command).map_or(Confirm::Never, |spec| spec.confirm);
    let question = match (confirm, &call.on[..]) {
        (Confirm::Always, [item]) => {
            let item = item.untrusted().to_owned();
            Confirmation::before_one(model.networks.active(), &item, call)
        }
        (Confirm::Always | Confirm::Many, [_, _, ..]) => {
            Confirmation::before(model.networks.active(), call.on.len(), call)
        }
        _ => return make_call(model, call),
    };
    model.question = Some(question);
    Vec::new()
}

fn make_call(model: &mut Model, call: Call) -> Vec<Effect> {
    // The edited message returns to its place before another command runs.
    let mut effects = editing::cancel(model);
    effects.push(Effect::Call(call));
    effects
}

/// Fails if the selected item is no longer the one that the user saw.
fn check_selection_unchanged(model: &mut Model, template: &str) -> Result<(), CommandRefusal> {
    let names_item = template.contains("{peer}") || template.contains("{message}");
    if names_item && acting_list(model).is_some_and(|list| list.marks.take_emptied_by_removal()) {
        return Err(CommandRefusal::new(
            "what was marked has gone; press the key again to act on what is selected",
        ));
    }
    if template.contains("{peer}") {
        freeze_followed_row(model)?;
    }
    if names_item && acting_list(model).is_some_and(|list| list.lost.take().is_some()) {
        let list = model.selected_list().and_then(|list| model.networks.active().description.list(list));
        let one = list.map_or("item", |list| list.one.as_str());
        return Err(CommandRefusal::new(format!(
            "the selected {one} has gone; press the key again to act on the one that is selected now"
        )));
    }
    Ok(())
}

/// Returns the list on which keys act.
fn acting_list(model: &mut Model) -> Option<&mut List> {
    let list = model.selected_list()?;
    model.networks.active_mut().list_mut(list)
}

/// Freezes the traffic at its newest row if it is followed. Fails then, because that row may have arrived just before
/// the key was pressed.
fn freeze_followed_row(model: &mut Model) -> Result<(), CommandRefusal> {
    let is_traffic = model.selection_target() == SelectionTarget::List(Pane::Traffic);
    if !is_traffic || model.log_cursor != LogCursor::Following {
        return Ok(());
    }
    if let Some(position) = model.log_position() {
        model.freeze_log_at(position);
    }
    Err(CommandRefusal::new(
        "the traffic stands still now; press the key again to act on the peer of the selected row",
    ))
}

/// Runs a command. A command that does not work in this context leaves an error notice.
pub fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(reason) = mode_error(model, &command) {
        model.notify_error(reason);
        return Vec::new();
    }
    match command {
        Command::Node(command) => {
            if let Some(edit) = editing::finish(model, &command) {
                return vec![edit];
            }
            make_call(model, command.call(model.networks.active().run))
        }
        Command::Say(text) => {
            if let Some(call) = model.networks.active().say(text) {
                return make_call(model, call);
            }
            model.notify_error(format!("{} sends no texts", model.networks.active().description.network));
            Vec::new()
        }
        Command::View(command) => run_screen_command(model, command),
    }
}

/// Runs the line, or shows why it cannot be run.
pub fn submit(model: &mut Model) -> Vec<Effect> {
    if model.line_kind() == (LineKind::Empty { is_command: true }) {
        // Submitting a deleted filter removes the filter.
        if model.input.is_cleared_command(FILTER_PROMPT) {
            model.clear_filter();
        } else if model.input.is_cleared_command(ONLY_PROMPT) {
            model.narrow(None);
        }
        model.input.clear();
        model.input.switch_to_message();
        model.focus_last_list();
        return assist::on_edit(model);
    }
    // The draft stays for correction.
    let Ok(command) = check::check(model) else { return assist::refuse_line(model) };
    model.notice = None;
    // The node decides whether a message is sent. Only sent messages are added to the history.
    let (was_command, remembered) = if Network::is_typed_message(&command) {
        let (line, was_command) = model.input.take_draft();
        model.sending = Some((model.networks.position(), Sending::Line { line, was_command }));
        (was_command, None)
    } else {
        let taken = model.input.submit();
        (taken.was_command, taken.history_line)
    };
    if was_command {
        model.focus_last_list();
    }
    let mut effects = assist::on_edit(model);
    effects.extend(remembered.and_then(Effect::append_history));
    effects.extend(run(model, command));
    effects
}

/// Runs the selected item of the palette, for the selection at the time when it was opened.
fn run_selected(model: &mut Model) -> Vec<Effect> {
    let Some(menu) = model.palette.take() else { return Vec::new() };
    match menu.selected_item().map(|item| item.action.clone()) {
        Some(PaletteAction::Run(command)) => return run_palette_command(model, &menu, command),
        Some(PaletteAction::Call(call)) => return call_with_confirmation(model, call),
        Some(PaletteAction::Confirm(question)) => model.question = Some(question),
        Some(PaletteAction::StartLine(line)) => {
            return start_line(model, &line);
        }
        // The palette stays open for another choice.
        Some(PaletteAction::Unavailable(reason)) => {
            model.notify_error(reason);
            model.palette = Some(menu);
        }
        Some(PaletteAction::Explanation) | None => model.palette = Some(menu),
    }
    Vec::new()
}

fn run_palette_command(model: &mut Model, menu: &Palette, command: Command) -> Vec<Effect> {
    if let Command::View(view) = &command
        && acts_on_selection(model, view)
        && let Err(reason) = select_target(model, menu.target())
    {
        model.notify_error(reason);
        return Vec::new();
    }
    run_with_confirmation(model, command)
}

/// Runs a command of the screen.
fn run_screen_command(model: &mut Model, command: ViewCommand) -> Vec<Effect> {
    if let Some(effect) = effect_of(&command) {
        return vec![effect];
    }
    match command {
        ViewCommand::Interrupt => return shutdown::interrupt(model),
        ViewCommand::Mouse => return toggle_mouse(model),
        ViewCommand::Search => model.begin_search(),
        ViewCommand::Match { forwards } => model.go_to_match(forwards),
        ViewCommand::Move(step) => return step_on(model, step),
        ViewCommand::Help => model.palette = Some(palette(model)),
        ViewCommand::Choose => return run_selected(model),
        ViewCommand::Close => return close(model),
        ViewCommand::Filter(wanted) => set_filter(model, wanted.as_ref()),
        ViewCommand::Copy => return model.copy(),
        ViewCommand::CopyAll => return model.copy_all(),
        ViewCommand::Write(target) => {
            return vec![Effect::WriteRows(target, model.log.shown().cloned().collect())];
        }
        ViewCommand::Station(number, wish) => {
            let effects = model.run_station_command(number, wish);
            model.update_frozen_filters();
            return effects;
        }
        ViewCommand::HoldStill => model.toggle_frozen(),
        ViewCommand::Undo => return undo(model),
        ViewCommand::Mark => toggle_mark(model),
        ViewCommand::Unmark => clear_marks(model),
        ViewCommand::Motion(setting) => {
            model.motion.set(setting);
            model.notify(format!("motion is {}", setting.name()));
        }
        ViewCommand::Network(name) => model.show_network(name.as_deref()),
        ViewCommand::Theme(name) => match model.themes.choose(&name) {
            Ok(name) => model.notify(format!("the theme is {name} now")),
            Err(error) => model.notify_error(error.to_string()),
        },
        ViewCommand::Sort(_) | ViewCommand::Only(_) | ViewCommand::List(_) => {
            return run_list_command(model, &command);
        }
        other => return run_editor_command(model, other).unwrap_or_default(),
    }
    Vec::new()
}

/// The effect of a command that changes nothing in the model.
fn effect_of(command: &ViewCommand) -> Option<Effect> {
    Some(match command {
        ViewCommand::Quit => Effect::RequestQuit,
        ViewCommand::QuitAtOnce => Effect::Quit,
        ViewCommand::Suspend => Effect::Suspend,
        ViewCommand::Redraw => Effect::Redraw,
        ViewCommand::Edit(item) => Effect::Edit(Key::new(item)),
        ViewCommand::EditInEditor(item) => Effect::OpenEditor(Key::new(item)),
        ViewCommand::Record(command) => Effect::Record(command.clone()),
        ViewCommand::PeersFrom(source) => Effect::ReadPeers(source.clone()),
        ViewCommand::Replay(command) => Effect::Replay(*command),
        _ => return None,
    })
}

/// Closes what is open, or else removes a filter.
fn close(model: &mut Model) -> Vec<Effect> {
    if model.focus_after_question() == FocusOwner::Palette {
        model.palette = None;
    } else if model.is_narrowed() {
        model.narrow(None);
        return vec![Effect::Refresh];
    } else if model.open_overlay().is_none() {
        model.clear_filter();
    } else {
        model.close();
    }
    Vec::new()
}

/// Runs a command that orders, filters or shows a list. Its rows are fetched at once.
fn run_list_command(model: &mut Model, command: &ViewCommand) -> Vec<Effect> {
    match command {
        ViewCommand::Sort(name) => model.sort(name.as_deref()),
        ViewCommand::Only(filter) => model.narrow(filter.as_deref()),
        ViewCommand::List(name) => match model.find_list(name) {
            Ok(list) => model.show_list(list),
            Err(reason) => {
                model.notify_error(reason);
                return Vec::new();
            }
        },
        _ => return Vec::new(),
    }
    vec![Effect::Refresh]
}

/// Runs a command of the line. Returns `None` for other commands, see [`open_view`].
fn run_editor_command(model: &mut Model, command: ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Send if model.is_typing_search() => model.finish_search(),
        ViewCommand::Send => return Some(submit(model)),
        ViewCommand::Complete(direction) => return Some(assist::complete_line(model, direction)),
        ViewCommand::SearchHistory => model.input.search_older(),
        ViewCommand::Take => return Some(close_choice(model, true)),
        ViewCommand::TakeBack => return Some(close_choice(model, false)),
        ViewCommand::Line(line_key) => return Some(edit(model, line_key.key())),
        ViewCommand::Say => return Some(start_line(model, "")),
        ViewCommand::Prompt(begun) => return Some(start_line(model, &begun)),
        ViewCommand::Leave if model.is_typing_search() => model.cancel_search(),
        ViewCommand::Leave => {
            model.input.discard_untyped_command();
            model.focus_last_list();
        }
        ViewCommand::Clear if model.focus_after_question() == FocusOwner::Palette => {
            model.palette.iter_mut().for_each(Palette::clear);
        }
        ViewCommand::Clear if model.is_typing_search() => model.clear_search(),
        ViewCommand::Clear if model.input.draft().is_empty() => model.focus_last_list(),
        ViewCommand::Clear => {
            model.input.clear();
            return Some(assist::on_edit(model));
        }
        other => return open_view(model, &other),
    }
    None
}

fn step_on(model: &mut Model, step: Step) -> Vec<Effect> {
    match model.selection_target() {
        _ if model.focus_after_question() == FocusOwner::Palette => move_palette_selection(model, step),
        SelectionTarget::Held => {
            move_in_overlay(model, step);
            return vec![Effect::Refresh];
        }
        SelectionTarget::Rows | SelectionTarget::Text | SelectionTarget::Picture => scroll(model, step),
        SelectionTarget::List(_) => {
            move_selection(model, step);
            return after_move(model);
        }
    }
    Vec::new()
}

fn set_filter(model: &mut Model, wanted: Option<&FilterText>) {
    let wanted = match wanted.map(|wanted| model.filter_networks().read(wanted)).transpose() {
        Ok(wanted) => wanted,
        Err(error) => return model.notify_error(error.to_string()),
    };
    if wanted.is_none() {
        model.notify("all traffic is shown");
    }
    model.apply_filter();
    model.log.set_filter(wanted);
    model.focus_list(Pane::Traffic);
}

fn undo(model: &mut Model) -> Vec<Effect> {
    match model.undo.take(model.now.uptime).map(Effect::Undo) {
        Ok(effect) => vec![effect],
        Err(reason) => {
            model.notify_error(reason.to_string());
            Vec::new()
        }
    }
}

fn toggle_mark(model: &mut Model) {
    let is_list = matches!(
        model.selection_target(),
        SelectionTarget::List(Pane::Peers | Pane::Queue) | SelectionTarget::Held
    );
    let key = acting_list(model).filter(|_| is_list).and_then(|list| list.selected_key().cloned());
    let marked = match (key, acting_list(model)) {
        (Some(key), Some(list)) => list.marks.toggle(key),
        _ => Err(CommandRefusal::new("nothing is selected that could be marked")),
    };
    marked.unwrap_or_else(|reason| model.notify_error(reason));
}

fn clear_marks(model: &mut Model) {
    let count = model.networks.active().marks();
    model.networks.active_mut().lists_mut().for_each(|list| list.marks.clear());
    model.notify(match count {
        0 => "nothing was marked".to_owned(),
        1 => "1 mark is taken away".to_owned(),
        count => format!("{count} marks are taken away"),
    });
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    let key = model.key_name_in(model.key_context(), ":mouse");
    model.notify(if model.mouse {
        "the mouse selects rows here".to_owned()
    } else {
        format!("the mouse is the terminal's: drag to select text; {key} takes it back")
    });
    vec![Effect::SetMouse(model.mouse)]
}
