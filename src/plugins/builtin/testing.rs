//! Payloads for tests.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{HostPort, Incoming, Judging, Kind, Plugin, Sender, Verdict, builtin::Context};

/// What a node makes of the body of a request.
pub(crate) fn incoming(body: &str) -> Incoming {
    let fields: HashMap<String, &RawValue> = serde_json::from_str(body).expect("a JSON object");
    let kind = match fields.get("type").map(|kind| kind.get()) {
        Some("\"message\"") => Kind::Message,
        Some("\"announce\"") => Kind::Announce,
        _ => Kind::Other,
    };
    Incoming {
        json: fields.get("message").map_or("null", |message| message.get()).into(),
        kind,
        sender: Sender {
            identifier: "ab".repeat(32).into(),
            address: HostPort { hostname: "tower.example.org".into(), port: 8080 },
            status: "alive",
            time: 1_700_000_000_123,
            answers: true,
        },
        remote: "192.0.2.7:50000".parse().ok(),
        friend: None,
        visits: 0,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// A payload with this message.
pub(crate) fn message(json: &str) -> Incoming {
    incoming(&format!(r#"{{"message":{json},"type":"message"}}"#))
}

/// The verdict of a plugin that does not wait.
pub(crate) fn verdict(plugin: &impl Plugin, payload: &Incoming) -> Verdict {
    match plugin.judge(payload) {
        Judging::Now(verdict) => verdict.expect("no fault"),
        Judging::Later(_) => panic!("it waits"),
    }
}

/// The name of a plugin in a test.
pub(crate) fn name() -> Arc<str> {
    "tested".into()
}

/// A clock that the test moves, a random number that it sets, and the reported faults.
#[derive(Clone, Default)]
pub(crate) struct Surroundings {
    ms: Arc<AtomicU64>,
    random: Arc<Mutex<f64>>,
    faults: Arc<Mutex<Vec<String>>>,
}

impl Surroundings {
    pub(crate) fn context(&self) -> Context {
        let Self { ms, random, faults } = self.clone();
        Context {
            now: Arc::new(move || ms.load(Ordering::Relaxed)),
            random: Arc::new(move || *random.lock().unwrap()),
            on_fault: Arc::new(move |fault| faults.lock().unwrap().push(fault.reason)),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.ms.load(Ordering::Relaxed)
    }

    /// Sets the random number.
    pub(crate) fn draw(&self, random: f64) {
        *self.random.lock().unwrap() = random;
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, time: Duration) {
        self.ms.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    /// The reported faults.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }
}
