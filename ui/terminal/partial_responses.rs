//! Terminal responses whose first bytes are missing, because another program read them.
//!
//! The rest looks like text: `]11;rgb:1e1e/2e2e/3e3e`, `[?1;2c`, `41;390;0c`. It is removed if several characters
//! arrived at once, unlike typed text, and have the form of a response. Other text is kept.

/// Length in bytes of a response at the start of `text` without its ESC, or without its ESC and introducer; 0 for other
/// text.
///
/// `is_first` means that nothing before it arrived at the same time; a weaker form then suffices.
pub(crate) fn response_len(text: &str, is_first: bool) -> usize {
    let inner = text.strip_prefix('[').unwrap_or(text);
    let has_bracket = inner.len() < text.len();
    if has_bracket && let Some(length) = mouse_or_key(text, inner, is_first) {
        return length;
    }
    let Some(form) = Form::of(inner) else { return 0 };
    let is_response = if form.is_private {
        has_bracket || is_first && form.has_digit
    } else {
        is_first && form.is_plain_response(has_bracket)
    };
    if is_response { text.len() - inner.len() + form.length } else { 0 }
}

/// Whether all text that arrived at once is a single response without its start.
pub fn is_response(read: &str) -> bool {
    let end = ["\x1b\\", "\x07"].into_iter().find_map(|end| read.strip_suffix(end));
    match end {
        Some(text) => {
            string_response_start(text) == 0
                && !text.contains(char::is_control)
                && text.starts_with([']', 'P', '_'])
        }
        None => read.chars().nth(1).is_some() && response_len(read, true) == read.len(),
    }
}

/// A mouse report in the old form, or a key, focus or keypad sequence that is all of the input.
fn mouse_or_key(text: &str, inner: &str, is_first: bool) -> Option<usize> {
    let mut chars = inner.char_indices();
    let (_, last) = chars.next()?;
    if !is_first {
        return None;
    }
    if last == 'M' {
        let end = chars.nth(2).map(|(at, c)| at + c.len_utf8())?;
        return Some(text.len() - inner.len() + end);
    }
    (matches!(last, 'A'..='D' | 'F' | 'H' | 'I' | 'O'..='S' | 'Z') && inner.len() == 1).then_some(text.len())
}

/// The parts of a control sequence.
struct Form {
    is_private: bool,
    has_digit: bool,
    separators: usize,
    /// Whether there is an intermediate byte before the final one.
    is_mode: bool,
    last: char,
    length: usize,
}

impl Form {
    fn of(inner: &str) -> Option<Self> {
        let numbers = inner.trim_start_matches(['?', '>', '<', '=']);
        let marks = inner.len() - numbers.len();
        let rest = numbers.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ';' | ':'));
        let values = &numbers[..numbers.len() - rest.len()];
        let between = rest.trim_start_matches(['$', '\'', '"', '*', ' ']);
        let last = between.chars().next()?;
        let is_end = matches!(last, 'c' | 'n' | 'y' | 'R' | 't' | 'u' | 'm' | 'M' | 'S' | 'x' | '~');
        is_end.then_some(Self {
            is_private: marks == 1,
            has_digit: values.contains(|c: char| c.is_ascii_digit()),
            separators: values.matches(';').count(),
            is_mode: between.len() < rest.len() && rest.starts_with('$'),
            last,
            length: inner.len() - between.len() + last.len_utf8(),
        })
    }

    /// Whether a sequence without a private marker is a response, or a key with numbers.
    fn is_plain_response(&self, has_bracket: bool) -> bool {
        let has_numbers = self.has_digit && (self.separators > 0 || self.is_mode);
        let is_short =
            has_bracket && self.has_digit && matches!(self.last, 'n' | 'c' | 'u' | '~' | 'x' | 't');
        has_numbers && self.last != 'x' || is_short
    }
}

/// The start of a cut string response in `text`, whose terminator follows the text.
pub(crate) fn string_response_start(text: &str) -> usize {
    let is_start = |at: usize| {
        let rest = &text[at..];
        let numbered =
            rest.strip_prefix(']').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let device = rest.strip_prefix('P').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        let is_device = device.is_some_and(|rest| rest.starts_with(['$', '+', '>', '!', '|', '=']));
        numbered || is_device || rest.starts_with("_G")
    };
    text.char_indices().map(|(at, _)| at).find(|at| is_start(*at)).unwrap_or(0)
}

/// Whether `text` can be the beginning of a response without its start, so that waiting for the rest is useful.
pub(crate) fn can_continue(text: &str) -> bool {
    let is_start = |c: char| {
        matches!(c, '[' | ']' | 'P' | '_' | '^' | 'X' | '?' | '>' | '<' | '=' | ';') || c.is_ascii_digit()
    };
    let begins = text.starts_with(is_start);
    let is_inner = |c: char| c.is_ascii_alphanumeric() || ";:/?><=$+|![]_-.,() ".contains(c);
    begins && text.chars().all(is_inner)
}
