//! IP addresses and networks in a filter.

use std::{net::IpAddr, str::FromStr};

/// An IPv4 address or network, or an IPv6 network. An IPv6 prefix is at most 64 bits long, because one subscriber
/// usually owns a whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    first: IpAddr,
    bits: u32,
}

/// Error: the text is neither an IP address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoNetwork;

/// Number of bits of an IPv6 address that identify a subscriber.
const PLACE: u32 = 64;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first = address.parse::<IpAddr>().map_err(|_| NoNetwork)?.to_canonical();
        let most = if first.is_ipv4() { u32::BITS } else { PLACE };
        let bits = bits.map_or(Ok(most), |bits| bits.parse::<u32>().map_err(|_| NoNetwork))?;
        let longest = if first.is_ipv4() { u32::BITS } else { u128::BITS };
        if bits > longest { Err(NoNetwork) } else { Ok(Self { first, bits: bits.min(most) }) }
    }
}

impl Network {
    /// Whether the network contains the address. An IPv4-mapped IPv6 address counts as IPv4.
    pub(crate) fn holds(&self, remote: IpAddr) -> bool {
        match (self.first, remote.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(remote)) => {
                (first.to_bits() ^ remote.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(first), IpAddr::V6(remote)) => {
                (first.to_bits() ^ remote.to_bits()).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl Network {
    /// Whether this network contains all addresses of the other.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        self.bits <= other.bits && self.holds(other.first)
    }

    /// Whether both networks have a common address.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.includes(other) || other.includes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses() {
        for (network, held, not_held) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("::ffff:192.0.2.7", "192.0.2.7", "::1"),
            ("192.0.2.0/24", "::ffff:192.0.2.255", "192.0.3.0"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("2001:db8::1/128", "2001:db8::", "2001:db8:0:1::"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.holds(held.parse().unwrap()), "{network:?}");
            assert!(!network.holds(not_held.parse().unwrap()), "{network:?}");
        }
        for text in ["", "tower", "192.0.2", "192.0.2.0/", "192.0.2.0/33", "::/129", "192.0.2.0/-1", "/8"] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }
}
