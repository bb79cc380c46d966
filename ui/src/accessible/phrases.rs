//! The sentences of the accessible mode. They can contain text of peers, so they are sanitized when they are written.

use std::{fmt::Display, net::IpAddr, time::Duration};

use clacks_feed::{
    Direction, Key,
    description::{Description, Kind, Role, Tone},
};
use clacks_language::command::{
    Known,
    table::{Availability, COMMANDS},
};
use clacks_p2p::{
    Message,
    core::{HeldBy, HeldMessage, Now, Peer, PeerCounts, QueuedMessage, Status},
    node::Overview,
};
use clacks_p2p_feed::UnsentCounts;
use clacks_p2p_panes::message_history::life::MessageHistory;
use clacks_panes::PaneSpec;
use clacks_session::traffic::row::Row;
use clacks_text::{
    charset::Charset,
    fit::{clock, preview},
    format,
    sanitize::sanitize_unpadded,
    value::Names,
};
use jiff::tz::TimeZone;

use crate::peer_list::{self, PeerListsError, Reading};

/// Maximum number of ignored addresses in a sentence.
const MOST_LISTED: usize = 30;
/// Maximum width of a message in a sentence, in columns.
const MESSAGE: usize = 160;
/// Maximum width of what happened in a sentence, in columns. The reason of a failure can be long.
const MAX_WHAT: usize = 1000;
/// Commands that the accessible mode has in addition to those of `clacks node`.
const ALSO_HERE: [&str; 21] = [
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
    "next-pane",
    "previous-pane",
    "hold-still",
    "undo",
];
/// Commands that only a replay has.
const OF_REPLAY: [&str; 4] = ["pause", "step", "speed", "jump"];
/// Commands of a node that a replay has as well.
const ALSO_IN_REPLAY: [&str; 7] = ["peers", "queue", "list", "limits", "held", "help", "quit"];

/// The sentence for a traffic row.
pub(crate) fn traffic_row(row: &Row, names: &Names, zone: &TimeZone, charset: Charset) -> String {
    let line = &row.line;
    let peer = line.peer.as_ref().map_or("somebody", |peer| name_of(peer, names));
    let text = || row.preview(MESSAGE).map(|start| sanitize_unpadded(&start, MESSAGE, charset));
    let what = row.what_naming(Some(names), MAX_WHAT, charset);
    let what = what.as_str();
    let said = match (line.direction, line.tone, text()) {
        (Direction::In, Tone::Bad, text) => {
            let from = row.remote().map(|remote| format!(" (from {remote})")).unwrap_or_default();
            let text = text.map(|text| format!(": {text}")).unwrap_or_default();
            format!("from {peer}, {}: {what}{from}{text}", result(row, charset))
        }
        (Direction::In, _, Some(text)) => {
            format!("in from {peer}: {}, {}", without_stop(text), result(row, charset))
        }
        (Direction::In, _, None) => format!("{what} from {peer}"),
        (Direction::Out, Tone::Bad, Some(text)) => format!("not taken by {peer}, {what}: {text}"),
        (Direction::Out, Tone::Bad, None) => format!("not taken by {peer}, {what}"),
        (Direction::Out, _, Some(text)) => {
            format!("out to {peer}: {}, {}", without_stop(text), result(row, charset))
        }
        (Direction::Out, _, None) => format!("{what} to {peer}, {}", result(row, charset)),
        (Direction::Own, _, text) => {
            format!("own message {}: {}", result(row, charset), text.unwrap_or_default())
        }
        (Direction::Note, _, Some(text)) => {
            format!("message from {peer} {}: {text}", result(row, charset))
        }
        (Direction::Note, _, None) => event_text(row, names, what, charset),
    };
    as_sentence(format!("{} {said}", &clock(row.now.unix_ms, zone)[..5]))
}

/// The name of a peer, or else its key.
fn name_of<'a>(peer: &'a Key, names: &'a Names) -> &'a str {
    names.get(peer).map_or_else(|| peer.untrusted(), String::as_str)
}

/// The outcome with its numbers: `delivered in 12 ms`, `queued, 42 visits`. A success has only its duration.
fn result(row: &Row, charset: Charset) -> String {
    let mut text = sanitize_unpadded(row.line.outcome.untrusted(), MESSAGE, charset);
    for fact in row.facts(charset).iter().filter(|fact| !fact.is_word) {
        if fact.field.kind == Kind::Took {
            text = format!("{text} in {}", fact.text);
        } else if row.line.tone != Tone::Good {
            text = format!("{text}, {}", fact.text);
        }
    }
    text
}

/// The text for an event without a message.
fn event_text(row: &Row, names: &Names, what: &str, charset: Charset) -> String {
    let result = result(row, charset);
    let Some(peer) = &row.line.peer else {
        return if result.is_empty() { what.to_owned() } else { format!("{what}: {result}") };
    };
    let (peer, status) = (name_of(peer, names), status_text(row));
    if let Some(was) = row.previous_status() {
        let status = status.unwrap_or(result);
        return format!("{peer} is {status} now, it was {was}");
    }
    match status.filter(|_| is_status(row)) {
        Some(status) => format!("{peer} {what}; it is {status}"),
        None if result.is_empty() => format!("{peer} {what}"),
        None => format!("{peer} {what}; {result}"),
    }
}

/// The statuses of the peer: `alive`, `alive (claimed)`.
fn status_text(row: &Row) -> Option<String> {
    let mut statuses = row.statuses();
    let main = statuses.next()?;
    let others: Vec<_> = statuses.collect();
    Some(if others.is_empty() { main.to_owned() } else { format!("{main} ({})", others.join(", ")) })
}

/// Whether the outcome is the name of a status of the peer.
fn is_status(row: &Row) -> bool {
    row.statuses().any(|status| status == row.line.outcome.untrusted())
}

/// The start of a message.
pub(crate) fn text(message: &Message, charset: Charset) -> String {
    sanitize_unpadded(&preview(message.as_json()), MESSAGE, charset)
}

/// A text with a full stop, unless it ends with another end mark.
pub(crate) fn as_sentence(text: impl Into<String>) -> String {
    let mut text = text.into();
    if !text.ends_with(['.', '!', '?', '\u{2026}']) {
        text.push('.');
    }
    text
}

/// The start of a message inside a sentence, without a full stop at its end.
fn inline_text(message: &Message, charset: Charset) -> String {
    without_stop(text(message, charset))
}

/// A text inside a sentence, without a full stop at its end.
fn without_stop(text: String) -> String {
    match text.strip_suffix('.') {
        Some(start) if !start.ends_with('.') => start.to_owned(),
        _ => text,
    }
}

/// The result of a command.
pub(crate) fn reply(result: Result<String, impl Display>) -> String {
    match result {
        Ok(text) => done(&text),
        Err(reason) => as_sentence(format!("It did not work: {reason}")),
    }
}

/// The result of a command that succeeded.
pub(crate) fn done(text: &str) -> String {
    as_sentence(as_sentence_start(text))
}

/// Capitalizes the first word, unless it is a name such as `tower:8080`.
fn as_sentence_start(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default().trim_end_matches([',', ';']);
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) { capitalized(text) } else { text.to_owned() }
}

/// Capitalizes the first letter.
pub(crate) fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// The results of reading lists of peers.
pub(crate) fn peers_read(read: Result<Vec<Reading>, PeerListsError>) -> Vec<String> {
    let readings = match read {
        Ok(readings) => readings,
        Err(reason) => return vec![reply(Err(reason))],
    };
    let bad_lines = readings.iter().flat_map(Reading::bad_lines).map(as_sentence);
    bad_lines.chain([reply(peer_list::summary(&readings))]).collect()
}

/// The number of peers by status.
pub(crate) fn peers(counts: &PeerCounts) -> String {
    let counted = Status::ALL.into_iter().map(|status| (status, counts.of(status)));
    let counted: Vec<_> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(status, count)| format!("{count} {}{}", status.name(), unverified_note(status, counts)))
        .collect();
    if counted.is_empty() {
        return "No peers yet. :announce HOST:PORT makes this node known to one.".to_owned();
    }
    format!("{}: {}.", number(counts.total(), "peer"), counted.join(", "))
}

/// The number of alive peers with an unverified status.
fn unverified_note(status: Status, counts: &PeerCounts) -> String {
    match (status, counts.unverified) {
        (Status::Alive, 1..) => format!(" ({} by their word alone)", counts.unverified),
        _ => String::new(),
    }
}

/// The ignored remote addresses; `None` if there are none.
pub(crate) fn ignored(remotes: &[IpAddr]) -> Option<String> {
    let listed: Vec<_> = remotes.iter().take(MOST_LISTED).map(ToString::to_string).collect();
    let others = remotes.len() - listed.len();
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    (!listed.is_empty()).then(|| format!("Connections are ignored from {}{others}.", listed.join(", ")))
}

/// A peer in one sentence.
pub(crate) fn peer_line(peer: &Peer, now: Now) -> String {
    let age = format::age(peer.age(now));
    let round_trip = peer.round_trip.map(|time| format!(", round trip {}", format::round_trip(time)));
    let says = if peer.is_unverified() { ", as it says itself; it has not answered us" } else { "" };
    format!("{}, {} for {age}{says}{}.", peer.address, peer.status, round_trip.unwrap_or_default())
}

/// The length of the queue.
pub(crate) fn queue(overview: &Overview) -> String {
    let on_their_way = match overview.in_flight {
        0 => String::new(),
        number => format!(", {number} on their way"),
    };
    format!("{} in the queue{on_their_way}.", number(overview.queued, "message"))
}

/// A queued message.
pub(crate) fn queued(queued: &QueuedMessage, now: Now, charset: Charset) -> String {
    format!("Waiting, {}", waiting(queued, now, charset))
}

/// The number of held messages, and the hold filter.
pub(crate) fn held(count: usize, rule: Option<&str>) -> String {
    let rule = rule.map(|rule| as_sentence(format!(" What comes is held if {rule}"))).unwrap_or_default();
    format!("{} held.{rule}", number(count, "message"))
}

/// A held message.
pub(crate) fn held_message(held: &HeldMessage, now: Now, charset: Charset) -> String {
    format!("Held {}, {}", held_by(&held.by), waiting(&held.queued, now, charset))
}

/// Why a message is held.
pub(crate) fn held_by(by: &HeldBy) -> String {
    match by {
        HeldBy::Hand => "by hand".to_owned(),
        HeldBy::Rule => "by the filter".to_owned(),
        HeldBy::Refused => "because peers refused it".to_owned(),
        HeldBy::Plugin(hold) => match &hold.reason {
            Some(reason) => format!("by the plugin {} ({reason})", hold.plugin),
            None => format!("by the plugin {}", hold.plugin),
        },
    }
}

/// A message that returns repeatedly.
pub(crate) fn returned(life: &MessageHistory, now: Now, charset: Charset) -> String {
    let ago = format::age(now.uptime.saturating_sub(life.last.uptime));
    let every = life.interval().map(|interval| format!(", every {}", format::span(interval)));
    let every = every.unwrap_or_default();
    as_sentence(format!(
        "{} visits{every}, the last {ago} ago: {}",
        life.visits,
        text(&life.message, charset)
    ))
}

fn waiting(queued: &QueuedMessage, now: Now, charset: Charset) -> String {
    let age = format::age(now.uptime.saturating_sub(Duration::from_millis(queued.since_ms)));
    let visits = if queued.visits > 1 { format!(", visit {}", queued.visits) } else { String::new() };
    format!("number {}: {}{visits}, here for {age}.", queued.id, inline_text(&queued.message, charset))
}

/// The answer to `:help`.
pub(crate) fn help(network: &Description) -> Vec<String> {
    let mut sentences = vec!["A line is a message. A line that starts with a colon is a command:".to_owned()];
    for known in commands(network) {
        // Which items they list depends on the network.
        let role = match known.name() {
            "peers" => Some(Role::Peers),
            "queue" => Some(Role::Messages),
            _ => None,
        };
        let listed = role.filter(|_| network.network != "clacks").and_then(|role| first_list(network, role));
        sentences.push(match listed {
            Some(many) => as_sentence(format!("{}: list the {many}", known.usage())),
            None => command_help(known),
        });
    }
    sentences.push("::text: send the message \":text\".".to_owned());
    sentences
}

/// What the items of the first list of this role are called.
fn first_list(network: &Description, role: Role) -> Option<&str> {
    network.lists.iter().find(|list| list.role == role).map(|list| list.many.as_str())
}

/// A view of a network with its description.
pub(crate) fn view_help(view: &PaneSpec) -> String {
    let help = view.help.strip_prefix("show ").unwrap_or(view.help);
    as_sentence(format!(":{}: tell {help}", view.name))
}

/// The answer to `:help` in a replay.
pub(crate) fn help_in_replay() -> Vec<String> {
    commands_of_replay().into_iter().map(command_help).collect()
}

/// The commands of the accessible mode at a node of this network.
pub(crate) fn commands(network: &Description) -> Vec<Known<'_>> {
    let own = Known::all(network).filter(|known| matches!(known, Known::Node(_)));
    let face = COMMANDS
        .iter()
        .filter(|spec| spec.scope == Availability::Everywhere || ALSO_HERE.contains(&spec.name))
        .filter(|spec| spec.is_for(network));
    own.chain(face.map(Known::Face)).collect()
}

/// The commands of a replay in the accessible mode.
pub(crate) fn commands_of_replay() -> Vec<Known<'static>> {
    let is_here = |name| {
        let is_asking = ALSO_HERE.contains(&name) && name != "undo";
        OF_REPLAY.contains(&name) || ALSO_IN_REPLAY.contains(&name) || is_asking
    };
    COMMANDS.iter().filter(|spec| is_here(spec.name)).map(Known::Face).collect()
}

/// A command with its argument and description.
pub(crate) fn command_help(known: Known<'_>) -> String {
    as_sentence(format!("{}: {}", known.usage(), description(known)))
}

/// The description of a command. It differs from the screen's where that moves a focus.
fn description(known: Known<'_>) -> &str {
    match known.name() {
        "peers" => "list the peers",
        "queue" => "list the messages, in clacks those in the queue",
        "traffic" => "list the latest traffic",
        "filter" => "tell only the traffic that matches FILTER; without FILTER, tell all of it",
        "held" => "list the held messages",
        "list" => "tell the list of the network with this name",
        "overhead" => "list the messages that keep coming back",
        "open" => "tell the selected item in full; with NUMBER, HOST:PORT or another key, that item",
        "biography" => "tell the history of the selected message; with NUMBER, of that message",
        "why" => "tell when the next message is sent and how its receiver is chosen",
        "charts" => "tell how many messages per second came and went, and the round-trip times",
        "stations" => "list the stations and how much traffic each has had",
        "hold-still" => "stop telling what happens, or tell it again",
        "more" => "continue a long list",
        "up" => "select and tell the previous item of the list",
        "down" => "select and tell the next item of the list",
        "page-up" => "tell the previous items of the list",
        "top" => "select and tell the first item of the list",
        "next-pane" => "go to the next list",
        "previous-pane" => "go to the previous list",
        "edit" => "change the text of a queued or held message; without TEXT, tell its present text",
        "bottom" => "select and tell the last item of the list",
        "limits" => "tell each limit, how much of it is used, and how often it was reached",
        "help" => "list the available commands",
        _ => known.help().strip_prefix("in a replay: ").unwrap_or(known.help()),
    }
}

/// The question before a node is stopped that may not be stopped, for this reason.
pub(crate) fn question_because(reason: &str) -> String {
    format!("{} Leave? Type y to leave, anything else to stay.", as_sentence(capitalized(reason)))
}

/// The question before the exit.
pub(crate) fn question(unsent: UnsentCounts) -> String {
    let here = unsent.all();
    let (messages, they, object) =
        if here == 1 { ("message is", "it", "it") } else { ("messages are", "they", "them") };
    let hand_on = match unsent {
        UnsentCounts { is_anybody_there: false, .. } => "Type ".to_owned(),
        UnsentCounts { held: 0, .. } => format!("Type h to hand {object} on first, "),
        UnsentCounts { waiting: 0, .. } => "Type a to hand on what is held first, ".to_owned(),
        UnsentCounts { held, .. } => {
            format!("Type h to hand {object} on first except {held} held, a to hand on all, ")
        }
    };
    format!(
        "{here} {messages} only here, and {they} would be lost. Leave? {hand_on}y to leave, anything else to stay."
    )
}

/// The start of a drain.
pub(crate) fn draining(messages: usize, within: Duration) -> String {
    let messages = number(messages, "message");
    format!("Handing on {messages}, for {} seconds at most. :quit! leaves at once.", within.as_secs())
}

/// The result of a drain.
pub(crate) fn handed_on(texts: &str) -> String {
    as_sentence(capitalized(texts))
}

pub(crate) fn number(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

#[cfg(test)]
mod tests;
