use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use crate::protocol::Address;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::{Deserialize, Serialize};

use super::state_changes::Changes;

use super::{CertificateFingerprint, certificate::fingerprint, public_key};

/// Maximum refused certificates that are remembered for the user to accept. The oldest is dropped.
const MAX_REFUSED: usize = 1000;
/// Maximum certificates of former peers that are remembered, so that a peer that returns is recognised. Otherwise
/// made-up names could fill the memory.
const MAX_OTHERS: usize = 4096;

/// The result of [`Node::trust`](super::Node::trust).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustChange {
    /// The certificate that was refused at the last contact is trusted now.
    Accepted {
        /// The certificate.
        certificate: CertificateFingerprint,
        /// Time since it was refused.
        refused: Duration,
    },
    /// The peer presented the trusted certificate at the last contact. Nothing was changed.
    Unchanged(CertificateFingerprint),
    /// The peer has not been contacted since the start. The trusted certificate was removed, and the next one that the
    /// peer presents will be trusted.
    Reset,
    /// No certificate was refused or trusted. The first one that the peer presents will be trusted.
    Nothing,
}

/// The trusted certificate of each peer: the first one whose key it proved to have.
///
/// All spellings of an address are one peer here.
#[derive(Debug, Default)]
pub(super) struct Trust {
    tables: Mutex<Tables>,
    /// Notified when a trusted certificate changes.
    changed: Arc<Changes>,
}

#[derive(Debug)]
struct Tables {
    pinned: HashMap<Address, Pinned>,
    refused: HashMap<Address, (CertificateFingerprint, Instant)>,
    /// The number of the next pinned certificate.
    next: u64,
    /// Number of certificates at which those of former peers are swept.
    sweep_at: usize,
}

/// The saved certificates of an address: the trusted one, and the one that was refused at the last contact.
#[derive(Debug, Clone, PartialEq)]
pub struct CertificateState {
    address: Address,
    pinned: Option<Pinned>,
    refused: Option<(CertificateFingerprint, Instant)>,
}

impl CertificateState {
    /// The address.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Pinned {
    sha256: CertificateFingerprint,
    /// Later certificates have higher numbers.
    number: u64,
    /// Whether the user accepted it. Then it is never swept.
    is_by_user: bool,
    /// Whether the peer has presented it, or the user has accepted it, since the node started.
    is_current: bool,
}

impl Default for Tables {
    fn default() -> Self {
        Self { pinned: HashMap::new(), refused: HashMap::new(), next: 0, sweep_at: MAX_OTHERS }
    }
}

/// A handshake: its peer, and the certificate that was refused.
#[derive(Debug)]
pub(super) struct Handshake {
    /// `None` outside a delivery; the verifier refuses such a handshake.
    peer: Option<Address>,
    /// Whether the user added the peer.
    added_by_user: bool,
    refused: OnceLock<RefusedCertificate>,
}

impl Handshake {
    pub(super) fn with(peer: Address, added_by_user: bool) -> Arc<Self> {
        Arc::new(Self { peer: Some(peer), added_by_user, refused: OnceLock::new() })
    }

    fn without_peer() -> Arc<Self> {
        Arc::new(Self { peer: None, added_by_user: false, refused: OnceLock::new() })
    }

    /// Whether the user added the peer.
    pub(super) fn is_with_user_added(&self) -> bool {
        self.added_by_user
    }

    /// The handshake of this task.
    pub(super) fn current() -> Arc<Self> {
        HANDSHAKE.try_with(Arc::clone).unwrap_or_else(|_| Self::without_peer())
    }

    /// The refused certificate, if any.
    pub(super) fn refused(&self) -> Option<RefusedCertificate> {
        self.refused.get().copied()
    }
}

/// The peer presented another certificate than the trusted one.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefusedCertificate {
    pub(super) pinned: CertificateFingerprint,
    pub(super) presented: CertificateFingerprint,
}

tokio::task_local! {
    /// The handshake of this task. The verifier is passed a hostname without port, so it finds the peer here.
    pub(super) static HANDSHAKE: Arc<Handshake>;
}

impl Trust {
    /// Notified when a trusted certificate changes.
    pub(super) fn changed(&self) -> Arc<Changes> {
        Arc::clone(&self.changed)
    }

    pub(super) fn restore(&self, pins: impl IntoIterator<Item = Pin>) {
        let mut tables = self.tables();
        for Pin { address, sha256, is_by_user } in pins {
            let number = tables.number();
            tables.pinned.insert(address, Pinned { sha256, number, is_by_user, is_current: false });
        }
    }

    /// All trusted certificates, oldest first.
    pub(super) fn pins(&self) -> Vec<Pin> {
        let mut pinned: Vec<(Address, Pinned)> =
            self.tables().pinned.iter().map(|(address, pinned)| (address.clone(), *pinned)).collect();
        pinned.sort_unstable_by_key(|(_, pinned)| pinned.number);
        let pin = |(address, Pinned { sha256, is_by_user, .. })| Pin { address, sha256, is_by_user };
        pinned.into_iter().map(pin).collect()
    }

    /// The trusted certificate of this peer, as it is saved.
    pub(super) fn pin(&self, peer: &Address) -> Option<Pin> {
        let tables = self.tables();
        let (address, Pinned { sha256, is_by_user, .. }) = tables.pinned.get_key_value(peer)?;
        Some(Pin { address: address.clone(), sha256: *sha256, is_by_user: *is_by_user })
    }

    pub(super) fn pinned(&self, peer: &Address) -> Option<CertificateFingerprint> {
        self.tables().pinned.get(peer).map(|pinned| pinned.sha256)
    }

    /// Whether there are so many certificates that a [sweep](Self::sweep) is due.
    pub(super) fn has_many(&self) -> bool {
        let tables = self.tables();
        tables.pinned.len() >= tables.sweep_at
    }

    /// Forgets the oldest certificates of addresses that are not these peers and that the user did not accept, until
    /// half the maximum is left. Spellings of an address are equal.
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
            self.changed.record_pin(place, false);
        }
        tables.sweep_at = tables.pinned.len() + MAX_OTHERS / 2;
    }

    /// Removes the trusted certificate of a peer. A change by the user is saved without delay.
    pub(super) fn forget(&self, peer: &Address, is_by_user: bool) {
        let mut tables = self.tables();
        tables.refused.remove(peer);
        if tables.pinned.remove(peer).is_some() {
            self.changed.record_pin(peer, is_by_user);
        }
    }

    pub(super) fn accept(&self, peer: &Address) -> TrustChange {
        let mut tables = self.tables();
        self.changed.record_pin(peer, true);
        if let Some((certificate, at)) = tables.refused.remove(peer) {
            let number = tables.number();
            let pinned = Pinned { sha256: certificate, number, is_by_user: true, is_current: true };
            tables.pinned.insert(peer.clone(), pinned);
            return TrustChange::Accepted { certificate, refused: at.elapsed() };
        }
        match tables.pinned.get(peer) {
            Some(Pinned { sha256, is_current: true, .. }) => TrustChange::Unchanged(*sha256),
            Some(_) => {
                tables.pinned.remove(peer);
                TrustChange::Reset
            }
            None => TrustChange::Nothing,
        }
    }

    /// Trusts the certificate if it is the peer's first. The peer must have proven that it has the key.
    fn pin_first(&self, peer: &Address, proven: CertificateFingerprint) -> Result<(), RefusedCertificate> {
        let mut tables = self.tables();
        let number = tables.number();
        let pinned = tables.pinned.entry(peer.clone()).or_insert_with(|| {
            self.changed.record_pin(peer, false);
            Pinned { sha256: proven, number, is_by_user: false, is_current: true }
        });
        if pinned.sha256 != proven {
            let pinned = pinned.sha256;
            return Err(tables.refuse(peer, pinned, proven));
        }
        pinned.is_current = true;
        // A refused certificate came from another server than the one that is there now.
        tables.refused.remove(peer);
        Ok(())
    }

    fn check(&self, peer: &Address, presented: CertificateFingerprint) -> Result<(), RefusedCertificate> {
        let mut tables = self.tables();
        match tables.pinned.get(peer).map(|pinned| pinned.sha256) {
            Some(pinned) if pinned != presented => Err(tables.refuse(peer, pinned, presented)),
            _ => Ok(()),
        }
    }

    /// The trusted and the refused certificate of an address.
    pub(super) fn state(&self, address: &Address) -> CertificateState {
        let tables = self.tables();
        CertificateState {
            address: address.clone(),
            pinned: tables.pinned.get(address).copied(),
            refused: tables.refused.get(address).copied(),
        }
    }

    /// Restores the certificates of an address. Returns whether the trusted one changed.
    pub(super) fn restore_state(&self, state: CertificateState) -> bool {
        let CertificateState { address, pinned, refused } = state;
        let mut tables = self.tables();
        let before = tables.pinned.remove(&address);
        tables.refused.remove(&address);
        pinned.into_iter().for_each(|pinned| _ = tables.pinned.insert(address.clone(), pinned));
        refused.into_iter().for_each(|refused| _ = tables.refused.insert(address.clone(), refused));
        self.changed.record_pin(&address, true);
        before.map(|before| before.sha256) != pinned.map(|pinned| pinned.sha256)
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
    ) -> RefusedCertificate {
        if self.refused.len() >= MAX_REFUSED && !self.refused.contains_key(peer) {
            let oldest = self.refused.iter().min_by_key(|(_, (_, at))| *at);
            let oldest = oldest.map(|(peer, _)| peer.clone());
            if let Some(oldest) = oldest {
                self.refused.remove(&oldest);
            }
        }
        self.refused.insert(peer.clone(), (presented, Instant::now()));
        RefusedCertificate { pinned, presented }
    }
}

/// Accepts any certificate whose key the peer proves to have, if it is the trusted one or the peer's first. Names and
/// dates in it are ignored, because this network has no certificate authority.
#[derive(Debug)]
pub(super) struct FirstUseVerifier {
    trust: Arc<Trust>,
    provider: Arc<CryptoProvider>,
}

impl FirstUseVerifier {
    pub(super) fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>) -> Self {
        Self { trust, provider }
    }

    fn in_handshake(check: impl FnOnce(&Address) -> Result<(), RefusedCertificate>) -> Result<(), Error> {
        let handshake = Handshake::current();
        let Some(peer) = &handshake.peer else {
            return Err(Error::General("a handshake with nobody in particular".into()));
        };
        check(peer).map_err(|refused| {
            // A handshake refuses once.
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
        let valid = public_key::verify_tls12(message, certificate, signature, algorithms)?;
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
        let valid = public_key::verify_tls13(message, certificate, signature, algorithms)?;
        self.pin_first(certificate)?;
        Ok(valid)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A trusted certificate in the state file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pin {
    #[serde(flatten)]
    pub(super) address: Address,
    pub(super) sha256: CertificateFingerprint,
    #[serde(default, rename = "accepted", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_by_user: bool,
}

#[cfg(test)]
mod tests;
