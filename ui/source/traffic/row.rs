//! A row of the traffic log.

use std::{borrow::Cow, net::IpAddr};

use clacks_language::filter::{domain::Type, subject::Subject};
use clacks_p2p::{
    Address, Message,
    core::{Failure, Peer, Status},
};
use clacks_text::format;

use crate::kept_messages::{Sender, beginning};

/// The direction of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a peer.
    In,
    /// To a peer.
    Out,
    /// Written by the user of this node.
    Own,
    /// A local change: a status changed, a peer was discovered.
    Note,
}

impl Direction {
    /// The word for it.
    fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Own => "own",
            Self::Note => "peer",
        }
    }
}

/// The tone of a row's outcome, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Success.
    Good,
    /// Failure or refusal.
    Bad,
    /// Neutral.
    Plain,
}

/// One row. Its text can come from peers, so views pass it through [`clacks_text::sanitize`].
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row's number, ascending; identifies the row.
    pub number: u64,
    /// Unix time in milliseconds.
    pub unix_ms: u64,
    /// The direction.
    pub direction: Direction,
    /// The types that a filter matches.
    pub types: &'static [Type],
    /// The peer, if the row is about one.
    pub peer: Option<Address>,
    /// The status of the peer at that time, if it was known.
    pub status: Option<Status>,
    /// The remote IP address of the connection, or of the connection that the message arrived by, if known.
    pub remote: Option<IpAddr>,
    /// The message, if the row has one.
    pub message: Option<Message>,
    /// The size of the whole message in bytes, if only its beginning is kept.
    pub cut_from: Option<usize>,
    /// The description of the event if there is no whole message.
    pub what: String,
    /// The result in a few words.
    pub outcome: String,
    /// The tone of the result.
    pub tone: Tone,
}

/// A row with nothing but its direction.
pub(crate) fn blank(direction: Direction) -> Row {
    Row {
        number: 0,
        unix_ms: 0,
        direction,
        types: &[],
        peer: None,
        status: None,
        remote: None,
        message: None,
        cut_from: None,
        what: String::new(),
        outcome: String::new(),
        tone: Tone::Plain,
    }
}

/// A row about a peer.
pub(crate) fn about(direction: Direction, peer: &Address) -> Row {
    Row { peer: Some(peer.clone()), ..blank(direction) }
}

impl Row {
    /// The word for the kind of row: `in`, `out`, `own`, `peer` or `note`.
    pub fn kind(&self) -> &'static str {
        match (self.direction, &self.peer) {
            // A line about the log or a recording is about no peer.
            (Direction::Note, None) if self.message.is_none() => "note",
            (direction, _) => direction.name(),
        }
    }

    /// The row as the subject of a filter.
    pub fn subject(&self) -> Subject<'_> {
        let peer = self.peer.as_ref();
        let subject = match self.direction {
            Direction::In => Subject::new(self.types).from(peer),
            Direction::Out => Subject::new(self.types).to(peer),
            Direction::Own | Direction::Note => Subject::new(self.types).about(peer),
        };
        let subject = subject.with_status(self.status).with_remote(self.remote);
        let subject = subject.with_message(self.message.as_ref());
        subject.with_texts(&self.what, &self.outcome)
    }

    /// Sets the types that a filter matches.
    pub(crate) fn of(self, types: &'static [Type]) -> Self {
        Self { types, ..self }
    }

    /// Sets the remote IP address.
    pub(crate) fn at(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    /// Sets the status from a peer.
    pub(crate) fn with_status(self, peer: &Peer) -> Self {
        Self { status: Some(peer.status), ..self }
    }

    /// Sets the message.
    pub(crate) fn with_message(self, message: &Message) -> Self {
        Self { message: Some(message.clone()), ..self }
    }

    pub(crate) fn saying(self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self }
    }

    /// Sets the outcome and its tone.
    pub(crate) fn ended(self, outcome: &str, tone: Tone) -> Self {
        Self { outcome: outcome.to_owned(), tone, ..self }
    }

    /// Sets the outcome to a failure, in brief, and appends the full reason to the description.
    pub(crate) fn failed(self, failure: &Failure) -> Self {
        let whole = match failure {
            Failure::CertificateChanged { pinned, presented } => {
                format!("certificate changed from {pinned} to {presented}; :trust HOST:PORT accepts it")
            }
            failure => failure.to_string(),
        };
        let what = if self.what.is_empty() { whole.clone() } else { format!("{}: {whole}", self.what) };
        self.saying(what).ended(&brief(failure), Tone::Bad)
    }

    /// The sender that the message's memory is charged to.
    pub(crate) fn sender(&self) -> Sender {
        match (self.direction, &self.peer) {
            (Direction::Own, _) => Sender::Own,
            (Direction::In | Direction::Note, Some(peer)) => Sender::of(peer, self.remote),
            _ => Sender::Other,
        }
    }

    /// Keeps only the beginning of the message, and describes the cut in `what`.
    pub(crate) fn cut(&mut self) {
        if let Some(message) = &self.message {
            self.cut_from = Some(message.size());
            self.what = format!("only the beginning of {} is kept", format::size(message.size()));
            self.message = Some(beginning(message, self.number));
        }
    }
}

/// A failure in a word or two, beside the full reason or instead of it. "Refused" means a request that a node refused,
/// so a failed connection is "unreachable".
fn brief(failure: &Failure) -> Cow<'static, str> {
    match failure {
        Failure::Status(status) => status.to_string().into(),
        Failure::TimedOut => "no answer".into(),
        Failure::NotContacted(_) | Failure::NoResources => "not tried".into(),
        Failure::CertificateChanged { .. } => "certificate!".into(),
        Failure::Connection(reason) if BROKEN.iter().any(|word| reason.contains(word)) => {
            "disconnected".into()
        }
        Failure::Connection(_) => "unreachable".into(),
        Failure::NoRoom => "no room".into(),
        other => other.to_string().into(),
    }
}

/// Words of the system for a connection that there was.
const BROKEN: [&str; 5] = ["reset", "closed", "broke", "aborted", "ended"];
