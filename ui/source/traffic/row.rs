//! A row of the traffic.

use std::{borrow::Cow, net::IpAddr};

use clacks_language::filter::subject::{Subject, Type};
use clacks_p2p::{
    Address, Message,
    core::{Failure, Peer, Status},
};
use clacks_text::format;

use crate::kept_messages::{Sender, beginning};

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
    /// Typed here.
    Own,
    /// Nothing travelled: a status changed, a peer became known.
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

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Plain,
}

/// One row. What it shows of a peer's writing goes through [`clacks_text::sanitize`] when it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Counts up; names the row for selection.
    pub number: u64,
    pub unix_ms: u64,
    pub direction: Direction,
    /// What a filter takes it for.
    pub types: &'static [Type],
    pub peer: Option<Address>,
    /// The status of the peer at that time, where it was known.
    pub status: Option<Status>,
    /// The remote address that it came from, where it is known; of a message that is here already its place.
    pub remote: Option<IpAddr>,
    pub message: Option<Message>,
    /// The bytes of the whole message, if only its beginning is kept.
    pub cut_from: Option<usize>,
    /// What happened, where there is no message to show; of a message that is not kept whole, that it is not.
    pub what: String,
    pub outcome: String,
    pub mood: Tone,
}

pub fn blank(direction: Direction) -> Row {
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
        mood: Tone::Plain,
    }
}

pub fn about(direction: Direction, peer: &Address) -> Row {
    Row { peer: Some(peer.clone()), ..blank(direction) }
}

impl Row {
    /// The word for what kind of row it is.
    pub fn kind(&self) -> &'static str {
        match (self.direction, &self.peer) {
            // A line about the log or a recording is about no peer.
            (Direction::Note, None) if self.message.is_none() => "note",
            (direction, _) => direction.name(),
        }
    }

    /// What a filter looks at.
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

    pub fn of(self, types: &'static [Type]) -> Self {
        Self { types, ..self }
    }

    pub fn at(self, remote: Option<IpAddr>) -> Self {
        Self { remote, ..self }
    }

    pub fn with_status(self, peer: &Peer) -> Self {
        Self { status: Some(peer.status), ..self }
    }

    pub fn with_message(self, message: &Message) -> Self {
        Self { message: Some(message.clone()), ..self }
    }

    pub(crate) fn saying(self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self }
    }

    pub fn ended(self, outcome: &str, mood: Tone) -> Self {
        Self { outcome: outcome.to_owned(), mood, ..self }
    }

    pub fn failed(self, failure: &Failure) -> Self {
        let whole = match failure {
            Failure::CertificateChanged { pinned, presented } => {
                format!("certificate changed from {pinned} to {presented}; :trust HOST:PORT accepts it")
            }
            failure => failure.to_string(),
        };
        let what = if self.what.is_empty() { whole.clone() } else { format!("{}: {whole}", self.what) };
        self.saying(what).ended(&brief(failure), Tone::Bad)
    }

    /// Whose share of the memory for whole messages it takes from.
    pub fn sender(&self) -> Sender {
        match (self.direction, &self.peer) {
            (Direction::Own, _) => Sender::Own,
            (Direction::In | Direction::Note, Some(peer)) => Sender::of(peer, self.remote),
            _ => Sender::Other,
        }
    }

    /// Keeps only the beginning of the message, and says so.
    pub fn cut(&mut self) {
        if let Some(message) = &self.message {
            self.cut_from = Some(message.size());
            self.what = format!("only the beginning of {} is kept", format::size(message.size()));
            self.message = Some(beginning(message, self.number));
        }
    }
}

/// A failure in a word, which stands beside the whole reason or where there is no room for that. "Refused" is what a node
/// does to a request, and no word for a connection that there was none of.
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
