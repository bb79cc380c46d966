//! The tables.

use tokio_postgres::{Client, Error};

use crate::SightingKind;

/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// Two nodes that start at one moment create the tables one after the other.
const LOCK: i64 = 0x636c_6b73;

const TABLES: &str = "
    CREATE TABLE meta (name text PRIMARY KEY, value bigint NOT NULL);
    CREATE TABLE kind (id smallint PRIMARY KEY, name text NOT NULL);
    CREATE TABLE node (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        run bigint NOT NULL DEFAULT 0,
        batch bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE message (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        hash bytea NOT NULL UNIQUE,
        json text NOT NULL,
        words text NOT NULL,
        first_seen bigint NOT NULL,
        last_seen bigint NOT NULL,
        times bigint NOT NULL,
        keep boolean NOT NULL DEFAULT false,
        search tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED
    );
    CREATE TABLE peer (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        hostname text NOT NULL,
        port integer NOT NULL,
        first_seen bigint NOT NULL,
        last_seen bigint NOT NULL,
        status text,
        UNIQUE (hostname, port)
    );
    CREATE TABLE sighting (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        message bigint NOT NULL,
        at bigint NOT NULL,
        kind smallint NOT NULL,
        peer bigint,
        node bigint NOT NULL
    );
    CREATE INDEX message_last_seen ON message (last_seen, hash);
    CREATE INDEX message_search ON message USING gin (search);
    CREATE INDEX peer_last_seen ON peer (last_seen);
    CREATE INDEX sighting_message ON sighting (message, at);
    CREATE INDEX sighting_at ON sighting (at);
    INSERT INTO meta VALUES ('not_stored', 0), ('bytes', 0);
";

/// Creates the tables if there are none, in the schema `clacks`.
pub(super) async fn create(client: &mut Client) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let exists = "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'clacks' AND tablename = 'meta')";
    if transaction.query_one(exists, &[]).await?.get(0) {
        return transaction.commit().await;
    }
    transaction.batch_execute("CREATE SCHEMA IF NOT EXISTS clacks").await?;
    transaction.batch_execute(TABLES).await?;
    for kind in SightingKind::ALL {
        let row: (i16, &str) = (kind as i16, kind.name());
        transaction.execute("INSERT INTO kind VALUES ($1, $2)", &[&row.0, &row.1]).await?;
    }
    transaction.execute("INSERT INTO meta VALUES ('version', $1)", &[&VERSION]).await?;
    transaction.commit().await
}

/// The number of the node with this name.
pub(super) async fn node(client: &Client, name: &str) -> Result<i64, Error> {
    let name = super::row::without_nul(name);
    let upsert = "INSERT INTO node (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name
        RETURNING id";
    Ok(client.query_one(upsert, &[&&*name]).await?.get(0))
}
