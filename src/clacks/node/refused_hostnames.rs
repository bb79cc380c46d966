//! Entries of a state file whose hostnames an earlier version accepted and this version refuses.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::value::RawValue;

use crate::protocol::{Address, AddressError};

/// Reads a list of entries that each begin with an address, and skips those whose hostname is refused, because no peer
/// can be reached there. Any other invalid entry is an error.
pub(super) fn skip_refused<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let entries = Vec::<Box<RawValue>>::deserialize(deserializer)?;
    let read = |entry: Box<RawValue>| match serde_json::from_str(entry.get()) {
        Err(error) if has_refused_hostname(entry.get()) => {
            tracing::warn!(entry = entry.get(), %error, "left out of the state: no peer can be reached there");
            None
        }
        read => Some(read),
    };
    entries.into_iter().filter_map(read).collect::<Result<_, _>>().map_err(D::Error::custom)
}

/// Whether an entry is invalid because of its hostname.
pub(super) fn has_refused_hostname(entry: &str) -> bool {
    #[derive(Deserialize)]
    struct RawAddress {
        hostname: String,
        port: u16,
    }
    // Earlier versions accepted only hyphens at the ends of labels.
    let is_refused =
        |hostname: &str, port| Address::new(hostname, port) == Err(AddressError::InvalidHostname);
    serde_json::from_str::<RawAddress>(entry).is_ok_and(|RawAddress { hostname, port }| {
        is_refused(&hostname, port) && !is_refused(&hostname.replace('-', "x"), port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::KnownPeer;

    #[derive(Deserialize)]
    struct List(#[serde(deserialize_with = "skip_refused")] Vec<KnownPeer>);

    #[test]
    fn only_the_entry_with_a_refused_hostname_is_skipped() {
        let entry =
            |hostname: &str| format!(r#"{{"hostname":"{hostname}","port":9,"status":"lost","time":1}}"#);
        for (hostnames, expected) in [
            (&["a", "-b", "c-.d", "e"][..], Some(&["a", "e"][..])),
            (&["-a"], Some(&[])),
            (&["a", ""], None),
            (&["a b"], None),
            (&["-a b"], None),
            (&["a", "b\",\"status\":\"no"], None),
        ] {
            let list = hostnames.iter().map(|hostname| entry(hostname)).collect::<Vec<_>>().join(",");
            let read = serde_json::from_str::<List>(&format!("[{list}]")).ok();
            let names = read.map(|List(peers)| {
                peers.iter().map(|peer| peer.address.hostname().to_owned()).collect::<Vec<_>>()
            });
            assert_eq!(
                names.as_deref(),
                expected
                    .map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
                    .as_deref(),
                "{list}"
            );
        }
    }
}
