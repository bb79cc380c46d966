//! Why the last message went to the peer that it went to, and when the next goes.

use clacks_p2p::core::{PeerChoice, Status};
use clacks_source::{
    facts::choice::{idle, odds, outcome, reason, share},
    send_history::{Attempt, AttemptResult},
};
use clacks_text::{
    fit::{clock, entry, fit, fit_right, preview},
    format::{self, grouped},
};
use clacks_widgets::theme::{Theme, letter};
use ratatui::text::{Line, Span};

use super::keys::with_keys;
use crate::model::Model;

/// Columns of the names of fields.
const NAME: usize = 12;
/// Sends before the last that are told.
const EARLIER: usize = 20;
/// Columns of the table: letter and word, how many are free, the share of all and of each.
const STATUS: usize = 12;
const FREE: usize = 6;
const SHARE: usize = 10;
/// The line of all draws is not narrower and not wider than this.
const LINE: std::ops::RangeInclusive<usize> = 16..=100;

/// Returns the page about the choice of receivers, wrapped to a width in columns.
pub fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = next(model, theme, columns);
    lines.push(Line::default());
    let mut sends = model.shown_sends().newest_first();
    match sends.next() {
        Some(last) => lines.extend(send(model, theme, last, columns)),
        None => lines.extend(entry(
            theme.quiet,
            NAME,
            "last send",
            "nothing has been sent yet",
            columns,
            theme.charset,
        )),
    }
    let earlier: Vec<_> = sends.take(EARLIER).collect();
    if !earlier.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("before that", theme.strong));
        lines.extend(earlier.into_iter().flat_map(|send| brief(model, theme, send, columns)));
    }
    lines
}

// === The next one ===

/// When the next message goes, which it is, and to whom it can go: always as many lines, so that what stands below
/// does not jump.
fn next(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let overview = &model.listed;
    let room = columns.saturating_sub(NAME);
    let (when, odds) = match overview.next_send.filter(|_| overview.queued > 0) {
        Some(at) => {
            let text = model.head.as_ref().map(|head| preview(&head.message)).unwrap_or_default();
            let wait = format::span(at.saturating_sub(model.shown_now().uptime));
            (format!("in {wait}: {text}"), odds(&overview.free_peers, overview.verified_only))
        }
        None => (with_keys(model, idle(overview)), "-".to_owned()),
    };
    let line = |name: &str, style, text: &str| {
        Line::from(vec![
            Span::styled(fit(name, NAME, theme.charset), style),
            Span::raw(fit(text, room, theme.charset)),
        ])
    };
    vec![line("next send", theme.strong, &when), line("to", theme.quiet, &odds)]
}

// === The last one ===

fn send(model: &Model, theme: Theme, send: &Attempt, columns: usize) -> Vec<Line<'static>> {
    let time = clock(send.when.unix_ms, &model.zone);
    let mut lines =
        entry(theme.strong, NAME, "last send", &format!("at {time} to {}", send.to), columns, theme.charset);
    let room = columns.saturating_sub(NAME);
    lines.push(Line::from(vec![
        Span::raw(fit("", NAME, theme.charset)),
        Span::raw(fit(&preview(&send.message), room, theme.charset)),
    ]));
    lines.extend(entry(theme.quiet, NAME, "why", &reason(&send.choice), columns, theme.charset));
    lines.extend(entry(theme.quiet, NAME, "what came", &outcome(send), columns, theme.charset));
    lines.push(Line::default());
    lines.extend(table(theme, &send.choice, columns));
    lines.extend(draw_line(theme, &send.choice, columns));
    lines
}

fn brief(model: &Model, theme: Theme, send: &Attempt, columns: usize) -> Vec<Line<'static>> {
    let status = send.choice.status().map_or(' ', letter);
    let drawn = grouped(send.choice.draw.into());
    let what = match &send.outcome {
        AttemptResult::OnItsWay => "on its way".to_owned(),
        AttemptResult::Taken(time) => format!("taken, {}", format::round_trip(*time)),
        AttemptResult::Failed(why) => why.clone(),
        AttemptResult::Returned => "came back".to_owned(),
    };
    let time = clock(send.when.unix_ms, &model.zone);
    entry(
        theme.quiet,
        NAME,
        &time,
        &format!("{drawn:>6} {status} {}: {what}", send.to),
        columns,
        theme.charset,
    )
}

// === The odds ===

fn table(theme: Theme, choice: &PeerChoice, columns: usize) -> Vec<Line<'static>> {
    let head = format!(
        "{}{}{}{}",
        fit("status", STATUS, theme.charset),
        fit_right("free", FREE, theme.charset),
        fit_right("share", SHARE, theme.charset),
        fit_right("each", SHARE, theme.charset)
    );
    let bar = columns.saturating_sub(NAME + STATUS + FREE + 2 * SHARE + 3).min(40);
    let mut lines =
        vec![Line::from(vec![Span::raw(fit("", NAME, theme.charset)), Span::styled(head, theme.quiet)])];
    let sendable = Status::ALL.into_iter().filter(|status| *status != Status::Ignored);
    lines.extend(sendable.map(|status| table_row(theme, status, choice, bar)));
    lines
}

fn table_row(theme: Theme, status: Status, choice: &PeerChoice, bar: usize) -> Line<'static> {
    let (is_chosen, draws) = (choice.status() == Some(status), PeerChoice::share(status, &choice.free));
    let count = choice.free.of(status);
    // Where several are at one machine, they are not as likely as the others.
    let is_even =
        status != Status::Alive || choice.alive_places as usize >= count || choice.alive_places == 1;
    let percent =
        |draws: f64| if draws > 0.0 { share(draws / f64::from(PeerChoice::DRAWS)) } else { "-".to_owned() };
    let each = if count > 0 && is_even { f64::from(draws) / count as f64 } else { 0.0 };
    let name = format!("{} {status}", letter(status));
    let pad = " ".repeat(STATUS.saturating_sub(name.len()));
    let full = (f64::from(draws) / f64::from(PeerChoice::DRAWS) * bar as f64).round() as usize;
    Line::from(vec![
        Span::styled(fit_right(if is_chosen { "> " } else { "" }, NAME, theme.charset), theme.strong),
        Span::styled(name, theme.status(status)),
        Span::raw(pad),
        Span::raw(fit_right(&format::count(count), FREE, theme.charset)),
        Span::raw(fit_right(&percent(f64::from(draws)), SHARE, theme.charset)),
        Span::styled(fit_right(&percent(each), SHARE, theme.charset), theme.quiet),
        Span::raw("   "),
        Span::styled("\u{2588}".repeat(full), theme.status(status)),
    ])
}

/// All draws as a line, lettered by what they stand for, and where the number that was drawn lies.
fn draw_line(theme: Theme, choice: &PeerChoice, columns: usize) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(NAME + 2);
    if choice.status() == Some(Status::New) || room < *LINE.start() {
        return Vec::new();
    }
    let width = room.min(*LINE.end());
    let at = |cell: usize| (cell as u64 * u64::from(PeerChoice::DRAWS) / width as u64) as u32;
    let drawn = |cell: usize| PeerChoice { draw: at(cell), ..*choice }.drawn();
    let cells =
        (0..width).map(|cell| Span::styled(letter(drawn(cell)).to_string(), theme.status(drawn(cell))));
    let mut line = Line::from(Span::raw(fit("", NAME, theme.charset)));
    line.spans.extend(cells);
    let cell = (u64::from(choice.draw) * width as u64 / u64::from(PeerChoice::DRAWS)) as usize;
    let mark = format!("^ {}", grouped(choice.draw.into()));
    // The mark's number stands on whichever side of it has room.
    let pointer = if cell + mark.len() <= width {
        format!("{}{mark}", " ".repeat(cell))
    } else {
        fit_right(&format!("{} ^", grouped(choice.draw.into())), cell + 1, theme.charset)
    };
    vec![
        Line::default(),
        line,
        Line::from(vec![Span::raw(fit("", NAME, theme.charset)), Span::styled(pointer, theme.strong)]),
    ]
}
