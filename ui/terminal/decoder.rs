//! Decodes terminal input to user input.
//!
//! Time is an argument: bytes come with their time of arrival, and `Decoder::deadline` is the time for the next call
//! without new bytes.

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    input::Input,
    partial_responses,
    tokens::{Token, Tokenizer},
};

/// Maximum time between two keys that were read together and not typed.
const KEY_PAUSE: Duration = Duration::from_millis(2);
/// Maximum time between two pieces of such a burst.
const BURST_PAUSE: Duration = Duration::from_millis(15);
/// Maximum time between two pieces of a response whose start is missing.
const RESPONSE_PAUSE: Duration = Duration::from_millis(100);
/// Minimum number of typing keys that form a burst.
const MIN_BURST: usize = 6;
/// Minimum number of typing keys that form a burst if one of them is Enter, so that a short pasted line is not run.
const MIN_BURST_WITH_ENTER: usize = 3;
/// Maximum number of keys in a burst, more than the longest draft; further keys are dropped.
const MAX_BURST: usize = 64 << 10;

/// Maximum silence within a paste without an end mark. After that the paste is complete.
pub(crate) const PASTE_WAIT: Duration = Duration::from_secs(1);
/// Time after its end mark during which input belongs to the paste, because pasted text can contain the mark.
const PASTE_END_GRACE: Duration = Duration::from_millis(50);
/// Maximum bytes of a paste. Of a longer one the middle is dropped.
const MAX_PASTE: usize = 8 << 20;

const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// The decoder's state: input that was read and is not yet decoded.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    tokenizer: Tokenizer,
    group: Vec<Item>,
    paste: Option<Paste>,
    last_byte: Option<Instant>,
    inputs: VecDeque<Input>,
}

/// A part of a group of input that arrived at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Key(KeyEvent),
    /// The end of a response whose start is missing.
    ResponseEnd,
}

/// An incomplete paste.
#[derive(Debug, Default)]
struct Paste {
    bytes: Vec<u8>,
    /// The position of the first end mark.
    end: Option<usize>,
}

impl Decoder {
    /// Decodes bytes that arrived at this time.
    pub(crate) fn decode(&mut self, bytes: &[u8], now: Instant) {
        self.expire(now);
        self.last_byte = Some(now);
        for &byte in bytes {
            self.decode_byte(byte);
        }
    }

    /// Completes everything whose wait has expired.
    pub(crate) fn expire(&mut self, now: Instant) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            if let Some(paste) = self.paste.take() {
                self.finish_paste(paste);
                continue;
            }
            let is_group = self.group_timeout().is_some_and(|group| Some(group) <= self.tokenizer.timeout());
            if is_group || self.tokenizer.timeout().is_none() {
                self.finish_group();
            } else {
                let tokens = self.tokenizer.flush();
                self.push_tokens(tokens);
            }
        }
    }

    /// The time for the next call of [`expire`](Self::expire) if no byte arrives before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let timeout = match &self.paste {
            Some(paste) => Some(if paste.end.is_some() { PASTE_END_GRACE } else { PASTE_WAIT }),
            None => self.tokenizer.timeout().into_iter().chain(self.group_timeout()).min(),
        };
        Some(self.last_byte? + timeout?)
    }

    /// Removes and returns the next input.
    pub(crate) fn next(&mut self) -> Option<Input> {
        self.inputs.pop_front()
    }

    /// Discards incomplete input.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    fn decode_byte(&mut self, byte: u8) {
        let Some(paste) = &mut self.paste else {
            let tokens = self.tokenizer.feed(byte);
            return self.push_tokens(tokens);
        };
        if paste.push(byte) {
            let paste = self.paste.replace(Paste::default());
            self.finish_paste(paste.unwrap_or_default());
        }
    }

    fn push_tokens(&mut self, tokens: Vec<Token>) {
        for token in tokens {
            match token {
                Token::Key(key) if key.kind == KeyEventKind::Release => {}
                Token::Key(key) => self.push(Item::Key(key)),
                Token::ResponseEnd => self.push(Item::ResponseEnd),
                Token::InvalidUtf8 => {}
                Token::PasteEnds => self.finish_group_as_paste(),
                Token::PasteBegins => {
                    self.finish_group();
                    self.paste = Some(Paste::default());
                }
                Token::Mouse(mouse) => self.emit(Input::Mouse(mouse)),
                Token::Focus(has_focus) => self.emit(Input::Focus(has_focus)),
            }
        }
    }

    fn push(&mut self, item: Item) {
        // Keys beyond the maximum are dropped.
        if self.group.len() < MAX_BURST {
            self.group.push(item);
        }
    }

    fn emit(&mut self, input: Input) {
        self.finish_group();
        self.inputs.push_back(input);
    }

    /// Turns the current group into a paste, because an end mark came without a start.
    fn finish_group_as_paste(&mut self) {
        let keys = without_responses(&mem::take(&mut self.group));
        if !keys.is_empty() {
            self.inputs.push_back(Input::Paste(text_from(&keys)));
        }
    }

    fn finish_paste(&mut self, paste: Paste) {
        let (text, others) = paste.finish();
        self.inputs.push_back(Input::Paste(text));
        self.inputs.extend(others);
    }

    /// Maximum wait for more keys of the current group.
    fn group_timeout(&self) -> Option<Duration> {
        let text = match &self.group[..] {
            [] => return None,
            [Item::Key(key)]
                if !text_of(*key)
                    .is_some_and(|c| partial_responses::can_continue(c.encode_utf8(&mut [0; 4]))) =>
            {
                return Some(KEY_PAUSE);
            }
            items if items.len() <= 1 || items.len() > 256 => return Some(BURST_PAUSE),
            items => items.iter().map_while(|item| item.text()).collect::<String>(),
        };
        let can_continue = text.len() >= self.group.len() && partial_responses::can_continue(&text);
        Some(if can_continue { RESPONSE_PAUSE } else { BURST_PAUSE })
    }

    fn finish_group(&mut self) {
        let keys = without_responses(&mem::take(&mut self.group));
        let written = keys.iter().filter(|key| is_typing_key(**key)).count();
        let has_enter = keys.iter().any(|key| is_line_break(*key));
        if written >= MIN_BURST || has_enter && written >= MIN_BURST_WITH_ENTER {
            self.inputs.push_back(Input::Burst(keys));
        } else {
            self.inputs.extend(keys.into_iter().map(Input::Key));
        }
    }
}

impl Paste {
    /// Appends a byte. Returns whether another paste has started after the end of this one.
    fn push(&mut self, byte: u8) -> bool {
        if self.bytes.len() >= MAX_PASTE {
            self.bytes.truncate(MAX_PASTE / 2);
            self.end = self.end.map(|end| end.min(self.bytes.len()));
        }
        self.bytes.push(byte);
        if byte != b'~' {
            return false;
        }
        if self.bytes.ends_with(PASTE_ENDS) {
            self.bytes.truncate(self.bytes.len() - PASTE_ENDS.len());
            self.end.get_or_insert(self.bytes.len());
        }
        let begins = self.end.is_some_and(|end| self.bytes[end..].ends_with(PASTE_BEGINS));
        if begins {
            self.bytes.truncate(self.bytes.len() - PASTE_BEGINS.len());
        }
        begins
    }

    /// The pasted text, and the input after it. Keys right after the end mark belong to the text.
    fn finish(self) -> (String, Vec<Input>) {
        let (bytes, behind) = self.bytes.split_at(self.end.unwrap_or(self.bytes.len()));
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        let mut tokenizer = Tokenizer::default();
        let mut inputs = Vec::new();
        for token in behind.iter().flat_map(|byte| tokenizer.feed(*byte)) {
            match token {
                Token::Key(key) => text.extend(text_of(key)),
                Token::Mouse(mouse) => inputs.push(Input::Mouse(mouse)),
                Token::Focus(has_focus) => inputs.push(Input::Focus(has_focus)),
                Token::PasteBegins | Token::PasteEnds | Token::ResponseEnd | Token::InvalidUtf8 => {}
            }
        }
        (text, inputs)
    }
}

impl Item {
    fn text(self) -> Option<char> {
        match self {
            Self::Key(key) => text_of(key),
            Self::ResponseEnd => None,
        }
    }
}

/// The keys of a group without terminal responses.
fn without_responses(items: &[Item]) -> Vec<KeyEvent> {
    let mut keys: Vec<KeyEvent> = Vec::new();
    // Start of the text at the end of `keys`.
    let mut start = 0;
    for item in items {
        match item {
            Item::ResponseEnd => truncate_string_response(&mut keys, start),
            Item::Key(key) if is_bell(*key) && keys.len() > start => {
                truncate_string_response(&mut keys, start);
            }
            Item::Key(key) => {
                keys.push(*key);
                if text_of(*key).is_none_or(char::is_control) {
                    remove_responses(&mut keys, start);
                    start = keys.len();
                }
            }
        }
    }
    remove_responses(&mut keys, start);
    keys
}

fn text_from(keys: &[KeyEvent]) -> String {
    keys.iter().filter_map(|key| text_of(*key)).collect()
}

fn truncate_string_response(keys: &mut Vec<KeyEvent>, start: usize) {
    let text = text_from(&keys[start..]);
    let kept = text[..partial_responses::string_response_start(&text)].chars().count();
    keys.truncate(start + kept);
}

/// Removes the responses from the text at the end.
fn remove_responses(keys: &mut Vec<KeyEvent>, start: usize) {
    let text = text_from(&keys[start..]);
    if text.chars().count() < 2
        || !text.contains(['c', 'n', 'y', 'R', 't', 'u', 'm', 'M', 'S', 'x', '~', '['])
    {
        return;
    }
    let mut kept = String::new();
    let mut rest = text.as_str();
    let mut is_first = true;
    while let Some(c) = rest.chars().next() {
        let length = partial_responses::response_len(rest, is_first);
        is_first &= length > 0;
        if length == 0 {
            kept.push(c);
        }
        rest = &rest[length.max(if length == 0 { c.len_utf8() } else { 0 })..];
    }
    if kept.len() < text.len() {
        let last = keys.pop().filter(|key| text_of(*key).is_none_or(char::is_control));
        keys.truncate(start);
        keys.extend(kept.chars().filter(|c| !c.is_control()).map(|c| KeyEvent::from(KeyCode::Char(c))));
        keys.extend(last);
    }
}

fn is_bell(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('g') && key.modifiers == KeyModifiers::CONTROL
}

fn is_line_break(key: KeyEvent) -> bool {
    // A line feed is decoded as Ctrl-J.
    key.code == KeyCode::Enter || key.code == KeyCode::Char('j') && key.modifiers == KeyModifiers::CONTROL
}

/// The character that a key types, including Enter and Tab. `None` for other keys and with Ctrl or Alt.
pub fn text_of(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Enter => Some('\r'),
        KeyCode::Tab => Some('\t'),
        _ if is_line_break(key) => Some('\n'),
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => Some(c),
        _ => None,
    }
}

/// Whether a key types text or a line break.
fn is_typing_key(key: KeyEvent) -> bool {
    text_of(key).is_some()
}

#[cfg(test)]
mod tests;
