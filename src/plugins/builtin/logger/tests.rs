use std::{collections::BTreeMap, fs, path::Path, sync::Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::builtin::testing::{Surroundings, incoming, message, name, verdict};

/// Time-out of a wait for the writer. It only limits how long a broken test hangs.
const LONG: Duration = Duration::from_secs(60);

const ID: &str = "abababababababababababababababababababababababababababababababab";

fn in_directory(directory: &TempDir) -> LoggerOptions {
    LoggerOptions { directory: directory.path().join("log"), ..LoggerOptions::default() }
}

/// A logger at 12,345 ms.
fn started(options: LoggerOptions) -> (Logger, Surroundings) {
    let surroundings = Surroundings::default();
    surroundings.pass(Duration::from_millis(12_345));
    let logger = Logger::start(name(), options, surroundings.context()).expect("a logger");
    (logger, surroundings)
}

fn log(logger: &Logger, payloads: &[Incoming]) {
    for payload in payloads {
        assert_eq!(verdict(logger, payload), Verdict::Pass);
    }
    assert!(logger.flush(LONG));
}

/// The files below a directory, by their relative paths.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for place in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        for file in fs::read_dir(place.path()).unwrap().map(Result::unwrap) {
            let path = file.path().strip_prefix(directory).unwrap().display().to_string();
            files.insert(path, fs::read_to_string(file.path()).unwrap());
        }
    }
    files
}

fn names(directory: &Path) -> Vec<String> {
    files(directory).into_keys().collect()
}

fn of_peer(identifier: &str) -> Incoming {
    let mut payload = message("1");
    payload.sender.identifier = identifier.into();
    payload
}

#[test]
fn a_file_has_the_peer_and_the_payload_as_it_came() {
    let directory = TempDir::new().unwrap();
    let (logger, _) = started(in_directory(&directory));
    let body = "{\"b\":1e2,\"a\":12345678901234567890,\n \"a\":2,\"type\":\"odd\"}";
    let mut payload = incoming(body);
    payload.json = "\"changed by another plugin\"".into();
    log(&logger, &[payload]);
    let files = files(&directory.path().join("log"));
    let peer = json!({
        "identifier": ID, "hostname": "tower.example.org", "port": 8080, "status": "alive", "time": 1_700_000_000_123_u64,
    });
    let content = &files[&format!("{ID}/12345")];
    let (start, end) = content.split_once(",\"payload\":").unwrap();
    assert_eq!(serde_json::from_str::<Value>(&format!("{start}}}")).unwrap(), json!({ "peer": peer }));
    assert_eq!(end, format!("{body}}}"));
}

#[test]
fn payloads_within_a_millisecond_get_numbers() {
    let directory = TempDir::new().unwrap();
    let options =
        LoggerOptions { prefix: "p".to_owned(), suffix: ".json".to_owned(), ..in_directory(&directory) };
    let (logger, _) = started(options.clone());
    let log_directory = directory.path().join("log");
    fs::create_dir_all(log_directory.join(ID)).unwrap();
    fs::write(log_directory.join(ID).join("p12345-1.json"), "of an earlier run").unwrap();
    log(&logger, &[message("1"), message("2")]);
    assert_eq!(
        names(&log_directory),
        ["p12345-1.json", "p12345-2.json", "p12345.json"].map(|name| format!("{ID}/{name}"))
    );
    drop(logger);

    let (logger, _) = started(options);
    log(&logger, &[message("3")]);
    let files = files(&log_directory);
    assert!(files[&format!("{ID}/p12345-3.json")].contains("\"message\":3"), "{files:?}");
}

#[test]
fn five_hundred_at_once_are_five_hundred_files() {
    let directory = TempDir::new().unwrap();
    let (logger, _) = started(in_directory(&directory));
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| log(&logger, &vec![message("1"); 50]));
        }
    });
    assert_eq!(files(&directory.path().join("log")).len(), 500);
    assert_eq!(logger.counts(), LoggerCounts { written: 500, ..LoggerCounts::default() });
}

#[test]
fn only_payloads_of_the_type_are_written() {
    let bodies = [r#"{"message":1,"type":"message"}"#, r#"{"type":"announce"}"#, r#"{"type":"x"}"#, "{}"];
    for (logged, wanted) in [(Logged::All, 4), (Logged::Message, 1), (Logged::Announce, 1)] {
        let directory = TempDir::new().unwrap();
        let (logger, _) = started(LoggerOptions { logged, ..in_directory(&directory) });
        log(&logger, &bodies.map(incoming));
        assert_eq!(logger.counts().written, wanted, "{logged:?}");
    }
}

#[test]
fn the_oldest_files_are_removed_and_no_others() {
    let directory = TempDir::new().unwrap();
    let log_directory = directory.path().join("log");
    let old = "cd".repeat(32);
    for (path, content) in [("1", "older"), ("2", "old"), ("notes", "of the user"), ("3x", "of the user")] {
        fs::create_dir_all(log_directory.join(&old)).unwrap();
        fs::write(log_directory.join(&old).join(path), content).unwrap();
    }
    fs::create_dir_all(log_directory.join("not a peer")).unwrap();
    fs::write(log_directory.join("not a peer").join("0"), "of the user").unwrap();
    let (logger, _) = started(LoggerOptions { max_bytes: 3 * 4096, ..in_directory(&directory) });
    log(&logger, &[message("1"), message("2")]);
    let wanted = [
        format!("{ID}/12345"),
        format!("{ID}/12345-1"),
        format!("{old}/2"),
        format!("{old}/3x"),
        format!("{old}/notes"),
        "not a peer/0".to_owned(),
    ];
    assert_eq!(names(&log_directory), wanted);
    log(&logger, &[message("3"), message("4"), message("5")]);
    assert_eq!(logger.counts().removed, 4);
    let left = names(&log_directory);
    assert!(left.contains(&format!("{old}/notes")) && !left.contains(&format!("{old}/2")), "{left:?}");
}

#[test]
fn more_peers_than_allowed_share_a_directory() {
    let directory = TempDir::new().unwrap();
    let (logger, _) = started(LoggerOptions { max_peers: 2, ..in_directory(&directory) });
    let payloads = ["a", "b", "c", "a", "d"].map(of_peer);
    log(&logger, &payloads);
    let wanted = ["a/12345", "a/12345-1", "b/12345", "others/12345", "others/12345-1"];
    assert_eq!(names(&directory.path().join("log")), wanted);
}

#[test]
fn an_identifier_cannot_leave_the_directory() {
    let directory = TempDir::new().unwrap();
    let (logger, surroundings) = started(in_directory(&directory));
    log(&logger, &["..", "../x", "", "others", "a/b", "\0", ".hidden"].map(of_peer));
    assert_eq!(logger.counts().failed, 7);
    assert_eq!(surroundings.faults().len(), 7);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing beside the directory");
    assert_eq!(fs::read_dir(directory.path().join("log")).unwrap().count(), 0);
}

#[test]
fn a_directory_that_disappears_is_created_again() {
    let directory = TempDir::new().unwrap();
    let (logger, _) = started(in_directory(&directory));
    log(&logger, &[message("1")]);
    fs::remove_dir_all(directory.path().join("log")).unwrap();
    log(&logger, &[message("2")]);
    assert_eq!(names(&directory.path().join("log")), [format!("{ID}/12345-1")]);
}

#[test]
fn a_disk_that_refuses_is_reported_and_changes_no_verdict() {
    let directory = TempDir::new().unwrap();
    let (logger, surroundings) = started(in_directory(&directory));
    fs::write(directory.path().join("log").join(ID), "a file in place of the directory").unwrap();
    log(&logger, &[message("1")]);
    assert_eq!(logger.counts(), LoggerCounts { failed: 1, ..LoggerCounts::default() });
    let reported = surroundings.faults();
    assert!(reported[0].starts_with("a payload is not logged: "), "{reported:?}");
}

#[test]
fn what_waits_for_the_disk_is_bounded_and_counted() {
    let directory = TempDir::new().unwrap();
    // The writer waits in its first report until the test lets it go on.
    let (reached, wait_for_it) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new((reached, wait));
    let reported: Arc<Mutex<Vec<String>>> = Arc::default();
    let to = Arc::clone(&reported);
    let on_fault = move |fault: crate::Fault| {
        if fault.reason.starts_with("a payload is not logged") {
            let (reached, wait) = &*wait.lock().unwrap();
            reached.send(()).unwrap();
            let _ = wait.recv();
        }
        to.lock().unwrap().push(fault.reason);
    };
    let context = Context { now: Arc::new(|| 1), random: Arc::new(|| 0.0), on_fault: Arc::new(on_fault) };
    let logger = Logger::start(name(), in_directory(&directory), context).unwrap();
    verdict(&logger, &of_peer(".."));
    wait_for_it.recv_timeout(LONG).expect("a payload that cannot be logged");
    for _ in 0..1034 {
        verdict(&logger, &message("1"));
    }
    assert_eq!(logger.counts().overflowed, 10);
    go_on.send(()).unwrap();
    assert!(logger.flush(LONG));
    assert_eq!(logger.counts(), LoggerCounts { written: 1024, overflowed: 10, failed: 1, removed: 0 });
    let reports = reported.lock().unwrap();
    let of_overflow = reports.iter().filter(|reason| reason.contains("slower")).count();
    assert_eq!(of_overflow, 1, "{reports:?}");
}

#[cfg(unix)]
#[test]
fn files_and_directories_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let (logger, _) = started(in_directory(&directory));
    log(&logger, &[message("1")]);
    let log_directory = directory.path().join("log");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&log_directory), 0o700);
    assert_eq!(mode(&log_directory.join(ID)), 0o700);
    assert_eq!(mode(&log_directory.join(ID).join("12345")), 0o600);
}

#[test]
fn wrong_options_have_clear_errors() {
    let directory = TempDir::new().unwrap();
    let error =
        |options| Logger::start(name(), options, Surroundings::default().context()).unwrap_err().to_string();
    for affix in ["../../x", "sub/", "a\\b", "\0"] {
        let options = LoggerOptions { prefix: affix.to_owned(), ..in_directory(&directory) };
        assert_eq!(error(options), "prefix must not contain /, \\ or NUL");
    }
    let options = LoggerOptions { suffix: "a".repeat(65), ..in_directory(&directory) };
    assert_eq!(error(options), "suffix has more than 64 bytes");
    fs::write(directory.path().join("log"), "").unwrap();
    assert!(error(in_directory(&directory)).starts_with("the directory "));
    let read = |json| serde_json::from_str::<LoggerOptions>(json).map_err(|error| error.to_string());
    let options = read(r#"{"directory":"d","type":"announce","max-bytes":"2M","max-peers":3}"#).unwrap();
    assert_eq!((options.logged, options.max_bytes), (Logged::Announce, 2_000_000));
    assert!(
        read(r#"{"type":"messages"}"#).unwrap_err().contains("expected one of `all`, `message`, `announce`")
    );
}
