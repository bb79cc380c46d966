//! The archive of messages: what a node writes to it, and `clacks archive`, which reads it.

mod commands;
mod printed;
mod running;
#[cfg(test)]
mod tests;

pub(crate) use commands::{ArchiveOptions, run};
pub(crate) use running::{Archiving, close, start};

use std::{borrow::Cow, path::Path};

use clacks_archive::Options;
use clacks_text::paths;

/// The options with `~` expanded in the path.
fn located(options: Options) -> anyhow::Result<Options> {
    let path = options.path.as_deref().map(|path: &Path| paths::expand(path).map(Cow::into_owned));
    Ok(Options { path: path.transpose()?, ..options })
}
