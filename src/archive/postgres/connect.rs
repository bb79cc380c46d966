//! How a database is reached.

use std::{net::IpAddr, time::Duration};

use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};

use super::{
    Connection,
    schema::{self, VERSION},
};
use crate::{Access, ArchiveError, error::reason};

/// Maximum duration of an attempt to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// Reads a URL. Returns the settings, and the database without its password.
pub(super) fn read(url: &str) -> Result<(Config, String), ArchiveError> {
    let wrong = |reason: &str| ArchiveError::Options(format!("`url` of the table [archive]: {reason}"));
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        // The text of the error quotes nothing of the URL, so no password.
        wrong(&reason(&error.to_string()))
    })?;
    let hosts = config.get_hosts();
    if hosts.is_empty() && config.get_hostaddrs().is_empty() {
        return Err(wrong("it names no host, as in postgresql:///clacks?host=/run/postgresql"));
    }
    match config.get_ssl_mode() {
        SslMode::Disable => {}
        SslMode::Prefer
            if hosts.iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback) => {}
        SslMode::Prefer => {
            return Err(wrong(
                "the host is another machine, and this program does not encrypt the connection; use a tunnel, or \
                 add sslmode=disable if nobody can read your network",
            ));
        }
        _ => return Err(wrong("this program does not encrypt the connection; use a tunnel")),
    }
    let host = hosts.first().map_or_else(String::new, |host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let place = format!("the database {} at {host}", config.get_dbname().unwrap_or("of the user"));
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    config.application_name("clacks");
    Ok((config, reason(&place)))
}

/// Whether nothing leaves this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

pub(super) async fn connect(
    config: &Config,
    place: &str,
    node: &str,
    access: Access,
) -> Result<Connection, ArchiveError> {
    let (mut client, connection) = config.connect(NoTls).await?;
    // It ends with its client, or when the connection ends, of which the client learns.
    drop(tokio::spawn(connection));
    client.batch_execute("SET search_path TO clacks; SET client_min_messages TO error").await?;
    let node = match access {
        Access::Write => {
            schema::create(&mut client).await?;
            check_version(&client, place).await?;
            schema::node(&client, node).await?
        }
        Access::Read => {
            check_version(&client, place).await?;
            client.batch_execute("SET default_transaction_read_only = on").await?;
            0
        }
    };
    Ok(Connection { client, node })
}

async fn check_version(client: &Client, place: &str) -> Result<(), ArchiveError> {
    let row = client.query_opt("SELECT value FROM meta WHERE name = 'version'", &[]).await;
    let no_table = |error: &tokio_postgres::Error| error.code() == Some(&SqlState::UNDEFINED_TABLE);
    let version = match row {
        Ok(row) => row.map(|row| row.get::<_, i64>(0)),
        Err(error) if no_table(&error) => None,
        Err(error) => return Err(error.into()),
    };
    let place = || place.to_owned();
    match version {
        None => Err(ArchiveError::NotAnArchive { place: place() }),
        Some(version) if version > VERSION => {
            Err(ArchiveError::Later { place: place(), version, known: VERSION })
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_without_encryption_unless_the_url_says_so() {
        for (url, is_accepted) in [
            ("postgresql:///clacks?host=/run/postgresql", true),
            ("postgresql://me:secret@localhost/clacks", true),
            ("postgresql://[::1]:5433/clacks", true),
            ("postgresql://db.example/clacks", false),
            ("postgresql://db.example/clacks?sslmode=disable", true),
            ("postgresql://localhost/clacks?sslmode=require", false),
            ("postgresql://localhost,db.example/clacks", false),
            ("postgresql:///clacks", false),
            ("mysql://localhost/clacks", false),
        ] {
            assert_eq!(read(url).is_ok(), is_accepted, "{url}");
        }
    }

    #[test]
    fn the_password_is_shown_nowhere() {
        let (_, place) = read("postgresql://me:secret@localhost/clacks").unwrap();
        assert_eq!(place, "the database clacks at localhost");
        for url in ["postgresql://me:secret@db.example/clacks", "postgresql://me:secret@localhost:x/clacks"] {
            let error = read(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
