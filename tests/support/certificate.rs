//! Certificates that rcgen does not create.

use rcgen::{CertificateParams, CustomExtension, KeyPair, PublicKeyData, SigningKey};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and its key.
pub(crate) type Pair = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// A certificate of X.509 version 1, as older versions of `openssl x509 -req` create it.
pub(crate) fn of_version_1() -> Pair {
    let key = KeyPair::generate().expect("a key");
    let ecdsa_with_sha256 = tlv(0x30, &[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
    let common_name = tlv(0x30, &[b"\x06\x03\x55\x04\x03", &tlv(0x0c, &[b"localhost"])]);
    let name = tlv(0x30, &[&tlv(0x31, &[&common_name])]);
    let validity = tlv(0x30, &[&tlv(0x17, &[b"200101000000Z"]), &tlv(0x17, &[b"300101000000Z"])]);
    let to_be_signed = tlv(
        0x30,
        &[b"\x02\x01\x01", &ecdsa_with_sha256, &name, &validity, &name, &key.subject_public_key_info()],
    );
    let signature = key.sign(&to_be_signed).expect("a signature");
    let certificate = tlv(0x30, &[&to_be_signed, &ecdsa_with_sha256, &tlv(0x03, &[b"\0", &signature])]);
    (certificate.into(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

/// A certificate with an unknown critical extension.
pub(crate) fn with_an_unknown_critical_extension() -> Pair {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a hostname");
    let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    unknown.set_criticality(true);
    params.custom_extensions.push(unknown);
    self_signed(&params, &rcgen::PKCS_ECDSA_P256_SHA256)
}

/// An expired certificate.
pub(crate) fn expired() -> Pair {
    let mut params = CertificateParams::new(["another.example.org".to_owned()]).expect("a hostname");
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    self_signed(&params, &rcgen::PKCS_ECDSA_P256_SHA256)
}

/// A certificate with this kind of key.
pub(crate) fn with_key(algorithm: &'static rcgen::SignatureAlgorithm) -> Pair {
    self_signed(&CertificateParams::new(["localhost".to_owned()]).expect("a hostname"), algorithm)
}

fn self_signed(params: &CertificateParams, algorithm: &'static rcgen::SignatureAlgorithm) -> Pair {
    let key = KeyPair::generate_for(algorithm).expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

/// A DER element of at most 65,535 bytes.
fn tlv(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = u16::try_from(contents.len()).expect("a short piece").to_be_bytes();
    let head = match contents.len() {
        0..128 => vec![tag, length[1]],
        128..256 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head, contents].concat()
}
