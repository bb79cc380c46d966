//! The terminal, and its restoration at every exit.
//!
//! [`Screen`] owns the terminal while the program uses it. At every exit `guard` resets the modes that were set:
//!
//! - normal exit, error or unwinding: [`Screen`] is dropped,
//! - panic of any thread or task: `panic`,
//! - signal or hangup: `signals` and `hangup` notify the program, and `watchdog` ends the process if it does not
//!   end by itself.

mod backend;
mod cell_writer;
pub mod child;
pub mod clipboard;
pub mod colours;
pub mod decoder;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "only tests call it")]
pub mod emulator;
#[cfg(debug_assertions)]
mod fault_injection;
pub mod frame_pacer;
mod guard;
mod hangup;
pub mod input;
pub mod job_control;
mod notices;
mod panic;
pub mod partial_responses;
mod sequences;
mod signals;
pub mod ssh;
pub mod stderr;
pub mod tokens;
pub mod uncertain_width;
mod watchdog;

use std::io::{self, IsTerminal};

use backend::Tty;
use child::ChildExit;
use guard::{Mode, write_control};
use input::{Input, Keys};
use notices::Notice;
use ratatui::{
    Frame, Terminal,
    layout::{Rect, Size},
};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::process::Command;
use uncertain_width::{UncertainCells, replace_unfitting};

/// The terminal in the alternate screen. At most one exists at a time.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<Tty>,
    uncertain: UncertainCells,
    keys: Keys,
    mouse: bool,
    /// The window's title, if one was set.
    title: Option<String>,
}

impl Screen {
    /// Enters raw mode, the alternate screen, bracketed paste and focus reports, and mouse reports if `mouse` is set.
    ///
    /// # Errors
    ///
    /// Fails without a change if standard input or output is no terminal or `TERM` is `dumb`; otherwise if the system
    /// refuses.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        check_drawable(NODE_WITHOUT_SCREEN)?;
        crossterm::style::force_color_output(true);
        panic::install_hook();
        #[cfg(debug_assertions)]
        fault_injection::inject_panic();
        signals::watch()?;
        hangup::watch()?;
        let terminal = Terminal::new(Tty::default())?;
        let keys = input::read_keys()?;
        let mut screen = Self { terminal, uncertain: UncertainCells::default(), keys, mouse, title: None };
        guard::mark_held();
        screen.set_modes()?;
        Ok(screen)
    }

    /// Draws one frame. The cursor is visible only if `view` places it. A frame without changes writes nothing.
    ///
    /// # Errors
    ///
    /// Fails if the terminal cannot be written.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        let drawn = self.terminal.draw(|frame| {
            view(frame);
            replace_unfitting(frame.buffer_mut());
        })?;
        let uncertain = self.uncertain.update(drawn.buffer);
        self.terminal.backend_mut().finish(&uncertain)
    }

    /// The size that is drawn on, at most 1,000 by 500; 80 by 24 if the terminal does not report its size.
    pub fn size(&self) -> Size {
        self.terminal.size().unwrap_or_default()
    }

    /// The next input of the user or the system. Cancel-safe. After a hangup it returns [`Input::HungUp`].
    pub async fn next(&mut self) -> Input {
        loop {
            if let Some(input) = notices::pop().and_then(|notice| self.handle_notice(notice)) {
                return input;
            }
            tokio::select! {
                () = notices::posted() => {}
                key = self.keys.next() => match key {
                    // Mouse reports that an earlier program enabled.
                    Some(Input::Mouse(_)) if !self.mouse => {}
                    key => return key.unwrap_or(Input::HungUp),
                }
            }
        }
    }

    /// Restores the terminal, stops this process, and enters the screen again when the process continues.
    /// [`next`](Self::next) then reports [`Input::Resumed`].
    ///
    /// The embedded node stops as well.
    ///
    /// # Errors
    ///
    /// The inner result fails if the process cannot be stopped, for example without a parent shell that could continue
    /// it; the screen then stays. The outer result fails if the terminal cannot be entered again.
    pub fn suspend(&mut self) -> io::Result<io::Result<()>> {
        if !job_control::has_parent_shell() {
            return Ok(Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "no shell is above it that could continue it",
            )));
        }
        let stopped = pause_screen().and_then(|()| signals::stop_process());
        self.set_modes()?;
        notices::post(Notice::Resumed);
        Ok(stopped)
    }

    /// Runs another program in the restored terminal until it ends, then enters the screen again. Termination requests
    /// meanwhile are forwarded to it.
    ///
    /// # Errors
    ///
    /// Fails if the keyboard reader does not pause within 1 s, or if the program cannot be started.
    pub async fn run_program(&mut self, program: &mut Command) -> io::Result<ChildExit> {
        self.keys.pause()?;
        let ended = self.run_paused(program).await;
        self.keys.resume()?;
        ended
    }

    /// Enters the screen again even if the program fails.
    async fn run_paused(&mut self, program: &mut Command) -> io::Result<ChildExit> {
        let ended = run_in_terminal(program).await;
        if !matches!(ended, Ok(ChildExit::TerminationRequested(_))) {
            self.set_modes()?;
        }
        ended
    }

    /// Forces a full redraw with the next frame, over the output of other programs.
    ///
    /// # Errors
    ///
    /// Fails if the terminal cannot be cleared.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.uncertain.forget();
        self.terminal.resize(Rect::from(self.size()))
    }

    /// Rings the terminal's bell. Does nothing while the terminal is restored.
    ///
    /// # Errors
    ///
    /// Fails if the terminal cannot be written.
    pub fn ring() -> io::Result<()> {
        write_control(b"\x07")
    }

    /// Enables or disables mouse reports. Without them the mouse selects text in the terminal.
    ///
    /// # Errors
    ///
    /// Fails if the terminal cannot be written.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { guard::set(Mode::Mouse) } else { guard::unset(Mode::Mouse) }
    }

    /// Sets the window's title until the terminal is restored. A title with control characters is ignored.
    ///
    /// # Errors
    ///
    /// Fails if the terminal cannot be written.
    pub fn set_title(&mut self, title: &str) -> io::Result<()> {
        self.title = Some(title.to_owned());
        guard::set_title(title)
    }

    /// Restores the terminal. From here on signals have their default effect.
    ///
    /// # Errors
    ///
    /// Fails if the terminal cannot be restored.
    pub fn leave(self) -> io::Result<()> {
        let restored = guard::release();
        drop(self);
        restored
    }

    /// Sets all modes, including those that are set already, and forces a full redraw with the next frame.
    fn set_modes(&mut self) -> io::Result<()> {
        guard::set_raw()?;
        for mode in [Mode::Alternate, Mode::Unwrapped, Mode::HiddenCursor, Mode::Paste, Mode::Focus] {
            guard::set(mode)?;
        }
        if self.mouse {
            guard::set(Mode::Mouse)?;
        }
        if let Some(title) = &self.title {
            guard::set_title(title)?;
        }
        self.redraw()
    }

    fn handle_notice(&mut self, notice: Notice) -> Option<Input> {
        match notice {
            Notice::Panicked => Some(Input::Panicked),
            Notice::HungUp => Some(Input::HungUp),
            Notice::Terminate => Some(Input::Terminate),
            Notice::Stop => match self.suspend() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(Input::CannotStop(error.to_string())),
                Err(_) => Some(Input::HungUp),
            },
            Notice::Resumed => Some(self.set_modes().map_or(Input::HungUp, |()| Input::Resumed)),
            // Redraws even if the size is unchanged, because the terminal may have cut off cells meanwhile.
            Notice::Resized => Some(self.redraw().map_or(Input::HungUp, |()| Input::Resized)),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // An error cannot be reported any more.
        let _ = guard::release();
    }
}

/// Restores the terminal for a pause of the screen.
fn pause_screen() -> io::Result<()> {
    guard::restore()?;
    #[cfg(debug_assertions)]
    fault_injection::inject_failure()?;
    Ok(())
}

/// Runs a program with the terminal settings from before the screen was entered.
async fn run_in_terminal(program: &mut Command) -> io::Result<ChildExit> {
    pause_screen()?;
    let settings = tcgetattr(io::stdin())?;
    signals::set_handed_over(true);
    let ended = child::run(program).await;
    signals::set_handed_over(false);
    if !matches!(&ended, Ok(ChildExit::Exited(status)) if status.success()) {
        // A failed program may have left modes set.
        let _ = guard::reset_after_child();
    }
    // Settings that the program changed permanently would count as the terminal's own. Fails if the terminal was
    // closed.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &settings);
    ended
}

/// The advice for a node that has no terminal to draw on.
pub const NODE_WITHOUT_SCREEN: &str =
    "`clacks --accessible` tells in sentences what happens, `clacks node` runs without a screen";

/// Checks that a screen can be drawn on this terminal.
///
/// # Errors
///
/// Fails if standard input or output is no terminal, or if `TERM` is `dumb`. The error ends with `advice`.
pub fn check_drawable(advice: &str) -> io::Result<()> {
    let unfit = |what: &str| io::Error::new(io::ErrorKind::Unsupported, format!("{what}; {advice}"));
    if !io::stdin().is_terminal() {
        Err(unfit("standard input is not a terminal"))
    } else if !io::stdout().is_terminal() {
        Err(unfit("standard output is not a terminal"))
    } else if colours::is_dumb() {
        Err(unfit("a terminal of the type `dumb` cannot show the dashboard"))
    } else {
        Ok(())
    }
}
