use std::{borrow::Cow, sync::Arc};

use clacks_transport::Scope;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use serde_json::value::RawValue;

use super::{
    Address, BodyError, BodyLimits, Host, Id, Json,
    host::decimal_port,
    object::fields,
    request::{text, wrong},
};

/// Maximum characters of a name.
const MAX_NAME: usize = 64;

/// What a cloud knows of a member: the four fields that are passed on, each checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: Id,
    /// Where it listens.
    pub address: Address,
    /// Its data: any JSON, by convention an object.
    pub data: Json,
}

impl Record {
    /// Reads a record: `{"id", "ip", "port", "data"}`. Missing data is `{}`.
    pub fn decode(json: &str, limits: &BodyLimits) -> Result<Self, BodyError> {
        let [id, ip, port, data] = fields(json, ["id", "ip", "port", "data"]).map_err(BodyError::from)?;
        let id = read_id(id)?.ok_or_else(|| wrong("id", "missing"))?;
        let host = read_host(ip)?.ok_or_else(|| wrong("ip", "missing"))?;
        let port = read_port(port)?.ok_or_else(|| wrong("port", "missing"))?;
        let address = Address::of(host, port).map_err(|error| wrong("port", &error.to_string()))?;
        Ok(Self { id, address, data: read_data(data, limits)? })
    }
}

impl Record {
    /// Whether its host is this machine, seen from wherever it is: a loopback address or `localhost`.
    pub fn is_loopback(&self) -> bool {
        self.address.host.scope() == Some(Scope::Loopback)
    }

    /// The field `name` of its data, if that is an object with one such field, which is a text: at most 64 characters.
    pub fn name(&self) -> Option<Arc<str>> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
        }
        // A struct could be read from an array too.
        let object = Some(self.data.as_str()).filter(|data| data.starts_with('{'))?;
        let Named { name } = serde_json::from_str(object).ok()?;
        let end = name.char_indices().nth(MAX_NAME).map_or(name.len(), |(end, _)| end);
        Some(name[..end].into())
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Record", 4)?;
        object.serialize_field("id", &self.id)?;
        object.serialize_field("ip", &self.address.host)?;
        object.serialize_field("port", &self.address.port)?;
        object.serialize_field("data", &self.data)?;
        object.end()
    }
}

pub(super) fn read_id(id: Option<&RawValue>) -> Result<Option<Id>, BodyError> {
    let read = |id| Id::new(&text("id", id)?).map_err(|error| wrong("id", &error.to_string()));
    id.map(read).transpose()
}

pub(super) fn read_host(ip: Option<&RawValue>) -> Result<Option<Host>, BodyError> {
    let read = |ip| Host::new(&text("ip", ip)?).map_err(|error| wrong("ip", &error.to_string()));
    ip.map(read).transpose()
}

/// A port is a number or decimal text.
pub(super) fn read_port(port: Option<&RawValue>) -> Result<Option<u16>, BodyError> {
    let read = |port: &RawValue| {
        let written = port.get();
        let port = if written.starts_with('"') {
            decimal_port(&text("port", port)?)
        } else {
            let number = written.parse::<f64>().ok();
            number
                .filter(|port| port.fract() == 0.0 && (1.0..=65535.0).contains(port))
                .map(|port| port as u16)
        };
        port.ok_or_else(|| wrong("port", "not a whole number from 1 to 65535"))
    };
    port.map(read).transpose()
}

/// Missing data is `{}`.
pub(super) fn read_data(data: Option<&RawValue>, limits: &BodyLimits) -> Result<Json, BodyError> {
    let read = |data| {
        Json::from_raw(data, limits.max_data, limits.max_data_depth())
            .map_err(|source| BodyError::Json { field: "data", source })
    };
    data.map_or_else(|| Ok(Json::empty_object()), read)
}
