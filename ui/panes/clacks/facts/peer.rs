//! The facts about one peer in words.

use clacks_p2p::{
    core::{Discovery, Peer, Status},
    node::CertificateFingerprint,
};
use clacks_text::format;

/// The facts about a peer, as pairs of name and value. `known` says how the peer was discovered, `share` is its part of
/// the received messages.
pub fn fields(
    peer: &Peer,
    status: String,
    known: Option<String>,
    share: &str,
    certificate: Option<CertificateFingerprint>,
) -> [(&'static str, String); 11] {
    let by_user = || if peer.added_by_user { "named by you".to_owned() } else { String::new() };
    let proof = proof(peer, certificate.is_some());
    let round_trip = peer.round_trip.map_or_else(|| never(peer).to_owned(), format::round_trip);
    let certificate = certificate.map_or("not seen yet".to_owned(), |sha256| format!("{sha256} (SHA-256)"));
    [
        ("address", peer.address.to_string()),
        ("status", status),
        ("proof", proof.to_owned()),
        ("known", known.unwrap_or_else(by_user)),
        ("round trip", round_trip),
        ("accepted", format!("{} of our messages", peer.delivered)),
        ("failed", counted(peer.failed, "delivery", "deliveries")),
        ("sent", counted(peer.received, "message", "messages") + " in its name"),
        ("share", format!("{share} of the last hour's messages here")),
        ("identifier", peer.address.identifier().to_string()),
        ("certificate", certificate),
    ]
}

/// The discovery of a peer in words. `age` is the time since then.
pub fn introduced(by: &Discovery, age: &str) -> String {
    match by {
        Discovery::Manual => format!("added {age} ago"),
        Discovery::Inbound => format!("sent to us first {age} ago"),
        Discovery::Restored => format!("known again since {age} ago"),
        Discovery::Announce => format!("accepted our announce {age} ago"),
        Discovery::Referral(by) => format!("named by {by} {age} ago"),
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The evidence for a peer's status, besides the claims of unknown peers.
fn proof(peer: &Peer, has_certificate: bool) -> &'static str {
    match (peer.is_unverified(), peer.last_attempt_ok, peer.ever_responded) {
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
    if peer.ever_responded { "none in this run" } else { "never reached" }
}
