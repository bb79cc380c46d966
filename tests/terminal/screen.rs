//! The display of the program: its output, processed by a terminal emulator.

use std::{
    cell::Cell,
    num::NonZeroU16,
    sync::{Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use vt100::{Callbacks, MouseProtocolEncoding, MouseProtocolMode, Parser};

/// Time-out of a wait. Only a failing test waits so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The title of the window before the program starts.
pub(crate) const FIRST_TITLE: &str = "a shell";

/// A mode that no terminal has.
const MARKER: u16 = 9876;

/// The emulated terminal. One thread feeds it, and the test reads it.
pub(crate) struct Emulator {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: Parser<Counts>,
    written: Vec<u8>,
}

/// State that the emulator does not expose.
#[derive(Default)]
struct Counts {
    frames: usize,
    markers: usize,
    /// Whether focus events were requested.
    focus: bool,
    /// The title of the window, if it was ever set, and the saved titles.
    title: Option<String>,
    titles: Vec<String>,
}

impl Counts {
    fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| FIRST_TITLE.to_owned())
    }
}

impl Callbacks for Counts {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = Some(String::from_utf8_lossy(title).into_owned());
    }

    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        intermediate: Option<u8>,
        _: Option<u8>,
        parameters: &[&[u16]],
        command: char,
    ) {
        match (intermediate, parameters, command) {
            (Some(b'?'), [[2026]], 'h') => self.frames += 1,
            (Some(b'?'), [[MARKER]], 'h') => self.markers += 1,
            (None, [[22], [2]], 't') => self.titles.push(self.title()),
            (None, [[23], [2]], 't') => self.title = self.titles.pop().or_else(|| self.title.take()),
            (Some(b'?'), [[1004]], 'h' | 'l') => self.focus = command == 'h',
            _ => {}
        }
    }
}

/// The modes of the terminal that a program can leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mode that is set or not")]
pub(crate) struct Modes {
    pub(crate) alternate_screen: bool,
    pub(crate) cursor_hidden: bool,
    pub(crate) bracketed_paste: bool,
    pub(crate) focus_told: bool,
    pub(crate) mouse: MouseProtocolMode,
    pub(crate) mouse_encoding: MouseProtocolEncoding,
}

impl Modes {
    pub(crate) const AT_FIRST: Self = Self {
        alternate_screen: false,
        cursor_hidden: false,
        bracketed_paste: false,
        focus_told: false,
        mouse: MouseProtocolMode::None,
        mouse_encoding: MouseProtocolEncoding::Default,
    };
}

impl Emulator {
    pub(crate) fn new(rows: u16, columns: u16) -> Self {
        let parser = Parser::new_with_callbacks(non_zero(rows), non_zero(columns), 0, Counts::default());
        Self { state: Mutex::new(State { parser, written: Vec::new() }), changed: Condvar::new() }
    }

    pub(crate) fn feed(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.parser.process(bytes);
        state.written.extend_from_slice(bytes);
        self.changed.notify_all();
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.lock().parser.set_size(non_zero(rows), non_zero(columns));
    }

    /// Reads the current screen.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.lock().parser.screen())
    }

    /// Waits until the screen satisfies a condition.
    #[track_caller]
    pub(crate) fn wait_until(&self, described: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        self.wait_at_most(DEADLINE, described, is_so);
    }

    #[track_caller]
    pub(crate) fn wait_at_most(
        &self,
        time: Duration,
        described: &str,
        is_so: impl Fn(&vt100::Screen) -> bool,
    ) {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !judge(&is_so, state.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never: {described}\n{}", drawing(state.parser.screen()));
            state = self.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Writes a marker and waits for it: everything written before has then been read.
    #[track_caller]
    pub(crate) fn wait_for_marker(&self, write: impl FnOnce(&str)) {
        let markers = |state: &State| state.parser.callbacks().markers;
        let awaited = markers(&self.lock()) + 1;
        write(&marker());
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), DEADLINE, |state| markers(state) < awaited).unwrap();
        assert_eq!(markers(&state), awaited);
    }

    pub(crate) fn modes(&self) -> Modes {
        let state = self.lock();
        let screen = state.parser.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            bracketed_paste: screen.bracketed_paste(),
            focus_told: state.parser.callbacks().focus,
            mouse: screen.mouse_protocol_mode(),
            mouse_encoding: screen.mouse_protocol_encoding(),
        }
    }

    /// The title of the window.
    pub(crate) fn title(&self) -> String {
        self.lock().parser.callbacks().title()
    }

    /// Number of frames so far.
    pub(crate) fn frames(&self) -> usize {
        self.lock().parser.callbacks().frames
    }

    /// All output so far, as far as it is text.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.lock().written).replace(&marker(), "")
    }

    pub(crate) fn drawing(&self) -> String {
        self.look(drawing)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        assert!(
            !IS_JUDGING.get(),
            "a condition is told of the screen; what it asks of the emulator itself never comes"
        );
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

thread_local! {
    /// Whether a condition is being evaluated, with the screen locked.
    static IS_JUDGING: Cell<bool> = const { Cell::new(false) };
}

/// Evaluates a condition.
fn judge(is_so: impl Fn(&vt100::Screen) -> bool, screen: &vt100::Screen) -> bool {
    IS_JUDGING.set(true);
    let is_met = is_so(screen);
    IS_JUDGING.set(false);
    is_met
}

/// The first row that contains a text, counted from zero.
pub(crate) fn row_with(screen: &vt100::Screen, text: &str) -> Option<u16> {
    let columns = screen.size().1.get();
    let row = screen.rows(0, columns).position(|row| row.contains(text))?;
    u16::try_from(row).ok()
}

fn marker() -> String {
    format!("\x1b[?{MARKER}h")
}

fn non_zero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has at least one row and one column")
}

/// The screen as text, for the message of a failure.
fn drawing(screen: &vt100::Screen) -> String {
    let width = screen.size().1.get();
    let rows = screen.rows(0, width).map(|row| format!("|{row}\n"));
    rows.collect()
}
