//! The SVG file for the picture of the final screen.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clacks_p2p::node::files::{Access, AtomicFile};
use clacks_text::file_error;

/// A file that is replaced atomically when the picture is complete. It is created before the simulation, so that an
/// unwritable path is an error before a long run.
#[derive(Debug)]
pub(crate) struct PictureFile {
    path: PathBuf,
    file: AtomicFile,
}

impl PictureFile {
    pub(crate) fn new(path: &Path) -> anyhow::Result<Self> {
        let file = AtomicFile::create(path, Access::Shared)
            .map_err(file_error::writing)
            .with_context(|| cannot_write(path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(crate) fn write(mut self, picture: &str) -> anyhow::Result<()> {
        let written = self.file.write_all(picture.as_bytes()).and_then(|()| self.file.replace());
        written.map_err(file_error::writing).with_context(|| cannot_write(&self.path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
