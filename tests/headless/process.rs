use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Time-out of a wait. Only a failing test waits so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// Interval between two checks of a condition that nothing reports.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A home directory for the processes of one test, with everything that they may find or leave in it.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.temporary()).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The directory for temporary files.
    pub(crate) fn temporary(&self) -> std::path::PathBuf {
        self.path().join("tmp")
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> String {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// `clacks` with these arguments, isolated from the configuration of this machine.
    pub(crate) fn clacks(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_clacks"));
        command.args(arguments);
        command
    }

    /// Any other program in the same environment.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear();
        command.env("HOME", self.path()).env("TMPDIR", self.temporary());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `clacks node` on a free port, with a data directory of its own.
    pub(crate) fn node(&self, arguments: &[&str]) -> Process {
        self.node_at(0, arguments)
    }

    pub(crate) fn node_at(&self, port: u16, arguments: &[&str]) -> Process {
        let port = port.to_string();
        let any = ["node", "--hostname", "127.0.0.1", "--port", &port, "--send-rate", "100"];
        Process::start(&mut self.clacks(&[&any, arguments].concat()))
    }
}

/// A running `clacks`. It is killed when the test ends.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// The contents of its `ready` line.
    pub(crate) ready: Value,
}

impl Process {
    /// Starts the process and waits for the line `ready`, which must be its first.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = Self::start_unread(command).read();
        process.ready = process.next();
        assert_eq!(process.ready["event"], "ready", "{:?}", process.seen);
        process
    }

    /// Starts the process without reading its output.
    pub(crate) fn start_unread(command: &mut Command) -> Unread {
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let (_, lines) = mpsc::channel();
        Unread { process: Self { child, stdin, lines, seen: Vec::new(), ready: Value::Null }, stdout }
    }

    /// The address of its node.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.ready["address"]["port"].as_u64().unwrap().try_into().unwrap()
    }

    /// Writes a line to its standard input.
    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_ref().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Closes its output, and waits until the process has noticed that and ended.
    pub(crate) fn hang_up(&mut self) {
        self.lines = mpsc::channel().1;
        eventually("it finds that nobody reads", || {
            // It fails if the process has ended already.
            let _ = writeln!(self.stdin.as_ref().unwrap(), ":help");
            self.child.try_wait().unwrap().is_some()
        });
    }

    /// The next line of its output.
    pub(crate) fn next(&mut self) -> Value {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => self.note(&line),
            Err(error) => panic!("no further line ({error}); seen: {:#?}", self.seen),
        }
    }

    /// The last line that was read, as it was written, if it is not too long.
    pub(crate) fn last_line(&self) -> &str {
        self.seen.last().unwrap()
    }

    /// The next line of its output, if there is one already.
    pub(crate) fn try_next(&mut self) -> Option<Value> {
        let line = self.lines.try_recv().ok()?;
        Some(self.note(&line))
    }

    fn note(&mut self, line: &str) -> Value {
        self.seen.push(line.chars().take(1000).collect());
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))
    }

    /// The next line that satisfies a condition.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            let line = self.next();
            if wanted(&line) {
                return line;
            }
        }
        panic!(
            "not within {DEADLINE:?}; seen last: {:#?}",
            self.seen.iter().rev().take(20).collect::<Vec<_>>()
        )
    }

    pub(crate) fn until_event(&mut self, name: &str) -> Value {
        self.until(|line| line["event"] == name)
    }

    /// Writes a line to its standard input and waits for its answer, `reply` or `error`.
    pub(crate) fn ask(&mut self, line: &str) -> Value {
        self.say(line);
        self.until(|line| line["event"] == "reply" || line["event"] == "error")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the process ends by itself and its output is read. Returns its exit status, the rest of its output,
    /// and its standard error.
    pub(crate) fn ended(mut self) -> (ExitStatus, Vec<Value>, String) {
        let status = self.exit_status();
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => rest.push(self.note(&line)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the output does not end"),
            }
        }
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (status, rest, complaints)
    }

    /// Waits for a successful end. Returns the last line of output.
    pub(crate) fn stopped(self) -> Value {
        let (status, mut rest, complaints) = self.ended();
        assert_eq!((status.code(), complaints.as_str()), (Some(0), ""));
        let last = rest.pop().unwrap();
        assert_eq!(last["event"], "stopped");
        last
    }

    /// Waits until the process ends by itself.
    pub(crate) fn exit_status(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails if the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `clacks` whose output is not read.
pub(crate) struct Unread {
    pub(crate) process: Process,
    stdout: ChildStdout,
}

impl Unread {
    /// Reads its output from now on.
    pub(crate) fn read(self) -> Process {
        let Self { mut process, stdout } = self;
        let (to_test, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.map(|line| to_test.send(line)).take_while(Result::is_ok).for_each(drop);
        });
        process.lines = lines;
        process
    }

    /// Closes its output.
    pub(crate) fn close(self) -> Process {
        self.process
    }
}

/// Waits until a condition holds that nothing reports.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Two nodes that know each other.
pub(crate) fn acquainted(home: &Home) -> (Process, Process) {
    let (tower, mut other) = (home.node(&[]), home.node(&[]));
    let said = other.ask(&format!(":announce {}", tower.address()));
    assert_eq!(said["text"], format!("announced to {}", tower.address()));
    (tower, other)
}
