//! The node as a state machine: its members, checks, joins and messages. No socket, clock or thread.
//!
//! The shell around a [`Core`] passes inputs to it and carries out its outputs:
//!
//! ```text
//!   a request arrived     ──▶ check_head, receive ──▶ an Answer, a message for the handler, or a wait
//!   an answer arrived     ──▶ handle_outcome      ┐
//!   the timer fired       ──▶ handle_timeout      ├─▶ poll_request, poll_completion, poll_event, poll_timeout
//!   a user's command      ──▶ broadcast, join, …  ┘
//! ```
//!
//! Time is an argument, [`Now`], and so is the random number generator. After each input the shell drains
//! [`Core::poll_request`], [`Core::poll_completion`] and [`Core::poll_event`], and asks [`Core::poll_timeout`] when to
//! call [`Core::handle_timeout`] next. A time-out of a request is an outcome, [`Failure::TimedOut`].

mod bucket;
mod event;
mod history;
mod machine;
mod member;
mod options;
mod replay;
mod request;
#[cfg(test)]
mod tests;

pub use clacks_transport::{Now, Scope};
pub use event::{Event, Failure, Refusal, RefusalCounts, Removal, Source};
pub use history::{
    Door, History, HistoryLimits, Message, MessageCounts, MessageOrigin, Messages, Receiver, Visitor,
};
pub use machine::{
    Call, CommandError, Completion, Core, Counters, HandlerError, Head, Incoming, JoinFailure, JoinNumber,
    Joined, Listed, Reply, Response, SendId, SendKind,
};
pub use member::{CheckResult, LastCheck, Member};
pub use options::{AutoReply, Options, OptionsError};
pub use replay::{Fingerprint, SignatureCheck};
pub use request::{Outcome, Outgoing, Reach, RequestId};
