use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    BodyLimits, DEFAULT_PORT, Host, Id, Json, JsonError, Path, Record,
    object::fields,
    record::{read_data, read_host, read_id, read_port},
};

/// Maximum characters of the reason of the JSON parser that are kept: it may repeat a part of the body.
const MAX_REASON: usize = 200;

/// The body of a request, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To `/join`.
    Join(JoinRequest),
    /// To `/status`.
    Status,
    /// To `/joined`: who was let in.
    Joined(Record),
    /// To `/left`: who is gone.
    Left(Id),
    /// To `/update`.
    Update {
        /// The member whose data is new.
        id: Id,
        /// The new data.
        data: Json,
    },
    /// To `/message`: an object or an array.
    Message(Json),
}

/// The body of a request to `/join`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The id of the newcomer. `None` if the server is to make one.
    pub id: Option<Id>,
    /// Its host. `None` if it is the address of the connection.
    pub ip: Option<Host>,
    /// Its port, 9338 if it named none.
    pub port: u16,
    /// Its data, `{}` if it named none.
    pub data: Json,
}

/// Why a body is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is not the JSON object that the path needs.
    #[error("the body is not a JSON object: {0}")]
    NotAnObject(String),
    /// The body of a message is neither an object nor an array.
    #[error("the body is neither an object nor an array")]
    NotAMessage,
    /// A value is no JSON, too deep or too long.
    #[error("{field}: {source}")]
    Json {
        /// The field, or `body`.
        field: &'static str,
        /// The cause.
        source: JsonError,
    },
    /// The bytes are not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A field has a value that is not allowed.
    #[error("{field}: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// The reason.
        reason: String,
    },
}

impl BodyError {
    /// The HTTP status of the answer: 413 for a value that is too long, otherwise 400.
    pub fn status(&self) -> u16 {
        if matches!(self, Self::Json { source: JsonError::TooLong(_), .. }) { 413 } else { 400 }
    }
}

impl From<serde_json::Error> for BodyError {
    fn from(error: serde_json::Error) -> Self {
        Self::NotAnObject(error.to_string().chars().take(MAX_REASON).collect())
    }
}

pub(super) fn wrong(field: &'static str, reason: &str) -> BodyError {
    BodyError::Field { field, reason: reason.to_owned() }
}

/// The characters of a field that is a string.
pub(super) fn text(field: &'static str, value: &RawValue) -> Result<String, BodyError> {
    serde_json::from_str(value.get()).map_err(|_| wrong(field, "not text"))
}

impl Request {
    /// Reads the body of a request to this path. An empty body of a request to `/status` is accepted.
    pub fn decode(path: Path, body: &[u8], limits: &BodyLimits) -> Result<Self, BodyError> {
        let json = str::from_utf8(body).map_err(|_| BodyError::NotUtf8)?;
        if path == Path::Status && json.trim_ascii().is_empty() {
            return Ok(Self::Status);
        }
        let whole = Json::new(json, limits.max_body, limits.max_depth)
            .map_err(|source| BodyError::Json { field: "body", source })?;
        match path {
            Path::Join => JoinRequest::decode(whole.as_str(), limits).map(Self::Join),
            Path::Status => Ok(Self::Status),
            Path::Joined => Record::decode(whole.as_str(), limits).map(Self::Joined),
            Path::Left => {
                let [id] = fields(whole.as_str(), ["id"])?;
                read_id(id)?.map(Self::Left).ok_or_else(|| wrong("id", "missing"))
            }
            Path::Update => {
                let [id, data] = fields(whole.as_str(), ["id", "data"])?;
                let id = read_id(id)?.ok_or_else(|| wrong("id", "missing"))?;
                Ok(Self::Update { id, data: read_data(data, limits)? })
            }
            Path::Message if whole.is_object_or_array() => Ok(Self::Message(whole)),
            Path::Message => Err(BodyError::NotAMessage),
        }
    }

    /// The path that the body is for.
    pub fn path(&self) -> Path {
        match self {
            Self::Join(_) => Path::Join,
            Self::Status => Path::Status,
            Self::Joined(_) => Path::Joined,
            Self::Left(_) => Path::Left,
            Self::Update { .. } => Path::Update,
            Self::Message(_) => Path::Message,
        }
    }

    /// The body as it is sent.
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        struct Left<'a> {
            id: &'a Id,
        }
        #[derive(Serialize)]
        struct Update<'a> {
            id: &'a Id,
            data: &'a Json,
        }
        let encoded = match self {
            Self::Join(JoinRequest { id, ip, port, data }) => {
                #[derive(Serialize)]
                struct Join<'a> {
                    id: &'a Option<Id>,
                    ip: &'a Option<Host>,
                    port: u16,
                    data: &'a Json,
                }
                serde_json::to_string(&Join { id, ip, port: *port, data })
            }
            Self::Status => Ok("{}".to_owned()),
            Self::Joined(record) => serde_json::to_string(record),
            Self::Left(id) => serde_json::to_string(&Left { id }),
            Self::Update { id, data } => serde_json::to_string(&Update { id, data }),
            Self::Message(json) => Ok(json.as_str().to_owned()),
        };
        // The fields are text, numbers and valid JSON.
        encoded.unwrap_or_default()
    }
}

impl JoinRequest {
    fn decode(json: &str, limits: &BodyLimits) -> Result<Self, BodyError> {
        let [id, ip, port, data] = fields(json, ["id", "ip", "port", "data"])?;
        Ok(Self {
            id: read_id(id)?,
            ip: read_host(ip)?,
            port: read_port(port)?.unwrap_or(DEFAULT_PORT),
            data: read_data(data, limits)?,
        })
    }
}
