//! Tests that the pictures in `docs/dynamics.md` agree with its tables and with the program.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clacks_p2p::simulation::Simulation;
use clacks_peercloud::simulation as peercloud;
use clacks_widgets::{svg, theme::Theme};
use ratatui::{
    Frame, Terminal,
    backend::TestBackend,
    buffer::Buffer,
    layout::Rect,
    style::Style,
    widgets::{
        Widget,
        canvas::{self, Canvas},
    },
};

use super::{SAMPLES, scenarios, screen, simulate};

/// Columns and rows of the chart.
const SIZE: (u16, u16) = (94, 24);
/// Columns per power of ten of nodes, and rows per power of ten of seconds.
const DECADE: (u16, u16) = (20, 4);
/// The range of the axes in powers of ten.
const NODES: [f64; 2] = [2.0, 6.0];
const SECONDS: [f64; 2] = [1.0, 6.0];
const PLOT: Rect = Rect::new(9, 1, 4 * DECADE.0 + 1, 5 * DECADE.1 + 1);
/// Scenarios that are short enough to be simulated in a test. The page's other pictures are made with the commands
/// beside them.
const SHORT: [&str; 3] = ["grid-top", "grid", "grid-clacks"];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn page() -> String {
    std::fs::read_to_string(docs().join("dynamics.md")).unwrap()
}

/// Compares a picture with its file. With `UPDATE_README` set, writes the file.
fn check(name: &str, picture: &str) {
    let path = docs().join("pictures").join(name);
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, picture).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == picture,
        "docs/pictures/{name} is behind: run `UPDATE_README=1 cargo test -p clacks-monitor dynamics`"
    );
    assert!(page().contains(&format!("](pictures/{name})")), "the page does not show {name}");
}

#[test]
fn the_grids_on_the_page_are_what_the_program_shows() {
    for name in SHORT {
        let mut simulation = Simulation::new(scenarios::open(name, &[]).unwrap()).unwrap();
        let (samples, _) = simulate(&mut simulation, SAMPLES);
        check(
            &format!("{name}.svg"),
            &screen::picture::picture(&simulation, &samples, Theme::default()).unwrap(),
        );
    }
}

#[test]
fn every_picture_on_the_page_is_there() {
    let page = page();
    let pictures: Vec<&str> =
        page.split("](pictures/").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    assert!(pictures.len() > SHORT.len());
    for picture in pictures {
        assert!(docs().join("pictures").join(picture).is_file(), "{picture}");
    }
}

/// A row of the page's first table.
struct Row {
    nodes: f64,
    half: f64,
    most: Option<f64>,
}

fn rows(page: &str) -> Vec<Row> {
    let table = page.lines().skip_while(|line| !line.starts_with("| nodes |")).skip(2);
    table.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let nodes = cells[1].replace(',', "").parse().unwrap();
    let most = Some(cells[3]).filter(|cell| !cell.is_empty());
    Row { nodes, half: seconds(cells[2]), most: most.map(seconds) }
}

/// Parses a duration such as `4 h 18 min`. Returns seconds.
fn seconds(span: &str) -> f64 {
    let words: Vec<&str> = span.split_whitespace().collect();
    let parts = words.chunks(2).map(|part| {
        let unit = match part[1] {
            "h" => 3600.0,
            "min" => 60.0,
            "s" => 1.0,
            unit => panic!("{unit} is no unit of time"),
        };
        part[0].parse::<f64>().unwrap() * unit
    });
    parts.sum()
}

#[test]
fn the_chart_of_the_growth_is_of_the_table() {
    let rows = rows(&page());
    assert!(rows.len() >= 5, "from a hundred nodes to a million");
    let points = |of: &dyn Fn(&Row) -> Option<f64>| -> Vec<(f64, f64)> {
        rows.iter().filter_map(|row| Some((row.nodes.log10(), of(row)?.log10()))).collect()
    };
    let (half, most) = (points(&|row| Some(row.half)), points(&|row| row.most));
    check("growth.svg", &growth(&half, &most));
}

/// Seconds and shares of complete lists of the picture of peercloud lists, and how many of them its labels are apart.
const TIMES: (f64, f64) = (300.0, 60.0);
const SHARES: (f64, f64) = (1.0, 0.25);

/// Twenty nodes, a partition of a minute, and a minute in which some requests are lost.
#[test]
fn the_chart_of_peercloud_lists_is_what_is_simulated() {
    let scenario = peercloud::Scenario {
        nodes: 20,
        between_starts: Duration::from_millis(500),
        partition: Some(peercloud::Span { from: 30, to: 90 }),
        loss: Some((peercloud::Span { from: 180, to: 240 }, 0.05)),
        seconds: TIMES.0 as u64,
        ..peercloud::Scenario::default()
    };
    let points = |rules| -> Vec<(f64, f64)> {
        let shares = scenario.run(rules).into_iter();
        shares.enumerate().map(|(second, share)| (second as f64, share)).collect()
    };
    let (ours, package) = (points(peercloud::Rules::Ours), points(peercloud::Rules::Package));
    let theme = Theme::default();
    let curves = [
        Curve { name: "the package's rules", points: &package, style: theme.bad },
        Curve { name: "our rules", points: &ours, style: theme.good },
    ];
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let draw = |frame: &mut Frame<'_>| {
        draw_shares(theme.quiet, frame.buffer_mut());
        // Each cell is a fixed part of the axes.
        let half = (TIMES.0 / 160.0, SHARES.0 / 40.0);
        let bounds = [[-half.0, TIMES.0 + half.0], [-half.1, SHARES.0 + half.1]];
        frame.render_widget(canvas(&curves, bounds), PLOT);
        for (Curve { name, style, .. }, y) in curves.iter().zip(PLOT.y + 9..) {
            frame.buffer_mut().set_string(PLOT.right() - 20, y, name, *style);
        }
    };
    terminal.draw(draw).unwrap();
    check("peercloud.svg", &svg::of(terminal.backend().buffer()));
}

fn draw_shares(style: Style, buffer: &mut Buffer) {
    let steps = |(end, step): (f64, f64)| (end / step) as u16;
    for label in 0..=steps(TIMES) {
        let text = format!("{} s", f64::from(label) * TIMES.1);
        let x = PLOT.x + label * (PLOT.width - 1) / steps(TIMES);
        buffer.set_string(
            (x - text.len() as u16 / 2).min(SIZE.0 - text.len() as u16),
            PLOT.bottom(),
            text,
            style,
        );
    }
    for label in 0..=steps(SHARES) {
        let text = format!("{:.0} %", f64::from(label) * SHARES.1 * 100.0);
        let y = PLOT.bottom() - 1 - label * (PLOT.height - 1) / steps(SHARES);
        buffer.set_string(0, y, format!("{text:>7} \u{2502}"), style);
    }
}

/// A curve of points: nodes and seconds in powers of ten, or seconds and shares.
struct Curve<'a> {
    name: &'static str,
    points: &'a [(f64, f64)],
    style: Style,
}

fn growth(half: &[(f64, f64)], most: &[(f64, f64)]) -> String {
    let theme = Theme::default();
    let curves = [
        Curve { name: "90 % of the nodes", points: most, style: theme.bad },
        Curve { name: "half of the nodes", points: half, style: theme.good },
    ];
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let draw = |frame: &mut Frame<'_>| {
        draw_axes(theme.quiet, frame.buffer_mut());
        // Each cell is a fixed part of a power of ten.
        let (across, up) = (1.0 / f64::from(DECADE.0), 1.0 / f64::from(DECADE.1));
        let bounds = |powers: [f64; 2], cell: f64| [powers[0] - cell / 2.0, powers[1] + cell / 2.0];
        frame.render_widget(canvas(&curves, [bounds(NODES, across), bounds(SECONDS, up)]), PLOT);
        for (Curve { name, style, .. }, y) in curves.iter().zip(PLOT.bottom() - 4..) {
            frame.buffer_mut().set_string(PLOT.right() - 20, y, name, *style);
        }
    };
    terminal.draw(draw).unwrap();
    svg::of(terminal.backend().buffer())
}

/// Draws the curves within the bounds of x and y. The axis labels mark cell centres.
fn canvas<'a>(curves: &'a [Curve<'a>], bounds: [[f64; 2]; 2]) -> impl Widget + 'a {
    let canvas = Canvas::default().x_bounds(bounds[0]).y_bounds(bounds[1]);
    canvas.paint(move |context| {
        for Curve { points, style, .. } in curves {
            let color = style.fg.unwrap_or_default();
            for pair in points.windows(2) {
                let [(x1, y1), (x2, y2)] = [pair[0], pair[1]];
                context.draw(&canvas::Line { x1, y1, x2, y2, color });
            }
        }
    })
}

fn draw_axes(style: Style, buffer: &mut Buffer) {
    for (label, decade) in ["100", "1,000", "10,000", "100,000", "1,000,000"].into_iter().zip(0..) {
        let middle = PLOT.x + decade * DECADE.0;
        let x = (middle - label.len() as u16 / 2).min(SIZE.0 - label.len() as u16);
        buffer.set_string(x, PLOT.bottom(), label, style);
    }
    buffer.set_string(PLOT.right() - 5, PLOT.bottom() + 1, "nodes", style);
    for (label, decade) in ["10 s", "100 s", "17 min", "3 h", "28 h", "12 days"].into_iter().zip(0..) {
        buffer.set_string(0, PLOT.bottom() - 1 - decade * DECADE.1, format!("{label:>7} \u{2502}"), style);
    }
}
