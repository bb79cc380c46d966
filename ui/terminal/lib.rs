//! The terminal, and giving it back whatever happens.
//!
//! [`Screen`] is the terminal while the program has it. Whichever way the program ends, [`guard`] undoes the modes
//! that were set:
//!
//! - it leaves, returns an error or unwinds: [`Screen`] is dropped,
//! - any thread or task panics: [`mod@panic`],
//! - a signal comes or the terminal goes: [`signals`] and [`hangup`] tell the program, and [`watchdog`] ends it by force
//!   if it does not end.

#![allow(missing_docs, reason = "names of an inner crate; documented step by step")]

pub mod backend;
pub mod cell_writer;
pub mod child;
pub mod clipboard;
pub mod colours;
pub mod decoder;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, missing_docs, reason = "only tests call it")]
pub mod emulator;
#[cfg(debug_assertions)]
pub mod fault_injection;
pub mod frame_pacer;
pub mod guard;
pub mod hangup;
pub mod input;
pub mod job_control;
pub mod notices;
pub mod panic;
pub mod remains;
pub mod report;
pub mod sequences;
pub mod signals;
pub mod ssh;
pub mod tokens;
pub mod uncertain;
pub mod watchdog;

use std::io::{self, IsTerminal};

use backend::Tty;
use child::Ended;
use guard::{Mode, write_beside};
use input::{Input, Keys};
use notices::Notice;
use ratatui::{
    Frame, Terminal,
    layout::{Rect, Size},
};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::process::Command;
use uncertain::{UncertainCells, replace_without_room};

/// The terminal, taken. There can be one at a time.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<Tty>,
    uncertain: UncertainCells,
    keys: Keys,
    mouse: bool,
    /// What the window is called, where it was given a name.
    title: Option<String>,
}

impl Screen {
    /// Takes the terminal: raw mode, the alternate screen, bracketed paste, news of the focus, the mouse's buttons and wheel if
    /// asked. Fails with nothing changed where there is no terminal to take.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        fit_to_draw_on(NODE_WITHOUT_SCREEN)?;
        crossterm::style::force_color_output(true);
        panic::install_hook();
        #[cfg(debug_assertions)]
        fault_injection::rehearse_panic();
        signals::watch()?;
        hangup::watch()?;
        let terminal = Terminal::new(Tty::default())?;
        let keys = input::read_keys()?;
        let mut screen = Self { terminal, uncertain: UncertainCells::default(), keys, mouse, title: None };
        guard::hold();
        screen.take()?;
        Ok(screen)
    }

    /// Draws one frame. The cursor is shown only where `view` puts it; a frame that changes nothing writes nothing.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame)) -> io::Result<()> {
        let drawn = self.terminal.draw(|frame| {
            view(frame);
            replace_without_room(frame.buffer_mut());
        })?;
        let uncertain = self.uncertain.update(drawn.buffer);
        self.terminal.backend_mut().finish(&uncertain)
    }

    pub fn size(&self) -> Size {
        self.terminal.size().unwrap_or_default()
    }

    /// The next thing that the user or the system does. What is not awaited to its end is not lost.
    pub async fn next(&mut self) -> Input {
        loop {
            if let Some(input) = notices::take().and_then(|news| self.react(news)) {
                return input;
            }
            tokio::select! {
                () = notices::come() => {}
                key = self.keys.next() => match key {
                    // Left over from a program before, which had the mouse.
                    Some(Input::Mouse(_)) if !self.mouse => {}
                    key => return key.unwrap_or(Input::HungUp),
                }
            }
        }
    }

    /// Gives the terminal back, stops this process, and takes the terminal again when it is continued.
    /// [`next`](Self::next) then reports [`Input::Resumed`].
    ///
    /// The node inside stops with it. Where that can't be done, as where no shell is above that could continue it, the
    /// reason is in the inner result, and the terminal is ours.
    pub fn suspend(&mut self) -> io::Result<io::Result<()>> {
        if !job_control::is_above() {
            return Ok(Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "no shell is above it that could continue it",
            )));
        }
        let stopped = give_back().and_then(|()| signals::stop_here());
        self.take()?;
        notices::tell(Notice::Resumed);
        Ok(stopped)
    }

    /// Lets another program have the terminal until it ends, then takes it again. What the system asks meanwhile is
    /// passed on to it.
    pub async fn hand_over(&mut self, program: &mut Command) -> io::Result<Ended> {
        self.keys.leave()?;
        let ended = self.run_alone(program).await;
        self.keys.take()?;
        ended
    }

    /// Whatever goes wrong, the terminal is taken again.
    async fn run_alone(&mut self, program: &mut Command) -> io::Result<Ended> {
        let ended = run_in_terminal(program).await;
        if !matches!(ended, Ok(Ended::Asked(_))) {
            self.take()?;
        }
        ended
    }

    /// Has the next frame drawn whole, over whatever another program wrote.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.uncertain.forget();
        self.terminal.resize(Rect::from(self.size()))
    }

    /// Rings the terminal's bell, if the terminal is taken.
    pub fn ring() -> io::Result<()> {
        write_beside(b"\x07")
    }

    /// Takes the mouse, or leaves it to the terminal's own selection.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { guard::set(Mode::Mouse) } else { guard::unset(Mode::Mouse) }
    }

    /// Gives the window a title, which must hold no control character, until the terminal is given back.
    pub fn set_title(&mut self, title: &str) -> io::Result<()> {
        self.title = Some(title.to_owned());
        guard::set_title(title)
    }

    /// Gives the terminal back. From here on signals do what they do to any program.
    pub fn leave(self) -> io::Result<()> {
        let given_back = guard::let_go();
        drop(self);
        given_back
    }

    /// Sets every mode, whether or not it was set before, and has the next frame drawn whole.
    fn take(&mut self) -> io::Result<()> {
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

    fn react(&mut self, news: Notice) -> Option<Input> {
        match news {
            Notice::Panicked => Some(Input::Panicked),
            Notice::HungUp => Some(Input::HungUp),
            Notice::Terminate => Some(Input::Terminate),
            Notice::Stop => match self.suspend() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(Input::CannotStop(error.to_string())),
                Err(_) => Some(Input::HungUp),
            },
            Notice::Resumed => Some(self.take().map_or(Input::HungUp, |()| Input::Resumed)),
            // Also if the size is the old one again: what the terminal cut off meanwhile is lost.
            Notice::Resized => Some(self.redraw().map_or(Input::HungUp, |()| Input::Resized)),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = guard::let_go();
    }
}

/// Gives the terminal back for a while.
fn give_back() -> io::Result<()> {
    guard::restore()?;
    #[cfg(debug_assertions)]
    fault_injection::rehearse_failure()?;
    Ok(())
}

/// Runs a program with the terminal as it was before it was taken.
async fn run_in_terminal(program: &mut Command) -> io::Result<Ended> {
    give_back()?;
    let settings = tcgetattr(io::stdin())?;
    signals::hand_over(true);
    let ended = child::run(program).await;
    signals::hand_over(false);
    if !matches!(&ended, Ok(Ended::ByItself(status)) if status.success()) {
        // A program that failed may have left the terminal as it was using it.
        let _ = guard::restore_from_another();
    }
    // What it changed for good would be taken for the terminal's own settings. A terminal that has gone has none.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &settings);
    ended
}

/// What to do where a node can't be shown.
pub const NODE_WITHOUT_SCREEN: &str =
    "`clacks --accessible` tells in sentences what happens, `clacks node` runs without a screen";

/// Fails where there is no terminal that a screen could be drawn on, and says what to do instead.
pub fn fit_to_draw_on(instead: &str) -> io::Result<()> {
    let unfit = |what: &str| io::Error::new(io::ErrorKind::Unsupported, format!("{what}; {instead}"));
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
