//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{config::Config, demo};

/// A terminal monitor with a whole clacks node inside.
///
/// Without a command it starts a node and shows it on the screen.
#[derive(Debug, Parser)]
#[command(name = "clacks", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node without a screen: commands on standard input, events as JSON lines on standard output
    #[command(mut_arg("no_mouse", |argument| argument.hide(true)))]
    Node(Box<Run>),
    /// Watch a network of nodes that lives on this machine only as long as you watch
    Demo(Demo),
    /// Print the default configuration file, which says what each option means
    Config,
}

/// A node and where its options come from.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) config: Config,
    /// Configuration file [default: clacks/config.toml in the platform's configuration directory, if it exists]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

impl Run {
    /// Everything that was told, by whichever way.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        self.config.with_file(self.file.as_deref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) options: demo::Options,
    /// Print events as JSON lines, as `clacks node` does
    #[arg(long)]
    pub(crate) no_screen: bool,
    /// Leave the mouse to the terminal
    #[arg(long, conflicts_with = "no_screen")]
    pub(crate) no_mouse: bool,
}

/// What was wrong with the command line, in one line.
pub(crate) fn complaint(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let first_paragraph = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim);
    let complaint = first_paragraph.collect::<Vec<_>>().join(" ");
    format!("{complaint}; clacks --help lists the options")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint_about(arguments: &[&str]) -> String {
        complaint(&Cli::try_parse_from([&["clacks"], arguments].concat()).unwrap_err())
    }

    #[test]
    fn a_complaint_is_one_line_that_names_what_is_wrong() {
        for (arguments, named) in [
            (&["--frobnicate"][..], "--frobnicate"),
            (&["--port", "99999"], "99999"),
            (&["--kill-timeout", "soon"], "a kill timeout is"),
            (&["--peer", "tower"], "host:port"),
            (&["--log-level", "loud"], "[possible values: error, warn, info, debug, trace]"),
            (&["node", "--max-in-flight"], "--max-in-flight"),
            (&["semaphore"], "semaphore"),
            (&["demo", "--nodes", "0"], "0 is not in 1..=64"),
        ] {
            let complaint = complaint_about(arguments);
            assert!(complaint.contains(named), "{complaint}");
            assert!(!complaint.contains('\n') && !complaint.contains("error:"), "{complaint}");
        }
    }

    #[test]
    fn switches_can_be_turned_off_again() {
        let no_state = |arguments: &[&str]| {
            Cli::try_parse_from([&["clacks"], arguments].concat()).unwrap().run.config.no_state
        };
        assert_eq!(no_state(&[]), None);
        assert_eq!(no_state(&["--no-state"]), Some(true));
        assert_eq!(no_state(&["--no-state=false"]), Some(false));
    }
}
