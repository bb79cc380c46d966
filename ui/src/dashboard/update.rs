//! What happens to the [`Model`]: a pure function from a [`Msg`] to changes and [`Effect`]s.

use clacks_p2p::{
    Address,
    core::{Event, MessageId, Now, Status},
};
use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::command::{Command, NodeCommand, ViewCommand};

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
    Resized(Rect),
    /// Something happened at the node.
    Node(Event),
    /// What the node answered to what the model wanted.
    Refreshed(Box<Snapshot>),
    /// How a command went, in a line.
    Done(Result<String, String>),
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
        Msg::Resized(screen) => {
            model.screen = screen;
            Vec::new()
        }
        Msg::Node(event) => {
            let before = model.log.total();
            model.log.note(&event, model.now.unix_ms);
            if let Some(frozen) = &mut model.frozen {
                frozen.held += model.log.total().saturating_sub(before);
            }
            Vec::new()
        }
        Msg::Refreshed(snapshot) => {
            model.refresh(*snapshot);
            Vec::new()
        }
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
    if model.areas().is_none() {
        // Nothing can be seen, so nothing acts but what leaves.
        let leaves = matches!(action, Some(Action::Command(":quit") | Action::Suspend));
        return action.filter(|_| leaves).map_or_else(Vec::new, |action| act(model, action));
    }
    if std::mem::take(&mut model.asked_to_quit) {
        let confirms =
            key.code == crossterm::event::KeyCode::Char('y') || action == Some(Action::Command(":quit"));
        model.notice = None;
        return if confirms { vec![Effect::Quit] } else { Vec::new() };
    }
    match action {
        Some(Action::Redraw) if model.focus == Focus::Input => edit(model, key),
        Some(action) => act(model, action),
        None if model.focus == Focus::Input && model.overlay.is_none() => edit(model, key),
        None => Vec::new(),
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
        Action::ToggleMouse => return toggle_mouse(model),
        Action::Send => return send(model),
        Action::Write(begun) => write(model, begun),
        Action::NextPane => turn_pane(model, 1),
        Action::PreviousPane => turn_pane(model, Pane::ALL.len() - 1),
        Action::Move(motion) if model.overlay.is_some() => scroll(model, motion),
        Action::Move(motion) => {
            go(model, motion);
            return vec![Effect::Refresh];
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
    let mut line = template.to_owned();
    if template.contains("{peer}") {
        let Some(peer) = selected_peer(model) else {
            model.complain("no peer is selected");
            return Vec::new();
        };
        line = line.replace("{peer}", &peer.to_string());
    }
    if template.contains("{message}") {
        let Some(message) = selected_message(model) else {
            model.complain("no message is selected");
            return Vec::new();
        };
        line = line.replace("{message}", &message.to_string());
    }
    match Command::parse(&line) {
        Ok(command) => run(model, command),
        Err(error) => {
            model.complain(error.to_string());
            Vec::new()
        }
    }
}

/// The peer that a key acts on: the one that is shown in full, else the one that is selected.
fn selected_peer(model: &Model) -> Option<Address> {
    match (&model.overlay, model.pane) {
        (Some(Overlay { content: Content::Peer(peer), .. }), _) => Some(peer.address.clone()),
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
        Command::View(ViewCommand::Quit) => return quit(model),
        Command::View(ViewCommand::Peers) => show_pane(model, Pane::Peers),
        Command::View(ViewCommand::Queue) => show_pane(model, Pane::Queue),
        Command::View(ViewCommand::Log) => show_pane(model, Pane::Traffic),
        Command::View(ViewCommand::Help) => {
            model.overlay = Some(Overlay { content: Content::Help, scrolled: 0 });
        }
        Command::View(ViewCommand::Filter(words)) => filter(model, &words),
    }
    Vec::new()
}

fn filter(model: &mut Model, words: &str) {
    model.log.set_filter(words);
    words.clone_into(&mut model.filter);
    show_pane(model, Pane::Traffic);
    if words.is_empty() {
        model.say("all traffic is shown");
    }
}

/// Leaves at once if nothing is lost by it, otherwise asks once.
fn quit(model: &mut Model) -> Vec<Effect> {
    let held = model.overview.queued + model.overview.in_flight;
    if held == 0 || model.is_demo || model.areas().is_none() {
        return vec![Effect::Quit];
    }
    model.overlay = None;
    model.asked_to_quit = true;
    let (messages, exist) = if held == 1 { ("message", "exists") } else { ("messages", "exist") };
    model.complain(format!(
        "{held} {messages} {exist} only in this queue: q again drops them, any other key stays"
    ));
    Vec::new()
}

fn send(model: &mut Model) -> Vec<Effect> {
    if model.input.is_for_one_line && model.input.draft().trim().is_empty() {
        model.focus = Focus::Lists;
        return Vec::new();
    }
    match Command::parse(model.input.draft()) {
        Ok(command) => {
            model.input.take();
            model.notice = None;
            if std::mem::take(&mut model.input.is_for_one_line) {
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
    model.input.is_for_one_line = !begun.is_empty();
    if !begun.is_empty() && !model.input.draft().starts_with(begun) {
        // A filter that is on is there to be changed.
        let words = if begun == FILTER { model.filter.as_str() } else { "" };
        model.input.set_aside_for(&format!("{begun}{words}"));
    }
}

fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.areas().is_none() || model.overlay.is_some() {
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
        Pane::Traffic if top => freeze_log(model, 0, 0),
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
        freeze_log(model, target, stepped_row(position - top, position, target, height));
    }
}

fn freeze_log(model: &mut Model, position: usize, row: usize) {
    if let Some(number) = model.log.at(position).map(|row| row.number) {
        model.log_cursor = LogCursor::Frozen { number, row };
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
    let content = match model.pane {
        Pane::Peers => model.peers.selected_peer().cloned().map(|peer| Content::Peer(Box::new(peer))),
        Pane::Queue => model.queue.selected_message().cloned().map(Content::Message),
        Pane::Traffic => {
            let row = model.log_position().and_then(|position| model.log.at(position)).cloned();
            row.map(|row| Content::Row(Box::new(row)))
        }
    };
    if let Some(content) = content {
        model.overlay = Some(Overlay { content, scrolled: 0 });
    }
}

// === The mouse ===

fn on_mouse(model: &mut Model, mouse: MouseEvent) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    let position = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(model, position, Motion::Up),
        MouseEventKind::ScrollDown => wheel(model, position, Motion::Down),
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

fn wheel(model: &mut Model, position: Position, motion: Motion) {
    if model.overlay.is_some() {
        (0..WHEEL).for_each(|_| scroll(model, motion));
        return;
    }
    let Some((pane, _)) = model.areas().and_then(|areas| areas.pane_at(position)) else { return };
    let focused = std::mem::replace(&mut model.pane, pane);
    (0..WHEEL).for_each(|_| go(model, motion));
    model.pane = focused;
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
                freeze_log(model, position, row);
            }
        }
    }
}
