//! Why the last message went to the peer that it went to, and when the next goes.

use clacks_p2p::core::{Choice, PeerCounts, Status};
use ratatui::text::{Line, Span};

use super::{
    super::{
        format,
        model::Model,
        sends::{Outcome, Send},
        theme::{Theme, letter},
    },
    row::{clock, entry, fit, fit_right, preview},
    with_keys,
};

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

/// Everything there is to say, in so many columns.
pub(crate) fn lines(model: &Model, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = next(model, theme, columns);
    lines.push(Line::default());
    let mut sends = model.sends.newest_first();
    match sends.next() {
        Some(last) => lines.extend(send(model, theme, last, columns)),
        None => lines.extend(entry(theme.quiet, NAME, "last send", "nothing has been sent yet", columns)),
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
    let overview = &model.overview;
    let room = columns.saturating_sub(NAME);
    let (when, odds) = match overview.next_send.filter(|_| overview.queued > 0) {
        Some(at) => {
            let text = model.head.as_ref().map(|head| preview(&head.message)).unwrap_or_default();
            let wait = format::span(at.saturating_sub(model.now.uptime));
            (format!("in {wait}: {text}"), odds(&overview.free_peers, overview.is_for_proven))
        }
        None => (with_keys(model, idle(model)), String::new()),
    };
    let line = |name: &str, style, text: &str| {
        Line::from(vec![Span::styled(fit(name, NAME), style), Span::raw(fit(text, room))])
    };
    vec![line("next send", theme.strong, &when), line("to", theme.quiet, &odds)]
}

/// Why nothing is going to be sent.
fn idle(model: &Model) -> &'static str {
    let overview = &model.overview;
    if overview.queued == 0 && overview.held > 0 {
        "none: nothing waits but what is held ({:held} lists it)"
    } else if overview.queued == 0 {
        "none: the queue is empty ({:say} writes a message)"
    } else if overview.free_peers.total() > 0 {
        "waits: as many messages are on their way as may be"
    } else if overview.in_flight > 0 {
        "waits: every peer has as many on their way to it as may be"
    } else {
        "waits: nobody is known to send to (:announce HOST:PORT)"
    }
}

/// `one of 6 alive (95 %), 1 lost (5 %)`, or of those that more than strangers speak for, if it is their turn.
fn odds(free: &PeerCounts, is_for_proven: bool) -> String {
    let shares = Status::ALL.into_iter().map(|status| (status, Choice::share(status, free)));
    let told = shares.filter(|(_, draws)| *draws > 0).map(|(status, draws)| {
        let proof = match status {
            Status::Alive if is_for_proven && free.claimed > 0 => " that answered or that you named",
            Status::Alive if is_for_proven => " that answered",
            Status::New if is_for_proven => " that you named",
            _ => "",
        };
        format!(
            "{} {status}{proof} ({})",
            format::count(free.of(status)),
            share(f64::from(draws) / f64::from(Choice::DRAWS))
        )
    });
    format!("one of {}", told.collect::<Vec<_>>().join(", "))
}

// === The last one ===

fn send(model: &Model, theme: Theme, send: &Send, columns: usize) -> Vec<Line<'static>> {
    let time = clock(send.when.unix_ms, &model.zone);
    let mut lines = entry(theme.strong, NAME, "last send", &format!("at {time} to {}", send.to), columns);
    let room = columns.saturating_sub(NAME);
    lines.push(Line::from(vec![Span::raw(fit("", NAME)), Span::raw(fit(&preview(&send.message), room))]));
    lines.extend(entry(theme.quiet, NAME, "why", &reason(&send.choice), columns));
    lines.extend(entry(theme.quiet, NAME, "what came", &outcome(send), columns));
    lines.push(Line::default());
    lines.extend(table(theme, &send.choice, columns));
    lines.extend(draw_line(theme, &send.choice, columns));
    lines
}

/// Why others were passed over.
const TURN: &str = "every second message is for peers that answered or that you named, and it was their turn";

fn reason(choice: &Choice) -> String {
    let Some(status) = choice.status() else { return String::new() };
    let pool = choice.free.of(status);
    let picked = picked(choice, status, pool);
    if status == Status::New && choice.is_for_proven {
        return format!("{TURN}; those that you named come first: {picked}");
    }
    if status == Status::New {
        return format!("new peers come first: {picked}");
    }
    let turn = if choice.is_for_proven { format!("{TURN}; ") } else { String::new() };
    let drawn = choice.drawn();
    let draw = format!("{turn}drew {} of {}: {drawn}", grouped(choice.draw), grouped(Choice::DRAWS));
    if drawn == status {
        format!("{draw}, {picked}")
    } else {
        format!("{draw}, but nobody is, so {status}: {picked}")
    }
}

/// Among whom the receiver was drawn: by its machine first, where several peers are at one.
fn picked(choice: &Choice, status: Status, pool: usize) -> String {
    let (places, at_place) = (choice.alive_places as usize, choice.at_place);
    if pool == 1 {
        "the only one".to_owned()
    } else if status != Status::Alive || places >= pool {
        format!("one of {pool}, all as likely")
    } else if places == 1 {
        format!("one of {pool} at one machine, all as likely")
    } else if at_place == 1 {
        format!("one of {places} machines with {pool} peers, all as likely, and alone at it")
    } else {
        format!("one of {places} machines, all as likely, and one of {at_place} peers at it")
    }
}

fn outcome(send: &Send) -> String {
    let change = send.change.map(|(from, to)| format!("; it was {from} and is {to} now")).unwrap_or_default();
    match &send.outcome {
        Outcome::OnItsWay => "it is on its way".to_owned(),
        Outcome::Taken(time) => {
            format!("taken after {}: it is theirs now{change}", format::round_trip(*time))
        }
        Outcome::Failed(why) => format!("{why}: the message is back in the queue{change}"),
        Outcome::Returned => "the message is back in the queue".to_owned(),
    }
}

fn brief(model: &Model, theme: Theme, send: &Send, columns: usize) -> Vec<Line<'static>> {
    let status = send.choice.status().map_or(' ', letter);
    let drawn = grouped(send.choice.draw);
    let what = match &send.outcome {
        Outcome::OnItsWay => "on its way".to_owned(),
        Outcome::Taken(time) => format!("taken, {}", format::round_trip(*time)),
        Outcome::Failed(why) => why.clone(),
        Outcome::Returned => "came back".to_owned(),
    };
    let time = clock(send.when.unix_ms, &model.zone);
    entry(theme.quiet, NAME, &time, &format!("{drawn:>6} {status} {}: {what}", send.to), columns)
}

// === The odds ===

fn table(theme: Theme, choice: &Choice, columns: usize) -> Vec<Line<'static>> {
    let head = format!(
        "{}{}{}{}",
        fit("status", STATUS),
        fit_right("free", FREE),
        fit_right("share", SHARE),
        fit_right("each", SHARE)
    );
    let bar = columns.saturating_sub(NAME + STATUS + FREE + 2 * SHARE + 3).min(40);
    let mut lines = vec![Line::from(vec![Span::raw(fit("", NAME)), Span::styled(head, theme.quiet)])];
    let sendable = Status::ALL.into_iter().filter(|status| *status != Status::Ignored);
    lines.extend(sendable.map(|status| table_row(theme, status, choice, bar)));
    lines
}

fn table_row(theme: Theme, status: Status, choice: &Choice, bar: usize) -> Line<'static> {
    let (is_chosen, draws) = (choice.status() == Some(status), Choice::share(status, &choice.free));
    let count = choice.free.of(status);
    // Where several are at one machine, they are not as likely as the others.
    let is_even =
        status != Status::Alive || choice.alive_places as usize >= count || choice.alive_places == 1;
    let percent =
        |draws: f64| if draws > 0.0 { share(draws / f64::from(Choice::DRAWS)) } else { "-".to_owned() };
    let each = if count > 0 && is_even { f64::from(draws) / count as f64 } else { 0.0 };
    let name = format!("{} {status}", letter(status));
    let pad = " ".repeat(STATUS.saturating_sub(name.len()));
    let full = (f64::from(draws) / f64::from(Choice::DRAWS) * bar as f64).round() as usize;
    Line::from(vec![
        Span::styled(fit_right(if is_chosen { "> " } else { "" }, NAME), theme.strong),
        Span::styled(name, theme.status(status)),
        Span::raw(pad),
        Span::raw(fit_right(&format::count(count), FREE)),
        Span::raw(fit_right(&percent(f64::from(draws)), SHARE)),
        Span::styled(fit_right(&percent(each), SHARE), theme.quiet),
        Span::raw("   "),
        Span::styled("\u{2588}".repeat(full), theme.status(status)),
    ])
}

/// A share as people read it: `95 %`, `4.999 %`, `0.001 %`, `100 %`.
fn share(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 9.95 && (percent - percent.round()).abs() > 0.05 {
        format!("{percent:.1} %")
    } else if percent >= 9.95 {
        format!("{percent:.0} %")
    } else {
        let text = format!("{percent:.3}");
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// All draws as a line, lettered by what they stand for, and where the number that was drawn lies.
fn draw_line(theme: Theme, choice: &Choice, columns: usize) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(NAME + 2);
    if choice.status() == Some(Status::New) || room < *LINE.start() {
        return Vec::new();
    }
    let width = room.min(*LINE.end());
    let at = |cell: usize| (cell as u64 * u64::from(Choice::DRAWS) / width as u64) as u32;
    let drawn = |cell: usize| Choice { draw: at(cell), ..*choice }.drawn();
    let cells =
        (0..width).map(|cell| Span::styled(letter(drawn(cell)).to_string(), theme.status(drawn(cell))));
    let mut line = Line::from(Span::raw(fit("", NAME)));
    line.spans.extend(cells);
    let cell = (u64::from(choice.draw) * width as u64 / u64::from(Choice::DRAWS)) as usize;
    let mark = format!("^ {}", grouped(choice.draw));
    // The mark's number stands on whichever side of it has room.
    let pointer = if cell + mark.len() <= width {
        format!("{}{mark}", " ".repeat(cell))
    } else {
        fit_right(&format!("{} ^", grouped(choice.draw)), cell + 1)
    };
    vec![
        Line::default(),
        line,
        Line::from(vec![Span::raw(fit("", NAME)), Span::styled(pointer, theme.strong)]),
    ]
}

/// `41,207`
fn grouped(number: u32) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_draws_are_read_easily() {
        assert_eq!(
            [0.95, 0.04999, 0.00001, 1.0, 0.316_666, 0.5].map(share),
            ["95 %", "4.999 %", "0.001 %", "100 %", "31.7 %", "50 %"]
        );
        assert_eq!([0, 999, 1000, 41_207].map(grouped), ["0", "999", "1,000", "41,207"]);
    }

    #[test]
    fn the_reason_names_the_turn_that_went_elsewhere() {
        let free = PeerCounts { lost: 3, ..PeerCounts::default() };
        let told = reason(&Choice { draw: 41_207, free, is_for_proven: false, alive_places: 1, at_place: 1 });
        assert_eq!(told, "drew 41,207 of 100,000: alive, but nobody is, so lost: one of 3, all as likely");
        let told = reason(&Choice {
            draw: 41_207,
            free: PeerCounts { new: 1, ..free },
            is_for_proven: false,
            alive_places: 1,
            at_place: 1,
        });
        assert_eq!(told, "new peers come first: the only one");
    }

    #[test]
    fn the_reason_names_the_machines_where_several_peers_are_at_one() {
        let free = PeerCounts { alive: 100, ..PeerCounts::default() };
        let choice = Choice { draw: 41_207, free, is_for_proven: false, alive_places: 6, at_place: 95 };
        for (places, at_place, told) in [
            (100, 1, "one of 100, all as likely"),
            (6, 95, "one of 6 machines, all as likely, and one of 95 peers at it"),
            (6, 1, "one of 6 machines with 100 peers, all as likely, and alone at it"),
            (1, 100, "one of 100 at one machine, all as likely"),
        ] {
            let choice = Choice { alive_places: places, at_place, ..choice };
            assert_eq!(reason(&choice), format!("drew 41,207 of 100,000: alive, {told}"));
        }
    }

    #[test]
    fn after_a_message_to_a_peer_that_only_strangers_spoke_for_it_is_the_turn_of_the_others() {
        let free = PeerCounts { alive: 2, lost: 1, ..PeerCounts::default() };
        let choice = Choice { draw: 58_703, free, is_for_proven: true, alive_places: 2, at_place: 1 };
        assert_eq!(
            reason(&choice),
            format!("{TURN}; drew 58,703 of 100,000: alive, one of 2, all as likely")
        );
        let choice = Choice { free: PeerCounts { new: 1, ..free }, ..choice };
        assert_eq!(reason(&choice), format!("{TURN}; those that you named come first: the only one"));
        assert_eq!(odds(&free, true), "one of 2 alive that answered (95 %), 1 lost (5 %)");
        assert_eq!(odds(&free, false), "one of 2 alive (95 %), 1 lost (5 %)");
        let free = PeerCounts { claimed: 1, ..free };
        assert_eq!(odds(&free, true), "one of 2 alive that answered or that you named (95 %), 1 lost (5 %)");
    }
}
