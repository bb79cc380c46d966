//! Editing of a message in the user's editor, in a file that only the user can read.

use std::{
    env,
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use clacks_language::edit::{Document, Edited};
use clacks_text::file_error;
use clacks_transport::files::{read_regular, text};
use tempfile::TempDir;
use tokio::process::Command;

/// Maximum bytes read from the edited file. No message can be longer.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Editor if the environment names none.
const DEFAULT_EDITOR: &str = "vi";

/// Message in a temporary file, which is deleted with this value.
#[derive(Debug)]
pub struct EditFile {
    document: Document,
    directory: TempDir,
    path: PathBuf,
}

/// Result of editing a file.
#[derive(Debug, PartialEq, Eq)]
pub enum EditResult {
    /// The text was not changed.
    Unchanged,
    /// Nothing is left.
    Empty,
    /// The new text, in the form in which the network reads it.
    Text(String),
    /// The text is not JSON.
    Invalid {
        /// Text as edited.
        text: String,
        /// Reason for the error, one line.
        reason: String,
    },
    /// The file cannot be read or is no text. It is not deleted. Holds the reason and the path.
    Unreadable(String),
}

/// Why the text in a file cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("what was edited can't be read: {0}")]
    Io(io::Error),
    #[error("what was edited is too long for a message")]
    TooLong,
    #[error("{}", .0.to_string().replacen("the file", "what was edited", 1))]
    NotText(io::Error),
}

impl EditFile {
    /// Writes the text of a draft to a new file in a private temporary directory. Fails if the file cannot be written.
    pub fn create(draft: &str) -> io::Result<Self> {
        let directory = private_directory()?;
        let document = Document::of(draft);
        let path = directory.path().join(if document.is_json { "message.json" } else { "message.txt" });
        write(&path, &document.text)?;
        Ok(Self { document, directory, path })
    }

    /// Returns the command that opens the file in the user's editor.
    pub fn editor_command(&self) -> Command {
        command(&editor_from_env(|name| env::var(name).ok()), &self.path)
    }

    /// Reads the file. An unreadable file is not deleted.
    pub fn read(self) -> EditResult {
        match read(&self.path) {
            Ok(text) => match self.document.edited_to(&text) {
                Edited::Unchanged => EditResult::Unchanged,
                Edited::Empty => EditResult::Empty,
                Edited::Text(text) => EditResult::Text(text),
                Edited::Wrong(reason) => EditResult::Invalid { text, reason },
            },
            Err(error) => EditResult::Unreadable(self.keep_after_failure(&error.to_string())),
        }
    }

    /// Keeps the file after a failure of the editor, if it was changed. Returns the reason with the path.
    pub fn keep_after_failure(self, reason: &str) -> String {
        with_path(reason, self.keep_if_changed())
    }

    /// Keeps the file if it was changed, or if the editor left another file beside it, such as a swap file. Returns
    /// its path.
    pub(crate) fn keep_if_changed(self) -> Option<PathBuf> {
        let is_as_it_was = fs::read(&self.path).is_ok_and(|bytes| bytes == self.document.text.as_bytes());
        let beside = fs::read_dir(self.directory.path())
            .map_or(0, |files| files.flatten().filter(|file| file.path() != self.path).count());
        if (is_as_it_was || !self.path.exists()) && beside == 0 {
            return None;
        }
        let directory = self.directory.keep();
        Some(if is_as_it_was { directory } else { self.path })
    }
}

fn with_path(reason: &str, path: Option<PathBuf>) -> String {
    match path {
        Some(path) => format!("{reason}; what you wrote is in {}", path.display()),
        None => reason.to_owned(),
    }
}

/// Keeps an invalid text in a file. Returns the reason with the path.
pub fn keep_text(text: &str, reason: &str) -> String {
    match write_kept_file(text) {
        Ok(path) => with_path(reason, Some(path)),
        Err(error) => {
            format!("{reason}; and what you wrote could not be kept: {}", file_error::writing(error))
        }
    }
}

fn write_kept_file(text: &str) -> io::Result<PathBuf> {
    let directory = private_directory()?;
    let path = directory.path().join("message.txt");
    write(&path, text)?;
    let _ = directory.keep();
    Ok(path)
}

/// Creates a directory that only the user can access.
fn private_directory() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("clacks-").permissions(Permissions::from_mode(0o700)).tempdir()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn read(path: &Path) -> Result<String, ReadError> {
    // Open the path again: many editors replace the file.
    let bytes = match read_regular(path, MAX_FILE_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(ReadError::TooLong);
        }
        read => read.map_err(|error| ReadError::Io(file_error::reading(error)))?,
    };
    text(&bytes).map_err(ReadError::NotText)
}

/// Returns the editor that the environment names, or the default.
fn editor_from_env(variable: impl Fn(&str) -> Option<String>) -> String {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(variable);
    named
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| DEFAULT_EDITOR.to_owned())
}

/// Returns the command that opens a file. The variable may hold arguments or any shell command, as for other programs
/// that start an editor.
fn command(editor: &str, path: &Path) -> Command {
    // `exec` replaces the shell by a plain command, so that signals reach the editor.
    let is_plain = editor.chars().all(|c| c.is_alphanumeric() || " -_./+".contains(c));
    let exec = if is_plain { "exec " } else { "" };
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{exec}{editor} \"$1\"")).arg("clacks").arg(path);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_edited_file_is_private_and_deleted_after_the_edit() {
        let file = EditFile::create("secret").unwrap();
        let (path, directory) = (file.path.clone(), file.directory.path().to_owned());
        assert_eq!((mode(&path), mode(&directory)), (0o600, 0o700));
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret\n");
        assert_eq!(file.read(), EditResult::Unchanged);
        assert!(!directory.exists());
    }

    #[test]
    fn a_file_that_is_not_text_is_kept() {
        let file = EditFile::create("text").unwrap();
        let path = file.path.clone();
        fs::write(&path, b"\xff\xfe").unwrap();
        let EditResult::Unreadable(reason) = file.read() else { panic!("it is no text") };
        let told = "what was edited is UTF-16 text; save it as UTF-8; what you wrote is in ";
        assert_eq!(reason, format!("{told}{}", path.display()));
        assert_eq!(fs::read(&path).unwrap(), b"\xff\xfe");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_changed_file_is_kept_when_the_editor_fails() {
        let file = EditFile::create("text").unwrap();
        let directory = file.directory.path().to_owned();
        assert_eq!(file.keep_after_failure("it failed"), "it failed");
        assert!(!directory.exists());

        let file = EditFile::create("text").unwrap();
        let path = file.path.clone();
        fs::write(&path, "half a te").unwrap();
        assert_eq!(
            file.keep_after_failure("it failed"),
            format!("it failed; what you wrote is in {}", path.display())
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "half a te");
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_swap_file_of_a_killed_editor_is_kept() {
        let file = EditFile::create("text").unwrap();
        let directory = file.directory.path().to_owned();
        fs::write(directory.join(".message.txt.swp"), "text and more").unwrap();
        assert_eq!(file.keep_if_changed(), Some(directory.clone()));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn visual_takes_precedence_over_editor() {
        let chosen = |visual: Option<&str>, editor: Option<&str>| {
            editor_from_env(|name| (if name == "VISUAL" { visual } else { editor }).map(str::to_owned))
        };
        assert_eq!(chosen(Some("vim"), Some("ed")), "vim");
        assert_eq!(chosen(Some(" "), Some("ed")), "ed");
        assert_eq!(chosen(None, None), "vi");
    }

    #[tokio::test]
    async fn the_editor_may_have_arguments_and_the_path_any_characters() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a $HOME \"b\"");
        fs::write(&path, "before").unwrap();
        for editor in ["cp -f /dev/null", "X=1 cp /dev/null"] {
            fs::write(&path, "before").unwrap();
            assert!(command(editor, &path).status().await.unwrap().success());
            assert_eq!(fs::read_to_string(&path).unwrap(), "", "{editor}");
        }
    }
}
