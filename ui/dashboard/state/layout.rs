//! Layout of the screen for each size of the terminal.

pub(crate) use clacks_widgets::heading::below_title;
use clacks_widgets::table::rows_area;
use ratatui::layout::{Constraint, Layout, Position, Rect};

/// List that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// Peer list.
    Peers,
    /// Queue.
    Queue,
    /// Traffic.
    Traffic,
    /// A picture of the network, at the right of the traffic.
    Column,
}

impl Pane {
    clacks_transport::all_variants! {
        /// All panes, in the order of Tab.
        pub const ALL: Self = [Peers, Queue, Traffic, Column];
    }

    /// Returns the panes of a screen of this size, in the order of Tab.
    pub fn visible_on(screen: Rect) -> &'static [Self] {
        if fits(screen, MIN_THREE_COLUMNS) { &Self::ALL } else { &[Self::Peers, Self::Queue, Self::Traffic] }
    }
}

/// Areas of the screen. An area that does not fit has height 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Areas {
    /// Header line.
    pub header: Rect,
    /// Everything between header and notice. Overlays use it.
    pub body: Rect,
    /// One line with the peers by status and the length of the queue, if the lists do not fit.
    pub summary: Rect,
    /// Peer list.
    pub peers: Rect,
    /// Queue.
    pub queue: Rect,
    /// Traffic.
    pub traffic: Rect,
    /// A picture of the network, at the right of the traffic.
    pub column: Rect,
    /// A picture of the network, below the lists at the left.
    pub strip: Rect,
    /// Charts of the last minutes.
    pub rates: Rect,
    /// Details of the selected item.
    pub(crate) details: Rect,
    /// Vertical rules between columns.
    pub(crate) rules: [Rect; 2],
    /// Notice line.
    pub notice: Rect,
    /// Input line.
    pub input: Rect,
    /// Line of key hints.
    pub hints: Rect,
}

/// Minimum size of the screen. In a smaller one nothing is drawn, and only the keys that quit work.
const MIN_SIZE: (u16, u16) = (20, 5);
/// Minimum size for peers and queue above the traffic.
const MIN_LISTS_ABOVE: (u16, u16) = (70, 16);
/// Minimum size for peers and queue left of the traffic.
const MIN_TWO_COLUMNS: (u16, u16) = (110, 30);
/// Minimum size for a third column right of the traffic.
const MIN_THREE_COLUMNS: (u16, u16) = (180, 44);
/// Range of the width of the left of two columns: three eighths of the screen.
const LEFT_COLUMN: (u16, u16) = (46, 64);
/// Range of the width of the left of three columns: a quarter of the screen.
const LEFT_OF_THREE: (u16, u16) = (46, 60);
/// Range of the width of the third column: three tenths of the screen.
const RIGHT_COLUMN: (u16, u16) = (54, 90);
/// Minimum height of a column with the strip below the lists, and the height of the strip.
const STRIP: (u16, u16) = (34, 9);
const HIGH_STRIP: (u16, u16) = (50, 14);
/// Height of the chart below the traffic, with three columns.
const CHART_HEIGHT: u16 = 10;

impl Areas {
    /// Returns the areas of a screen, or `None` if it is smaller than 20x5. If zoomed, the focused pane fills the
    /// body. So does the column if the layout has no other place for it. `has_strip` is false if nothing stands
    /// there now.
    pub fn of(screen: Rect, focus: Pane, is_zoomed: bool, has_strip: bool) -> Option<Self> {
        if !fits(screen, MIN_SIZE) {
            return None;
        }
        let has_notice = u16::from(screen.height >= 8);
        let has_hints = u16::from(screen.height >= 7);
        let [header, body, notice, input, hints] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(has_notice),
            Constraint::Length(1),
            Constraint::Length(has_hints),
        ])
        .areas(screen);
        let areas = Self { header, body, notice, input, hints, ..Self::default() };
        Some(if is_zoomed || !Pane::visible_on(screen).contains(&focus) {
            areas.with_pane_area(focus, body)
        } else if fits(screen, MIN_THREE_COLUMNS) {
            areas.with_three_columns(body, has_strip)
        } else if fits(screen, MIN_TWO_COLUMNS) {
            areas.with_two_columns(body, has_strip)
        } else if fits(screen, MIN_LISTS_ABOVE) {
            areas.with_lists_above(body)
        } else {
            areas.with_one_pane(body, focus)
        })
    }

    /// Gives the area of the column to the details.
    pub(crate) fn without_column(self) -> Self {
        let details = if self.column.is_empty() { self.details } else { self.column.union(self.details) };
        Self { column: Rect::default(), details, ..self }
    }

    fn with_three_columns(self, body: Rect, has_strip: bool) -> Self {
        let left = (body.width / 4).clamp(LEFT_OF_THREE.0, LEFT_OF_THREE.1);
        let right = (body.width * 3 / 10).clamp(RIGHT_COLUMN.0, RIGHT_COLUMN.1);
        let [left, rule, traffic, second_rule, right] = Layout::horizontal([
            Constraint::Length(left),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(right),
        ])
        .areas(body);
        let [column, details] = Layout::vertical([Constraint::Fill(11), Constraint::Fill(9)]).areas(right);
        let [traffic, rates] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(CHART_HEIGHT)]).areas(traffic);
        let rules = [rule, second_rule];
        Self { traffic, column, rates, details, rules, ..self.with_left_column(left, has_strip) }
    }

    fn with_two_columns(self, body: Rect, has_strip: bool) -> Self {
        let left = (body.width * 3 / 8).clamp(LEFT_COLUMN.0, LEFT_COLUMN.1);
        let [left, rule, traffic] =
            Layout::horizontal([Constraint::Length(left), Constraint::Length(1), Constraint::Fill(1)])
                .areas(body);
        Self { traffic, rules: [rule, Rect::default()], ..self.with_left_column(left, has_strip) }
    }

    fn with_left_column(self, column: Rect, has_strip: bool) -> Self {
        let fitting = [HIGH_STRIP, STRIP].into_iter().find(|(from, _)| has_strip && column.height >= *from);
        let rows = fitting.map_or(0, |(_, rows)| rows);
        let [lists, strip] = Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]).areas(column);
        let [peers, queue] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(lists);
        Self { peers, queue, strip, ..self }
    }

    fn with_lists_above(self, body: Rect) -> Self {
        let lists = (body.height * 2 / 5).max(5);
        let [above, traffic] = Layout::vertical([Constraint::Length(lists), Constraint::Fill(1)]).areas(body);
        let [peers, rule, queue] =
            Layout::horizontal([Constraint::Fill(11), Constraint::Length(1), Constraint::Fill(9)])
                .areas(above);
        Self { peers, queue, traffic, rules: [rule, Rect::default()], ..self }
    }

    fn with_one_pane(self, body: Rect, focus: Pane) -> Self {
        let has_summary = u16::from(body.height >= 4);
        let [summary, pane] =
            Layout::vertical([Constraint::Length(has_summary), Constraint::Fill(1)]).areas(body);
        Self { summary, ..self.with_pane_area(focus, pane) }
    }

    fn with_pane_area(self, pane: Pane, area: Rect) -> Self {
        match pane {
            Pane::Peers => Self { peers: area, ..self },
            Pane::Queue => Self { queue: area, ..self },
            Pane::Traffic => Self { traffic: area, ..self },
            Pane::Column => Self { column: area, ..self },
        }
    }

    /// Returns the area of a pane, its title included.
    pub fn pane(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Peers => self.peers,
            Pane::Queue => self.queue,
            Pane::Traffic => self.traffic,
            Pane::Column => self.column,
        }
    }

    /// Returns the area of the rows of a pane, below its title and its header.
    pub fn rows(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Peers | Pane::Queue => rows_area(self.pane(pane)),
            Pane::Traffic | Pane::Column => below_title(self.pane(pane)),
        }
    }

    /// Returns the pane at a position, and the row in it. The row is `None` for the title.
    pub(crate) fn pane_at(&self, position: Position) -> Option<(Pane, Option<usize>)> {
        let pane = Pane::ALL.into_iter().find(|pane| self.pane(*pane).contains(position))?;
        Some((pane, position.y.checked_sub(self.rows(pane).y).map(usize::from)))
    }
}

fn fits(screen: Rect, (width, height): (u16, u16)) -> bool {
    screen.width >= width && screen.height >= height
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Areas {
        fn all(&self) -> [(&'static str, Rect); 14] {
            [
                ("header", self.header),
                ("summary", self.summary),
                ("peers", self.peers),
                ("queue", self.queue),
                ("traffic", self.traffic),
                ("column", self.column),
                ("strip", self.strip),
                ("rates", self.rates),
                ("details", self.details),
                ("first rule", self.rules[0]),
                ("second rule", self.rules[1]),
                ("notice", self.notice),
                ("input", self.input),
                ("hints", self.hints),
            ]
        }
    }

    fn every_layout() -> impl Iterator<Item = (Rect, Pane, Areas)> {
        let widths = (0..=250).step_by(3).chain([20, 69, 70, 109, 110, 179, 180]);
        let sizes = widths.flat_map(|width| (0..=80).map(move |height| Rect::new(0, 0, width, height)));
        let focused = sizes.flat_map(|screen| Pane::ALL.map(|pane| (screen, pane)));
        let zoomed = focused.flat_map(|(screen, pane)| [false, true].map(|zoomed| (screen, pane, zoomed)));
        zoomed.filter_map(|(screen, pane, zoomed)| {
            let has_strip = screen.height.is_multiple_of(2);
            Some((screen, pane, Areas::of(screen, pane, zoomed, has_strip)?))
        })
    }

    #[test]
    fn areas_are_on_the_screen_and_do_not_overlap() {
        for (screen, pane, areas) in every_layout() {
            let all = areas.all();
            for (index, (name, area)) in all.iter().enumerate().filter(|(_, (_, area))| !area.is_empty()) {
                assert_eq!(area.intersection(screen), *area, "{name} at {screen} with {pane:?}");
                for (other, beside) in &all[index + 1..] {
                    assert!(!area.intersects(*beside), "{name} and {other} at {screen} with {pane:?}");
                }
            }
        }
    }

    #[test]
    fn the_focused_pane_is_visible() {
        for (screen, pane, areas) in every_layout() {
            assert!(!areas.pane(pane).is_empty(), "{pane:?} at {screen}");
        }
    }

    #[test]
    fn a_zoomed_pane_fills_the_body() {
        let areas = Areas::of(Rect::new(0, 0, 200, 60), Pane::Queue, true, true).unwrap();
        assert_eq!(areas.queue, areas.body);
        assert!([areas.peers, areas.traffic, areas.column, areas.details].iter().all(|area| area.is_empty()));
    }

    #[test]
    fn strip_and_chart_are_shown_only_if_the_lists_keep_enough_rows() {
        let areas = |width, height, has_strip| {
            Areas::of(Rect::new(0, 0, width, height), Pane::Peers, false, has_strip).unwrap()
        };
        let rows =
            |areas: Areas| [areas.peers, areas.queue, areas.strip, areas.rates].map(|area| area.height);
        assert_eq!(rows(areas(80, 24, true))[2..], [0, 0]);
        assert_eq!(rows(areas(120, 40, true)), [16, 11, 9, 0]);
        assert_eq!(rows(areas(120, 40, false))[2..], [0, 0]);
        assert_eq!(rows(areas(200, 60, true)), [25, 17, 14, 10]);
        assert_eq!(rows(areas(200, 60, false))[2..], [0, 10]);
    }
}

/// Minimum size for all charts at once.
const MIN_ALL_CHARTS: (u16, u16) = (72, 16);

/// Whether all charts fit into an area.
pub fn fits_all_charts(area: Rect) -> bool {
    area.width >= MIN_ALL_CHARTS.0 && area.height >= MIN_ALL_CHARTS.1
}

/// Height of the details of the selected item, and the minimum height of the palette that has them.
const PALETTE_DETAILS: (u16, u16) = (2, 10);

/// Areas of the palette.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaletteAreas {
    pub title: Rect,
    pub(crate) query: Rect,
    pub rows: Rect,
    /// Details of the selected item.
    pub details: Rect,
}

impl PaletteAreas {
    pub(crate) fn of(area: Rect) -> Self {
        let title = Rect { height: area.height.min(1), ..area };
        let query = Rect { y: area.y + title.height, height: (area.height - title.height).min(1), ..area };
        let whole = if area.height >= PALETTE_DETAILS.1 { PALETTE_DETAILS.0 } else { 0 };
        let above = title.height + query.height;
        let rows = Rect { y: area.y + above, height: area.height - above - whole, ..area };
        let whole = Rect { y: rows.bottom(), height: whole, ..area };
        Self { title, query, rows, details: whole }
    }
}
