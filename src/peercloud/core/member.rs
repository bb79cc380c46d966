use std::{sync::Arc, time::Duration};

use crate::protocol::{Id, Json, Record};

use super::{Failure, Reach, Source, bucket::Bucket};

/// A member, as this node knows it. Times are uptimes of the node.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Member {
    /// What is passed on about it.
    pub record: Record,
    /// How the node knows it.
    pub source: Source,
    /// When it was added.
    pub added: Duration,
    /// The last check of it.
    pub last_check: Option<LastCheck>,
    /// When a request or an answer of it last arrived.
    pub heard: Option<Duration>,
    /// When it last checked this node.
    pub checked_us: Option<Duration>,
    /// Messages received from it.
    pub received: u64,
    /// Messages sent to it.
    pub sent: u64,
    /// Failed checks in a row. The second one removes it.
    pub failures: u8,
    /// Since when it does not know this node: it answered a request with 404, or says that it is in no cloud.
    pub unknown_since: Option<Duration>,
    /// Whether it says that it is in no cloud.
    pub says_not_joined: bool,
    /// Who said that it was gone although it answers.
    pub disputed_by: Option<Id>,
    /// Whether a request of it was not signed although signatures are in use.
    pub is_unsigned: bool,
    /// By how many milliseconds the time of its last signed request was too far off, if it was.
    pub clock_off_ms: Option<u64>,
    /// Whether this node has reached it itself.
    pub was_reached: bool,
    /// Whether another member is at the same address.
    pub is_double: bool,
    /// The field `name` of its data, if it is a text: its first 64 characters.
    pub name: Option<Arc<str>>,

    pub(super) reach: Reach,
    /// Whether it is this library, which accepts a record twice.
    pub(super) is_ours: bool,
    pub(super) is_being_checked: bool,
    /// When its next check is due, if one is scheduled.
    pub(super) check_due: Option<Duration>,
    /// Its place among the members that wait for their check, because too many are under way.
    pub(super) check_turn: Option<(bool, u64)>,
    /// Checks in a row that ended because this machine lacked a resource.
    pub(super) shortages: u8,
    /// When the last failed check was counted.
    pub(super) failed_at: Duration,
    /// When it last showed that it knows this node.
    pub(super) knew_us: Option<Duration>,
    /// When it last showed that it does not know this node.
    pub(super) unknown_seen: Duration,
    pub(super) is_being_probed: bool,
    /// Whether a repair did not help, so that it causes no other.
    pub(super) is_beyond_repair: bool,
    pub(super) messages: Bucket,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// It answered with its id.
    Here,
    /// It answered with another id.
    OtherId(Option<Id>),
    /// It says that it is shutting down.
    Offline,
    /// There was no usable answer.
    Failed(Failure),
}

/// When a member was last checked, and with which result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCheck {
    /// When the check ended.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// The result.
    pub result: CheckResult,
}

impl Member {
    pub(super) fn new(record: Record, source: Source, reach: Reach, messages: Bucket, now: Duration) -> Self {
        Self {
            name: record.name(),
            is_double: false,
            record,
            source,
            added: now,
            last_check: None,
            heard: None,
            checked_us: None,
            received: 0,
            sent: 0,
            failures: 0,
            unknown_since: None,
            says_not_joined: false,
            disputed_by: None,
            is_unsigned: false,
            clock_off_ms: None,
            was_reached: false,
            reach,
            is_ours: false,
            is_being_checked: false,
            check_due: None,
            check_turn: None,
            shortages: 0,
            failed_at: Duration::ZERO,
            knew_us: None,
            unknown_seen: Duration::ZERO,
            is_being_probed: false,
            is_beyond_repair: false,
            messages,
        }
    }

    pub(super) fn set_data(&mut self, data: Json) {
        self.record.data = data;
        self.name = self.record.name();
    }

    /// The member has shown that it knows this node.
    pub(super) fn record_knows_us(&mut self, now: Duration) {
        self.knew_us = Some(now);
        self.unknown_since = None;
        self.is_beyond_repair = false;
    }
}
