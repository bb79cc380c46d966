//! Splits terminal input into tokens: keys, mouse, paste marks, and ends of responses. The dashboard and `--accessible`
//! share it.
//!
//! Terminal responses are always removed, even unexpected ones, because a query of an earlier program can be answered
//! late and in pieces.

use std::{mem, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent};

use super::sequences::{self, Meaning};

/// Maximum wait for the rest after an ESC or another introducer that is a key if it stays alone.
pub(crate) const ESCAPE_WAIT: Duration = Duration::from_millis(50);
/// Maximum wait for the rest of a response or another sequence. An incomplete one is removed.
pub(crate) const SEQUENCE_WAIT: Duration = Duration::from_secs(1);

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// Maximum length of a control sequence in bytes, longer than any in use.
const MAX_SEQUENCE: usize = 256;

/// A token of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A key press or repeat.
    Key(KeyEvent),
    /// A mouse button or the wheel.
    Mouse(MouseEvent),
    /// The terminal got (`true`) or lost the focus.
    Focus(bool),
    /// The start of a bracketed paste.
    PasteBegins,
    /// The end of a bracketed paste.
    PasteEnds,
    /// The terminator of a response whose start is missing.
    ResponseEnd,
    /// A byte that is part of no UTF-8 character.
    InvalidUtf8,
}

/// The state of the tokenizer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    SingleShift,
    Control(Vec<u8>),
    /// After `ESC [ [`.
    Console,
    /// After `ESC [ M`.
    Mouse(Vec<u8>),
    /// In a string that ends with ST.
    Text {
        introducer: u8,
        last: Last,
    },
    /// In a multi-byte character; the second value is whether Alt was pressed.
    Utf8(Vec<u8>, bool),
}

/// The kind of the last byte in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Introducer,
    Escape,
    Ascii,
    /// A byte of a longer character.
    Other,
}

/// An incremental tokenizer.
#[derive(Debug, Default)]
pub struct Tokenizer {
    state: State,
    tokens: Vec<Token>,
}

impl Tokenizer {
    /// Processes a byte. Returns the tokens that it completes.
    pub fn feed(&mut self, byte: u8) -> Vec<Token> {
        self.step(byte);
        mem::take(&mut self.tokens)
    }

    /// Maximum wait for the next byte before [`flush`](Self::flush); `None` if no sequence is open.
    pub fn timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Ground => None,
            State::Escape | State::SingleShift | State::Text { last: Last::Introducer, .. } => {
                Some(ESCAPE_WAIT)
            }
            State::Control(parameters) if parameters.is_empty() => Some(ESCAPE_WAIT),
            _ => Some(SEQUENCE_WAIT),
        }
    }

    /// Ends an open sequence: an introducer alone becomes a key, an incomplete sequence is removed. Returns the
    /// resulting tokens.
    pub fn flush(&mut self) -> Vec<Token> {
        let alt = |byte: u8| key(KeyCode::Char(char::from(byte)), KeyModifiers::ALT);
        match mem::take(&mut self.state) {
            State::Escape => vec![key(KeyCode::Esc, KeyModifiers::NONE)],
            State::SingleShift => vec![alt(b'O')],
            State::Control(parameters) if parameters.is_empty() => vec![alt(b'[')],
            State::Text { introducer, last: Last::Introducer } => vec![alt(introducer)],
            _ => Vec::new(),
        }
    }

    fn step(&mut self, byte: u8) {
        match mem::take(&mut self.state) {
            State::Ground => self.ground(byte, false),
            State::Escape => self.escape(byte),
            State::SingleShift if !(0x20..0x7f).contains(&byte) => self.ground(byte, false),
            State::SingleShift => self.push_meaning(sequences::single_shift(byte)),
            State::Control(parameters) => self.control(parameters, byte),
            State::Console => self.push_meaning(sequences::console(byte)),
            State::Mouse(bytes) => self.mouse(bytes, byte),
            State::Text { introducer, last } => self.text(introducer, last, byte),
            State::Utf8(bytes, alt) => self.utf8(bytes, alt, byte),
        }
    }

    fn ground(&mut self, byte: u8, alt: bool) {
        match byte {
            ESC => self.state = State::Escape,
            0x00..=0x1f | 0x7f => self.tokens.push(control_key(byte, alt)),
            0x20..=0x7e => self.character(char::from(byte), alt),
            0x80..=0x9f => self.introduce(byte - 0x40),
            0xc2..=0xf4 => self.state = State::Utf8(vec![byte], alt),
            _ => self.tokens.push(Token::InvalidUtf8),
        }
    }

    /// Starts a sequence. `byte` is the byte after ESC; a C1 control is given as its equivalent.
    fn introduce(&mut self, byte: u8) {
        match byte {
            b'[' => self.state = State::Control(Vec::new()),
            b'O' => self.state = State::SingleShift,
            b']' | b'P' | b'_' | b'^' | b'X' => {
                self.state = State::Text { introducer: byte, last: Last::Introducer };
            }
            b'\\' => self.tokens.push(Token::ResponseEnd),
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'[' | b'O' | b']' | b'P' | b'_' | b'^' | b'X' | b'\\' => self.introduce(byte),
            ESC => {
                self.tokens.push(key(KeyCode::Esc, KeyModifiers::NONE));
                self.state = State::Escape;
            }
            // Esc and Ctrl-C in quick succession. As one key with Alt it would have no effect.
            0x03 => {
                self.tokens.push(key(KeyCode::Esc, KeyModifiers::NONE));
                self.tokens.push(control_key(byte, false));
            }
            b'\r' | b'\t' | 0x7f => self.ground(byte, true),
            // Keys with Ctrl and Alt are ignored.
            0x00..=0x1f => {}
            _ => self.ground(byte, true),
        }
    }

    fn control(&mut self, mut parameters: Vec<u8>, byte: u8) {
        match byte {
            b'[' if parameters.is_empty() => self.state = State::Console,
            b'M' if parameters.is_empty() => self.state = State::Mouse(Vec::new()),
            0x20..=0x3f => {
                // A longer sequence is ignored, but its end is still detected.
                if parameters.len() < MAX_SEQUENCE {
                    parameters.push(byte);
                }
                self.state = State::Control(parameters);
            }
            0x40..=0x7e => self.push_meaning(sequences::control(&parameters, byte)),
            _ => self.ground(byte, false),
        }
    }

    fn mouse(&mut self, mut bytes: Vec<u8>, byte: u8) {
        if byte < 0x20 {
            self.ground(byte, false);
            return;
        }
        bytes.push(byte);
        match <[u8; 3]>::try_from(bytes) {
            Ok(bytes) => self.push_meaning(sequences::mouse_x10(bytes)),
            Err(bytes) => self.state = State::Mouse(bytes),
        }
    }

    fn text(&mut self, introducer: u8, last: Last, byte: u8) {
        let now = match byte {
            b'\\' if last == Last::Escape => return,
            // Another sequence instead of the terminator.
            _ if last == Last::Escape => return self.escape(byte),
            BEL => return,
            // ST as one byte, unless the byte is part of a character.
            0x9c if last == Last::Ascii => return,
            ESC => Last::Escape,
            // Responses have no control characters, so this is a key.
            0x00..=0x1f => return self.ground(byte, false),
            0x20..=0x7f => Last::Ascii,
            _ => Last::Other,
        };
        self.state = State::Text { introducer, last: now };
    }

    fn utf8(&mut self, mut bytes: Vec<u8>, alt: bool, byte: u8) {
        if !(0x80..=0xbf).contains(&byte) {
            self.tokens.push(Token::InvalidUtf8);
            self.ground(byte, false);
            return;
        }
        bytes.push(byte);
        match str::from_utf8(&bytes) {
            Ok(text) => text.chars().for_each(|c| self.character(c, alt)),
            Err(error) if error.error_len().is_none() => self.state = State::Utf8(bytes, alt),
            Err(_) => self.tokens.push(Token::InvalidUtf8),
        }
    }

    fn character(&mut self, c: char, alt: bool) {
        if ('\u{80}'..='\u{9f}').contains(&c) {
            self.introduce((u32::from(c) - 0x40) as u8);
            return;
        }
        let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
        let alt = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
        self.tokens.push(key(KeyCode::Char(c), shift | alt));
    }

    fn push_meaning(&mut self, meaning: Meaning) {
        let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
        self.tokens.extend(match meaning {
            // A key with both modifiers would be read as the plain letter.
            Meaning::Key(key) if matches!(key.code, KeyCode::Char(_)) && key.modifiers.contains(both) => None,
            Meaning::Key(key) => Some(Token::Key(key)),
            Meaning::Mouse(mouse) => Some(Token::Mouse(mouse)),
            Meaning::Focus(has_it) => Some(Token::Focus(has_it)),
            Meaning::PasteBegins => Some(Token::PasteBegins),
            Meaning::PasteEnds => Some(Token::PasteEnds),
            Meaning::Ignored => None,
        });
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Token {
    Token::Key(KeyEvent::new(code, modifiers))
}

fn control_key(byte: u8, alt: bool) -> Token {
    let alt = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
    match byte {
        b'\r' => key(KeyCode::Enter, alt),
        b'\t' => key(KeyCode::Tab, alt),
        0x7f => key(KeyCode::Backspace, alt),
        0 => key(KeyCode::Char(' '), KeyModifiers::CONTROL),
        0x01..=0x1a => key(KeyCode::Char(char::from(byte - 1 + b'a')), KeyModifiers::CONTROL),
        _ => {
            key(KeyCode::Char(char::from(byte.wrapping_sub(0x1c).wrapping_add(b'4'))), KeyModifiers::CONTROL)
        }
    }
}
