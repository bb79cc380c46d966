//! Frame rate, and processor time while idle.

use std::{
    io::Write,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    screen::row_with,
    session::{Launch, Session},
};

/// Number of messages that travel in the flood.
const MESSAGES: usize = 200;
/// Minimum number of visits before the frames are counted.
const ENOUGH: u32 = 2000;
/// Duration of the idle measurement.
const IDLE: Duration = Duration::from_secs(20);

/// A second node that returns every message as fast as possible.
struct Echo(Child);

impl Echo {
    fn of(address: &str) -> Self {
        let arguments =
            ["node", "--hostname", "127.0.0.1", "--port", "0", "--send-rate", "20000", "--peer", address];
        let mut child = Command::new(env!("CARGO_BIN_EXE_clacks"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.as_mut().unwrap();
        (0..MESSAGES).for_each(|number| writeln!(input, "flood {number}").unwrap());
        Self(child)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The address of the node of a session, from the first row.
fn address(session: &Session) -> String {
    let first = session.emulator.look(|screen| screen.rows(0, 120).next()).unwrap();
    first.split_whitespace().nth(1).unwrap().to_owned()
}

/// The highest number of visits on the screen.
fn visits(screen: &vt100::Screen) -> u32 {
    let rows = screen.rows(0, screen.size().1.get());
    let counted = rows.filter_map(|row| row.split_once(" visits")?.0.split_whitespace().last()?.parse().ok());
    counted.max().unwrap_or(0)
}

#[test]
fn a_flood_of_messages_is_drawn_at_most_thirty_times_a_second() {
    let session =
        Launch::new(&["--hostname", "127.0.0.1", "--port", "0", "--no-state", "--send-rate", "20000"])
            .start();
    let echo = Echo::of(&address(&session));
    session.wait_until("the first that come back", |screen| visits(screen) > 1);
    let (began, frames, before) = (Instant::now(), session.emulator.frames(), session.emulator.look(visits));
    let passed = ENOUGH / MESSAGES as u32;
    session.wait_until("many more", |screen| visits(screen) > before + passed);
    let (frames, seconds) = (session.emulator.frames() - frames, began.elapsed().as_secs_f64());
    // One frame may fall on the edge at either end.
    assert!(frames as f64 <= 30.5 * seconds + 2.0, "{frames} frames in {seconds} s");
    drop(echo);
}

/// Nothing happens in an empty network. From the second minute on the clock counts minutes.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_dashboard_draws_nothing_and_uses_no_cpu() {
    let session = Launch::lonely_node().start();
    session.wait_long_until("the second minute", |screen| row_with(screen, "up 1 m") == Some(0));
    let written = |session: &Session| session.emulator.written().len();
    let (before, spent) = (written(&session), cpu_time(&session));
    std::thread::sleep(IDLE);
    let spent = cpu_time(&session).saturating_sub(spent);
    assert_eq!(written(&session) - before, 0, "bytes were written");
    assert!(spent < IDLE / 500, "{spent:?} of {IDLE:?}");
}

/// The processor time of the program's threads.
#[cfg(target_os = "linux")]
fn cpu_time(session: &Session) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{}/task", session.pid())).unwrap();
    let ran = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.map(|thread| ran(thread.unwrap())).sum())
}
