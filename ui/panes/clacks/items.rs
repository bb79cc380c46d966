//! The pages of peers and messages.

use std::time::Duration;

use clacks_feed::{Value, description::Role};
use clacks_p2p::{core::Peer, node::CertificateFingerprint};
use clacks_p2p_feed::description::letter;
use clacks_panes::{Context, Item};
use clacks_text::{fit::clock, format};

use crate::{core_time, facts};

/// Returns the facts about a peer, and whether it is still known. `known` says how it was discovered, `share` is its part
/// of the received messages.
pub(crate) fn peer_facts(
    context: &Context<'_>,
    (peer, exists): (&Peer, bool),
    known: Option<String>,
    share: &str,
    certificate: Option<CertificateFingerprint>,
) -> Vec<(&'static str, String)> {
    let age = format::age(peer.age(core_time(context.fetched)));
    let since = clock(peer.time, context.zone);
    let status = if exists {
        format!("{} {} for {age}, since {since}", letter(peer.status), peer.status_word())
    } else {
        "no longer known".to_owned()
    };
    facts::peer::fields(peer, status, known, share, certificate).into()
}

/// Returns the facts about a queued or held message besides its text. `None`: the item is something else.
pub(crate) fn message_facts(context: &Context<'_>, item: &Item<'_>) -> Option<Vec<(&'static str, String)>> {
    if item.role != Role::Messages {
        return None;
    }
    let spec = context.description.list(item.list)?;
    let cell = |column: &str| item.row.cells.get(spec.column(column)?);
    let count = |column| if let Some(Value::Count(count)) = cell(column) { *count } else { 0 };
    let text = |column| match cell(column)? {
        Value::Text(text, _) => Some(text.untrusted()),
        Value::Ref(key) => Some(key.untrusted()),
        _ => None,
    };
    let since = if let Some(Value::At(ms)) = cell("since") { *ms } else { 0 };
    let facts = facts::message::Facts {
        number: item.row.key.untrusted().to_owned(),
        age: item.exists.then(|| age(context, since)),
        from: text("from").map(str::to_owned),
        place: text("remote").and_then(|place| place.parse().ok()),
        visits: count("visits"),
        size: count("size"),
    };
    Some(facts.fields().into())
}

/// Returns the time since a moment, given in milliseconds of uptime, when the row was read.
fn age(context: &Context<'_>, since_ms: i64) -> Duration {
    let now = i64::try_from(context.fetched.uptime.as_millis()).unwrap_or(i64::MAX);
    Duration::from_millis(u64::try_from(now.saturating_sub(since_ms)).unwrap_or(0))
}
