use std::io;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Somebody pressed Ctrl-C.
    Interrupt,
    /// The system wants the program to end.
    End,
    /// The terminal has gone.
    HangUp,
}

/// The signals that ask a process to end, or tell that its terminal has gone.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Signals {
    /// `None` where it is to be ignored, as under `nohup`.
    hangup: Option<tokio::signal::unix::Signal>,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on they no longer end it by themselves.
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if may_catch_hangup() { Some(signal(SignalKind::hangup())?) } else { None };
        Ok(Self {
            hangup,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next of them.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = async { self.hangup.as_mut()?.recv().await } => Signal::HangUp,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::End,
        }
    }
}

/// Whether nobody started this process so that it outlives its terminal. Only Linux tells that to a program without
/// unsafe code; elsewhere the signal does what it does to any program.
#[cfg(unix)]
fn may_catch_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    ignored.is_some_and(|signals| signals & 1 == 0)
}

/// What a Windows console sends when somebody presses Ctrl-C.
#[cfg(windows)]
#[derive(Debug)]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// From now on it no longer ends the process by itself.
    pub(crate) fn catch() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        self.0.recv().await;
        Signal::Interrupt
    }
}
