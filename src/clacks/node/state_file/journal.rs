//! The journal: a first line with the generation of its whole file, then one line per change.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::IpAddr,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    core::KnownPeer,
    node::{refused_hostnames, trust::Pin},
    protocol::Address,
};

use super::{State, StateFormError, VERSION};

/// One change: a line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// A peer was added or changed.
    Peer(KnownPeer),
    /// A peer was removed.
    Forgotten(Address),
    /// The trusted certificate of an address was set.
    Pin(Pin),
    /// The trusted certificate of an address was removed.
    Unpinned(Address),
    /// All ignored remote addresses, after a change of them.
    IgnoredRemotes(Vec<IpAddr>),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    version: u32,
    generation: u64,
}

/// The contents of a journal.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) changes: Vec<Change>,
    /// Its size in bytes; 0 if it belongs to another whole file.
    pub(super) size: u64,
    /// Whether the last line is incomplete.
    pub(super) is_cut_off: bool,
}

/// The lines for these changes, with a first line if `generation` is given.
pub(super) fn lines(generation: Option<u64>, changes: &[Change]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    if let Some(generation) = generation {
        serde_json::to_writer(&mut lines, &Header { version: VERSION, generation })?;
        lines.push(b'\n');
    }
    for change in changes {
        serde_json::to_writer(&mut lines, change)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Reads a journal. It is empty if it belongs to another generation.
pub(super) fn read(text: &[u8], generation: u64) -> Result<Journal, StateFormError> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').zip(1..);
    let header = lines.next().filter(|(line, _)| line.ends_with(b"\n"));
    let header = header.and_then(|(line, _)| serde_json::from_slice::<Header>(line).ok());
    let Some(header) = header.filter(|header| header.generation == generation) else {
        return Ok(Journal::default());
    };
    if header.version != VERSION {
        return Err(StateFormError::Version(header.version));
    }
    let mut journal = Journal { size: text.len() as u64, ..Journal::default() };
    for (text, line) in lines {
        if !text.ends_with(b"\n") {
            journal.is_cut_off = true;
            break;
        }
        match serde_json::from_slice(text) {
            Ok(change) => journal.changes.push(change),
            Err(_) if is_about_refused_hostname(text) => {}
            Err(source) => return Err(StateFormError::Line { line, source }),
        }
    }
    Ok(journal)
}

/// Whether a line is about an address that an earlier version accepted and this version refuses.
fn is_about_refused_hostname(line: &[u8]) -> bool {
    let change = serde_json::from_slice::<HashMap<String, Box<RawValue>>>(line).unwrap_or_default();
    change.values().any(|entry| refused_hostnames::has_refused_hostname(entry.get()))
}

/// Applies the changes to a state, in their order.
pub(super) fn apply(mut state: State, changes: Vec<Change>) -> State {
    if changes.is_empty() {
        return state;
    }
    let mut peers: HashMap<Address, KnownPeer> =
        state.peers.into_iter().map(|peer| (peer.address.clone(), peer)).collect();
    let mut pins = Vec::new();
    for change in changes {
        match change {
            Change::Peer(peer) => drop(peers.insert(peer.address.clone(), peer)),
            Change::Forgotten(address) => drop(peers.remove(&address)),
            Change::Pin(pin) => pins.push((pin.address.clone(), Some(pin))),
            Change::Unpinned(address) => pins.push((address, None)),
            Change::IgnoredRemotes(remotes) => state.ignored_remotes = remotes,
        }
    }
    state.peers = peers.into_values().collect();
    state
        .peers
        .sort_unstable_by(|one, other| (one.status, &one.address).cmp(&(other.status, &other.address)));
    state.pins = with_changed_pins(state.pins, pins);
    state
}

/// Updates the pins. They are sorted by their time, because the oldest is forgotten first.
fn with_changed_pins(pins: Vec<Pin>, changes: Vec<(Address, Option<Pin>)>) -> Vec<Pin> {
    let mut seen = HashSet::new();
    let mut latest: Vec<Option<Pin>> = Vec::new();
    for (address, pin) in changes.into_iter().rev() {
        if seen.insert(address) {
            latest.push(pin);
        }
    }
    let kept = pins.into_iter().filter(|pin| !seen.contains(&pin.address));
    kept.chain(latest.into_iter().rev().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{core::Status, node::CertificateFingerprint};

    fn address(number: u8) -> Address {
        Address::new(&format!("n{number}.example.org"), 1).unwrap()
    }

    fn peer(number: u8, time: u64) -> Change {
        let (address, status) = (address(number), Status::ALL[usize::from(number) % 5]);
        let added_by_user = number.is_multiple_of(2);
        Change::Peer(KnownPeer {
            address,
            status,
            time,
            ever_responded: false,
            added_by_user,
            before_ignored: None,
        })
    }

    fn pin(number: u8, sha256: u8) -> Change {
        let sha256 = CertificateFingerprint([sha256; 32]);
        Change::Pin(Pin { address: address(number), sha256, is_by_user: false })
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..8_u8, 0..100_u64).prop_map(|(number, time)| peer(number, time)),
            (0..8_u8).prop_map(|number| Change::Forgotten(address(number))),
            (0..8_u8, any::<u8>()).prop_map(|(number, sha256)| pin(number, sha256)),
            (0..8_u8).prop_map(|number| Change::Unpinned(address(number))),
            (0..4_u8).prop_map(|number| Change::IgnoredRemotes(vec![IpAddr::from([192, 0, 2, number])])),
        ]
    }

    fn kept(state: &State) -> String {
        serde_json::to_string(state).unwrap()
    }

    proptest! {
        #[test]
        fn a_cut_journal_keeps_the_changes_of_complete_lines(
            changes in prop::collection::vec(change(), 0..20), cut in any::<prop::sample::Index>(),
        ) {
            let written = lines(Some(7), &changes).unwrap();
            let cut = &written[..cut.index(written.len() + 1)];
            let journal = read(cut, 7).unwrap();
            let whole = cut.split(|byte| *byte == b'\n').count().saturating_sub(2);
            prop_assert_eq!(&journal.changes, &changes[..whole]);
            let has_header = cut.contains(&b'\n');
            prop_assert_eq!(journal.is_cut_off, has_header && !cut.ends_with(b"\n"));
            prop_assert!(read(cut, 8).unwrap().changes.is_empty(), "it belongs to another file");
        }

        #[test]
        fn changes_in_portions_give_the_same_state_as_all_at_once(
            changes in prop::collection::vec(change(), 0..40), at in any::<prop::sample::Index>(),
        ) {
            let at_once = apply(State::default(), changes.clone());
            let at = at.index(changes.len() + 1);
            let in_portions = apply(apply(State::default(), changes[..at].to_vec()), changes[at..].to_vec());
            prop_assert_eq!(kept(&in_portions), kept(&at_once));
        }
    }

    #[test]
    fn an_invalid_line_is_named_by_number_and_another_version_is_refused() {
        let mut text = lines(Some(7), &[peer(1, 1)]).unwrap();
        text.extend_from_slice(b"{\"peer\":{}}\n");
        assert!(read(&text, 7).unwrap_err().to_string().starts_with("line 3: "));
        let former = br#"{"peer":{"hostname":"-a","port":1,"status":"lost","time":0}}
{"forgotten":{"hostname":"b-.c","port":1}}
"#;
        let text = [&lines(Some(7), &[peer(1, 1)]).unwrap(), &former[..]].concat();
        assert_eq!(read(&text, 7).unwrap().changes, [peer(1, 1)]);
        assert_eq!(read(b"{\"version\":2,\"generation\":7}\n", 7).unwrap_err().to_string(), "version 2");
    }
}
