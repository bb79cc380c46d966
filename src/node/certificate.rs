use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// The certificate's file in the data directory.
const CERTIFICATE_FILE: &str = "certificate.pem";
/// The private key's file in the data directory.
const KEY_FILE: &str = "key.pem";

/// A certificate chain, the node's own first, and its private key.
pub(super) struct Certificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

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
    #[error("the certificate and the key do not go together: {0}")]
    Unusable(rustls::Error),
    /// A self-signed certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Generate(rcgen::Error),
}

impl Certificate {
    /// Reads PEM files.
    pub(super) fn load(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let pem = read(certificate)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
        if chain.is_empty() {
            return Err(CertificateError::NotPem { path: certificate.into(), wanted: "certificate" });
        }
        let key_pem = read(key)?;
        let key = PrivateKeyDer::from_pem_slice(&key_pem)
            .map_err(|_| CertificateError::NotPem { path: key.into(), wanted: "private key" })?;
        Ok(Self { chain, key })
    }

    /// Reads the one kept in the data directory, or makes one for `hostname` and keeps it there.
    pub(super) fn load_or_create(directory: &Path, hostname: &str) -> Result<Self, CertificateError> {
        let (certificate, key) = (directory.join(CERTIFICATE_FILE), directory.join(KEY_FILE));
        if !certificate.exists() || !key.exists() {
            let made = make(hostname)?;
            fs::create_dir_all(directory).map_err(|source| file_error("create", directory, source))?;
            write_private(&key, &made.signing_key.serialize_pem())?;
            fs::write(&certificate, made.cert.pem())
                .map_err(|source| file_error("write", &certificate, source))?;
        }
        Self::load(&certificate, &key)
    }

    /// Makes one that is kept nowhere.
    pub(super) fn ephemeral(hostname: &str) -> Result<Self, CertificateError> {
        let made = make(hostname)?;
        let key = made.signing_key.serialize_der();
        Ok(Self { chain: vec![made.cert.der().clone()], key: PrivateKeyDer::Pkcs8(key.into()) })
    }
}

fn make(hostname: &str) -> Result<rcgen::CertifiedKey<rcgen::KeyPair>, CertificateError> {
    rcgen::generate_simple_self_signed([hostname.to_owned()]).map_err(CertificateError::Generate)
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|source| file_error("read", path, source))
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> Result<(), CertificateError> {
    let write = || {
        let directory = path.parent().unwrap_or(Path::new("."));
        // Such files are made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error).map(drop)
    };
    write().map_err(|source| file_error("write", path, source))
}

fn file_error(operation: &'static str, path: &Path, source: io::Error) -> CertificateError {
    CertificateError::File { operation, path: path.to_owned(), source }
}
