//! The first line of the screen: the name and the load of this node.

use clacks_feed::{
    Playback, Value,
    description::{Chart, Field, Tone},
};
use clacks_p2p::core::{PeerCounts, Status};
use clacks_p2p_feed::description::{CLAIMED_LETTER, letter, tone};
use clacks_text::{
    format,
    value::{ValueFormat, cut_middle},
};
use clacks_widgets::theme::Theme;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{model::Model, state::network::Network};

/// Minimum width of the node's name beside a replay, in columns. Below it the name is left out.
const MIN_NAME_WIDTH: usize = 8;
/// Maximum width of the value of a gauge, in columns.
const MAX_GAUGE_WIDTH: usize = 12;
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
    Some(Line::from(vec![badge, Span::raw(format!(" {}", replay_position(replay)))]))
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
    let (received, delivered) = model.rates.per_second();
    let mut items = if model.shows_clacks() {
        vec![
            format!("in {}  out {}", format::rate(received), format::rate(delivered)),
            format!("send rate {}", format::rate(model.overview.send_rate)),
            format!("up {}", format::age(model.now.uptime)),
        ]
    } else {
        gauge_items(model)
    };
    let met = model.limits.recent_hits();
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

/// Returns the gauges of the network that is shown which change all the time, and the time since its start.
fn gauge_items(model: &Model) -> Vec<String> {
    let network = model.networks.active();
    let format = ValueFormat::new(&network.description, network.fetched, model.charset());
    let charted = network.description.gauges.iter().zip(&network.gauges);
    let charted = charted.filter(|(gauge, value)| gauge.chart != Chart::None && **value != Value::None);
    let item = |(gauge, value): (&Field, &Value)| {
        format!("{} {}", gauge.title.as_str(), format.cell(&gauge.kind, value, MAX_GAUGE_WIDTH).as_str())
    };
    charted.map(item).chain([format!("up {}", format::age(network.fetched.uptime))]).collect()
}

/// Draws the counts of the lists in one line, used where the lists do not fit.
pub(crate) fn draw_summary(model: &Model, theme: Theme, area: Rect, frame: &mut Frame<'_>) {
    let mut line = Line::from(Span::styled("peers ", theme.quiet));
    line.spans.extend(status_counts(&model.listed.peers, theme));
    line.push_span(Span::styled("  queue ", theme.quiet));
    line.push_span(Span::raw(format::count(model.listed.queued)));
    if model.listed.held > 0 {
        line.push_span(Span::raw(format!(" {} held", format::count(model.listed.held))));
    }
    frame.render_widget(line, area);
}

/// Returns the number of peers by status, as in `2N 8A 2? 1L`. `?` counts unverified peers, `A` the other live peers.
pub fn status_counts(peers: &PeerCounts, theme: Theme) -> Vec<Span<'static>> {
    let counted = Status::ALL.into_iter().flat_map(|status| {
        let claimed = if status == Status::Alive { peers.unverified } else { 0 };
        let rest = peers.of(status).saturating_sub(claimed);
        [(rest, letter(status), theme.status_tone(tone(status))), (claimed, CLAIMED_LETTER, theme.new)]
    });
    let mut spans = Vec::new();
    for (count, letter, style) in counted.filter(|(count, ..)| *count > 0) {
        if !spans.is_empty() {
            spans.push(Span::raw(" "));
        }
        spans.push(Span::styled(format!("{}{letter}", format::count(count)), style));
    }
    if spans.is_empty() {
        spans.push(Span::raw("0"));
    }
    spans
}
