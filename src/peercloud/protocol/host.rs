use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use clacks_transport::Scope;
use serde::{Serialize, Serializer};

/// Maximum bytes of a hostname: RFC 1035, without the final dot.
const MAX_HOST: usize = 253;
/// Maximum bytes between two dots of a hostname.
const MAX_LABEL: usize = 63;

/// The port of a node that names none.
pub const DEFAULT_PORT: u16 = 9338;

/// A hostname or an IP address without brackets. Spellings of the same host are equal: the hostname is in lower case, and
/// an IPv6 address that carries an IPv4 address (`::ffff:192.0.2.7`, as the package writes it) is that IPv4 address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Arc<str>);

/// A host and a port, at which a node listens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The port, from 1 to 65535.
    pub port: u16,
}

/// Why a text is not an [`Address`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The host is neither a hostname nor an IP address, or longer than 253 bytes.
    #[error("the host is neither a name (at most {MAX_HOST} bytes) nor an IP address")]
    Host,
    /// The port is not a whole number from 1 to 65535.
    #[error("the port is not a whole number from 1 to 65535")]
    Port,
    /// No node can be at an address of this scope.
    #[error("no node can be there: it is {0}")]
    Scope(Scope),
}

impl Host {
    /// The host with this name or IP address.
    pub fn new(text: &str) -> Result<Self, AddressError> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            let scope = Scope::of(ip);
            return if scope.has_nodes() { Ok(ip.into()) } else { Err(AddressError::Scope(scope)) };
        }
        let is_label = |label: &str| {
            (1..=MAX_LABEL).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let is_name = text.len() <= MAX_HOST && !ends_in_number(text) && text.split('.').all(is_label);
        if is_name { Ok(Self(text.to_ascii_lowercase().into())) } else { Err(AddressError::Host) }
    }

    /// Its text: a name in lower case, or an IP address without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The IP address, if it is one; `None` if it is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }

    /// The scope of the IP address or of `localhost`; `None` for other names.
    pub fn scope(&self) -> Option<Scope> {
        Scope::of_hostname(&self.0)
    }
}

/// An IPv4-mapped IPv6 address is the IPv4 address.
impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self(ip.to_canonical().to_string().into())
    }
}

/// Whether systems read the name as an IPv4 address: `127.1` and `0x7f.1` would be second spellings of one.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Address {
    /// The address of a host, given as a name or an IP address without brackets, and a port.
    pub fn new(host: &str, port: u16) -> Result<Self, AddressError> {
        Self::of(Host::new(host)?, port)
    }

    /// The address of a host and a port.
    pub fn of(host: Host, port: u16) -> Result<Self, AddressError> {
        if port == 0 { Err(AddressError::Port) } else { Ok(Self { host, port }) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.as_str().contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// `HOST:PORT`, or `HOST` with the default port. An IPv6 address with a port stands in brackets.
impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(rest) = text.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or(AddressError::Host)?;
            let port = if port.is_empty() { DEFAULT_PORT } else { port_of(port.strip_prefix(':'))? };
            return Self::new(host, port);
        }
        match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => Self::new(host, port_of(Some(port))?),
            _ => Self::new(text, DEFAULT_PORT),
        }
    }
}

fn port_of(text: Option<&str>) -> Result<u16, AddressError> {
    text.and_then(decimal_port).ok_or(AddressError::Port)
}

/// A decimal port from 1 to 65535, without sign or space.
pub(super) fn decimal_port(text: &str) -> Option<u16> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_decimal && *port != 0)
}
