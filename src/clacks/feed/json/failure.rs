//! Why something failed, as a part of an event.

use clacks_p2p::core::{Failure, Scope};
use serde::{Deserialize, Serialize};

use super::parts::{Fingerprint, Wrong};

/// The reason in words, and its cause with what belongs to that.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    failure: String,
    #[serde(flatten)]
    cause: Cause,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
enum Cause {
    Status {
        status: u16,
    },
    Connection,
    TimedOut,
    NotContacted {
        scope: Place,
    },
    NoResources,
    CertificateChanged {
        trusted: Fingerprint,
        presented: Fingerprint,
    },
    Stopped,
    NoRoom,
    /// A failure of a later version; only its text is known.
    #[serde(other)]
    Other,
}

/// A kind of addresses, by its name.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
struct Place(Scope);

impl From<Place> for &'static str {
    fn from(Place(scope): Place) -> Self {
        scope.name()
    }
}

impl TryFrom<String> for Place {
    type Error = Wrong;

    fn try_from(name: String) -> Result<Self, Wrong> {
        let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name);
        scope.map(Self).ok_or_else(|| Wrong::field("scope"))
    }
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let cause = match failure {
            Failure::Status(status) => Cause::Status { status: *status },
            Failure::Connection(_) => Cause::Connection,
            Failure::TimedOut => Cause::TimedOut,
            Failure::NotContacted(scope) => Cause::NotContacted { scope: Place(*scope) },
            Failure::NoResources => Cause::NoResources,
            Failure::CertificateChanged { pinned, presented } => Cause::CertificateChanged {
                trusted: Fingerprint(*pinned),
                presented: Fingerprint(*presented),
            },
            Failure::Stopped => Cause::Stopped,
            Failure::NoRoom => Cause::NoRoom,
            _ => Cause::Other,
        };
        Self { failure: failure.to_string(), cause }
    }
}

impl From<Failed> for Failure {
    fn from(Failed { failure, cause }: Failed) -> Self {
        match cause {
            Cause::Status { status } => Self::Status(status),
            Cause::Connection | Cause::Other => Self::Connection(failure),
            Cause::TimedOut => Self::TimedOut,
            Cause::NotContacted { scope: Place(scope) } => Self::NotContacted(scope),
            Cause::NoResources => Self::NoResources,
            Cause::CertificateChanged { trusted: Fingerprint(pinned), presented: Fingerprint(presented) } => {
                Self::CertificateChanged { pinned, presented }
            }
            Cause::Stopped => Self::Stopped,
            Cause::NoRoom => Self::NoRoom,
        }
    }
}
