//! Lines of a recording that playback skips.

use std::fmt;

/// Number of lines of one kind, and the position of the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    /// Number of lines.
    pub count: u64,
    /// The number of the first line, from 1; 0 if there is none.
    pub first: u64,
}

/// All skipped parts of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Lines that are empty or contain only white space.
    pub(crate) blank: Lines,
    /// Lines that are damaged, too long or not JSON.
    pub(crate) unreadable: Lines,
    /// Lines of a kind that this version does not know.
    pub(crate) unknown: Lines,
    /// Number of the last line, if the file ends within that line, as when the program was killed while it wrote.
    pub(crate) cut_off: Option<u64>,
    /// Number of the first line that belongs to the recording of another node or run. Everything from there on is
    /// skipped.
    pub(crate) other_from: Option<u64>,
}

impl Lines {
    /// Counts one more line, with its number from 1.
    pub(crate) fn record(&mut self, line: u64) {
        self.count += 1;
        self.first = if self.count == 1 { line } else { self.first };
    }

    /// `1 blank line (line 3)`, `2 blank lines (the first is line 3)`; `None` without any.
    fn described(self, what: impl Fn(&str) -> String) -> Option<String> {
        let Self { count, first } = self;
        match count {
            0 => None,
            1 => Some(format!("1 {} (line {first})", what("line"))),
            count => Some(format!("{count} {} (the first is line {first})", what("lines"))),
        }
    }
}

impl LeftOut {
    /// Whether nothing is skipped.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// The number of lines that are damaged, cut off or of a later version. Blank lines have no contents, and how many lines
    /// another recording has is not known.
    pub fn damaged(self) -> u64 {
        self.unreadable.count + self.unknown.count + u64::from(self.cut_off.is_some())
    }
}

/// Example: `left out of the recording: 1 blank line (line 3), and line 9, which is cut off`.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.blank.described(|lines| format!("blank {lines}")),
            self.unreadable.described(|lines| format!("{lines} that cannot be read")),
            self.unknown.described(|lines| format!("{lines} of a later version")),
            self.cut_off.map(|line| format!("line {line}, which is cut off")),
            self.other_from
                .map(|line| format!("everything from line {line} on, where another recording begins")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let (last, others) =
            parts.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        let and = if others.is_empty() { String::new() } else { format!("{}, and ", others.join(", ")) };
        write!(f, "left out of the recording: {and}{last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_one_sentence_with_numbers() {
        let lines = |count, first| Lines { count, first };
        let nothing = LeftOut::default();
        for (left_out, told) in [
            (LeftOut { blank: lines(1, 3), ..nothing }, "1 blank line (line 3)"),
            (
                LeftOut { unreadable: lines(2, 3), ..nothing },
                "2 lines that cannot be read (the first is line 3)",
            ),
            (LeftOut { unknown: lines(1, 9), ..nothing }, "1 line of a later version (line 9)"),
            (
                LeftOut { blank: lines(2, 4), unknown: lines(1, 5), cut_off: Some(9), ..nothing },
                "2 blank lines (the first is line 4), 1 line of a later version (line 5), and line 9, which is cut off",
            ),
            (
                LeftOut { other_from: Some(7), ..nothing },
                "everything from line 7 on, where another recording begins",
            ),
        ] {
            assert_eq!(left_out.to_string(), format!("left out of the recording: {told}"));
            assert!(!left_out.is_empty());
        }
        assert!(nothing.is_empty());
        let damaged =
            LeftOut { blank: lines(9, 1), unreadable: lines(2, 3), unknown: lines(1, 9), ..nothing };
        let damaged = [damaged, LeftOut { cut_off: Some(20), ..damaged }, nothing].map(LeftOut::damaged);
        assert_eq!(damaged, [3, 4, 0]);
    }
}
