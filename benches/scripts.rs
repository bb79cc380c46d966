//! Processor time that plugins add to a payload, of all threads of the process.
//!
//!     cargo bench -p clacks-plugins --bench scripts
//!
//! Payloads go through a pipeline, a number of them at once. The fastest of several turns counts, because it was disturbed
//! least. What a node itself needs for a payload is in `docs/performance.md`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use clacks_plugins::{
    Environment, Host, HostPort, Incoming, Kind, KnownPeer, LogLevel, OnError, PeerQuery, Pipeline, Plugin,
    Report, Sender, ThisNode, Verdict,
    builtin::{Context, Formatter, FormatterOptions, Join, JoinOptions, Split, SplitOptions},
    script::{ScriptOptions, Scripts, Source, TestRun},
};
use rustix::time::{ClockId, clock_gettime};
use tokio::{runtime::Runtime, task::JoinSet};

/// Payloads in one turn.
const PAYLOADS: usize = 20_000;
/// Number of turns, of which the fastest counts.
const TURNS: usize = 7;

/// Scripts, by what they do.
const SCRIPTS: [(&str, Option<&str>); 6] = [
    ("no plugin", None),
    ("a script that is not asked", Some("function on_tick(now) end")),
    ("a script that passes all", Some("function on_message(m) end")),
    (
        "reads six fields",
        Some(
            "function on_message(m) return if m.json and m.peer.port and m.remote and m.size and m.visits and m.text then nil else nil end",
        ),
    ),
    (
        "searches a word",
        Some(
            "function on_message(m) if string.find(m.json, 'weather', 1, true) then return clacks.hold() end end",
        ),
    ),
    (
        "decodes the message",
        Some("function on_message(m) if m.value.class == 'weather' then return clacks.hold() end end"),
    ),
];

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let json = r#"{"class":"forecast","text":"rain until evening, then clear","place":[47.37,8.54]}"#;
    println!("microseconds of processor time for each payload of {} bytes", json.len());
    println!("| | 1 at once | 16 | 64 | the call alone |\n|---|---|---|---|---|");
    for (name, text) in SCRIPTS {
        let scripts = Scripts::start(Arc::new(Bare)).expect("a thread");
        let script = text.map(|text| {
            let options = ScriptOptions::new("a", Source::Text(text.into()));
            runtime.block_on(scripts.load(options)).expect("the script loads") as Arc<dyn Plugin>
        });
        let alone = text.map(|text| (0..TURNS).map(|_| call(text, json)).min().unwrap_or_default());
        let alone = alone.map(|time| format!("{:.2}", microseconds(time))).unwrap_or_default();
        print_row(&runtime, name, script, json, &alone);
    }
    for (name, plugin) in builtins() {
        print_row(&runtime, name, Some(plugin), json, "");
    }
}

/// Plugins of the program with options that let the message pass.
fn builtins() -> Vec<(&'static str, Arc<dyn Plugin>)> {
    let context = Context {
        now: Arc::new(|| 0),
        random: Arc::new(|| 0.0),
        on_fault: Arc::new(|fault| panic!("{fault}")),
    };
    let options =
        FormatterOptions { required: vec!["text".into(), "place".into()], ..FormatterOptions::default() };
    let formatter = Formatter::new("formatter", OnError::Pass, options).expect("valid options");
    let split = Split::new("split", SplitOptions::default(), context.clone());
    let join = Join::new("join", OnError::Pass, JoinOptions::default(), context);
    vec![
        ("the formatter", Arc::new(formatter)),
        ("split, of a small message", Arc::new(split)),
        ("join, of a message that is no part", Arc::new(join)),
    ]
}

/// Measures a plugin and prints its row.
fn print_row(runtime: &Runtime, name: &str, plugin: Option<Arc<dyn Plugin>>, json: &str, alone: &str) {
    let pipeline = Arc::new(Pipeline::new(plugin));
    let figures = [1, 16, 64].map(|at_once| {
        let turns = (0..TURNS).map(|_| measure(runtime, &pipeline, json, at_once));
        microseconds(turns.min().unwrap_or_default())
    });
    println!("| {name} | {:.2} | {:.2} | {:.2} | {alone} |", figures[0], figures[1], figures[2]);
}

fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}

/// Processor time of one call of a script on this thread, without a queue.
fn call(text: &str, json: &str) -> Duration {
    let options = ScriptOptions::new("a", Source::Text(text.into()));
    let run = TestRun::new(&options, None).expect("the script loads");
    let payload = payload(json);
    let before = processor_time();
    for _ in 0..PAYLOADS {
        assert_eq!(run.judge_one(&payload), Ok(Verdict::Pass));
    }
    processor_time().saturating_sub(before) / PAYLOADS as u32
}

/// Processor time of one payload.
fn measure(runtime: &Runtime, pipeline: &Arc<Pipeline>, json: &str, at_once: usize) -> Duration {
    let payload = payload(json);
    let before = processor_time();
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..at_once {
            let (pipeline, payload) = (Arc::clone(pipeline), payload.clone());
            tasks.spawn(async move {
                for _ in 0..PAYLOADS / at_once {
                    let judgement = pipeline.judge(payload.clone()).await;
                    assert_eq!(judgement.verdict, Verdict::Pass);
                }
            });
        }
        tasks.join_all().await;
    });
    processor_time().saturating_sub(before) / PAYLOADS as u32
}

/// Processor time of all threads.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn payload(json: &str) -> Incoming {
    Incoming {
        json: json.into(),
        kind: Kind::Message,
        sender: Sender {
            identifier: "ab".repeat(32).into(),
            address: HostPort { hostname: "peer.example".into(), port: 8080 },
            status: "alive",
            time: 1_700_000_000_000,
            answers: true,
        },
        remote: Some(([192, 0, 2, 7], 4321).into()),
        friend: None,
        visits: 0,
        body: Bytes::new(),
    }
}

/// A node that does nothing.
struct Bare;

impl Host for Bare {
    fn environment(&self) -> Environment {
        Environment::Test
    }

    fn now(&self) -> u64 {
        0
    }

    fn this_node(&self) -> ThisNode {
        let address = HostPort { hostname: "localhost".into(), port: 8080 };
        ThisNode { identifier: "0".into(), address }
    }

    fn queue_length(&self) -> u64 {
        0
    }

    fn peers(&self, _: &PeerQuery) -> Vec<KnownPeer> {
        Vec::new()
    }

    fn enqueue(&self, _: &str, _: &str) -> Result<u64, String> {
        Ok(0)
    }

    fn announce(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Ok(())
    }

    fn add(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Ok(())
    }

    fn ignore(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Ok(())
    }

    fn unignore(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Ok(())
    }

    fn forget(&self, _: &str, _: &HostPort) -> Result<(), String> {
        Ok(())
    }

    fn log(&self, _: &str, _: LogLevel, _: &str) {}

    fn notify(&self, _: &str, _: &str) {}

    fn report(&self, _: &Arc<str>, _: &Report) {}
}
