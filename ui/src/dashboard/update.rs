//! What happens to the [`Model`]: a pure function from a [`Msg`] to changes and [`Effect`]s.

use clacks_p2p::{
    Address,
    core::{Event, MessageId, Now, Status},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::{
    command::{Command, NodeCommand, ViewCommand},
    filter::Filter,
};

use super::{
    keymap::{self, Action, Binding, Context, Motion},
    layout::Pane,
    model::{Anchor, Content, Focus, LogCursor, Model, Overlay, Snapshot},
};

/// Something that happened to the dashboard.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    /// The terminal has the focus or has lost it.
    Focus(bool),
    Resized(Rect),
    /// Something happened at the node.
    Node(Event),
    /// What the node answered to what the model wanted.
    Refreshed(Box<Snapshot>),
    /// How a command went, in a line.
    Done(Result<String, String>),
    /// The user wants to leave, and what the model knows of the queue is fresh.
    Leave,
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Run(NodeCommand),
    /// Ask the node at once for what is on the screen now, so that the next key finds it there.
    Refresh,
    Suspend,
    Redraw,
    SetMouse(bool),
    /// Refresh, then send [`Msg::Leave`].
    AskToLeave,
    Quit,
}

/// What the key for the filter begins to write.
const FILTER: &str = ":filter ";
/// How many rows a turn of the wheel moves.
const WHEEL: usize = 3;

/// Takes in what happened at this time.
pub(crate) fn update(model: &mut Model, now: Now, msg: Msg) -> Vec<Effect> {
    model.now = now;
    match msg {
        Msg::Key(key) => on_key(model, key),
        Msg::Paste(text) => on_paste(model, &text),
        Msg::Mouse(mouse) => on_mouse(model, mouse),
        Msg::Focus(has_focus) => {
            model.motion.set_focus(has_focus);
            Vec::new()
        }
        Msg::Resized(screen) => {
            model.screen = screen;
            model.lay_out();
            Vec::new()
        }
        Msg::Node(event) => {
            let is_row = model.log.note(&event, model.now.unix_ms);
            if let Some(frozen) = &mut model.frozen {
                frozen.held += usize::from(is_row);
            }
            Vec::new()
        }
        Msg::Refreshed(snapshot) => {
            model.refresh(*snapshot);
            Vec::new()
        }
        Msg::Leave => leave(model),
        Msg::Done(Ok(done)) => {
            model.say(done);
            Vec::new()
        }
        Msg::Done(Err(error)) => {
            model.complain(error);
            Vec::new()
        }
    }
}

fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    settle(model);
    let action = keymap::action(key, |context| is_active(model, context));
    if model.asked_to_quit.take().is_some() {
        return if confirms_leaving(key) { vec![Effect::Quit] } else { Vec::new() };
    }
    if model.areas().is_none() {
        return on_key_unseen(model, key, action);
    }
    match action {
        Some(Action::Edit) => edit(model, key),
        Some(action) => act(model, action),
        None if model.focus == Focus::Input && model.overlay.is_none() => edit(model, key),
        None => Vec::new(),
    }
}

/// The keys that leave wherever the focus is.
fn confirms_leaving(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.code == KeyCode::Char(if control { 'c' } else { 'q' })
}

/// Where nothing can be seen, nothing acts but what leaves.
fn on_key_unseen(model: &Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let writes = model.focus == Focus::Input && model.overlay.is_none();
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if action == Some(Action::Suspend) {
        vec![Effect::Suspend]
    } else if confirms_leaving(key) && (is_control || !writes) {
        vec![Effect::AskToLeave]
    } else {
        Vec::new()
    }
}

/// From the first key on, what is selected is what was on the screen when the key was pressed.
fn settle(model: &mut Model) {
    model.peers.settle();
    model.queue.settle();
}

/// Whether keys of this context work now.
pub(crate) fn is_active(model: &Model, context: Context) -> bool {
    let in_lists = model.overlay.is_none() && model.focus == Focus::Lists;
    match context {
        Context::Overlay => model.overlay.is_some(),
        Context::Input => model.overlay.is_none() && model.focus == Focus::Input,
        Context::Lists => in_lists,
        Context::In(panes) => in_lists && panes.contains(&model.pane),
    }
}

/// Whether a key works now and would change anything, so that it is worth a hint.
pub(crate) fn is_useful(model: &Model, binding: &Binding) -> bool {
    let peer = || selected_peer(model);
    let status = || peer().and_then(|address| model.status_of(&address));
    is_active(model, binding.context)
        && match binding.action {
            Action::Command(":unignore {peer}") => status() == Some(Status::Ignored),
            Action::Command(":ignore {peer}" | ":announce {peer}") => {
                peer().is_some() && status() != Some(Status::Ignored)
            }
            Action::Command(template) if template.contains("{peer}") => peer().is_some(),
            Action::Command(template) if template.contains("{message}") => selected_message(model).is_some(),
            Action::Write(FILTER) => model.pane == Pane::Traffic,
            _ => true,
        }
}

fn edit(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if model.input.edit(key) {
        model.notice.take_if(|notice| notice.is_error);
    }
    Vec::new()
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Command(template) => return run_template(model, template),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        // Keys that edit are handled with the key at hand.
        Action::Edit => {}
        Action::ToggleMouse => return toggle_mouse(model),
        Action::Send => return send(model),
        Action::Write(begun) => write(model, begun),
        Action::NextPane => turn_pane(model, 1),
        Action::PreviousPane => turn_pane(model, Pane::ALL.len() - 1),
        Action::Move(motion) if model.overlay.is_some() => scroll(model, motion),
        Action::Move(motion) => {
            go(model, motion);
            return moved(model);
        }
        Action::Open => open(model),
        Action::Freeze => model.toggle_frozen(),
        Action::Close => model.overlay = None,
        Action::Leave => model.focus = Focus::Lists,
        Action::ClearOrLeave if model.input.draft().is_empty() => model.focus = Focus::Lists,
        Action::ClearOrLeave => model.input.clear(),
    }
    Vec::new()
}

// === Commands ===

fn run_template(model: &mut Model, template: &str) -> Vec<Effect> {
    let line = match fill_in(model, template) {
        Ok(line) => line,
        Err(reason) => {
            model.complain(reason);
            return Vec::new();
        }
    };
    match Command::parse(&line) {
        Ok(command) => run(model, command),
        Err(error) => {
            model.complain(error.to_string());
            Vec::new()
        }
    }
}

/// The command with what is selected in the places for it.
fn fill_in(model: &mut Model, template: &str) -> Result<String, &'static str> {
    let mut line = template.to_owned();
    if template.contains("{peer}") {
        hold_on_to_the_row(model)?;
        line = line.replace("{peer}", &selected_peer(model).ok_or("no peer is selected")?.to_string());
    }
    if template.contains("{message}") {
        if std::mem::take(&mut model.queue.is_handed_over) {
            return Err("the message that was selected has gone; again for the one that is now");
        }
        line =
            line.replace("{message}", &selected_message(model).ok_or("no message is selected")?.to_string());
    }
    Ok(line)
}

/// While the traffic is followed its newest row may be one that was not on the screen yet when the key was pressed, so
/// the first key only stops it.
fn hold_on_to_the_row(model: &mut Model) -> Result<(), &'static str> {
    if model.overlay.is_some() || model.pane != Pane::Traffic || model.log_cursor != LogCursor::Following {
        return Ok(());
    }
    if let Some(position) = model.log_position() {
        model.freeze_log_at(position);
    }
    Err("the traffic stands still now: again for the peer of the selected row")
}

/// The peer that a key acts on: the one that is shown in full, else the one that is selected.
fn selected_peer(model: &Model) -> Option<Address> {
    match (&model.overlay, model.pane) {
        (Some(Overlay { content: Content::Peer(detail), .. }), _) => Some(detail.peer.address.clone()),
        (Some(Overlay { content: Content::Row(row), .. }), _) => row.peer.clone(),
        (Some(_), _) | (None, Pane::Queue) => None,
        (None, Pane::Peers) => model.peers.selected_peer().map(|peer| peer.address.clone()),
        (None, Pane::Traffic) => {
            model.log_position().and_then(|at| model.log.at(at)).and_then(|row| row.peer.clone())
        }
    }
}

fn selected_message(model: &Model) -> Option<MessageId> {
    model.queue.selected_message().map(|queued| queued.id)
}

fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Node(command) => return vec![Effect::Run(command)],
        Command::View(ViewCommand::Quit) => return vec![Effect::AskToLeave],
        Command::View(ViewCommand::Peers) => show_pane(model, Pane::Peers),
        Command::View(ViewCommand::Queue) => show_pane(model, Pane::Queue),
        Command::View(ViewCommand::Traffic) => show_pane(model, Pane::Traffic),
        Command::View(ViewCommand::Zoom) => model.is_zoomed = !model.is_zoomed,
        Command::View(ViewCommand::Help) => {
            model.open(Content::Help);
        }
        Command::View(ViewCommand::Filter(wanted)) => filter(model, wanted),
        Command::View(ViewCommand::Motion(setting)) => {
            model.motion.set(setting);
            model.say(format!("motion is {}", setting.name()));
        }
        Command::View(ViewCommand::Theme(name)) => match model.looks.choose(&name) {
            Ok(name) => model.say(format!("the theme is {name} now")),
            Err(reason) => model.complain(reason),
        },
    }
    Vec::new()
}

fn filter(model: &mut Model, wanted: Option<Filter>) {
    if wanted.is_none() {
        model.say("all traffic is shown");
    }
    model.log.set_filter(wanted);
    show_pane(model, Pane::Traffic);
}

/// Leaves at once if nothing is lost by it, otherwise asks once.
fn leave(model: &mut Model) -> Vec<Effect> {
    let held = model.overview.queued + model.overview.in_flight;
    if held == 0 || model.is_demo {
        return vec![Effect::Quit];
    }
    model.asked_to_quit = Some(held);
    Vec::new()
}

fn send(model: &mut Model) -> Vec<Effect> {
    if model.input.writes_command() && model.input.draft().trim_matches([':', ' ']).is_empty() {
        model.input.clear();
        model.input.write_message();
        model.focus = Focus::Lists;
        return Vec::new();
    }
    match Command::parse(model.input.draft()) {
        Ok(command) => {
            model.notice = None;
            if model.input.take() {
                model.focus = Focus::Lists;
            }
            run(model, command)
        }
        // The draft stays, to be mended.
        Err(error) => {
            model.complain(error.to_string());
            Vec::new()
        }
    }
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    model.say(if model.mouse {
        "the mouse selects rows here"
    } else {
        "the mouse is the terminal's: drag to select text; m takes it back"
    });
    vec![Effect::SetMouse(model.mouse)]
}

fn write(model: &mut Model, begun: &str) {
    model.focus = Focus::Input;
    match begun {
        "" => model.input.write_message(),
        // A filter that is on is there to be changed.
        FILTER => {
            let filter = model.log.filter().map_or("", Filter::as_str);
            model.input.write_command(&format!("{FILTER}{filter}"));
        }
        begun => model.input.write_command(begun),
    }
}

fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let was_asked = model.asked_to_quit.take().is_some();
    if was_asked || model.areas().is_none() || model.overlay.is_some() {
        return Vec::new();
    }
    // A paste is text, never keys: outside the input it becomes a draft, and nothing is sent.
    if model.focus == Focus::Lists {
        write(model, "");
        model.say("pasted; Enter sends it, Esc leaves it as a draft");
    }
    let without_room = model.input.insert(text);
    if without_room > 0 {
        model.complain(format!("the last {without_room} bytes of the paste had no room"));
    }
    Vec::new()
}

// === Moving ===

fn turn_pane(model: &mut Model, by: usize) {
    let at = Pane::ALL.iter().position(|pane| *pane == model.pane).unwrap_or(0);
    model.pane = Pane::ALL[(at + by) % Pane::ALL.len()];
}

fn show_pane(model: &mut Model, pane: Pane) {
    (model.pane, model.focus) = (pane, Focus::Lists);
}

/// The lists have to be fetched, even if they are held still.
fn moved(model: &mut Model) -> Vec<Effect> {
    model.has_moved = true;
    model.queue.is_handed_over = false;
    vec![Effect::Refresh]
}

fn go(model: &mut Model, motion: Motion) {
    let page = model.height(model.pane).saturating_sub(1).max(1);
    match motion {
        Motion::Up => step(model, -1),
        Motion::Down => step(model, 1),
        Motion::PageUp => step(model, -page.cast_signed()),
        Motion::PageDown => step(model, page.cast_signed()),
        Motion::Top => go_to_end(model, true),
        Motion::Bottom => go_to_end(model, false),
    }
}

fn go_to_end(model: &mut Model, top: bool) {
    match model.pane {
        Pane::Peers => model.peers.selected = if top { Anchor::First } else { Anchor::Last },
        Pane::Queue => model.queue.selected = if top { Anchor::First } else { Anchor::Last },
        Pane::Traffic if top => model.freeze_log_at(0),
        Pane::Traffic => model.log_cursor = LogCursor::Following,
    }
}

fn step(model: &mut Model, by: isize) {
    let height = model.height(model.pane);
    match model.pane {
        Pane::Peers => {
            let Some(index) = model.peers.index() else { return };
            let target = index.saturating_add_signed(by).min(model.peers.window.len() - 1);
            model.peers.selected = Anchor::At(model.peers.window[target].address.clone());
            model.peers.row = stepped_row(model.peers.row, index, target, height);
        }
        Pane::Queue => {
            let Some(index) = model.queue.index() else { return };
            let target = index.saturating_add_signed(by).min(model.queue.window.len() - 1);
            model.queue.selected = Anchor::At(model.queue.window[target].id);
            model.queue.place = model.queue.first + target;
            model.queue.row = stepped_row(model.queue.row, index, target, height);
        }
        Pane::Traffic => step_log(model, by, height),
    }
}

fn step_log(model: &mut Model, by: isize, height: usize) {
    let (Some(position), top) = (model.log_position(), model.log_top()) else { return };
    let last = model.log.len() - 1;
    let target = position.saturating_add_signed(by).min(last);
    if target == last && by > 0 {
        model.log_cursor = LogCursor::Following;
    } else {
        let row = stepped_row(position.saturating_sub(top), position, target, height);
        model.show_log_row(target, row);
    }
}

/// The row of the screen after a step: the list stays where it is as long as the selection is on the screen.
fn stepped_row(row: usize, from: usize, to: usize, height: usize) -> usize {
    let row = row.saturating_add_signed(to.cast_signed() - from.cast_signed());
    row.min(height.max(1) - 1)
}

fn scroll(model: &mut Model, motion: Motion) {
    let page = model.areas().map_or(1, |areas| usize::from(areas.body.height).saturating_sub(1).max(1));
    let Some(overlay) = &mut model.overlay else { return };
    overlay.scrolled = match motion {
        Motion::Up => overlay.scrolled.saturating_sub(1),
        Motion::Down => overlay.scrolled.saturating_add(1),
        Motion::PageUp => overlay.scrolled.saturating_sub(page),
        Motion::PageDown => overlay.scrolled.saturating_add(page),
        Motion::Top => 0,
        Motion::Bottom => usize::MAX,
    };
    // What lies behind the end is known where the text is laid out.
    let most = super::view::overlay_length(model).saturating_sub(page);
    if let Some(overlay) = &mut model.overlay {
        overlay.scrolled = overlay.scrolled.min(most);
    }
}

fn open(model: &mut Model) {
    if let Some(content) = model.selection() {
        model.open(content);
    }
}

// === The mouse ===

fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    let position = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => return wheel(model, position, Motion::Up),
        MouseEventKind::ScrollDown => return wheel(model, position, Motion::Down),
        MouseEventKind::Down(_) if model.asked_to_quit.take().is_some() => {}
        MouseEventKind::Down(MouseButton::Left) if model.overlay.is_none() => {
            if areas.input.contains(position) {
                write(model, "");
            } else if let Some((pane, row)) = areas.pane_at(position) {
                show_pane(model, pane);
                select_row(model, row);
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Scrolls what the pointer is over; what is selected stays on its row of the screen.
fn wheel(model: &mut Model, position: Position, motion: Motion) -> Vec<Effect> {
    if model.overlay.is_some() {
        (0..WHEEL).for_each(|_| scroll(model, motion));
        return Vec::new();
    }
    let Some((pane, _)) = model.areas().and_then(|areas| areas.pane_at(position)) else { return Vec::new() };
    let focused = std::mem::replace(&mut model.pane, pane);
    let by = if motion == Motion::Up { -WHEEL.cast_signed() } else { WHEEL.cast_signed() };
    let (peer_row, message_row) = (model.peers.row, model.queue.row);
    match pane {
        Pane::Traffic => scroll_log(model, by),
        Pane::Peers | Pane::Queue => step(model, by),
    }
    (model.peers.row, model.queue.row, model.pane) = (peer_row, message_row, focused);
    moved(model)
}

fn scroll_log(model: &mut Model, by: isize) {
    let (Some(position), top) = (model.log_position(), model.log_top()) else { return };
    let target = position.saturating_add_signed(by);
    if target >= model.log.len() {
        model.log_cursor = LogCursor::Following;
        return;
    }
    model.show_log_row(target, position.saturating_sub(top).min(target));
}

fn select_row(model: &mut Model, row: Option<usize>) {
    let Some(row) = row else { return };
    let height = model.height(model.pane);
    match model.pane {
        Pane::Peers => {
            if let Some(peer) = model.peers.visible(height).0.get(row) {
                (model.peers.selected, model.peers.row) = (Anchor::At(peer.address.clone()), row);
            }
        }
        Pane::Queue => {
            let top = model.queue.place.saturating_sub(model.queue.row);
            if let Some(queued) = model.queue.visible(height).0.get(row) {
                (model.queue.selected, model.queue.row, model.queue.place) =
                    (Anchor::At(queued.id), row, top + row);
            }
        }
        Pane::Traffic => {
            let position = model.log_top() + row;
            if position < model.log.len() {
                model.freeze_log_at(position);
            }
        }
    }
}
