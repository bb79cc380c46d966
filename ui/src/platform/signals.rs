use std::io;

/// The request of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The user pressed Ctrl-C.
    Interrupt,
    /// The system requests termination.
    End,
    /// The terminal was closed.
    HangUp,
}

/// Receives the signals that request termination or report a closed terminal.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Signals {
    /// `None` if SIGHUP is ignored, as under `nohup`.
    hangup: Option<tokio::signal::unix::Signal>,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers. From now on these signals no longer end the process.
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if may_catch_hangup() { Some(signal(SignalKind::hangup())?) } else { None };
        Ok(Self {
            hangup,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = async { self.hangup.as_mut()?.recv().await } => Signal::HangUp,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::End,
        }
    }
}

/// Whether SIGHUP is not ignored; under `nohup` it is. Only Linux shows that to a program without unsafe code, so on
/// other systems SIGHUP keeps its default effect.
#[cfg(unix)]
fn may_catch_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    ignored.is_some_and(|signals| signals & 1 == 0)
}

/// Receives Ctrl-C from a Windows console.
#[cfg(windows)]
#[derive(Debug)]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// Installs the handler. From now on Ctrl-C no longer ends the process.
    pub(crate) fn catch() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        self.0.recv().await;
        Signal::Interrupt
    }
}
