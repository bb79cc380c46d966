use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::core::KnownPeer;

use super::{former_names, shared::Shared, trust::Pin, whole_file};

/// The file's name in the data directory.
const STATE_FILE: &str = "peers.json";
/// The version of the file's form; another is not read.
const VERSION: u32 = 1;
/// Changes are gathered for so long before they are written.
const GATHER: Duration = Duration::from_secs(2);
/// After a write failed, how long until the next if nothing changes meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// What is kept from one run to the next: the peers, the certificates they are known by, and whom the user ignores.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    #[serde(deserialize_with = "former_names::left_out")]
    pub(super) peers: Vec<KnownPeer>,
    #[serde(deserialize_with = "former_names::left_out")]
    pub(super) pins: Vec<Pin>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ignored_remotes: Vec<IpAddr>,
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

    /// Removes what earlier runs that were killed had begun to write.
    pub(super) fn sweep(&self) {
        whole_file::sweep(&self.path);
    }

    /// Writes the node's state, whole or not at all.
    pub(super) async fn save(&self, shared: &Arc<Shared>) -> io::Result<()> {
        let state = State {
            version: VERSION,
            peers: shared.look(|core| core.peers().map(KnownPeer::from).collect()),
            pins: shared.trust.pins(),
            ignored_remotes: shared.look(|core| core.ignored_remotes().collect()),
        };
        let path = self.path.clone();
        let write = move || whole_file::write(&path, |file| Ok(serde_json::to_writer_pretty(file, &state)?));
        tokio::task::spawn_blocking(write).await?
    }

    /// Logs that the state could not be written: the node goes on.
    pub(super) fn complain(&self, error: &io::Error) {
        tracing::warn!(path = %self.path.display(), %error, "cannot write the state file");
    }
}

/// Writes the state some time after it changed, until the node stops. What could not be written is tried again.
pub(super) async fn keep(file: StateFile, shared: Arc<Shared>) {
    let mut is_behind = false;
    loop {
        tokio::select! {
            biased;
            // First, so that what changed just before the last handle was dropped is written as well.
            () = shared.state_changed.notified() => {}
            () = shared.stopped.cancelled() => return,
            () = tokio::time::sleep(TRY_AGAIN), if is_behind => {}
        }
        shared.stopped.run_until_cancelled(tokio::time::sleep(GATHER)).await;
        let written = file.save(&shared).await;
        // A disk can be full for days: that is worth one line.
        match &written {
            Err(error) if !is_behind => file.complain(error),
            Ok(()) if is_behind => {
                tracing::info!(path = %file.path.display(), "the state file is written again");
            }
            Err(error) => tracing::debug!(%error, "still cannot write the state file"),
            Ok(()) => {}
        }
        is_behind = written.is_err();
    }
}
