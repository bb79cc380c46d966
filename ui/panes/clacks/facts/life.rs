//! The history of a message in words.

use std::sync::Arc;

use clacks_p2p::core::Now;
use clacks_text::{fit::clock, format};
use jiff::tz::TimeZone;

use crate::message_history::life::{End, MessageHistory, Pass, Tally};

/// Maximum number of peers that are named where a message came from or went to.
const PEERS: usize = 6;

/// The facts of a message history as pairs of name and value. At most six peers are named for each direction.
pub fn summary(life: &MessageHistory, now: Now, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let here = match life.visits {
        1 => "1 visit".to_owned(),
        visits => format!("{visits} visits"),
    };
    let returns = life.interval().map(|interval| {
        let [shortest, longest] =
            [life.shortest, life.longest].map(|time| format::span(time.unwrap_or_default()));
        format!("every {} on average, after {shortest} to {longest}", format::span(interval))
    });
    let moment = |when: Now| {
        let ago = format::age(now.uptime.saturating_sub(when.uptime));
        format!("{}, {ago} ago", clock(when.unix_ms, zone))
    };
    let fields = [
        ("seen here", Some(here)),
        ("came back", Some(returns.unwrap_or_else(|| "not yet".to_owned()))),
        ("first", Some(moment(life.first))),
        ("last", Some(moment(life.last)).filter(|_| life.last != life.first)),
        ("came from", tally(&life.came_from).or(Some("typed here".to_owned()))),
        ("went to", tally(&life.went_to).or(Some("nobody yet".to_owned()))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
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

/// One stay of a message at this node: `from tower:1, to trunk:1 after 3 s`.
pub fn stay(pass: &Pass) -> String {
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
        End::Rewritten(by) => format!("changed by {by}"),
        End::Discarded { by, status: 200 } => format!("swallowed by {by}"),
        End::Discarded { by, status } => format!("refused by {by} with {status}"),
    };
    let by = |what: &str, plugin: &Option<Arc<str>>| {
        plugin.as_ref().map(|plugin| format!(", {what} by {plugin}")).unwrap_or_default()
    };
    let (changed, held) = (by("put there", &pass.changed_by), by("held", &pass.held_by));
    format!("{from}{changed}{held}{failed}, {end}")
}
