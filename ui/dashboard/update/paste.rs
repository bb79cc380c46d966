//! Pasted text. It never acts as keys. Several lines are inserted only after a question.

use std::mem;

use clacks_language::command::{Command, NodeCommand, ViewCommand};
use clacks_p2p::{MAX_WHOLE_MESSAGE, Message};
use clacks_terminal::decoder::text_of;
use clacks_text::format::size;
use crossterm::event::{KeyCode, KeyEvent};

use super::{assist, commands::refuse_in_replay, line::write, on_key};
use crate::{
    keymap::key::Key,
    model::{Model, focus::Line},
    state::{confirmation::Confirmation, message::Effect, sending::Sending},
};

/// Lines of a paste that can be sent as a message each.
const MOST_MESSAGES: usize = 1000;
/// Longest paste of more than one line, in bytes.
const LONGEST_PASTE: usize = 1 << 20;

/// A paste that is no answer to a question. Outside the input it becomes a draft, and nothing is sent.
pub(crate) fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.areas().is_none() {
        return Vec::new();
    }
    if model.question.is_some() {
        join(model, text, "\n");
        return Vec::new();
    }
    if let Some(menu) = model.menu.as_mut() {
        menu.push_query(text);
        return Vec::new();
    }
    if model.writes_search() {
        model.type_search(text);
        return Vec::new();
    }
    if let Some(overlay) = model.open_overlay() {
        let title = overlay.title().trim();
        model.complain(format!("nothing is done with a paste in {title}; leave it to write a message"));
        return Vec::new();
    }
    if model.replay.is_some() && !writes_command(model) {
        return refuse_in_replay(model);
    }
    let pasted = with_line_feeds(text);
    let text = pasted.trim_matches('\n');
    let is_for_a_line = !text.contains('\n') && text.len() <= room(model);
    if is_for_a_line || writes_command(model) {
        return insert(model, text);
    }
    ask(model, pasted);
    Vec::new()
}

fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Takes in a paste while a question is asked, which stays. One that asks about a paste is asked about both together,
/// with `between` between them unless a line ends there; beside another question the paste is refused.
fn join(model: &mut Model, text: &str, between: &str) {
    let Some(first) = model.question.as_ref().and_then(Confirmation::pasted) else {
        model.complain("the paste was not taken: answer the question first, then paste again");
        return;
    };
    let between = if first.ends_with('\n') { "" } else { between };
    let both = format!("{first}{between}{}", with_line_feeds(text));
    if both.len() > LONGEST_PASTE {
        let most = size(LONGEST_PASTE);
        model.complain(format!(
            "the second paste was not taken: both together are longer than {most}; answer first"
        ));
        return;
    }
    ask(model, both);
    model.say("the second paste was joined to the first");
}

/// Bytes that the line can take in which a paste would be written.
fn room(model: &Model) -> usize {
    if model.next_owner().is_input() { model.input.free_bytes() } else { model.input.free_message_bytes() }
}

/// Whether a command is being written, in which a line break is white space.
fn writes_command(model: &Model) -> bool {
    model.next_owner().is_input() && matches!(model.line(), Line::Command | Line::Empty { is_command: true })
}

/// Inserts text into the line, as one line. Inserts nothing if it does not fit.
pub fn insert(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.next_owner().is_input() {
        write(model, "");
        model.say("pasted; Enter sends it, Esc leaves it as a draft");
    }
    model.input.end_search(true);
    if !model.input.insert(text) {
        let (long, room) = (size(text.len()), size(model.input.free_bytes()));
        model
            .complain(format!("the paste has {long} and the line has room for {room}: nothing was inserted"));
        return Vec::new();
    }
    assist::edited(model)
}

/// Asks how to use a paste. While the question is open, another paste is appended.
pub fn ask(model: &mut Model, pasted: String) {
    let text = pasted.trim_matches('\n').to_owned();
    if text.len() > LONGEST_PASTE {
        let (long, most) = (size(text.len()), size(LONGEST_PASTE));
        model.complain(format!("the paste has {long}, which is too long: nothing was taken; {most} at most"));
        return;
    }
    // A line that begins with a colon is text, never a command.
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let messages: Vec<_> = lines.map(|line| NodeCommand::Enqueue(Message::text(line))).collect();
    let message = Message::text(&text);
    let choices = Choices::of(&text, &message, messages.len(), room(model));
    let mut question = Confirmation::new("PASTE?", choices.words(model.screen.width));
    if choices.each() {
        let each = vec![Effect::SetSending(Sending::Lines), Effect::RunAll(messages)];
        question = question.with_answer(plain('n'), each);
    }
    if choices.one() {
        // As it would have been typed.
        let line = if text.starts_with(':') { format!(":{text}") } else { text.clone() };
        let sending = Effect::SetSending(Sending::Paste { pasted: text.clone(), line });
        let enqueue = Effect::Run(NodeCommand::Enqueue(message));
        question = question.with_answer(plain('1'), vec![sending, enqueue]);
    }
    if choices.edit {
        question = question.with_answer(plain('e'), vec![Effect::InsertText(text)]);
    }
    model.question = Some(question.about_paste(pasted));
}

/// What can become of a paste.
struct Choices {
    lines: usize,
    /// Bytes of the text.
    length: usize,
    messages: usize,
    /// Bytes that one message of it would have.
    message_size: usize,
    /// The line has room for all of it.
    edit: bool,
}

impl Choices {
    fn of(text: &str, message: &Message, messages: usize, room: usize) -> Self {
        Self {
            lines: text.lines().count(),
            length: text.len(),
            messages,
            message_size: message.size(),
            edit: text.len() <= room,
        }
    }

    /// Whether one message has room for all of it.
    fn one(&self) -> bool {
        self.message_size <= Message::MAX_SIZE
    }

    /// Whether there are some lines, and not too many, for a message each.
    fn each(&self) -> bool {
        (2..=MOST_MESSAGES).contains(&self.messages)
    }

    /// What to say of a message that nodes of the npm package do not take whole.
    fn warning(&self, columns: u16) -> String {
        match columns {
            _ if self.message_size <= MAX_WHOLE_MESSAGE => String::new(),
            108.. => format!(" (npm nodes take {MAX_WHOLE_MESSAGE} bytes whole)"),
            _ => " (too large for npm nodes)".to_owned(),
        }
    }

    /// The question in as many words as there is room for.
    fn words(&self, columns: u16) -> String {
        let Self { lines, messages, .. } = self;
        let (size, is_wide) = (size(self.length), columns >= 108);
        let lines = if *lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        let begun = match columns {
            108.. => format!("paste of {lines}, {size}: "),
            70.. => format!("{lines}, {size}: "),
            _ => format!("{lines}: "),
        };
        let choice = |is_there: bool, wide: String, middle: String, narrow: &str| match columns {
            _ if !is_there => None,
            108.. => Some(wide),
            70.. => Some(middle),
            _ => Some(narrow.to_owned()),
        };
        let large = self.warning(columns);
        let too_many = if *messages > MOST_MESSAGES && is_wide {
            format!(" (not one each: {MOST_MESSAGES} at most)")
        } else {
            String::new()
        };
        let choices = [
            choice(
                self.one(),
                format!("1 as one message{large}{too_many}"),
                format!("1 one message{large}"),
                "1 one",
            ),
            choice(
                self.each(),
                format!("n as {messages} messages"),
                format!("n {messages} messages"),
                "n each",
            ),
            choice(self.edit, "e edit as one line".to_owned(), "e edit".to_owned(), "e edit"),
        ];
        let nothing = if columns >= 70 { "Esc nothing" } else { "Esc" };
        let too_large = if self.one() { "" } else { "too large for one message, " };
        let choices: Vec<_> = choices.into_iter().flatten().chain([nothing.to_owned()]).collect();
        format!("{begun}{too_large}{}", choices.join(", "))
    }
}

fn plain(character: char) -> Key {
    Key::plain(KeyCode::Char(character))
}

/// Keys that came faster than anybody types. They are a paste, unless they do nothing but move. Where text is written,
/// those that edit a line do so, as when they were typed over a slow connection; no key that does something else acts.
pub(crate) fn on_burst(model: &mut Model, keys: Vec<KeyEvent>) -> Vec<Effect> {
    let text: String = keys.iter().filter_map(|key| text_of(*key)).collect();
    let line = text.trim_matches(['\r', '\n']);
    let writes = model.focus_owner().takes_text();
    let has_room = !model.focus_owner().is_input() || line.len() <= model.input.free_bytes();
    if writes && has_room && !line.contains(['\r', '\n']) {
        let effects = write_keys(model, &keys);
        if text.ends_with(['\r', '\n']) && model.notice.is_none() {
            model.say("pasted; Enter runs or sends it");
        }
        return effects;
    }
    if !writes && only_move(model, &keys) {
        return keys.into_iter().flat_map(|key| on_key(model, key)).collect();
    }
    if model.question.is_some() && model.areas().is_some() {
        match text.as_str() {
            // A key held down that writes nothing, such as Esc, answers as it does alone.
            "" => drop(model.question.take()),
            // A paste without brackets can come in parts, of which this is the next.
            text => join(model, text, ""),
        }
        return Vec::new();
    }
    on_paste(model, &text)
}

/// Has the keys that write or edit a line do so.
fn write_keys(model: &mut Model, keys: &[KeyEvent]) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut text = String::new();
    for key in keys {
        if let Some(c) = text_of(*key) {
            text.push(c);
        } else if is_editing(*key) {
            effects.extend(paste_line(model, &mem::take(&mut text)));
            effects.extend(on_key(model, *key));
        }
    }
    effects.extend(paste_line(model, &text));
    // Only the line as it is in the end is asked about.
    if let Some(last) = effects.iter().rposition(|effect| matches!(effect, Effect::QueryAssist(_))) {
        let mut at = 0;
        effects.retain(|effect| {
            at += 1;
            !matches!(effect, Effect::QueryAssist(_)) || at == last + 1
        });
    }
    effects
}

fn paste_line(model: &mut Model, text: &str) -> Vec<Effect> {
    let line = text.trim_matches(['\r', '\n']);
    if line.is_empty() { Vec::new() } else { on_paste(model, line) }
}

fn is_editing(key: KeyEvent) -> bool {
    use KeyCode::{Backspace, Delete, End, Home, Left, Right};
    key.modifiers.is_empty() && matches!(key.code, Backspace | Delete | End | Home | Left | Right)
}

/// Whether these keys do nothing but move through a list: when one is held down, they come at once over a slow
/// connection.
fn only_move(model: &Model, keys: &[KeyEvent]) -> bool {
    let moves = |key: &KeyEvent| {
        let command = model.bound(Key::from(*key)).map(|binding| Command::parse(&binding.command));
        matches!(command, Some(Ok(Command::View(ViewCommand::Move(_)))))
    };
    model.question.is_none() && keys.iter().all(moves)
}
