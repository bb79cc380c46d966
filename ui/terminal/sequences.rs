//! Meanings of terminal input sequences: key, mouse, focus, paste mark or response.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// The meaning of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
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
    /// No user input: a response, a key release or an unknown key.
    Ignored,
}

/// The meaning of a control sequence, given the bytes between its introducer and its last byte, and the last byte.
pub(crate) fn control(parameters: &[u8], last: u8) -> Meaning {
    let Ok(text) = str::from_utf8(parameters) else { return Meaning::Ignored };
    if let Some(mouse) = text.strip_prefix('<') {
        return numbers(mouse).map_or(Meaning::Ignored, |numbers| mouse_sgr(&numbers, last));
    }
    // Other private markers and intermediate bytes occur only in responses.
    let Some(numbers) = numbers(text) else { return Meaning::Ignored };
    match last {
        b'I' if text.is_empty() => Meaning::Focus(true),
        b'O' if text.is_empty() => Meaning::Focus(false),
        b'~' => numbered(&numbers),
        b'u' => numbers.first().map_or(Meaning::Ignored, |code| character(code[0], modifiers(&numbers, 1))),
        b'Z' => key(KeyCode::BackTab, Some(KeyModifiers::SHIFT)),
        _ => match named(last) {
            // `R` is both F3 and the cursor position report; F3 also arrives as SS3 or by its number.
            Some(code) if last != b'R' && (numbers.is_empty() || numbers[0][0] <= 1) => {
                key(code, modifiers(&numbers, 1))
            }
            _ => Meaning::Ignored,
        },
    }
}

/// A key of the keypad or of the application mode.
pub(crate) fn single_shift(last: u8) -> Meaning {
    match last {
        b'M' => key(KeyCode::Enter, Some(KeyModifiers::NONE)),
        _ => named(last).map_or(Meaning::Ignored, |code| key(code, Some(KeyModifiers::NONE))),
    }
}

/// A function key of the Linux console.
pub(crate) fn console(last: u8) -> Meaning {
    match last {
        b'A'..=b'E' => key(KeyCode::F(last - b'A' + 1), Some(KeyModifiers::NONE)),
        _ => Meaning::Ignored,
    }
}

/// A mouse report in the old three-byte form.
pub(crate) fn mouse_x10(bytes: [u8; 3]) -> Meaning {
    let [button, column, row] = bytes.map(|byte| byte.wrapping_sub(32));
    // A release does not name its button.
    let last = if button & 0b11 == 3 && button & 0b0110_0000 == 0 { b'm' } else { b'M' };
    let numbers = [button, column, row].map(|number| vec![u32::from(number)]);
    mouse_sgr(&numbers, last)
}

/// The numbers between `;`, each with its subparameters between `:`. An empty number is 0.
fn numbers(text: &str) -> Option<Vec<Vec<u32>>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
    text.split(';').map(|part| part.split(':').map(number).collect()).collect()
}

/// The modifiers at this index, encoded as their bits plus 1; `None` for a key release.
fn modifiers(numbers: &[Vec<u32>], at: usize) -> Option<KeyModifiers> {
    let number = numbers.get(at);
    if number.and_then(|number| number.get(1)) == Some(&3) {
        return None;
    }
    let bits = number.map_or(0, |number| number[0].saturating_sub(1));
    let of = |bit: u32, modifier| if bits & bit == 0 { KeyModifiers::NONE } else { modifier };
    Some(of(1, KeyModifiers::SHIFT) | of(2, KeyModifiers::ALT) | of(4, KeyModifiers::CONTROL))
}

fn key(code: KeyCode, modifiers: Option<KeyModifiers>) -> Meaning {
    modifiers.map_or(Meaning::Ignored, |modifiers| Meaning::Key(KeyEvent::new(code, modifiers)))
}

fn named(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered(numbers: &[Vec<u32>]) -> Meaning {
    let Some(number) = numbers.first().map(|number| number[0]) else { return Meaning::Ignored };
    let code = match number {
        200 => return Meaning::PasteBegins,
        201 => return Meaning::PasteEnds,
        // Any key with modifiers, in xterm's modifyOtherKeys format.
        27 => {
            let code = numbers.get(2).map_or(0, |code| code[0]);
            return character(code, modifiers(numbers, 1));
        }
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number as u8 - 10),
        17..=21 => KeyCode::F(number as u8 - 11),
        23..=26 => KeyCode::F(number as u8 - 12),
        28 | 29 => KeyCode::F(number as u8 - 13),
        31..=34 => KeyCode::F(number as u8 - 14),
        _ => return Meaning::Ignored,
    };
    key(code, modifiers(numbers, 1))
}

/// A key by its Unicode code point.
fn character(code: u32, modifiers: Option<KeyModifiers>) -> Meaning {
    let code = match code {
        9 if modifiers.is_some_and(|held| held.contains(KeyModifiers::SHIFT)) => KeyCode::BackTab,
        9 => KeyCode::Tab,
        // Also Enter of the keypad.
        13 | 57414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        // Other keys without a character have code points of the private use area.
        code => {
            match char::from_u32(code).filter(|c| !c.is_control() && !('\u{e000}'..='\u{f8ff}').contains(c)) {
                Some(c) => KeyCode::Char(with_shift(c, modifiers)),
                None => return Meaning::Ignored,
            }
        }
    };
    key(code, modifiers)
}

/// The shifted character; terminals report the character without Shift.
fn with_shift(c: char, modifiers: Option<KeyModifiers>) -> char {
    let is_shifted = modifiers.is_some_and(|held| held.contains(KeyModifiers::SHIFT));
    if is_shifted { c.to_ascii_uppercase() } else { c }
}

/// A mouse report: button and modifiers, column, row. The last byte distinguishes press and release.
fn mouse_sgr(numbers: &[Vec<u32>], last: u8) -> Meaning {
    let [button, column, row] = numbers else { return Meaning::Ignored };
    let place = |number: &[u32]| u16::try_from(number[0]).ok().and_then(|number| number.checked_sub(1));
    let (Some(column), Some(row), b'M' | b'm') = (place(column), place(row), last) else {
        return Meaning::Ignored;
    };
    let bits = button[0];
    let Some(kind) = mouse_kind(bits, last == b'M') else { return Meaning::Ignored };
    let of = |bit: u32, modifier| if bits & bit == 0 { KeyModifiers::NONE } else { modifier };
    let modifiers = of(4, KeyModifiers::SHIFT) | of(8, KeyModifiers::ALT) | of(16, KeyModifiers::CONTROL);
    Meaning::Mouse(MouseEvent { kind, column, row, modifiers })
}

fn mouse_kind(bits: u32, is_pressed: bool) -> Option<MouseEventKind> {
    let button = match bits & 3 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let is_drag = bits & 32 != 0;
    Some(match bits & !0b11_1100 {
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        66 => MouseEventKind::ScrollLeft,
        67 => MouseEventKind::ScrollRight,
        0..=3 => match button {
            None if is_drag => MouseEventKind::Moved,
            None => MouseEventKind::Up(MouseButton::Left),
            Some(button) if is_drag => MouseEventKind::Drag(button),
            Some(button) if is_pressed => MouseEventKind::Down(button),
            Some(button) => MouseEventKind::Up(button),
        },
        _ => return None,
    })
}
