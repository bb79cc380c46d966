mod double;
mod functions;
mod generated;
mod limits;
mod payloads;
mod running;
mod sandbox;
mod verdicts;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{Limits, ScriptOptions, Source, TestRun};
use crate::{Fault, HostPort, Incoming, Kind, Sender, Verdict};
use double::Double;

/// A message with this JSON text.
fn message(json: &str) -> Incoming {
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

/// A script named `a` with this text.
fn options(text: &str) -> ScriptOptions {
    ScriptOptions::new("a", Source::Text(text.into()))
}

/// The verdict of a script about a message. It may take long, because the machine can be busy.
fn judge(text: &str, json: &str) -> Result<Verdict, Fault> {
    let limits = Limits { verdict_time: Duration::from_secs(60), ..Limits::default() };
    let run = TestRun::new(&ScriptOptions { limits, ..options(text) }, None).expect("the script loads");
    run.judge_one(&message(json))
}

/// What an expression of Luau gives, as JSON text.
fn evaluated(expression: &str) -> Result<String, String> {
    let text = format!("function on_message(m) return clacks.change({expression}) end");
    match judge(&text, "1") {
        Ok(Verdict::Change(json)) => Ok(json.to_string()),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => Err(fault.reason),
    }
}

/// A node for scripts.
fn double() -> Arc<Double> {
    Arc::default()
}
