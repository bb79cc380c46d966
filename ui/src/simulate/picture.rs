//! The file for the picture of what the screen would show at the end.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use tempfile::NamedTempFile;

/// A file beside the one that is wanted, which it replaces when it is whole. It is made before a long simulation, so that
/// one that can't be written is told then.
#[derive(Debug)]
pub(super) struct PictureFile {
    path: PathBuf,
    beside: NamedTempFile,
}

impl PictureFile {
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        let directory = path.parent().filter(|directory| *directory != Path::new(""));
        let beside = tempfile::Builder::new()
            // As of any other file: what the user lets others do.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory.unwrap_or(Path::new(".")));
        let beside = beside.with_context(|| cannot_write(path))?;
        Ok(Self { path: path.to_owned(), beside })
    }

    pub(super) fn write(mut self, picture: &str) -> anyhow::Result<()> {
        let written = self.beside.write_all(picture.as_bytes());
        let replaced = written.and_then(|()| self.beside.persist(&self.path).map_err(io::Error::from));
        replaced.map(drop).with_context(|| cannot_write(&self.path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
