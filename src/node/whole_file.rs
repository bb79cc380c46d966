//! Files that are read whole or not at all, whenever the process ends.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

use super::files;

/// What a file is called while it is written, after its own name.
const UNFINISHED: &str = ".unfinished";

/// Writes a file that only its owner can read: beside the old one, then in its place. It is on the disk when this returns.
pub(super) fn write(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    write_beside(path, content)?.persist(path).map_err(|error| error.error)?;
    sync_directory_of(path)
}

/// The same where there is no file yet; if there is one by now, that is an error and the file stays as it is.
pub(super) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let file = write_beside(path, |file| file.write_all(content))?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    sync_directory_of(path)
}

/// Brings to the disk that a file of this name is in its directory, which its own content does not include. Where the
/// system can't do that for a directory, nothing is done.
#[cfg(unix)]
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let synced = fs::File::open(parts(path).0).and_then(|directory| directory.sync_all());
    let cannot = [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied];
    synced.or_else(|error| if cannot.contains(&error.kind()) { Ok(()) } else { Err(error) })
}

#[cfg(not(unix))]
pub(super) fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn write_beside(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let (directory, name) = parts(path);
    files::create_private_directory(directory)?;
    // Such files are made with mode 0600.
    let mut file =
        tempfile::Builder::new().prefix(&format!("{name}.")).suffix(UNFINISHED).tempfile_in(directory)?;
    let mut buffer = io::BufWriter::new(file.as_file_mut());
    content(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    file.as_file().sync_all()?;
    Ok(file)
}

/// Removes what processes that were killed had begun to write. What can't be removed stays.
pub(super) fn sweep(path: &Path) {
    let (directory, name) = parts(path);
    let begins = format!("{name}.");
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_unfinished =
            |found: &str| found.strip_prefix(&begins).is_some_and(|rest| rest.ends_with(UNFINISHED));
        if entry.file_name().to_str().is_some_and(is_unfinished) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn parts(path: &Path) -> (&Path, &str) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (directory, path.file_name().and_then(|name| name.to_str()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_begun_for_this_file_is_swept() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["a.json", "a.json.x1.unfinished", "b.json.x1.unfinished", "a.json.old", "unfinished"] {
            fs::write(at(name), name).unwrap();
        }
        sweep(&at("a.json"));
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.json", "a.json.old", "b.json.x1.unfinished", "unfinished"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_of_a_file_is_synced_or_that_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        sync_directory_of(&directory.path().join("a.json")).unwrap();
        sync_directory_of(Path::new("a.json")).unwrap();
        assert!(sync_directory_of(&directory.path().join("nowhere").join("a.json")).is_err());
    }

    #[test]
    fn a_new_file_takes_the_place_of_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.pem");
        write_new(&path, b"first").unwrap();
        assert_eq!(write_new(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_written_to_its_end_is_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        write(&path, |file| file.write_all(b"old")).unwrap();
        let half =
            |file: &mut dyn Write| file.write_all(b"ha").and(Err(io::Error::other("the disk is full")));
        assert!(write(&path, half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
