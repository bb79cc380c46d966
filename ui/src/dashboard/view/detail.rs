//! All of one peer, one message, or one row of the traffic.

use std::time::Duration;

use clacks_p2p::{
    Message,
    core::{Peer, QueuedMessage},
};
use ratatui::text::{Line, Span};

use super::{
    super::{
        format,
        indent::indented,
        log::Row,
        model::Model,
        theme::{Theme, letter},
    },
    row::{clock, fit},
};
use crate::untrusted::shown_lines;

/// Columns of the names of fields.
const NAME: usize = 14;
/// How much of a message is laid out, in bytes.
const MAX_BYTES: usize = 64 << 10;
/// How many lines of a message are laid out.
const MAX_LINES: usize = 4096;

pub(super) fn peer(model: &Model, theme: Theme, peer: &Peer, columns: usize) -> Vec<Line<'static>> {
    let field = |name: &str, value: &str| field(theme, name, value, columns);
    let age = format::age(model.now.uptime.saturating_sub(peer.since));
    let since = clock(peer.time, &model.zone);
    let certificate = match model.peers.certificate {
        Some(certificate) => format!("{certificate} (SHA-256)"),
        None => "not seen yet".to_owned(),
    };
    let mut lines = vec![field("address", &peer.address.to_string())];
    lines.push(field("status", &format!("{} {} for {age}, since {since}", letter(peer.status), peer.status)));
    lines.push(field(
        "round trip",
        &peer.round_trip.map_or_else(|| "never reached".to_owned(), format::round_trip),
    ));
    lines.push(field("took", &format!("{} of our messages", peer.delivered)));
    lines.push(field("failed", &format!("{} deliveries", peer.failed)));
    lines.push(field("sent", &format!("{} messages in its name", peer.received)));
    lines.push(field("identifier", &peer.address.identifier().to_string()));
    lines.push(field("certificate", &certificate));
    lines
}

pub(super) fn message(
    model: &Model,
    theme: Theme,
    queued: &QueuedMessage,
    columns: usize,
) -> Vec<Line<'static>> {
    let field = |name: &str, value: &str| field(theme, name, value, columns);
    let age = model.now.uptime.saturating_sub(Duration::from_millis(queued.since_ms));
    let mut lines = vec![field("number", &queued.id.to_string())];
    lines.push(field("here for", &format::age(age)));
    lines.push(field("seen here", &times(queued.visits)));
    push_message(&mut lines, theme, &queued.message, columns);
    lines
}

pub(super) fn row(model: &Model, theme: Theme, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![field(theme, "time", &clock(row.unix_ms, &model.zone), columns)];
    if let Some(peer) = &row.peer {
        lines.push(field(theme, "peer", &peer.to_string(), columns));
    }
    if !row.what.is_empty() {
        lines.push(field(theme, "what", &row.what, columns));
    }
    if !row.outcome.is_empty() {
        lines.push(field(theme, "outcome", &row.outcome, columns));
    }
    if let Some(message) = &row.message {
        push_message(&mut lines, theme, message, columns);
    }
    lines
}

fn push_message(lines: &mut Vec<Line<'static>>, theme: Theme, message: &Message, columns: usize) {
    lines.push(field(theme, "size", &format::size(message.size()), columns));
    lines.push(Line::default());
    let (text, is_cut) = indented(message.as_json(), MAX_BYTES);
    let text = shown_lines(&text, columns, 0, MAX_LINES);
    let is_cut = is_cut || text.len() == MAX_LINES;
    lines.extend(text.into_iter().map(|line| Line::raw(line.as_str().to_owned())));
    if is_cut {
        let end = format!("the rest of {} is not shown", format::size(message.size()));
        lines.push(Line::styled(fit(&end, columns), theme.quiet));
    }
}

fn field(theme: Theme, name: &str, value: &str, columns: usize) -> Line<'static> {
    let left = NAME.min(columns);
    Line::from(vec![Span::styled(fit(name, left), theme.quiet), Span::raw(fit(value, columns - left))])
}

fn times(visits: u32) -> String {
    match visits {
        1 => "once".to_owned(),
        visits => format!("{visits} times"),
    }
}
