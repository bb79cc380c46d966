//! Answers to queries, shared by a node and a replay.

use clacks_language::{
    command::{Command, ViewCommand, export_target::Target},
    saved_filter::{Number, Station, StationCommand, Stations},
};
use clacks_p2p::{
    Address, Message,
    core::{HeldBy, MessageId, Now, Peer},
    node::Overview,
};
use clacks_source::{
    facts,
    limits::{LimitSettings, MOST_PLACES, rows},
    lists::Lists,
    traffic::row::Row,
};
use clacks_text::{
    fit::{clock, preview},
    format,
};

use super::{
    not_here::not_here,
    reading::{Contents, Item, List, PAGE, Reading, find_message},
    sentences::{self, ended},
    teller::Narrator,
};

/// Number of traffic rows in an answer.
const ROWS: usize = 10;
/// Number of earlier sends in an answer.
const EARLIER_SENDS: usize = 5;
/// Maximum length of a message in an answer, in characters.
const LONGEST_MESSAGE: usize = 16_384;

/// The data for the answers.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) lists: &'a dyn Lists,
    pub(crate) now: Now,
    /// The configured limits; `None` in a replay, which has only the number of times that each was reached.
    pub(crate) settings: Option<&'a LimitSettings>,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) enum Answered {
    Told(Vec<String>),
    /// Write these rows to the file.
    Write(Target, Vec<Row>),
    /// The saved filters have changed.
    Stations(String, Stations),
    /// The command is no query.
    Other(ViewCommand),
}

/// Handles a line that names the item of its command: `:open 7`, `:open tower:8080`, `:biography 7`. Selects the item
/// and returns the command without the name; `None` for other lines.
pub(crate) fn select_named(
    line: &str,
    reading: &mut Reading,
    source: &Source<'_>,
) -> Option<Result<Command, String>> {
    let rest = line.strip_prefix(':')?.trim_start();
    let (name, argument) = rest.split_once(char::is_whitespace)?;
    let (argument, command) = match (name, argument.trim()) {
        (_, "") => return None,
        ("open", argument) => (argument, ViewCommand::Open),
        ("biography", argument) => (argument, ViewCommand::Biography),
        _ => return None,
    };
    Some(named(argument, source).map(|item| {
        reading.select(item);
        Command::View(command)
    }))
}

fn named(text: &str, source: &Source<'_>) -> Result<Item, String> {
    if let Ok(id) = text.parse::<MessageId>() {
        let is_here = find_message(id, source.lists).is_some();
        return if is_here { Ok(Item::Message(id)) } else { Err(not_found(id)) };
    }
    let address: Address = text
        .parse()
        .map_err(|error| format!("name a message by its number, or a peer as in tower:8080 ({error})"))?;
    let is_known = source.lists.peer(&address).is_some();
    if is_known { Ok(Item::Peer(address)) } else { Err(format!("{address} is not known")) }
}

fn not_found(id: MessageId) -> String {
    format!("{id} neither waits nor is held; a message that comes back has a new number")
}

/// Answers a query.
pub(crate) fn answer(
    command: ViewCommand,
    reading: &mut Reading,
    teller: &mut Narrator,
    source: &Source<'_>,
) -> Answered {
    let contents = Contents { lists: source.lists, teller, now: source.now };
    let told = match command {
        ViewCommand::Peers => peers(reading, &contents),
        ViewCommand::Queue => queue(reading, &contents),
        ViewCommand::Held => held(reading, &contents),
        ViewCommand::Traffic => traffic(reading, &contents),
        ViewCommand::Overhead => overhead(reading, &contents),
        ViewCommand::Move(step) => reading.step(step, &contents),
        ViewCommand::NextPane => turn(true, reading, &contents),
        ViewCommand::PreviousPane => turn(false, reading, &contents),
        ViewCommand::Open => open(reading, &contents),
        ViewCommand::Biography => biography(reading, &contents),
        ViewCommand::Why => why(&contents),
        ViewCommand::Charts => charts(&contents),
        ViewCommand::Limits => limits(source),
        ViewCommand::Stations => stations(teller),
        ViewCommand::Station(number, wish) => return station(number, wish, teller),
        ViewCommand::Filter(filter) => vec![teller.set_filter(filter)],
        ViewCommand::HoldStill => vec![teller.toggle_quiet()],
        ViewCommand::Write(target) => {
            return Answered::Write(target, teller.log().shown().cloned().collect());
        }
        other => match not_here(&other) {
            Some(reason) => vec![reason.to_owned()],
            None => return Answered::Other(other),
        },
    };
    Answered::Told(told)
}

// === Lists ===

fn turn(forwards: bool, reading: &mut Reading, contents: &Contents<'_>) -> Vec<String> {
    match List::next(reading.list(), forwards) {
        List::Peers => peers(reading, contents),
        List::Queue => queue(reading, contents),
        List::Held => held(reading, contents),
        List::Traffic => traffic(reading, contents),
        List::Overhead => overhead(reading, contents),
    }
}

fn peers(reading: &mut Reading, contents: &Contents<'_>) -> Vec<String> {
    let mut told = vec![sentences::peers(&contents.lists.overview().peers)];
    told.extend(reading.begin(List::Peers, PAGE, contents));
    told.extend(sentences::ignored(&contents.lists.ignored_remotes()));
    told
}

fn queue(reading: &mut Reading, contents: &Contents<'_>) -> Vec<String> {
    let overview = contents.lists.overview();
    let mut told = vec![sentences::queue(&overview), next_send(&overview, contents)];
    told.extend(reading.begin(List::Queue, PAGE, contents));
    told
}

fn held(reading: &mut Reading, contents: &Contents<'_>) -> Vec<String> {
    let rule = contents.lists.hold_rule();
    let mut told = vec![sentences::held(contents.lists.overview().held, rule.as_deref())];
    told.extend(reading.begin(List::Held, PAGE, contents));
    told
}

fn traffic(reading: &mut Reading, contents: &Contents<'_>) -> Vec<String> {
    let told = reading.begin(List::Traffic, ROWS, contents);
    match (told.is_empty(), contents.teller.log().total()) {
        (false, _) => told,
        (true, 0) => vec!["Nothing has come or gone yet.".to_owned()],
        (true, all) => vec![format!("None of {all} admits the filter; :filter alone takes it off.")],
    }
}

fn overhead(reading: &mut Reading, contents: &Contents<'_>) -> Vec<String> {
    let returned = contents.teller.memory.lives.returned();
    let told = match returned {
        0 => "No message has come back yet.".to_owned(),
        1 => "1 message came back.".to_owned(),
        count => format!("{count} messages came back, those with the most visits first."),
    };
    let mut told = vec![told];
    told.extend(reading.begin(List::Overhead, PAGE, contents));
    told
}

// === One peer or message ===

/// The answer if a command needs a selection and there is none.
const NOTHING_SELECTED: &str = "Nothing is selected. :peers, :queue, :held, :traffic and :overhead tell lists, :up and \
    :down go through them, and :open NUMBER or :open HOST:PORT names a message or a peer.";

fn open(reading: &Reading, contents: &Contents<'_>) -> Vec<String> {
    match reading.selected() {
        None => vec![NOTHING_SELECTED.to_owned()],
        Some(Item::Peer(address)) => match contents.lists.peer(address) {
            Some(peer) => peer_facts(&peer, contents),
            None => vec![format!("{address} is no longer known.")],
        },
        Some(Item::Message(id)) => message_facts(*id, contents),
        Some(Item::Row(number)) => match contents.teller.log().row(*number) {
            Some(row) => {
                let mut told = said(facts::message::fields_of_row(row, contents.teller.zone()));
                told.extend(row.message.as_ref().map(whole));
                told
            }
            None => vec!["That is forgotten by now; :traffic tells the last of what happened.".to_owned()],
        },
        Some(Item::Text(message)) => vec![whole(message)],
    }
}

fn peer_facts(peer: &Peer, contents: &Contents<'_>) -> Vec<String> {
    let memory = &contents.teller.memory;
    let age = format::age(peer.age(contents.now));
    let since = clock(peer.time, contents.teller.zone());
    let status = format!("{} for {age}, since {since}", format::status(peer));
    let known = memory.introductions.of(&peer.address).map(|introduced| {
        let age = format::age(contents.now.uptime.saturating_sub(introduced.at));
        facts::peer::introduced(&introduced.by, &age)
    });
    let share = memory.shares.of([&peer.address]).percent();
    let certificate = contents.lists.trusted_certificate(&peer.address);
    said(facts::peer::fields(peer, status, known, &share, certificate))
}

fn message_facts(id: MessageId, contents: &Contents<'_>) -> Vec<String> {
    let Some((queued, held)) = find_message(id, contents.lists) else {
        return vec![sentences::reply(Err(not_found(id)))];
    };
    let mut told = said(facts::message::fields(&queued, true, contents.now));
    told.extend(held.map(|by| match by {
        HeldBy::Hand => "It is held by hand.".to_owned(),
        HeldBy::Rule => "It is held by the filter.".to_owned(),
        HeldBy::Refused => "It is held because peers refused it.".to_owned(),
    }));
    told.push(whole(&queued.message));
    told
}

/// Formats names and values as sentences: `Round trip: 12 ms.`
fn said(fields: impl IntoIterator<Item = (&'static str, String)>) -> Vec<String> {
    let known = fields.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| ended(format!("{}: {value}", sentences::capitalized(name)))).collect()
}

/// The text of a message, cut at [`LONGEST_MESSAGE`].
fn whole(message: &Message) -> String {
    let text = message.as_text().unwrap_or_else(|| message.as_json_line().to_string());
    let told: String = text.chars().take(LONGEST_MESSAGE).collect();
    let rest = text.len() - told.len();
    let more = if rest > 0 { format!(" And {rest} bytes more.") } else { String::new() };
    ended(format!("Its text: {told}")) + &more
}

fn biography(reading: &Reading, contents: &Contents<'_>) -> Vec<String> {
    let Some(message) = reading.message(contents) else {
        return vec!["No message is selected; :biography NUMBER names one of :queue or :held.".to_owned()];
    };
    let Some(life) = contents.teller.memory.lives.of(&message) else {
        return vec![ended(format!(
            "Nothing is remembered of the message: {}",
            sentences::text(&message, contents.teller.charset())
        ))];
    };
    let mut told = vec![ended(format!(
        "The life of the message: {}",
        sentences::text(&message, contents.teller.charset())
    ))];
    told.extend(said(facts::life::summary(life, contents.now, contents.teller.zone())));
    let stays = life.passes.iter().rev().take(PAGE).map(|pass| {
        ended(format!(
            "Stay at {}: {}",
            clock(pass.came.unix_ms, contents.teller.zone()),
            facts::life::stay(pass)
        ))
    });
    told.extend(stays);
    told.extend(
        life.passes.len().checked_sub(PAGE + 1).map(|more| format!("And {} stays before.", more + 1)),
    );
    told
}

// === Sending ===

/// The time of the next send, its message and its possible receivers.
fn next_send(overview: &Overview, contents: &Contents<'_>) -> String {
    let rate = format!("At most {} a second are sent", a_second(overview.send_rate));
    let Some(at) = overview.next_send.filter(|_| overview.queued > 0) else {
        // A command in braces can be typed. In the accessible mode a message is written without `:say`.
        let idle = facts::choice::idle(overview).replace(" ({:say} writes a message)", "");
        return ended(format!("{rate}. Next: {}", idle.replace(['{', '}'], "")));
    };
    let wait = format::span(at.saturating_sub(contents.now.uptime));
    let odds = facts::choice::odds(&overview.free_peers, overview.verified_only);
    let head = contents.lists.queue_window(0..1).pop();
    let text = head
        .map(|head| format!(": {}", sentences::text(&head.message, contents.teller.charset())))
        .unwrap_or_default();
    ended(format!("{rate}. The next goes in {wait} to {odds}{text}"))
}

/// A number per second, without the unit.
fn a_second(rate: f64) -> String {
    let told = format::rate(rate);
    told.strip_suffix("/s").unwrap_or(&told).to_owned()
}

fn why(contents: &Contents<'_>) -> Vec<String> {
    let mut told = vec![next_send(&contents.lists.overview(), contents)];
    let mut sends = contents.teller.memory.sends.newest_first();
    let zone = contents.teller.zone();
    let Some(last) = sends.next() else {
        told.push("Nothing has been sent yet.".to_owned());
        return told;
    };
    let time = clock(last.when.unix_ms, zone);
    told.push(ended(format!(
        "The last went at {time} to {}: {}",
        last.to,
        sentences::text(&last.message, contents.teller.charset())
    )));
    told.push(ended(format!("Why there: {}", facts::choice::reason(&last.choice))));
    told.push(ended(format!("What came of it: {}", facts::choice::outcome(last))));
    let earlier = sends.take(EARLIER_SENDS).map(|send| {
        let time = clock(send.when.unix_ms, zone);
        ended(format!("Before that, at {time} to {}: {}", send.to, facts::choice::outcome(send)))
    });
    told.extend(earlier);
    told
}

/// Message rates and round-trip times.
fn charts(contents: &Contents<'_>) -> Vec<String> {
    let overview = contents.lists.overview();
    let trends = &contents.teller.memory.trends;
    let mut told = vec![next_send(&overview, contents)];
    for (seconds, name) in [(10, "10 seconds"), (60, "minute"), (600, "10 minutes")] {
        let (received, delivered, failed) = trends.mean(seconds);
        told.push(format!(
            "A second in the last {name}: {} in, {} out, {} failed.",
            a_second(received),
            a_second(delivered),
            a_second(failed)
        ));
    }
    let times = trends.round_trips();
    let of = |percent| times.percentile(percent).map(format::round_trip);
    told.push(match (of(50), of(90)) {
        (Some(half), Some(_)) if times.len() == 1 => format!("The only delivery of late took {half}."),
        (Some(half), Some(most)) => {
            format!(
                "Of the last {} deliveries half took {half} at most, and 9 of 10 took {most}.",
                times.len()
            )
        }
        _ => "Nothing was delivered yet.".to_owned(),
    });
    let counters = overview.counters;
    told.push(format!(
        "Since the start: {} in, {} out, {} failed, {} refused.",
        counters.received, counters.delivered, counters.failed, counters.refused
    ));
    let missed = contents.teller.log().missed;
    told.extend((missed > 0).then(|| format!("Missed: {}.", sentences::number(missed as usize, "event"))));
    told
}

fn limits(source: &Source<'_>) -> Vec<String> {
    let rows = rows(source.settings, &source.lists.overview(), source.lists.connections());
    let mut told: Vec<_> = rows.iter().filter_map(sentences::limit).collect();
    if source.settings.is_none() {
        told.insert(0, "What the limits were set to is not recorded; how often they were met is.".to_owned());
    }
    told.extend(source.lists.places(MOST_PLACES).0.iter().map(sentences::place));
    let ignored = sentences::ignored(&source.lists.ignored_remotes());
    told.push(ignored.unwrap_or_else(|| "No remote address is ignored.".to_owned()));
    told
}

// === Stations ===

fn stations(teller: &Narrator) -> Vec<String> {
    let told: Vec<_> = teller
        .memory
        .listening
        .iter()
        .map(|(number, station, hits)| {
            let came = match hits {
                0 => "nothing came for it".to_owned(),
                1 => "1 came for it".to_owned(),
                hits => format!("{hits} came for it"),
            };
            format!("Station {number}: {station}, {came}.")
        })
        .collect();
    if told.is_empty() {
        return vec!["There are no stations; :station 1 FILTER makes one.".to_owned()];
    }
    told
}

fn station(number: Number, wish: StationCommand, teller: &mut Narrator) -> Answered {
    let known: Option<Station> = teller.memory.listening.get(number).cloned();
    let (told, station) = match (wish, known) {
        (StationCommand::Save(station), _) => (format!("station {number} is {station}"), Some(station)),
        (_, None) => {
            let reason = format!("there is no station {number}; :station {number} FILTER makes one");
            return Answered::Told(vec![sentences::reply(Err(reason))]);
        }
        (StationCommand::Clear, Some(_)) => (format!("station {number} is free"), None),
        (StationCommand::Tune, Some(station)) => {
            teller.memory.listening.forget_hits(number);
            let is_on = teller.log().filter() == Some(&station.filter);
            return Answered::Told(vec![teller.set_filter((!is_on).then_some(station.filter))]);
        }
    };
    teller.memory.listening.set(number, station);
    Answered::Stations(sentences::reply(Ok(told)), teller.memory.listening.changed().clone())
}

/// The text of a message, and how to change it.
pub(crate) fn edit(id: MessageId, source: &Source<'_>) -> Vec<String> {
    match find_message(id, source.lists) {
        Some((queued, _)) => vec![
            ended(format!("Message {id} is now: {}", preview(&queued.message))),
            format!("Write the new text behind the number, as in :edit {id} TEXT."),
        ],
        None => vec![sentences::reply(Err(not_found(id)))],
    }
}
