//! The clacks towers: shutters on a lattice. Below them are the letter that they show and its message.

use clacks_feed::Direction;
use clacks_language::command::motion_setting::Setting;
use clacks_p2p::Address;
use clacks_panes::Context;
use clacks_text::{charset::Charset, sanitize::sanitize, value::cut_middle};
use clacks_widgets::{
    heading::{below_title, draw_heading},
    theme::Theme,
};
use ratatui::{
    buffer::Buffer,
    layout::{Alignment, Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};
use unicode_segmentation::UnicodeSegmentation;

use super::shutters::{Shutter, ShutterTower, TowerFace, Towers};

/// Minimum width of a tower, in columns. Two towers are drawn if the area has twice this width.
const MIN_WIDTH: u16 = 18;
/// Minimum height, in rows, at which the letter is below the shutters. Lower areas have it at the side.
const MIN_FULL_HEIGHT: u16 = 12;
/// Width of the letter beside the shutters, in columns: the two halves of its byte are below each other.
const SIDE_WIDTH: u16 = 6;
/// Width of the word for the direction, in columns.
const DIRECTION_WIDTH: usize = 4;
/// Maximum height of a shutter, in rows.
const MAX_SHUTTER_HEIGHT: u16 = 7;
/// Width of a shutter of one row, in columns.
const MIN_SHUTTER_WIDTH: u16 = 3;
/// Maximum rows by which the legs may exceed the height of a shutter.
const MAX_EXTRA_LEGS: u16 = 3;
/// Rows of shutters.
const SHUTTER_ROWS: u16 = 4;

/// Draws the towers. The area may have any size: two towers need 36 columns, and all texts need nine rows.
pub fn draw(towers: &Towers, context: &Context<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let mut heading = Line::from(Span::styled(" TOWER ", theme.title(context.has_focus)));
    if context.motion.setting() == Setting::Off {
        heading.push_span(Span::styled(" still: :motion full", theme.quiet));
    }
    draw_heading(theme, heading, area, buffer);
    // A free column at the right separates the towers from what is beside them.
    let body = below_title(Rect { width: area.width.saturating_sub(1), ..area });
    let scene = |tower, direction| TowerPanel { context, theme, tower, direction };
    let (incoming, outgoing) = (&towers.incoming, &towers.outgoing);
    if body.width >= 2 * MIN_WIDTH {
        // In a wider area the texts are further apart.
        let gap = (body.width / 18).clamp(1, 8);
        let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(gap);
        let [left, right] = halves.areas(body);
        scene(incoming, Direction::In).draw(left, buffer);
        scene(outgoing, Direction::Out).draw(right, buffer);
    } else {
        // Draw the outgoing tower only if the incoming one is idle.
        let rests = incoming.face(context.now.uptime, context.motion) == TowerFace::Resting;
        let outgoing_only = rests && outgoing.message().is_some();
        let shown = if outgoing_only { (outgoing, Direction::Out) } else { (incoming, Direction::In) };
        scene(shown.0, shown.1).draw(body, buffer);
    }
}

/// One tower with its texts.
struct TowerPanel<'a> {
    context: &'a Context<'a>,
    theme: Theme,
    tower: &'a ShutterTower,
    direction: Direction,
}

impl TowerPanel<'_> {
    fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let look = self.tower.face(self.context.now.uptime, self.context.motion);
        let lines = self.text_lines(look, area);
        let texts = u16::try_from(lines.len()).unwrap_or(0).min(area.height);
        let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(texts)]).areas(area);
        let is_low = area.height < MIN_FULL_HEIGHT;
        let room =
            if is_low { Rect { width: above.width.saturating_sub(SIDE_WIDTH), ..above } } else { above };
        let shape = Shape::largest_for(room);
        let place = shape.position_in(room, is_low);
        self.draw_tower(shape, look, place, buffer);
        if is_low {
            self.draw_beside(look, shape, Rect { x: place.right() + 1, ..place }, buffer);
        }
        for (line, row) in lines.into_iter().zip(below.rows()) {
            let alignment = if is_low { Alignment::Left } else { Alignment::Center };
            line.alignment(alignment).render(row, buffer);
        }
    }

    /// Returns the texts below the tower, as many lines as fit.
    fn text_lines(&self, look: TowerFace, area: Rect) -> Vec<Line<'static>> {
        let has_word = (5..=6).contains(&area.height);
        let width = usize::from(area.width).saturating_sub(if has_word { DIRECTION_WIDTH } else { 0 });
        let (message, peer) = match self.tower.message() {
            None => (Line::styled(self.idle_text(), self.theme.quiet), Line::default()),
            Some(passing) => {
                (self.message_line(&passing.text, look, width), self.peer_line(&passing.peer, width))
            }
        };
        match area.height {
            0..=4 => Vec::new(),
            // If there is no room for the peer, the line starts with the direction.
            _ if has_word => {
                let word = if self.direction == Direction::In { "in" } else { "out" };
                let mut line = Line::from(Span::styled(format!("{word:DIRECTION_WIDTH$}"), self.theme.quiet));
                line.spans.extend(message.spans.into_iter().map(|span| span.patch_style(message.style)));
                vec![line]
            }
            7..MIN_FULL_HEIGHT => vec![message, peer],
            _ => vec![self.letter_line(look), message, peer],
        }
    }

    fn idle_text(&self) -> &'static str {
        if self.direction == Direction::In { "nothing has come yet" } else { "nothing has gone yet" }
    }

    /// Returns the message with the current letter reversed and the rest after it quiet.
    fn message_line(&self, text: &str, look: TowerFace, width: usize) -> Line<'static> {
        let Some((before, letter, after)) = look.byte().and_then(|(at, _)| split_at_letter(text, at)) else {
            return Line::styled(
                sanitize(text, width, self.theme.charset).as_str().to_owned(),
                self.theme.quiet,
            );
        };
        // Keep the letter in the left two thirds, so that the text after it is visible.
        let before = fitting_suffix(before, width * 2 / 3, self.theme.charset);
        let letter = sanitize(
            letter,
            width.saturating_sub(sanitize(before, width, self.theme.charset).width()),
            self.theme.charset,
        );
        let before = sanitize(before, width, self.theme.charset);
        let room = width.saturating_sub(before.width() + letter.width());
        Line::from(vec![
            Span::raw(before.as_str().to_owned()),
            Span::styled(letter.as_str().to_owned(), self.theme.strong.patch(self.theme.selected)),
            Span::styled(sanitize(after, room, self.theme.charset).as_str().to_owned(), self.theme.quiet),
        ])
    }

    fn peer_line(&self, peer: &Address, width: usize) -> Line<'static> {
        let word = if self.direction == Direction::In { "from " } else { "to " };
        let address = cut_middle(&peer.to_string(), width.saturating_sub(word.len()), self.theme.charset);
        Line::from(vec![Span::styled(word, self.theme.quiet), Span::raw(address.as_str().to_owned())])
    }

    /// Returns the letter with its bits and its hexadecimal value.
    fn letter_line(&self, look: TowerFace) -> Line<'static> {
        let (Some((at, byte)), Some(passing)) = (look.byte(), self.tower.message()) else {
            return Line::styled("at rest", self.theme.quiet);
        };
        Line::from(vec![
            Span::styled(letter_name(&passing.text, at, self.theme.charset), self.theme.strong),
            Span::raw(format!("   {:04b} {:04b}   0x{byte:02x}", byte >> 4, byte & 0xf)),
        ])
    }

    /// Draws the letter beside the shutters, one part per row.
    fn draw_beside(&self, look: TowerFace, shape: Shape, area: Rect, buffer: &mut Buffer) {
        let (Some((at, byte)), Some(passing)) = (look.byte(), self.tower.message()) else { return };
        let letter = letter_name(&passing.text, at, self.theme.charset);
        let lines = [
            Line::styled(letter, self.theme.strong),
            Line::raw(format!("0x{byte:02x}")),
            Line::styled(format!("{:04b}", byte >> 4), self.theme.quiet),
            Line::styled(format!("{:04b}", byte & 0xf), self.theme.quiet),
        ];
        let area = Rect { y: area.y + u16::from(shape.has_roof), width: SIDE_WIDTH, ..area };
        for (line, row) in lines.into_iter().zip(area.intersection(buffer.area).rows()) {
            line.render(row, buffer);
        }
    }

    fn draw_tower(&self, shape: Shape, look: TowerFace, area: Rect, buffer: &mut Buffer) {
        let frame_width = shape.frame_width();
        let left = area.x + (area.width.saturating_sub(frame_width)) / 2;
        let mut rows = area.rows();
        let mut put = |buffer: &mut Buffer, indent: u16, line: Line<'static>| {
            let Some(row) = rows.next() else { return };
            let x = left.saturating_sub(indent);
            let row = Rect { x, width: area.right().saturating_sub(x), ..row };
            line.render(row.intersection(area), buffer);
        };
        if shape.has_mast {
            let lamp = if look == TowerFace::Resting { "\u{b7}" } else { "*" };
            let line = Line::from(vec![
                Span::raw(" ".repeat(usize::from(frame_width / 2))),
                Span::styled(lamp, self.theme.strong),
            ]);
            put(buffer, 0, line);
        }
        if shape.has_roof {
            put(buffer, 0, self.horizontal_bar(shape, ["\u{250c}", "\u{252c}", "\u{2510}"]));
        }
        for row in 0..SHUTTER_ROWS {
            if row > 0 && shape.shutter.1 > 1 {
                put(buffer, 0, self.horizontal_bar(shape, ["\u{251c}", "\u{253c}", "\u{2524}"]));
            }
            for part in 0..shape.shutter.1 {
                put(buffer, 0, self.shutter_row(shape, look, row, part));
            }
        }
        if shape.base > 1 {
            put(buffer, 0, self.horizontal_bar(shape, ["\u{251c}", "\u{2534}", "\u{2524}"]));
        }
        for row in 1..=shape.leg_rows() {
            put(buffer, row, self.leg_row(shape, row));
        }
    }

    /// Returns a bar across the tower.
    fn horizontal_bar(&self, shape: Shape, [left, middle, right]: [&str; 3]) -> Line<'static> {
        let bar = "\u{2500}".repeat(usize::from(shape.shutter.0));
        Line::styled(format!("{left}{bar}{middle}{bar}{right}"), self.theme.quiet)
    }

    /// Returns one row of cells of two shutters.
    fn shutter_row(&self, shape: Shape, look: TowerFace, row: u16, part: u16) -> Line<'static> {
        let post = || Span::styled("\u{2502}", self.theme.quiet);
        let mut line = Line::from(post());
        for column in 0..2 {
            let shutter = look.shutter(column, u8::try_from(row).unwrap_or(0));
            line.push_span(self.shutter_span(shutter, shape.shutter, part));
            line.push_span(post());
        }
        line
    }

    fn shutter_span(&self, shutter: Shutter, (width, height): (u16, u16), part: u16) -> Span<'static> {
        let across = |symbol: &str| symbol.repeat(usize::from(width));
        let board: Style = self.theme.direction(self.direction);
        match shutter {
            Shutter::Closed => Span::styled(across("\u{2588}"), board),
            Shutter::Moving => Span::styled(across("\u{2592}"), board),
            // An open shutter is seen from its edge.
            Shutter::Open if part == height / 2 => Span::styled(across("\u{2504}"), self.theme.quiet),
            Shutter::Open => Span::raw(across(" ")),
        }
    }

    /// Returns a row of the legs. Lower rows are wider. Braces fill both sides of the post in the middle.
    fn leg_row(&self, shape: Shape, row: u16) -> Line<'static> {
        let half = usize::from(shape.shutter.0 + 1 + row);
        let braces = |from: [&'static str; 2]| from.into_iter().cycle().take(half);
        let left: String = braces(["\u{2571}", "\u{2572}"]).collect();
        let right: Vec<&str> = braces(["\u{2572}", "\u{2571}"]).collect();
        let right: String = right.into_iter().rev().collect();
        Line::styled(format!("{left}\u{2502}{right}"), self.theme.quiet)
    }
}

/// The dimensions of a tower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// Columns and rows of one shutter.
    shutter: (u16, u16),
    has_mast: bool,
    has_roof: bool,
    /// Rows below the shutters: the bar and the legs.
    base: u16,
}

impl Shape {
    /// Returns the largest tower that fits into the area.
    fn largest_for(area: Rect) -> Self {
        let largest =
            (1..=MAX_SHUTTER_HEIGHT).rev().map(Self::with_shutter_height).find(|shape| shape.fits(area));
        largest.map_or_else(|| Self::cropped_to(area), |shape| shape.with_longest_legs(area))
    }

    /// Returns a whole tower with shutters of `height` rows and the shortest legs.
    fn with_shutter_height(height: u16) -> Self {
        let width = if height == 1 { MIN_SHUTTER_WIDTH } else { 2 * height + 1 };
        Self { shutter: (width, height), has_mast: height > 1, has_roof: true, base: height }
    }

    /// Returns the upper part of the smallest tower, for an area that is too low for a whole one.
    fn cropped_to(area: Rect) -> Self {
        let left = area.height.saturating_sub(SHUTTER_ROWS);
        Self { has_roof: left > 0, base: left.saturating_sub(1).min(1), ..Self::with_shutter_height(1) }
    }

    /// Returns the tower with the longest legs that fit.
    fn with_longest_legs(self, area: Rect) -> Self {
        let longer = (self.base..=self.base + MAX_EXTRA_LEGS).rev().map(|base| Self { base, ..self });
        longer.into_iter().find(|shape| shape.fits(area)).unwrap_or(self)
    }

    /// Rows of the legs. A base of one row is all legs; otherwise its first row is the bar.
    fn leg_rows(self) -> u16 {
        if self.base == 1 { 1 } else { self.base.saturating_sub(1) }
    }

    fn fits(self, area: Rect) -> bool {
        self.rows() <= area.height && self.columns() <= area.width
    }

    fn rows(self) -> u16 {
        let (_, height) = self.shutter;
        let rails = if height > 1 { SHUTTER_ROWS - 1 } else { 0 };
        u16::from(self.has_mast) + u16::from(self.has_roof) + SHUTTER_ROWS * height + rails + self.base
    }

    /// Columns of the shutters and their posts.
    fn frame_width(self) -> u16 {
        2 * self.shutter.0 + 3
    }

    /// Columns at the widest row, the end of the legs.
    fn columns(self) -> u16 {
        self.frame_width() + 2 * self.leg_rows()
    }

    /// Returns the position of the tower in an area: on its last row.
    fn position_in(self, area: Rect, is_low: bool) -> Rect {
        let (width, height) = (self.columns().min(area.width), self.rows().min(area.height));
        let x = area.x + if is_low { 0 } else { (area.width - width) / 2 };
        Rect { x, y: area.bottom() - height, width, height }
    }
}

/// Splits a text into the letter that contains the byte `at`, and the texts before and after it.
fn split_at_letter(text: &str, at: usize) -> Option<(&str, &str, &str)> {
    let (start, letter) =
        text.grapheme_indices(true).find(|(start, letter)| (*start..start + letter.len()).contains(&at))?;
    Some((&text[..start], letter, &text[start + letter.len()..]))
}

/// Returns the longest end of a text that fits into `columns` columns.
fn fitting_suffix(text: &str, columns: usize, charset: Charset) -> &str {
    let mut start = text.len();
    for (at, _) in text.grapheme_indices(true).rev() {
        if sanitize(&text[at..], columns + 1, charset).width() > columns {
            break;
        }
        start = at;
    }
    &text[start..]
}

/// Returns the readable form of the letter that contains the byte `at`.
fn letter_name(text: &str, at: usize, charset: Charset) -> String {
    match split_at_letter(text, at) {
        Some((_, " ", _)) => "space".to_owned(),
        Some((_, letter, _)) => sanitize(letter, usize::from(SIDE_WIDTH), charset).as_str().to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tower_fits_into_its_area() {
        for (width, height) in (0..120).flat_map(|width| (0..70).map(move |height| (width, height))) {
            let area = Rect::new(3, 5, width, height);
            let place = Shape::largest_for(area).position_in(area, false);
            assert_eq!(place.intersection(area), place, "{area}");
        }
    }

    #[test]
    fn more_room_makes_a_larger_tower() {
        let heights = [(12, 6), (30, 18), (60, 32), (100, 52)]
            .map(|(width, height)| Shape::largest_for(Rect::new(0, 0, width, height)).shutter.1);
        assert!(heights.is_sorted() && heights[0] == 1 && heights[3] == MAX_SHUTTER_HEIGHT, "{heights:?}");
    }

    #[test]
    fn a_letter_of_several_bytes_is_one_letter() {
        let text = "Ve\u{301}timi \u{1f5fc}!";
        assert_eq!(split_at_letter(text, 2), Some(("V", "e\u{301}", "timi \u{1f5fc}!")));
        assert_eq!(letter_name(text, 12, Charset::Unicode), "\u{1f5fc}");
        assert_eq!(
            (letter_name(text, 8, Charset::Unicode).as_str(), split_at_letter(text, 99)),
            ("space", None)
        );
    }

    #[test]
    fn hostile_letters_are_escaped() {
        assert_eq!(letter_name("a\u{1b}b", 1, Charset::Unicode), "\\x1b");
        assert!(!letter_name("\u{202e}", 1, Charset::Unicode).contains('\u{202e}'));
    }

    #[test]
    fn the_longest_fitting_suffix_is_shown() {
        assert_eq!(fitting_suffix("GNU Terry", 5, Charset::Unicode), "Terry");
        assert_eq!(fitting_suffix("GNU", 5, Charset::Unicode), "GNU");
        assert_eq!(fitting_suffix("\u{4e16}\u{754c}", 3, Charset::Unicode), "\u{754c}");
        assert_eq!(fitting_suffix("", 0, Charset::Unicode), "");
    }
}
