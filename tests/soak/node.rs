use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tempfile::TempDir;

use crate::{figures::Figures, support::process};

/// Time-out of a stop.
const TIME_TO_STOP: Duration = Duration::from_secs(60);

/// Number of events by name.
pub(crate) type Tally = BTreeMap<String, u64>;

/// A `clacks node` process whose output lines are counted.
pub(crate) struct NodeProcess {
    child: Child,
    stdin: ChildStdin,
    pub(crate) address: SocketAddr,
    told: Arc<Mutex<Tally>>,
    reader: JoinHandle<()>,
    _home: TempDir,
}

impl NodeProcess {
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let arguments = [
            "--hostname",
            "127.0.0.1",
            "--send-rate",
            "50",
            "--log-file",
            "clacks.log",
            "--log-level",
            "warn",
        ];
        let program = Command::new(env!("CARGO_BIN_EXE_clacks"));
        let process::NodeProcess { child, stdin, stdout, address } =
            process::NodeProcess::start(program, home.path(), &arguments);
        let told = Arc::default();
        let counted = Arc::clone(&told);
        let reader = std::thread::spawn(move || count(stdout, &counted));
        Self { child, stdin, address, told, reader, _home: home }
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures::of(self.child.id())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops the node. Returns its exit status, if it ended in time, and the counts.
    pub(crate) fn stop(mut self) -> (Option<ExitStatus>, Tally) {
        // It fails if the process has ended already; the exit status shows that.
        let _ = writeln!(self.stdin, ":quit");
        let told_to = Instant::now();
        let status = loop {
            match self.child.try_wait() {
                Ok(None) if told_to.elapsed() < TIME_TO_STOP => std::thread::sleep(Duration::from_millis(20)),
                status => break status.ok().flatten(),
            }
        };
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.reader.join();
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        (status, told)
    }
}

/// The relevant part of an output line.
#[derive(Deserialize)]
struct Told {
    event: String,
    status: Option<u16>,
}

/// Counts the output lines by event.
fn count(output: BufReader<ChildStdout>, told: &Mutex<Tally>) {
    for line in output.lines().map_while(Result::ok) {
        let event = match serde_json::from_str(&line) {
            Ok(Told { event, status: Some(status) }) => format!("{event} {status}"),
            Ok(Told { event, status: None }) => event,
            Err(_) => "no JSON".to_owned(),
        };
        *told.lock().unwrap_or_else(PoisonError::into_inner).entry(event).or_default() += 1;
    }
}
