//! Page about the choice of receivers: the reason for the last one, and the next send.

use clacks_p2p::{
    core::{PeerChoice, Status},
    node::Overview,
};
use clacks_p2p_feed::description::{letter, tone};
use clacks_panes::Context;
use clacks_text::{
    fit::{clock, entry, fit, fit_right, preview},
    format::{self, grouped},
};
use clacks_widgets::theme::Theme;
use ratatui::text::{Line, Span};

use super::ChoicePane;
use crate::{
    facts::choice::{idle, odds, outcome, reason, share},
    send_history::{Attempt, AttemptResult},
};

/// Width of the field names, in columns.
const NAME_WIDTH: usize = 12;
/// Maximum earlier sends on the page.
const MAX_EARLIER: usize = 20;
/// Widths of the columns of the table: status, free peers, and share of all and of each.
const STATUS_WIDTH: usize = 12;
const FREE_WIDTH: usize = 6;
const SHARE_WIDTH: usize = 10;
/// Width of the marker of the chosen status where the table has no room for the names of fields before it.
const MARKER_WIDTH: usize = 2;
/// What stands before the bar, and the maximum width of the bar, in columns.
const GAP: &str = "   ";
const MAX_BAR_WIDTH: usize = 40;
/// Range of the width of the scale, in columns.
const SCALE_WIDTH: std::ops::RangeInclusive<usize> = 16..=100;

/// Returns the page about the choice of receivers, wrapped to a width in columns.
pub(super) fn lines(pane: &ChoicePane, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let mut lines = next_send_lines(pane, context, columns);
    lines.push(Line::default());
    let mut sends = pane.sends.newest_first();
    match sends.next() {
        Some(last) => lines.extend(last_send_lines(context, last, columns)),
        None => lines.extend(entry(
            theme.quiet,
            NAME_WIDTH,
            "last send",
            "nothing has been sent yet",
            columns,
            theme.charset,
        )),
    }
    let earlier: Vec<_> = sends.take(MAX_EARLIER).collect();
    if !earlier.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("before that", theme.strong));
        lines.extend(earlier.into_iter().flat_map(|send| earlier_send_lines(context, send, columns)));
    }
    lines
}

// === The next one ===

/// Returns the time, the message and the possible receivers of the next send. Always two lines, so that the rest of
/// the page does not move.
fn next_send_lines(pane: &ChoicePane, context: &Context<'_>, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let room = columns.saturating_sub(NAME_WIDTH);
    let (when, odds) = match &pane.overview {
        Some(overview) => next_send(pane, context, overview),
        None => ("not known yet".to_owned(), "-".to_owned()),
    };
    let line = |name: &str, style, text: &str| {
        Line::from(vec![
            Span::styled(fit(name, NAME_WIDTH, theme.charset), style),
            Span::raw(fit(text, room, theme.charset)),
        ])
    };
    vec![line("next send", theme.strong, &when), line("to", theme.quiet, &odds)]
}

fn next_send(pane: &ChoicePane, context: &Context<'_>, overview: &Overview) -> (String, String) {
    match overview.next_send.filter(|_| overview.queued > 0) {
        Some(at) => {
            let text = pane.head.as_ref().map(|head| preview(head.message.as_json())).unwrap_or_default();
            let wait = format::span(at.saturating_sub(overview.uptime));
            (format!("in {wait}: {text}"), odds(&overview.free_peers, overview.verified_only))
        }
        None => (context.with_keys(idle(overview)), "-".to_owned()),
    }
}

// === The last one ===

fn last_send_lines(context: &Context<'_>, send: &Attempt, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let time = clock(send.when.unix_ms, context.zone);
    let mut lines = entry(
        theme.strong,
        NAME_WIDTH,
        "last send",
        &format!("at {time} to {}", send.to),
        columns,
        theme.charset,
    );
    let room = columns.saturating_sub(NAME_WIDTH);
    lines.push(Line::from(vec![
        Span::raw(fit("", NAME_WIDTH, theme.charset)),
        Span::raw(fit(&preview(send.message.as_json()), room, theme.charset)),
    ]));
    lines.extend(entry(theme.quiet, NAME_WIDTH, "why", &reason(&send.choice), columns, theme.charset));
    lines.extend(entry(theme.quiet, NAME_WIDTH, "what came", &outcome(send), columns, theme.charset));
    lines.push(Line::default());
    lines.extend(odds_table(theme, &send.choice, columns));
    lines.extend(lottery_scale(theme, &send.choice, columns));
    lines
}

fn earlier_send_lines(context: &Context<'_>, send: &Attempt, columns: usize) -> Vec<Line<'static>> {
    let theme = context.theme;
    let status = send.choice.status().map_or(' ', letter);
    let drawn = grouped(send.choice.draw.into());
    let what = match &send.outcome {
        AttemptResult::OnItsWay => "on its way".to_owned(),
        AttemptResult::Taken(time) => format!("taken, {}", format::round_trip(*time)),
        AttemptResult::Failed(why) => why.clone(),
        AttemptResult::Returned => "came back".to_owned(),
    };
    let time = clock(send.when.unix_ms, context.zone);
    entry(
        theme.quiet,
        NAME_WIDTH,
        &time,
        &format!("{drawn:>6} {status} {}: {what}", send.to),
        columns,
        theme.charset,
    )
}

// === The odds ===

/// The widths of the columns of the table. 0: the column is left out.
#[derive(Debug, Clone, Copy)]
struct OddsColumns {
    /// Of the marker of the status that was chosen.
    marker: usize,
    share: usize,
    each: usize,
    bar: usize,
}

impl OddsColumns {
    /// The columns that have room.
    fn of(columns: usize) -> Self {
        let needed = STATUS_WIDTH + FREE_WIDTH + 2 * SHARE_WIDTH;
        let marker = if columns >= NAME_WIDTH + needed { NAME_WIDTH } else { MARKER_WIDTH };
        let room = columns.saturating_sub(marker + STATUS_WIDTH + FREE_WIDTH);
        let width = |room: usize| if room >= SHARE_WIDTH { SHARE_WIDTH } else { 0 };
        let share = width(room);
        let each = width(room - share);
        Self { marker, share, each, bar: (room - share - each).saturating_sub(GAP.len()).min(MAX_BAR_WIDTH) }
    }
}

fn odds_table(theme: Theme, choice: &PeerChoice, columns: usize) -> Vec<Line<'static>> {
    let columns = OddsColumns::of(columns);
    let head = format!(
        "{}{}{}{}",
        fit("status", STATUS_WIDTH, theme.charset),
        fit_right("free", FREE_WIDTH, theme.charset),
        fit_right("share", columns.share, theme.charset),
        fit_right("each", columns.each, theme.charset)
    );
    let mut lines = vec![Line::from(vec![
        Span::raw(fit("", columns.marker, theme.charset)),
        Span::styled(head, theme.quiet),
    ])];
    let sendable = Status::ALL.into_iter().filter(|status| *status != Status::Ignored);
    lines.extend(sendable.map(|status| odds_row(theme, status, choice, columns)));
    lines
}

fn odds_row(theme: Theme, status: Status, choice: &PeerChoice, columns: OddsColumns) -> Line<'static> {
    let (is_chosen, draws) = (choice.status() == Some(status), PeerChoice::share(status, &choice.free));
    let count = choice.free.of(status);
    // Peers at the same place share its odds, so they are not equal.
    let is_even =
        status != Status::Alive || choice.alive_places as usize >= count || choice.alive_places == 1;
    let percent =
        |draws: f64| if draws > 0.0 { share(draws / f64::from(PeerChoice::DRAWS)) } else { "-".to_owned() };
    let each = if count > 0 && is_even { f64::from(draws) / count as f64 } else { 0.0 };
    let name = format!("{} {status}", letter(status));
    let pad = " ".repeat(STATUS_WIDTH.saturating_sub(name.len()));
    let full = (f64::from(draws) / f64::from(PeerChoice::DRAWS) * columns.bar as f64).round() as usize;
    Line::from(vec![
        Span::styled(
            fit_right(if is_chosen { "> " } else { "" }, columns.marker, theme.charset),
            theme.strong,
        ),
        Span::styled(name, theme.status_tone(tone(status))),
        Span::raw(pad),
        Span::raw(fit_right(&format::count(count), FREE_WIDTH, theme.charset)),
        Span::raw(fit_right(&percent(f64::from(draws)), columns.share, theme.charset)),
        Span::styled(fit_right(&percent(each), columns.each, theme.charset), theme.quiet),
        Span::raw(if columns.bar > 0 { GAP } else { "" }),
        Span::styled("\u{2588}".repeat(full), theme.status_tone(tone(status))),
    ])
}

/// Returns a scale of all draws, with the letter of the status of the receiver of each, and the drawn number marked.
fn lottery_scale(theme: Theme, choice: &PeerChoice, columns: usize) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(NAME_WIDTH + 2);
    if choice.status() == Some(Status::New) || room < *SCALE_WIDTH.start() {
        return Vec::new();
    }
    let width = room.min(*SCALE_WIDTH.end());
    let at = |cell: usize| (cell as u64 * u64::from(PeerChoice::DRAWS) / width as u64) as u32;
    let receiver = |cell: usize| {
        let mut choice = *choice;
        choice.draw = at(cell);
        // Without a free peer of the drawn status, one of another status is chosen.
        choice.status().unwrap_or_else(|| choice.drawn())
    };
    let cells = (0..width).map(receiver);
    let cells = cells.map(|status| Span::styled(letter(status).to_string(), theme.status_tone(tone(status))));
    let mut line = Line::from(Span::raw(fit("", NAME_WIDTH, theme.charset)));
    line.spans.extend(cells);
    let cell = (u64::from(choice.draw) * width as u64 / u64::from(PeerChoice::DRAWS)) as usize;
    let mark = format!("^ {}", grouped(choice.draw.into()));
    // Write the number on the side of the mark where it fits.
    let pointer = if cell + mark.len() <= width {
        format!("{}{mark}", " ".repeat(cell))
    } else {
        fit_right(&format!("{} ^", grouped(choice.draw.into())), cell + 1, theme.charset)
    };
    vec![
        Line::default(),
        line,
        Line::from(vec![Span::raw(fit("", NAME_WIDTH, theme.charset)), Span::styled(pointer, theme.strong)]),
    ]
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::PeerCounts;

    use super::*;

    #[test]
    fn the_scale_has_only_letters_of_statuses_that_a_free_peer_has() {
        let free = [
            (vec![(Status::Alive, 2)], "A"),
            (vec![(Status::Lost, 3)], "L"),
            (vec![(Status::Dead, 1), (Status::Alive, 1)], "DA"),
            (vec![(Status::Lost, 1), (Status::Alive, 1)], "LA"),
            (vec![(Status::Dead, 1), (Status::Lost, 1), (Status::Alive, 1)], "DLA"),
        ];
        for (free, wanted) in free {
            let counts = Status::ALL.map(|status| {
                (status, free.iter().find(|(free, _)| *free == status).map_or(0, |(_, count)| *count))
            });
            let choice = PeerChoice::new(41_207, PeerCounts::from(counts));
            let scale = lottery_scale(Theme::default(), &choice, 120).swap_remove(1).to_string();
            let mut letters: Vec<char> = scale.trim().chars().collect();
            letters.dedup();
            assert_eq!(letters.into_iter().collect::<String>(), wanted, "{scale}");
        }
    }
}
