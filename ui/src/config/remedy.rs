use std::io;

use clacks_p2p::node::StartError;

/// Advice for a node that did not start, appended to errors that do not give it; otherwise empty.
pub(crate) fn remedy(error: &StartError) -> &'static str {
    if error.denied().is_some() {
        return "; give a directory that can be written to as --data-dir, or --no-state to keep nothing";
    }
    match error {
        StartError::Listen { source, .. } => of_socket(source.kind()),
        _ => "",
    }
}

/// Advice for a socket that was not opened; otherwise empty.
pub(crate) fn of_socket(error: io::ErrorKind) -> &'static str {
    match error {
        io::ErrorKind::AddrInUse => "; stop what listens there, or give another --port",
        io::ErrorKind::PermissionDenied => "; give a --port above 1023",
        io::ErrorKind::AddrNotAvailable => "; give an address of this machine as --listen or --hostname",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clacks_p2p::node::{CertificateError, DirectoryError};

    use super::*;

    #[test]
    fn an_unwritable_directory_is_reported_with_advice() {
        use std::io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
        for (kind, is_told) in [(PermissionDenied, true), (ReadOnlyFilesystem, true), (NotFound, false)] {
            let (path, source) = (PathBuf::from("/home/tower"), || kind.into());
            let directory = DirectoryError::File { path: path.clone(), source: source() };
            let certificate = CertificateError::File { operation: "write", path, source: source() };
            for error in [StartError::Directory(directory), StartError::Certificate(certificate)] {
                let told = remedy(&error);
                assert_eq!(told.contains("--data-dir") && told.contains("--no-state"), is_told, "{error}");
            }
        }
    }

    #[test]
    fn an_unavailable_address_is_reported_with_advice() {
        use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, ConnectionReset, PermissionDenied};
        let address = ([127, 0, 0, 1], 80).into();
        for (kind, advice) in [
            (AddrInUse, "another --port"),
            (PermissionDenied, "a --port above 1023"),
            (AddrNotAvailable, "as --listen or --hostname"),
        ] {
            let error = StartError::Listen { address, source: kind.into() };
            assert!(remedy(&error).contains(advice), "{kind:?}: {}", remedy(&error));
        }
        assert_eq!(remedy(&StartError::Listen { address, source: ConnectionReset.into() }), "");
    }
}
