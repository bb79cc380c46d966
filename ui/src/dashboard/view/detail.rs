//! What is known of one peer, one message, or one row of the traffic, beside the message itself.

use std::{net::IpAddr, time::Duration};

use clacks_p2p::{
    Message,
    core::{Peer, QueuedMessage, Status},
};
use ratatui::text::Line;

use super::{
    super::{
        format,
        log::Row,
        model::{Model, PeerDetail},
        theme::{Theme, letter},
    },
    map,
    row::{clock, entry},
};
use crate::command::Party;

/// Columns of the names of fields.
const NAME: usize = 14;

pub(super) fn peer(model: &Model, theme: Theme, detail: &PeerDetail, columns: usize) -> Vec<Line<'static>> {
    let PeerDetail { peer, certificate, is_known } = detail;
    let age = format::age(peer.age(model.now));
    let since = clock(peer.time, &model.zone);
    let status = match is_known {
        true => format!("{} {} for {age}, since {since}", letter(peer.status), format::status(peer)),
        false => "no longer known".to_owned(),
    };
    let by_user = || if peer.is_named { "named by you".to_owned() } else { String::new() };
    let known = map::introduced(model, &peer.address).unwrap_or_else(by_user);
    let proof = proof(peer, certificate.is_some());
    let round_trip = peer.round_trip.map_or_else(|| never(peer).to_owned(), format::round_trip);
    let certificate = certificate.map_or("not seen yet".to_owned(), |sha256| format!("{sha256} (SHA-256)"));
    let fields_of_peer = [
        ("address", peer.address.to_string()),
        ("status", status),
        ("proof", proof.to_owned()),
        ("known", known),
        ("round trip", round_trip),
        ("took", format!("{} of our messages", peer.delivered)),
        ("failed", counted(peer.failed, "delivery", "deliveries")),
        ("sent", counted(peer.received, "message", "messages") + " in its name"),
        (
            "share",
            format!(
                "{} of the last hour's messages here",
                model.shown_shares().of([&peer.address]).percent()
            ),
        ),
        ("identifier", peer.address.identifier().to_string()),
        ("certificate", certificate),
    ];
    fields(theme, columns, &fields_of_peer)
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What speaks for the status of a peer, beside what strangers say.
fn proof(peer: &Peer, has_certificate: bool) -> &'static str {
    match (peer.is_claim(), peer.answers, peer.reached) {
        (true, _, false) => "says so itself; it has not answered us yet at that address",
        (true, ..) => "says so itself; it did not answer when we last tried that address",
        (_, true, _) if has_certificate => "answered us at that address, with the certificate below",
        (_, true, _) => "answered us at that address",
        (_, _, true) => "answered us before, but not when we last tried",
        _ if peer.status == Status::New => "none: it has not been tried yet",
        _ => "none: it never answered us at that address",
    }
}

/// Why there is no round trip.
fn never(peer: &Peer) -> &'static str {
    if peer.reached { "none in this run" } else { "never reached" }
}

pub(super) fn message(
    model: &Model,
    theme: Theme,
    queued: &QueuedMessage,
    waits: bool,
    columns: usize,
) -> Vec<Line<'static>> {
    let age = model.now.uptime.saturating_sub(Duration::from_millis(queued.since_ms));
    let here = if waits { format!("for {}", format::age(age)) } else { "no longer in the queue".to_owned() };
    let fields = fields(
        theme,
        columns,
        &[
            ("number", queued.id.to_string()),
            ("here", here),
            ("from", queued.from.as_ref().map_or("you".to_owned(), ToString::to_string)),
            ("came from", queued.place.map(|place| place.to_string()).unwrap_or_default()),
            ("ignore", queued.place.map(ignoring).unwrap_or_default()),
            ("drop", queued.place.map(dropping).unwrap_or_default()),
            ("seen here", times(queued.visits)),
            ("size", format::size(queued.message.size())),
        ],
    );
    above_message(fields)
}

pub(super) fn row(model: &Model, theme: Theme, row: &Row, columns: usize) -> Vec<Line<'static>> {
    let known = [
        ("time", clock(row.unix_ms, &model.zone)),
        ("peer", row.peer.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("what", row.what.clone()),
        ("outcome", row.outcome.clone()),
        ("came from", row.remote.map(|remote| remote.to_canonical().to_string()).unwrap_or_default()),
        ("ignore", row.remote.map(ignoring).unwrap_or_default()),
        ("size", row.message.as_ref().map(Message::size).map(format::size).unwrap_or_default()),
    ];
    let fields = fields(theme, columns, &known);
    if row.message.is_some() { above_message(fields) } else { fields }
}

/// What closes all connections from a remote address.
fn ignoring(remote: IpAddr) -> String {
    let party = Party::Remote(remote.to_canonical());
    format!(":ignore {party} closes all connections from there")
}

/// What drops all that came from a place and is here.
fn dropping(place: IpAddr) -> String {
    format!(":drop {} drops what came from there", Party::Remote(place))
}

/// The fields that have something in them.
fn fields(theme: Theme, columns: usize, fields: &[(&str, String)]) -> Vec<Line<'static>> {
    let known = fields.iter().filter(|(_, value)| !value.is_empty());
    known.flat_map(|(name, value)| entry(theme.quiet, NAME, name, value, columns)).collect()
}

fn above_message(mut fields: Vec<Line<'static>>) -> Vec<Line<'static>> {
    fields.push(Line::default());
    fields
}

fn times(visits: u32) -> String {
    match visits {
        1 => "once".to_owned(),
        visits => format!("{visits} times"),
    }
}
