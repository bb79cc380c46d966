//! What shares and limits are counted by: the place that a remote address is, and the network that the place is in.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU64,
};

/// The place of a remote address: an IPv4 address, or the network of 64 bits of an IPv6 address. Whoever has one address
/// of such a network has all of them.
pub(crate) fn place(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => first_bits_v6(address, 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The network of a remote address that is often one owner's: the 24 bits of an IPv4 address, the 48 bits of an IPv6
/// address.
pub(crate) fn network(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => first_bits_v6(address, 48).into(),
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
    }
}

/// A [`place`] in eight bytes, of which there is one for each peer: the first 64 bits of an IPv6 address, or an IPv4
/// address below a prefix of IPv6 that IANA reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PlaceKey(NonZeroU64);

/// `00ff:ffff::/32`, where no machine is.
const V4_PREFIX: u64 = 0x00ff_ffff << u32::BITS;
/// `00ff:fffe::/64`, in place of the zeros that the loopback address begins with.
const ZEROS: NonZeroU64 = NonZeroU64::new(0x00ff_fffe << u32::BITS).expect("not zero");

impl PlaceKey {
    /// None is greater.
    pub(super) const LAST: Self = Self(NonZeroU64::MAX);

    /// The place of a remote address.
    pub(super) fn of(remote: IpAddr) -> Self {
        let bits = match remote.to_canonical() {
            IpAddr::V4(address) => V4_PREFIX | u64::from(address.to_bits()),
            IpAddr::V6(address) => (address.to_bits() >> u64::BITS) as u64,
        };
        Self(NonZeroU64::new(bits).unwrap_or(ZEROS))
    }

    /// The [`network`] that the place is in.
    pub(super) fn network(self) -> Self {
        let bits = self.0.get();
        let rest = if bits & !u64::from(u32::MAX) == V4_PREFIX { 0xff } else { 0xffff };
        Self(NonZeroU64::new(bits & !rest).unwrap_or(ZEROS))
    }
}

fn first_bits_v6(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (u128::BITS - bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_place_and_of_one_network() {
        for (one, other, is_same_place, is_same_network) in [
            ("2001:db8::1", "2001:db8::ffff:1:2:3", true, true),
            ("2001:db8::1", "2001:db8:0:1::1", false, true),
            ("2001:db8::1", "2001:db8:1::1", false, false),
            ("::ffff:10.0.0.1", "10.0.0.1", true, true),
            ("10.0.0.1", "10.0.0.2", false, true),
            ("10.0.0.1", "10.0.1.1", false, false),
            ("10.0.0.1", "2001:db8::1", false, false),
            ("::1", "::2", true, true),
            ("::1", "0:0:0:1::", false, true),
            ("::1", "0.0.0.0", false, false),
        ] {
            let [one, other] = [one, other].map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(place(one) == place(other), is_same_place, "{one} and {other}");
            assert_eq!(network(one) == network(other), is_same_network, "{one} and {other}");
            let [one, other] = [one, other].map(PlaceKey::of);
            assert_eq!(one == other, is_same_place, "{one:?} and {other:?}");
            assert_eq!(one.network() == other.network(), is_same_network, "{one:?} and {other:?}");
        }
    }
}
