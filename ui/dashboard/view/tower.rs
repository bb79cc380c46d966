//! The clacks towers: shutters on a lattice, and beneath them the letter that they stand for and the message it is of.

use clacks_language::command::motion_setting::Setting;
use clacks_p2p::Address;
use clacks_source::traffic::row::Direction;
use clacks_text::{charset::Charset, fit::fit_address, sanitize::shown};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::{Alignment, Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
};
use unicode_segmentation::UnicodeSegmentation;

use super::parts::draw_heading;
use crate::{
    model::Model,
    state::{
        layout::below_title,
        tower::{Shutter, ShutterTower, TowerFace},
    },
};

/// A tower has at least so many columns; where there are as many twice, there are two.
const NARROWEST: u16 = 18;
/// Below this many rows the letter stands beside the shutters.
const LOW: u16 = 12;
/// Columns of the letter beside the shutters: its byte in halves, below each other.
const BESIDE: u16 = 6;
/// Columns of the word that says which tower it is.
const WORD: usize = 4;
/// Shutters are no taller, however much room there is.
const TALLEST: u16 = 7;
/// A shutter of one row is so wide.
const SMALLEST_SHUTTER: u16 = 3;
/// Legs are no longer than the shutters are tall and this.
const LONGEST_LEGS: u16 = 3;
/// Rows of shutters.
const ROWS: u16 = 4;

/// Draws the towers into any area. Both have room from 36 columns on; nine rows are enough for all that there is to
/// say.
pub fn draw(model: &Model, theme: Theme, area: Rect, has_focus: bool, frame: &mut Frame<'_>) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    let mut heading = Line::from(Span::styled(" TOWER ", theme.title(has_focus)));
    if model.motion.setting() == Setting::Off {
        heading.push_span(Span::styled(" still: :motion full", theme.quiet));
    }
    draw_heading(theme, heading, area, frame);
    // A free column keeps them off what stands beside them.
    let body = below_title(Rect { width: area.width.saturating_sub(1), ..area });
    let scene = |tower, direction| Scene { model, theme, tower, direction };
    let (incoming, outgoing) = (&model.shown_towers().incoming, &model.shown_towers().outgoing);
    if body.width >= 2 * NARROWEST {
        // The more room there is, the more of it is between their texts.
        let gap = (body.width / 18).clamp(1, 8);
        let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(gap);
        let [left, right] = halves.areas(body);
        scene(incoming, Direction::In).draw(left, frame);
        scene(outgoing, Direction::Out).draw(right, frame);
    } else {
        // The one that has something to say.
        let rests = incoming.look(model.shown_moment().uptime, &model.motion) == TowerFace::Resting;
        let outgoing_only = rests && outgoing.passing().is_some();
        let shown = if outgoing_only { (outgoing, Direction::Out) } else { (incoming, Direction::In) };
        scene(shown.0, shown.1).draw(body, frame);
    }
}

/// One tower and what is said of it.
struct Scene<'a> {
    model: &'a Model,
    theme: Theme,
    tower: &'a ShutterTower,
    direction: Direction,
}

impl Scene<'_> {
    fn draw(&self, area: Rect, frame: &mut Frame<'_>) {
        let look = self.tower.look(self.model.shown_moment().uptime, &self.model.motion);
        let lines = self.lines(look, area);
        let texts = u16::try_from(lines.len()).unwrap_or(0).min(area.height);
        let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(texts)]).areas(area);
        let is_low = area.height < LOW;
        let room = if is_low { Rect { width: above.width.saturating_sub(BESIDE), ..above } } else { above };
        let shape = Shape::fitting(room);
        let place = shape.place(room, is_low);
        self.draw_tower(shape, look, place, frame);
        if is_low {
            self.draw_beside(look, shape, Rect { x: place.right() + 1, ..place }, frame);
        }
        for (line, row) in lines.into_iter().zip(below.rows()) {
            let alignment = if is_low { Alignment::Left } else { Alignment::Center };
            frame.render_widget(line.alignment(alignment), row);
        }
    }

    /// What stands beneath the tower, as many lines as there is room for.
    fn lines(&self, look: TowerFace, area: Rect) -> Vec<Line<'static>> {
        let has_word = (5..=6).contains(&area.height);
        let width = usize::from(area.width).saturating_sub(if has_word { WORD } else { 0 });
        let (message, peer) = match self.tower.passing() {
            None => (Line::styled(self.nothing(), self.theme.quiet), Line::default()),
            Some(passing) => (self.message(&passing.text, look, width), self.peer(&passing.peer, width)),
        };
        match area.height {
            0..=4 => Vec::new(),
            // Where the peer has no room, it is said at least which tower this is.
            _ if has_word => {
                let word = if self.direction == Direction::In { "in" } else { "out" };
                let mut line = Line::from(Span::styled(format!("{word:WORD$}"), self.theme.quiet));
                line.spans.extend(message.spans.into_iter().map(|span| span.patch_style(message.style)));
                vec![line]
            }
            7..LOW => vec![message, peer],
            _ => vec![self.letter(look), message, peer],
        }
    }

    fn nothing(&self) -> &'static str {
        if self.direction == Direction::In { "nothing has come yet" } else { "nothing has gone yet" }
    }

    /// The message with the letter that is spelt in reverse, what is still to come quiet.
    fn message(&self, text: &str, look: TowerFace, width: usize) -> Line<'static> {
        let Some((before, letter, after)) = look.byte().and_then(|(at, _)| around(text, at)) else {
            return Line::styled(
                shown(text, width, self.theme.charset).as_str().to_owned(),
                self.theme.quiet,
            );
        };
        // The letter stays in the left two thirds, so that one can read ahead.
        let before = shown_end(before, width * 2 / 3, self.theme.charset);
        let letter = shown(
            letter,
            width.saturating_sub(shown(before, width, self.theme.charset).width()),
            self.theme.charset,
        );
        let before = shown(before, width, self.theme.charset);
        let room = width.saturating_sub(before.width() + letter.width());
        Line::from(vec![
            Span::raw(before.as_str().to_owned()),
            Span::styled(letter.as_str().to_owned(), self.theme.strong.patch(self.theme.selected)),
            Span::styled(shown(after, room, self.theme.charset).as_str().to_owned(), self.theme.quiet),
        ])
    }

    fn peer(&self, peer: &Address, width: usize) -> Line<'static> {
        let word = if self.direction == Direction::In { "from " } else { "to " };
        let address = fit_address(peer, width.saturating_sub(word.len()), self.theme.charset);
        Line::from(vec![Span::styled(word, self.theme.quiet), Span::raw(address.trim_end().to_owned())])
    }

    /// The letter, its bits and its hexadecimal form.
    fn letter(&self, look: TowerFace) -> Line<'static> {
        let (Some((at, byte)), Some(passing)) = (look.byte(), self.tower.passing()) else {
            return Line::styled("at rest", self.theme.quiet);
        };
        Line::from(vec![
            Span::styled(name(&passing.text, at, self.theme.charset), self.theme.strong),
            Span::raw(format!("   {:04b} {:04b}   0x{byte:02x}", byte >> 4, byte & 0xf)),
        ])
    }

    /// The same below each other beside the shutters.
    fn draw_beside(&self, look: TowerFace, shape: Shape, area: Rect, frame: &mut Frame<'_>) {
        let (Some((at, byte)), Some(passing)) = (look.byte(), self.tower.passing()) else { return };
        let letter = name(&passing.text, at, self.theme.charset);
        let lines = [
            Line::styled(letter, self.theme.strong),
            Line::raw(format!("0x{byte:02x}")),
            Line::styled(format!("{:04b}", byte >> 4), self.theme.quiet),
            Line::styled(format!("{:04b}", byte & 0xf), self.theme.quiet),
        ];
        let area = Rect { y: area.y + u16::from(shape.has_roof), width: BESIDE, ..area };
        for (line, row) in lines.into_iter().zip(area.intersection(frame.area()).rows()) {
            frame.render_widget(line, row);
        }
    }

    fn draw_tower(&self, shape: Shape, look: TowerFace, area: Rect, frame: &mut Frame<'_>) {
        let frame_width = shape.frame_width();
        let left = area.x + (area.width.saturating_sub(frame_width)) / 2;
        let mut rows = area.rows();
        let mut put = |frame: &mut Frame<'_>, indent: u16, line: Line<'static>| {
            let Some(row) = rows.next() else { return };
            let x = left.saturating_sub(indent);
            let row = Rect { x, width: area.right().saturating_sub(x), ..row };
            frame.render_widget(line, row.intersection(area));
        };
        if shape.has_mast {
            let lamp = if look == TowerFace::Resting { "\u{b7}" } else { "*" };
            let line = Line::from(vec![
                Span::raw(" ".repeat(usize::from(frame_width / 2))),
                Span::styled(lamp, self.theme.strong),
            ]);
            put(frame, 0, line);
        }
        if shape.has_roof {
            put(frame, 0, self.rail(shape, ["\u{250c}", "\u{252c}", "\u{2510}"]));
        }
        for row in 0..ROWS {
            if row > 0 && shape.shutter.1 > 1 {
                put(frame, 0, self.rail(shape, ["\u{251c}", "\u{253c}", "\u{2524}"]));
            }
            for part in 0..shape.shutter.1 {
                put(frame, 0, self.shutters(shape, look, row, part));
            }
        }
        if shape.base > 1 {
            put(frame, 0, self.rail(shape, ["\u{251c}", "\u{2534}", "\u{2524}"]));
        }
        for row in 1..=shape.legs() {
            put(frame, row, self.lattice(shape, row));
        }
    }

    /// A bar across the tower.
    fn rail(&self, shape: Shape, [left, middle, right]: [&str; 3]) -> Line<'static> {
        let bar = "\u{2500}".repeat(usize::from(shape.shutter.0));
        Line::styled(format!("{left}{bar}{middle}{bar}{right}"), self.theme.quiet)
    }

    /// One row of the cells of two shutters.
    fn shutters(&self, shape: Shape, look: TowerFace, row: u16, part: u16) -> Line<'static> {
        let post = || Span::styled("\u{2502}", self.theme.quiet);
        let mut line = Line::from(post());
        for column in 0..2 {
            let shutter = look.shutter(column, u8::try_from(row).unwrap_or(0));
            line.push_span(self.shutter(shutter, shape.shutter, part));
            line.push_span(post());
        }
        line
    }

    fn shutter(&self, shutter: Shutter, (width, height): (u16, u16), part: u16) -> Span<'static> {
        let across = |symbol: &str| symbol.repeat(usize::from(width));
        let board: Style = self.theme.direction(self.direction);
        match shutter {
            Shutter::Closed => Span::styled(across("\u{2588}"), board),
            Shutter::Turning => Span::styled(across("\u{2592}"), board),
            // Seen from the edge.
            Shutter::Open if part == height / 2 => Span::styled(across("\u{2504}"), self.theme.quiet),
            Shutter::Open => Span::raw(across(" ")),
        }
    }

    /// A row of the legs, which stand wider the lower it is, with the braces between them and a post in the middle.
    fn lattice(&self, shape: Shape, row: u16) -> Line<'static> {
        let half = usize::from(shape.shutter.0 + 1 + row);
        let braces = |from: [&'static str; 2]| from.into_iter().cycle().take(half);
        let left: String = braces(["\u{2571}", "\u{2572}"]).collect();
        let right: Vec<&str> = braces(["\u{2572}", "\u{2571}"]).collect();
        let right: String = right.into_iter().rev().collect();
        Line::styled(format!("{left}\u{2502}{right}"), self.theme.quiet)
    }
}

/// What a tower is made of, in as much room as there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// Columns and rows of one shutter.
    shutter: (u16, u16),
    has_mast: bool,
    has_roof: bool,
    /// Rows below the shutters: a bar, and the legs.
    base: u16,
}

impl Shape {
    /// The largest tower for an area.
    fn fitting(area: Rect) -> Self {
        let largest = (1..=TALLEST).rev().map(Self::sized).find(|shape| shape.fits(area));
        largest.map_or_else(|| Self::low(area), |shape| shape.grown(area))
    }

    /// A whole tower with shutters of so many rows, on the shortest legs.
    fn sized(height: u16) -> Self {
        let width = if height == 1 { SMALLEST_SHUTTER } else { 2 * height + 1 };
        Self { shutter: (width, height), has_mast: height > 1, has_roof: true, base: height }
    }

    /// As much of the smallest tower as there are rows for.
    fn low(area: Rect) -> Self {
        let left = area.height.saturating_sub(ROWS);
        Self { has_roof: left > 0, base: left.saturating_sub(1).min(1), ..Self::sized(1) }
    }

    /// With legs as long as there is room for, within reason.
    fn grown(self, area: Rect) -> Self {
        let longer = (self.base..=self.base + LONGEST_LEGS).rev().map(|base| Self { base, ..self });
        longer.into_iter().find(|shape| shape.fits(area)).unwrap_or(self)
    }

    /// Rows of the legs; where there is but one row below the shutters it is theirs, otherwise a bar comes first.
    fn legs(self) -> u16 {
        if self.base == 1 { 1 } else { self.base.saturating_sub(1) }
    }

    fn fits(self, area: Rect) -> bool {
        self.rows() <= area.height && self.columns() <= area.width
    }

    fn rows(self) -> u16 {
        let (_, height) = self.shutter;
        let rails = if height > 1 { ROWS - 1 } else { 0 };
        u16::from(self.has_mast) + u16::from(self.has_roof) + ROWS * height + rails + self.base
    }

    /// Columns of the shutters and the posts beside them.
    fn frame_width(self) -> u16 {
        2 * self.shutter.0 + 3
    }

    /// Columns at the widest: where the legs stand.
    fn columns(self) -> u16 {
        self.frame_width() + 2 * self.legs()
    }

    /// Where in an area it stands: on the ground.
    fn place(self, area: Rect, is_low: bool) -> Rect {
        let (width, height) = (self.columns().min(area.width), self.rows().min(area.height));
        let x = area.x + if is_low { 0 } else { (area.width - width) / 2 };
        Rect { x, y: area.bottom() - height, width, height }
    }
}

/// The letter that the byte at a place belongs to, with what stands before and after it.
fn around(text: &str, at: usize) -> Option<(&str, &str, &str)> {
    let (start, letter) =
        text.grapheme_indices(true).find(|(start, letter)| (*start..start + letter.len()).contains(&at))?;
    Some((&text[..start], letter, &text[start + letter.len()..]))
}

/// As much of the end of a text as is shown in so many columns.
fn shown_end(text: &str, columns: usize, charset: Charset) -> &str {
    let mut start = text.len();
    for (at, _) in text.grapheme_indices(true).rev() {
        if shown(&text[at..], columns + 1, charset).width() > columns {
            break;
        }
        start = at;
    }
    &text[start..]
}

/// The letter that the byte at a place belongs to, as it can be read.
fn name(text: &str, at: usize, charset: Charset) -> String {
    match around(text, at) {
        Some((_, " ", _)) => "space".to_owned(),
        Some((_, letter, _)) => shown(letter, usize::from(BESIDE), charset).as_str().to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tower_fits_where_it_is_put() {
        for (width, height) in (0..120).flat_map(|width| (0..70).map(move |height| (width, height))) {
            let area = Rect::new(3, 5, width, height);
            let place = Shape::fitting(area).place(area, false);
            assert_eq!(place.intersection(area), place, "{area}");
        }
    }

    #[test]
    fn more_room_makes_a_larger_tower() {
        let heights = [(12, 6), (30, 18), (60, 32), (100, 52)]
            .map(|(width, height)| Shape::fitting(Rect::new(0, 0, width, height)).shutter.1);
        assert!(heights.is_sorted() && heights[0] == 1 && heights[3] == TALLEST, "{heights:?}");
    }

    #[test]
    fn a_letter_of_several_bytes_is_one_letter() {
        let text = "Ve\u{301}timi \u{1f5fc}!";
        assert_eq!(around(text, 2), Some(("V", "e\u{301}", "timi \u{1f5fc}!")));
        assert_eq!(name(text, 12, Charset::Unicode), "\u{1f5fc}");
        assert_eq!((name(text, 8, Charset::Unicode).as_str(), around(text, 99)), ("space", None));
    }

    #[test]
    fn hostile_letters_are_named_by_what_they_are() {
        assert_eq!(name("a\u{1b}b", 1, Charset::Unicode), "\\x1b");
        assert!(!name("\u{202e}", 1, Charset::Unicode).contains('\u{202e}'));
    }

    #[test]
    fn the_end_of_a_text_is_what_has_room() {
        assert_eq!(shown_end("GNU Terry", 5, Charset::Unicode), "Terry");
        assert_eq!(shown_end("GNU", 5, Charset::Unicode), "GNU");
        assert_eq!(shown_end("\u{4e16}\u{754c}", 3, Charset::Unicode), "\u{754c}");
        assert_eq!(shown_end("", 0, Charset::Unicode), "");
    }
}
