//! Availability of commands: the items that a command acts on, and the reason why it cannot be run.

use clacks_feed::{
    Call, Key, Value,
    description::{CommandSpec, Kind, ListId, Role, Takes},
};
use clacks_language::{
    command::{
        Command, NodeCommand, ViewCommand,
        argument::RecordCommand,
        playback::{Jump, ReplayCommand},
    },
    saved_filter::{Number, StationCommand},
};
use clacks_panes::{About, Reaction};
use clacks_recording::jump::PlaybackError;
use clacks_session::{precheck::REPLAY_SENDS_NOTHING, traffic::row::Row as TrafficRow};
use crossterm::event::KeyCode;

use super::{
    keymap::{Binding, KeyContext},
    model::{
        Model,
        focus::{FocusOwner, LineKind, SelectionTarget},
    },
    pages::overlay_line_count,
    state::{
        errors::CommandRefusal,
        figures::Known,
        key as terminal,
        layout::Pane,
        list::text_of,
        network::Network,
        overlay::{OpenOverlay, OverlayKind},
        search::Search,
    },
};

/// Replaces the placeholders of a template by the selection. Fails if nothing is selected.
pub(crate) fn expand_template(model: &Model, template: &str) -> Result<String, CommandRefusal> {
    let mut line = template.to_owned();
    if template.contains("{peer}") {
        let peer = selected_peer(model).ok_or_else(|| CommandRefusal::new("no peer is selected"))?;
        line = line.replace("{peer}", peer.untrusted());
    }
    if template.contains("{message}") {
        let message = selected_message(model).ok_or_else(|| CommandRefusal::new("no message is selected"))?;
        line = line.replace("{message}", message.untrusted());
    }
    // The key handler replaces it.
    if template.contains("{key}") {
        return Err(CommandRefusal::new("press the key itself"));
    }
    Ok(line)
}

/// The call of a bound line on all marked items of the list that has the focus. Returns `None` if nothing is marked, if
/// only the selected item is marked, or if the line is no command on items of that list.
pub fn marked_call(model: &Model, template: &str) -> Option<Call> {
    marked_call_of(model, item_command(model, template)?)
}

/// The call of a command on all marked items.
pub(crate) fn marked_call_of(model: &Model, command: &CommandSpec) -> Option<Call> {
    let network = model.networks.active();
    let list = list_of_rows(model).filter(|list| acts_on(network, command, *list))?;
    let marked = marked_keys(model);
    let selected = selected_item(model, command).map(|(_, key)| key.untrusted().to_owned());
    let is_more = !marked.is_empty() && marked != Vec::from_iter(selected);
    let keys = marked.iter().map(|key| Key::new(key));
    is_more.then(|| Call::new(network.run, command.name.clone(), "").on(list, keys))
}

/// The call of a bound line on the selected item. Returns `None` if the line is no command on items of a list.
pub(crate) fn selected_call(model: &Model, template: &str) -> Option<Result<Call, CommandRefusal>> {
    let command = item_command(model, template)?;
    let is_message = template.ends_with(MESSAGE);
    // A message there can be queued or held.
    if is_message && model.selection_target() == SelectionTarget::Text {
        return None;
    }
    let what = if is_message { "message" } else { "peer" };
    let call = selected_call_of(model, command);
    Some(call.ok_or_else(|| CommandRefusal::new(format!("no {what} is selected"))))
}

/// The call of a command on the selected item.
pub(crate) fn selected_call_of(model: &Model, command: &CommandSpec) -> Option<Call> {
    let (list, key) = selected_item(model, command)?;
    Some(Call::new(model.networks.active().run, command.name.clone(), "").on(list, [key]))
}

/// The command of the network that a key without a binding runs on the selected row.
pub(crate) fn command_of_key(model: &Model, key: terminal::Key) -> Option<CommandSpec> {
    let network = model.networks.active();
    let is_bound = |command: &&CommandSpec| {
        command.key.is_some_and(|own| terminal::Key::plain(KeyCode::Char(own)) == key)
    };
    let list = list_of_rows(model)?;
    let mut commands = network.description.commands.iter().filter(is_bound);
    commands.find(|command| acts_on(network, command, list)).cloned()
}

const PEER: &str = "{peer}";
const MESSAGE: &str = "{message}";

/// The command of a bound line on an item, such as `:ignore {peer}`.
fn item_command<'a>(model: &'a Model, template: &str) -> Option<&'a CommandSpec> {
    let (name, placeholder) = template.strip_prefix(':')?.split_once(' ')?;
    // Some commands of the screen have the same name, such as `:edit` without a text.
    let network = model.networks.active();
    let example = network.parse_bound(&template.replace(PEER, "tower:1").replace(MESSAGE, "1"));
    let is_on_item = matches!(placeholder, PEER | MESSAGE) && matches!(example, Ok(Command::Node(_)));
    network.description.command(name).filter(|_| is_on_item)
}

/// The list whose rows can be marked, if one has the focus.
fn list_of_rows(model: &Model) -> Option<ListId> {
    match model.selection_target() {
        SelectionTarget::List(Pane::Peers | Pane::Queue) | SelectionTarget::Held => model.selected_list(),
        _ => None,
    }
}

fn acts_on(network: &Network, command: &CommandSpec, list: ListId) -> bool {
    network.description.list(list).is_some_and(|list| command.on.contains(&list.name))
}

/// The item that a command acts on: the selected row, the item to which that row refers, or the peer that is shown.
fn selected_item(model: &Model, command: &CommandSpec) -> Option<(ListId, Key)> {
    let network = model.networks.active();
    if let Some(list) = list_of_rows(model) {
        let (_, row) = model.selected_row()?;
        if acts_on(network, command, list) {
            return Some((list, row.key.clone()));
        }
        let columns = network.description.list(list)?.columns.iter().zip(&row.cells);
        return columns.into_iter().find_map(|(column, cell)| match (&column.kind, cell) {
            (Kind::Ref(to), Value::Ref(key)) if command.on.contains(to) => {
                Some((network.description.list_id(to.as_str())?, key.clone()))
            }
            _ => None,
        });
    }
    let mut lists = network.description.lists().filter(|(list, _)| acts_on(network, command, *list));
    let (list, _) = lists.find(|(_, list)| list.role == Role::Peers)?;
    selected_peer(model).map(|peer| (list, peer))
}

/// Returns the keys of the marked items of the list on which keys act.
fn marked_keys(model: &Model) -> Vec<String> {
    let list = model.selected_list().and_then(|list| model.networks.active().list(list));
    list.iter().flat_map(|list| list.marks.iter()).map(|key| key.untrusted().to_owned()).collect()
}

/// Returns the reason why the network that is shown has no such command. A replay gives its own reason.
pub(crate) fn not_offered(model: &Model, template: &str) -> Option<String> {
    model.networks.active().lacks(template).filter(|_| model.replay.is_none())
}

/// Returns the reason why a bound line cannot be run now, or `None` if it can.
pub fn template_error(model: &Model, template: &str) -> Option<String> {
    if let Some(reason) = not_offered(model, template) {
        return Some(reason);
    }
    if marked_call(model, template).is_some() {
        return model.replay.is_some().then(|| REPLAY_SENDS_NOTHING.to_owned());
    }
    let line = match expand_template(model, template) {
        Ok(line) => line,
        Err(refusal) => return Some(refusal.into()),
    };
    let command = match model.networks.active().parse_bound(&line) {
        Ok(command) => command,
        Err(error) => return Some(error.to_string()),
    };
    command_error(model, &command)
}

/// Returns the reason why a command would have no effect now, or `None`.
pub(crate) fn command_error(model: &Model, command: &Command) -> Option<String> {
    if let Some(reason) = mode_error(model, command) {
        return Some(reason.to_owned());
    }
    match command {
        Command::Say(_) => None,
        Command::Node(command) => node_command_error(model, command),
        Command::View(command) => view_command_error(model, command),
    }
}

/// Returns the reason why a command never works in this mode: nothing is sent in a replay, and only a replay can be
/// controlled.
pub(crate) fn mode_error(model: &Model, command: &Command) -> Option<&'static str> {
    match (command, &model.replay) {
        (
            Command::Say(_)
            | Command::Node(_)
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

/// Returns the reason why a typed command would be refused, as far as the model knows.
pub(crate) fn typed_command_error(model: &Model, command: &Command) -> Option<String> {
    if let Some(reason) = mode_error(model, command) {
        return Some(reason.to_owned());
    }
    match command {
        Command::View(ViewCommand::Network(Some(name))) => model.networks.find(name).err().map(Into::into),
        Command::View(ViewCommand::List(name)) => model.find_list(name).err().map(Into::into),
        Command::View(ViewCommand::Sort(Some(name))) => model.find_sort(name).err().map(Into::into),
        Command::View(ViewCommand::Only(Some(filter))) => {
            model.read_row_filter(filter).err().map(|error| error.to_string())
        }
        // The filter may be removed already, because it is previewed.
        Command::View(ViewCommand::Only(None)) if model.narrowed_list().is_some() => None,
        Command::View(ViewCommand::Theme(name)) => {
            model.themes.find(name).err().map(|error| error.to_string())
        }
        Command::View(ViewCommand::Filter(Some(filter))) => {
            model.filter_networks().read(filter).err().map(|error| error.to_string())
        }
        Command::View(ViewCommand::Station(number, wish)) => station_command_error(model, *number, wish),
        Command::View(command) => view_command_error(model, command),
        Command::Say(_) | Command::Node(_) => None,
    }
}

/// Returns the reason why a `:station` command cannot be run.
pub(crate) fn station_command_error(model: &Model, number: Number, wish: &StationCommand) -> Option<String> {
    match wish {
        StationCommand::Save(station) => {
            model.filter_networks().read(&station.filter).err().map(|error| error.to_string())
        }
        _ if model.saved_filters.get(number).is_some() => None,
        StationCommand::Clear => Some(format!("there is no station {number}")),
        StationCommand::Tune => {
            let filter = model.log.filter().map_or("from:tower", |filter| filter.as_str());
            Some(format!("there is no station {number}; :station {number} {filter} would make one"))
        }
    }
}

/// Whether the replay is at its end.
fn is_replay_finished(model: &Model) -> bool {
    model.replay.as_ref().is_some_and(|replay| replay.at_end)
}

/// Returns the reason why a command of the network would be refused, as far as the shown rows tell.
fn node_command_error(model: &Model, command: &NodeCommand) -> Option<String> {
    let network = model.networks.active();
    let spec = network.spec(&command.name)?;
    let takes = spec.args.first().map_or(&[][..], |arg| &arg.takes);
    let counts_held = network.description.gauge("held").is_some();
    let reason = match (command.name.as_str(), &*command.text) {
        ("release", "all") if counts_held && network.figures.count(Known::Held) == 0 => "nothing is held",
        ("unhold", _) if model.is_held_open() && model.hold_rule.is_none() => "no filter holds what comes",
        _ => "",
    };
    if !reason.is_empty() {
        return Some(reason.to_owned());
    }
    takes.iter().find_map(|takes| match takes {
        Takes::Item { list, only } if !only.is_empty() => {
            network.wrong_status(spec, list, only, &command.text)
        }
        _ => None,
    })
}

const NO_LIST: &str = "no list has the focus that could be filtered; Tab goes to one";

fn view_command_error(model: &Model, command: &ViewCommand) -> Option<String> {
    let reason = match command {
        ViewCommand::Replay(
            ReplayCommand::Pause | ReplayCommand::Step | ReplayCommand::Jump(Jump::On(_)),
        ) if is_replay_finished(model) => return Some(PlaybackError::AtEnd.to_string()),
        ViewCommand::Record(RecordCommand::Stop) if model.recording_size.is_none() => {
            Some("nothing is being recorded")
        }
        ViewCommand::Sort(_) if model.sorted_list().is_none() => {
            Some("no list has the focus that could be sorted; Tab goes to one")
        }
        ViewCommand::Only(_) if model.narrowed_list().is_none() => Some(NO_LIST),
        ViewCommand::Prompt(begun) if begun == ONLY_PROMPT && model.narrowed_list().is_none() => {
            Some(NO_LIST)
        }
        ViewCommand::Only(None) if !model.is_narrowed() => Some("all rows are shown"),
        ViewCommand::Network(None) if model.networks.is_single() => Some("there is no other network"),
        command if lacks_view(model, command) => {
            return Some(model.no_such_view(command));
        }
        ViewCommand::Undo => return model.undo.why_not(model.now.uptime).map(|reason| reason.to_string()),
        ViewCommand::Unmark if model.networks.active().marks() == 0 => Some("nothing is marked"),
        ViewCommand::Mark if selected_peer(model).is_none() && selected_message(model).is_none() => {
            Some("nothing is selected")
        }
        ViewCommand::Pane(name) if lacks_subject(model, name) => Some("no message is selected"),
        ViewCommand::Open if has_nothing_to_open(model) => Some("nothing is selected"),
        ViewCommand::Search | ViewCommand::Match { .. } if model.open_overlay().is_none() => {
            Some("nothing is open")
        }
        ViewCommand::Match { .. } if model.search().is_none_or(Search::has_no_query) => {
            let key = model.key_name_in(KeyContext::Overlay, ":search");
            return Some(format!("nothing is looked for; {key} begins"));
        }
        ViewCommand::Match { .. } if model.search().is_some_and(Search::has_no_match) => {
            Some("there is no match")
        }
        ViewCommand::Copy if model.open_overlay().is_some() && !has_text_to_copy(model) => {
            Some("there is no text here to copy")
        }
        ViewCommand::Close if has_nothing_to_close(model) => {
            Some("nothing is open, and all traffic is shown")
        }
        ViewCommand::Move(_) if model.focus_after_question() != FocusOwner::Palette => no_move_reason(model),
        ViewCommand::NextPane | ViewCommand::PreviousPane
            if !matches!(model.open_overlay(), None | Some(OpenOverlay::Charts)) =>
        {
            Some("there is nothing else to go to")
        }
        _ => None,
    };
    reason.map(str::to_owned)
}

/// Whether a command shows something that the network on the screen does not have.
fn lacks_view(model: &Model, command: &ViewCommand) -> bool {
    match command {
        ViewCommand::Held => !model.shows_clacks(),
        ViewCommand::Pane(name) => model.view_named(name).is_none(),
        _ => false,
    }
}

/// Whether a view is about a message, and none is selected.
fn lacks_subject(model: &Model, name: &str) -> bool {
    model.view_named(name).is_some_and(|(_, view)| view.about == About::Message)
        && super::pages::current_message(model).is_none()
}

/// Whether a binding gets a hint: its key works now and has an effect.
pub(crate) fn has_hint(model: &Model, binding: &Binding) -> bool {
    !binding.hint.is_empty()
        && !model.keys_of(binding).is_empty()
        && !has_no_effect(model, &binding.command)
        && template_error(model, &binding.command).is_none()
}

/// Whether a command that always works would have no effect now.
fn has_no_effect(model: &Model, command: &str) -> bool {
    let is_empty =
        matches!(model.line_kind(), LineKind::Empty { .. }) && model.focus_after_question().is_input();
    match command {
        ":search" => overlay_line_count(model) == 0,
        ":send" => {
            let is_refused = model.focus_after_question().is_input() && model.assist.submit_error().is_some();
            is_refused || is_empty && !model.is_cleared_filter()
        }
        ":clear" => is_empty,
        ":history-back" => !model.input.has_history(),
        ":next-match" | ":previous-match" => model.search().is_some_and(Search::has_one_match),
        // The hint of Esc covers this.
        ":complete" => {
            model.line_kind() != LineKind::Command
                && matches!(model.focus_after_question(), FocusOwner::Input(_))
        }
        _ => false,
    }
}

/// Whether there is nothing that Esc could close, and no filter that it could remove.
fn has_nothing_to_close(model: &Model) -> bool {
    model.open_overlay().is_none()
        && model.palette.is_none()
        && model.log.filter().is_none()
        && !model.is_narrowed()
}

/// Returns the reason why the selection cannot move.
fn no_move_reason(model: &Model) -> Option<&'static str> {
    match model.selection_target() {
        SelectionTarget::Picture => Some("a picture shows all that there is"),
        SelectionTarget::Text if overlay_line_count(model) <= model.overlay_height() => {
            Some("all of it is on the screen")
        }
        SelectionTarget::Rows => {
            let (pane, context, _) = model.focused_pane()?;
            pane.no_move_reason(&context)
        }
        SelectionTarget::Held if model.selection().is_none() => Some("nothing is held"),
        SelectionTarget::Held if has_one_row(model) => Some("there is no other message"),
        SelectionTarget::List(_) if model.selection().is_none() => Some("there is nothing here to go to"),
        _ => None,
    }
}

/// Whether the list on which keys act has one row.
fn has_one_row(model: &Model) -> bool {
    model
        .selected_list()
        .and_then(|list| model.networks.active().list(list))
        .is_some_and(|list| list.total == 1)
}

/// Whether the open overlay has something to copy. On the map this is the selected peer.
fn has_text_to_copy(model: &Model) -> bool {
    matches!(model.selection_target(), SelectionTarget::List(_))
        || overlay_line_count(model) > 0
        || super::pages::current_message(model).is_some()
}

fn has_nothing_to_open(model: &Model) -> bool {
    match model.selection_target() {
        SelectionTarget::List(_) | SelectionTarget::Held => model.selection().is_none(),
        SelectionTarget::Rows => {
            model.focused_pane().is_none_or(|(pane, context, _)| pane.enter(&context) == Reaction::Nothing)
        }
        // Enter closes it.
        SelectionTarget::Text | SelectionTarget::Picture => false,
    }
}

/// Returns the peer that a key acts on: the one in the open overlay, else the selected one.
pub(crate) fn selected_peer(model: &Model) -> Option<Key> {
    let key = match model.selection_target() {
        SelectionTarget::List(Pane::Peers | Pane::Column) => selected_key(model, Role::Peers),
        SelectionTarget::List(Pane::Traffic) => {
            model.log_position().and_then(|at| model.log.at(at)).and_then(peer_of_row)
        }
        SelectionTarget::Held => {
            let (list, row) = model.selected_row()?;
            text_of(model.networks.active().cell(list, row, "from")?).map(|from| Key(from.clone()))
        }
        SelectionTarget::Text => match &model.overlay.as_ref()?.content {
            OverlayKind::Item(item) if item.role == Role::Peers => Some(item.row.key.clone()),
            OverlayKind::Row(row) => peer_of_row(row),
            _ => None,
        },
        SelectionTarget::List(Pane::Queue) | SelectionTarget::Rows | SelectionTarget::Picture => None,
    };
    key.filter(is_one_word)
}

/// Returns the key of the selected row of a list whose items are of this kind.
fn selected_key(model: &Model, role: Role) -> Option<Key> {
    let (list, row) = model.selected_row()?;
    let list = model.networks.active().description.list(list)?;
    (list.role == role).then(|| row.key.clone())
}

/// Whether a key can stand in a typed line. A recording can have any key.
fn is_one_word(key: &Key) -> bool {
    let key = key.untrusted();
    !key.is_empty() && !key.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Returns the peer that a row of the traffic is about.
fn peer_of_row(row: &TrafficRow) -> Option<Key> {
    row.line.peer.clone()
}

/// Returns the message that a key acts on: the one in the open overlay, else the selected one.
pub(crate) fn selected_message(model: &Model) -> Option<Key> {
    let key = match model.selection_target() {
        SelectionTarget::Held | SelectionTarget::List(Pane::Queue) => selected_key(model, Role::Messages),
        SelectionTarget::Text => {
            model.open_item().filter(|item| item.role == Role::Messages).map(|item| item.row.key.clone())
        }
        SelectionTarget::List(_) | SelectionTarget::Rows | SelectionTarget::Picture => None,
    };
    key.filter(is_one_word)
}

/// Start of the line that the filter key writes in the traffic.
pub const FILTER_PROMPT: &str = ":filter ";
/// Start of the line that the filter key writes in another list.
pub(crate) const ONLY_PROMPT: &str = ":only ";
