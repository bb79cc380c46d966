use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};

use super::{CertificateFingerprint, StartWarning, directory::is_denied, files, public_key, start_warning};

/// The certificate's file in the data directory.
const CERTIFICATE_FILE: &str = "certificate.pem";
/// The private key's file in the data directory.
const KEY_FILE: &str = "key.pem";

/// Maximum size of a PEM file in bytes.
const MAX_PEM: u64 = 1 << 20;

/// Why a node has no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("cannot {operation} {path}: {source}")]
    File {
        /// The operation, such as `read`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file does not contain PEM of the right kind.
    #[error("{path} holds no {wanted} in PEM form")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// The expected content.
        wanted: &'static str,
    },
    /// TLS cannot use the certificate and key, or they do not belong together.
    #[error("{certificate} and {key} are not a certificate and its key: {source}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The error of TLS.
        source: rustls::Error,
    },
    /// The data directory has a certificate without its key. Nothing is changed.
    #[error(
        "{certificate} is there, but its key {key} is missing; put the key back, or move the certificate away to start \
         with a new identity"
    )]
    NoKey {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file, which is missing.
        key: PathBuf,
    },
    /// A self-signed certificate could not be created.
    #[error("cannot make a certificate: {0}")]
    Generate(rcgen::Error),
}

impl CertificateError {
    /// The kind of the system's error, if the directory is not writable.
    pub(super) fn denied(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File { operation: "write", source, .. } => {
                Some(source.kind()).filter(|kind| is_denied(*kind))
            }
            _ => None,
        }
    }
}

/// Reads a certificate chain, the node's own certificate first, and its private key from PEM files.
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
    public_key::certified_key(chain, private, provider).map_err(|source| CertificateError::Unusable {
        certificate: certificate.into(),
        key: key.into(),
        source,
    })
}

/// Whether the data directory has both a certificate and a key.
pub(super) fn exists_in(directory: &Path) -> Result<bool, CertificateError> {
    let (certificate, key) = paths_in(directory);
    Ok(path_exists(&certificate)? && path_exists(&key)?)
}

/// Reads the certificate in the data directory. If there is neither certificate nor key, creates both for `hostname`
/// and saves them. If there is only a key, creates a certificate for it. Existing files are never overwritten.
///
/// The key is written first, so that after a killed process the key is either complete or missing.
pub(super) fn load_or_create(
    directory: &Path,
    hostname: &str,
    provider: &CryptoProvider,
    warnings: &mut Vec<StartWarning>,
) -> Result<CertifiedKey, CertificateError> {
    let (certificate, key) = paths_in(directory);
    match (path_exists(&certificate)?, path_exists(&key)?) {
        (true, true) => {}
        (true, false) => return Err(CertificateError::NoKey { certificate, key }),
        (false, true) => {
            write_new(&certificate, &create_for_key(&key, hostname)?)?;
            warnings.push(StartWarning::CertificateRemade { certificate: certificate.clone() });
        }
        (false, false) => {
            let made = create(hostname)?;
            write_new(&key, &made.signing_key.serialize_pem())?;
            write_new(&certificate, &made.cert.pem())?;
        }
    }
    warnings.extend(start_warning::of_directory(directory));
    warnings.extend(start_warning::of_key(&key, 0o077));
    load(&certificate, &key, provider)
}

/// Creates a certificate that is not saved.
pub(super) fn ephemeral(hostname: &str, provider: &CryptoProvider) -> Result<CertifiedKey, CertificateError> {
    let made = create(hostname)?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Ok(CertifiedKey::from_der(vec![made.cert.der().clone()], key, provider)
        .expect("ring takes the key that it made"))
}

fn create(hostname: &str) -> Result<rcgen::CertifiedKey<rcgen::KeyPair>, CertificateError> {
    rcgen::generate_simple_self_signed([hostname.to_owned()]).map_err(CertificateError::Generate)
}

/// Creates a new certificate for an existing key.
fn create_for_key(key: &Path, hostname: &str) -> Result<String, CertificateError> {
    let not_pem = || CertificateError::NotPem { path: key.to_owned(), wanted: "private key" };
    let text = String::from_utf8(read(key)?).map_err(|_| not_pem())?;
    let pair = rcgen::KeyPair::from_pem(&text).map_err(|_| not_pem())?;
    let certificate = rcgen::CertificateParams::new([hostname.to_owned()])
        .and_then(|parameters| parameters.self_signed(&pair))
        .map_err(CertificateError::Generate)?;
    Ok(certificate.pem())
}

fn paths_in(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join(CERTIFICATE_FILE), directory.join(KEY_FILE))
}

/// Whether the path exists, including a broken symbolic link. It is an error if that cannot be found out.
fn path_exists(path: &Path) -> Result<bool, CertificateError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(file_error("read", path, source)),
    }
}

/// The lines of a PEM file, without byte order mark and trailing white space. Text around the PEM blocks is ignored.
fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let pem = files::read_regular(path, MAX_PEM).map_err(|source| file_error("read", path, source))?;
    let lines = files::without_mark(&pem).split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Ok(lines.collect::<Vec<_>>().join(&b'\n'))
}

fn write_new(path: &Path, text: &str) -> Result<(), CertificateError> {
    files::remove_unfinished(path);
    let written = files::write_new(path, files::Access::Private, |file| file.write_all(text.as_bytes()));
    written.map_err(|source| file_error("write", path, source))
}

fn file_error(operation: &'static str, path: &Path, source: io::Error) -> CertificateError {
    CertificateError::File { operation, path: path.to_owned(), source }
}

/// The SHA-256 of a certificate's DER bytes.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> CertificateFingerprint {
    CertificateFingerprint(Sha256::digest(certificate).into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn provider() -> CryptoProvider {
        rustls::crypto::ring::default_provider()
    }

    fn start(directory: &Path) -> Result<(CertifiedKey, Vec<StartWarning>), CertificateError> {
        let mut warnings = Vec::new();
        load_or_create(directory, "localhost", &provider(), &mut warnings).map(|pair| (pair, warnings))
    }

    fn content(directory: &Path) -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(directory).unwrap().map(Result::unwrap);
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
    }

    #[test]
    fn certificate_and_key_files_are_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = paths_in(directory.path());
        let (first, _) = start(directory.path()).unwrap();
        let both = content(directory.path());
        assert_eq!(both.len(), 2);
        let (again, warnings) = start(directory.path()).unwrap();
        assert_eq!((again.cert, warnings), (first.cert, vec![]));

        fs::remove_file(&key).unwrap();
        let before = content(directory.path());
        let error = start(directory.path()).unwrap_err();
        assert!(matches!(error, CertificateError::NoKey { .. }), "{error}");
        for file in [&certificate, &key] {
            assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        }
        assert_eq!(content(directory.path()), before);

        // After a kill between the two writes, and after the certificate was moved away.
        fs::write(&key, &both["key.pem"]).unwrap();
        fs::remove_file(&certificate).unwrap();
        let (_, warnings) = start(directory.path()).unwrap();
        assert!(warnings.contains(&StartWarning::CertificateRemade { certificate: certificate.clone() }));
        assert_eq!(content(directory.path())["key.pem"], both["key.pem"]);
        assert_eq!(content(directory.path()).len(), 2);
        start(directory.path()).unwrap();
    }

    #[test]
    fn a_pem_file_saved_by_any_editor_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = paths_in(directory.path());
        let (first, _) = start(directory.path()).unwrap();
        let both = content(directory.path());
        let saved: [fn(&str) -> String; 6] = [
            |text| format!("\u{feff}{text}"),
            |text| text.replace('\n', "\r\n"),
            |text| text.trim_end().to_owned(),
            |text| text.replace('\n', "  \n"),
            |text| format!("  {}", text.replace('\n', "\t\n  ")),
            |text| format!("\u{feff}issued to the tower\r\n\r\n{}\r\n\r\n", text.replace('\n', "\r\n")),
        ];
        for (number, saved) in saved.iter().enumerate() {
            for (name, text) in &both {
                fs::write(directory.path().join(name), saved(str::from_utf8(text).unwrap())).unwrap();
            }
            assert_eq!(start(directory.path()).unwrap().0.cert, first.cert, "{number}");
            fs::remove_file(&certificate).unwrap();
            start(directory.path()).expect("a certificate is made for the key");
            fs::write(&key, &both["key.pem"]).unwrap();
        }
        let latin = [b"caf\xe9\n".to_vec(), both["certificate.pem"].clone()].concat();
        fs::write(&certificate, latin).unwrap();
        assert_eq!(start(directory.path()).unwrap().0.cert, first.cert);
    }

    #[cfg(unix)]
    #[test]
    fn an_unreadable_file_is_an_error_and_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = paths_in(directory.path());
        std::os::unix::fs::symlink("nowhere", &certificate).unwrap();
        std::os::unix::fs::symlink(&key, &key).unwrap();
        let error = start(directory.path()).unwrap_err().to_string();
        assert!(error.contains("certificate.pem"), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        fs::remove_file(&certificate).unwrap();
        fs::remove_file(&key).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&key).status().unwrap().success());
        let error = start(directory.path()).unwrap_err().to_string();
        assert!(error.contains("key.pem: it is a named pipe"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_or_directory_open_to_others_causes_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (_, key) = paths_in(directory.path());
        start(directory.path()).unwrap();
        let warned = |path: &Path, mode: u32| {
            let before = fs::metadata(path).unwrap().permissions();
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            let (_, warnings) = start(directory.path()).unwrap();
            fs::set_permissions(path, before).unwrap();
            warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        for mode in [0o640, 0o604, 0o666] {
            let text = warned(&key, mode);
            assert!(text.contains("key.pem") && text.contains(&format!("{mode:04o}")), "{text}");
        }
        for mode in [0o770, 0o702, 0o777] {
            let text = warned(directory.path(), mode);
            assert!(text.contains("data directory") && text.contains(&format!("{mode:04o}")), "{text}");
        }
        assert_eq!(warned(&key, 0o400) + &warned(directory.path(), 0o755), "");
    }
}
