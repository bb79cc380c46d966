//! Keys by which limits count remote addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The rate-limit key of a remote address: an IPv4 address itself, or the /64 network of an IPv6 address, because whoever
/// has one address of a /64 network has all of them.
pub fn rate_limit_key(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => first_bits(address, 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The network of a remote address that often has one owner: the /24 network of an IPv4 address, the /48 network of an
/// IPv6 address.
pub fn network(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => first_bits(address, 48).into(),
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (u128::BITS - bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_share_their_key() {
        for (one, other, is_same_key, is_same_network) in [
            ("2001:db8::1", "2001:db8::ffff:1:2:3", true, true),
            ("2001:db8::1", "2001:db8:0:1::1", false, true),
            ("2001:db8::1", "2001:db8:1::1", false, false),
            ("::ffff:10.0.0.1", "10.0.0.1", true, true),
            ("10.0.0.1", "10.0.0.2", false, true),
            ("10.0.0.1", "10.0.1.1", false, false),
            ("10.0.0.1", "2001:db8::1", false, false),
        ] {
            let [one, other] = [one, other].map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(rate_limit_key(one) == rate_limit_key(other), is_same_key, "{one} and {other}");
            assert_eq!(network(one) == network(other), is_same_network, "{one} and {other}");
        }
    }
}
