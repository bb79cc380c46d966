//! The public key in a certificate, independent of its other contents.
//!
//! A peer is identified by the bytes of its certificate and proves that it has the key. Version, extensions, names and
//! dates are irrelevant, and certificates that webpki refuses because of them are in use.

use der::{
    Decode, Reader, SliceReader, Tag, TagNumber,
    asn1::{AnyRef, BitStringRef, UintRef},
};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, InconsistentKeys, PeerMisbehaved,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer},
    sign::CertifiedKey,
};

/// Minimum size of an RSA key that ring accepts.
const MIN_RSA_BITS: usize = 2048;

/// Verifies a TLS 1.2 signature with the key of the certificate.
pub(super) fn verify_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = of(certificate)?;
    let raw_key = webpki::RawPublicKeyEntity::try_from(&key).map_err(|_| unusable(&key))?;
    let (_, candidates) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signature.scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    // A signature scheme of TLS 1.2 does not determine the curve.
    let verifies = |algorithm: &&dyn rustls::pki_types::SignatureVerificationAlgorithm| {
        raw_key.verify_signature(*algorithm, message, signature.signature()).is_ok()
    };
    if candidates.iter().any(verifies) {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(unusable(&key))
    }
}

/// Verifies a TLS 1.3 signature with the key of the certificate.
pub(super) fn verify_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = of(certificate)?;
    verify_tls13_signature_with_raw_key(message, &key, signature, algorithms).map_err(|error| match error {
        Error::InvalidCertificate(_) => unusable(&key),
        error => error,
    })
}

/// A certificate chain with its private key, for a server. The key must belong to the first certificate, if that can be
/// checked.
pub(super) fn certified_key(
    chain: Vec<CertificateDer<'static>>,
    private: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Error> {
    let own = chain.first().ok_or(Error::NoCertificatesPresented)?;
    let shown = of(own)?;
    let key = provider.key_provider.load_private_key(private)?;
    if key.public_key().is_some_and(|public| public != shown) {
        return Err(InconsistentKeys::KeyMismatch.into());
    }
    Ok(CertifiedKey::new(chain, key))
}

fn of<'a>(certificate: &'a CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'a>, Error> {
    let key = find(certificate).map_err(|_| Error::from(CertificateError::BadEncoding))?;
    Ok(SubjectPublicKeyInfoDer::from(key))
}

/// The bytes of the `SubjectPublicKeyInfo` in a certificate (RFC 5280, section 4.1).
fn find(certificate: &[u8]) -> der::Result<&[u8]> {
    let certificate = AnyRef::from_der(certificate)?;
    let to_be_signed = AnyRef::decode(&mut SliceReader::new(contents(certificate)?)?)?;
    let mut fields = SliceReader::new(contents(to_be_signed)?)?;
    let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    if Tag::peek(&fields)? == version {
        AnyRef::decode(&mut fields)?;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for _ in 0..5 {
        AnyRef::decode(&mut fields)?;
    }
    fields.tlv_bytes()
}

fn contents(sequence: AnyRef<'_>) -> der::Result<&[u8]> {
    let tag = der::Tagged::tag(&sequence);
    tag.assert_eq(Tag::Sequence)?;
    Ok(sequence.value())
}

/// The error for an unusable key, with advice to its owner in common cases.
fn unusable(key: &SubjectPublicKeyInfoDer<'_>) -> Error {
    match rsa_bits(key) {
        Some(bits) if bits < MIN_RSA_BITS => Error::General(format!(
            "the peer's RSA key has {bits} bits; its owner has to make a key of {MIN_RSA_BITS} bits or more"
        )),
        _ => CertificateError::BadSignature.into(),
    }
}

/// The size of an RSA key in bits; `None` for other kinds of keys.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut fields = SliceReader::new(contents(AnyRef::from_der(key).ok()?).ok()?).ok()?;
    AnyRef::decode(&mut fields).ok()?;
    let numbers = BitStringRef::decode(&mut fields).ok()?.as_bytes()?;
    let mut numbers = SliceReader::new(contents(AnyRef::from_der(numbers).ok()?).ok()?).ok()?;
    let modulus = UintRef::decode(&mut numbers).ok()?;
    let leading = modulus.as_bytes().first()?.leading_zeros() as usize;
    Some(modulus.as_bytes().len() * 8 - leading)
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PublicKeyData};

    use super::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = contents.len();
        let head = match length {
            0..128 => vec![tag, length as u8],
            128..256 => vec![tag, 0x81, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        [head, contents.to_vec()].concat()
    }

    #[test]
    fn the_error_for_a_small_rsa_key_names_its_size() {
        for (bits, expected) in
            [(1024, Some("1024 bits")), (2047, Some("2047 bits")), (2048, None), (4096, None)]
        {
            let mut modulus = vec![0xff; usize::div_ceil(bits, 8)];
            modulus[0] >>= (8 - bits % 8) % 8;
            let positive = if modulus[0] > 127 { [vec![0], modulus].concat() } else { modulus };
            let numbers = tlv(0x30, &[tlv(2, &positive), tlv(2, &[1, 0, 1])].concat());
            let algorithm = tlv(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00");
            let key = tlv(0x30, &[algorithm, tlv(3, &[vec![0], numbers].concat())].concat());
            assert_eq!(rsa_bits(&key), Some(bits));
            let told = unusable(&SubjectPublicKeyInfoDer::from(key)).to_string();
            assert_eq!(
                expected.is_some_and(|expected| told.contains(expected)),
                expected.is_some(),
                "{told}"
            );
        }
        let other = KeyPair::generate().unwrap();
        assert_eq!(rsa_bits(&other.subject_public_key_info()), None);
    }

    #[test]
    fn arbitrary_bytes_cause_no_panic() {
        let made = rcgen::generate_simple_self_signed(["tower".to_owned()]).unwrap();
        let certificate = made.cert.der();
        let key = made.signing_key.subject_public_key_info();
        assert_eq!(find(certificate).unwrap(), key);
        for length in 0..certificate.len() {
            assert!(find(&certificate[..length]).is_err(), "{length}");
            let mut broken = certificate.to_vec();
            for byte in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                broken[length] = byte;
                let _ = find(&broken).map(rsa_bits);
            }
        }
    }
}
