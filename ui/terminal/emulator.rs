//! A terminal emulator for tests, with a selectable table of character widths.

use std::ops::Range;

use clacks_text::width_range::{is_certain, layout_columns_of};
use icu_properties::{CodePointSetData, props::Emoji};
use ratatui::buffer::{Buffer, CellWidth};
use unicode_segmentation::UnicodeSegmentation;

use super::uncertain_width::trailing_blanks;

/// The characters that a terminal combines into one cell. The cell is as wide as its first character, or two columns
/// wide with the emoji selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joins {
    Nothing,
    /// The cell that was drawn last, while the cursor is behind it.
    Drawn,
    /// Any cell left of the cursor, also after a cursor move.
    Left,
}

/// A table of character widths.
#[derive(Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    of: fn(char) -> Option<usize>,
    joins: Joins,
    /// Whether characters of ambiguous width are wide.
    pub is_ambiguous_wide: bool,
    /// Whether marks and half flags have the width of a terminal that receives them alone. Combined with their base, no
    /// terminal uses that width.
    pub is_measured_alone: bool,
}

impl Table {
    /// Width of a character in columns; `None` if the table lacks it and nothing is drawn.
    pub fn of(&self, c: char) -> Option<u16> {
        (self.of)(c).and_then(|width| u16::try_from(width).ok())
    }
}

/// Tables of several Unicode versions, with narrow and wide ambiguous characters, and the table of this machine's C
/// library.
pub fn tables() -> Vec<Table> {
    let of = |name: &'static str, of| Table {
        name,
        of,
        joins: Joins::Nothing,
        is_ambiguous_wide: name.ends_with("ambiguous wide"),
        is_measured_alone: false,
    };
    let mut tables = vec![
        of("unicode-width, Unicode 17", unicode_width::UnicodeWidthChar::width),
        of("unicode-width, ambiguous wide", unicode_width::UnicodeWidthChar::width_cjk),
        of("unicode-width, Unicode 9", unicode_width_old::UnicodeWidthChar::width),
        of("unicode-width, Unicode 9, ambiguous wide", unicode_width_old::UnicodeWidthChar::width_cjk),
        of("Unicode 9, without what is new in it", before_unicode_9),
        Table { is_measured_alone: true, ..of("unicode-display-width, Unicode 15", display_width) },
        Table { joins: Joins::Drawn, ..of("joining", unicode_width::UnicodeWidthChar::width) },
        Table {
            joins: Joins::Left,
            ..of("joining what stands left", unicode_width::UnicodeWidthChar::width)
        },
        Table {
            joins: Joins::Left,
            is_measured_alone: true,
            ..of("joining what stands left, Unicode 15", display_width)
        },
    ];
    #[cfg(target_env = "gnu")]
    tables.push(of("glibc", glibc::width));
    tables
}

fn display_width(c: char) -> Option<usize> {
    usize::try_from(unicode_display_width::width(c.encode_utf8(&mut [0; 4]))).ok()
}

/// Widths before Unicode 9: pictographs are narrow, some are unknown and not drawn. Unknown marks take one column.
fn before_unicode_9(c: char) -> Option<usize> {
    match c {
        '\u{8d4}'..='\u{8e1}' | '\u{1885}'..='\u{1886}' | '\u{1dfb}' | '\u{a8c5}' => Some(1),
        '\u{1f919}'..='\u{1f97f}' | '\u{1f985}'..='\u{1f9bf}' | '\u{1f9c1}'..='\u{1faff}' => None,
        _ if !c.is_ascii() && CodePointSetData::new::<Emoji>().contains(c) => Some(1),
        _ => unicode_width_old::UnicodeWidthChar::width(c),
    }
}

/// The C library of this machine, which many terminals use.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "the C library has no other way to be asked")]
mod glibc {
    use std::{
        ffi::{c_char, c_int, c_void},
        ptr,
        sync::OnceLock,
    };

    const LC_CTYPE_MASK: c_int = 1;

    unsafe extern "C" {
        fn newlocale(mask: c_int, name: *const c_char, base: *mut c_void) -> *mut c_void;
        fn uselocale(locale: *mut c_void) -> *mut c_void;
        fn wcwidth(character: u32) -> c_int;
    }

    /// Sets the locale of this thread only during the call.
    pub(super) fn width(c: char) -> Option<usize> {
        static LOCALE: OnceLock<usize> = OnceLock::new();
        // SAFETY: the name ends with a zero; the locale is made once and never freed.
        let locale =
            *LOCALE.get_or_init(
                || unsafe { newlocale(LC_CTYPE_MASK, c"C.UTF-8".as_ptr(), ptr::null_mut()) } as usize
            );
        if locale == 0 {
            return unicode_width::UnicodeWidthChar::width(c);
        }
        // SAFETY: the locale is valid, and the one before is set again.
        let width = unsafe {
            let before = uselocale(locale as *mut c_void);
            let width = wcwidth(c.into());
            uselocale(before);
            width
        };
        usize::try_from(width).ok()
    }
}

/// Handling of a wide character in the last column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEdge {
    /// Draws it over the previous column.
    MovesBack,
    /// Draws nothing.
    Drops,
    /// Wraps into the next row although wrapping is off.
    Wraps,
}

/// One column of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Text(String),
    /// The second half of a wide character.
    Behind,
}

/// The screen.
pub struct Emulator {
    table: Table,
    at_edge: AtEdge,
    width: usize,
    rows: Vec<Vec<Column>>,
    cursor: (usize, usize),
    /// The cell that was drawn last, while the cursor is behind it.
    last: Option<(usize, usize)>,
}

impl Emulator {
    pub fn new(table: Table, at_edge: AtEdge, width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        let rows = vec![vec![Column::Text(" ".to_owned()); width]; height];
        Self { table, at_edge, width, rows, cursor: (0, 0), last: None }
    }

    /// Processes the output of a program.
    pub fn process(&mut self, bytes: &[u8]) {
        let text = str::from_utf8(bytes).unwrap();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == '\x1b' {
                assert_eq!(chars.next(), Some('['));
                let rest = chars.as_str();
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                self.control(&rest[..end], rest.as_bytes()[end]);
                chars = rest[end + 1..].chars();
            } else {
                assert!(!c.is_control(), "{c:?}");
                self.print(c);
            }
        }
    }

    fn control(&mut self, parameters: &str, end: u8) {
        match (parameters, end) {
            (place, b'H') => {
                let (row, column) = place.split_once(';').unwrap();
                let number = |text: &str| text.parse::<usize>().unwrap() - 1;
                self.cursor = (number(column).min(self.width - 1), number(row));
                self.last = None;
            }
            (_, b'm') => {}
            other => panic!("unknown: {other:?}"),
        }
    }

    fn print(&mut self, c: char) {
        if self.join(c) {
            return;
        }
        let Some(columns) = self.table.of(c).map(usize::from) else { return };
        if columns == 0 {
            self.combine(c);
            return;
        }
        let (mut x, mut y) = self.cursor;
        if x + columns > self.width {
            if self.at_edge == AtEdge::Wraps {
                (x, y) = (0, y + 1);
                if y == self.rows.len() {
                    self.rows.rotate_left(1);
                    y -= 1;
                    self.rows[y].fill(Column::Text(" ".to_owned()));
                }
            } else if columns > 1 && self.at_edge == AtEdge::Drops {
                return;
            } else if let Some(before) = self.width.checked_sub(columns) {
                x = before;
            } else {
                return;
            }
        }
        self.put(x, y, c.to_string(), columns);
    }

    /// A mark joins the cell left of the cursor.
    fn combine(&mut self, c: char) {
        let (x, y) = self.cursor;
        let Some(before) = x.checked_sub(1) else { return };
        let head = if self.rows[y][before] == Column::Behind { before - 1 } else { before };
        if let Column::Text(text) = &mut self.rows[y][head] {
            text.push(c);
        }
    }

    /// Column and row of the cell that a character can join.
    fn before(&self) -> Option<(usize, usize)> {
        match self.table.joins {
            Joins::Nothing => None,
            Joins::Drawn => self.last,
            Joins::Left => {
                let (x, y) = self.cursor;
                let left = x.checked_sub(1)?;
                Some((if self.rows[y][left] == Column::Behind { left - 1 } else { left }, y))
            }
        }
    }

    /// Joins a character to the previous cell.
    fn join(&mut self, c: char) -> bool {
        let Some((x, y)) = self.before() else { return false };
        let Column::Text(text) = &mut self.rows[y][x] else { return false };
        let joined = format!("{text}{c}");
        if joined.graphemes(true).nth(1).is_some() {
            return false;
        }
        let is_wide = self.rows[y].get(x + 1) == Some(&Column::Behind) || c == '\u{fe0f}';
        self.put(x, y, joined, if is_wide && x + 1 < self.width { 2 } else { 1 });
        true
    }

    fn put(&mut self, x: usize, y: usize, text: String, columns: usize) {
        self.cut(x, y);
        self.cut(x + columns, y);
        self.rows[y][x] = Column::Text(text);
        self.rows[y][x + 1..x + columns].fill(Column::Behind);
        self.last = Some((x, y));
        self.cursor = (x + columns, y);
    }

    /// Blanks a wide character whose second half is in this column.
    fn cut(&mut self, x: usize, y: usize) {
        let row = &mut self.rows[y];
        if row.get(x) == Some(&Column::Behind) {
            row[x - 1..=x].fill(Column::Text(" ".to_owned()));
        }
    }

    /// The text of a range of columns.
    pub fn text(&self, y: usize, columns: Range<usize>) -> String {
        let texts = self.rows[y][columns].iter();
        texts.map(|column| if let Column::Text(text) = column { text } else { "" }).collect()
    }

    /// Checks that every cell of certain width is where the frame has it. In the columns of a cell of uncertain width
    /// and in its trailing blanks, only characters of that cell or of the next one may occur.
    #[track_caller]
    pub fn assert_shows(&self, frame: &Buffer) {
        for y in 0..usize::from(frame.area.height) {
            let mut x = 0;
            while x < self.width {
                let cell = Laid::new(frame, x, y);
                if is_certain(cell.symbol) {
                    let shown = self.text(y, x..cell.end);
                    assert_eq!(
                        shown, cell.symbol,
                        "at {x}, {y} with {}: {:?}",
                        self.table.name, self.rows[y]
                    );
                } else {
                    let next =
                        if cell.behind < self.width { Laid::new(frame, cell.behind, y).symbol } else { "" };
                    let is_of_them = |c: char| c == ' ' || cell.symbol.contains(c) || next.contains(c);
                    let shown = self.text(y, x..cell.behind);
                    assert!(shown.chars().all(is_of_them), "at {x}, {y} with {}: {shown:?}", self.table.name);
                }
                x = cell.behind;
            }
        }
    }

    /// Checks that the screen shows each cell of uncertain width completely. Exceptions: characters that the terminal
    /// lacks, and rows with ambiguous characters on a terminal that draws those wide.
    #[track_caller]
    pub fn assert_holds(&self, frame: &Buffer) {
        for y in 0..usize::from(frame.area.height) {
            let cells = (0..self.width).map(|x| frame[(x as u16, y as u16)].symbol());
            if cells.flat_map(str::chars).any(|c| self.table.of(c) > Some(layout_columns_of(c))) {
                continue;
            }
            let mut x = 0;
            while x < self.width {
                let cell = Laid::new(frame, x, y);
                if !is_certain(cell.symbol) && cell.symbol.chars().all(|c| self.table.of(c).is_some()) {
                    let shown = self.text(y, x..cell.behind);
                    let place = format!("at {x}, {y} with {}", self.table.name);
                    assert!(shown.starts_with(cell.symbol), "{place}: {shown:?}, not {:?}", cell.symbol);
                }
                x = cell.behind;
            }
        }
    }
}

/// A cell of a frame.
struct Laid<'a> {
    symbol: &'a str,
    /// The column after it, as ratatui computes it.
    end: usize,
    /// The column after it and its trailing blanks.
    behind: usize,
}

impl<'a> Laid<'a> {
    fn new(frame: &'a Buffer, x: usize, y: usize) -> Self {
        let width = usize::from(frame.area.width);
        let row = &frame.content[y * width..][..width];
        let symbol = row[x].symbol();
        let end = x + usize::from(symbol.cell_width().max(1));
        Self { symbol, end, behind: end + trailing_blanks(&row[x..]) }
    }
}
