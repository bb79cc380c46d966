use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::core::KnownPeer;

use super::{shared::Shared, trust::Pin};

/// The file's name in the data directory.
const STATE_FILE: &str = "peers.json";
/// The version of the file's form; another is not read.
const VERSION: u32 = 1;
/// Changes are gathered for so long before they are written.
const GATHER: Duration = Duration::from_secs(2);

/// What is kept from one run to the next: the peers and the certificates they are known by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    pub(super) peers: Vec<KnownPeer>,
    pub(super) pins: Vec<Pin>,
}

/// Why the state of an earlier run can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file can't be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not in the form that this version writes. It is left as it is.
    #[error(
        "{path} is not a state file of this version ({reason}); move it away to start without known peers"
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Where the state is kept.
#[derive(Debug, Clone)]
pub(super) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self { path: directory.join(STATE_FILE) }
    }

    /// The state of the last run; empty if there was none.
    pub(super) fn load(&self) -> Result<State, StateError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
            Err(source) => return Err(StateError::Read { path: self.path.clone(), source }),
        };
        let form = |reason: String| StateError::Form { path: self.path.clone(), reason };
        let state: State = serde_json::from_slice(&text).map_err(|error| form(error.to_string()))?;
        if state.version == VERSION { Ok(state) } else { Err(form(format!("version {}", state.version))) }
    }

    /// Writes the node's state: beside the old file, then in its place, so that no half-written one is ever read.
    /// A failure is logged: the node goes on.
    pub(super) async fn save(&self, shared: &Arc<Shared>) {
        let state = State {
            version: VERSION,
            peers: shared.look(|core| core.peers().map(KnownPeer::from).collect()),
            pins: shared.trust.pins(),
        };
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || write(&path, &state)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(path = %self.path.display(), %error, "cannot write the state file");
            }
            Err(error) => tracing::warn!(%error, "the writer of the state file failed"),
        }
    }
}

fn write(path: &Path, state: &State) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    let mut buffer = io::BufWriter::new(file.as_file_mut());
    serde_json::to_writer_pretty(&mut buffer, state)?;
    buffer.flush()?;
    drop(buffer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error).map(drop)
}

/// Writes the state some time after it changed, until the node stops.
pub(super) async fn keep(file: StateFile, shared: Arc<Shared>) {
    loop {
        tokio::select! {
            biased;
            // First, so that what changed just before the last handle was dropped is written as well.
            () = shared.state_changed.notified() => {}
            () = shared.stopped.cancelled() => return,
        }
        shared.stopped.run_until_cancelled(tokio::time::sleep(GATHER)).await;
        file.save(&shared).await;
    }
}
