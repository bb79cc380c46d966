//! Parts of the lines of events.

use std::{net::IpAddr, time::Duration};

use clacks_feed::{
    Direction::{self, Note, Own},
    Line, Statuses, Types, Value,
    description::Tone,
};
use clacks_p2p::{
    Address, Message,
    core::{Failure, MessageId, Peer, QueuedMessage},
};

use crate::{
    description::{CLAIMED, HELD, QUEUE, Type, status_id},
    rows::{message_key, peer_key},
};

pub(super) fn status_name(peer: &Peer) -> &'static str {
    if peer.is_unverified() { "claimed" } else { peer.status.name() }
}

/// The values of an accepted request: its duration and its HTTP status.
pub(super) fn accepted(took: Duration) -> [Value; 2] {
    [Value::Took(took), Value::Count(200)]
}

pub(super) fn blank(direction: Direction, types: &[Type]) -> Line {
    Line { direction, types: Types::of(types.iter().map(|of| (*of).into())), ..Line::default() }
}

pub(super) fn at(direction: Direction, types: &[Type], peer: &Address) -> Line {
    Line { peer: Some(peer_key(peer)), ..blank(direction, types) }
}

pub(super) fn about(direction: Direction, types: &[Type], peer: &Peer) -> Line {
    let statuses = Statuses::only(status_id(peer.status));
    let status = if peer.is_unverified() { statuses.with(CLAIMED) } else { statuses };
    Line { status, ..at(direction, types, &peer.address) }
}

pub(super) fn note(peer: Option<&Address>) -> Line {
    Line { peer: peer.map(peer_key), ..blank(Note, &[Type::Note]) }
}

pub(super) fn of_remote(remote: IpAddr) -> Line {
    note(None).with_remote(Some(remote)).saying(format!("connections from {remote}"))
}

/// Which plugin did it, and why.
pub(super) fn by_plugin(plugin: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("by {plugin}: {reason}"),
        None => format!("by {plugin}"),
    }
}

pub(super) fn own(message: &Message, id: Option<MessageId>) -> Line {
    blank(Own, &[Type::Own, Type::Message]).of(message, id)
}

/// A line about a change of a message here, which the user wrote or a peer sent.
pub(super) fn own_or_from(from: Option<&Address>, message: &Message, id: Option<MessageId>) -> Line {
    match from {
        None => own(message, id),
        Some(from) => at(Note, &[Type::Note, Type::Message], from).of(message, id),
    }
}

pub(super) fn direction_type(from: Option<&Address>) -> clacks_feed::description::TypeId {
    if from.is_some() { Type::Note } else { Type::Own }.into()
}

pub(super) fn waiting(queued: &QueuedMessage) -> Line {
    own_or_from(queued.from.as_ref(), &queued.message, Some(queued.id)).with_remote(queued.place)
}

/// Parts of a line of this network.
pub(super) trait Build {
    fn of(self, message: &Message, id: Option<MessageId>) -> Self;
    fn in_list(self, is_held: bool) -> Self;
    fn with_remote(self, remote: Option<IpAddr>) -> Self;
    fn failed(self, failure: &Failure) -> Self;
}

impl Build for Line {
    fn of(self, message: &Message, id: Option<MessageId>) -> Self {
        let item = id.map(|id| (QUEUE, message_key(id)));
        Self { text: Some(message.shared_text().into()), item, ..self }
    }

    /// The item is a held message.
    fn in_list(self, is_held: bool) -> Self {
        let list = if is_held { HELD } else { QUEUE };
        Self { item: self.item.map(|(_, key)| (list, key)), ..self }
    }

    fn with_remote(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    fn failed(self, failure: &Failure) -> Self {
        let whole = match failure {
            Failure::CertificateChanged { pinned, presented } => {
                format!("certificate changed from {pinned} to {presented}; :trust HOST:PORT accepts it")
            }
            failure => failure.to_string(),
        };
        let what = self.what.untrusted();
        let what = if what.is_empty() { whole } else { format!("{what}: {whole}") };
        let http =
            if let Failure::Status(status) = failure { Value::Count((*status).into()) } else { Value::None };
        // Whether a peer was contacted is what `type:refused` tells apart.
        let not_tried = Types::of([Type::Refused.into()]).0;
        let is_tried = !matches!(failure, Failure::NotContacted(_));
        let types = Types(self.types.0 | if is_tried { 0 } else { not_tried });
        Self { types, ..self }.saying(what).ended(brief(failure), Tone::Bad).with([Value::None, http])
    }
}

/// A failure in a word or two. "Refused" means a request that a node refused, so a failed connection is "unreachable".
fn brief(failure: &Failure) -> &'static str {
    match failure {
        Failure::Status(_) => "refused",
        Failure::TimedOut => "no answer",
        Failure::NotContacted(_) | Failure::NoResources => "not tried",
        Failure::CertificateChanged { .. } => "certificate!",
        Failure::Connection(reason) if BROKEN.iter().any(|word| reason.contains(word)) => "disconnected",
        Failure::Connection(_) => "unreachable",
        Failure::NoRoom => "no room",
        Failure::Stopped => "stopped",
        _ => "failed",
    }
}

/// Words of the system for a connection that existed and broke.
const BROKEN: [&str; 5] = ["reset", "closed", "broke", "aborted", "ended"];
