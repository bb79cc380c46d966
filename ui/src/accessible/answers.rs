//! Answers to queries, shared by a node and a replay.

use clacks_language::{
    command::{Command, ViewCommand, export_target::Target},
    saved_filter::{Number, Station, StationCommand, Stations},
    traffic_filter::FilterText,
};
use clacks_p2p::{
    Address, Message,
    core::{MessageId, Now, Peer},
    node::Overview,
};
use clacks_p2p_feed::{figures::figures_of_overview, settings::NodeSettings};
use clacks_p2p_panes::facts;
use clacks_session::traffic::{fields::fields_of_row, row::Row};
use clacks_text::{
    fit::{clock, preview},
    format,
};

use crate::networks::MOST_ORIGINS;

use super::{
    any_network, limits,
    list_cursor::{Item, List, ListContext, ListCursor, PAGE},
    lists::Lists,
    narrator::Narrator,
    phrases::{self, as_sentence},
    unsupported::unsupported,
};

/// Number of traffic rows in an answer.
const ROWS: usize = 10;
/// Number of earlier sends in an answer.
const EARLIER_SENDS: usize = 5;
/// Maximum length of a message in an answer, in characters.
const LONGEST_MESSAGE: usize = 16_384;

/// The data for the answers.
#[derive(Clone, Copy)]
pub(crate) struct QueryContext<'a> {
    pub(crate) lists: &'a Lists,
    pub(crate) now: Now,
    /// The configured limits; `None` in a replay, which has only the number of times that each was reached.
    pub(crate) settings: Option<&'a NodeSettings>,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) enum Answer {
    Sentences(Vec<String>),
    /// Write these rows to the file.
    Write(Target, Vec<Row>),
    /// The saved filters have changed.
    Stations(String, Stations),
    /// The command is no query.
    NotAQuery(ViewCommand),
}

/// Handles a line that names a view of the network, such as `:checks`, or the item of its command: `:open 7`,
/// `:open tower:8080`, `:biography 7`. Selects the item and returns the command without the name; `None` for other lines.
pub(crate) fn select_item(
    line: &str,
    (cursor, narrator): (&mut ListCursor, &Narrator),
    source: &QueryContext<'_>,
) -> Option<Result<Command, String>> {
    let rest = line.strip_prefix(':')?.trim_start();
    if let Some((_, view)) = narrator.view_named(rest.trim_end()) {
        return Some(Ok(Command::View(ViewCommand::Pane(view.name))));
    }
    let (name, argument) = rest.split_once(char::is_whitespace)?;
    let (argument, command) = match (name, argument.trim()) {
        (_, "") => return None,
        ("open", argument) => (argument, ViewCommand::Open),
        ("biography", argument) => (argument, ViewCommand::Pane("biography")),
        _ => return None,
    };
    Some(parse_item(argument, source).map(|item| {
        cursor.select(item);
        Command::View(command)
    }))
}

fn parse_item(text: &str, source: &QueryContext<'_>) -> Result<Item, String> {
    if !source.lists.is_clacks() {
        return any_network::item(text, source.lists);
    }
    if let Ok(id) = text.parse::<MessageId>() {
        let is_here = source.lists.message(id).is_some();
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
    cursor: &mut ListCursor,
    narrator: &mut Narrator,
    source: &QueryContext<'_>,
) -> Answer {
    let context = ListContext { lists: source.lists, narrator, now: source.now };
    if !source.lists.is_clacks()
        && let Some(texts) = any_network::answer(&command, cursor, &context)
    {
        return Answer::Sentences(texts);
    }
    let texts = match command {
        ViewCommand::Peers => peers(cursor, &context),
        ViewCommand::Queue => queue(cursor, &context),
        ViewCommand::Held => held(cursor, &context),
        ViewCommand::List(name) => match name.as_str() {
            "peers" => peers(cursor, &context),
            "queue" => queue(cursor, &context),
            "held" => held(cursor, &context),
            name => any_network::named(name, cursor, &context),
        },
        ViewCommand::Traffic => traffic(cursor, &context),
        ViewCommand::Pane("overhead") => overhead(cursor, &context),
        ViewCommand::Move(step) => cursor.step(step, &context),
        ViewCommand::NextPane => cycle_list(true, cursor, &context),
        ViewCommand::PreviousPane => cycle_list(false, cursor, &context),
        ViewCommand::Open => open(cursor, &context),
        ViewCommand::Pane("biography") => biography(cursor, &context),
        ViewCommand::Pane("why") => why(&context),
        ViewCommand::Charts => charts(&context),
        ViewCommand::Limits => limits_now(source),
        ViewCommand::Stations => stations(narrator),
        ViewCommand::Station(number, command) => return station(number, command, narrator),
        ViewCommand::Filter(filter) => vec![set_filter(narrator, filter)],
        ViewCommand::HoldStill => vec![narrator.toggle_quiet()],
        ViewCommand::Write(target) => {
            return Answer::Write(target, narrator.log().shown().cloned().collect());
        }
        other => match unsupported(&other) {
            Some(reason) => vec![reason.to_owned()],
            None => return Answer::NotAQuery(other),
        },
    };
    Answer::Sentences(texts)
}

// === Lists ===

fn cycle_list(forwards: bool, cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    match List::next(&List::OF_CLACKS, cursor.list(), forwards) {
        List::Peers => peers(cursor, context),
        List::Queue => queue(cursor, context),
        List::Held => held(cursor, context),
        List::Traffic => traffic(cursor, context),
        List::Overhead => overhead(cursor, context),
        List::Rows(list) => any_network::list(list, cursor, context),
    }
}

fn peers(cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let Some(overview) = context.lists.overview() else { return Vec::new() };
    let mut texts = vec![phrases::peers(&overview.peers)];
    texts.extend(cursor.open(List::Peers, PAGE, context));
    texts.extend(phrases::ignored(&context.lists.ignored_remotes()));
    texts
}

fn queue(cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let Some(overview) = context.lists.overview() else { return Vec::new() };
    let mut texts = vec![phrases::queue(&overview), next_send(&overview, context)];
    texts.extend(cursor.open(List::Queue, PAGE, context));
    texts
}

fn held(cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let rule = context.lists.hold_rule();
    let Some(overview) = context.lists.overview() else { return Vec::new() };
    let mut texts = vec![phrases::held(overview.held, rule.as_deref())];
    texts.extend(cursor.open(List::Held, PAGE, context));
    texts
}

pub(super) fn traffic(cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let texts = cursor.open(List::Traffic, ROWS, context);
    match (texts.is_empty(), context.narrator.log().total()) {
        (false, _) => texts,
        (true, 0) => vec!["Nothing has come or gone yet.".to_owned()],
        (true, all) => vec![format!("None of {all} admits the filter; :filter alone takes it off.")],
    }
}

fn overhead(cursor: &mut ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let returned = context.narrator.derived.histories.returned();
    let texts = match returned {
        0 => "No message has come back yet.".to_owned(),
        1 => "1 message came back.".to_owned(),
        count => format!("{count} messages came back, those with the most visits first."),
    };
    let mut texts = vec![texts];
    texts.extend(cursor.open(List::Overhead, PAGE, context));
    texts
}

// === One peer or message ===

/// The answer if a command needs a selection and there is none.
fn nothing_selected(lists: &Lists) -> String {
    let named = if lists.is_clacks() {
        ":open NUMBER or :open HOST:PORT names a message or a peer"
    } else {
        ":open KEY names an item"
    };
    let commands = any_network::list_commands(lists);
    format!("Nothing is selected. {commands} tell lists, :up and :down go through them, and {named}.")
}

pub(super) fn open(cursor: &ListCursor, context: &ListContext<'_>) -> Vec<String> {
    match cursor.selected() {
        None => vec![nothing_selected(context.lists)],
        Some(Item::Peer(address)) => match context.lists.peer(address) {
            Some(peer) => peer_facts(&peer, context),
            None => vec![format!("{address} is no longer known.")],
        },
        Some(Item::Message(id)) => message_facts(*id, context),
        Some(Item::Row(number)) => match context.narrator.log().row(*number) {
            Some(row) => {
                let mut texts =
                    field_sentences(fields_of_row(row, context.narrator.zone(), context.narrator.charset()));
                texts.extend(row.characters().map(|text| whole_text(&text)));
                texts
            }
            None => vec!["That is forgotten by now; :traffic tells the last of what happened.".to_owned()],
        },
        Some(Item::Text(message)) => vec![message_text(message)],
        Some(Item::Any(list, key)) => any_network::open(*list, key, context),
    }
}

fn peer_facts(peer: &Peer, context: &ListContext<'_>) -> Vec<String> {
    let derived = &context.narrator.derived;
    let age = format::age(peer.age(context.now));
    let since = clock(peer.time, context.narrator.zone());
    let status = format!("{} for {age}, since {since}", peer.status_word());
    let known = derived.introductions.of(&peer.address).map(|introduced| {
        let age = format::age(context.now.uptime.saturating_sub(introduced.at));
        facts::peer::introduced(&introduced.by, &age)
    });
    let share = derived.shares.of([&peer.address]).percent();
    let certificate = context.lists.trusted_certificate(&peer.address);
    field_sentences(facts::peer::fields(peer, status, known, &share, certificate))
}

fn message_facts(id: MessageId, context: &ListContext<'_>) -> Vec<String> {
    let Some((queued, held)) = context.lists.message(id) else {
        return vec![phrases::reply(Err(not_found(id)))];
    };
    let mut texts = field_sentences(facts::message::fields(&queued, true, context.now));
    texts.extend(held.map(|by| format!("It is held {}.", phrases::held_by(&by))));
    texts.push(message_text(&queued.message));
    texts
}

/// Formats names and values as sentences: `Round trip: 12 ms.`
fn field_sentences(fields: impl IntoIterator<Item = (&'static str, String)>) -> Vec<String> {
    let known = fields.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| as_sentence(format!("{}: {value}", phrases::capitalized(name)))).collect()
}

/// The text of a message, cut at [`LONGEST_MESSAGE`].
fn message_text(message: &Message) -> String {
    whole_text(&message.as_text().unwrap_or_else(|| message.as_json_line().to_string()))
}

/// The text of a message or a row, cut at [`LONGEST_MESSAGE`].
pub(super) fn whole_text(text: &str) -> String {
    let texts: String = text.chars().take(LONGEST_MESSAGE).collect();
    let rest = text.len() - texts.len();
    let more = if rest > 0 { format!(" And {rest} bytes more.") } else { String::new() };
    as_sentence(format!("Its text: {texts}")) + &more
}

fn biography(cursor: &ListCursor, context: &ListContext<'_>) -> Vec<String> {
    let Some(message) = cursor.message(context) else {
        return vec!["No message is selected; :biography NUMBER names one of :queue or :held.".to_owned()];
    };
    let Some(life) = context.narrator.derived.histories.of(&message) else {
        return vec![as_sentence(format!(
            "Nothing is remembered of the message: {}",
            phrases::text(&message, context.narrator.charset())
        ))];
    };
    let mut texts = vec![as_sentence(format!(
        "The life of the message: {}",
        phrases::text(&message, context.narrator.charset())
    ))];
    texts.extend(field_sentences(facts::life::summary(life, context.now, context.narrator.zone())));
    let is_interactive = life.passes.iter().rev().take(PAGE).map(|pass| {
        as_sentence(format!(
            "Stay at {}: {}",
            clock(pass.came.unix_ms, context.narrator.zone()),
            facts::life::stay(pass)
        ))
    });
    texts.extend(is_interactive);
    texts.extend(
        life.passes.len().checked_sub(PAGE + 1).map(|more| format!("And {} stays before.", more + 1)),
    );
    texts
}

// === Sending ===

/// The time of the next send, its message and its possible receivers.
fn next_send(overview: &Overview, context: &ListContext<'_>) -> String {
    let rate = format!("At most {} a second are sent", per_second(overview.send_rate));
    let Some(at) = overview.next_send.filter(|_| overview.queued > 0) else {
        // A command in braces can be typed. In the accessible mode a message is written without `:say`.
        let idle = facts::choice::idle(overview).replace(" ({:say} writes a message)", "");
        return as_sentence(format!("{rate}. Next: {}", idle.replace(['{', '}'], "")));
    };
    let wait = format::span(at.saturating_sub(context.now.uptime));
    let odds = facts::choice::odds(&overview.free_peers, overview.verified_only);
    let head = context.lists.queue_window(0..1).pop();
    let text = head
        .map(|head| format!(": {}", phrases::text(&head.message, context.narrator.charset())))
        .unwrap_or_default();
    as_sentence(format!("{rate}. The next goes in {wait} to {odds}{text}"))
}

/// A number per second, without the unit.
fn per_second(rate: f64) -> String {
    let texts = format::rate(rate);
    texts.strip_suffix("/s").unwrap_or(&texts).to_owned()
}

fn why(context: &ListContext<'_>) -> Vec<String> {
    let Some(overview) = context.lists.overview() else { return Vec::new() };
    let mut texts = vec![next_send(&overview, context)];
    let mut sends = context.narrator.derived.sends.newest_first();
    let zone = context.narrator.zone();
    let Some(last) = sends.next() else {
        texts.push("Nothing has been sent yet.".to_owned());
        return texts;
    };
    let time = clock(last.when.unix_ms, zone);
    texts.push(as_sentence(format!(
        "The last went at {time} to {}: {}",
        last.to,
        phrases::text(&last.message, context.narrator.charset())
    )));
    texts.push(as_sentence(format!("Why there: {}", facts::choice::reason(&last.choice))));
    texts.push(as_sentence(format!("What came of it: {}", facts::choice::outcome(last))));
    let earlier = sends.take(EARLIER_SENDS).map(|send| {
        let time = clock(send.when.unix_ms, zone);
        as_sentence(format!("Before that, at {time} to {}: {}", send.to, facts::choice::outcome(send)))
    });
    texts.extend(earlier);
    texts
}

/// Message rates and round-trip times.
fn charts(context: &ListContext<'_>) -> Vec<String> {
    let Some(overview) = context.lists.overview() else { return Vec::new() };
    let trends = &context.narrator.derived.trends;
    let mut texts = vec![next_send(&overview, context)];
    for (seconds, name) in [(10, "10 seconds"), (60, "minute"), (600, "10 minutes")] {
        let [received, delivered, failed] = [0, 1, 2].map(|counter| trends.mean(counter, seconds));
        texts.push(format!(
            "A second in the last {name}: {} in, {} out, {} failed.",
            per_second(received),
            per_second(delivered),
            per_second(failed)
        ));
    }
    let times = trends.round_trips();
    let of = |percent| times.percentile(percent).map(format::round_trip);
    texts.push(match (of(50), of(90)) {
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
    texts.push(format!(
        "Since the start: {} in, {} out, {} failed, {} refused.",
        counters.received, counters.delivered, counters.failed, counters.refused
    ));
    let missed = context.narrator.log().missed;
    texts.extend((missed > 0).then(|| format!("Missed: {}.", phrases::number(missed as usize, "event"))));
    texts
}

fn limits_now(source: &QueryContext<'_>) -> Vec<String> {
    let Some(overview) = source.lists.overview() else { return Vec::new() };
    let figures = figures_of_overview(&overview, source.lists.connections());
    let mut texts = limits::sentences(source.settings, &figures);
    if source.settings.is_none() {
        texts
            .insert(0, "What the limits were set to is not recorded; how often they were met is.".to_owned());
    }
    texts.extend(source.lists.origins(MOST_ORIGINS).iter().map(limits::place));
    let ignored = phrases::ignored(&source.lists.ignored_remotes());
    texts.push(ignored.unwrap_or_else(|| "No remote address is ignored.".to_owned()));
    texts
}

// === Stations ===

fn stations(narrator: &Narrator) -> Vec<String> {
    let texts: Vec<_> = narrator
        .derived
        .saved_filters
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
    if texts.is_empty() {
        return vec!["There are no stations; :station 1 FILTER makes one.".to_owned()];
    }
    texts
}

/// Tells only the traffic that a filter admits, if the networks know the filter.
fn set_filter(narrator: &mut Narrator, filter: Option<FilterText>) -> String {
    match filter.map(|filter| narrator.filter_networks().read(&filter)).transpose() {
        Ok(filter) => narrator.set_filter(filter),
        Err(error) => phrases::reply(Err(error)),
    }
}

fn station(number: Number, command: StationCommand, narrator: &mut Narrator) -> Answer {
    if let StationCommand::Save(station) = &command
        && let Err(error) = narrator.filter_networks().read(&station.filter)
    {
        return Answer::Sentences(vec![phrases::reply(Err(error))]);
    }
    let known: Option<Station> = narrator.derived.saved_filters.get(number).cloned();
    let (texts, station) = match (command, known) {
        (StationCommand::Save(station), _) => (format!("station {number} is {station}"), Some(station)),
        (_, None) => {
            let reason = format!("there is no station {number}; :station {number} FILTER makes one");
            return Answer::Sentences(vec![phrases::reply(Err(reason))]);
        }
        (StationCommand::Clear, Some(_)) => (format!("station {number} is free"), None),
        (StationCommand::Tune, Some(station)) => {
            narrator.derived.saved_filters.forget_hits(number);
            let is_on =
                narrator.log().filter().is_some_and(|shown| shown.as_str() == station.filter.as_str());
            return Answer::Sentences(vec![set_filter(narrator, (!is_on).then_some(station.filter))]);
        }
    };
    narrator.derived.saved_filters.set(number, station);
    Answer::Stations(phrases::done(&texts), narrator.derived.saved_filters.changed().clone())
}

/// The text of a message, and how to change it.
pub(crate) fn edit(item: &str, lists: &Lists) -> Vec<String> {
    let Ok(id) = item.parse() else {
        return vec![phrases::reply(Err("a message is named by its number, which :queue lists"))];
    };
    match lists.message(id) {
        Some((queued, _)) => vec![
            as_sentence(format!("Message {id} is now: {}", preview(queued.message.as_json()))),
            format!("Write the new text behind the number, as in :edit {id} TEXT."),
        ],
        None => vec![phrases::reply(Err(not_found(id)))],
    }
}
