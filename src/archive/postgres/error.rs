//! What an error of the server means.

use std::error::Error as _;

use tokio_postgres::{Error, error::SqlState};

use crate::{ArchiveError, error::reason};

impl From<Error> for ArchiveError {
    fn from(error: Error) -> Self {
        let Some(reported) = error.as_db_error() else {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            let is_io = error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            let text = reason(&format!("{error}{cause}"));
            return if error.is_closed() || is_io { Self::Away(text) } else { Self::Failed(text) };
        };
        let text = reason(reported.message());
        match reported.code() {
            code if *code == SqlState::DISK_FULL => Self::Full(text),
            code if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) => {
                Self::Damaged(text)
            }
            code if is_away(code) => Self::Away(text),
            code if is_busy(code) => Self::Busy(text),
            _ => Self::Failed(text),
        }
    }
}

/// The connection ended without a reason of the server.
pub(super) fn away() -> ArchiveError {
    ArchiveError::Away("it did not answer in time".to_owned())
}

fn is_away(code: &SqlState) -> bool {
    let shut_down = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    code.code().starts_with("08") || shut_down.contains(code) || *code == SqlState::TOO_MANY_CONNECTIONS
}

fn is_busy(code: &SqlState) -> bool {
    let waits = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    waits.contains(code) || *code == SqlState::LOCK_NOT_AVAILABLE
}
