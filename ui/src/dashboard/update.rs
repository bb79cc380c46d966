//! What happens to the [`Model`]: a pure function from a [`Msg`] to changes and [`Effect`]s.

use clacks_p2p::{
    Message,
    core::{Event, MessageId, Now},
    node::HandOnError,
};
use crossterm::event::{KeyCode, KeyEvent, MouseEvent};
use ratatui::layout::Rect;

use crate::recording::{controls::ReplayCommand, recorder::RecordCommand};
use crate::{
    clipboard::Text,
    command::{Command, NodeCommand, Step, ViewCommand},
    filter::Filter,
    peer_list::{self, ListSource, Reading},
    station::Stations,
    undoing::Before,
};

use super::{
    assist::{self, Answer},
    available::{REPLAY_SENDS_NOTHING, fill_in, marked, out_of_place, selected_message, selected_peer},
    choosing::{choose, go_in_menu, type_into_menu, type_into_search},
    completion::Need,
    editing::{self, Editing, InHand},
    export::Target,
    keymap::{Key, Place},
    layout::Pane,
    leaving,
    log::Row,
    marks::Marked,
    menu::Menu,
    model::{Content, Focus, LogCursor, Model, Snapshot},
    mouse::on_mouse,
    moving::{go, moved, open, open_picture, open_within, scroll, show_pane, turn},
    outcome::{self, Outcome},
    paste::{insert, on_burst, on_paste},
    question::Question,
    souls::Souls,
    story,
};

/// Something that happened to the dashboard.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(KeyEvent),
    /// Keys that came faster than anybody types.
    Burst(Vec<KeyEvent>),
    Paste(String),
    Mouse(MouseEvent),
    /// The terminal has the focus or has lost it.
    Focus(bool),
    Resized(Rect),
    /// Something happened at the node.
    Node(Event),
    /// What the node answered to what the model wanted.
    Refreshed(Box<Snapshot>),
    /// What the node says about the line that is being written.
    Answered(Answer),
    /// The names that were found for a path that is being written.
    Listed(Need, Vec<String>),
    /// A replay begins again, on the way to an earlier place.
    BeginsAgain,
    /// How commands went that were run together, and what was before, as far as it can be put back.
    Ran(Vec<Outcome>, Vec<Before>),
    /// How it went to put back what was before, in a line, and what can be tried again.
    Undone(Result<String, String>, Vec<Before>),
    /// How something went, in a line.
    Done(Result<String, String>),
    /// How the reading of lists of peers went.
    PeersRead(Vec<Reading>),
    /// A message is held to be edited on the line.
    Editing(Box<InHand>),
    /// What a message was edited to can't be, for this reason; it is to be mended on the line.
    Mend {
        editing: Editing,
        line: String,
        reason: String,
    },
    /// The user wants to leave, and what the model knows of the queue is fresh.
    Leave,
    /// How the handing on went; what the model knows of the queue is fresh.
    HandedOn(Result<(), HandOnError>),
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Run(NodeCommand),
    /// Run these, and tell of them in one line.
    RunAll(Vec<NodeCommand>),
    /// Ask the node, and where a path is written the disk, about the line that is being written.
    Ask(assist::Question),
    /// Add a line to the history that is kept from one run to the next.
    Remember(String),
    /// For the model itself, once a question was answered so: add a line to the history as if it had been written.
    Sent(String),
    /// For the model itself, once a question was answered so: insert text into the draft as one line.
    Insert(String),
    Record(RecordCommand),
    /// Read this list of peers, or all that are configured, then send [`Msg::PeersRead`].
    ReadPeers(Option<ListSource>),
    Replay(ReplayCommand),
    /// Take a message out of sending to edit it, then send [`Msg::Editing`].
    Edit(MessageId),
    /// Give the message that is edited this text, and put it back to where it was.
    FinishEdit(Editing, Message),
    /// Edit a message in the user's own editor, which gets the terminal meanwhile.
    OpenEditor(MessageId),
    /// Put back what was before, then send [`Msg::Undone`].
    Undo(Vec<Before>),
    /// Ask the node at once for what is on the screen now, so that the next key finds it there.
    Refresh,
    Suspend,
    Redraw,
    /// Put a text into the clipboard.
    Copy(Text),
    /// Put these messages of the queue into the clipboard, wherever in the queue they are.
    CopyMessages(Vec<MessageId>),
    /// Write rows into a file.
    Write(Target, Vec<Row>),
    /// Ring the terminal's bell, unless it has rung a moment ago.
    Ring,
    /// Write down the stations that were changed.
    KeepStations(Stations),
    SetMouse(bool),
    /// Refresh, then send [`Msg::Leave`].
    AskToLeave,
    /// Hand on what only this node has; before that, release what is held if that is to go too. Then send
    /// [`Msg::HandedOn`].
    HandOn {
        with_held: bool,
    },
    /// Hand on no more, and take messages again.
    StopHandingOn,
    Quit,
}

/// What the key for the filter begins to write.
pub(super) const FILTER: &str = ":filter ";
/// What the key for the filter that holds messages begins to write.
const HOLD: &str = ":hold ";

/// Takes in what happened at this time.
pub(crate) fn update(model: &mut Model, now: Now, msg: Msg) -> Vec<Effect> {
    model.now = now;
    model.shares.forget_old(now);
    model.undo.forget_old(now);
    let is_input = matches!(msg, Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_));
    let mut effects = take_in(model, msg);
    if is_input {
        effects.extend(editing::leave(model));
        model.follow_draft();
    }
    effects
}

fn take_in(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(_) | Msg::Burst(_) | Msg::Paste(_) | Msg::Mouse(_) if model.handing_on().is_some() => {
            leaving::on_input(model, &msg)
        }
        Msg::Key(key) => on_key(model, key),
        Msg::Burst(keys) => on_burst(model, keys),
        Msg::Paste(text) => on_paste(model, &text),
        Msg::Mouse(mouse) => on_mouse(model, mouse),
        Msg::Focus(has_focus) => {
            model.motion.set_focus(has_focus);
            Vec::new()
        }
        Msg::Resized(screen) => {
            model.screen = screen;
            model.lay_out();
            model.keep_in_sight();
            Vec::new()
        }
        Msg::Node(event) => on_event(model, &event),
        Msg::Refreshed(snapshot) => {
            model.refresh(*snapshot);
            model.follow_text();
            Vec::new()
        }
        Msg::Answered(answer) => {
            assist::answered(model, answer);
            Vec::new()
        }
        Msg::Listed(need, names) => assist::listed(model, need, names),
        Msg::BeginsAgain => {
            model.begin_again();
            Vec::new()
        }
        Msg::Leave => leaving::leave(model),
        Msg::HandedOn(result) => leaving::ended(model, result),
        Msg::Editing(in_hand) => {
            editing::begin(model, &in_hand);
            assist::edited(model)
        }
        Msg::Mend { editing, line, reason } => {
            editing::mend(model, editing, &line);
            model.complain(reason);
            assist::edited(model)
        }
        done => {
            on_done(model, done);
            Vec::new()
        }
    }
}

/// Says how something went that took a while.
fn on_done(model: &mut Model, msg: Msg) {
    match msg {
        Msg::Ran(outcomes, before) => outcome::note(model, &outcomes, before),
        Msg::Undone(result, left) => {
            model.undo.remember(left, Vec::new(), model.now);
            on_done(model, Msg::Done(result));
        }
        Msg::PeersRead(readings) => {
            // The line that says how it went stays for some seconds only.
            for reading in &readings {
                let failed = reading.summary().err();
                reading.bad_lines().into_iter().chain(failed).for_each(|line| model.note_text(line));
            }
            on_done(model, Msg::Done(peer_list::summary(&readings)));
        }
        Msg::Done(Ok(done)) => model.say(done),
        Msg::Done(Err(error)) => model.complain(error),
        _ => {}
    }
}

fn on_event(model: &mut Model, event: &Event) -> Vec<Effect> {
    model.lives.note(event, model.now);
    model.sends.note(event, model.now);
    model.shares.note(event, model.now);
    model.trends.note(event);
    model.towers.note(event, model.now.uptime, &mut model.motion);
    model.map.note(event, model.now.uptime, model.frozen.is_some(), &mut model.motion);
    model.hold_traffic();
    let is_row = model.log.note(event, model.now.unix_ms);
    model.count_held_rows(usize::from(is_row));
    let row = model.log.newest().filter(|_| is_row).map(Row::subject);
    let rings = row.is_some_and(|row| model.listening.note(&row, model.log.filter()));
    // Nobody listens to what is jumped over.
    let is_jumping = model.replay.as_ref().is_some_and(|replay| replay.jumping.is_some());
    if rings && !is_jumping { vec![Effect::Ring] } else { Vec::new() }
}

pub(super) fn on_key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    settle(model);
    let key = Key::from(event);
    let is_seen = model.areas().is_some();
    // A question that can't be read waits until it can.
    if let Some(question) = model.question.take_if(|question| is_seen || question.is_about_leaving()) {
        return question.answered(key).into_iter().flat_map(|effect| answered(model, effect)).collect();
    }
    if !is_seen {
        return on_key_unseen(model, key);
    }
    let place = model.place();
    let bound = model.bound(key);
    let command = bound.map(|binding| binding.command.replace("{key}", &key.to_string()));
    match (command, place) {
        (Some(line), _) => run_line(model, &line),
        (None, _) if is_unbound(model, place, key) => Vec::new(),
        (None, Place::Input | Place::Choices) => edit(model, event),
        (None, Place::Search) => {
            type_into_search(model, event);
            Vec::new()
        }
        (None, Place::Menu) => {
            type_into_menu(model, event);
            Vec::new()
        }
        (None, Place::Recall) => {
            model.input.edit_search(event);
            Vec::new()
        }
        (None, _) => Vec::new(),
    }
}

/// Whether the user took a key away there, so that it does not edit either.
fn is_unbound(model: &Model, place: Place, key: Key) -> bool {
    let places = if place == Place::Choices { &[place, Place::Input][..] } else { &[place] };
    places.iter().any(|place| model.keymap.is_unbound(*place, key))
}

/// Does to the model what an answer to a question is to do there; the other effects are for outside.
fn answered(model: &mut Model, effect: Effect) -> Vec<Effect> {
    match effect {
        Effect::Insert(text) => insert(model, &text),
        Effect::Sent(line) if model.input.remember_all([line.as_str()]) => {
            remember(line).into_iter().collect()
        }
        Effect::Sent(_) => Vec::new(),
        Effect::HandOn { with_held } => leaving::begin(model, with_held),
        effect => vec![effect],
    }
}

/// Keeps a line for the next run, unless it begins with a space, as those do in a shell that nobody is to find.
fn remember(line: String) -> Option<Effect> {
    (!line.starts_with(' ')).then_some(Effect::Remember(line))
}

/// Where nothing can be seen, nothing acts but what leaves, and what is open can't be closed first.
fn on_key_unseen(model: &Model, key: Key) -> Vec<Effect> {
    let place = match model.place() {
        place @ (Place::Input | Place::Choices | Place::Recall) => place,
        _ => model.pane.into(),
    };
    match model.keymap.find(place, key).map(|binding| &*binding.command) {
        _ if key == Key::LEAVE => vec![Effect::AskToLeave],
        Some(":quit") => vec![Effect::AskToLeave],
        Some(":quit!") => vec![Effect::Quit],
        Some(":suspend") => vec![Effect::Suspend],
        _ => Vec::new(),
    }
}

/// From the first key on, what is selected is what was on the screen when the key was pressed.
fn settle(model: &mut Model) {
    model.peers.settle();
    model.queue.settle();
    model.held.list.settle();
}

fn edit(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let goes_on = matches!(key.code, KeyCode::Right | KeyCode::End) && key.modifiers.is_empty();
    if let Some(effects) = goes_on.then(|| assist::take_ghost(model)).flatten() {
        return effects;
    }
    if model.input.edit(key) {
        model.notice.take_if(|notice| notice.is_error);
    }
    assist::edited(model)
}

// === Commands ===

/// Runs the command that a key is bound to, with what is selected in the places for it.
fn run_line(model: &mut Model, template: &str) -> Vec<Effect> {
    if let Some(commands) = marked(model, template) {
        if model.replay.is_some() {
            return refuse_in_replay(model);
        }
        model.question = Question::before_all(commands);
        return Vec::new();
    }
    let line = still_there(model, template).and_then(|()| fill_in(model, template));
    match line.and_then(|line| Command::parse(&line).map_err(|error| error.to_string())) {
        Ok(command) => run_unwritten(model, command),
        Err(reason) => {
            model.complain(reason);
            Vec::new()
        }
    }
}

/// Runs a command that nobody wrote out: what could not be taken back, hit by mistake, is asked about first.
pub(super) fn run_unwritten(model: &mut Model, command: Command) -> Vec<Effect> {
    let question = match command {
        // There is nothing to be asked about what won't be done.
        command if out_of_place(model, &command).is_some() => return run(model, command),
        Command::Node(NodeCommand::Forget(peer)) => Question::before_forgetting(peer),
        Command::Node(command @ NodeCommand::ReleaseAll) if model.overview.held > 1 => {
            Question::before(model.overview.held, command)
        }
        command => return run(model, command),
    };
    model.question = Some(question);
    Vec::new()
}

/// Whether what a key is to act on is what the user saw when pressing it.
fn still_there(model: &mut Model, template: &str) -> Result<(), String> {
    let marks_gone = template.contains("{peer}") && model.marks.peers.take_has_run_out()
        || template.contains("{message}") && message_marks(model).take_has_run_out();
    if marks_gone {
        return Err("what was marked has gone; again for the one that is selected".to_owned());
    }
    if template.contains("{peer}") {
        hold_on_to_the_row(model)?;
    }
    let is_handed_over = match model.place() {
        Place::Held => &mut model.held.list.is_handed_over,
        _ => &mut model.queue.is_handed_over,
    };
    if template.contains("{message}") && std::mem::take(is_handed_over) {
        return Err("the message that was selected has gone; again for the one that is now".to_owned());
    }
    Ok(())
}

/// The marks on messages where the keys are: on those that are held, or that wait.
fn message_marks(model: &mut Model) -> &mut Marked<MessageId> {
    match model.place() {
        Place::Held => &mut model.marks.held,
        _ => &mut model.marks.messages,
    }
}

/// While the traffic is followed its newest row may be one that was not on the screen yet when the key was pressed, so
/// the first key only stops it.
fn hold_on_to_the_row(model: &mut Model) -> Result<(), String> {
    if model.overlay.is_some() || model.pane != Pane::Traffic || model.log_cursor != LogCursor::Following {
        return Ok(());
    }
    if let Some(position) = model.log_position() {
        model.freeze_log_at(position);
    }
    Err("the traffic stands still now: again for the peer of the selected row".to_owned())
}

fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(reason) = out_of_place(model, &command) {
        model.complain(reason);
        return Vec::new();
    }
    match command {
        Command::Node(command) => {
            let edit = editing::finish(model, &command);
            vec![edit.unwrap_or(Effect::Run(command))]
        }
        Command::View(command) => look(model, command),
    }
}

pub(super) fn refuse_in_replay(model: &mut Model) -> Vec<Effect> {
    model.complain(REPLAY_SENDS_NOTHING);
    Vec::new()
}

fn look(model: &mut Model, command: ViewCommand) -> Vec<Effect> {
    match command {
        ViewCommand::Quit => return vec![Effect::AskToLeave],
        ViewCommand::QuitAtOnce => return vec![Effect::Quit],
        ViewCommand::Suspend => return vec![Effect::Suspend],
        ViewCommand::Redraw => return vec![Effect::Redraw],
        ViewCommand::Mouse => return toggle_mouse(model),
        ViewCommand::Search => model.begin_search(),
        ViewCommand::Match { forwards } => model.step_search(forwards),
        ViewCommand::Move(step) => return step_on(model, step),
        ViewCommand::Edit(id) => return vec![Effect::Edit(id)],
        ViewCommand::EditInEditor(id) => return vec![Effect::OpenEditor(id)],
        ViewCommand::Help => model.menu = Some(Menu::new(model)),
        ViewCommand::Choose => return choose(model),
        ViewCommand::Close if model.menu.is_some() => model.menu = None,
        ViewCommand::Close => model.close(),
        ViewCommand::Filter(wanted) => filter(model, wanted),
        ViewCommand::Copy => return model.copy(),
        ViewCommand::CopyAll => return model.copy_all(),
        ViewCommand::Write(target) => {
            return vec![Effect::Write(target, model.log.shown().cloned().collect())];
        }
        ViewCommand::Station(number, wish) => return model.wish(number, wish),
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
    if model.menu.is_some() {
        go_in_menu(model, step);
    } else if model.place() == Place::Held {
        model.held.go(step, model.overlay_height());
        return vec![Effect::Refresh];
    } else if model.selecting() != Pane::Map && model.overlay.is_some() {
        scroll(model, step);
    } else {
        go(model, step);
        return moved(model);
    }
    Vec::new()
}

/// What is done to what is being written.
fn on_line(model: &mut Model, command: ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Send if model.writes_search() => model.keep_search(),
        ViewCommand::Send => return Some(send(model)),
        ViewCommand::Complete(direction) => return Some(assist::complete_line(model, direction)),
        ViewCommand::SearchHistory => model.input.search_on(),
        ViewCommand::Take => return Some(end_choice(model, true)),
        ViewCommand::TakeBack => return Some(end_choice(model, false)),
        ViewCommand::Line(line_key) => return Some(edit(model, line_key.key())),
        ViewCommand::Say => return Some(write(model, "")),
        ViewCommand::Prompt(begun) => return Some(write(model, &begun)),
        ViewCommand::Leave if model.writes_search() => model.leave_search(),
        ViewCommand::Leave => {
            model.input.leave();
            model.focus = Focus::Lists;
        }
        ViewCommand::Clear if model.menu.is_some() => model.menu.iter_mut().for_each(Menu::clear),
        ViewCommand::Clear if model.writes_search() => model.clear_search(),
        ViewCommand::Clear if model.input.draft().is_empty() => model.focus = Focus::Lists,
        ViewCommand::Clear => {
            model.input.clear();
            return Some(assist::edited(model));
        }
        other => return show(model, &other),
    }
    None
}

/// What is shown in the place of something else.
fn show(model: &mut Model, command: &ViewCommand) -> Option<Vec<Effect>> {
    match command {
        ViewCommand::Peers => show_pane(model, Pane::Peers),
        ViewCommand::Queue => show_pane(model, Pane::Queue),
        ViewCommand::Traffic => show_pane(model, Pane::Traffic),
        ViewCommand::NextPane => turn(model, 1),
        ViewCommand::PreviousPane => turn(model, -1),
        ViewCommand::Zoom => {
            model.overlay = None;
            model.is_zoomed = !model.is_zoomed;
        }
        ViewCommand::Held => {
            model.open(Content::Held);
            return Some(vec![Effect::Refresh]);
        }
        ViewCommand::Charts => open_picture(model, Content::Charts),
        ViewCommand::Tower => open_picture(model, Content::Tower),
        ViewCommand::Map => open_picture(model, Content::Map),
        ViewCommand::Biography => story::open_biography(model),
        ViewCommand::Overhead => model.open(Content::Overhead(Souls::default())),
        ViewCommand::Why => model.open(Content::Why),
        ViewCommand::Limits => {
            open_picture(model, Content::Limits);
            return Some(vec![Effect::Refresh]);
        }
        ViewCommand::Stations => model.open(Content::Stations),
        ViewCommand::Open if model.overlay.is_some() => open_within(model),
        ViewCommand::Open => open(model),
        _ => {}
    }
    None
}

fn filter(model: &mut Model, wanted: Option<Filter>) {
    if wanted.is_none() {
        model.say("all traffic is shown");
    }
    model.settle_filter();
    model.log.set_filter(wanted);
    show_pane(model, Pane::Traffic);
}

fn undo(model: &mut Model) -> Vec<Effect> {
    match model.undo.take(model.now) {
        Ok(effect) => vec![effect],
        Err(reason) => {
            model.complain(reason);
            Vec::new()
        }
    }
}

fn mark(model: &mut Model) {
    let place = model.place();
    let peer = selected_peer(model).filter(|_| place == Place::Peers);
    let message = selected_message(model).filter(|_| matches!(place, Place::Queue | Place::Held));
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

/// Ends the search in the history or the choice of a completion, whichever is going on.
fn end_choice(model: &mut Model, takes_it: bool) -> Vec<Effect> {
    if model.input.search().is_some() {
        model.input.end_search(takes_it);
        return assist::edited(model);
    }
    assist::end_choosing(model, takes_it)
}

/// The command that a line is, if it is of any use here.
fn in_place(model: &Model, line: &str) -> Result<Command, String> {
    let command = Command::parse(line).map_err(|error| error.to_string())?;
    out_of_place(model, &command).map_or(Ok(command), |reason| Err(reason.to_owned()))
}

fn send(model: &mut Model) -> Vec<Effect> {
    if model.input.writes_command() && model.input.draft().trim_matches([':', ' ']).is_empty() {
        model.input.clear();
        model.input.write_message();
        model.focus = Focus::Lists;
        return assist::edited(model);
    }
    let command = match in_place(model, model.input.draft()) {
        // What the node has against it may have gone since.
        Ok(_) if model.assist.hopeless().is_some() => return assist::edited(model),
        Ok(command) => command,
        // The draft stays, to be mended.
        Err(error) => {
            let effects = assist::edited(model);
            assist::refuse(model, error);
            return effects;
        }
    };
    model.notice = None;
    let taken = model.input.take();
    if taken.was_command {
        model.focus = Focus::Lists;
    }
    let mut effects = assist::edited(model);
    effects.extend(taken.remembered.and_then(remember));
    effects.extend(run(model, command));
    effects
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    let key = model.keymap.name_of(model.place(), ":mouse");
    model.say(if model.mouse {
        "the mouse selects rows here".to_owned()
    } else {
        format!("the mouse is the terminal's: drag to select text; {key} takes it back")
    });
    vec![Effect::SetMouse(model.mouse)]
}

pub(super) fn write(model: &mut Model, begun: &str) -> Vec<Effect> {
    // What is written goes before what is looked at.
    model.overlay = None;
    model.focus = Focus::Input;
    match begun {
        "" => model.input.write_message(),
        // A filter that is on is there to be changed.
        FILTER => {
            let filter = model.log.filter().map_or("", Filter::as_str);
            model.input.write_command(&format!("{FILTER}{filter}"));
        }
        HOLD => {
            let rule = model.held.rule.as_deref().unwrap_or_default();
            model.input.write_command(&format!("{HOLD}{rule}"));
        }
        begun if begun.starts_with(':') => model.input.write_command(begun),
        begun => {
            model.input.write_message();
            if model.input.draft().is_empty() {
                model.input.insert(begun);
            }
        }
    }
    assist::edited(model)
}
