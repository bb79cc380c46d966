//! Rate-limit keys in eight bytes.

use std::{net::IpAddr, num::NonZeroU64};

/// A [`rate_limit_key`](clacks_transport::rate_limit_key) in eight bytes, because each peer has one: the first 64 bits of
/// an IPv6 address, or an IPv4 address below a prefix of IPv6 that IANA reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PackedKey(NonZeroU64);

/// `00ff:ffff::/32`, which IANA reserves and no machine has.
const V4_PREFIX: u64 = 0x00ff_ffff << u32::BITS;
/// `00ff:fffe::/64`, which replaces the leading zeros of the loopback address, because the value must not be zero.
const ZEROS: NonZeroU64 = NonZeroU64::new(0x00ff_fffe << u32::BITS).expect("not zero");

impl PackedKey {
    /// The greatest key.
    pub(super) const LAST: Self = Self(NonZeroU64::MAX);

    /// The key of a remote address.
    pub(super) fn of(remote: IpAddr) -> Self {
        let bits = match remote.to_canonical() {
            IpAddr::V4(address) => V4_PREFIX | u64::from(address.to_bits()),
            IpAddr::V6(address) => (address.to_bits() >> u64::BITS) as u64,
        };
        Self(NonZeroU64::new(bits).unwrap_or(ZEROS))
    }

    /// The [`network`](clacks_transport::network) of the key.
    pub(super) fn network(self) -> Self {
        let bits = self.0.get();
        let rest = if bits & !u64::from(u32::MAX) == V4_PREFIX { 0xff } else { 0xffff };
        Self(NonZeroU64::new(bits & !rest).unwrap_or(ZEROS))
    }
}

#[cfg(test)]
mod tests {
    use clacks_transport::{network, rate_limit_key};

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
            ("::1", "::2", true, true),
            ("::1", "0:0:0:1::", false, true),
            ("::1", "0.0.0.0", false, false),
        ] {
            let [one, other] = [one, other].map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(rate_limit_key(one) == rate_limit_key(other), is_same_key, "{one} and {other}");
            assert_eq!(network(one) == network(other), is_same_network, "{one} and {other}");
            let [one, other] = [one, other].map(PackedKey::of);
            assert_eq!(one == other, is_same_key, "{one:?} and {other:?}");
            assert_eq!(one.network() == other.network(), is_same_network, "{one:?} and {other:?}");
        }
    }
}
