//! The life of a message.

use std::time::Duration;

use clacks_p2p::core::Now;
use ratatui::text::{Line, Span};

use super::{
    super::{
        biography::{Biography, End, Pass, Tally},
        format,
        model::Model,
        theme::Theme,
    },
    row::{clock, entry, fit},
};

/// Columns of the names of fields.
const NAME: usize = 14;
/// Peers that are named where it came from or went to.
const PEERS: usize = 6;
/// A line of time is not narrower than this.
const TIMELINE: usize = 20;

/// Everything that is known of it, in so many columns, the newest pass first.
pub(crate) fn lines(model: &Model, theme: Theme, life: &Biography, columns: usize) -> Vec<Line<'static>> {
    let mut lines = summary(model, theme, life, columns);
    lines.extend(timeline(model, theme, life, columns));
    lines.push(Line::default());
    lines.push(Line::styled(stays(life), theme.strong));
    lines.extend(life.passes.iter().rev().flat_map(|pass| stay(model, theme, pass, columns)));
    lines
}

/// The heading of the stays, which says how many are told.
fn stays(life: &Biography) -> String {
    match life.passes.len() {
        told if told < life.stays as usize => {
            format!("the last {told} of its {} stays here, the last first", life.stays)
        }
        _ => "its stays here, the last first".to_owned(),
    }
}

fn summary(model: &Model, theme: Theme, life: &Biography, columns: usize) -> Vec<Line<'static>> {
    let here = match life.visits {
        1 => "1 visit".to_owned(),
        visits => format!("{visits} visits"),
    };
    let returns = life.interval().map(|interval| {
        let [shortest, longest] =
            [life.shortest, life.longest].map(|time| format::span(time.unwrap_or_default()));
        format!("every {} on average, after {shortest} to {longest}", format::span(interval))
    });
    let fields = [
        ("seen here", Some(here)),
        ("came back", Some(returns.unwrap_or_else(|| "not yet".to_owned()))),
        ("first", Some(moment(model, life.first))),
        ("last", Some(moment(model, life.last)).filter(|_| life.last != life.first)),
        ("came from", tally(&life.came_from).or(Some("typed here".to_owned()))),
        ("went to", tally(&life.went_to).or(Some("nobody yet".to_owned()))),
    ];
    let told = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    told.flat_map(|(name, value)| entry(theme.quiet, NAME, name, &value, columns)).collect()
}

fn moment(model: &Model, when: Now) -> String {
    let ago = format::age(model.now.uptime.saturating_sub(when.uptime));
    format!("{}, {ago} ago", clock(when.unix_ms, &model.zone))
}

/// `tower:1 3 times, trunk:1 once`
fn tally(tally: &Tally) -> Option<String> {
    let peers = tally.peers();
    let named = peers.iter().take(PEERS).map(|(peer, count)| format!("{peer} {}", times(*count)));
    let more = peers.iter().skip(PEERS).map(|(_, count)| count).sum::<u32>() + tally.others;
    let more = (more > 0).then(|| format!("others {}", times(more)));
    let told: Vec<_> = named.chain(more).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// A line from the first of the remembered stays until now, with a mark where the message came.
fn timeline(model: &Model, theme: Theme, life: &Biography, columns: usize) -> Option<Line<'static>> {
    let start = life.passes.front().filter(|_| life.passes.len() > 1)?.came.uptime;
    let length = model.now.uptime.saturating_sub(start);
    let label = format!("{} ago ", format::age(length));
    let room = columns.checked_sub(NAME + label.len() + " now".len()).filter(|room| *room >= TIMELINE)?;
    let mut cells = vec!['\u{2500}'; room];
    for pass in &life.passes {
        let at = place(pass.came.uptime.saturating_sub(start), length, room);
        cells[at] = if cells[at] == '\u{2500}' { '\u{2502}' } else { '\u{2503}' };
    }
    Some(Line::from(vec![
        Span::styled(fit("over time", NAME), theme.quiet),
        Span::styled(label, theme.quiet),
        Span::raw(cells.into_iter().collect::<String>()),
        Span::styled(" now", theme.quiet),
    ]))
}

/// The cell of a line of `cells` that a time stands on, of a length that the line stands for.
fn place(time: Duration, length: Duration, cells: usize) -> usize {
    if length.is_zero() {
        return 0;
    }
    let share = time.as_secs_f64() / length.as_secs_f64();
    ((share * (cells - 1) as f64).round() as usize).min(cells - 1)
}

/// `14:01:52  from tower:1, to trunk:1 after 3 s`
fn stay(model: &Model, theme: Theme, pass: &Pass, columns: usize) -> Vec<Line<'static>> {
    let from = pass.from.as_ref().map_or_else(|| "typed here".to_owned(), |peer| format!("from {peer}"));
    let failed = match pass.failed {
        0 => String::new(),
        1 => ", refused or unheard once".to_owned(),
        failed => format!(", refused or unheard {failed} times"),
    };
    let after = |end: Now| format::span(end.uptime.saturating_sub(pass.came.uptime));
    let end = match &pass.end {
        End::StillHere => "still here".to_owned(),
        End::Went(when, to) => format!("to {to} after {}", after(*when)),
        End::Dropped(when) => format!("dropped after {}", after(*when)),
        End::Changed(when) => format!("given another text after {}", after(*when)),
    };
    let time = clock(pass.came.unix_ms, &model.zone);
    entry(theme.quiet, NAME, &time, &format!("{from}{failed}, {end}"), columns)
}
