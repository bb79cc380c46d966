use std::{
    borrow::Cow,
    cmp::Ordering,
    fmt,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU16,
    str::FromStr,
    sync::LazyLock,
};

use serde::{
    Deserialize, Serialize, Serializer,
    de::{Error, Visitor},
    ser::SerializeStruct,
};
use triomphe::ThinArc;

use super::{PeerId, object::from_object};

/// Longest hostname in bytes, from RFC 1035 section 2.3.4 (255 octets on the wire, 253 as text).
const MAX_HOSTNAME: usize = 253;
/// Longest label of a hostname in bytes, from RFC 1035 section 2.3.4.
const MAX_LABEL: usize = 63;

/// The address of a peer: a hostname and a port.
///
/// The hostname is a DNS name, an IPv4 address or an IPv6 address without brackets. The port is 1 to 65535.
///
/// Two addresses are equal if they differ only in spelling: in the case of letters, the form of an IPv6 address, or an
/// IPv4 address mapped into IPv6. The hostname keeps its spelling, because the network derives the identifier from it.
/// So equal addresses can have different identifiers.
///
/// ```
/// # use clacks_p2p::Address;
/// let tower: Address = "tower.example.org:8080".parse()?;
/// assert_eq!((tower.hostname(), tower.port()), ("tower.example.org", 8080));
/// assert_eq!("[::1]:8080".parse::<Address>()?.hostname(), "::1");
/// assert_eq!("Tower.Example.org:8080".parse(), Ok(tower));
/// # Ok::<(), clacks_p2p::AddressError>(())
/// ```
///
/// Clones share their memory. An address is one pointer.
#[derive(Clone)]
pub struct Address(ThinArc<Head, u8>);

/// The part of an address before the hostname.
#[derive(Clone, Copy)]
struct Head {
    /// The hash of the canonical hostname, by [`KEY`].
    hash: u32,
    port: NonZeroU16,
    /// Whether the hostname is written in its canonical form.
    is_canonical: bool,
}

/// Hashes hostnames, once for each address that is read. Strangers choose the hostnames and can send any number of
/// them, so std's seeded hash is used: faster hashes do not resist deliberate collisions. All hash tables of addresses
/// use this hash. It never leaves the program.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Why a text is not an [`Address`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text has no `:` with a port behind it.
    #[error("an address is written host:port, or [host]:port for IPv6")]
    NoPort,
    /// The hostname is empty.
    #[error("the hostname is empty")]
    EmptyHostname,
    /// The hostname, or a part of it between dots, is longer than DNS allows.
    #[error("the hostname is longer than DNS allows (253 bytes, 63 between dots)")]
    HostnameTooLong,
    /// The hostname is neither a DNS name nor an IP address.
    #[error(
        "the hostname is neither a DNS name (letters, digits, '_' and inner '-' between dots) nor an IP address"
    )]
    InvalidHostname,
    /// The port is not a whole number from 1 to 65535.
    #[error("the port is not a whole number from 1 to 65535")]
    InvalidPort,
}

impl Address {
    /// The address of `hostname`, which is a DNS name or an IP address without brackets, and `port`, from 1 to
    /// 65535.
    pub fn new(hostname: &str, port: u16) -> Result<Self, AddressError> {
        check_hostname(hostname)?;
        let port = NonZeroU16::new(port).ok_or(AddressError::InvalidPort)?;
        let canonical = canonical(hostname);
        let is_canonical = matches!(canonical, Cow::Borrowed(_));
        let head = Head { hash: KEY.hash_one(&*canonical) as u32, port, is_canonical };
        Ok(Self::of(head, hostname.as_bytes()))
    }

    /// The hostname as it was written, an IPv6 address without brackets.
    pub fn hostname(&self) -> &str {
        // The bytes were a string when the address was created.
        str::from_utf8(&self.0.slice).unwrap_or_default()
    }

    /// The port, from 1 to 65535.
    pub fn port(&self) -> u16 {
        self.head().port.get()
    }

    /// The IP address, if the hostname is one; an IPv4-mapped IPv6 address as IPv4. `None` if it is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.hostname().parse().ok().map(|ip: IpAddr| ip.to_canonical())
    }

    /// The identifier of this address in the network.
    ///
    /// Different addresses can share an identifier (`10.0.0.1` 23 and `10.0.0.12` 3), so no table is keyed by it.
    pub fn identifier(&self) -> PeerId {
        PeerId::of(self.hostname(), self.port())
    }

    /// The address in canonical spelling: lower case, IPv6 as in RFC 5952, an IPv4-mapped IPv6 address as IPv4.
    pub fn canonical(&self) -> Self {
        if self.head().is_canonical {
            return self.clone();
        }
        Self::of(Head { is_canonical: true, ..*self.head() }, self.canonical_hostname().as_bytes())
    }

    fn canonical_hostname(&self) -> Cow<'_, str> {
        if self.head().is_canonical { self.hostname().into() } else { canonical(self.hostname()) }
    }

    /// The same address with another port.
    pub fn with_port(&self, port: NonZeroU16) -> Self {
        Self::of(Head { port, ..*self.head() }, &self.0.slice)
    }

    fn of(head: Head, hostname: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice(head, hostname))
    }

    fn head(&self) -> &Head {
        &self.0.header.header
    }

    /// The hash for hash tables. It differs in each run of the program and is not known outside it.
    pub(crate) fn table_hash(&self) -> u64 {
        let both = u64::from(self.head().hash) << u16::BITS | u64::from(self.port());
        // Multiplied by the golden ratio to spread the bits, because tables use both the low and the high ones.
        let spread = both.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        spread ^ spread >> u32::BITS
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.head(), other.head());
        std::ptr::eq(one, two)
            || (one.port == two.port
                && one.hash == two.hash
                && (self.0.slice == other.0.slice
                    || (!(one.is_canonical && two.is_canonical)
                        && self.canonical_hostname() == other.canonical_hostname())))
    }
}

impl Eq for Address {}

/// By the canonical hostname, then by the port.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        let hostnames = self.canonical_hostname().cmp(&other.canonical_hostname());
        hostnames.then_with(|| self.port().cmp(&other.port()))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.head().hash.hash(state);
        self.port().hash(state);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hostname, port) = (self.hostname(), self.port());
        if hostname.contains(':') { write!(f, "[{hostname}]:{port}") } else { write!(f, "{hostname}:{port}") }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (hostname, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once("]:").ok_or(AddressError::NoPort)?,
            None => text.rsplit_once(':').ok_or(AddressError::NoPort)?,
        };
        if hostname.contains(':') != text.starts_with('[') {
            return Err(AddressError::NoPort);
        }
        Self::new(hostname, parse_port(port)?)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Address", 2)?;
        object.serialize_field("hostname", self.hostname())?;
        object.serialize_field("port", &self.port())?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct RawAddress<'a> {
            #[serde(borrow)]
            hostname: Cow<'a, str>,
            port: Port,
        }
        let written: RawAddress<'_> = from_object(deserializer, "an object with hostname and port")?;
        Self::new(&written.hostname, written.port.0).map_err(Error::custom)
    }
}

/// A port as peers write it: `8080`, `8080.0` and `"8080"` are the same.
struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortVisitor)
    }
}

struct PortVisitor;

impl Visitor<'_> for PortVisitor {
    type Value = Port;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port that is a number or a string")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Port, E> {
        let port = u16::try_from(number).ok().filter(|port| *port > 0);
        port.map(Port).ok_or_else(|| E::custom(AddressError::InvalidPort))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Port, E> {
        self.visit_u64(u64::try_from(number).unwrap_or_default())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Port, E> {
        let is_port = number.fract() == 0.0 && (1.0..=65535.0).contains(&number);
        self.visit_u64(if is_port { number as u64 } else { 0 })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Port, E> {
        parse_port(text).map(Port).map_err(E::custom)
    }
}

/// A decimal port without sign, space or leading zero, so that each port has one spelling and one identifier.
fn parse_port(text: &str) -> Result<u16, AddressError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().map_err(|_| AddressError::InvalidPort) } else { Err(AddressError::InvalidPort) }
}

/// The canonical spelling of a hostname, which is equal for all spellings of one host.
fn canonical(hostname: &str) -> Cow<'_, str> {
    if hostname.contains(':') {
        let ip = hostname.parse::<Ipv6Addr>().map(|ip| ip.to_canonical().to_string());
        return ip.ok().filter(|written| written != hostname).map_or(hostname.into(), Cow::Owned);
    }
    if hostname.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return hostname.to_ascii_lowercase().into();
    }
    hostname.into()
}

fn check_hostname(hostname: &str) -> Result<(), AddressError> {
    if hostname.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    if hostname.is_empty() {
        return Err(AddressError::EmptyHostname);
    }
    if hostname.len() > MAX_HOSTNAME || hostname.split('.').any(|label| label.len() > MAX_LABEL) {
        return Err(AddressError::HostnameTooLong);
    }
    let valid = if hostname.contains(':') {
        hostname.parse::<Ipv6Addr>().is_ok()
    } else {
        !ends_in_number(hostname) && hostname.split('.').all(is_label)
    };
    if valid { Ok(()) } else { Err(AddressError::InvalidHostname) }
}

/// Whether a label of a hostname is accepted by DNS, URLs and TLS. RFC 1123 section 2.1 allows no `-` at either end,
/// and a TLS server name with one is invalid, so a connection would be impossible. All three accept `_`.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Whether URL parsers read the hostname as an IPv4 address (WHATWG URL, "ends in a number"). `127.1` and `0x7f.1`
/// would then be second spellings of an address, so they are refused.
fn ends_in_number(hostname: &str) -> bool {
    let last = hostname.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_hostname_is_read_and_written() {
        for text in [
            "localhost:8001",
            "a-b.xn--p1ai:1",
            "_a_.org:1",
            "Tower_9.example.org:1",
            "10.0.0.1:65535",
            "[::1]:8080",
            "1a:5",
            "3com.com:443",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_invalid_address_is_refused_with_a_reason() {
        use AddressError::*;
        let long_label = format!("{}.org:80", "a".repeat(64));
        for (text, error) in [
            ("localhost", NoPort),
            ("::1", NoPort),
            ("::1:8080", NoPort),
            ("[localhost]:8080", NoPort),
            (":80", EmptyHostname),
            (&long_label, HostnameTooLong),
            ("a b:80", InvalidHostname),
            ("a..b:80", InvalidHostname),
            ("a.:80", InvalidHostname),
            ("-a.org:80", InvalidHostname),
            ("a-.org:80", InvalidHostname),
            ("a.-:80", InvalidHostname),
            ("caf\u{e9}.org:80", InvalidHostname),
            ("a\nb:80", InvalidHostname),
            ("a\0b:80", InvalidHostname),
            ("127.1:80", InvalidHostname),
            ("0x7f.0x1:80", InvalidHostname),
            ("300.1.1.1:80", InvalidHostname),
            ("user@host:80", InvalidHostname),
            ("host/path:80", InvalidHostname),
            ("[fe80::1%eth0]:80", InvalidHostname),
            ("a:0", InvalidPort),
            ("a:65536", InvalidPort),
            ("a:+80", InvalidPort),
            ("a:080", InvalidPort),
            ("a:", InvalidPort),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn all_spellings_of_an_address_are_equal() {
        let places = [
            &["tower.example.org", "Tower.Example.ORG", "TOWER.example.org"][..],
            &["::1", "0:0:0:0:0:0:0:1", "0::1", "::0001"],
            &["2001:db8::a", "2001:0DB8:0:0::A", "2001:db8:0:0:0:0:0:a"],
            &["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1", "0:0:0:0:0:ffff:7F00:0001"],
            &["tower"],
            &["::2"],
            &["127.0.0.2"],
        ];
        let spelt =
            places.iter().enumerate().flat_map(|(place, names)| names.iter().map(move |name| (place, name)));
        let hash_of = |address: &Address| KEY.hash_one(address);
        for (place, name) in spelt.clone() {
            let one = Address::new(name, 80).unwrap();
            assert_eq!(one.hostname(), *name, "the wire keeps what was written");
            assert_eq!(one.canonical().hostname(), places[place][0]);
            assert_ne!(one, Address::new(name, 81).unwrap());
            for (other_place, other_name) in spelt.clone() {
                let other = Address::new(other_name, 80).unwrap();
                assert_eq!(one == other, place == other_place, "{name} and {other_name}");
                assert_eq!(
                    one.cmp(&other) == Ordering::Equal,
                    place == other_place,
                    "{name} and {other_name}"
                );
                assert!(one != other || hash_of(&one) == hash_of(&other), "{name} and {other_name}");
            }
        }
    }

    #[test]
    fn a_hostname_longer_than_dns_allows_is_refused() {
        // Four labels separated by dots.
        let of = |lengths: [usize; 4]| lengths.map(|length| "a".repeat(length)).join(".");
        for (lengths, is_accepted) in [
            ([63, 63, 63, 61], true),
            ([63, 63, 63, 62], false),
            ([63, 63, 63, 63], false),
            ([1, 63, 1, 1], true),
            ([1, 64, 1, 1], false),
        ] {
            let hostname = of(lengths);
            let expected = if is_accepted { Ok(()) } else { Err(AddressError::HostnameTooLong) };
            assert_eq!(Address::new(&hostname, 1).map(drop), expected, "{} bytes", hostname.len());
        }
    }

    /// A hostname to which this node cannot connect would waste a message.
    #[cfg(feature = "node")]
    #[test]
    fn every_accepted_hostname_is_a_valid_tls_server_name() {
        use proptest::prelude::*;
        let name = "[a-cA-C0-2x_-]{1,4}(\\.[a-cA-C0-2x_-]{1,4}){0,3}|[0-2.:a]{1,9}";
        let config = ProptestConfig::with_cases(4096);
        let checked = std::cell::Cell::new(0_u32);
        proptest!(config, |(hostname in name)| {
            if Address::new(&hostname, 1).is_ok() {
                checked.set(checked.get() + 1);
                prop_assert!(rustls::pki_types::ServerName::try_from(hostname).is_ok());
            }
        });
        assert!(checked.get() > 500, "{checked:?} hostnames were accepted");
    }

    #[test]
    fn a_port_may_be_a_number_or_a_string() {
        let written = |port: &str| {
            serde_json::from_str::<Address>(&format!(r#"{{"hostname":"a","port":{port},"other":[]}}"#))
        };
        for port in ["8001", "\"8001\"", "8001.0", "8.001e3"] {
            assert_eq!(written(port).unwrap(), Address::new("a", 8001).unwrap(), "{port}");
        }
        for port in ["0", "-1", "65536", "80.5", "1e999", "\"80 \"", "\"\"", "null", "[80]", "true"] {
            assert!(written(port).is_err(), "{port}");
        }
    }
}
