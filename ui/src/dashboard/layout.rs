//! Where everything stands, for each size of the terminal.

use ratatui::layout::{Constraint, Layout, Position, Rect};

/// The lists that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Peers,
    Queue,
    Traffic,
}

impl Pane {
    pub(crate) const ALL: [Self; 3] = [Self::Peers, Self::Queue, Self::Traffic];
}

/// The screen cut into areas. One without room has no height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) header: Rect,
    /// All between header and notice: where a detail view or the help goes.
    pub(crate) body: Rect,
    /// Peers by status and length of the queue on a line, where the lists themselves have no room.
    pub(crate) summary: Rect,
    pub(crate) peers: Rect,
    pub(crate) queue: Rect,
    pub(crate) traffic: Rect,
    pub(crate) notice: Rect,
    pub(crate) input: Rect,
    pub(crate) hints: Rect,
}

/// Below this nothing can be shown, and no key acts but those that leave.
const SMALLEST: (u16, u16) = (20, 5);
/// From here on peers and queue stand above the traffic.
const SIDE_BY_SIDE: (u16, u16) = (70, 16);
/// From here on peers and queue stand left of the traffic.
const COLUMNS: (u16, u16) = (110, 30);
/// Columns of the peers and the queue where they stand left of the traffic: three eighths, within these bounds.
const LEFT_COLUMN: (u16, u16) = (46, 64);

impl Areas {
    /// The areas for a terminal of this size; `None` if it is too small to show anything.
    pub(crate) fn of(screen: Rect, focus: Pane) -> Option<Self> {
        if !holds(screen, SMALLEST) {
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
        Some(if holds(screen, COLUMNS) {
            areas.with_columns(body)
        } else if holds(screen, SIDE_BY_SIDE) {
            areas.with_lists_above(body)
        } else {
            areas.with_one_pane(body, focus)
        })
    }

    fn with_columns(self, body: Rect) -> Self {
        let left = (body.width * 3 / 8).clamp(LEFT_COLUMN.0, LEFT_COLUMN.1);
        let [left, _, traffic] =
            Layout::horizontal([Constraint::Length(left), Constraint::Length(1), Constraint::Fill(1)])
                .areas(body);
        let [peers, queue] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(left);
        Self { peers, queue, traffic, ..self }
    }

    fn with_lists_above(self, body: Rect) -> Self {
        let lists = (body.height * 2 / 5).max(5);
        let [above, traffic] = Layout::vertical([Constraint::Length(lists), Constraint::Fill(1)]).areas(body);
        let [peers, _, queue] =
            Layout::horizontal([Constraint::Fill(11), Constraint::Length(1), Constraint::Fill(9)])
                .areas(above);
        Self { peers, queue, traffic, ..self }
    }

    fn with_one_pane(self, body: Rect, focus: Pane) -> Self {
        let has_summary = u16::from(body.height >= 4);
        let [summary, pane] =
            Layout::vertical([Constraint::Length(has_summary), Constraint::Fill(1)]).areas(body);
        let areas = Self { summary, ..self };
        match focus {
            Pane::Peers => Self { peers: pane, ..areas },
            Pane::Queue => Self { queue: pane, ..areas },
            Pane::Traffic => Self { traffic: pane, ..areas },
        }
    }

    pub(crate) fn pane(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Peers => self.peers,
            Pane::Queue => self.queue,
            Pane::Traffic => self.traffic,
        }
    }

    /// Where the rows of a pane stand, below its title.
    pub(crate) fn rows(&self, pane: Pane) -> Rect {
        below_title(self.pane(pane))
    }

    /// The pane at a position, and the row in it unless it is the title.
    pub(crate) fn pane_at(&self, position: Position) -> Option<(Pane, Option<usize>)> {
        let pane = Pane::ALL.into_iter().find(|pane| self.pane(*pane).contains(position))?;
        Some((pane, position.y.checked_sub(self.rows(pane).y).map(usize::from)))
    }
}

/// The area below the one line of a title.
pub(crate) fn below_title(area: Rect) -> Rect {
    let title = area.height.min(1);
    Rect { y: area.y + title, height: area.height - title, ..area }
}

fn holds(screen: Rect, (width, height): (u16, u16)) -> bool {
    screen.width >= width && screen.height >= height
}
