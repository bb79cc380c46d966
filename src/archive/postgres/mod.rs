//! The archive in a database of PostgreSQL, which several nodes can share.
//!
//! Each function runs on a runtime of the store itself, so that a store is used as one in a file is. After an error of
//! the connection the next function connects again. Whoever writes decides when that is.

mod append;
mod check;
mod connect;
mod error;
mod prune;
mod read;
mod row;
mod schema;
mod words;

use std::{ops::ControlFlow, time::Duration};

use tokio::{runtime::Runtime, time::timeout};
use tokio_postgres::{Client, Config, Error};

use crate::{
    Access, ArchiveError, Checked, Exported, Found, Hash, HashPrefix, Life, Pruned, Query, Retention,
    Sighting, Store, Unseen,
};
use append::Attempt;

/// Maximum duration of a batch or of a step of pruning. Then the connection counts as broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// An archive in a database.
pub(crate) struct Postgres {
    runtime: Runtime,
    config: Config,
    /// The database without its password.
    place: String,
    node: String,
    access: Access,
    connection: Option<Connection>,
    /// The last batch, while it is not known whether the server has it.
    attempt: Attempt,
}

struct Connection {
    client: Client,
    /// The number of this node. 0 for a reader.
    node: i64,
}

impl Postgres {
    /// Opens the archive in this database. With [`Access::Write`] it is created if there is none.
    pub(crate) fn open(url: &str, node: &str, access: Access) -> Result<Self, ArchiveError> {
        let (config, place) = connect::read(url)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ArchiveError::Failed(error.to_string()))?;
        let (node, attempt) = (node.to_owned(), Attempt::new());
        let mut store = Self { runtime, config, place, node, access, connection: None, attempt };
        store.connect()?;
        Ok(store)
    }

    /// Acts as if the confirmation of this batch, the last one, had not come.
    #[cfg(test)]
    pub(crate) fn lose_confirmation(&mut self, batch: &[Sighting], not_stored: u64) {
        self.attempt.reopen(batch, not_stored);
    }

    fn connect(&mut self) -> Result<(), ArchiveError> {
        if self.connection.as_ref().is_none_or(|connection| connection.client.is_closed()) {
            let Self { config, place, node, access, .. } = self;
            self.connection = None;
            let connection = self.runtime.block_on(connect::connect(config, place, node, *access))?;
            self.connection = Some(connection);
        }
        Ok(())
    }

    /// Runs queries on the connection.
    fn run<T>(&mut self, work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>) -> Result<T, ArchiveError> {
        self.connect()?;
        let Some(Connection { client, .. }) = &mut self.connection else { return Err(error::away()) };
        Ok(self.runtime.block_on(work(client))?)
    }

    /// Runs queries that write, in bounded time.
    fn write<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Client, i64, &Attempt) -> Result<T, Error>,
    ) -> Result<T, ArchiveError> {
        if self.access == Access::Read {
            return Err(ArchiveError::ReadOnly);
        }
        self.connect()?;
        let Self { runtime, connection, attempt, .. } = self;
        let Some(Connection { client, node }) = connection else { return Err(error::away()) };
        let bounded = async { timeout(PATIENCE, work(client, *node, attempt)).await };
        if let Ok(done) = runtime.block_on(bounded) {
            return Ok(done?);
        }
        // What the server did is not known, so nothing more is sent on this connection.
        self.connection = None;
        Err(error::away())
    }
}

impl Store for Postgres {
    fn append(&mut self, batch: &[Sighting], not_stored: u64) -> Result<(), ArchiveError> {
        self.attempt.begin(batch, not_stored);
        let work = async |client: &mut Client, node, attempt: &Attempt| {
            append::append(client, node, attempt, batch, not_stored).await
        };
        self.write(work)?;
        self.attempt.succeeded();
        Ok(())
    }

    fn find(&mut self, query: &Query) -> Result<Vec<Found>, ArchiveError> {
        self.run(async |client| read::find(client, query).await)
    }

    fn named(&mut self, prefix: &HashPrefix, limit: usize) -> Result<Vec<Found>, ArchiveError> {
        self.run(async |client| read::named(client, prefix, limit).await)
    }

    fn life(&mut self, hash: &Hash, limit: usize) -> Result<Option<Life>, ArchiveError> {
        self.run(async |client| read::life(client, hash, limit).await)
    }

    fn last_seen(&mut self, hash: &Hash) -> Result<Option<u64>, ArchiveError> {
        self.run(async |client| read::last_seen(client, hash).await)
    }

    fn unseen_for(&mut self, unseen: &Unseen) -> Result<Vec<Found>, ArchiveError> {
        self.run(async |client| read::unseen_for(client, unseen).await)
    }

    fn mark(&mut self, hash: &Hash, keep: bool) -> Result<bool, ArchiveError> {
        self.write(async |client, _, _| append::mark(client, hash, keep).await)
    }

    fn export(&mut self, each: &mut dyn FnMut(Exported<'_>) -> ControlFlow<()>) -> Result<(), ArchiveError> {
        self.run(async |client| read::export(client, each).await)
    }

    fn prune(&mut self, retention: &Retention, now: u64) -> Result<Pruned, ArchiveError> {
        self.write(async |client, _, _| prune::step(client, retention, now).await)
    }

    fn check(&mut self) -> Result<Checked, ArchiveError> {
        self.run(async |client| check::check(client).await)
    }
}
