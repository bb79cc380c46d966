//! How a file is opened.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension, config::DbConfig};

use super::schema::{self, APPLICATION, VERSION};
use crate::{Access, ArchiveError, error::reason};

/// How long a statement waits while another process writes.
const BUSY: Duration = Duration::from_secs(5);

/// Pages of the file in memory: 8 MiB. The log of changes is cut to 16 MiB after it was larger.
const SETTINGS: &str = "
    PRAGMA cache_size = -8192;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA trusted_schema = OFF;
";

pub(super) fn open(path: &Path, access: Access) -> Result<Connection, ArchiveError> {
    let failed = |reason: String| ArchiveError::Open { path: path.to_owned(), reason };
    let is_new = match access {
        Access::Read => std::fs::metadata(path).map(|_| false),
        Access::Write => create(path),
    };
    let is_new = is_new.map_err(|error| failed(reason(&error.to_string())))?;
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let mut connection = connection.map_err(|error| failed(reason(&error.to_string())))?;
    set_up(&mut connection, path, access, is_new).map_err(|error| match error {
        ArchiveError::Damaged(_) => ArchiveError::NotAnArchive { place: shown(path) },
        ArchiveError::Failed(reason) => failed(reason),
        error => error,
    })?;
    Ok(connection)
}

fn set_up(
    connection: &mut Connection,
    path: &Path,
    access: Access,
    is_new: bool,
) -> Result<(), ArchiveError> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch(SETTINGS)?;
    if access == Access::Write {
        if is_new || is_empty(connection)? {
            schema::create(connection)?;
        }
        check_version(connection, path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    } else {
        check_version(connection, path)?;
    }
    Ok(())
}

/// Whether the file has no table: it was created and nothing was written.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

fn check_version(connection: &Connection, path: &Path) -> Result<(), ArchiveError> {
    let place = || shown(path);
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION {
        return Err(ArchiveError::NotAnArchive { place: place() });
    }
    let version = connection.query_row("SELECT value FROM meta WHERE name = 'version'", [], |row| row.get(0));
    match version.optional()? {
        None => Err(ArchiveError::NotAnArchive { place: place() }),
        Some(version) if version > VERSION => {
            Err(ArchiveError::Later { place: place(), version, known: VERSION })
        }
        Some(_) => Ok(()),
    }
}

/// Creates the file if there is none. In each case only its owner can read it then; SQLite gives its other files the
/// same permissions. Returns whether it was created.
fn create(path: &Path) -> io::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            restrict(path)?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 == 0o600 {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

fn shown(path: &Path) -> String {
    reason(&path.display().to_string())
}
