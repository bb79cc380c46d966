//! The terminal's modes: sets them, and resets those that are set.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, TryLockError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

/// Maximum time that [`restore`] waits for a frame that is being written, and for a terminal that accepts no bytes.
const RESTORE_TIMEOUT: Duration = Duration::from_millis(300);

const BEGIN_SYNCHRONIZED: &[u8] = b"\x1b[?2026h";
const END_SYNCHRONIZED: &[u8] = b"\x1b[?2026l";

/// A terminal mode that an escape sequence sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The alternate screen.
    Alternate = 1,
    /// A hidden cursor.
    HiddenCursor = 2,
    /// Bracketed paste.
    Paste = 4,
    /// Reports of mouse buttons and the wheel. Motion is not reported, because each report would wake the program for
    /// nothing.
    Mouse = 8,
    /// Reports of focus changes.
    Focus = 16,
    /// The previous window title, pushed on the terminal's title stack.
    Title = 32,
    /// No automatic wrap: text at the right edge stays in its row, even if the terminal draws it wider.
    Unwrapped = 64,
}

/// The bit of raw mode, which has no escape sequence.
const RAW: u8 = 128;

/// The modes in the order of their reset.
const MODES: [Mode; 7] = [
    Mode::Title,
    Mode::Focus,
    Mode::Mouse,
    Mode::Paste,
    Mode::HiddenCursor,
    Mode::Unwrapped,
    Mode::Alternate,
];

impl Mode {
    fn enable(self) -> &'static [u8] {
        match self {
            Self::Alternate => b"\x1b[?1049h",
            Self::HiddenCursor => b"\x1b[?25l",
            Self::Paste => b"\x1b[?2004h",
            Self::Mouse => b"\x1b[?1000h\x1b[?1006h",
            Self::Focus => b"\x1b[?1004h",
            Self::Title => b"\x1b[22;2t",
            Self::Unwrapped => b"\x1b[?7l",
        }
    }

    fn disable(self) -> &'static [u8] {
        match self {
            Self::Alternate => b"\x1b[?1049l",
            Self::HiddenCursor => b"\x1b[?25h",
            Self::Paste => b"\x1b[?2004l",
            Self::Mouse => b"\x1b[?1006l\x1b[?1000l",
            Self::Focus => b"\x1b[?1004l",
            // Empty first, for terminals that have no title stack.
            Self::Title => b"\x1b]2;\x1b\\\x1b[23;2t",
            Self::Unwrapped => b"\x1b[?7h",
        }
    }
}

/// The modes that are set. A bit is set before its mode is, so that no mode stays set without its bit.
static SET: AtomicU8 = AtomicU8::new(0);
/// Whether a [`Screen`](super::Screen) exists, suspended or not.
static HELD: AtomicBool = AtomicBool::new(false);
/// Locked while bytes are written, because one thread draws and another can restore the terminal.
static WRITING: Mutex<()> = Mutex::new(());

/// Marks the terminal as held by a [`Screen`](super::Screen), so that signals become notices.
pub(crate) fn mark_held() {
    HELD.store(true, Ordering::SeqCst);
}

/// Whether a [`Screen`](super::Screen) holds the terminal, suspended or not.
pub(crate) fn is_held() -> bool {
    HELD.load(Ordering::SeqCst)
}

/// Restores the terminal and marks it as no longer held.
pub(crate) fn release() -> io::Result<()> {
    HELD.store(false, Ordering::SeqCst);
    restore()
}

/// Sets raw mode, even if another program has reset it.
pub(crate) fn set_raw() -> io::Result<()> {
    SET.fetch_or(RAW, Ordering::SeqCst);
    disable_raw_mode()?;
    enable_raw_mode()
}

/// Sets a mode. Does nothing if another thread has restored the terminal.
///
/// # Errors
///
/// Fails if the terminal cannot be written.
pub(crate) fn set(mode: Mode) -> io::Result<()> {
    let _writing = lock();
    if !is_set(RAW) {
        return Ok(());
    }
    SET.fetch_or(mode as u8, Ordering::SeqCst);
    write_out(mode.enable())
}

/// Sets the window's title and pushes the previous one. Does nothing if the terminal is restored or the title has a
/// control character.
///
/// # Errors
///
/// Fails if the terminal cannot be written.
pub(crate) fn set_title(title: &str) -> io::Result<()> {
    let _writing = lock();
    if !is_set(RAW) || title.contains(char::is_control) {
        return Ok(());
    }
    // Pushed twice, the program's own title would be restored.
    let was_pushed = SET.fetch_or(Mode::Title as u8, Ordering::SeqCst) & Mode::Title as u8 != 0;
    let before = if was_pushed { &[] } else { Mode::Title.enable() };
    write_out(&[before, b"\x1b]2;", title.as_bytes(), b"\x1b\\"].concat())
}

pub(crate) fn unset(mode: Mode) -> io::Result<()> {
    let _writing = lock();
    SET.fetch_and(!(mode as u8), Ordering::SeqCst);
    write_out(mode.disable())
}

/// Resets all modes that are set. Any thread can call it repeatedly. It waits at most 300 ms for the lock and 300 ms
/// for the terminal.
///
/// # Errors
///
/// Fails if the terminal accepts no bytes in time. Raw mode is reset in any case.
pub(crate) fn restore() -> io::Result<()> {
    let set = SET.swap(0, Ordering::SeqCst);
    if set == 0 {
        return Ok(());
    }
    let written = match try_lock_for() {
        Some(_writing) if is_writable() => write_out(&reset_sequences(set)),
        _ => Err(io::ErrorKind::TimedOut.into()),
    };
    let cooked = if set & RAW == 0 { Ok(()) } else { disable_raw_mode() };
    written.and(cooked)
}

/// Resets the modes that a failed program can have left set.
pub(crate) fn reset_after_child() -> io::Result<()> {
    match try_lock_for() {
        // At this time the terminal has its own title.
        Some(_writing) if is_writable() => write_out(&reset_sequences(!(RAW | Mode::Title as u8))),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn reset_sequences(set: u8) -> Vec<u8> {
    let undone = MODES.into_iter().filter(|&mode| set & mode as u8 != 0);
    undone.flat_map(Mode::disable).copied().collect()
}

/// Writes a sequence that draws nothing. Does nothing while the terminal is restored.
pub(crate) fn write_control(bytes: &[u8]) -> io::Result<()> {
    let _writing = lock();
    if is_set(Mode::Alternate as u8) { write_out(bytes) } else { Ok(()) }
}

/// Writes a frame as a synchronized update. Does nothing while the terminal is restored.
pub(crate) fn write_frame(frame: &[u8]) -> io::Result<()> {
    if frame.is_empty() {
        return Ok(());
    }
    let _writing = lock();
    if !is_set(Mode::Alternate as u8) {
        return Ok(());
    }
    write_out(&[BEGIN_SYNCHRONIZED, frame, END_SYNCHRONIZED].concat())
}

fn is_set(mode: u8) -> bool {
    SET.load(Ordering::SeqCst) & mode != 0
}

/// Writes directly to the terminal, because another thread can hold the buffer of the standard library. Handles
/// non-blocking mode, which another process can set.
fn write_out(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(io::stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::AGAIN) => drop(wait_writable(None)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn is_writable() -> bool {
    wait_writable(Timespec::try_from(RESTORE_TIMEOUT).ok().as_ref()).is_ok_and(|ready| ready > 0)
}

fn wait_writable(timeout: Option<&Timespec>) -> rustix::io::Result<usize> {
    poll(&mut [PollFd::new(&io::stdout(), PollFlags::OUT)], timeout)
}

fn lock() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Locks with a time-out, because a terminal that accepts no bytes blocks its writer for ever.
fn try_lock_for() -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + RESTORE_TIMEOUT;
    loop {
        match WRITING.try_lock() {
            Ok(writing) => return Some(writing),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_set_modes_are_reset() {
        assert_eq!(reset_sequences(RAW), b"");
        assert_eq!(reset_sequences(RAW | Mode::Paste as u8), b"\x1b[?2004l");
        assert_eq!(
            reset_sequences(Mode::Alternate as u8 | Mode::HiddenCursor as u8),
            b"\x1b[?25h\x1b[?1049l"
        );
    }

    #[test]
    fn mouse_motion_is_never_requested() {
        let asked = String::from_utf8_lossy(Mode::Mouse.enable()).into_owned();
        assert!(!asked.contains("1002") && !asked.contains("1003"), "{asked:?}");
    }
}
