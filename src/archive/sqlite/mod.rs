//! The archive in a file of SQLite.

mod check;
mod file;
mod prune;
mod read;
mod row;
mod schema;
mod write;

use std::{ops::ControlFlow, path::Path};

use rusqlite::Connection;

use crate::{
    Access, ArchiveError, Checked, Exported, Found, Hash, HashPrefix, Life, Pruned, Query, Retention,
    Sighting, Store, Unseen, error::reason,
};

/// An archive in a file.
pub(crate) struct Sqlite {
    connection: Connection,
    access: Access,
}

impl Sqlite {
    /// Opens the archive in this file. With [`Access::Write`] it is created if there is none; then only its owner can
    /// read it.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self, ArchiveError> {
        let connection = file::open(path, access)?;
        Ok(Self { connection, access })
    }

    fn writing(&mut self) -> Result<&mut Connection, ArchiveError> {
        match self.access {
            Access::Read => Err(ArchiveError::ReadOnly),
            Access::Write => Ok(&mut self.connection),
        }
    }

    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Store for Sqlite {
    fn append(&mut self, batch: &[Sighting], not_stored: u64) -> Result<(), ArchiveError> {
        write::append(self.writing()?, batch, not_stored)
    }

    fn find(&mut self, query: &Query) -> Result<Vec<Found>, ArchiveError> {
        read::find(&self.connection, query)
    }

    fn named(&mut self, prefix: &HashPrefix, limit: usize) -> Result<Vec<Found>, ArchiveError> {
        read::named(&self.connection, prefix, limit)
    }

    fn life(&mut self, hash: &Hash, limit: usize) -> Result<Option<Life>, ArchiveError> {
        read::life(&mut self.connection, hash, limit)
    }

    fn last_seen(&mut self, hash: &Hash) -> Result<Option<u64>, ArchiveError> {
        read::last_seen(&self.connection, hash)
    }

    fn unseen_for(&mut self, unseen: &Unseen) -> Result<Vec<Found>, ArchiveError> {
        read::unseen_for(&self.connection, unseen)
    }

    fn mark(&mut self, hash: &Hash, keep: bool) -> Result<bool, ArchiveError> {
        write::mark(self.writing()?, hash, keep)
    }

    fn export(&mut self, each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>) -> Result<(), ArchiveError> {
        read::export(&mut self.connection, each)
    }

    fn prune(&mut self, retention: &Retention, now: u64) -> Result<Pruned, ArchiveError> {
        prune::step(self.writing()?, retention, now)
    }

    fn check(&mut self) -> Result<Checked, ArchiveError> {
        check::check(&mut self.connection, self.access)
    }
}

/// What an error of SQLite means.
impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let text = reason(&error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(text),
            _ => Self::Failed(text),
        }
    }
}
