//! The command line.

use std::ffi::{OsStr, OsString};

use clacks_text::paths::UserPath;
use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{
    archive,
    config::{
        Config,
        peercloud::PeercloudConfig,
        view::{HEADING as VIEW_HEADING, RECORDING_HEADING, View},
    },
    demo,
    plugins::{PluginOptions, tools::PluginsCommand},
    replay, simulate,
};

mod effect;
#[cfg(test)]
mod effect_tests;
#[cfg(test)]
mod option_tests;

/// A terminal monitor with a complete clacks node inside.
///
/// Without a command it starts a node and shows it on the screen.
#[derive(Debug, Parser)]
#[command(name = "clacks", version, args_conflicts_with_subcommands = true, args_override_self = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node without a screen: commands on standard input, events as JSON lines on standard output
    #[command(mut_args(without_screen))]
    Node(Box<Run>),
    /// Start a demo network on this machine and watch it; it ends when you leave
    Demo(Box<ClacksDemo>),
    /// Play a recording on the screen, without a node or a network
    #[command(mut_args(not_of_a_replay))]
    Replay(Box<replay::ReplayOptions>),
    /// Simulate a network of many nodes; show it on the screen, and print a table, JSON or CSV
    Simulate(Box<simulate::SimulateOptions>),
    /// Run a node of a peercloud network, a private cloud in which every member knows every other; show it on the screen
    Peercloud(Box<Peercloud>),
    /// Write, check and test plugins
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// Search, show, export, prune or check the archive of messages
    Archive(Box<archive::ArchiveOptions>),
    /// Print the default configuration file, which explains each option
    Config,
}

/// `clacks peercloud`, with its own commands.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Peercloud {
    #[command(subcommand)]
    pub(crate) command: Option<PeercloudCommand>,
    #[command(flatten)]
    pub(crate) run: PeercloudRun,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeercloudCommand {
    /// Run a peercloud node without a screen: commands on standard input, events as JSON lines on standard output
    #[command(mut_args(without_screen))]
    Node(Box<PeercloudRun>),
    /// Start a demo cloud on this machine and watch it; it ends when you leave
    Demo(Box<Demo>),
}

/// The options of a peercloud node, and the path of the configuration file.
#[derive(Debug, Args)]
pub(crate) struct PeercloudRun {
    #[command(flatten)]
    pub(crate) config: PeercloudConfig,
    /// Configuration file [default: clacks/config.toml in the platform's configuration directory, if it exists]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE")]
    pub(crate) file: Option<UserPath>,
    /// The options on the command line whose effect depends on the configuration file, by id.
    #[arg(skip)]
    file_options: Vec<&'static str>,
}

impl PeercloudRun {
    /// Merges the options of all sources.
    pub(crate) fn config(self) -> anyhow::Result<PeercloudConfig> {
        let config = self.config.with_file(self.file.as_deref())?;
        effect::check_log(&self.file_options, config.log.log_file.is_some())
            .and_then(|()| {
                effect::check_peercloud(&self.file_options, config.node.has_key(), config.node.repairs())
            })
            .map_err(anyhow::Error::msg)?;
        Ok(config)
    }
}

/// The options of a node, and the path of the configuration file.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) config: Config,
    /// Configuration file [default: clacks/config.toml in the platform's configuration directory, if it exists]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE")]
    pub(crate) file: Option<UserPath>,
    /// The options on the command line whose effect depends on the configuration file, by id.
    #[arg(skip)]
    file_options: Vec<&'static str>,
}

impl Run {
    /// Merges the options of all sources.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let config = self.config.with_file(self.file.as_deref())?;
        effect::check_log(&self.file_options, config.log.log_file.is_some()).map_err(anyhow::Error::msg)?;
        Ok(config)
    }
}

/// `clacks demo`.
#[derive(Debug, Args)]
pub(crate) struct ClacksDemo {
    #[command(flatten)]
    pub(crate) demo: Demo,
    #[command(flatten)]
    pub(crate) scripts: PluginOptions,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) options: demo::DemoOptions,
    /// Print events as JSON lines; nothing is shown on a screen
    #[arg(long)]
    pub(crate) no_screen: bool,
    #[command(flatten)]
    pub(crate) view: View,
    /// Configuration file; only its options of the screen are used [default: as without a command]
    #[arg(long = "config", env = "CLACKS_CONFIG", value_name = "FILE")]
    pub(crate) file: Option<UserPath>,
}

/// Hides an option that a replay does not have from its help, and ignores its environment variable, which is for nodes.
fn not_of_a_replay(argument: clap::Arg) -> clap::Arg {
    if argument.get_help_heading() == Some(RECORDING_HEADING) {
        return argument.hide(true).env(clap::builder::Resettable::Reset);
    }
    argument
}

/// Hides an option of the screen from the help of a command without a screen.
fn without_screen(argument: clap::Arg) -> clap::Arg {
    let is_of_the_screen = argument.get_help_heading() == Some(VIEW_HEADING);
    argument.hide(is_of_the_screen)
}

/// Parses the command line, and the environment for options that are missing there.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let is = |at: usize, name: &str| arguments.get(at).is_some_and(|argument| argument == name);
    let command = Cli::command();
    // A command ignores the options of another one, so an invalid one is no error for it.
    let takes_options =
        !["demo", "replay", "simulate", "peercloud", "archive", "config"].iter().any(|name| is(1, name));
    let command = if takes_options { command } else { without_variables(command) };
    let command = if is(1, "peercloud") && is(2, "demo") {
        command.mut_subcommand("peercloud", without_variables)
    } else {
        command
    };
    let command = with_lists_of_environment(command, arguments);
    let command = without_empty_variables(command, &|name| std::env::var_os(name));
    let matches = command.try_get_matches_from(with_negative_values(arguments))?;
    effect::check(&matches)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let file_options = effect::of_the_file(&matches);
    match &mut cli.command {
        None => cli.run.file_options = file_options,
        Some(Command::Node(run)) => run.file_options = file_options,
        Some(Command::Peercloud(peercloud)) => match &mut peercloud.command {
            None => peercloud.run.file_options = file_options,
            Some(PeercloudCommand::Node(run)) => run.file_options = file_options,
            Some(PeercloudCommand::Demo(_)) => {}
        },
        _ => {}
    }
    Ok(cli)
}

fn without_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| argument.env(None::<&str>))
}

/// Parses the environment alone, for the options of this command.
pub(crate) fn matches_of_environment(command: clap::Command) -> Result<clap::ArgMatches, String> {
    let command = with_lists_of_environment(command, &[]);
    let command = without_empty_variables(command, &|name| std::env::var_os(name));
    command.try_get_matches_from(["clacks"]).map_err(|error| complaint(&error))
}

/// Joins a negative number to the option before it, as in `--port=-1`. Otherwise clap would read the number as an
/// option.
fn with_negative_values(arguments: &[OsString]) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(arguments.len());
    let mut has_options = true;
    for argument in arguments {
        has_options &= argument != "--";
        let last = joined.last_mut().filter(|_| has_options && is_negative_number(argument));
        match last.filter(|last| is_option_without_value(last)) {
            Some(option) => {
                option.push("=");
                option.push(argument);
            }
            None => joined.push(argument.clone()),
        }
    }
    joined
}

fn is_negative_number(argument: &OsStr) -> bool {
    let number = argument.to_str().and_then(|text| text.strip_prefix('-'));
    number.is_some_and(|number| number.trim_start_matches('.').starts_with(|c: char| c.is_ascii_digit()))
}

fn is_option_without_value(argument: &OsStr) -> bool {
    argument.to_str().is_some_and(|text| text.len() > 2 && text.starts_with("--") && !text.contains('='))
}

/// Treats an empty or blank environment variable as unset, because compose files and systemd units can set such
/// variables.
fn without_empty_variables(
    command: clap::Command,
    variable: &dyn Fn(&OsStr) -> Option<OsString>,
) -> clap::Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().and_then(variable);
        let is_empty = value.is_some_and(|value| value.to_string_lossy().trim().is_empty());
        if is_empty { argument.env(None::<&str>) } else { argument }
    });
    command.mut_subcommands(|subcommand| without_empty_variables(subcommand, variable))
}

/// Options with several files, by id and flag.
const LISTS_OF_FILES: [(&str, &str); 2] =
    [("peers_from", "--peers-from"), ("accepted_keys", "--accepted-key")];

/// Splits the files of such options in the environment at commas. A flag names one file, because its path or URL can
/// contain commas.
fn with_lists_of_environment(command: clap::Command, arguments: &[OsString]) -> clap::Command {
    let is_given = |flag: &str| {
        let after = |argument: &OsString| Some(argument.to_str()?.strip_prefix(flag)?.to_owned());
        arguments.iter().filter_map(after).any(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let split: Vec<_> =
        LISTS_OF_FILES.iter().filter(|(_, flag)| !is_given(flag)).map(|(id, _)| *id).collect();
    with_split(command, &split)
}

/// Splits the values of these options of a command and its subcommands at commas.
fn with_split(command: clap::Command, ids: &[&str]) -> clap::Command {
    let split = |argument: clap::Arg| {
        if ids.contains(&argument.get_id().as_str()) { argument.value_delimiter(',') } else { argument }
    };
    command.mut_args(split).mut_subcommands(|subcommand| with_split(subcommand, ids))
}

/// The error of the command line or the environment in one line.
pub(crate) fn complaint(error: &clap::Error) -> String {
    if let Some(text) = before_a_command(error) {
        return text;
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let mut paragraphs =
        text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let complaint = paragraphs.next().unwrap_or_default();
    let tip = paragraphs.find_map(|paragraph| paragraph.strip_prefix("tip: ").map(str::to_owned));
    let tip = tip.unwrap_or_else(|| format!("{} --help lists the options", program(error)));
    match variable(error) {
        Some(variable) => format!("{complaint} (from the environment variable {variable})"),
        None => format!("{complaint}; {tip}"),
    }
}

/// The program, with the command whose own commands and options the error is about.
fn program(error: &clap::Error) -> &'static str {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    if usage.contains("clacks peercloud") { "clacks peercloud" } else { "clacks" }
}

/// The error for options of a command that stand before the command.
fn before_a_command(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(command)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let options = match error.get(ContextKind::PriorArg)? {
        ContextValue::String(option) => option.clone(),
        ContextValue::Strings(options) => options.join(" "),
        _ => return None,
    };
    (error.kind() == ErrorKind::ArgumentConflict).then(|| {
        let program = program(error);
        format!(
            "{options} stands before {command}; write it behind {command}, as in {program} {command} {options}"
        )
    })
}

/// The environment variable that contains the invalid value.
fn variable(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    let mut command = Cli::command();
    // Arguments have names only after this.
    command.build();
    // Of several values in one variable only the invalid one is named.
    let holds_it = |variable: &str| {
        std::env::var(variable).is_ok_and(|values| values.split(',').any(|one| one == value))
    };
    variables_of(&command, argument).into_iter().find(|variable| holds_it(variable))
}

/// The environment variables of the option with this usage, of a command and its subcommands.
fn variables_of(command: &clap::Command, usage: &str) -> Vec<String> {
    let options = command.get_arguments().filter(|known| known.to_string() == usage);
    let variables = options.filter_map(|option| Some(option.get_env()?.to_str()?.to_owned()));
    let variables: Vec<_> = variables.collect();
    variables.into_iter().chain(command.get_subcommands().flat_map(|sub| variables_of(sub, usage))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint_about(arguments: &[&str]) -> String {
        let arguments: Vec<_> = [&["clacks"], arguments].concat().iter().map(OsString::from).collect();
        complaint(&parse(&arguments).unwrap_err())
    }

    /// The environment variables of a command and its subcommands.
    fn variables(command: &clap::Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(clap::Arg::get_env);
        let own: Vec<_> = own.map(|name| name.to_string_lossy().into_owned()).collect();
        own.into_iter().chain(command.get_subcommands().flat_map(variables)).collect()
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let all = variables(&Cli::command());
        assert!(all.iter().all(|name| name.starts_with("CLACKS_")) && all.len() > 40, "{all:?}");
        for (value, left) in [("", 0), (" ", 0), ("\t\n", 0), ("0", all.len())] {
            let command = without_empty_variables(Cli::command(), &|_| Some(value.into()));
            assert_eq!(variables(&command).len(), left, "{value:?}");
        }
        assert_eq!(variables(&without_empty_variables(Cli::command(), &|_| None)), all);
    }

    #[test]
    fn an_error_is_one_line_that_names_the_cause() {
        for (arguments, named) in [
            (&["--frobnicate"][..], "'--frobnicate' found; clacks --help"),
            (&["--hostnam", "x"], "a similar argument exists: '--hostname'"),
            (&["--port", "99999"], "99999"),
            (&["--kill-timeout", "soon"], "a kill timeout is"),
            (&["--peer", "tower"], "host:port"),
            (&["--peers-from", "http://example.org/peers"], "use https"),
            (&["--peers-from", "ftp://example.org/peers"], "not ftp://"),
            (&["--filter", "form:tower"], "there is no field form:, but from: there is"),
            (&["--log-level", "loud"], "[possible values: error, warn, info, debug, trace]"),
            (&["node", "--max-in-flight"], "--max-in-flight"),
            (&["--max-peers", "0"], "a number here is whole and at least 1, such as 100"),
            (&["--body-timeout", "2days"], "from 10ms to 24h"),
            (&["--payload-rate", "-1"], "or 0 for no limit"),
            (&["--max-body", "2G"], "from 1K to 1G"),
            (&["semaphore"], "semaphore"),
            (&["--port", "0", "node"], "write it behind node, as in clacks node --port"),
            (&["demo", "--nodes", "0"], "a number of nodes is whole and from 1 to 64, such as 8"),
            (&["--with", "usenet"], "[possible values: peercloud]"),
            (&["peercloud", "--peer", "a b"], "a member is written host or host:port, such as"),
            (&["peercloud", "--data", "{"], "the data of a node is JSON, such as"),
            (&["peercloud", "--reply", "loud"], "a reply is none, echo, or JSON such as"),
            (&["peercloud", "--check-interval", "50ms"], "from 100ms to 24h, or off"),
            (&["peercloud", "--hostnam", "x"], "a similar argument exists: '--hostname'"),
            (&["peercloud", "node", "--max-members", "0"], "a number here is whole and at least 1"),
            (&["peercloud", "nodes"], "nodes"),
            (
                &["peercloud", "--port", "0", "node"],
                "write it behind node, as in clacks peercloud node --port",
            ),
        ] {
            let complaint = complaint_about(arguments);
            assert!(complaint.contains(named), "{complaint}");
            assert!(!complaint.contains('\n') && !complaint.contains("error:"), "{complaint}");
        }
    }

    #[test]
    fn a_list_named_by_a_flag_can_contain_commas() {
        let lists = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            let cli = parse(&arguments).unwrap();
            let run = match cli.command {
                Some(Command::Node(run)) => *run,
                _ => cli.run,
            };
            run.config.peers_from.unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        for command in [&["clacks"][..], &["clacks", "node"]] {
            let given = [command, &["--peers-from", "a,b", "--peers-from=https://example.org/c,d"]].concat();
            assert_eq!(lists(&given), ["a,b", "https://example.org/c,d"], "{given:?}");
        }
    }

    #[test]
    fn file_options_on_the_command_line_need_a_log_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("none.toml"), "log-level = 'debug'\n").unwrap();
        std::fs::write(path("log.toml"), "log-file = 'log'\n").unwrap();
        let outcome = |command: &str, file: &str, options: &str| {
            let line = format!("clacks {command} {options} --config {}", path(file));
            let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
            let cli = parse(&arguments).unwrap();
            let result = match cli.command {
                Some(Command::Node(run)) => run.config().map(drop),
                Some(Command::Peercloud(peercloud)) => match peercloud.command {
                    Some(PeercloudCommand::Node(run)) => run.config().map(drop),
                    _ => peercloud.run.config().map(drop),
                },
                _ => cli.run.config().map(drop),
            };
            result.map_err(|error| error.to_string())
        };
        for command in ["", "node", "peercloud", "peercloud node"] {
            for option in ["--log-level", "--log-size"] {
                let value = if option == "--log-size" { "1M" } else { "debug" };
                let refused = outcome(command, "none.toml", &format!("{option} {value}"));
                assert_eq!(refused, Err(format!("{option} has no effect without --log-file")));
                assert_eq!(outcome(command, "log.toml", &format!("{option} {value}")), Ok(()));
                let given = format!("{option} {value} --log-file log");
                assert_eq!(outcome(command, "none.toml", &given), Ok(()));
            }
            assert_eq!(outcome(command, "none.toml", ""), Ok(()), "in a file it may stand");
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
