//! What is said. Nothing here is safe to show yet: what peers wrote is made so where it is told.

use std::{net::IpAddr, time::Duration};

use clacks_p2p::{
    Message,
    core::{HeldBy, HeldMessage, Now, Peer, PeerCounts, PlaceShare, QueuedMessage, Status},
    node::Overview,
};
use jiff::tz::TimeZone;

use crate::{
    command::{COMMANDS, Scope, Spec},
    dashboard::{
        biography::Biography,
        clock, format,
        log::{Direction, Mood, Row},
        preview,
    },
    glyphs::glyphs,
    leaving::AtStake,
    limits,
    peer_list::{self, Reading},
    untrusted::spelt,
};

/// How many ignored addresses are told at once.
const MOST_LISTED: usize = 30;
/// Columns of a message that are told.
const MESSAGE: usize = 160;
/// The commands that are of use without a screen, beside those that `clacks node` has.
const ALSO_HERE: [&str; 19] = [
    "traffic",
    "filter",
    "write",
    "write!",
    "station",
    "stations",
    "charts",
    "biography",
    "overhead",
    "why",
    "open",
    "more",
    "up",
    "down",
    "page-up",
    "top",
    "bottom",
    "hold-still",
    "undo",
];
/// Those that only a replay has.
const OF_REPLAY: [&str; 4] = ["pause", "step", "speed", "jump"];
/// Those that a node has and a replay answers as well.
const ALSO_IN_REPLAY: [&str; 6] = ["peers", "queue", "limits", "held", "help", "quit"];

/// What happened.
pub(super) fn happened(row: &Row, zone: &TimeZone) -> String {
    let peer = row.peer.as_ref().map_or_else(|| "somebody".to_owned(), ToString::to_string);
    let said = match (row.direction, row.mood, row.message.as_ref().map(text)) {
        (Direction::In, Mood::Bad, text) => {
            let what = [Some(row.what.clone()), text].into_iter().flatten().collect::<Vec<_>>().join(": ");
            format!("from {peer}, {}: {what}", row.outcome)
        }
        (Direction::In, _, Some(text)) => format!("in from {peer}: {text}, {}", row.outcome),
        (Direction::In, _, None) => format!("{} from {peer}", row.what),
        (Direction::Out, Mood::Bad, Some(text)) => format!("not taken by {peer}, {}: {text}", row.what),
        (Direction::Out, Mood::Bad, None) => format!("not taken by {peer}, {}", row.what),
        (Direction::Out, _, text) => {
            let sent = text
                .map_or_else(|| format!("{} to {peer}", row.what), |text| format!("out to {peer}: {text}"));
            format!("{sent}, taken in {}", row.outcome.strip_prefix("200 ").unwrap_or(&row.outcome))
        }
        (Direction::Own, _, text) => format!("own message {}: {}", row.outcome, text.unwrap_or_default()),
        (Direction::Note, _, Some(text)) => format!("message from {peer} {}: {text}", row.outcome),
        (Direction::Note, _, None) => note(row),
    };
    format!("{} {said}.", &clock(row.unix_ms, zone)[..5])
}

/// Something about which nothing travelled.
fn note(row: &Row) -> String {
    let Some(peer) = &row.peer else {
        let outcome = if row.outcome.is_empty() { String::new() } else { format!(" is {}", row.outcome) };
        return format!("{}{outcome}", row.what);
    };
    if let Some((from, to)) = row.what.split_once(&format!(" {} ", glyphs().becomes)) {
        let is = if to.ends_with('?') { "says itself that it is" } else { "is" };
        return format!("{peer} {is} {} now, it was {from}", to.trim_end_matches('?'));
    }
    let status = if row.outcome.is_empty() { String::new() } else { format!("; it is {}", row.outcome) };
    format!("{peer} {}{status}", row.what)
}

/// The start of a message.
pub(super) fn text(message: &Message) -> String {
    spelt(&preview(message), MESSAGE)
}

/// How a command went.
pub(super) fn reply(done: Result<String, String>) -> String {
    match done {
        Ok(done) => format!("{}.", begun(&done)),
        Err(reason) => format!("It did not work: {reason}."),
    }
}

/// A text as the beginning of a sentence. Names such as `tower:8080` stay as they are.
fn begun(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default().trim_end_matches([',', ';']);
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) { capitalized(text) } else { text.to_owned() }
}

/// A text with a capital letter at its start.
pub(super) fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// How the reading of lists of peers went.
pub(super) fn peers_read(read: Result<Vec<Reading>, String>) -> Vec<String> {
    let readings = match read {
        Ok(readings) => readings,
        Err(reason) => return vec![reply(Err(reason))],
    };
    let bad_lines = readings.iter().flat_map(Reading::bad_lines).map(|line| format!("{line}."));
    bad_lines.chain([reply(peer_list::summary(&readings))]).collect()
}

/// How many peers there are of each status.
pub(super) fn peers(counts: &PeerCounts) -> String {
    let counted = Status::ALL.into_iter().map(|status| (status, counts.of(status)));
    let counted: Vec<_> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{count} {}{}", status.name(), by_word(status, counts)))
        .collect();
    if counted.is_empty() {
        return "No peers yet. :announce HOST:PORT makes this node known to one.".to_owned();
    }
    format!("{}: {}.", number(counts.total(), "peer"), counted.join(", "))
}

/// How many of the alive are so by their word alone.
fn by_word(status: Status, counts: &PeerCounts) -> String {
    match (status, counts.claimed) {
        (Status::Alive, 1..) => format!(" ({} by their word alone)", counts.claimed),
        _ => String::new(),
    }
}

/// What a limit is, how much of it is used and how often it was met; `None` where nothing is known of it.
pub(super) fn limit(row: &limits::Row) -> Option<String> {
    let parts = [
        row.set.clone(),
        row.used.as_ref().map(|used| format!("{used} used")),
        row.met.filter(|met| *met > 0).map(times_met),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Limit on {}: {}.", row.what, parts.join("; ")))
}

fn times_met(met: u64) -> String {
    if met == 1 { "met once".to_owned() } else { format!("met {met} times") }
}

/// How much of what is here came from a place.
pub(super) fn place(share: &PlaceShare) -> String {
    format!("From {}.", limits::place(share))
}

/// Whose connections are closed, if anybody's are.
pub(super) fn ignored(remotes: &[IpAddr]) -> Option<String> {
    let listed: Vec<_> = remotes.iter().take(MOST_LISTED).map(ToString::to_string).collect();
    let others = remotes.len() - listed.len();
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    (!listed.is_empty()).then(|| format!("Connections are ignored from {}{others}.", listed.join(", ")))
}

/// A peer in brief.
pub(super) fn described(peer: &Peer, now: Now) -> String {
    let age = format::age(peer.age(now));
    let round_trip = peer.round_trip.map(|time| format!(", round trip {}", format::round_trip(time)));
    let says = if peer.is_claim() { ", as it says itself; it has not answered us" } else { "" };
    format!("{}, {} for {age}{says}{}.", peer.address, peer.status, round_trip.unwrap_or_default())
}

/// How many messages wait.
pub(super) fn queue(overview: &Overview) -> String {
    let on_their_way = match overview.in_flight {
        0 => String::new(),
        number => format!(", {number} on their way"),
    };
    format!("{} in the queue{on_their_way}.", number(overview.queued, "message"))
}

/// A message that waits.
pub(super) fn queued(queued: &QueuedMessage, now: Now) -> String {
    format!("Waiting, {}", waiting(queued, now))
}

/// How many messages are held, and by which filter, if by one.
pub(super) fn held(count: usize, rule: Option<&str>) -> String {
    let rule = rule.map(|rule| format!(" What comes is held if {rule}.")).unwrap_or_default();
    format!("{} held.{rule}", number(count, "message"))
}

/// A message that is held.
pub(super) fn held_message(held: &HeldMessage, now: Now) -> String {
    let by = match held.by {
        HeldBy::Hand => "by hand",
        HeldBy::Rule => "by the filter",
        HeldBy::Refused => "because peers refused it",
    };
    format!("Held {by}, {}", waiting(&held.queued, now))
}

/// A message that keeps coming back.
pub(super) fn returned(life: &Biography, now: Now) -> String {
    let ago = format::age(now.uptime.saturating_sub(life.last.uptime));
    let every = life.interval().map(|interval| format!(", every {}", format::span(interval)));
    let every = every.unwrap_or_default();
    format!("{} visits{every}, the last {ago} ago: {}.", life.visits, text(&life.message))
}

fn waiting(queued: &QueuedMessage, now: Now) -> String {
    let age = format::age(now.uptime.saturating_sub(Duration::from_millis(queued.since_ms)));
    let visits = if queued.visits > 1 { format!(", visit {}", queued.visits) } else { String::new() };
    format!("number {}: {}{visits}, here for {age}.", queued.id, text(&queued.message))
}

/// The answer to `:help`.
pub(super) fn help() -> Vec<String> {
    let mut sentences = vec!["A line is a message. A line that starts with a colon is a command:".to_owned()];
    let is_here = |spec: &&Spec| spec.scope == Scope::Anywhere || ALSO_HERE.contains(&spec.name);
    sentences.extend(COMMANDS.iter().filter(is_here).map(explained));
    sentences.push("::text: send the message \":text\".".to_owned());
    sentences
}

/// The answer to `:help` in a replay.
pub(super) fn help_in_replay() -> Vec<String> {
    let is_here = |spec: &&Spec| {
        let name = spec.name;
        let is_asking = ALSO_HERE.contains(&name) && name != "undo";
        OF_REPLAY.contains(&name) || ALSO_IN_REPLAY.contains(&name) || is_asking
    };
    COMMANDS.iter().filter(is_here).map(explained).collect()
}

fn explained(spec: &Spec) -> String {
    format!("{}: {}.", spec.usage(), does(spec))
}

/// Here there is nowhere to go.
fn does(spec: &Spec) -> &'static str {
    match spec.name {
        "peers" => "tell who the peers are",
        "queue" => "tell what waits to be sent",
        "traffic" => "tell the last of what happened",
        "filter" => "tell only the traffic that it admits, or all of it without one",
        "held" => "tell what is held",
        "overhead" => "tell the messages that keep coming back",
        "open" => {
            "tell all of what is selected; with a NUMBER or HOST:PORT behind it, of that message or peer"
        }
        "biography" => "tell the life of the selected message; with a NUMBER behind it, of that one",
        "why" => "tell when the next message goes and how the receivers are chosen",
        "charts" => "tell how much came and went a second, and how long it took",
        "stations" => "tell the stations and how much came for each",
        "hold-still" => "tell nothing of what happens, or tell it again",
        "more" => "tell the next of a list that was too long",
        "up" => "tell the one before in the list, and select it",
        "down" => "tell the next in the list, and select it",
        "page-up" => "tell those before in the list",
        "top" => "tell the first in the list, and select it",
        "bottom" => "tell the last in the list, and select it",
        "limits" => "tell what is taken and done at most, how much of it is used and how often it was met",
        "help" => "list the commands",
        _ => spec.does.strip_prefix("in a replay: ").unwrap_or(spec.does),
    }
}

/// The question before leaving.
pub(super) fn question(at_stake: AtStake) -> String {
    let here = at_stake.all();
    let (messages, they, object) =
        if here == 1 { ("message is", "it", "it") } else { ("messages are", "they", "them") };
    let hand_on = match at_stake {
        AtStake { is_anybody_there: false, .. } => "Type ".to_owned(),
        AtStake { held: 0, .. } => format!("Type h to hand {object} on first, "),
        AtStake { waiting: 0, .. } => "Type a to hand on what is held first, ".to_owned(),
        AtStake { held, .. } => {
            format!("Type h to hand {object} on first except {held} held, a to hand on all, ")
        }
    };
    format!(
        "{here} {messages} only here, and {they} would be lost. Leave? {hand_on}y to leave, anything else to stay."
    )
}

/// Messages are handed on before the end.
pub(super) fn handing_on(messages: usize, within: Duration) -> String {
    let messages = number(messages, "message");
    format!("Handing on {messages}, for {} seconds at most. :quit! leaves at once.", within.as_secs())
}

/// How that went.
pub(super) fn handed_on(told: &str) -> String {
    format!("{}.", capitalized(told))
}

fn number(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_alive_it_is_told_how_many_are_so_by_their_word_alone() {
        for (claimed, told) in [
            (0, "13 peers: 2 new, 10 alive, 1 lost."),
            (4, "13 peers: 2 new, 10 alive (4 by their word alone), 1 lost."),
        ] {
            let counts = PeerCounts { new: 2, alive: 10, claimed, lost: 1, ..PeerCounts::default() };
            assert_eq!(peers(&counts), told);
        }
    }
}
