//! Why a command of the node fails.

use std::net::IpAddr;

use clacks_p2p::{
    Address,
    core::{EnqueueError, Failure, MessageId, OptionsError, ReplaceError, Status},
    node::{AnnounceError, UnknownPeer},
};

/// Why the node refused a command or could not complete it. `Display` writes one line for the user.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The peer is this node itself.
    #[error("{0} is this node itself")]
    ThisNode(Address),
    /// The peer to add is known, with this status.
    #[error("{0} is known already; it is {1}")]
    KnownPeer(Address, Status),
    /// The peer to add does not fit: the limit on known peers is reached, and no peer can be forgotten.
    #[error("{0} was not added: the limit on known peers is reached (max-peers)")]
    PeerLimit(Address),
    /// The peer to ignore is ignored already.
    #[error("{0} is ignored already")]
    PeerAlreadyIgnored(Address),
    /// The peer to unignore is not ignored.
    #[error("{0} is not ignored")]
    PeerNotIgnored(Address),
    /// The peer to announce to is ignored.
    #[error("{0} is ignored; :unignore it first")]
    IgnoredPeer(Address),
    /// The peer to forget is not known.
    #[error("{0}: {UnknownPeer}")]
    UnknownPeer(Address),
    /// The remote address to ignore is ignored already.
    #[error("connections from {0} are ignored already")]
    RemoteAlreadyIgnored(IpAddr),
    /// The remote address to unignore is not ignored.
    #[error("connections from {0} are not ignored")]
    RemoteNotIgnored(IpAddr),
    /// The message is neither queued nor held.
    #[error("{0} neither waits nor is held; a message that comes back has a new number")]
    UnknownMessage(MessageId),
    /// The message to hold is not in the queue.
    #[error("{0} is not in the queue; in quotes it is text to look for: :hold \"{0}\"")]
    NotQueued(MessageId),
    /// The message to hold is held already.
    #[error("{0} is held already")]
    AlreadyHeld(MessageId),
    /// The message to release is not held.
    #[error("{0} is not held")]
    NotHeld(MessageId),
    /// No message is held.
    #[error("nothing is held")]
    NothingHeld,
    /// No hold rule is set.
    #[error("no filter holds messages")]
    NoHoldRule,
    /// No message matches the filter of a drop.
    #[error("no queued or held message matches")]
    NothingToDrop,
    /// The queue does not accept the message.
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
    /// The message keeps its text, because the queue does not accept the new one.
    #[error("{id} is as it was: {error}")]
    Replace {
        /// The number of the message.
        id: MessageId,
        /// The cause.
        error: ReplaceError,
    },
    /// The peer did not accept the announce.
    #[error("could not announce to {peer}: {}", announce_reason(peer, error))]
    Announce {
        /// The receiver of the announce.
        peer: Address,
        /// The cause.
        error: AnnounceError,
    },
    /// The send rate is out of range.
    #[error(transparent)]
    SendRate(#[from] OptionsError),
    /// The background task of the command did not finish. The runtime reports a panic elsewhere.
    #[error("that failed")]
    Aborted,
}

fn announce_reason(peer: &Address, error: &AnnounceError) -> String {
    match error {
        AnnounceError::Failed(Failure::CertificateChanged { .. }) => {
            format!("its certificate is not the one that it had; :trust {peer} accepts it")
        }
        AnnounceError::Failed(failure) => failure.to_string(),
        error => error.to_string(),
    }
}
