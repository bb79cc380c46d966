//! What becomes of text that comes at once: never keys, and what has many lines only after a question.

use clacks_p2p::Message;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    assist,
    format::size,
    keymap::{Key, Place},
    model::{Focus, Model},
    question::Question,
    update::{Effect, on_key, refuse_in_replay, write},
};
use crate::command::{Command, NodeCommand, ViewCommand};

/// Lines of a paste that can be sent as a message each.
const MOST_MESSAGES: usize = 1000;
/// Longest paste of more than one line, in bytes.
const LONGEST_PASTE: usize = 1 << 20;

/// A paste that is no answer to a question. Outside the input it becomes a draft, and nothing is sent.
pub(super) fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.areas().is_none() {
        return Vec::new();
    }
    let was_asked = model.question.take().is_some();
    if let Some(menu) = model.menu.as_mut().filter(|_| !was_asked) {
        menu.type_in(text);
        return Vec::new();
    }
    if !was_asked && model.writes_search() {
        model.type_search(text);
        return Vec::new();
    }
    if was_asked || model.overlay.is_some() {
        return Vec::new();
    }
    if model.replay.is_some() && !writes_command(model) {
        return refuse_in_replay(model);
    }
    let text = text.trim_matches(['\r', '\n']).replace("\r\n", "\n").replace('\r', "\n");
    if text.contains('\n') && !writes_command(model) {
        ask(model, text);
        return Vec::new();
    }
    insert(model, &text)
}

/// Whether a command is being written, in which a line break is white space.
fn writes_command(model: &Model) -> bool {
    let draft = model.input.draft();
    model.focus == Focus::Input && draft.starts_with(':') && !draft.starts_with("::")
}

/// Inserts text into the draft, as one line.
pub(super) fn insert(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.focus == Focus::Lists {
        write(model, "");
        model.say("pasted; Enter sends it, Esc leaves it as a draft");
    }
    model.input.end_search(true);
    let without_room = model.input.insert(text);
    if without_room > 0 {
        model.complain(format!("the last {without_room} bytes of the paste had no room"));
    }
    assist::edited(model)
}

fn ask(model: &mut Model, text: String) {
    if text.len() > LONGEST_PASTE {
        let (long, most) = (size(text.len()), size(LONGEST_PASTE));
        model.complain(format!("a paste of {long} in many lines is too long; {most} at most"));
        return;
    }
    // A line that begins with a colon is text, never a command.
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let messages: Vec<_> = lines.map(|line| NodeCommand::Enqueue(Message::text(line))).collect();
    let words = question(text.lines().count(), text.len(), messages.len(), model.screen.width);
    let mut question = Question::new("PASTE?", words);
    if messages.len() <= MOST_MESSAGES {
        question = question.with_answer(plain('n'), vec![Effect::RunAll(messages)]);
    }
    // As it would have been typed.
    let line = if text.starts_with(':') { format!(":{text}") } else { text.clone() };
    let enqueue = Effect::Run(NodeCommand::Enqueue(Message::text(&text)));
    model.question = Some(
        question
            .with_answer(plain('1'), vec![enqueue, Effect::Sent(line)])
            .with_answer(plain('e'), vec![Effect::Insert(text)]),
    );
}

fn plain(character: char) -> Key {
    Key::plain(KeyCode::Char(character))
}

/// The question in as many words as there is room for.
fn question(lines: usize, length: usize, messages: usize, columns: u16) -> String {
    let size = size(length);
    let each = |words: &str| if messages > MOST_MESSAGES { String::new() } else { words.to_owned() };
    match columns {
        108.. => format!(
            "paste of {lines} lines, {size}: 1 as one message{}, e edit as one line, Esc nothing",
            if messages > MOST_MESSAGES {
                format!(" (not one each: {MOST_MESSAGES} at most)")
            } else {
                format!(", n as {messages} messages")
            }
        ),
        70.. => format!(
            "{lines} lines, {size}: 1 one message, {}e edit, Esc nothing",
            each(&format!("n {messages} messages, "))
        ),
        _ => format!("{lines} lines: 1 one, {}e edit, Esc", each("n each, ")),
    }
}

/// Keys that came faster than anybody types. Where text is written they are text, unless lines follow one another;
/// elsewhere they are a paste, unless they do nothing but move.
pub(super) fn on_burst(model: &mut Model, keys: Vec<KeyEvent>) -> Vec<Effect> {
    let text: String = keys.iter().filter_map(|key| character(*key)).collect();
    let has_lines = text.trim_end_matches(['\r', '\n']).contains(['\r', '\n']);
    let writes = |model: &Model| model.question.is_none() && model.place().is_writing();
    if writes(model) && !has_lines {
        let mut effects = Vec::new();
        for key in keys {
            // A key that leaves the input must not make keys of those behind it.
            if !writes(model) {
                break;
            }
            // Only the line as it is in the end is asked about.
            effects.retain(|effect| !matches!(effect, Effect::Ask(_)));
            effects.extend(on_key(model, key));
        }
        return effects;
    }
    if !writes(model) && only_move(model, &keys) {
        return keys.into_iter().flat_map(|key| on_key(model, key)).collect();
    }
    on_paste(model, &text)
}

/// What a key writes; Enter and Tab write as well.
fn character(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Enter => Some('\r'),
        KeyCode::Tab => Some('\t'),
        // What a line feed comes as.
        KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => Some('\n'),
        KeyCode::Char(character) if !key.modifiers.contains(KeyModifiers::CONTROL) => Some(character),
        _ => None,
    }
}

/// Whether these keys do nothing but move through a list: when one is held down, they come at once over a slow
/// connection.
fn only_move(model: &Model, keys: &[KeyEvent]) -> bool {
    let moves = |key: &KeyEvent| {
        let bound = model.keymap.find(model.place(), Key::from(*key));
        let command = bound.map(|binding| Command::parse(&binding.command));
        matches!(command, Some(Ok(Command::View(ViewCommand::Move(_)))))
    };
    model.question.is_none() && keys.iter().all(moves)
}

impl Place {
    /// Whether letters are text there that nothing but Enter does anything with.
    fn is_writing(self) -> bool {
        matches!(self, Self::Input | Self::Choices | Self::Recall)
    }
}
