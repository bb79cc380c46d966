use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{public_key, whole_file};

/// The certificate's file in the data directory.
const CERTIFICATE_FILE: &str = "certificate.pem";
/// The private key's file in the data directory.
const KEY_FILE: &str = "key.pem";

/// Why a node has no certificate to show.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file can't be read or written.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds no PEM of the right kind.
    #[error("{path} holds no {wanted} in PEM form")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// Certificate and key are of no use to TLS, or not of each other.
    #[error("{certificate} and {key} are not a certificate and its key: {source}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS says.
        source: rustls::Error,
    },
    /// A self-signed certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Generate(rcgen::Error),
}

/// Reads a certificate chain, the node's own first, and its private key from PEM files.
pub(super) fn load(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    let pem = read(certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(CertificateError::NotPem { path: certificate.into(), wanted: "certificate" });
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|_| CertificateError::NotPem { path: key.into(), wanted: "private key" })?;
    public_key::certified(chain, private, provider).map_err(|source| CertificateError::Unusable {
        certificate: certificate.into(),
        key: key.into(),
        source,
    })
}

/// Reads the one kept in the data directory, or makes one for `hostname` and keeps it there.
pub(super) fn load_or_create(
    directory: &Path,
    hostname: &str,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    let (certificate, key) = (directory.join(CERTIFICATE_FILE), directory.join(KEY_FILE));
    if !certificate.exists() || !key.exists() {
        let made = make(hostname)?;
        fs::create_dir_all(directory).map_err(|source| file_error("create", directory, source))?;
        write(&key, &made.signing_key.serialize_pem())?;
        write(&certificate, &made.cert.pem())?;
    }
    load(&certificate, &key, provider)
}

/// Makes one that is kept nowhere.
pub(super) fn ephemeral(hostname: &str, provider: &CryptoProvider) -> Result<CertifiedKey, CertificateError> {
    let made = make(hostname)?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Ok(CertifiedKey::from_der(vec![made.cert.der().clone()], key, provider)
        .expect("ring takes the key that it made"))
}

fn make(hostname: &str) -> Result<rcgen::CertifiedKey<rcgen::KeyPair>, CertificateError> {
    rcgen::generate_simple_self_signed([hostname.to_owned()]).map_err(CertificateError::Generate)
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|source| file_error("read", path, source))
}

fn write(path: &Path, text: &str) -> Result<(), CertificateError> {
    whole_file::sweep(path);
    whole_file::write(path, |file| file.write_all(text.as_bytes()))
        .map_err(|source| file_error("write", path, source))
}

fn file_error(operation: &'static str, path: &Path, source: io::Error) -> CertificateError {
    CertificateError::File { operation, path: path.to_owned(), source }
}
