//! The values in events, each with its only JSON form for writing and reading.
//!
//! Input is untrusted, so every id, address and value is validated while it is read. No struct has a flattened part,
//! because `serde` buffers flattened fields as its own values, which loses the JSON text of a message.

use std::{net::IpAddr, time::Duration};

use clacks_peercloud::{
    Address, Host, Id, Json,
    core::{AutoReply, CheckResult, Failure, Refusal, Removal, Reply, Scope, SendId, SendKind, Source},
    protocol::{BodyLimits, Record},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::value::RawValue;

/// Maximum nesting depth of a value that is read.
const MAX_DEPTH: usize = 128;
/// Maximum bytes of the data of a member that is read.
const MAX_DATA: usize = 1 << 20;
/// Upper limit of a duration in the input: about three hundred years.
const LONGEST: Duration = Duration::from_secs(10_000_000_000);

/// The value of a field that is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("the field `{0}` is missing or wrong")]
pub struct Wrong(&'static str);

impl Wrong {
    /// The error for a missing or invalid field.
    pub fn field(name: &'static str) -> Self {
        Self(name)
    }
}

macro_rules! from_text {
    ($(#[$doc:meta])* $name:ident($of:ty), $text:expr, $read:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub $of);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text: fn(&$of) -> String = $text;
                serializer.serialize_str(&text(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read: fn(&str) -> Option<$of> = $read;
                let text = String::deserialize(deserializer)?;
                read(&text).map(Self).ok_or_else(|| D::Error::custom(concat!("not a valid ", stringify!($name))))
            }
        }
    };
}

from_text! {
    /// The id of a node.
    IdJson(Id), ToString::to_string, |text| Id::new(text).ok()
}
from_text! {
    /// A host and a port.
    AddressJson(Address), ToString::to_string, |text| text.parse().ok()
}
from_text! {
    /// A host.
    HostJson(Host), |host| host.as_str().to_owned(), |text| Host::new(text).ok()
}
from_text! {
    /// The reason of a refusal.
    RefusalJson(Refusal), |refusal| refusal.name().to_owned(),
    |text| Refusal::ALL.into_iter().find(|refusal| refusal.name() == text)
}
from_text! {
    /// What was sent.
    KindJson(SendKind), |kind| kind_name(*kind).to_owned(),
    |text| KINDS.into_iter().find(|kind| kind_name(*kind) == text)
}

const KINDS: [SendKind; 3] = [SendKind::Message, SendKind::Update, SendKind::Goodbye];

fn kind_name(kind: SendKind) -> &'static str {
    match kind {
        SendKind::Message => "message",
        SendKind::Update => "update",
        SendKind::Goodbye => "goodbye",
        // Of these a node makes no events.
        _ => "other",
    }
}

/// Any JSON value.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct ValueJson(pub Json);

impl<'de> Deserialize<'de> for ValueJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Json::new(raw.get(), usize::MAX, MAX_DEPTH).map(Self).map_err(D::Error::custom)
    }
}

/// A value that may be missing; `null` is one.
fn some_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ValueJson>, D::Error> {
    ValueJson::deserialize(deserializer).map(Some)
}

/// A member: `{"id", "ip", "port", "data"}`.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct MemberJson(pub Record);

impl<'de> Deserialize<'de> for MemberJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let limits = BodyLimits { max_data: MAX_DATA, ..BodyLimits::default() };
        Record::decode(raw.get(), &limits).map(Self).map_err(D::Error::custom)
    }
}

/// The number of a message.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NumberJson(pub u64);

impl From<SendId> for NumberJson {
    fn from(id: SendId) -> Self {
        Self(id.number())
    }
}

/// A duration in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Millis(pub Duration);

impl From<Millis> for f64 {
    fn from(Millis(time): Millis) -> Self {
        // One division, so that no digits are made up.
        time.as_nanos() as Self / 1e6
    }
}

impl TryFrom<f64> for Millis {
    type Error = Wrong;

    fn try_from(millis: f64) -> Result<Self, Wrong> {
        let time = Duration::try_from_secs_f64(millis / 1e3).ok().filter(|time| *time < LONGEST);
        time.map(Self).ok_or(Wrong("ms"))
    }
}

/// How a member is known, or why it is known no longer: a word, and the member who said so.
#[derive(Debug, Serialize, Deserialize)]
pub struct CauseJson {
    /// The word.
    pub word: String,
    /// Who said so.
    pub by: Option<IdJson>,
    /// The scope of an address that is not contacted.
    pub scope: Option<String>,
}

impl CauseJson {
    fn new(word: &str, by: Option<&Id>) -> Self {
        Self { word: word.to_owned(), by: by.cloned().map(IdJson), scope: None }
    }

    /// How a member is known.
    pub fn of_source(source: &Source) -> Self {
        match source {
            Source::LetIn => Self::new("let_in", None),
            Source::Via => Self::new("via", None),
            Source::Answer(by) => Self::new("answer", Some(by)),
            Source::Told(by) => Self::new("told", Some(by)),
            Source::Disputed(by) => Self::new("disputed", Some(by)),
        }
    }

    /// The source that it is.
    pub fn source(self) -> Result<Source, Wrong> {
        let by = self.by.map(|IdJson(id)| id).ok_or(Wrong("by"));
        Ok(match &*self.word {
            "let_in" => Source::LetIn,
            "via" => Source::Via,
            "answer" => Source::Answer(by?),
            "told" => Source::Told(by?),
            "disputed" => Source::Disputed(by?),
            _ => return Err(Wrong("source")),
        })
    }

    /// Why a member was removed.
    pub fn of_removal(removal: &Removal) -> Self {
        match removal {
            Removal::SaidGoodbye => Self::new("said_goodbye", None),
            Removal::FoundGoneBy(by) => Self::new("found_gone", Some(by)),
            Removal::NoAnswer => Self::new("no_answer", None),
            Removal::OtherId => Self::new("other_id", None),
            Removal::DoesNotKnowUs => Self::new("does_not_know_us", None),
            Removal::Forbidden(scope) => {
                Self { scope: Some(scope.name().to_owned()), ..Self::new("forbidden", None) }
            }
            Removal::Dropped => Self::new("ignored", None),
            Removal::Repair => Self::new("repair", None),
            Removal::Left => Self::new("left", None),
        }
    }

    /// The reason that it is.
    pub fn removal(self) -> Result<Removal, Wrong> {
        Ok(match &*self.word {
            "said_goodbye" => Removal::SaidGoodbye,
            "found_gone" => Removal::FoundGoneBy(self.by.ok_or(Wrong("by"))?.0),
            "no_answer" => Removal::NoAnswer,
            "other_id" => Removal::OtherId,
            "does_not_know_us" => Removal::DoesNotKnowUs,
            "forbidden" => Removal::Forbidden(scope(self.scope.as_deref())?),
            "ignored" => Removal::Dropped,
            "repair" => Removal::Repair,
            "left" => Removal::Left,
            _ => return Err(Wrong("reason")),
        })
    }
}

fn scope(name: Option<&str>) -> Result<Scope, Wrong> {
    Scope::ALL.into_iter().find(|scope| Some(scope.name()) == name).ok_or(Wrong("scope"))
}

/// Why a request of ours failed: a word, and what belongs to it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FailureJson {
    /// The word.
    pub error: String,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The start of the body of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The cause in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The limit in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The scope of an address that is not contacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl From<&Failure> for FailureJson {
    fn from(failure: &Failure) -> Self {
        let of = |error: &str| Self { error: error.to_owned(), ..Self::default() };
        let with = |error: &str, cause: &str| Self { cause: Some(cause.to_owned()), ..of(error) };
        match failure {
            Failure::UnknownToIt => Self { code: Some(404), ..of("unknown_to_it") },
            Failure::Status { code, body } => {
                Self { code: Some(*code), body: Some(body.to_string()), ..of("status") }
            }
            Failure::Refused(cause) => with("refused", cause),
            Failure::Cut => of("cut"),
            Failure::TimedOut => of("timed_out"),
            Failure::BadAnswer(cause) => with("bad_answer", cause),
            Failure::TooLong(limit) => Self { limit: Some(*limit), ..of("too_long") },
            Failure::Forbidden(scope) => Self { scope: Some(scope.name().to_owned()), ..of("forbidden") },
            Failure::NotReachable => of("not_reachable"),
            Failure::NameNotFound(cause) => with("name_not_found", cause),
            Failure::NoResources(cause) => with("no_resources", cause),
            Failure::NoMember => of("no_member"),
            Failure::Stopped => of("stopped"),
            other => with("other", &other.to_string()),
        }
    }
}

impl FailureJson {
    /// The failure that it is.
    pub fn failure(self) -> Result<Failure, Wrong> {
        let cause = || self.cause.as_deref().unwrap_or_default().into();
        Ok(match &*self.error {
            "unknown_to_it" => Failure::UnknownToIt,
            "status" => Failure::Status {
                code: self.code.ok_or(Wrong("code"))?,
                body: self.body.as_deref().unwrap_or_default().into(),
            },
            "refused" => Failure::Refused(cause()),
            "cut" => Failure::Cut,
            "timed_out" => Failure::TimedOut,
            "bad_answer" => Failure::BadAnswer(cause()),
            "too_long" => Failure::TooLong(self.limit.ok_or(Wrong("limit"))?),
            "forbidden" => Failure::Forbidden(scope(self.scope.as_deref())?),
            "not_reachable" => Failure::NotReachable,
            "name_not_found" => Failure::NameNotFound(cause()),
            "no_resources" => Failure::NoResources(cause()),
            "no_member" => Failure::NoMember,
            "stopped" => Failure::Stopped,
            _ => return Err(Wrong("error")),
        })
    }
}

/// What one receiver replied: a `value`, or an `error` with what belongs to it, as in [`FailureJson`]. An answer without a
/// body has neither.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReplyJson {
    /// The number of the message, where the reply is an event of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NumberJson>,
    /// What was sent, where the reply is an event of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindJson>,
    member: MemberJson,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_value")]
    value: Option<ValueJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    ms: Millis,
}

impl From<&Reply> for ReplyJson {
    fn from(reply: &Reply) -> Self {
        let (value, failure) = match &reply.result {
            Ok(value) => (value.clone().map(ValueJson), None),
            Err(failure) => (None, Some(FailureJson::from(failure))),
        };
        let is_error = failure.is_some();
        let FailureJson { error, code, body, cause, limit, scope } = failure.unwrap_or_default();
        let error = is_error.then_some(error);
        let (member, ms) = (MemberJson(reply.member.clone()), Millis(reply.took));
        Self { id: None, kind: None, member, value, error, code, body, cause, limit, scope, ms }
    }
}

impl ReplyJson {
    /// The reply that it is.
    pub fn reply(self) -> Result<Reply, Wrong> {
        let Self { member: MemberJson(member), value, error, code, body, cause, limit, scope, ms, .. } = self;
        let result = match error {
            None => Ok(value.map(|ValueJson(value)| value)),
            Some(error) => Err(FailureJson { error, code, body, cause, limit, scope }.failure()?),
        };
        Ok(Reply::new(member, result, ms.0))
    }
}

/// The result of a check: a word, and what belongs to it.
#[derive(Debug, Serialize, Deserialize)]
pub struct CheckJson {
    result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other_id: Option<IdJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<FailureJson>,
}

impl From<&CheckResult> for CheckJson {
    fn from(result: &CheckResult) -> Self {
        let of = |result: &str| Self { result: result.to_owned(), other_id: None, failure: None };
        match result {
            CheckResult::Here => of("here"),
            CheckResult::OtherId(id) => Self { other_id: id.clone().map(IdJson), ..of("other_id") },
            CheckResult::Offline => of("offline"),
            CheckResult::Failed(failure) => Self { failure: Some(failure.into()), ..of("failed") },
        }
    }
}

impl CheckJson {
    /// The result that it is.
    pub fn result(self) -> Result<CheckResult, Wrong> {
        Ok(match &*self.result {
            "here" => CheckResult::Here,
            "other_id" => CheckResult::OtherId(self.other_id.map(|IdJson(id)| id)),
            "offline" => CheckResult::Offline,
            "failed" => CheckResult::Failed(self.failure.ok_or(Wrong("failure"))?.failure()?),
            _ => return Err(Wrong("result")),
        })
    }
}

/// What messages are answered with: `"none"`, `"echo"` or `{"value": VALUE}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoReplyJson {
    /// `{}`.
    None,
    /// The message itself.
    Echo,
    /// This value.
    Value(ValueJson),
}

impl From<&AutoReply> for AutoReplyJson {
    fn from(reply: &AutoReply) -> Self {
        match reply {
            AutoReply::Empty => Self::None,
            AutoReply::Echo => Self::Echo,
            AutoReply::Value(value) => Self::Value(ValueJson(value.clone())),
        }
    }
}

impl From<AutoReplyJson> for AutoReply {
    fn from(reply: AutoReplyJson) -> Self {
        match reply {
            AutoReplyJson::None => Self::Empty,
            AutoReplyJson::Echo => Self::Echo,
            AutoReplyJson::Value(ValueJson(value)) => Self::Value(value),
        }
    }
}

/// Addresses at the door.
pub(crate) type Addresses = Vec<IpAddr>;
