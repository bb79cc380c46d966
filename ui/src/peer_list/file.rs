//! Reads a peer list from a file.

use std::{io, path::Path};

use clacks_p2p::node::files::read_regular;
use clacks_text::{file_error, paths::expand};

use super::{MAX_BYTES, ReadError};

/// Reads a regular file of at most 1 MiB. A `~` at the start of the path is expanded. Blocks on the disk.
///
/// # Errors
///
/// Fails if the path is not a regular file, the file is too large, or it cannot be read.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    let path = expand(path).map_err(io::Error::other)?;
    Ok(read_regular(&path, MAX_BYTES as u64)?)
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidInput => Self::NotAFile,
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Io(file_error::reading(error).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        os::unix::fs::symlink,
        path::PathBuf,
    };

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn only_a_regular_file_is_read_and_nothing_else_blocks() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        mknodat(CWD, place("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(place("socket")).unwrap();
        symlink(place("pipe"), place("link to the pipe")).unwrap();
        let not_files = [
            place("pipe"),
            place("socket"),
            place("link to the pipe"),
            home.path().to_owned(),
            PathBuf::from("/dev/zero"),
            PathBuf::from("/dev/stdin"),
        ];
        // What a terminal or a pipe is.
        let not_files = not_files.iter().filter(|path| !path.is_file());
        for path in not_files {
            assert_eq!(read(path), Err(ReadError::NotAFile), "{path:?}");
        }
        fs::write(place("list"), "one:1\n").unwrap();
        symlink(place("list"), place("link")).unwrap();
        assert_eq!(read(&place("link")), Ok(b"one:1\n".to_vec()));
        let missing = read(&place("missing")).unwrap_err().to_string();
        assert_eq!(missing, "there is no such file");
    }

    #[test]
    fn a_file_is_no_larger_than_a_list_may_be() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("list");
        fs::write(&path, vec![b'\n'; MAX_BYTES]).unwrap();
        assert_eq!(read(&path).map(|bytes| bytes.len()), Ok(MAX_BYTES));
        fs::write(&path, vec![b'\n'; MAX_BYTES + 1]).unwrap();
        assert_eq!(read(&path), Err(ReadError::TooLarge));
        // A hole of a terabyte takes no room on the disk.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path), Err(ReadError::TooLarge));
    }
}
