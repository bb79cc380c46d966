//! The configuration file: its location, and how it is read.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clacks_p2p::node::files::{read_regular_text, text};
use clacks_text::{
    file_error,
    toml::{LARGEST_FILE, parse},
};
use directories::ProjectDirs;
use serde::de::DeserializeOwned;

use super::view::Located;

/// Reads the configuration file `file`, or the default one if it exists.
pub(crate) fn read_as<T: DeserializeOwned + Located>(file: Option<&Path>) -> anyhow::Result<Option<T>> {
    let text = match file {
        Some(path) => Some((path.to_owned(), read(path)?)),
        None => read_default()?,
    };
    let Some((path, text)) = text else { return Ok(None) };
    let mut told: T = parse(&text).with_context(|| path.display().to_string())?;
    told.locate(&path, &text);
    Ok(Some(told))
}

fn read(path: &Path) -> anyhow::Result<String> {
    read_named(path).map_err(file_error::reading).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a file that the user named. It may be a pipe, as with `<(…)` in a shell; a pipe is read to its end without a
/// time limit.
fn read_named(path: &Path) -> io::Result<String> {
    if !is_pipe(path)? {
        return read_regular_text(path, LARGEST_FILE);
    }
    let mut content = Vec::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST_FILE {
        let error = format!("it has more than {LARGEST_FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, error));
    }
    text(&content)
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::FileTypeExt;

    Ok(std::fs::metadata(path)?.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> io::Result<bool> {
    Ok(false)
}

fn read_default() -> anyhow::Result<Option<(PathBuf, String)>> {
    let Some(path) = default_path() else { return Ok(None) };
    match read_regular_text(&path, LARGEST_FILE) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(file_error::reading(error)).with_context(|| format!("cannot read {}", path.display()))
        }
    }
}

/// The default path of the configuration file.
pub(crate) fn default_path() -> Option<PathBuf> {
    platform_directories().map(|directories| directories.config_dir().join("config.toml"))
}

/// The directory of the user's themes.
pub(crate) fn themes_directory() -> Option<PathBuf> {
    platform_directories().map(|directories| directories.config_dir().join("themes"))
}

pub(crate) fn platform_directories() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "clacks")
}
