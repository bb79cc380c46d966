//! The figures, most important first. Those without space are left out.

use clacks_text::{
    format::{self, grouped},
    sanitize::sanitize,
};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::simulate::{
    screen::model::Model,
    table::{self, percent, span},
};

/// Width of the name column.
const NAMES: usize = 11;

pub(crate) fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    for ((name, value), row) in rows(model).iter().zip(area.rows()) {
        let room = usize::from(row.width).saturating_sub(NAMES);
        let line = Line::from(vec![
            Span::styled(format!("{name:NAMES$}"), theme.quiet),
            Span::raw(sanitize(value, room, theme.charset).as_str().to_owned()),
        ]);
        frame.render_widget(line, row);
    }
}

/// The virtual time and the duration of the scenario.
pub(crate) fn time(model: &Model) -> String {
    // A fixed unit, so that it does not change while the simulation runs.
    let at = model.snapshot.at;
    let at = if model.duration < 60.0 { format!("{at:.2} s") } else { format::clock(duration(at)) };
    format!("{at} of {}", span(model.duration))
}

fn duration(seconds: f64) -> std::time::Duration {
    std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn rows(model: &Model) -> Vec<(&'static str, String)> {
    let snapshot = &model.snapshot;
    let mut rows = vec![("deliveries", grouped(snapshot.deliveries))];
    if let Some(sample) = &snapshot.sample {
        let nodes = format!("{} of {}", grouped(sample.up.into()), grouped(model.nodes.into()));
        let known = format!("{:.1}, {} to {}", sample.known, sample.least_known, sample.most_known);
        rows.extend([("visited", format!("{} of the nodes", percent(sample.visited))), ("known", known)]);
        if !model.is_still {
            rows.push(("speed", speed(model)));
            rows.push(("wall rate", format!("{} deliveries", format::rate(snapshot.rate))));
        }
        rows.extend([
            ("failures", grouped(sample.failures)),
            ("messages", table::messages(sample)),
            ("nodes up", nodes),
            ("distance", format!("{:.1} on average", sample.distance)),
        ]);
    }
    rows
}

/// Virtual seconds per second: the chosen speed, and the measured one.
fn speed(model: &Model) -> String {
    let now = format!("{}x", short(model.snapshot.speed));
    match model.speed.factor() {
        Some(factor) => format!("{now} of {}x", short(factor)),
        None => format!("{now}, as fast as it goes"),
    }
}

fn short(factor: f64) -> String {
    if factor < 9.95 {
        let text = format!("{factor:.1}");
        text.trim_end_matches(".0").to_owned()
    } else {
        format::count(factor.round() as usize)
    }
}
