//! Regular files: read with an upper bound, written atomically, private to their owner.

use std::{
    fs::{self, DirBuilder, File, Metadata},
    io::{self, Read},
    path::Path,
};

pub use crate::atomic_file::{
    Access, AtomicFile, remove_unfinished, sync_parent, target, write_new, write_whole,
};

/// The byte order mark that some editors write before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Opens a regular file for reading. A symbolic link is followed.
///
/// # Errors
/// Anything but a regular file is an error that says what it is, because reading a pipe or a device may never end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Checked before it is opened, because opening a pipe waits, and after, because it may be another file by then.
    check_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// Checks that a file can be created at `path`: its directory exists, and this process may write to it.
///
/// # Errors
/// The directory is missing, is no directory, or may not be written to.
pub fn check_directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if !directory.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    #[cfg(unix)]
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)?;
    Ok(())
}

/// The content of a regular file of at most `max_bytes` bytes; otherwise as [`open_regular`].
pub fn read_regular(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // One byte more than allowed is read, whatever length the file system reports.
    open_regular(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > max_bytes {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("the file is larger than {max_bytes} bytes"),
        ));
    }
    Ok(content)
}

/// The content of a regular file of at most `max_bytes` bytes as UTF-8 text, without a byte order mark.
pub fn read_regular_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    text(&read_regular(path, max_bytes)?)
}

/// The content of a file as text in UTF-8, without a byte order mark at its start.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if it is not UTF-8. The error names UTF-16 if it is that.
pub fn text(content: &[u8]) -> io::Result<String> {
    let is_utf_16 = content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff");
    str::from_utf8(without_mark(content)).map(str::to_owned).map_err(|_| {
        let reason = if is_utf_16 {
            "the file is UTF-16 text; save it as UTF-8"
        } else {
            "the file is not UTF-8 text"
        };
        io::Error::new(io::ErrorKind::InvalidData, reason)
    })
}

/// The content of a file without a byte order mark of UTF-8 at its start.
pub fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content)
}

/// Creates a directory and its missing parents. On Unix they get mode 0700, whatever the umask. Existing directories
/// keep their mode.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => {
            let text = format!("it is {}, not a directory", kind_of(&metadata));
            io::Error::new(io::ErrorKind::NotADirectory, text)
        }
        _ => error,
    })
}

/// The mode of a file or directory if it has any of these permission bits, such as 0o077
/// ([inode(7)](https://man7.org/linux/man-pages/man7/inode.7.html)). Always `None` on systems other than Unix.
pub fn mode_open_to_others(metadata: &Metadata, bits: u32) -> Option<u32> {
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    #[cfg(not(unix))]
    let mode = {
        let _ = metadata;
        0
    };
    (mode & bits != 0).then_some(mode)
}

/// The warning for a private key that other users can read, with the command that mends it.
pub fn open_key_warning(path: &Path, mode: u32) -> String {
    let path = path.display();
    format!("others can use the private key {path} (mode {mode:04o}); run chmod 600 {path}")
}

/// Checks that this is a regular file.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`], with a text that says what it is, if it is a directory, a pipe or another special file.
pub fn check_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let text = format!("it is {}, not a regular file", kind_of(metadata));
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

fn kind_of(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        return "a directory";
    }
    if metadata.is_file() {
        return "a file";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let file_type = metadata.file_type();
        if file_type.is_fifo() {
            return "a named pipe";
        }
        if file_type.is_socket() {
            return "a socket";
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return "a device";
        }
    }
    "a special file"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_place_of_a_directory_is_named_in_the_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "").unwrap();
        let told = |path: &Path| create_private_directory(path).unwrap_err().to_string();
        assert_eq!(told(&path), "it is a file, not a directory");
        #[cfg(unix)]
        assert_eq!(told(Path::new("/dev/null")), "it is a device, not a directory");
        create_private_directory(&directory.path().join("a/b")).unwrap();
        create_private_directory(directory.path()).unwrap();
    }

    #[test]
    fn a_file_is_read_through_a_link_up_to_its_maximum_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_regular(&path, 5).unwrap(), b"12345");
        let error = read_regular(&path, 4).unwrap_err();
        assert_eq!(error.to_string(), "the file is larger than 4 bytes");
        #[cfg(unix)]
        {
            let link = directory.path().join("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert_eq!(read_regular_text(&link, 5).unwrap(), "12345");
        }
    }

    #[test]
    fn utf_8_is_read_without_byte_order_mark_and_utf_16_is_named() {
        for (content, read) in [
            (&b"text"[..], Ok("text")),
            (b"", Ok("")),
            (b"\xef\xbb\xbf", Ok("")),
            (b"\xef\xbb\xbftext\r\n", Ok("text\r\n")),
            (b"text \xef\xbb\xbf", Ok("text \u{feff}")),
            (b"\xff", Err("the file is not UTF-8 text")),
            (b"\xef\xbb", Err("the file is not UTF-8 text")),
            (b"\xff\xfet\0", Err("the file is UTF-16 text; save it as UTF-8")),
            (b"\xfe\xff\0t", Err("the file is UTF-16 text; save it as UTF-8")),
        ] {
            let read = read.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(text(content).map_err(|error| error.to_string()), read, "{content:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_special_file_is_refused_without_being_opened() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        std::os::unix::fs::symlink(at("pipe"), at("link to a pipe")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("link to a device")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (path, kind) in [
            (at("pipe"), "a named pipe"),
            (at("link to a pipe"), "a named pipe"),
            (at("link to a device"), "a device"),
            ("/dev/null".into(), "a device"),
            (at("socket"), "a socket"),
            (directory.path().to_owned(), "a directory"),
        ] {
            let error = read_regular(&path, 100).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {kind}, not a regular file"), "{path:?}");
        }
        assert_eq!(read_regular(&at("nothing"), 1).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
