//! Pasted text. It never acts as keys. Several lines are inserted only after a question.

use clacks_feed::description::SayLimits;
use clacks_text::{format::size, json::quoted_len};
use crossterm::event::KeyCode;

use super::{assist, line::start_line};
use crate::{
    model::{Model, focus::LineKind},
    state::{confirmation::Confirmation, key::Key, message::Effect, sending::Sending},
};

/// Maximum lines of a paste that can be sent as one message each.
const MAX_MESSAGES: usize = 1000;
/// Maximum length of a paste of several lines, in bytes.
const MAX_PASTE_BYTES: usize = 1 << 20;

/// Handles a paste without an open question. Outside the input it becomes a draft. Nothing is sent.
pub(crate) fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.areas().is_none() {
        return Vec::new();
    }
    if model.question.is_some() {
        append_paste(model, text, "\n");
        return Vec::new();
    }
    if let Some(menu) = model.palette.as_mut() {
        menu.push_query(text);
        return Vec::new();
    }
    if model.is_typing_search() {
        model.push_query(text);
        return Vec::new();
    }
    let is_written = model.focus_after_question().is_input();
    if let Some(overlay) = model.open_overlay().filter(|_| !is_written) {
        let title = overlay.title();
        let title = title.trim();
        model.notify_error(format!("nothing is done with a paste in {title}; leave it to write a message"));
        return Vec::new();
    }
    if model.replay.is_some() && !is_typing_command(model) {
        model.refuse_in_replay();
        return Vec::new();
    }
    let pasted = with_line_feeds(text);
    let text = pasted.trim_matches('\n');
    let is_for_a_line = !text.contains('\n') && text.len() <= free_bytes(model);
    if is_for_a_line || is_typing_command(model) {
        return insert(model, text);
    }
    ask(model, pasted);
    Vec::new()
}

fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Handles a paste while a question is open. If the question is about a paste, appends the text to that paste,
/// separated by `between` unless a line ends there. Any other question refuses the paste.
pub(crate) fn append_paste(model: &mut Model, text: &str, between: &str) {
    let Some(first) = model.question.as_ref().and_then(Confirmation::pasted) else {
        model.notify_error("the paste was not taken: answer the question first, then paste again");
        return;
    };
    let between = if first.ends_with('\n') { "" } else { between };
    let both = format!("{first}{between}{}", with_line_feeds(text));
    if both.len() > MAX_PASTE_BYTES {
        let most = size(MAX_PASTE_BYTES);
        model.notify_error(format!(
            "the second paste was not taken: both together are longer than {most}; answer first"
        ));
        return;
    }
    ask(model, both);
    model.notify("the second paste was joined to the first");
}

/// Returns the free bytes of the line into which a paste would be inserted.
fn free_bytes(model: &Model) -> usize {
    if model.focus_after_question().is_input() {
        model.input.free_bytes()
    } else {
        model.input.free_message_bytes()
    }
}

/// Whether a command is being typed, in which a line break is white space.
fn is_typing_command(model: &Model) -> bool {
    model.focus_after_question().is_input()
        && matches!(model.line_kind(), LineKind::Command | LineKind::Empty { is_command: true })
}

/// Inserts text into the line, as one line. Inserts nothing if it does not fit.
pub fn insert(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.focus_after_question().is_input() {
        start_line(model, "");
        model.notify("pasted; Enter sends it, Esc leaves it as a draft");
    }
    model.input.end_search(true);
    if !model.input.insert(text) {
        let (long, room) = (size(text.len()), size(model.input.free_bytes()));
        model.notify_error(format!(
            "the paste has {long} and the line has room for {room}: nothing was inserted"
        ));
        return Vec::new();
    }
    assist::on_edit(model)
}

/// Asks how to use a paste. While the question is open, another paste is appended.
pub fn ask(model: &mut Model, pasted: String) {
    let text = pasted.trim_matches('\n').to_owned();
    if text.len() > MAX_PASTE_BYTES {
        let (long, most) = (size(text.len()), size(MAX_PASTE_BYTES));
        model.notify_error(format!(
            "the paste has {long}, which is too long: nothing was taken; {most} at most"
        ));
        return;
    }
    // A line that begins with a colon is text, never a command.
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let messages: Vec<_> = lines.filter_map(|line| model.networks.active().say(line)).collect();
    let limits = model.networks.active().description.say_limits.clone();
    let choices = PasteOptions::for_text(&text, limits, messages.len(), free_bytes(model));
    let mut question = Confirmation::new("PASTE?", choices.question(model.screen.width));
    if choices.fits_one_per_line() {
        let each = vec![Effect::SetSending(Sending::Lines), Effect::CallAll(messages)];
        question = question.with_answer(plain('n'), each);
    }
    if choices.fits_one_message() {
        // Escape a leading colon, as in typed text.
        let line = if text.starts_with(':') { format!(":{text}") } else { text.clone() };
        let sending = Effect::SetSending(Sending::Paste { pasted: text.clone(), line });
        let enqueue = model.networks.active().say(&*text).map(Effect::Call);
        let effects = std::iter::once(sending).chain(enqueue).collect();
        question = question.with_answer(plain('1'), effects);
    }
    if choices.edit {
        question = question.with_answer(plain('e'), vec![Effect::InsertText(text)]);
    }
    model.question = Some(question.about_paste(pasted));
}

/// Possible uses of a paste.
struct PasteOptions {
    lines: usize,
    /// Length of the text, in bytes.
    length: usize,
    messages: usize,
    /// Size of the text as one message, in bytes.
    message_size: u64,
    /// Limits of a message. `None`: the network has none.
    limits: Option<SayLimits>,
    /// Whether the line has room for the text.
    edit: bool,
}

impl PasteOptions {
    fn for_text(text: &str, limits: Option<SayLimits>, messages: usize, room: usize) -> Self {
        Self {
            lines: text.lines().count(),
            length: text.len(),
            messages,
            message_size: quoted_len(text) as u64,
            limits,
            edit: text.len() <= room,
        }
    }

    /// Whether the text fits into one message.
    fn fits_one_message(&self) -> bool {
        self.limits.as_ref().is_none_or(|limits| self.message_size <= limits.max_bytes)
    }

    /// Whether there are several lines and not too many for one message each.
    fn fits_one_per_line(&self) -> bool {
        (2..=MAX_MESSAGES).contains(&self.messages)
    }

    /// Returns a warning if some nodes of the network do not accept the whole message.
    fn warning(&self, columns: u16) -> String {
        let exceeded = |limits: &&SayLimits| limits.everywhere.is_some_and(|most| self.message_size > most);
        let Some(limits) = self.limits.as_ref().filter(exceeded) else { return String::new() };
        let (nodes, most) = (limits.small_nodes.as_str(), limits.everywhere.unwrap_or_default());
        match columns {
            108.. => format!(" ({nodes} take {most} bytes whole)"),
            _ => format!(" (too large for {nodes})"),
        }
    }

    /// Returns the question, in the longest wording that fits.
    fn question(&self, columns: u16) -> String {
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
        let too_many = if *messages > MAX_MESSAGES && is_wide {
            format!(" (not one each: {MAX_MESSAGES} at most)")
        } else {
            String::new()
        };
        let choices = [
            choice(
                self.fits_one_message(),
                format!("1 as one message{large}{too_many}"),
                format!("1 one message{large}"),
                "1 one",
            ),
            choice(
                self.fits_one_per_line(),
                format!("n as {messages} messages"),
                format!("n {messages} messages"),
                "n each",
            ),
            choice(self.edit, "e edit as one line".to_owned(), "e edit".to_owned(), "e edit"),
        ];
        let nothing = if columns >= 70 { "Esc nothing" } else { "Esc" };
        let too_large = if self.fits_one_message() { "" } else { "too large for one message, " };
        let choices: Vec<_> = choices.into_iter().flatten().chain([nothing.to_owned()]).collect();
        format!("{begun}{too_large}{}", choices.join(", "))
    }
}

fn plain(character: char) -> Key {
    Key::plain(KeyCode::Char(character))
}
