//! The tests that every store passes, with a server that the test starts, and what only a server has.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Place, assert_is_whole, cases::CASES, hash, received, search};
use crate::{Access, Archive, ArchiveError, Figures, Options, Query, State, Store, postgres::Postgres};

/// Nothing takes as long as this if nothing is broken.
const LONG: Duration = Duration::from_secs(60);

/// A server in a directory of its own, which only the socket in that directory leads to. It ends with the test.
struct Server {
    directory: tempfile::TempDir,
    process: Option<Child>,
    /// Who runs it, because it refuses to run as root.
    user: Option<(u32, u32)>,
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("clacks").tempdir_in("/tmp").unwrap();
        let is_root =
            fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let user =
            is_root.then(|| user("postgres").or_else(|| user("nobody")).expect("a user who is not root"));
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        let mut server = Self { directory, process: None, user };
        let mut make = server.command("initdb");
        make.args(["--auth=trust", "--username=clacks", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let Output { status, stderr, .. } = make.output().unwrap();
        assert!(status.success(), "initdb: {}", String::from_utf8_lossy(&stderr));
        server.run();
        server
    }

    /// Starts the process and waits until it answers.
    fn run(&mut self) {
        let mut run = self.command("postgres");
        run.arg("-k").arg(self.directory.path()).args(["-h", "", "-c", "fsync=off"]);
        self.process =
            Some(run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        until("the server answers", || self.sql("SELECT 1").is_ok());
    }

    fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // It ends its connections and then itself.
        let _ = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
        let _ = process.wait();
    }

    /// A program of the server, run by a user who is not root, and ended with the thread of the test.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT"]);
        if let Some((user, group)) = self.user {
            command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
        }
        command.arg(programs().join(program)).arg("-D").arg(self.directory.path().join("data"));
        command.current_dir("/");
        command
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql://clacks@/{database}?host={}", self.directory.path().display())
    }

    /// Runs a statement in the first database.
    fn sql(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&self.url("postgres"), tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(sql).await
        })
    }

    fn database(&self, name: &str) -> InDatabase {
        self.sql(&format!("CREATE DATABASE {name}")).unwrap();
        InDatabase(self.url(name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The newest version of the server's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let directories = versions.map(|version| version.path().join("bin"));
    let found = directories.filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists());
    let version = |bin: &PathBuf| {
        let version =
            bin.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().parse::<u32>());
        version.and_then(Result::ok)
    };
    found.max_by_key(version).unwrap_or_else(|| {
        panic!(
            "the server of PostgreSQL is missing below /usr/lib/postgresql: install it (on Debian and Ubuntu: \
             apt-get install postgresql), or test without the feature `postgres`"
        )
    })
}

/// The numbers of a user and its group.
fn user(name: &str) -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LONG, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

struct InDatabase(String);

impl InDatabase {
    fn store(&self, node: &str) -> Postgres {
        Postgres::open(&self.0, node, Access::Write).unwrap()
    }
}

impl Place for InDatabase {
    fn open(&self, access: Access) -> Result<Box<dyn Store>, ArchiveError> {
        Ok(Box::new(Postgres::open(&self.0, "tower:8080", access)?))
    }
}

#[test]
fn every_case_passes_on_a_server() {
    let server = Server::start();
    for (name, case) in CASES {
        // With its name, the test that failed is in the output.
        writeln!(std::io::stderr(), "{name} on a server").unwrap();
        case(&server.database(name.get(..60).unwrap_or(name)));
    }
    nodes_share_a_database(&server);
    a_batch_whose_confirmation_was_lost_is_written_once(&server);
    other_databases_are_not_read(&server);
}

fn nodes_share_a_database(server: &Server) {
    let place = server.database("shared");
    thread::scope(|scope| {
        for node in ["a:1", "b:2"] {
            let mut store = place.store(node);
            scope.spawn(move || {
                for n in 0..50 {
                    // In opposite orders, which must not make them wait for each other.
                    let mut batch: Vec<_> = (0..20).map(|row| received(&row.to_string(), n)).collect();
                    if node == "b:2" {
                        batch.reverse();
                    }
                    store.append(&batch, 0).unwrap();
                }
            });
        }
    });
    let mut store = place.store("a:1");
    let checked = store.check().unwrap();
    assert_eq!((checked.messages, checked.sightings, checked.times), (20, 2_000, 2_000));
    assert_is_whole(&mut store);
}

fn a_batch_whose_confirmation_was_lost_is_written_once(server: &Server) {
    let mut store = server.database("confirmed").store("a:1");
    let batch = [received("1", 1), received("2", 1)];
    store.append(&batch, 3).unwrap();
    store.lose_confirmation(&batch, 3);
    store.append(&batch, 3).unwrap();
    let checked = store.check().unwrap();
    assert_eq!((checked.sightings, checked.times, checked.not_stored), (2, 2, 3));
    // The same again, later, is another batch.
    store.append(&batch, 3).unwrap();
    assert_eq!(store.check().unwrap().sightings, 4);
}

fn other_databases_are_not_read(server: &Server) {
    let other = server.database("other");
    let error = other.open(Access::Read).err().unwrap();
    assert!(matches!(error, ArchiveError::NotAnArchive { .. }), "{error}");
    let missing = InDatabase(server.url("missing")).open(Access::Write).err().unwrap();
    assert!(missing.to_string().contains("database \"missing\" does not exist"), "{missing}");
    assert!(!missing.is_transient());
}

#[test]
fn sightings_wait_for_a_server_that_is_restarted() {
    let mut server = Server::start();
    let place = server.database("clacks");
    let archive = Archive::start(&Options::in_database(&place.0), "a:1").unwrap();
    let appender = archive.appender();
    appender.offer(received("\"before\"", 1));
    until("the first sighting is written", || archive.figures().archived == 1);

    server.stop();
    appender.offer(received("\"meanwhile\"", 2));
    until("an attempt has failed", || matches!(archive.figures().state, State::Retrying(_)));
    assert!(place.open(Access::Read).is_err_and(|error| error.is_transient()));
    server.run();
    until("the second sighting is written", || archive.figures().archived == 2);
    appender.offer(received("\"after\"", 3));
    let figures = archive.finish(LONG);
    assert_eq!(figures, Figures { archived: 3, state: State::Finished, ..Figures::default() });

    let mut store = place.store("a:1");
    assert_eq!(store.find(&Query::default()).unwrap().len(), 3);
    assert_eq!(search(&mut store, "meanwhile"), ["\"meanwhile\""]);
    assert_eq!(store.last_seen(&hash("\"after\"")), Ok(Some(3)));
    assert_is_whole(&mut store);
}
