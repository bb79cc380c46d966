//! The first line of the screen: the name and the load of this node.

use clacks_feed::{Playback, description::Tone};
use clacks_text::{
    format,
    sanitize::sanitize,
    value::{ValueFormat, cut_middle},
};
use clacks_widgets::{table::status_counts, theme::Theme};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    model::Model,
    state::{figures::Known, network::Network},
};

/// Minimum width of the node's name beside a replay, in columns. Below it the name is left out.
const MIN_NAME_WIDTH: usize = 8;
/// Maximum width of the value of a gauge, in columns.
const MAX_GAUGE_WIDTH: usize = 12;
/// Minimum width, in columns, at which damaged lines of a recording are counted in a whole sentence.
const MIN_NOTE_WIDTH: usize = 70;
/// Minimum width, in columns, at which the failure says how to dismiss it.
const WIDE: usize = 100;

/// Draws the header line.
pub fn draw(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let width = usize::from(area.width);
    let replay = failure_line(model, theme).or_else(|| replay_line(model, theme));
    let mut line = network_names(model, theme, width);
    let room = width.saturating_sub(line.width() + replay.as_ref().map_or(0, |replay| 2 + replay.width()));
    line.push_span(Span::styled(node_name(model, room, theme), theme.strong));
    if let Some(replay) = replay {
        // The replay position takes precedence over the node's name.
        line = if room < MIN_NAME_WIDTH { Line::default() } else { line + Span::raw("  ") };
        line.spans.extend(replay.spans);
    }
    // Drop the least important items until the rest fits.
    let items = status_items(model).into_iter().map(|item| format!("  {item}"));
    let mut room = width.saturating_sub(line.width());
    line.spans.extend(items.map(Span::raw).take_while(|item| {
        let fits = item.width() <= room;
        room = room.saturating_sub(item.width());
        fits
    }));
    frame.render_widget(line, area);
}

/// Returns the names of the networks, the one that is shown first by itself. Of several, each has the number of its
/// peers, and the one that is shown is reversed. Names that leave no room for the node are left out.
fn network_names(model: &Model, theme: Theme, width: usize) -> Line<'static> {
    let active = model.networks.position();
    let name = |network: &Network| network.description.network.as_str().to_owned();
    if model.networks.is_single() {
        return Line::from(Span::styled(format!("{} ", name(model.networks.active())), theme.strong));
    }
    let mut line = Line::default();
    for (at, network) in model.networks.iter().enumerate() {
        let count = format!(" {} {} ", name(network), network.summary());
        if at == active || line.width() + count.len() + MIN_NAME_WIDTH <= width / 2 {
            line.push_span(Span::styled(count, if at == active { theme.title(true) } else { theme.quiet }));
        }
    }
    line.push_span(Span::raw(" "));
    line
}

/// Returns the name of the node that is shown, in at most `columns` columns.
fn node_name(model: &Model, columns: usize, theme: Theme) -> String {
    cut_middle(model.networks.active().description.node.as_str(), columns, theme.charset).as_str().to_owned()
}

/// Says that a recording or the log ended because it could not be written.
fn failure_line(model: &Model, theme: Theme) -> Option<Line<'static>> {
    let recording = model.recording_failure.as_ref().map(|_| {
        let key = if usize::from(model.screen.width) < WIDE { "" } else { ": :record takes this note away" };
        format!(" REC FAILED{key} ")
    });
    let log = model.lost_lines.as_ref().map(|lost| {
        let lines = format::count(usize::try_from(lost.lines).unwrap_or(usize::MAX));
        format!(" LOG FAILED, {lines} lost ")
    });
    let failures: Vec<_> = recording.into_iter().chain(log).collect();
    (!failures.is_empty()).then(|| Line::styled(failures.join(" "), theme.tone(Tone::Bad)))
}

/// Says that this is a replay, with its position.
fn replay_line(model: &Model, theme: Theme) -> Option<Line<'static>> {
    let replay = model.replay.as_ref()?;
    let badge = Span::styled(" REPLAY ", theme.title(true));
    let damaged = damaged_note(model).map(|note| Span::styled(format!("  {note}"), theme.tone(Tone::Bad)));
    let parts = [badge, Span::raw(format!(" {}", replay_position(replay)))];
    Some(parts.into_iter().chain(damaged).collect())
}

/// Says how many lines of the recording are skipped because they are damaged.
fn damaged_note(model: &Model) -> Option<String> {
    let lines = model.damaged_lines;
    let number = format::count(usize::try_from(lines).unwrap_or(usize::MAX));
    let what = match (usize::from(model.screen.width) < MIN_NOTE_WIDTH, lines) {
        (true, _) => "damaged",
        (false, 1) => "damaged line skipped",
        (false, _) => "damaged lines skipped",
    };
    (lines > 0).then(|| format!("{number} {what}"))
}

/// Returns the replay position: `1:05 of 12:30  4x`.
fn replay_position(replay: &Playback) -> String {
    let how = match replay {
        Playback { jumping: Some(read), .. } => format!("jumping {:.0} %", read * 100.0),
        Playback { at_end: true, .. } => "at the end".to_owned(),
        Playback { paused: true, .. } => "paused".to_owned(),
        Playback { speed, .. } => format!("{speed}x"),
    };
    format!("{} of {}  {how}", format::clock(replay.position), format::clock(replay.length))
}

fn status_items(model: &Model) -> Vec<String> {
    let mut items = figure_items(model);
    let met = model.networks.active().figures.hits.recent_hits();
    if met > 0 {
        items.insert(0, format!("limited {}", format::count(usize::try_from(met).unwrap_or(usize::MAX))));
    }
    if let Some(frozen) = &model.frozen {
        items.insert(0, {
            let key = model.key_name(":hold-still");
            format!("HELD STILL, {} more: {key} goes on", format::count(frozen.hidden_rows))
        });
    }
    if model.log.missed > 0 {
        items.insert(0, format!("missed {}", model.log.missed));
    }
    if let Some(bytes) = model.recording_size {
        items.insert(0, format!("REC {}", format::size(usize::try_from(bytes).unwrap_or(usize::MAX))));
    }
    if model.is_demo {
        items.push("demo network".to_owned());
    }
    items
}

/// Returns the rates of what comes in and goes out, the rates that the node tells, and the time since its start.
fn figure_items(model: &Model) -> Vec<String> {
    let network = model.networks.active();
    let Network { description, figures, .. } = network;
    let format = ValueFormat::new(description, network.fetched, model.charset());
    let title = |at: &usize| {
        let title = description.gauges.get(*at).map_or("", |gauge| gauge.title.as_str());
        sanitize(title, MAX_GAUGE_WIDTH, model.charset())
    };
    let rates = figures.places.counters.iter().zip(figures.rates.per_second());
    let rates = rates.map(|(at, rate)| format!("{} {}", title(at), format::rate(rate))).collect::<Vec<_>>();
    let speed = |at: &usize| {
        let (gauge, value) = description.gauges.get(*at).zip(figures.gauges.get(*at))?;
        let value = format.cell(&gauge.kind, value, MAX_GAUGE_WIDTH);
        (value.width() > 0).then(|| format!("{} {}", title(at), value.as_str()))
    };
    // The clock of the dashboard is that of the first network.
    let uptime = if model.networks.position() == 0 { model.now.uptime } else { network.fetched.uptime };
    let rates = (!rates.is_empty()).then(|| rates.join("  "));
    let speeds = figures.places.speeds.iter().filter_map(speed);
    rates.into_iter().chain(speeds).chain([format!("up {}", format::age(uptime))]).collect()
}

/// Draws the counts of the lists beside the traffic in one line, used where the lists do not fit.
pub(crate) fn draw_summary(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let network = model.networks.active();
    let mut line = Line::default();
    let beside = network.lists().filter_map(|(id, list)| Some((network.description.list(id)?, list)));
    for (spec, list) in beside.filter(|(spec, _)| spec.beside) {
        let gap = if line.spans.is_empty() { "" } else { "  " };
        line.push_span(Span::styled(format!("{gap}{} ", spec.name.as_str()), theme.quiet));
        let counts = status_counts(&network.description, spec, &list.counts, theme);
        if counts.is_empty() {
            let total = usize::try_from(list.total).unwrap_or(usize::MAX);
            line.push_span(Span::raw(format::count(total)));
        }
        line.spans.extend(spaced(counts));
    }
    let held = network.count_of(Known::Held);
    if held > 0 {
        line.push_span(Span::raw(format!(" {} held", format::count(held))));
    }
    frame.render_widget(line, area);
}

/// Puts a space between the parts.
pub(crate) fn spaced(parts: Vec<Span<'static>>) -> impl Iterator<Item = Span<'static>> {
    let gap = |at: usize| (at > 0).then(|| Span::raw(" "));
    parts.into_iter().enumerate().flat_map(move |(at, part)| gap(at).into_iter().chain([part]))
}
