use mlua::{MultiValue, Table, Value};

use crate::{
    HostPort,
    script::{json::Problem, type_name},
};

/// The arguments of a call, which are checked by hand: their errors name the function and the argument.
pub(super) struct Arguments {
    function: &'static str,
    values: MultiValue,
}

impl Arguments {
    pub(super) fn new(function: &'static str, values: MultiValue) -> Self {
        Self { function, values }
    }

    /// The argument at this place, from 0. `nil` if there are fewer.
    pub(super) fn get(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Nil)
    }

    /// A string.
    pub(super) fn text(&self, index: usize) -> Result<String, Problem> {
        match self.get(index) {
            Value::String(text) => match text.to_str() {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => self.wrong(index, "a string in UTF-8"),
            },
            _ => self.wrong(index, "a string"),
        }
    }

    /// A finite number, or the default without one.
    pub(super) fn number_or(&self, index: usize, default: f64) -> Result<f64, Problem> {
        match self.get(index) {
            Value::Nil => Ok(default),
            Value::Integer(number) => Ok(*number as f64),
            Value::Number(number) if number.is_finite() => Ok(*number),
            _ => self.wrong(index, "a number"),
        }
    }

    /// A table.
    pub(super) fn table(&self, index: usize) -> Result<&Table, Problem> {
        match self.get(index) {
            Value::Table(table) => Ok(table),
            _ => self.wrong(index, "a table"),
        }
    }

    /// An address: `"host:port"`, or a table with `hostname` and `port`, such as a peer.
    pub(super) fn address(&self, index: usize) -> Result<HostPort, Problem> {
        const EXPECTED: &str = "an address, \"host:port\" or a table with hostname and port";
        let address = match self.get(index) {
            Value::String(text) => text.to_str().ok().and_then(|text| HostPort::parse(&text)),
            Value::Table(table) => address_of(table)?,
            _ => None,
        };
        address.map_or_else(|| self.wrong(index, EXPECTED), Ok)
    }

    pub(super) fn wrong<T>(&self, index: usize, expected: &str) -> Result<T, Problem> {
        let given = type_name(self.get(index));
        Err(Problem::Wrong(format!(
            "{}: argument {} must be {expected}, got {given}",
            self.function,
            index + 1
        )))
    }
}

/// The address in a table with `hostname` and `port`.
pub(super) fn address_of(table: &Table) -> Result<Option<HostPort>, Problem> {
    let (hostname, port) = (text_of(table, "hostname")?, number_of(table, "port")?);
    let port = port.filter(|port| port.fract() == 0.0 && (1.0..=65535.0).contains(port));
    Ok(match (hostname.filter(|hostname| !hostname.is_empty()), port) {
        (Some(hostname), Some(port)) => Some(HostPort { hostname: hostname.into(), port: port as u16 }),
        _ => None,
    })
}

/// The string in a field.
pub(super) fn text_of(table: &Table, field: &str) -> Result<Option<String>, Problem> {
    Ok(match table.raw_get(field)? {
        Value::String(text) => text.to_str().ok().map(|text| text.to_owned()),
        _ => None,
    })
}

/// The finite number in a field.
pub(super) fn number_of(table: &Table, field: &str) -> Result<Option<f64>, Problem> {
    Ok(match table.raw_get(field)? {
        Value::Integer(number) => Some(number as f64),
        Value::Number(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    })
}
