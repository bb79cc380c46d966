use std::fmt;

use serde::{
    Serialize,
    de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Address, BodyError, BodyLimits, Host, Id, Json, Record,
    object::fields,
    record::{read_data, read_host, read_id, read_port},
    request::wrong,
};

/// An answer to a request: an HTTP status and a JSON body, which is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
}

impl Answer {
    /// 200 with this body.
    pub fn ok(body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => Self { status: 200, body },
            Err(error) => Self::error(500, &error.to_string()),
        }
    }

    /// `{"error": REASON}` with this status.
    pub fn error(status: u16, reason: &str) -> Self {
        Self { status, body: format!("{{\"error\":{}}}", serde_json::Value::from(reason)) }
    }

    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        self.status == 200
    }
}

/// The answer to `/status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusAnswer {
    /// The id of the node. Missing if it has none yet.
    pub id: Option<Id>,
    /// Whether it is up. A node that shuts down may say that it is not.
    pub online: bool,
    /// Whether it is in a cloud; `None` if it does not say.
    pub joined: Option<bool>,
}

impl StatusAnswer {
    /// Reads an answer: an object. Of `online` only JavaScript's falsy values count as false.
    pub fn decode(body: &[u8]) -> Result<Self, BodyError> {
        let json = str::from_utf8(body).map_err(|_| BodyError::NotUtf8)?;
        let [id, online, joined] = fields(json, ["id", "online", "joined"])?;
        let is_online = |online: &RawValue| !matches!(online.get(), "false" | "\"\"" | "0" | "-0" | "0.0");
        let said = |joined: &RawValue| match joined.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        Ok(Self { id: read_id(id)?, online: online.is_none_or(is_online), joined: joined.and_then(said) })
    }

    /// The body as it is sent.
    pub fn encode(id: &Id, online: bool, joined: bool) -> Answer {
        #[derive(Serialize)]
        struct Status<'a> {
            id: &'a Id,
            online: bool,
            listening: bool,
            joined: bool,
        }
        Answer::ok(&Status { id, online, listening: true, joined })
    }
}

/// The answers to `/joined`, `/left` and `/update`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgement {
    /// To `/joined`.
    Added,
    /// To `/left`.
    Removed,
    /// To `/update`.
    Updated,
}

impl Acknowledgement {
    /// The answer as it is sent.
    pub fn encode(self) -> Answer {
        #[derive(Serialize)]
        struct Acknowledged {
            status: &'static str,
        }
        Answer::ok(&Acknowledged { status: self.name() })
    }

    /// The value of `status`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Updated => "updated",
        }
    }
}

/// The answer to `/join` of a server that lets us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinAnswer {
    /// The id of the newcomer, if the server says it.
    pub id: Option<Id>,
    /// The host of the newcomer, as the server sees it, if it says so.
    pub seen_as: Option<Host>,
    /// The port of the newcomer, if the server says it.
    pub port: Option<u16>,
    /// The id of the server.
    pub server: Id,
    /// The data of the server.
    pub server_data: Json,
    /// The other members, each checked.
    pub members: Vec<Record>,
    /// Number of records that were left out: invalid ones, and those above
    /// [`BodyLimits::max_members`](super::BodyLimits::max_members).
    pub left_out: usize,
}

impl JoinAnswer {
    /// Reads an answer. Invalid records are left out and counted.
    ///
    /// # Errors
    /// `status` is not `joined`, or `self` or `peers` is missing or wrong.
    pub fn decode(body: &[u8], limits: &BodyLimits) -> Result<Self, BodyError> {
        let json = str::from_utf8(body).map_err(|_| BodyError::NotUtf8)?;
        let names = ["status", "id", "ip", "port", "self", "peers"];
        let [status, id, ip, port, server, peers] = fields(json, names)?;
        if status.map(RawValue::get) != Some("\"joined\"") {
            return Err(wrong("status", "not \"joined\""));
        }
        let server = server.ok_or_else(|| wrong("self", "missing"))?;
        let [server_id, server_data] = fields(server.get(), ["id", "data"])?;
        let peers = peers.ok_or_else(|| wrong("peers", "missing"))?;
        let (members, left_out) = read_records(peers.get(), limits)?;
        Ok(Self {
            id: read_id(id)?,
            // These two are only shown, so a wrong one does no harm.
            seen_as: read_host(ip).ok().flatten(),
            port: read_port(port).ok().flatten(),
            server: read_id(server_id)?.ok_or_else(|| wrong("self", "no id"))?,
            server_data: read_data(server_data, limits)?,
            members,
            left_out,
        })
    }

    /// The body as it is sent to the newcomer at this address.
    pub fn encode<'a>(
        newcomer: (&Id, &Address),
        server: (&Id, &Json),
        peers: impl Iterator<Item = &'a Record>,
    ) -> Answer {
        #[derive(Serialize)]
        struct Server<'a> {
            id: &'a Id,
            data: &'a Json,
        }
        #[derive(Serialize)]
        struct Joined<'a> {
            status: &'static str,
            id: &'a Id,
            ip: &'a Host,
            port: u16,
            #[serde(rename = "self")]
            server: Server<'a>,
            peers: Vec<&'a Record>,
        }
        let ((id, address), (server_id, data)) = (newcomer, server);
        Answer::ok(&Joined {
            status: "joined",
            id,
            ip: &address.host,
            port: address.port,
            server: Server { id: server_id, data },
            peers: peers.collect(),
        })
    }
}

fn read_records(json: &str, limits: &BodyLimits) -> Result<(Vec<Record>, usize), BodyError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Ok(Records(limits).deserialize(&mut deserializer)?)
}

/// Reads records one by one, so that a long list of tiny values needs no memory.
struct Records<'a>(&'a BodyLimits);

impl<'de> DeserializeSeed<'de> for Records<'_> {
    type Value = (Vec<Record>, usize);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // `deserialize_seq` refuses text too, but its error repeats the whole text.
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = (Vec<Record>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of peers")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(E::custom("text, but a list of peers is expected"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut records, mut left_out) = (Vec::new(), 0);
        while let Some(json) = list.next_element::<&RawValue>()? {
            let room = records.len() < self.0.max_members;
            match Record::decode(json.get(), self.0) {
                Ok(record) if room => records.push(record),
                _ => left_out += 1,
            }
        }
        Ok((records, left_out))
    }
}
