//! The attacked node: a process, its standard input and its output.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};

use crate::{peer::Peer, runner::Setting, support::process::NodeProcess};

/// Time-out for something that has to happen. Only a failing scenario waits so long.
const DEADLINE: Duration = Duration::from_secs(120);
/// Longer lines contain a large message; only their beginning is parsed.
const LARGE_LINE: usize = 32 << 10;
/// The address of the node: not 127.0.0.1, which is the address of `localhost`.
pub(crate) const NODE_HOST: &str = "127.9.0.1";

/// A `clacks node` that runs until it is dropped.
pub(crate) struct Target {
    child: Child,
    input: mpsc::Sender<String>,
    lines_written: Mutex<u64>,
    pub(crate) address: SocketAddr,
    output: Arc<Output>,
    home: TempDir,
}

/// The output so far.
#[derive(Default)]
struct Output {
    seen: Mutex<Seen>,
    lines: watch::Sender<u64>,
}

#[derive(Default)]
pub(crate) struct Seen {
    /// Number of events by name.
    pub(crate) events: BTreeMap<String, u64>,
    /// Deliveries by receiver, as `host:port`.
    pub(crate) sends: BTreeMap<String, u64>,
    /// Whether the input line with this number succeeded.
    pub(crate) is_done: HashMap<u64, bool>,
    /// Answers with lists, by the number of the input line.
    lists: HashMap<u64, String>,
}

impl Seen {
    pub(crate) fn count(&self, event: &str) -> u64 {
        self.events.get(event).copied().unwrap_or(0)
    }

    pub(crate) fn all_sends(&self) -> u64 {
        self.sends.values().sum()
    }
}

impl Target {
    /// Starts a node with a data directory of its own.
    pub(crate) fn start(setting: &Setting, arguments: &[&str]) -> Self {
        Self::start_in(setting, tempfile::tempdir().expect("a directory"), arguments)
    }

    /// Starts a node with the data directory `data` in `home`.
    pub(crate) fn start_in(setting: &Setting, home: TempDir, arguments: &[&str]) -> Self {
        Self::spawn(Command::new(&setting.binary), home, arguments)
    }

    /// Starts a node with this limit on open files.
    pub(crate) fn start_with_files(setting: &Setting, files: u32, arguments: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]).arg(&setting.binary);
        Self::spawn(command, tempfile::tempdir().expect("a directory"), arguments)
    }

    fn spawn(program: Command, home: TempDir, arguments: &[&str]) -> Self {
        let arguments = [&["--hostname", NODE_HOST], arguments].concat();
        let NodeProcess { child, stdin, stdout, address } =
            NodeProcess::start(program, home.path(), &arguments);
        let input = write_lines(stdin);
        let output = Arc::<Output>::default();
        let reader = Arc::clone(&output);
        std::thread::spawn(move || reader.read(stdout));
        Self { child, input, lines_written: Mutex::default(), address, output, home }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a line to the node's input. Returns its number. It never blocks.
    pub(crate) fn say(&self, line: impl Into<String>) -> u64 {
        let mut written = self.lines_written.lock().unwrap_or_else(PoisonError::into_inner);
        *written += 1;
        // A node that has ended does not read. Whoever waits for the answer notices.
        let _ = self.input.send(line.into());
        *written
    }

    /// Writes this many small messages as the user.
    pub(crate) fn feed(&self, count: u64) {
        for number in 0..count {
            self.say(format!("feed {number}"));
        }
    }

    /// Sends messages until each of these peers has responded.
    pub(crate) async fn until_all_answer(&self, peers: &[Peer]) {
        let messages = 20 * peers.len() as u64;
        self.feed(messages);
        self.until("all is delivered", |seen| seen.count("message_delivered") >= messages).await;
        assert!(peers.iter().all(|peer| peer.seen().accepted > 0), "all peers answer");
    }

    /// Stops sending and waits until nothing is in flight.
    pub(crate) async fn settle(&self) {
        self.carry_out(":rate 0.001").await;
        let is_settled = |seen: &Seen| {
            let ended = seen.count("message_delivered") + seen.count("delivery_failed");
            seen.count("message_sending") <= ended
        };
        self.until_in(Duration::from_secs(15), is_settled).await;
    }

    /// Writes a command whose answer is a list, and waits for it.
    pub(crate) async fn list(&self, command: &str) -> Value {
        serde_json::from_str(&self.list_text(command).await).expect("JSON")
    }

    /// As [`list`](Self::list), but returns the line, which may be very long.
    pub(crate) async fn list_text(&self, command: &str) -> String {
        let number = self.say(command);
        self.until(command, |seen| seen.lists.contains_key(&number) || seen.is_done.contains_key(&number))
            .await;
        self.seen().lists.remove(&number).unwrap_or_else(|| panic!("no list for {command}"))
    }

    /// Writes a line and waits until it succeeds or fails. Returns which.
    pub(crate) async fn carry_out(&self, line: &str) -> bool {
        let number = self.say(line);
        self.until(line, |seen| seen.is_done.contains_key(&number)).await;
        self.seen().is_done[&number]
    }

    /// The output so far. Do not keep the guard.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.output.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the output satisfies a condition.
    pub(crate) async fn until(&self, what: &str, wanted: impl FnMut(&Seen) -> bool) {
        assert!(self.until_in(DEADLINE, wanted).await, "not within {DEADLINE:?}: {what}");
    }

    /// Waits until the output satisfies a condition, for at most this time. Returns whether it does.
    pub(crate) async fn until_in(&self, time: Duration, mut wanted: impl FnMut(&Seen) -> bool) -> bool {
        let mut lines = self.output.lines.subscribe();
        timeout(time, lines.wait_for(|_| wanted(&self.seen()))).await.is_ok()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes lines in a thread of its own, so that a node that does not read blocks nothing.
fn write_lines(mut stdin: impl Write + Send + 'static) -> mpsc::Sender<String> {
    let (sender, lines) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        while let Ok(line) = lines.recv() {
            if writeln!(stdin, "{line}").is_err() {
                return;
            }
        }
    });
    sender
}

impl Output {
    fn read(&self, mut stdout: BufReader<ChildStdout>) {
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            self.record(&String::from_utf8_lossy(&line));
            self.lines.send_modify(|lines| *lines += 1);
            line.clear();
        }
    }

    fn record(&self, line: &str) {
        let event = event(line);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            "reply" | "error" => record_answer(&mut seen, event, line),
            "message_sending" if line.len() <= LARGE_LINE => {
                if let Some(receiver) = receiver(line) {
                    *seen.sends.entry(receiver).or_default() += 1;
                }
            }
            _ => {}
        }
        *seen.events.entry(event.to_owned()).or_default() += 1;
    }
}

/// The name of the event, which is the first field.
fn event(line: &str) -> &str {
    line.strip_prefix(r#"{"event":""#).and_then(|rest| rest.split('"').next()).unwrap_or("no event")
}

fn receiver(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let peer = &line["peer"];
    Some(format!("{}:{}", peer["hostname"].as_str()?, peer["port"]))
}

fn record_answer(seen: &mut Seen, event: &str, line: &str) {
    /// The beginning of an answer, before its text or list.
    #[derive(Deserialize)]
    struct Answer {
        line: Option<u64>,
        text: Option<IgnoredAny>,
        reason: Option<IgnoredAny>,
    }
    let Ok(answer) = serde_json::from_str::<Answer>(line) else { return };
    let Some(number) = answer.line else { return };
    if answer.text.is_none() && answer.reason.is_none() {
        seen.lists.insert(number, line.to_owned());
    }
    seen.is_done.insert(number, event == "reply");
}
