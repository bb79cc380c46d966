use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use crate::protocol::Address;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::state_changes::Changes;

/// Refused certificates that are remembered at most, for the user to accept.
const MAX_REFUSED: usize = 1000;
/// Certificates that are remembered at most of those who are no peers any more, so that a peer that comes back is
/// known still. Whoever makes up names that lead to a node of theirs could otherwise fill the memory.
const MAX_OTHERS: usize = 4096;

/// The SHA-256 of a certificate's DER bytes, shown as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateFingerprint(pub [u8; 32]);

/// What [`Node::trust`](super::Node::trust) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trusted {
    /// The certificate that was refused last is trusted now.
    Accepted(CertificateFingerprint),
    /// None had been refused; the one that was trusted no longer is, and the next that is shown will be.
    Reset,
    /// None had been refused and none was trusted: the first that is shown will be.
    Nothing,
}

/// Which certificate each peer is known by: the first that it proved to have the key of.
///
/// All spellings of one place are one peer here, as addresses compare.
#[derive(Debug, Default)]
pub(super) struct Trust {
    tables: Mutex<Tables>,
    /// Told when another certificate is trusted than before.
    changed: Arc<Changes>,
}

#[derive(Debug)]
struct Tables {
    pinned: HashMap<Address, Pinned>,
    refused: HashMap<Address, CertificateFingerprint>,
    /// The number of the next certificate that is pinned.
    next: u64,
    /// With so many the old ones of those who are no peers are to be forgotten.
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Pinned {
    sha256: CertificateFingerprint,
    /// Later ones have higher ones.
    number: u64,
    /// The user accepted it, so it stays.
    is_by_user: bool,
}

impl Default for Tables {
    fn default() -> Self {
        Self { pinned: HashMap::new(), refused: HashMap::new(), next: 0, sweep_at: MAX_OTHERS }
    }
}

/// The peer that a handshake is with, and the certificate that was refused in it.
#[derive(Debug)]
pub(super) struct Handshake {
    /// `None` if nobody said who, which the verifier refuses.
    peer: Option<Address>,
    /// Whether the user named the peer.
    is_named: bool,
    refused: OnceLock<Refused>,
}

impl Handshake {
    pub(super) fn with(peer: Address, is_named: bool) -> Arc<Self> {
        Arc::new(Self { peer: Some(peer), is_named, refused: OnceLock::new() })
    }

    fn with_nobody() -> Arc<Self> {
        Arc::new(Self { peer: None, is_named: false, refused: OnceLock::new() })
    }

    /// Whether it is with a peer that the user named.
    pub(super) fn is_with_named(&self) -> bool {
        self.is_named
    }

    /// The handshake that this task is in.
    pub(super) fn current() -> Arc<Self> {
        HANDSHAKE.try_with(Arc::clone).unwrap_or_else(|_| Self::with_nobody())
    }

    /// What was refused in it, if anything.
    pub(super) fn refused(&self) -> Option<Refused> {
        self.refused.get().copied()
    }
}

/// A peer showed another certificate than the one that is trusted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    pub(super) pinned: CertificateFingerprint,
    pub(super) presented: CertificateFingerprint,
}

tokio::task_local! {
    /// The handshake that this task is in. The verifier is told a hostname but no port, so this is how it knows
    /// whose certificate it looks at.
    pub(super) static HANDSHAKE: Arc<Handshake>;
}

impl Trust {
    pub(super) fn new(changed: Arc<Changes>) -> Self {
        Self { tables: Mutex::default(), changed }
    }

    pub(super) fn restore(&self, pins: impl IntoIterator<Item = Pin>) {
        let mut tables = self.tables();
        for Pin { address, sha256, is_by_user } in pins {
            let number = tables.number();
            tables.pinned.insert(address, Pinned { sha256, number, is_by_user });
        }
    }

    /// All of them, the oldest first.
    pub(super) fn pins(&self) -> Vec<Pin> {
        let mut pinned: Vec<(Address, Pinned)> =
            self.tables().pinned.iter().map(|(address, pinned)| (address.clone(), *pinned)).collect();
        pinned.sort_unstable_by_key(|(_, pinned)| pinned.number);
        let pin = |(address, Pinned { sha256, is_by_user, .. })| Pin { address, sha256, is_by_user };
        pinned.into_iter().map(pin).collect()
    }

    /// The one of this peer, as it is kept.
    pub(super) fn pin(&self, peer: &Address) -> Option<Pin> {
        let tables = self.tables();
        let (address, Pinned { sha256, is_by_user, .. }) = tables.pinned.get_key_value(peer)?;
        Some(Pin { address: address.clone(), sha256: *sha256, is_by_user: *is_by_user })
    }

    pub(super) fn pinned(&self, peer: &Address) -> Option<CertificateFingerprint> {
        self.tables().pinned.get(peer).map(|pinned| pinned.sha256)
    }

    /// Whether there are so many that it is time to [sweep](Self::sweep).
    pub(super) fn has_many(&self) -> bool {
        let tables = self.tables();
        tables.pinned.len() >= tables.sweep_at
    }

    /// Forgets the oldest of those who are none of these peers, however their names are spelled, and that the user did
    /// not accept, until only half as many are left as may be.
    pub(super) fn sweep(&self, peers: impl IntoIterator<Item = Address>) {
        let peers: HashSet<Address> = peers.into_iter().collect();
        let mut tables = self.tables();
        let others =
            tables.pinned.iter().filter(|(place, pinned)| !pinned.is_by_user && !peers.contains(*place));
        let mut others: Vec<(u64, Address)> =
            others.map(|(place, pinned)| (pinned.number, place.clone())).collect();
        others.sort_unstable_by_key(|(number, _)| *number);
        let too_many = others.len().saturating_sub(MAX_OTHERS / 2);
        for (_, place) in &others[..too_many] {
            tables.pinned.remove(place);
            self.changed.note_pin(place, false);
        }
        tables.sweep_at = tables.pinned.len() + MAX_OTHERS / 2;
    }

    pub(super) fn forget(&self, peer: &Address) {
        let mut tables = self.tables();
        tables.refused.remove(peer);
        if tables.pinned.remove(peer).is_some() {
            self.changed.note_pin(peer, true);
        }
    }

    pub(super) fn accept(&self, peer: &Address) -> Trusted {
        let mut tables = self.tables();
        self.changed.note_pin(peer, true);
        match tables.refused.remove(peer) {
            Some(sha256) => {
                let number = tables.number();
                tables.pinned.insert(peer.clone(), Pinned { sha256, number, is_by_user: true });
                Trusted::Accepted(sha256)
            }
            None if tables.pinned.remove(peer).is_some() => Trusted::Reset,
            None => Trusted::Nothing,
        }
    }

    /// Trusts the certificate if it is the peer's first. Its key must have been proven.
    fn pin_first(&self, peer: &Address, proven: CertificateFingerprint) -> Result<(), Refused> {
        let mut tables = self.tables();
        let number = tables.number();
        let pinned = tables.pinned.entry(peer.clone()).or_insert_with(|| {
            self.changed.note_pin(peer, false);
            Pinned { sha256: proven, number, is_by_user: false }
        });
        let pinned = pinned.sha256;
        if pinned == proven { Ok(()) } else { Err(tables.refuse(peer, pinned, proven)) }
    }

    fn check(&self, peer: &Address, presented: CertificateFingerprint) -> Result<(), Refused> {
        let mut tables = self.tables();
        match tables.pinned.get(peer).map(|pinned| pinned.sha256) {
            Some(pinned) if pinned != presented => Err(tables.refuse(peer, pinned, presented)),
            _ => Ok(()),
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn refuse(
        &mut self,
        peer: &Address,
        pinned: CertificateFingerprint,
        presented: CertificateFingerprint,
    ) -> Refused {
        if self.refused.len() < MAX_REFUSED || self.refused.contains_key(peer) {
            self.refused.insert(peer.clone(), presented);
        }
        Refused { pinned, presented }
    }
}

/// Takes any certificate whose key the peer proves to have, if it is the one that the peer is known by or its first.
/// Names and dates in it mean nothing: no authority vouches for a node of this network.
#[derive(Debug)]
pub(super) struct FirstUseVerifier {
    trust: Arc<Trust>,
    provider: Arc<CryptoProvider>,
}

impl FirstUseVerifier {
    pub(super) fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>) -> Self {
        Self { trust, provider }
    }

    fn in_handshake(check: impl FnOnce(&Address) -> Result<(), Refused>) -> Result<(), Error> {
        let handshake = Handshake::current();
        let Some(peer) = &handshake.peer else {
            return Err(Error::General("a handshake with nobody in particular".into()));
        };
        check(peer).map_err(|refused| {
            // One handshake refuses once.
            let _ = handshake.refused.set(refused);
            CertificateError::ApplicationVerificationFailure.into()
        })
    }

    fn pin_first(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        Self::in_handshake(|peer| self.trust.pin_first(peer, fingerprint(certificate)))
    }
}

impl ServerCertVerifier for FirstUseVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Self::in_handshake(|peer| self.trust.check(peer, fingerprint(end_entity)))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let valid = verify_tls12_signature(message, certificate, signature, algorithms)?;
        self.pin_first(certificate)?;
        Ok(valid)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let valid = verify_tls13_signature(message, certificate, signature, algorithms)?;
        self.pin_first(certificate)?;
        Ok(valid)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> CertificateFingerprint {
    CertificateFingerprint(Sha256::digest(certificate).into())
}

/// A pin as it is kept in the state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pin {
    #[serde(flatten)]
    pub(super) address: Address,
    pub(super) sha256: CertificateFingerprint,
    #[serde(default, rename = "accepted", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_by_user: bool,
}

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for CertificateFingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CertificateFingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_hex(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_known_by_one_certificate_however_its_name_is_spelled() {
        for (spelling, other, is_same) in [
            ("Tower.example.org", "tower.EXAMPLE.org", true),
            ("::1", "0:0:0:0:0:0:0:1", true),
            ("2001:db8::a", "2001:0DB8:0:0::A", true),
            ("::ffff:127.0.0.1", "::ffff:7f00:1", true),
            ("tower", "tower.example.org", false),
            ("::1", "::2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
        ] {
            let trust = Trust::default();
            let [one, another] = [spelling, other].map(|hostname| Address::new(hostname, 80).unwrap());
            let [first, second] = [1, 2].map(|byte| CertificateFingerprint([byte; 32]));
            assert!(trust.pin_first(&one, first).is_ok());
            assert_eq!(trust.pin_first(&another, second).is_err(), is_same, "{spelling} and {other}");
            assert_eq!(trust.check(&another, first).is_err(), !is_same, "{spelling} and {other}");
        }
    }

    fn named(number: usize) -> Address {
        Address::new(&format!("n{number}.example.org"), 80).unwrap()
    }

    #[test]
    fn of_those_who_are_no_peers_the_latest_are_remembered() {
        let trust = Trust::default();
        let certificate = CertificateFingerprint([1; 32]);
        let (accepted, peer) = (named(0), named(1));
        trust.pin_first(&accepted, CertificateFingerprint([0; 32])).unwrap();
        assert!(trust.pin_first(&accepted, certificate).is_err());
        assert_eq!(trust.accept(&accepted), Trusted::Accepted(certificate));
        let shouted = Address::new(&peer.hostname().to_uppercase(), 80).unwrap();
        let (mut most, made_up) = (0, 3 * MAX_OTHERS);
        for number in 1..=made_up {
            trust.pin_first(&named(number), certificate).unwrap();
            if trust.has_many() {
                trust.sweep([shouted.clone()]);
            }
            if number.is_multiple_of(512) {
                most = most.max(trust.pins().len() - 2);
            }
        }
        assert!((MAX_OTHERS / 2..=MAX_OTHERS).contains(&most), "{most}");
        let is_known = |number: usize| trust.pinned(&named(number)).is_some();
        assert!(is_known(0), "the user's word");
        assert!(is_known(1), "a peer, however it is spelled");
        assert!(!is_known(2) && (made_up - MAX_OTHERS / 2 + 1..=made_up).all(is_known), "the latest");

        let restored = Trust::default();
        restored.restore(trust.pins());
        restored.sweep([]);
        assert!(restored.pinned(&accepted).is_some() && restored.pinned(&peer).is_none());
        assert!(restored.pinned(&named(made_up)).is_some());
    }
}
