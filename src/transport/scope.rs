use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The scope of an IP address, after IANA's registries of special-purpose addresses
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, and `ipv6` likewise).
///
/// Anybody can name an address to a node. The node connects to it from its own network: from behind a firewall, or from
/// beside a service that trusts its own machine. So a stranger's word is enough for [`Scope::Public`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scope {
    /// Anywhere on the internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network, or one shared behind an internet provider's translation.
    Private,
    /// The link that this machine is on, where clouds keep the metadata of their machines.
    LinkLocal,
    /// A cloud's service for its own machines at an address outside of the link.
    Metadata,
    /// Many machines at once.
    Multicast,
    /// No address at all, which systems take for this machine.
    Unspecified,
    /// For documentation, tests or nothing yet: no node is there.
    Reserved,
}

/// Addresses of metadata services of clouds. The link-local address of most clouds and Amazon's for containers are
/// listed so that a node that is link-local itself does not contact them. The others are those of Azure, Alibaba and
/// Oracle, and over IPv6 those of Amazon, Google and Oracle.
const METADATA: [IpAddr; 9] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

const V4: [(Ipv4Addr, u32, Scope); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8, Scope::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Scope::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Scope::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Scope::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Scope::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Scope::Private),
    (Ipv4Addr::new(192, 0, 0, 9), 32, Scope::Public),
    (Ipv4Addr::new(192, 0, 0, 10), 32, Scope::Public),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Scope::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Scope::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Scope::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Scope::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Scope::Private),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Scope::Reserved),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Scope::Reserved),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Scope::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Scope::Reserved),
];

const V6: [(Ipv6Addr, u32, Scope); 11] = [
    (Ipv6Addr::UNSPECIFIED, 128, Scope::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Scope::Loopback),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Scope::Private),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, Scope::Reserved),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Scope::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Scope::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Scope::Reserved),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Scope::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Scope::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Scope::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Scope::Multicast),
];

impl Scope {
    crate::all_variants! {
        /// Every scope.
        pub const ALL: Self = [
            Public,
            Loopback,
            Private,
            LinkLocal,
            Metadata,
            Multicast,
            Unspecified,
            Reserved,
        ];
    }

    /// Its name in JSON, such as `link_local`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link_local",
            Self::Metadata => "metadata",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Reserved => "reserved",
        }
    }

    /// The scope of a hostname that needs no lookup: an IP address without brackets, or `localhost` or a name below it
    /// (RFC 6761), in upper or lower case, with or without a final dot. `None` for other names.
    pub fn of_hostname(hostname: &str) -> Option<Self> {
        let name = hostname.strip_suffix('.').unwrap_or(hostname);
        if let Ok(address) = name.parse() {
            return Some(Self::of(address));
        }
        let top = name.rsplit('.').next().unwrap_or_default();
        top.eq_ignore_ascii_case("localhost").then_some(Self::Loopback)
    }

    /// Whether a node can be at an address of this scope. None can be at a multicast, unspecified, reserved or metadata
    /// address.
    pub fn has_nodes(self) -> bool {
        match self {
            Self::Public | Self::Loopback | Self::Private | Self::LinkLocal => true,
            Self::Metadata | Self::Multicast | Self::Unspecified | Self::Reserved => false,
        }
    }

    /// Whether a node whose own address has the scope `own` contacts an address of this scope on a stranger's word: if it
    /// is public, or of the node's own scope, in which its peers are.
    pub fn is_open_to_strangers(self, own: Option<Self>) -> bool {
        self == Self::Public || (own == Some(self) && self.has_nodes())
    }

    /// The scope of an address. An IPv6 address that carries an IPv4 address has the scope of that.
    pub fn of(address: IpAddr) -> Self {
        match address {
            _ if METADATA.contains(&address) => Self::Metadata,
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => of_v6(v6),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Scope {
    let is_in = |(network, length, _): &&(Ipv4Addr, u32, Scope)| {
        (address.to_bits() ^ network.to_bits()).checked_shr(32 - length).is_none_or(|rest| rest == 0)
    };
    V4.iter().find(is_in).map_or(Scope::Public, |(_, _, scope)| *scope)
}

fn of_v6(address: Ipv6Addr) -> Scope {
    let is_in = |(network, length, _): &&(Ipv6Addr, u32, Scope)| {
        (address.to_bits() ^ network.to_bits()).checked_shr(128 - length).is_none_or(|rest| rest == 0)
    };
    match (V6.iter().find(is_in), carried(address)) {
        (Some((_, _, scope)), _) => *scope,
        (None, Some(v4)) => Scope::of(v4.into()),
        // All unicast addresses assigned so far are in 2000::/3.
        (None, None) if address.segments()[0] >> 13 != 1 => Scope::Reserved,
        (None, None) => Scope::Public,
    }
}

/// The IPv4 address that an IPv6 address carries: mapped, compatible, translated (RFC 6052) or 6to4 (RFC 3056).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "an address of this machine itself",
            Self::Private => "an address of a private network",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "an address where a cloud keeps metadata",
            Self::Multicast => "a multicast address",
            Self::Unspecified => "no address at all",
            Self::Reserved => "a reserved address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostname_that_needs_no_lookup_has_a_scope() {
        use Scope::{Loopback, Metadata, Multicast, Private, Public, Reserved, Unspecified};
        for (hostnames, scope) in [
            ("localhost LOCALHOST LocalHost. tower.localhost Tower.LocalHost. a.b.localhost", Some(Loopback)),
            ("127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1 0:0::1", Some(Loopback)),
            ("0.0.0.0 :: ::ffff:0.0.0.0", Some(Unspecified)),
            ("224.0.0.1 ff02::1", Some(Multicast)),
            ("203.0.113.1 2001:db8::1 255.255.255.255", Some(Reserved)),
            ("169.254.169.254", Some(Metadata)),
            ("10.0.0.1 fd00::1", Some(Private)),
            ("8.8.8.8 2606:4700::1", Some(Public)),
            ("tower.example.org localhost.example.org mylocalhost localhost..", None),
        ] {
            for hostname in hostnames.split(' ') {
                assert_eq!(Scope::of_hostname(hostname), scope, "{hostname}");
            }
        }
        assert_eq!(Scope::of_hostname(""), None);
    }

    #[test]
    fn strangers_may_name_public_addresses_and_those_of_the_nodes_scope() {
        use Scope::{LinkLocal, Loopback, Private, Public};
        for scope in Scope::ALL {
            for own in Scope::ALL {
                let is_shared = scope == own && matches!(scope, Loopback | Private | LinkLocal);
                let expected = scope == Public || is_shared;
                assert_eq!(scope.is_open_to_strangers(Some(own)), expected, "{scope:?} from {own:?}");
            }
            assert_eq!(scope.is_open_to_strangers(None), scope == Public, "{scope:?}");
        }
    }

    #[test]
    fn scopes_match_the_iana_registries() {
        use Scope::{LinkLocal, Loopback, Metadata, Multicast, Private, Public, Reserved, Unspecified};
        for (addresses, scope) in [
            ("1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1", Public),
            ("192.0.0.9 192.167.255.255 198.17.0.1 198.20.0.1 223.255.255.255 2606:4700::1", Public),
            ("127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1", Loopback),
            ("2002:7f00:1:: 2002:7f00:0001:5::1", Loopback),
            ("10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1", Private),
            ("198.18.0.1 198.19.255.255 fc00::1 fdff::1 fec0::1 ::ffff:10.0.0.1 2002:c0a8:101::1", Private),
            ("64:ff9b:1::1", Private),
            ("169.254.169.253 169.254.0.1 fe80::1 febf::1 ::ffff:169.254.0.1", LinkLocal),
            (
                "169.254.169.254 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe fd20:ce::254 169.254.170.2",
                Metadata,
            ),
            ("168.63.129.16 100.100.100.200 192.0.0.192 fd00:ec2::254 ::ffff:168.63.129.16", Metadata),
            ("224.0.0.1 239.255.255.255 ff02::1 ff0e::1", Multicast),
            ("0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0", Unspecified),
            ("192.0.2.1 198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.255 192.0.0.1", Reserved),
            ("2001:db8::1 2001::1 100::1 3fff::1 4000::1 1::1 ::ffff:255.255.255.255", Reserved),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(Scope::of(address.parse().unwrap()), scope, "{address}");
            }
        }
    }
}
