//! The clipboard: through a desktop program, through tmux, else through the terminal (OSC 52).
//!
//! A clipboard crate would bring a client for X11 and one for Wayland, and its content is lost when this program ends;
//! the desktops' own programs keep it. Over ssh the desktop is on the other side, which only the terminal reaches. tmux
//! by default ignores OSC 52 of programs, but sets the clipboard of the outer terminal when its own buffer is loaded.

use std::{env, error, ffi::OsString, fmt, io, process::Stdio, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{io::AsyncWriteExt, process::Command};

/// Maximum bytes for OSC 52. In base64 they are at most the 100,000 bytes that common terminals accept.
const MAX_OSC52: usize = 74_994;
/// Maximum time for a clipboard program.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(2);
/// Loads the text into a tmux buffer and sets the outer terminal's clipboard. A tmux before 3.2 does not know `-w`.
const TMUX: Method = Method::Program("tmux", &["load-buffer", "-w", "-"]);
/// Replaces removed characters.
const REPLACEMENT: char = '\u{fffd}';

/// A method to reach the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Method {
    /// To the standard input of this program with these arguments.
    Program(&'static str, &'static [&'static str]),
    Terminal {
        /// Whether tmux runs, but its command failed.
        in_tmux: bool,
    },
}

/// Text that is safe to paste.
///
/// Control characters other than line feed and tab, and characters that reorder or break lines, are replaced by `�`. So
/// an ESC has no effect in a shell, and the pasted text reads as it was copied.
///
/// A line feed acts as Enter in a shell without bracketed paste. So callers pass text of peers through [`one_line`]
/// first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Replaces unsafe characters, and CRLF by LF.
    pub fn new(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        Self(text.replace(is_harmful, REPLACEMENT.encode_utf8(&mut [0; 4])))
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Replaces line breaks and tabs by spaces.
pub fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " ")
}

fn is_harmful(character: char) -> bool {
    let reorders = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    reorders || character.is_control() && !matches!(character, '\n' | '\t')
}

/// Why text was not copied. `Display` writes one line for the user.
#[derive(Debug)]
pub enum CopyError {
    /// The text is empty.
    Empty,
    /// No clipboard program accepts the text, and it is too large for OSC 52. Holds its size in words.
    TooLarge(String),
    /// The terminal cannot be written.
    Terminal(io::Error),
    /// There is no method.
    Unavailable,
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no text to copy"),
            Self::TooLarge(size) => write!(
                f,
                "{size} are more than a terminal's clipboard takes ({MAX_OSC52}); :write FILE.jsonl keeps them"
            ),
            Self::Terminal(error) => error.fmt(f),
            Self::Unavailable => f.write_str("there is no clipboard here"),
        }
    }
}

impl error::Error for CopyError {}

/// Copies text to the clipboard. Returns one line that names the method. The terminal does not confirm OSC 52, so success
/// means only that it was sent.
///
/// # Errors
///
/// Fails if the text is empty, if it exceeds 74,994 bytes and only the terminal is left, or if the terminal cannot be
/// written.
pub async fn copy(text: Text) -> Result<String, CopyError> {
    if text.as_str().is_empty() {
        return Err(CopyError::Empty);
    }
    let bytes = describe_size(text.as_str());
    for method in methods(env::var_os) {
        match method {
            Method::Program(program, arguments) => {
                // If the program is missing or fails, the next method is tried.
                if pipe_to(program, arguments, text.as_str()).await.is_ok() {
                    return Ok(format!("copied {bytes} with {program}"));
                }
            }
            Method::Terminal { .. } if text.as_str().len() > MAX_OSC52 => {
                return Err(CopyError::TooLarge(bytes));
            }
            Method::Terminal { in_tmux } => {
                crate::guard::write_control(&osc52(&text.0, in_tmux)).map_err(CopyError::Terminal)?;
                // The terminal does not confirm the sequence.
                let through = if in_tmux { "through tmux: OSC 52, with set-clipboard on" } else { "OSC 52" };
                return Ok(format!("sent {bytes} to the terminal's clipboard ({through})"));
            }
        }
    }
    Err(CopyError::Unavailable)
}

/// The size in bytes and lines. The lines are a warning, because pasting several lines into a shell can run them.
fn describe_size(text: &str) -> String {
    let bytes = if text.len() == 1 { "1 byte".to_owned() } else { format!("{} bytes", text.len()) };
    match text.lines().count() {
        1 => bytes,
        lines => format!("{bytes} in {lines} lines"),
    }
}

/// The possible methods, best first.
fn methods(variable: impl Fn(&'static str) -> Option<OsString>) -> Vec<Method> {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is_local = !crate::ssh::is_ssh_session(&variable);
    let in_tmux = is_set("TMUX");
    let programs = [
        (cfg!(target_os = "macos"), Method::Program("pbcopy", &[])),
        (is_set("WAYLAND_DISPLAY"), Method::Program("wl-copy", &[])),
        (is_set("DISPLAY"), Method::Program("xclip", &["-selection", "clipboard"])),
        (is_set("DISPLAY"), Method::Program("xsel", &["--clipboard", "--input"])),
    ];
    let mut methods: Vec<_> = programs
        .into_iter()
        .filter(|(is_there, _)| is_local && *is_there)
        .map(|(_, method)| method)
        .collect();
    methods.extend(in_tmux.then_some(TMUX));
    methods.push(Method::Terminal { in_tmux });
    methods
}

/// Runs a clipboard program with the text as its input. The program itself stays in the background while it owns the
/// clipboard.
async fn pipe_to(program: &str, arguments: &[&str], text: &str) -> io::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let taken = async {
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes()).await?;
        }
        let status = child.wait().await?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("{program} ended with {status}")))
        }
    };
    tokio::time::timeout(PROGRAM_TIMEOUT, taken).await?
}

/// The OSC 52 sequence. In tmux it is sent twice: plain for tmux's own clipboard, and wrapped for the outer terminal.
/// tmux obeys each only if it is configured to; sending both does no harm.
fn osc52(text: &str, in_tmux: bool) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if !in_tmux {
        return plain.into_bytes();
    }
    format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_osc_52_sequence_has_these_bytes() {
        assert_eq!(osc52("GNU\n\u{20ac}", false), b"\x1b]52;c;R05VCuKCrA==\x07");
        let in_tmux = b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\";
        assert_eq!(osc52("hi", true), in_tmux);
        assert!(osc52(&"x".repeat(MAX_OSC52), false).len() <= 100_000);
    }

    #[test]
    fn the_clipboard_methods_depend_on_the_session() {
        let terminal = |in_tmux| Method::Terminal { in_tmux };
        let names = |set: &'static [&'static str]| {
            let methods = methods(|name| set.contains(&name).then(|| "1".into()));
            let program = |method| match method {
                Method::Program(program, _) => program,
                Method::Terminal { in_tmux: true } => "terminal around tmux",
                Method::Terminal { in_tmux: false } => "terminal",
            };
            methods.into_iter().map(program).filter(|name| *name != "pbcopy").collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["terminal"]);
        assert_eq!(names(&["TMUX"]), ["tmux", "terminal around tmux"]);
        assert_eq!(names(&["TMUX", "SSH_TTY", "DISPLAY"]), ["tmux", "terminal around tmux"]);
        assert_eq!(names(&["DISPLAY"]), ["xclip", "xsel", "terminal"]);
        assert_eq!(names(&["WAYLAND_DISPLAY", "DISPLAY"]), ["wl-copy", "xclip", "xsel", "terminal"]);
        for ssh in ["SSH_CONNECTION", "SSH_TTY"] {
            assert_eq!(
                methods(|name| (name == ssh || name == "DISPLAY").then(|| "1".into())),
                [terminal(false)],
                "the desktop of {ssh} is not the user's"
            );
        }
        assert_eq!(methods(|name| (name == "DISPLAY").then(OsString::new)).last(), Some(&terminal(false)));
    }

    #[tokio::test]
    async fn a_clipboard_program_receives_the_text_and_its_failure_is_detected() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("copied");
        let script = format!("cat > '{}'", file.display());
        pipe_to("sh", &["-c", &script], "two\nlines").await.unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "two\nlines");
        assert!(pipe_to("sh", &["-c", "cat; exit 1"], "x").await.is_err());
        assert!(pipe_to("there-is-no-such-program", &[], "x").await.is_err());
    }

    #[test]
    fn copied_text_is_the_original_without_unsafe_characters() {
        for text in [
            "GNU Terry Pratchett",
            "a\tb\nc",
            "\u{1f469}\u{200d}\u{1f4bb} \u{2764}\u{fe0f}",
            "\u{5de}\u{5d2}",
        ] {
            assert_eq!(Text::new(text).as_str(), text);
        }
        for (text, copied) in [
            ("\x1b]52;c;aGk=\x07", "\u{fffd}]52;c;aGk=\u{fffd}"),
            ("\u{9b}31m\x7f\0", "\u{fffd}31m\u{fffd}\u{fffd}"),
            ("one\r\ntwo\rthree", "one\ntwo\u{fffd}three"),
            ("abc\u{202e}txt.exe", "abc\u{fffd}txt.exe"),
            ("one\u{2028}two\u{2029}", "one\u{fffd}two\u{fffd}"),
        ] {
            assert_eq!(Text::new(text).as_str(), copied);
        }
    }

    #[test]
    fn several_lines_are_counted() {
        assert_eq!(describe_size("x"), "1 byte");
        assert_eq!(describe_size("two words"), "9 bytes");
        assert_eq!(describe_size("two\nlines"), "9 bytes in 2 lines");
    }

    proptest! {
        #[test]
        fn no_control_character_is_copied(text in clacks_text::testing::hostile()) {
            let copied = Text::new(&text);
            prop_assert!(!copied.as_str().contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            let reorders = copied.as_str().contains(['\u{202e}', '\u{2067}', '\u{2028}', '\u{2029}']);
            prop_assert!(!reorders);
            let line = Text::new(&one_line(&text));
            prop_assert!(!line.as_str().contains(char::is_control));
            let bytes = osc52(copied.as_str(), false);
            prop_assert!(bytes[1..bytes.len() - 1].iter().all(u8::is_ascii_graphic));
        }
    }
}
