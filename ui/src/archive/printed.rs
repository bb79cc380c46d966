//! What `clacks archive` prints for people.

use clacks_archive::{Checked, Found, Life, Peer, Pruned, Seen};
use clacks_text::escape::{escaped, escaped_json};
use jiff::{Timestamp, tz::TimeZone};

/// Digits of a hash that identify a message in practice.
const DIGITS: usize = 12;
/// Maximum characters of a message in a list.
const START: usize = 200;

/// A message in a list: its hash, when it was last seen, how often, and the start of its text.
pub(super) fn line(message: &Found, zone: &TimeZone) -> String {
    let hash = message.hash.to_string();
    let last = moment(message.last_seen, zone);
    let json = escaped_json(message.json.untrusted());
    let start: String = json.chars().take(START).collect();
    let more = if start.len() < json.len() { "\u{2026}" } else { "" };
    let keep = if message.keep { " (kept)" } else { "" };
    format!("{}  {last}  {:>5} times{keep}  {start}{more}\n", &hash[..DIGITS], message.times)
}

/// A message and its sightings.
pub(super) fn life(life: &Life, zone: &TimeZone) -> String {
    let Life { message, sightings, more } = life;
    let mut text = format!(
        "{}\nhash        {}\nfirst seen  {}\nlast seen   {}\ntimes       {}{}\n\n",
        escaped_json(message.json.untrusted()),
        message.hash,
        moment(message.first_seen, zone),
        moment(message.last_seen, zone),
        message.times,
        if message.keep { "\nkept        yes" } else { "" },
    );
    if *more {
        text.push_str("(older ones are left out)\n");
    }
    text.extend(sightings.iter().map(|seen| sighting(seen, zone)));
    text
}

fn sighting(seen: &Seen, zone: &TimeZone) -> String {
    let (at, kind) = (moment(seen.at, zone), seen.kind.name());
    match &seen.peer {
        None => format!("{at}  {kind}\n"),
        Some(Peer { hostname, port: 0, .. }) => {
            format!("{at}  {kind:12}  {}\n", escaped(hostname.untrusted()))
        }
        Some(Peer { hostname, port, .. }) => {
            format!("{at}  {kind:12}  {}:{port}\n", escaped(hostname.untrusted()))
        }
    }
}

pub(super) fn pruned(pruned: &Pruned) -> String {
    let Pruned { sightings, messages, peers, .. } = pruned;
    format!("removed {sightings} sightings, {messages} messages and {peers} peers\n")
}

pub(super) fn checked(checked: &Checked) -> String {
    let Checked { messages, sightings, peers, times, not_stored, bytes, .. } = checked;
    format!(
        "nothing is wrong: {messages} messages, seen {times} times; {sightings} sightings, {peers} peers; \
         {not_stored} sightings counted only; {bytes} bytes\n"
    )
}

/// A time in this zone, to the second.
fn moment(unix_ms: u64, zone: &TimeZone) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|unix_ms| Timestamp::from_millisecond(unix_ms).ok());
    time.map_or_else(
        || "at an unknown time ".to_owned(),
        |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}
