//! The scripts in `assets/plugins/`, each in a pipeline.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clacks_feed::description::{Description, EventSpec, Field, Kind as FieldKind};
use clacks_plugins::{
    ArchiveQuery, ArchivedMessage, Environment, Fault, Host, HostPort, Incoming, Judgement, Kind, KnownPeer,
    LogLevel, PeerQuery, Pipeline, Plugin, Refusal, Report, Sender, ThisNode, Verdict,
    script::{Allow, Limits, ScriptOptions, Scripts, Source},
};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A node that notes what scripts do to it.
struct Double {
    environment: Environment,
    /// In milliseconds since the Unix epoch.
    now: AtomicU64,
    queued: Mutex<Vec<Value>>,
    ignored: Mutex<Vec<String>>,
    changed: Notify,
    archive: Vec<ArchivedMessage>,
    description: Description,
}

impl Double {
    fn new(environment: Environment) -> Self {
        let received = EventSpec::new("message_received", "a message came from a peer").json_text("message");
        let received = received.fields([Field::new("visits", FieldKind::Count)]);
        Self {
            environment,
            now: AtomicU64::new(1_000_000_000_000),
            queued: Mutex::default(),
            ignored: Mutex::default(),
            changed: Notify::new(),
            archive: Vec::new(),
            description: Description {
                types: ["in", "message"].map(Into::into).to_vec(),
                events: vec![received],
                ..Description::new("clacks".into(), "a node".into())
            },
        }
    }

    /// Waits until this many messages were queued, and returns them.
    async fn queued(&self, number: usize) -> Vec<Value> {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                let queued = self.queued.lock().expect("no panic").clone();
                if queued.len() >= number {
                    return queued;
                }
                changed.await;
            }
        };
        // It only limits how long a broken test hangs.
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("messages in time")
    }
}

impl Host for Double {
    fn environment(&self) -> Environment {
        self.environment
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn this_node(&self) -> ThisNode {
        ThisNode { identifier: "me".into(), address: address("me.example", 1) }
    }

    fn queue_length(&self) -> u64 {
        0
    }

    fn peers(&self, _: &PeerQuery) -> Vec<KnownPeer> {
        Vec::new()
    }

    fn enqueue(&self, _: &str, json: &str) -> Result<u64, String> {
        self.queued.lock().expect("no panic").push(serde_json::from_str(json).expect("JSON"));
        self.changed.notify_waiters();
        Ok(1)
    }

    fn announce(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Err("not in this test".to_owned())
    }

    fn add(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Err("not in this test".to_owned())
    }

    fn ignore(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.ignored.lock().expect("no panic").push(peer.to_string());
        Ok(())
    }

    fn unignore(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Err("not in this test".to_owned())
    }

    fn forget(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Err("not in this test".to_owned())
    }

    fn log(&self, _: &str, _: LogLevel, _: &str) {}

    fn notify(&self, _: &str, _: &str) {}

    fn report(&self, script: &Arc<str>, report: &Report) {
        assert!(!matches!(report, Report::Failed { .. } | Report::Suspended(_)), "{script}: {report}");
    }

    fn description(&self) -> Option<&Description> {
        Some(&self.description)
    }

    fn find_in_archive(&self, query: &ArchiveQuery) -> Result<Vec<ArchivedMessage>, String> {
        let is_found = |message: &&ArchivedMessage| {
            query.unseen_since.is_none_or(|since| message.last_seen < since)
                && query.text.as_ref().is_none_or(|text| message.json.contains(text))
        };
        Ok(self.archive.iter().filter(is_found).take(query.limit).cloned().collect())
    }
}

fn address(hostname: &str, port: u16) -> HostPort {
    HostPort { hostname: hostname.into(), port }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/plugins")
}

/// A script with everything allowed that it asks for. These tests are not about limits of time, which a busy machine meets
/// sooner.
fn options(file: &str, settings: Value) -> ScriptOptions {
    let source = Source::File(directory().join(format!("{file}.luau")));
    let tick = Some(Duration::from_secs(1));
    let long = Duration::from_secs(10);
    let limits = Limits { verdict_time: long, call_time: long, ..Limits::default() };
    ScriptOptions { allow: Allow::ALL.to_vec(), settings, tick, limits, ..ScriptOptions::new(file, source) }
}

/// Scripts in a pipeline, in this order.
struct Running {
    scripts: Scripts,
    pipeline: Pipeline,
    node: Arc<Double>,
}

impl Running {
    async fn start(environment: Environment, all: Vec<ScriptOptions>) -> Result<Self, Fault> {
        Self::start_in(Double::new(environment), all).await
    }

    async fn start_in(node: Double, all: Vec<ScriptOptions>) -> Result<Self, Fault> {
        let node = Arc::new(node);
        let scripts = Scripts::start(Arc::clone(&node) as Arc<dyn Host>).expect("a thread");
        let mut plugins: Vec<Arc<dyn Plugin>> = Vec::new();
        for options in all {
            plugins.push(scripts.load(options).await?);
        }
        Ok(Self { scripts, pipeline: Pipeline::new(plugins), node })
    }

    async fn judge(&self, message: &Value) -> Judgement {
        self.judge_json(&message.to_string()).await
    }

    async fn judge_json(&self, json: &str) -> Judgement {
        let judgement = self.pipeline.judge(payload(json)).await;
        assert_eq!(judgement.faults, []);
        judgement
    }

    /// The message after the scripts, if it goes on.
    async fn passed_on(&self, message: &Value) -> Value {
        match self.judge(message).await.verdict {
            Verdict::Pass => message.clone(),
            Verdict::Change(json) => serde_json::from_str(&json).expect("JSON"),
            other => panic!("{other:?}"),
        }
    }

    async fn command(&self, script: &str, words: &[&str]) -> String {
        let words = words.iter().map(ToString::to_string).collect();
        self.scripts.command(script, words).await.expect("a reply")
    }
}

async fn one(file: &str, settings: Value) -> Running {
    Running::start(Environment::Test, vec![options(file, settings)]).await.expect("a script that loads")
}

fn payload(json: &str) -> Incoming {
    Incoming {
        json: json.into(),
        kind: Kind::Message,
        sender: Sender {
            identifier: "ab".repeat(32).into(),
            address: address("tower.example", 8080),
            status: "alive",
            time: 1,
            answers: true,
        },
        remote: None,
        friend: None,
        visits: 0,
        body: Bytes::copy_from_slice(format!("{{\"message\":{json}}}").as_bytes()),
    }
}

#[test]
fn each_script_is_short_and_says_what_it_does_to_others() {
    let mut number = 0;
    for entry in fs::read_dir(directory()).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".d.luau") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("UTF-8");
        assert!(text.lines().count() <= 60, "{name}");
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
        assert!(header.iter().any(|line| line.starts_with("-- What it does to others: ")), "{name}");
        let names_itself = format!("--   script = \"{name}\"");
        assert!(header.contains(&names_itself.as_str()), "{name}");
        number += 1;
    }
    assert_eq!(number, 8);
}

#[tokio::test]
async fn tune_in_keeps_the_messages_of_the_topic_also_through_a_reload() {
    let running = one("tune-in", json!({ "topic": "weather" })).await;
    let mut wanted = Vec::new();
    for number in 0..1000 {
        let text = if number % 27 == 1 { format!("{number}: WEATHER is fine") } else { number.to_string() };
        assert_eq!(running.judge(&json!(text)).await.verdict, Verdict::Pass);
        wanted.extend((number % 27 == 1).then_some(text));
    }
    assert_eq!(wanted.len(), 37);
    assert_eq!(running.command("tune-in", &["list"]).await, wanted.join("\n"));
    running.scripts.reload("tune-in").await.expect("it loads");
    assert_eq!(running.command("tune-in", &["list"]).await, wanted.join("\n"));

    for number in 0..100 {
        running.judge(&json!({ "weather": "\u{2600}".repeat(1000), "number": number })).await;
    }
    running.scripts.reload("tune-in").await.expect("what it keeps is bounded");
    let list = running.command("tune-in", &["list"]).await;
    assert!(list.lines().count() <= 100 && list.ends_with("\u{2600}..."), "{list:.200}");
    running.command("tune-in", &["clear"]).await;
    assert_eq!(running.command("tune-in", &["list"]).await, "no message about weather yet");
}

#[tokio::test]
async fn filter_refuses_a_class_and_ignores_who_sends_five() {
    let running = one("filter", json!({ "class": "advertisement" })).await;
    for message in [json!("advertisement"), json!({ "class": "other" }), json!([1])] {
        assert_eq!(running.judge(&message).await.verdict, Verdict::Pass);
    }
    let refusal = Refusal::new(403, "no messages of the class advertisement here");
    let ignored = || running.node.ignored.lock().expect("no panic").clone();
    for _ in 0..4 {
        let judgement = running.judge(&json!({ "class": "advertisement" })).await;
        assert_eq!(judgement.verdict, Verdict::Refuse(refusal.clone()));
    }
    assert_eq!(ignored(), [""; 0]);
    running.scripts.reload("filter").await.expect("it loads");
    running.judge(&json!({ "class": "advertisement" })).await;
    assert_eq!(ignored(), ["tower.example:8080"]);
}

#[tokio::test]
async fn reverse_twice_is_the_text_itself() {
    let once = one("reverse", json!({})).await;
    assert_eq!(once.passed_on(&json!("a\u{f1}\u{1f642} b")).await, json!("b \u{1f642}\u{f1}a"));
    let mut again = options("reverse", json!({}));
    again.name = "again".into();
    let twice = Running::start(Environment::Node, vec![options("reverse", json!({})), again]);
    let twice = twice.await.expect("both load");
    for message in
        [json!("GNU Terry Pratchett"), json!(""), json!({ "text": "stays" }), json!("\u{1f642}".repeat(3000))]
    {
        assert_eq!(twice.passed_on(&message).await, message);
    }
}

#[tokio::test]
async fn translate_happens_once_in_ten_rounds_both_ways() {
    let there = options("translate", json!({ "from": "note", "to": "post", "fields": { "text": "body" } }));
    let mut back =
        options("translate", json!({ "from": "post", "to": "note", "fields": { "body": "text" } }));
    back.name = "back".into();
    let running = Running::start(Environment::Node, vec![there, back]).await.expect("both load");
    let wanted = json!({ "class": "post", "body": "hi", "via": "note", "more": [null, []] });
    let mut message = json!({ "class": "note", "text": "hi", "more": [null, []] });
    for _ in 0..10 {
        message = running.passed_on(&message).await;
        assert_eq!(message, wanted);
    }
    let other = json!({ "class": "other", "text": "hi" });
    assert_eq!(running.passed_on(&other).await, other);
}

#[tokio::test]
async fn stonewall_swallows_what_matches() {
    let running = one("stonewall", json!({ "filter": "spam from:tower" })).await;
    let swallowed = Verdict::Swallow { reason: Some("it matches spam from:tower".into()) };
    assert_eq!(running.judge(&json!("SPAM and eggs")).await.verdict, swallowed);
    assert_eq!(running.judge(&json!("eggs")).await.verdict, Verdict::Pass);
    let wrong = Running::start(Environment::Test, vec![options("stonewall", json!({}))]).await;
    let reason = wrong.err().expect("it needs a filter").reason;
    assert!(reason.contains("set a filter in [plugins.settings]"), "{reason}");
}

#[tokio::test]
async fn corrupt_swaps_two_letters_beside_each_other() {
    let running = one("corrupt", json!({})).await;
    let text = "The turtle m\u{f6}ves. 12";
    for _ in 0..20 {
        let changed = running.passed_on(&json!(text)).await;
        let changed = changed.as_str().expect("a text").to_owned();
        let places: Vec<usize> =
            (0..text.len()).filter(|at| text.as_bytes()[*at] != changed.as_bytes()[*at]).collect();
        let [one, other] = places[..] else { panic!("{changed}") };
        assert_eq!((one + 1, text.len()), (other, changed.len()), "{changed}");
        assert_eq!(text.as_bytes()[one], changed.as_bytes()[other], "{changed}");
    }
    for message in [json!("aa 12 \u{f6}"), json!(["ab"])] {
        assert_eq!(running.passed_on(&message).await, message, "there is nothing to swap");
    }
    let never = one("corrupt", json!({ "share": 0 })).await;
    assert_eq!(never.passed_on(&json!(text)).await, json!(text));
}

#[tokio::test]
async fn flood_queues_as_much_as_it_may_in_the_demo() {
    let mut flood = options("flood", json!({ "messages": 25 }));
    flood.enqueue_rate = 25.0;
    let running = Running::start(Environment::Demo, vec![flood]).await.expect("it loads in the demo");
    let queued = running.node.queued(50).await;
    for (number, message) in (1..).zip(&queued[..50]) {
        assert_eq!(*message, json!({ "class": "flood", "number": number }));
    }
}

#[tokio::test]
async fn what_harms_real_peers_loads_only_in_the_demo_and_in_tests() {
    for file in ["corrupt", "flood"] {
        for (environment, loads) in
            [(Environment::Node, false), (Environment::Demo, true), (Environment::Test, true)]
        {
            let started = Running::start(environment, vec![options(file, json!({}))]).await;
            assert_eq!(started.is_ok(), loads, "{file} {environment:?}");
            if let Err(fault) = started {
                assert!(fault.reason.contains("it would harm real peers"), "{fault}");
            }
        }
    }
}

#[tokio::test]
async fn town_crier_says_each_hour_which_names_were_spoken_and_brings_one_back() {
    let mut node = Double::new(Environment::Node);
    let now = node.now();
    let archived = |json: &str, hours_ago: u64| ArchivedMessage {
        hash: String::new(),
        json: json.to_owned(),
        first_seen: 0,
        last_seen: now - hours_ago * 3_600_000,
        times: 1,
    };
    node.archive =
        vec![archived("\"GNU Lost\"", 30), archived("\"GNU Longest Lost\"", 50), archived("\"GNU Here\"", 2)];
    let running = Running::start_in(node, vec![options("town-crier", json!({}))]).await.expect("it loads");
    for text in ["GNU Terry Pratchett", "GNU Anna", "hello", "GNU Terry Pratchett", "GNU "] {
        assert_eq!(running.judge(&json!(text)).await.verdict, Verdict::Pass);
    }
    // The first tick begins the hour. It is over at one of the next ticks, whenever the clock is moved.
    let moved = async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            running.node.now.fetch_add(1_800_000, Ordering::Relaxed);
        }
    };
    let queued = tokio::select! {
        queued = running.node.queued(2) => queued,
        () = moved => unreachable!(),
    };
    let cry = json!({ "class": "town-crier", "names": ["Anna", "Terry Pratchett"] });
    assert_eq!(queued[..2], [cry, json!("GNU Longest Lost")]);
}
