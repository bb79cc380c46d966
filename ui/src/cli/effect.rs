//! Options that would do nothing: whoever gives one on the command line expects something of it, so it is refused. In the
//! environment and in the configuration file it may stand, as both are shared by all ways to run the program.

use clap::{ArgMatches, Error, error::ErrorKind, parser::ValueSource};

/// The options of the screen, by their ids.
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
];
/// Those of them that do nothing where it is told in sentences.
const NOT_IN_SENTENCES: &[&str] = &["no_mouse", "motion", "theme", "no_title", "no_history", "history_file"];
/// Those of them that do nothing in a replay, where nothing is sent.
const NOT_IN_A_REPLAY: &[&str] = &["no_history", "history_file"];
/// Those of them that do nothing where a simulation prints only.
const NOT_IN_PRINT: &[&str] = &["theme", "ascii"];

/// Refuses the first option on the command line that has no effect beside the others.
pub(super) fn check(matches: &ArgMatches) -> Result<(), Error> {
    let (name, matches) = matches.subcommand().map_or(("", matches), |(name, matches)| (name, matches));
    let in_sentences = is_on(matches, "accessible");
    let (without_effect, why): (&[&str], _) = match name {
        "node" => (OF_THE_SCREEN, "with clacks node, which has no screen"),
        "demo" if is_on(matches, "no_screen") => (OF_THE_SCREEN, "with --no-screen"),
        "simulate" if prints_only(matches) => (NOT_IN_PRINT, "where nothing is shown"),
        "" | "demo" | "replay" if in_sentences => {
            (NOT_IN_SENTENCES, "with --accessible, which has no screen")
        }
        "replay" => (NOT_IN_A_REPLAY, "in a replay, where nothing is sent"),
        _ => return Ok(()),
    };
    match without_effect.iter().find(|id| is_given(matches, id)) {
        Some(id) => {
            let text = format!("--{} has no effect {why}", id.replace('_', "-"));
            Err(Error::raw(ErrorKind::ArgumentConflict, text))
        }
        None => Ok(()),
    }
}

/// Whether a simulation has neither a screen nor a picture.
fn prints_only(matches: &ArgMatches) -> bool {
    let prints = ["json", "csv", "no_screen", "list", "print"].iter().any(|id| is_on(matches, id));
    prints && !is_given(matches, "picture")
}

/// Whether a switch is on, wherever that is said.
fn is_on(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.try_get_one::<bool>(id), Ok(Some(true)))
}

/// Whether an option stands on the command line.
fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use crate::cli::{complaint, parse};

    fn outcome(line: &str) -> Result<(), String> {
        let arguments: Vec<_> =
            ["clacks"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect();
        parse(&arguments).map(drop).map_err(|error| complaint(&error))
    }

    #[test]
    fn an_option_that_would_do_nothing_is_refused_by_name() {
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
        ] {
            let complaint = outcome(line).unwrap_err();
            let option = line.split_whitespace().filter(|word| complaint.starts_with(word)).count();
            assert!(option == 1 && complaint.contains("has no effect"), "{line}: {complaint}");
        }
    }

    #[test]
    fn an_option_that_does_something_is_taken() {
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
        ] {
            assert_eq!(outcome(line), Ok(()), "{line}");
        }
    }
}
