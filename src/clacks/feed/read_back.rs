//! Rows and gauges as the types of clacks, for what shows only this network: its pictures and pages.
//!
//! A face has them from a node in this process, from a recording or from a node elsewhere. What they do not contain has
//! its default.

use std::time::Duration;

use clacks_feed::{
    Now, Row, Statuses, Value,
    description::{Description, ListSpec},
};
use clacks_p2p::{
    Address, DEFAULT_MAX_DEPTH, Message,
    core::{CertificateFingerprint, Limit, Peer, PeerCounts, PlaceShare, QueuedMessage, Status},
    node::Overview,
};

use crate::{peer, rows::message_id};

/// Reads the cells of a row by the names of their columns. The description can be that of a recording, with lists in any
/// order.
struct Cells<'a> {
    spec: Option<&'a ListSpec>,
    row: &'a Row,
}

impl<'a> Cells<'a> {
    fn new(description: &'a Description, list: &str, row: &'a Row) -> Self {
        Self { spec: description.list_id(list).and_then(|list| description.list(list)), row }
    }

    fn get(&self, column: &str) -> Option<&'a Value> {
        self.row.cells.get(self.spec?.column(column)?)
    }

    fn text(&self, column: &str) -> Option<&'a str> {
        match self.get(column)? {
            Value::Text(text, _) => Some(text.untrusted()),
            Value::Ref(key) => Some(key.untrusted()),
            _ => None,
        }
    }

    fn count(&self, column: &str) -> u64 {
        if let Some(Value::Count(count)) = self.get(column) { *count } else { 0 }
    }

    fn moment(&self, column: &str) -> i64 {
        if let Some(Value::At(ms)) = self.get(column) { *ms } else { 0 }
    }

    fn statuses(&self, column: &str) -> Statuses {
        if let Some(Value::Status(statuses)) = self.get(column) { *statuses } else { Statuses::NONE }
    }
}

/// The status of a row of peers. `None`: it is a row of another list.
pub fn status(description: &Description, row: &Row) -> Option<Status> {
    let main = Cells::new(description, "peers", row).statuses("status").main()?;
    let name = &description.statuses.get(usize::from(main.0))?.name;
    Status::ALL.into_iter().find(|status| *name == *status.name())
}

/// The address of a row of peers, as it was spelt. `None`: it is a row of another list.
pub fn address(description: &Description, row: &Row) -> Option<Address> {
    Cells::new(description, "peers", row).text("address")?.parse().ok()
}

/// The share of a row of origins. `None`: it is a row of another list.
pub fn origin(description: &Description, row: &Row) -> Option<PlaceShare> {
    let cells = Cells::new(description, "origins", row);
    let count = |column| usize::try_from(cells.count(column)).unwrap_or(usize::MAX);
    let place = cells.text("place")?.parse().ok()?;
    let mut share = PlaceShare::new(place, count("messages"), count("bytes"));
    (share.held, share.refused) = (count("held"), cells.count("refused"));
    Some(share)
}

/// The peer of a row. `now` is the time at which the row was read. `None`: it is a row of another list.
pub fn peer(description: &Description, row: &Row, now: Now) -> Option<Peer> {
    let cells = Cells::new(description, "peers", row);
    let since = cells.moment("since");
    let uptime_ms = i64::try_from(now.uptime.as_millis()).unwrap_or(i64::MAX);
    let age = u64::try_from(uptime_ms.saturating_sub(since)).unwrap_or(0);
    let changed = clacks_p2p::core::Now {
        uptime: Duration::from_millis(u64::try_from(since).unwrap_or(0)),
        unix_ms: now.unix_ms.saturating_sub(age),
    };
    let mut peer = Peer::new(address(description, row)?, status(description, row)?, changed);
    peer::read(&mut peer, |column| cells.get(column));
    Some(peer)
}

/// The trusted certificate of a row of peers.
pub fn certificate(description: &Description, row: &Row) -> Option<CertificateFingerprint> {
    Cells::new(description, "peers", row).text("certificate")?.parse().ok()
}

/// The message of a row of the queue. `None`: it is a row of another list, or its text is cut.
pub fn queued_message(description: &Description, row: &Row) -> Option<QueuedMessage> {
    let cells = Cells::new(description, "queue", row);
    let message = Message::from_json(cells.text("text")?, DEFAULT_MAX_DEPTH).ok()?;
    Some(QueuedMessage::new(
        message_id(&row.key)?,
        message,
        u64::try_from(cells.moment("since")).unwrap_or(0),
        u32::try_from(cells.count("visits")).unwrap_or(u32::MAX),
        cells.text("from").and_then(|from| from.parse().ok()),
        cells.text("remote").and_then(|remote| remote.parse().ok()),
    ))
}

/// Counters and settings of a node from its gauges, and from the number of its peers by status, as the list of peers
/// counts them.
pub fn overview(
    description: &Description,
    gauges: &[Value],
    peers: &[u64],
    uptime: Duration,
) -> Option<Overview> {
    let mut overview = Overview::new(description.node.as_str().parse().ok()?);
    let gauge = |name: &str| gauges.get(description.gauge(name)?);
    let number = |name: &str| if let Some(Value::Count(count)) = gauge(name) { *count } else { 0 };
    let size = |name: &str| usize::try_from(number(name)).unwrap_or(usize::MAX);
    let flag = |name: &str| matches!(gauge(name), Some(Value::Flag(true)));
    overview.uptime = uptime;
    overview.send_rate = if let Some(Value::Number(rate)) = gauge("send_rate") { *rate } else { 0.0 };
    (overview.queued, overview.in_flight, overview.held) = (size("queued"), size("in_flight"), size("held"));
    overview.held_bytes = size("bytes");
    overview.is_draining = flag("handing_on");
    overview.verified_only = flag("proven_only");
    overview.next_send = match gauge("next_send") {
        Some(Value::At(ms)) => Some(Duration::from_millis(u64::try_from(*ms).unwrap_or(0))),
        _ => None,
    };
    let counters = &mut overview.counters;
    (counters.received, counters.delivered) = (number("received"), number("delivered"));
    (counters.failed, counters.enqueued) = (number("failed"), number("enqueued"));
    (counters.announces, counters.refused) = (number("announces"), number("refused"));
    counters.swallowed = number("swallowed");
    counters.refused_by_plugin = number("refused_by_plugin");
    counters.plugin_faults = number("plugin_faults");
    for limit in Limit::ALL {
        counters.limits.add(limit, number(&format!("met_{}", limit.name())));
    }
    overview.free_peers = PeerCounts::from([
        (Status::New, size("free_new")),
        (Status::Alive, size("free_alive")),
        (Status::Lost, size("free_lost")),
        (Status::Dead, size("free_dead")),
    ]);
    overview.peers = peer_counts(description, peers);
    Some(overview)
}

/// Peers by status, from the counts of the list of peers in this description. A status that it does not count is 0.
pub fn peer_counts(description: &Description, counts: &[u64]) -> PeerCounts {
    let spec = description.list_id("peers").and_then(|list| description.list(list));
    let names = spec.map_or(&[][..], |spec| &spec.statuses);
    let count = |name: &str| {
        let at = names.iter().position(|status| *status == *name);
        let count = at.and_then(|at| counts.get(at)).copied().unwrap_or(0);
        usize::try_from(count).unwrap_or(usize::MAX)
    };
    let known = [Status::New, Status::Alive, Status::Lost, Status::Dead, Status::Ignored];
    let mut peers = PeerCounts::from(known.map(|status| (status, count(status.name()))));
    peers.unverified = count("claimed");
    peers
}

/// The filter by which messages are held. `None`: nothing more is held by a filter.
pub fn hold_rule(description: &Description, gauges: &[Value]) -> Option<String> {
    match gauges.get(description.gauge("hold_rule")?)? {
        Value::Text(rule, _) => Some(rule.untrusted().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core;

    use super::*;
    use crate::{
        description::describe,
        rows::{Context, message_row, peer_row},
    };

    #[test]
    fn a_peer_and_a_message_are_as_they_were() {
        let description = describe("tower:1".into());
        let now = Now { uptime: Duration::from_secs(100), unix_ms: 1_000_000_000 };
        let then = core::Now { uptime: Duration::from_secs(40), unix_ms: now.unix_ms - 60_000 };
        let context = Context { started_unix_ms: now.unix_ms - 100_000 };
        for (status, ever_responded, last_attempt_ok) in
            [(Status::Alive, true, true), (Status::Alive, false, false), (Status::Lost, true, false)]
        {
            let mut before = Peer::new("Tower.example:8080".parse().unwrap(), status, then);
            (before.failed, before.delivered, before.received) = (1, 2, 3);
            (before.ever_responded, before.last_attempt_ok) = (ever_responded, last_attempt_ok);
            (before.round_trip, before.added_by_user) = (Some(Duration::from_millis(7)), true);
            let row = peer_row(&before, context);
            assert_eq!(peer(&description, &row, now), Some(before));
        }
        let queued =
            QueuedMessage::new(7.into(), Message::text("GNU"), 40_000, 3, None, Some([192, 0, 2, 7].into()));
        assert_eq!(queued_message(&description, &message_row(&queued)), Some(queued));
    }

    #[test]
    fn lists_and_statuses_of_a_recording_can_have_any_order() {
        let mut description = describe("tower:1".into());
        let now = Now::default();
        let before = Peer::new(
            "tower:80".parse().unwrap(),
            Status::Lost,
            core::Now { uptime: Duration::ZERO, unix_ms: 0 },
        );
        let row = peer_row(&before, Context { started_unix_ms: 0 });
        let counts = peer_counts(&description, &[1, 2, 3, 4, 5, 6]);
        assert_eq!((counts.new, counts.alive, counts.unverified), (1, 2, 3));
        assert_eq!((counts.lost, counts.dead, counts.ignored), (4, 5, 6));

        let at = description.list_id("peers").unwrap().0;
        description.lists[usize::from(at)].statuses.reverse();
        assert_eq!(peer_counts(&description, &[6, 5, 4, 3, 2, 1]), counts);
        description.lists.reverse();
        assert_eq!(peer_counts(&description, &[6, 5, 4, 3, 2, 1]), counts);
        assert_eq!(peer(&description, &row, now).unwrap().address, before.address);
        let mut names: Vec<_> = description.statuses.iter().map(|status| status.name.clone()).collect();
        names.reverse();
        description.statuses.iter_mut().zip(names).for_each(|(status, name)| status.name = name);
        let last = description.status_id("lost").unwrap();
        let at = row.cells.iter().position(|cell| matches!(cell, Value::Status(_))).unwrap();
        let mut row = row;
        row.cells[at] = Value::Status([last].into_iter().collect());
        assert_eq!(status(&description, &row), Some(Status::Lost));
    }

    #[test]
    fn any_counts_of_a_recording_have_a_total() {
        let description = describe("tower:1".into());
        assert_eq!(peer_counts(&description, &[u64::MAX; 6]).total(), usize::MAX);
    }
}
