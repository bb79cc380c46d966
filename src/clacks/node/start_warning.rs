use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::files;

/// A problem that a node found at its start. The node runs nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartWarning {
    /// Other users can read the private key, and with it impersonate the node.
    #[error("{}", files::open_key_warning(path, *mode))]
    KeyOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Other users can change the data directory, and with it the key and the trusted certificates.
    #[error("others can change the data directory {path} (mode {mode:04o}); run chmod 700 {path}")]
    DirectoryOpen {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The data directory is not writable. The node uses what it contains and saves nothing.
    #[error(
        "cannot write in the data directory {path} ({reason}): the node runs, but what it learns is lost when it stops; \
         make the directory writable, or choose another one"
    )]
    NotSaved {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        reason: io::ErrorKind,
    },
    /// The data directory has no certificate and is not writable, and the node saves no state. It presents a
    /// certificate that is not saved.
    #[error(
        "cannot write in the data directory {path} ({reason}): the certificate is for this run alone, and peers that know \
         another of this node refuse it; choose a directory that can be written to"
    )]
    CertificateNotKept {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        reason: io::ErrorKind,
    },
    /// The data directory had a key without a certificate, so a new certificate was made. Peers that know the old one
    /// refuse this node until they accept the new one.
    #[error(
        "{certificate} was missing, so a new certificate was made for the key beside it; peers that know the old one \
         refuse this node until they accept the new one"
    )]
    CertificateRemade {
        /// The file of the certificate.
        certificate: PathBuf,
    },
}

/// A warning if the mode of the key has one of these bits.
pub(super) fn of_key(path: &Path, bits: u32) -> Option<StartWarning> {
    let mode = files::mode_open_to_others(&fs::metadata(path).ok()?, bits)?;
    Some(StartWarning::KeyOpen { path: path.to_owned(), mode })
}

/// A warning if other users can write to the directory.
pub(super) fn of_directory(path: &Path) -> Option<StartWarning> {
    let mode = files::mode_open_to_others(&fs::metadata(path).ok()?, 0o022)?;
    Some(StartWarning::DirectoryOpen { path: path.to_owned(), mode })
}
