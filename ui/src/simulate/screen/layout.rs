//! The layout of the screen for each size of the terminal.

use ratatui::layout::{Constraint, Layout, Rect};

use super::grid::Grid;

/// Minimum size in columns and rows. Below it nothing is drawn.
const SMALLEST: (u16, u16) = (20, 5);
/// Minimum size for the map.
const WITH_MAP: (u16, u16) = (40, 9);
/// Minimum width of the figures beside the map.
const BESIDE: u16 = 26;
/// Minimum height for the full legend.
const WHOLE_LEGEND: u16 = 14;
/// Rows of the figures if plots follow, and the minimum and maximum height of a plot.
const FIGURES: u16 = 9;
const LOWEST_PLOT: u16 = 5;
const HIGHEST_PLOT: u16 = 15;
/// Number of plots. They are stacked so that they can be compared.
const PLOTS: u16 = 3;

/// The areas of the screen. An area without space has no height.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) header: Rect,
    pub(crate) progress: Rect,
    /// Everything between the progress and the key hints; the help is drawn here.
    pub(crate) body: Rect,
    pub(crate) heading: Rect,
    pub(crate) map: Rect,
    pub(crate) grid: Grid,
    pub(crate) legend: Rect,
    pub(crate) figures: Rect,
    pub(crate) plots: Vec<Rect>,
    pub(crate) hints: Rect,
}

/// The areas for a map of this number of nodes per row and of rows; `None` if the screen is too small.
pub(crate) fn areas(screen: Rect, nodes: (u32, u32)) -> Option<Areas> {
    if !holds(screen, SMALLEST) {
        return None;
    }
    let [header, progress, body, hints] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(screen);
    let frame = Areas { header, progress, body, hints, ..Areas::default() };
    if !holds(screen, WITH_MAP) {
        return Some(Areas { figures: body, ..frame });
    }
    let most = (body.width - BESIDE).max(body.width * 5 / 9);
    let grid = Grid::fitting(nodes, (most.saturating_sub(1), body.height - 1));
    let [map, beside] = Layout::horizontal([Constraint::Length(grid.width() + 1), Constraint::Fill(1)])
        .spacing(1)
        .areas(body);
    let heading = Rect { height: 1, ..map };
    let cells = Rect { x: map.x + 1, y: map.y + 1, width: grid.width(), height: grid.height() };
    let mut areas = Areas { heading, map: cells, grid, ..frame };
    cut(beside, &mut areas);
    Some(areas)
}

/// Divides the area beside the map.
fn cut(beside: Rect, areas: &mut Areas) {
    let legend = if beside.height >= WHOLE_LEGEND { 4 } else { 1 };
    let below = beside.height.saturating_sub(legend + FIGURES + 1);
    let number = (below / LOWEST_PLOT).min(PLOTS);
    let figures = if number == 0 { Constraint::Fill(1) } else { Constraint::Length(FIGURES + 1) };
    let [legend, figures, rest] =
        Layout::vertical([Constraint::Length(legend), figures, Constraint::Fill(u16::from(number > 0))])
            .areas(beside);
    let height = (rest.height / number.max(1)).min(HIGHEST_PLOT);
    let plot = |place: u16| Rect { y: rest.y + place * height, height, ..rest };
    (areas.legend, areas.figures, areas.plots) = (legend, figures, (0..number).map(plot).collect());
}

fn holds(screen: Rect, size: (u16, u16)) -> bool {
    screen.width >= size.0 && screen.height >= size.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u16, height: u16) -> Areas {
        areas(Rect::new(0, 0, width, height), (20, 20)).unwrap()
    }

    #[test]
    fn at_the_usual_size_each_node_of_the_authors_grid_has_a_square_and_a_plot_fits() {
        let areas = of(80, 24);
        assert_eq!((areas.grid.side, areas.grid.size, areas.plots.len()), (1, (2, 1), 1));
        assert_eq!([of(120, 40), of(200, 60)].map(|areas| areas.plots.len()), [3, 3]);
    }

    #[test]
    fn areas_neither_overlap_nor_leave_the_screen() {
        for (width, height) in
            (20..210).step_by(7).flat_map(|width| (5..70).map(move |height| (width, height)))
        {
            let screen = Rect::new(0, 0, width, height);
            for nodes in [(20, 20), (1000, 1000), (3, 200), (2, 1)] {
                let areas = areas(screen, nodes).unwrap();
                let mut all = vec![areas.header, areas.progress, areas.heading, areas.map, areas.legend];
                all.extend([areas.figures, areas.hints]);
                all.extend(areas.plots);
                for (number, area) in all.iter().enumerate() {
                    assert_eq!(screen.intersection(*area).area(), area.area(), "{width}x{height} {number}");
                    let over = all[..number].iter().any(|other| !other.intersection(*area).is_empty());
                    assert!(!over, "{width}x{height} {number}");
                }
            }
        }
    }

    #[test]
    fn a_too_small_screen_has_no_areas() {
        assert_eq!(areas(Rect::new(0, 0, 19, 5), (20, 20)), None);
        assert_eq!(of(20, 5).map, Rect::default());
    }
}
