//! The program in a pseudo-terminal.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::AsFd,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use pty_process::{
    Size,
    blocking::{Pts, Pty},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, Termios, tcgetattr},
};
use tempfile::TempDir;

use super::screen::{DEADLINE, Emulator, FIRST_TITLE, Modes};

/// Interval between two checks of a condition that nothing reports.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

pub(crate) const ENTER: &str = "\r";
pub(crate) const ESCAPE: &str = "\x1b";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_Z: &str = "\x1a";

/// A shell with job control. At each stop it waits until something is written to `$CONTINUE`, and then continues the
/// program. The program's process id is in `$PID`.
const SHELL: &str = r#"
set -m
sh -c 'echo $$ > "$PID.new"; mv "$PID.new" "$PID"; exec "$@"' sh "$@"
status=$?
while kill -0 "$(cat "$PID")" 2> /dev/null; do
    read -r line < "$CONTINUE"
    fg > /dev/null
    status=$?
done
exit $status
"#;

/// The options of a start.
pub(crate) struct Launch {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    leads_session: bool,
    has_shell: bool,
    rows: u16,
    columns: u16,
}

impl Launch {
    /// The demo network, without state of its own.
    pub(crate) fn demo() -> Self {
        Self::new(&["demo"])
    }

    /// One node without peers.
    pub(crate) fn lonely_node() -> Self {
        Self::new(&["--port", "0", "--no-state"])
    }

    pub(crate) fn new(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self {
            arguments,
            variables: Vec::new(),
            leads_session: true,
            has_shell: false,
            rows: 40,
            columns: 120,
        }
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// In a terminal that does not control the session, so that its signals do not arrive.
    pub(crate) fn in_a_foreign_terminal(self) -> Self {
        Self { leads_session: false, ..self }
    }

    /// From a shell that continues the program after a stop.
    pub(crate) fn under_a_shell(self) -> Self {
        Self { has_shell: true, ..self }
    }

    pub(crate) fn size(self, rows: u16, columns: u16) -> Self {
        Self { rows, columns, ..self }
    }

    /// Starts the program and waits for the dashboard.
    #[track_caller]
    pub(crate) fn start(self) -> Session {
        let session = self.start_blindly();
        session.wait_for("SAY");
        session
    }

    pub(crate) fn start_blindly(self) -> Session {
        let home = tempfile::tempdir().unwrap();
        let (pty, slave) = pty_process::blocking::open().unwrap();
        pty.resize(Size::new(self.rows, self.columns)).unwrap();
        let termios = tcgetattr(&slave).unwrap();
        if self.has_shell {
            let made = Command::new("mkfifo").arg(home.path().join("continue")).status().unwrap();
            assert!(made.success());
        }
        let child = self.spawn(self.command(&home), &slave);
        let emulator = Arc::new(Emulator::new(self.rows, self.columns));
        let terminal = Terminal::new(pty, Arc::clone(&emulator));
        let has_shell = self.has_shell;
        Session { child, has_shell, terminal: Some(terminal), slave, emulator, termios, home }
    }

    fn command(&self, home: &TempDir) -> Command {
        let places = ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];
        let program = env!("CARGO_BIN_EXE_clacks");
        let mut command = Command::new(if self.has_shell { "sh" } else { program });
        if self.has_shell {
            command.args(["-c", SHELL, "sh", program]);
        }
        command
            .env_clear()
            .env("PID", home.path().join("pid"))
            .env("CONTINUE", home.path().join("continue"))
            .envs(places.map(|place| (place, home.path())))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .args(&self.arguments);
        command
    }

    fn spawn(&self, mut command: Command, slave: &Pts) -> Child {
        if self.leads_session {
            return pty_process::blocking::Command::from(command).spawn_borrowed(slave).unwrap();
        }
        let end = || Stdio::from(slave.as_fd().try_clone_to_owned().unwrap());
        command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap()
    }
}

/// The running program.
pub(crate) struct Session {
    child: Child,
    terminal: Option<Terminal>,
    /// Kept open, because the settings of the terminal are lost when its last handle is closed.
    slave: Pts,
    pub(crate) emulator: Arc<Emulator>,
    termios: Termios,
    home: TempDir,
    has_shell: bool,
}

impl Session {
    #[track_caller]
    pub(crate) fn wait_until(&self, described: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        self.emulator.wait_until(described, is_so);
    }

    /// Waits for a condition that takes minutes.
    #[track_caller]
    pub(crate) fn wait_long_until(&self, described: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        self.emulator.wait_at_most(6 * DEADLINE, described, is_so);
    }

    /// Waits until the title of the window satisfies a condition.
    #[track_caller]
    pub(crate) fn wait_for_title(&self, is_so: impl Fn(&str) -> bool) {
        self.wait_while("such a title", || !is_so(&self.emulator.title()));
    }

    /// Waits until the output contains something, visible or not.
    #[track_caller]
    pub(crate) fn wait_for_written(&self, text: &str) {
        self.wait_while(&format!("{text:?} is written"), || !self.emulator.written().contains(text));
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contents().contains(text));
    }

    pub(crate) fn type_in(&self, text: &str) {
        self.terminal().write(text.as_bytes());
    }

    /// Focuses the input. Text that arrives together with the key would count as a paste.
    #[track_caller]
    pub(crate) fn go_to_input(&self) {
        self.type_in("i");
        self.wait_until("the cursor", |screen| !screen.hide_cursor());
    }

    /// Writes to the terminal as another program does.
    pub(crate) fn write_from_elsewhere(&self, text: &str) {
        rustix::io::write(&self.slave, text.as_bytes()).unwrap();
    }

    /// Pastes as a terminal with bracketed paste does.
    pub(crate) fn paste(&self, text: &str) {
        assert!(self.modes().bracketed_paste, "the program did not ask for it");
        self.type_in(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Presses and releases the left button on a cell, counted from zero.
    pub(crate) fn click(&self, row: u16, column: u16) {
        let (row, column) = (row + 1, column + 1);
        self.type_in(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.emulator.resize(rows, columns);
        self.terminal().pty.resize(Size::new(rows, columns)).unwrap();
    }

    /// Sets a window size that the emulator does not have.
    pub(crate) fn resize_unseen(&self, rows: u16, columns: u16) {
        self.terminal().pty.resize(Size::new(rows, columns)).unwrap();
    }

    pub(crate) fn modes(&self) -> Modes {
        self.emulator.modes()
    }

    pub(crate) fn is_raw(&self) -> bool {
        !self.termios_now().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// The process id of the program, or of the process from which it starts.
    pub(crate) fn pid(&self) -> Pid {
        if !self.has_shell {
            return Pid::from_child(&self.child);
        }
        let path = self.home.path().join("pid");
        self.wait_while("the program has begun", || !path.exists());
        let number = std::fs::read_to_string(path).unwrap();
        number.trim().parse().ok().and_then(Pid::from_raw).unwrap()
    }

    /// Makes the shell continue the program.
    pub(crate) fn go_on(&self) {
        std::fs::write(self.home.path().join("continue"), "fg\n").unwrap();
    }

    /// Whether the program is suspended.
    pub(crate) fn is_stopped(&self) -> bool {
        let path = format!("/proc/{}/stat", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).unwrap();
        status.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
    }

    /// Types a line into the input, and presses Enter when it is displayed, because an immediate Enter would count as a
    /// paste.
    #[track_caller]
    pub(crate) fn enter(&self, line: &str) {
        self.type_in(line);
        let holds =
            |row: &String| ["SAY", "CMD"].iter().any(|label| row.contains(label)) && row.contains(line);
        self.wait_until("the line in the input", |screen| {
            screen.rows(0, screen.size().1.get()).any(|row| holds(&row))
        });
        self.type_in(ENTER);
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Closes the terminal, as when its window is closed.
    pub(crate) fn hang_up(&mut self) {
        self.terminal = None;
    }

    /// Waits until the process is suspended.
    #[track_caller]
    pub(crate) fn wait_until_stopped(&self) {
        self.wait_while("it stops", || !self.is_stopped());
        self.catch_up();
    }

    /// Waits until the process has ended.
    #[track_caller]
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.catch_up();
                return status;
            }
            assert!(Instant::now() < until, "it does not end\n{}", self.emulator.drawing());
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Asserts that the program left nothing in the terminal: no mode, no setting, no frame.
    #[track_caller]
    pub(crate) fn assert_restored(&self) {
        assert_eq!(self.modes(), Modes::AT_FIRST);
        assert_eq!(self.emulator.title(), FIRST_TITLE);
        assert_eq!(settings(&self.termios_now()), settings(&self.termios));
        assert!(!self.emulator.drawing().contains("TRAFFIC"), "{}", self.emulator.drawing());
    }

    #[track_caller]
    pub(crate) fn wait_while(&self, described: &str, is_so: impl Fn() -> bool) {
        let until = Instant::now() + DEADLINE;
        while is_so() {
            assert!(Instant::now() < until, "never: {described}\n{}", self.emulator.drawing());
            thread::sleep(LOOK_AGAIN);
        }
    }

    fn termios_now(&self) -> Termios {
        tcgetattr(&self.slave).unwrap()
    }

    fn terminal(&self) -> &Terminal {
        self.terminal.as_ref().expect("the terminal was not hung up")
    }

    /// Waits until all output so far was read.
    fn catch_up(&self) {
        if self.terminal.is_some() {
            self.emulator.wait_for_marker(|marker| self.write_from_elsewhere(marker));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program's side of the pseudo-terminal, and the thread that reads from the other side.
struct Terminal {
    pty: Arc<Pty>,
    stop: Option<PipeWriter>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    fn new(pty: Pty, emulator: Arc<Emulator>) -> Self {
        let pty = Arc::new(pty);
        let (stopped, stop) = io::pipe().unwrap();
        let read_from = Arc::clone(&pty);
        let reader = thread::spawn(move || feed(&emulator, &read_from, &stopped));
        Self { pty, stop: Some(stop), reader: Some(reader) }
    }

    fn write(&self, bytes: &[u8]) {
        (&*self.pty).write_all(bytes).unwrap();
    }
}

/// No thread may be reading when the last handle is closed, because otherwise the terminal stays open.
impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop = None;
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

/// Passes output to the emulator until it is stopped.
fn feed(emulator: &Emulator, pty: &Pty, stopped: &PipeReader) {
    let mut buffer = [0; 8 * 1024];
    loop {
        let mut ready = [PollFd::new(pty, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        poll(&mut ready, None).unwrap();
        if !ready[1].revents().is_empty() {
            return;
        }
        match (&*pty).read(&mut buffer) {
            Ok(read) => emulator.feed(&buffer[..read]),
            Err(_) => return,
        }
    }
}

/// The comparable part of a terminal's settings.
fn settings(termios: &Termios) -> String {
    format!("{termios:?}")
}
