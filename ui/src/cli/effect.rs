//! Refuses command-line options that have no effect in the chosen mode. The environment and the configuration file may
//! have them, because all modes share both.

use clap::{ArgMatches, Error, error::ErrorKind, parser::ValueSource};

/// The options of the screen, by id.
const OF_THE_SCREEN: &[&str] = &[
    "no_mouse",
    "motion",
    "theme",
    "no_title",
    "no_history",
    "history_file",
    "ascii",
    "filter",
    "accessible",
    "with",
];
/// Options of the screen without effect in the accessible mode.
const NOT_IN_SENTENCES: &[&str] =
    &["no_mouse", "motion", "theme", "no_title", "no_history", "history_file", "with"];
/// Options of the screen without effect in a replay, which sends nothing.
const NOT_IN_A_REPLAY: &[&str] = &["no_history", "history_file"];
/// Options of a simulation without effect if the screen is not shown.
const NOT_IN_PRINT: &[&str] = &["theme", "ascii", "config"];
/// Options of a simulation without effect with `--print`.
const NOT_OF_A_FILE: &[&str] =
    &["set", "samples", "json", "csv", "no_screen", "picture", "theme", "ascii", "config"];
/// Options of a simulation without effect with `--list`.
const NOT_OF_A_LIST: &[&str] =
    &["print", "set", "samples", "json", "csv", "no_screen", "picture", "theme", "ascii", "config"];
/// Options of a node without effect if there is no log file.
const OF_THE_LOG: &[&str] = &["log_level", "log_size"];

/// Options of a peercloud node without effect if nothing is signed.
const OF_SIGNING: &[&str] = &["clock_difference", "replay_memory", "max_remembered"];
/// Options of a peercloud node without effect if it does not repair.
const OF_REPAIRS: &[&str] = &["repair_after", "repair_interval"];

/// Options without effect, and the reason.
type WithoutEffect = (&'static [&'static str], &'static str);

/// Refuses the first command-line option that has no effect with the others.
pub(crate) fn check(matches: &ArgMatches) -> Result<(), Error> {
    let (name, matches) = innermost(matches);
    let found = without_effect(&name, matches)
        .into_iter()
        .find_map(|(ids, why)| ids.iter().find(|id| is_given(matches, id)).map(|id| refusal(id, why)));
    found.map_or(Ok(()), |text| Err(Error::raw(ErrorKind::ArgumentConflict, text)))
}

/// The command that is run, with all its words, and its options.
fn innermost(matches: &ArgMatches) -> (String, &ArgMatches) {
    let Some((name, matches)) = matches.subcommand() else { return (String::new(), matches) };
    let (rest, matches) = innermost(matches);
    (format!("{name} {rest}").trim_end().to_owned(), matches)
}

fn without_effect(name: &str, matches: &ArgMatches) -> Vec<WithoutEffect> {
    let is_on = |id| is_on(matches, id);
    let is_demo = ["demo", "peercloud demo"].contains(&name);
    let has_view = is_demo || ["", "peercloud", "replay"].contains(&name);
    let all: [(bool, WithoutEffect); 9] = [
        (name == "node", (OF_THE_SCREEN, "with clacks node, which has no screen")),
        (name == "peercloud node", (OF_THE_SCREEN, "with clacks peercloud node, which has no screen")),
        (is_demo && is_on("no_screen"), (OF_THE_SCREEN, "with --no-screen")),
        (name == "simulate" && is_on("list"), (NOT_OF_A_LIST, "with --list, which lists the scenarios")),
        (
            name == "simulate" && is_on("print"),
            (NOT_OF_A_FILE, "with --print, which prints the file as it is"),
        ),
        (name == "simulate" && prints_only(matches), (NOT_IN_PRINT, "where nothing is shown")),
        (has_view && is_on("accessible"), (NOT_IN_SENTENCES, "with --accessible, which has no screen")),
        (name == "replay", (NOT_IN_A_REPLAY, "in a replay, where nothing is sent")),
        (has_view && is_on("no_history"), (&["history_file"], "with --no-history")),
    ];
    all.into_iter().filter(|(applies, _)| *applies).map(|(_, without)| without).collect()
}

fn refusal(id: &str, why: &str) -> String {
    format!("--{} has no effect {why}", id.replace('_', "-"))
}

/// The options on the command line whose effect depends on options that the configuration file can have, so they are
/// checked later.
pub(crate) fn of_the_file(matches: &ArgMatches) -> Vec<&'static str> {
    let (_, matches) = innermost(matches);
    let ids = [OF_THE_LOG, OF_SIGNING, OF_REPAIRS].into_iter().flatten();
    ids.copied().filter(|id| is_given(matches, id)).collect()
}

/// Refuses options of the log on the command line if no source names a log file.
pub(crate) fn check_log(given: &[&str], has_log_file: bool) -> Result<(), String> {
    check_given(given, &[(OF_THE_LOG, has_log_file, "without --log-file")])
}

/// Refuses options on the command line that have no effect with the keys and repairs of a peercloud node of any source.
pub(crate) fn check_peercloud(given: &[&str], has_key: bool, repairs: bool) -> Result<(), String> {
    check_given(given, &[(OF_SIGNING, has_key, "without --key"), (OF_REPAIRS, repairs, "with --no-repair")])
}

/// Refuses the first option that is in a group whose condition is not met.
fn check_given(given: &[&str], groups: &[(&[&str], bool, &str)]) -> Result<(), String> {
    let mut unmet = groups.iter().filter(|(_, is_met, _)| !is_met);
    let refused = |(ids, _, why): &(&[&str], bool, &str)| {
        given.iter().find(|id| ids.contains(id)).map(|id| refusal(id, why))
    };
    unmet.find_map(refused).map_or(Ok(()), Err)
}

/// Whether a simulation shows neither a screen nor a picture.
fn prints_only(matches: &ArgMatches) -> bool {
    let prints = ["json", "csv", "no_screen", "list", "print"].iter().any(|id| is_on(matches, id));
    prints && !is_given(matches, "picture")
}

/// Whether a switch is on, from any source.
fn is_on(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.try_get_one::<bool>(id), Ok(Some(true)))
}

/// Whether an option is on the command line.
fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::cli::{Command, complaint, parse};

    fn outcome(line: &str) -> Result<(), String> {
        let arguments: Vec<_> =
            ["clacks"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect();
        parse(&arguments).map(drop).map_err(|error| complaint(&error))
    }

    #[test]
    fn an_option_without_effect_is_refused_by_name() {
        for line in [
            "node --theme dark",
            "node --history-file h",
            "node --no-mouse",
            "node --motion off",
            "node --filter gnu",
            "node --ascii",
            "node --accessible",
            "node --no-title",
            "node --no-history",
            "demo --no-screen --theme dark",
            "--accessible --theme dark",
            "--accessible --history-file h",
            "demo --accessible --no-mouse",
            "replay f --history-file h",
            "replay f --no-history",
            "replay f --accessible --motion off",
            "simulate --json --theme dark",
            "simulate --no-screen --ascii",
            "simulate --list --samples 3",
            "simulate --list --set seed=7",
            "simulate grid --print --samples 3",
            "--no-history --history-file h",
            "node --with peercloud",
            "--accessible --with peercloud",
            "peercloud node --theme dark",
            "peercloud --accessible --no-mouse",
            "peercloud demo --no-screen --filter gnu",
        ] {
            let complaint = outcome(line).unwrap_err();
            let option = line.split_whitespace().filter(|word| complaint.starts_with(word)).count();
            assert!(option == 1 && complaint.contains("has no effect"), "{line}: {complaint}");
        }
    }

    #[test]
    fn an_option_with_an_effect_is_accepted() {
        for line in [
            "--theme dark --history-file h --no-mouse",
            "--accessible --filter gnu --ascii",
            "--accessible=false --theme dark",
            "node --record r --record-size 1M --log-file l",
            "demo --theme dark --history-file h",
            "demo --no-screen --record r",
            "replay f --theme dark --filter gnu",
            "simulate --theme dark",
            "simulate --json --picture p.svg --theme dark",
            "--with peercloud --theme dark",
            "peercloud --theme dark --peer tower --data {}",
            "peercloud node --record r --log-file l --log-level debug",
        ] {
            assert_eq!(outcome(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn an_option_of_a_peercloud_node_needs_the_option_that_gives_it_an_effect() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let outcome = |options: &str, table: &str| {
            std::fs::write(file.path(), table).unwrap();
            let line = format!("clacks peercloud --config {} {options}", file.path().display());
            let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
            let Some(Command::Peercloud(peercloud)) = parse(&arguments).unwrap().command else { panic!() };
            peercloud.run.config().map(drop).map_err(|error| error.to_string())
        };
        let (key, no_repair) = ("[peercloud]\nkey = 'k'", "[peercloud]\nno-repair = true");
        for option in ["--clock-difference 5s", "--replay-memory 5s", "--max-remembered 5"] {
            let complaint = outcome(option, "").unwrap_err();
            let name = option.split(' ').next().unwrap();
            assert_eq!(complaint, format!("{name} has no effect without --key"));
            assert_eq!(outcome(option, key), Ok(()));
            assert_eq!(outcome(&format!("{option} --key k"), ""), Ok(()));
        }
        for option in ["--repair-after 5s", "--repair-interval 5s"] {
            let complaint = outcome(option, no_repair).unwrap_err();
            assert!(complaint.ends_with(" has no effect with --no-repair"), "{complaint}");
            assert_eq!(outcome(option, ""), Ok(()));
            assert_eq!(outcome(&format!("{option} --no-repair=false"), no_repair), Ok(()));
        }
        let in_file =
            "[peercloud]\nno-repair = true\n[peercloud.limits]\nrepair-after = '5s'\nreplay-memory = '5s'";
        assert_eq!(outcome("", in_file), Ok(()), "all modes share the file");
    }
}
