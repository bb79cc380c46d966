//! The plugins `formatter` and `logger` of this project against the npm packages `clacks-message-formatter` 0.1.0 and
//! `clacks-logger` 0.1.1, which run in a node of the package `clacks-p2p` 0.3.3; and `split` and `join` with such a node
//! between them. Requires Node.js and npm.

#[path = "npm/install.rs"]
mod install;
#[path = "npm/plugins/package_run.rs"]
mod package_run;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use clacks_p2p::{DEFAULT_MAX_DEPTH, Payload};
use clacks_plugins::{
    HostPort, Incoming, Judging, Kind, OnError, Plugin, Sender, Verdict,
    builtin::{
        Context, Formatter, FormatterOptions, Join, JoinOptions, Logger, LoggerOptions, Split, SplitOptions,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use package_run::{Answer, answers, relayed, rewritten};

/// Number of characters of a body that are compared. Ours ends there.
const COMPARED: usize = 200;

/// What a node of ours makes of the body of a request.
fn incoming(body: &str) -> Incoming {
    let payload = Payload::decode(body.as_bytes(), DEFAULT_MAX_DEPTH).expect("a payload");
    let address = &payload.sender;
    Incoming {
        json: payload.message.as_json().into(),
        kind: match payload.kind {
            clacks_p2p::Kind::Message => Kind::Message,
            clacks_p2p::Kind::Announce => Kind::Announce,
            _ => Kind::Other,
        },
        sender: Sender {
            identifier: address.identifier().to_string().into(),
            address: HostPort { hostname: address.hostname().into(), port: address.port() },
            status: "new",
            time: 0,
            answers: true,
        },
        remote: None,
        friend: None,
        visits: 0,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn verdict(plugin: &impl Plugin, payload: &Incoming) -> Verdict {
    match plugin.judge(payload) {
        Judging::Now(verdict) => verdict.expect("no fault"),
        Judging::Later(_) => panic!("it waits"),
    }
}

/// A payload with these fields, given as JSON.
fn payload(message: Option<&str>, kind: Option<&str>) -> String {
    let message = message.map(|json| format!("\"message\":{json},")).unwrap_or_default();
    let kind = kind.map(|json| format!("\"type\":{json},")).unwrap_or_default();
    format!(r#"{{{message}{kind}"sender":{{"hostname":"localhost","port":9}}}}"#)
}

fn message(json: &str) -> String {
    payload(Some(json), Some("\"message\""))
}

fn context() -> Context {
    let on_fault = |fault| panic!("{fault}");
    Context { now: Arc::new(|| 0), random: Arc::new(|| 0.0), on_fault: Arc::new(on_fault) }
}

// === Formatter ===

fn payloads() -> Vec<String> {
    let long = format!("\"{}\"", "\u{dc}\u{1f642}".repeat(200));
    let mut payloads: Vec<String> = [
        "null",
        "0",
        "-0.0",
        "\"\"",
        "false",
        "true",
        "1e2",
        "\"hi\"",
        r#""\ud800 \u00e9 \/ \n""#,
        &long,
        "[]",
        "{}",
        "[1, 2]",
        r#"{"isArray":true,"class":1}"#,
        r#"{"isArray":0,"class":1}"#,
        r#"{"class":"a"}"#,
        r#"{"class":null,"foo":null}"#,
        r#"{"class":"a","foo":1,"bar":2}"#,
        r#"{"foo":1,"class":2,"foo":3}"#,
        r#"{"class":1,"foo":1,"qux":1,"baz":1,"7":1}"#,
        r#"{"__proto__":{"class":1},"foo":1}"#,
        r#"{"foo":1}"#,
    ]
    .map(message)
    .to_vec();
    let whole = Some(r#"{"class":1,"foo":1}"#);
    payloads.extend([
        payload(None, Some("\"message\"")),
        payload(Some("null"), Some("\"announce\"")),
        payload(whole, None),
        payload(whole, Some("\"other\"")),
        payload(whole, Some("\"\"")),
        payload(whole, Some("null")),
    ]);
    assert_eq!(payloads.len(), 28);
    payloads
}

/// The options of the package, and ours with the same meaning.
fn option_sets() -> [(Value, FormatterOptions); 5] {
    [
        json!({}),
        json!({ "required": ["foo"], "optional": ["bar"] }),
        json!({ "optional": ["foo", "isArray", "7", "__proto__"] }),
        json!({ "required": ["bar", "foo"], "rejectInvalid": true }),
        json!({ "required": ["foo"], "rejectInvalid": false }),
    ]
    .map(|options| {
        let renamed = options.to_string().replace("rejectInvalid", "reject-invalid");
        let mut ours: Value = serde_json::from_str(&renamed).expect("JSON");
        ours["announces"] = json!("as-npm");
        (options, serde_json::from_value(ours).expect("options"))
    })
}

fn formatter(options: FormatterOptions) -> Formatter {
    Formatter::new("formatter", OnError::Pass, options).expect("valid options")
}

/// What a node of ours answers with the formatter.
fn our_answer(formatter: &Formatter, body: &str) -> Answer {
    let payload = incoming(body);
    let is_something = !["null", "0", "-0.0", "\"\"", "false"].contains(&&*payload.json);
    match verdict(formatter, &payload) {
        Verdict::Pass => {
            let queued = usize::from(payload.kind == Kind::Message && is_something);
            Answer { status: 200, body: String::new(), queued }
        }
        Verdict::Refuse(refusal) => {
            Answer { status: refusal.status, body: refusal.body.to_string(), queued: 0 }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_formatter_answers_as_the_package() {
    let payloads = payloads();
    let mut refused = 0;
    for (options, ours) in option_sets() {
        let formatter = formatter(ours);
        let theirs = answers("clacks-message-formatter", &options, &payloads);
        assert_eq!(theirs.len(), payloads.len());
        for (body, answer) in payloads.iter().zip(theirs) {
            let start = answer.body.chars().take(COMPARED).collect();
            refused += usize::from(answer.status != 200);
            assert_eq!(our_answer(&formatter, body), Answer { body: start, ..answer }, "{options} {body}");
        }
    }
    println!("5 x 28 payloads, {refused} refused by both");
}

/// Each difference that the options of ours name.
#[test]
fn the_formatter_differs_from_the_package_where_it_says_so() {
    let announce = payload(Some("null"), Some("\"announce\""));
    let of_class = message(r#"{"class":"other"}"#);
    let hidden = message("\"\u{202e}\"");
    let bodies = [announce.clone(), of_class.clone(), hidden.clone()];
    let options = json!({ "errorStatus": 422, "class": "x" });
    let [to_announce, to_class, to_hidden] = &answers("clacks-message-formatter", &options, &bodies)[..]
    else {
        panic!("an answer each");
    };
    assert_eq!(to_announce.status, 500, "the package refuses announces");
    assert_eq!(to_class.status, 200, "the package does not look at the class");
    assert_eq!((to_hidden.status, to_hidden.body.ends_with("\"\u{202e}\"")), (500, true));

    let read = |options: Value| formatter(serde_json::from_value(options).expect("options"));
    let ours = read(json!({ "error-status": 422, "class": "x" }));
    assert_eq!(our_answer(&ours, &announce).status, 200);
    assert_eq!(our_answer(&ours, &of_class).body, "Another Class: \"other\"");
    let to_hidden = our_answer(&ours, &hidden);
    assert_eq!((to_hidden.status, to_hidden.body.ends_with("\"\\u202e\"")), (422, true));
    let swallowing = read(json!({ "answer": "swallow" }));
    assert!(matches!(verdict(&swallowing, &incoming(&hidden)), Verdict::Swallow { .. }));
}

// === Logger ===

fn entries(directory: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry"))
}

/// The contents of the files below the directory of each peer, in the order of their names.
fn logged(directory: &Path) -> BTreeMap<String, Vec<String>> {
    let mut logged = BTreeMap::new();
    for peer in entries(directory) {
        let files: BTreeSet<_> = entries(&peer.path()).map(|file| file.path()).collect();
        let contents = files.iter().map(|file| fs::read_to_string(file).expect("UTF-8")).collect();
        logged.insert(peer.file_name().into_string().expect("an identifier"), contents);
    }
    logged
}

/// The record of the peer, and the text of the payload.
fn parts(content: &str) -> (Value, &str) {
    let (peer, payload) = content.split_once(",\"payload\":").expect("a file of the logger");
    let peer = serde_json::from_str(peer.strip_prefix("{\"peer\":").expect("the peer first")).expect("JSON");
    (peer, payload.strip_suffix('}').expect("an object"))
}

#[test]
fn the_logger_writes_what_the_package_writes() {
    let from = |port: u16, message: &str, kind: &str| {
        format!(
            r#"{{"message":{message},"type":{kind},"sender":{{"hostname":"localhost","port":{port}}},"more":[]}}"#
        )
    };
    let bodies = [
        from(9, "\"hi\"", "\"message\""),
        from(10, "null", "\"announce\""),
        from(9, r#"{"b":1,"a":[true,null]}"#, "\"message\""),
        from(11, "1", "\"odd\""),
        from(9, "\"\u{dc}n\\u0069c\u{f6}de \u{1f642}\"", "\"message\""),
        from(10, "{\"10\":1,\"9\":2}", "\"message\""),
        from(9, "1e2", "\"message\""),
        from(9, "12345678901234567890", "\"message\""),
        from(9, r#"{"a":1,"a":2}"#, "\"message\""),
        payload(Some("\"no type\""), None),
    ];
    let directories = TempDir::new().expect("a directory");
    let (theirs, ours) = (directories.path().join("package"), directories.path().join("ours"));
    let answered = answers("clacks-logger", &json!({ "directory": &theirs }), &bodies);
    assert!(answered.iter().all(|answer| answer.status == 200), "{answered:?}");

    let clock = std::sync::atomic::AtomicU64::new(1_000_000_000_000);
    let now = move || clock.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let context = Context {
        now: Arc::new(now),
        random: Arc::new(|| 0.0),
        on_fault: Arc::new(|fault| panic!("{fault}")),
    };
    let options = LoggerOptions { directory: ours.clone(), ..LoggerOptions::default() };
    let logger = Logger::start("logger", options, context).expect("a logger");
    for body in &bodies {
        assert_eq!(verdict(&logger, &incoming(body)), Verdict::Pass);
    }
    assert!(logger.flush(Duration::from_secs(60)));
    let ours = logged(&ours);
    let mut written = ours.values().flatten().map(|content| parts(content).1);
    assert!(written.all(|payload| bodies.iter().any(|body| body == payload)), "{ours:?}");
    compare_files(&logged(&theirs), &ours);
}

/// The same directories, and in them the same files. The package reads and writes each payload; ours is the text that came.
fn compare_files(theirs: &BTreeMap<String, Vec<String>>, ours: &BTreeMap<String, Vec<String>>) {
    assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (peer, theirs) in theirs {
        let ours = &ours[peer];
        assert_eq!(theirs.len(), ours.len(), "{peer}");
        let payloads: Vec<String> = ours.iter().map(|content| parts(content).1.to_owned()).collect();
        for ((theirs, ours), rewritten) in theirs.iter().zip(ours).zip(rewritten(&payloads)) {
            let ((their_peer, their_payload), (our_peer, _)) = (parts(theirs), parts(ours));
            assert_eq!(their_payload, rewritten);
            let fields =
                |peer: &Value| peer.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
            assert_eq!(fields(&their_peer), fields(&our_peer));
            for field in ["identifier", "hostname", "port"] {
                assert_eq!(their_peer[field], our_peer[field], "{theirs}");
            }
        }
    }
}

// === Parts ===

/// A node of the package can neither receive a message of this size nor pass on other characters than ASCII.
#[test]
fn a_large_message_goes_in_parts_through_a_node_of_the_package() {
    let text: String =
        ["\u{dc}", "\u{6f22}", "\u{1f642}", "a", "\"", "\\"].into_iter().cycle().take(45_000).collect();
    let json = serde_json::to_string(&text).expect("a string");
    assert!(json.len() > 100_000);
    let split = Split::new("split", SplitOptions::default(), context());
    let Verdict::Replace(parts) = verdict(&split, &incoming(&message(&json))) else {
        panic!("it goes whole")
    };
    let bodies = relayed(&parts);

    let join = Join::new("join", OnError::Refuse, JoinOptions::default(), context());
    let mut verdicts: Vec<Verdict> = bodies.iter().map(|body| verdict(&join, &incoming(body))).collect();
    let is_joined = verdicts.pop() == Some(Verdict::Change(json.as_str().into()));
    assert!(is_joined, "the last part makes it whole, byte for byte");
    assert_eq!(verdicts.len(), parts.len() - 1);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Swallow { .. })), "{verdicts:?}");
}
