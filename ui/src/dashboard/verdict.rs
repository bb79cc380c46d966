//! Whether a line will work, told while it is written.

use serde::de::IgnoredAny;

use super::completion::{self, Completion};
use crate::{
    command::{Argument, COMMANDS, Command, CommandError},
    filter::Reason,
    objection,
    station::StationError,
};

/// What is to be said of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Verdict {
    /// It will work, as far as can be known.
    Fine,
    /// It does not work yet, but what is missing can follow.
    #[default]
    Begun,
    /// Whatever follows, it will not work, for this reason.
    Wrong(String),
}

/// Judges a line. The objection is that of the node, and the completion what could stand at the line's end.
pub(crate) fn verdict(line: &str, objection: Option<&str>, completion: &Completion) -> Verdict {
    let (reason, can_go_on) = match (works(line), objection) {
        (Ok(()), None) => return Verdict::Fine,
        // What the node knows is longer.
        (Ok(()), Some(objection)) => (objection.to_owned(), can_be_completed(line, completion)),
        (Err(reason), _) => (reason, can_be_completed(line, completion) || can_go_on(line)),
    };
    if can_go_on { Verdict::Begun } else { Verdict::Wrong(reason) }
}

/// Whether a line works wherever it is sent, or why not.
fn works(line: &str) -> Result<(), String> {
    match Command::parse(line).map_err(|error| error.to_string())? {
        Command::Node(command) => objection::always(&command).map_or(Ok(()), Err),
        Command::View(_) => Ok(()),
    }
}

/// Whether a line works with one of the choices at its end, which begins with what is there.
fn can_be_completed(line: &str, completion: &Completion) -> bool {
    let Some((before, typed)) = line.split_at_checked(completion.replaces.start) else { return false };
    let mut longer = completion
        .choices
        .iter()
        .map(|choice| &choice.text)
        .filter(|text| text.len() > typed.len() && completion::begins(text, typed));
    longer.any(|text| works(&format!("{before}{text}")).is_ok())
}

/// Whether a line can become one that works if something is written behind it.
fn can_go_on(line: &str) -> bool {
    match completion::argument(line) {
        _ if line.trim_matches([' ', ':']).is_empty() => true,
        None => {
            let name = line.trim_start_matches([':', ' ']);
            COMMANDS.iter().any(|spec| spec.name.starts_with(name))
        }
        Some((spec, written)) => argument_can_go_on(line, spec.argument, written.unwrap_or_default()),
    }
}

/// How an address can go on: with a host, a port, or both; of an IPv6 address with a group, or with the rest of the
/// IPv4 address at its end.
const HOSTS_AND_PORTS: &[&str] =
    &["1", ":1", "a:1", "]:1", "1]:1", ":1]:1", "::1]:1", ".1]:1", "1.1]:1", ".1.1]:1", "1.1.1]:1"];
/// The same of a remote address, in brackets or not.
const REMOTES: &[&str] = &[
    ":::1", "::1", ":1", "1", "1.1.1.1", "1.1.1", "1.1", ".1.1.1", ".1.1", ".1", "]", "1]", ":1]", "::1]",
    ".1.1.1]", ".1.1]", ".1]", "1.1.1]", "1.1]",
];

/// Whether something can be written behind an argument that makes it work. Where there is no telling from the text
/// itself, a few endings are tried.
fn argument_can_go_on(line: &str, argument: Argument, written: &str) -> bool {
    let endings: &[&str] = match argument {
        _ if written.is_empty() => return argument != Argument::Nothing,
        Argument::Json => return is_json_begun(written),
        Argument::Drop if written.bytes().all(|byte| byte.is_ascii_digit()) => &["1"],
        Argument::Filter | Argument::Station | Argument::Drop => return is_filter_begun(line),
        Argument::Choice(_, words) => return words.iter().any(|word| word.starts_with(written)),
        Argument::Address(_) => HOSTS_AND_PORTS,
        Argument::Party(_) => return can_end(line, HOSTS_AND_PORTS) || can_end(line, REMOTES),
        Argument::Rate => &["1", ".1", ".001", "5"],
        Argument::MessageId => &["1"],
        Argument::Held => &["1", "ll", "l"],
        // The new text may be JSON.
        Argument::Edit => return is_edit_begun(written),
        // What the file is to hold is told by the end of its name.
        Argument::File | Argument::FileOrNothing => &[".csv", "a.csv"],
        // A URL may lack its host, or the other bracket of one.
        Argument::ListOrNothing => &["a", "::1]", ":1]", "1]", "]"],
        Argument::Nothing | Argument::Theme | Argument::Line => &[],
    };
    can_end(line, endings)
}

fn can_end(line: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| works(&format!("{line}{ending}")).is_ok())
}

/// Whether something can follow behind the new text of a message.
fn is_edit_begun(written: &str) -> bool {
    let Some((_, text)) = written.split_once(char::is_whitespace) else { return false };
    text.strip_prefix(":json").is_some_and(|value| value.trim().is_empty() || is_json_begun(value))
        || ":json".starts_with(text)
}

fn is_json_begun(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

fn is_filter_begun(line: &str) -> bool {
    let Err(CommandError::Filter(error) | CommandError::Station(StationError::Filter(error))) =
        Command::parse(line)
    else {
        return false;
    };
    match error.reason {
        Reason::UnclosedQuotes | Reason::Unclosed | Reason::UnclosedExpression => true,
        // What is missing can only follow at the end.
        Reason::Missing | Reason::NoAddress(_) | Reason::Size | Reason::NoExpression => {
            ["a", "1", "=1", "/a/"].iter().any(|ending| works(&format!("{line}{ending}")).is_ok())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dashboard::completion::{Candidates, complete};

    fn judged(line: &str) -> Verdict {
        verdict(line, None, &complete(line, line.len(), Candidates::default()))
    }

    #[test]
    fn what_works_is_fine() {
        for line in [
            "hello",
            ":ignore a:1",
            ":ignore ip:1.2.3.4",
            ":unignore ip:::1",
            ":add [::1]:1",
            ":json [1]",
            ":filter",
            ":filter a | b",
            ":quit",
        ] {
            assert_eq!(judged(line), Verdict::Fine, "{line:?}");
        }
    }

    #[test]
    fn what_can_still_work_is_not_wrong() {
        for line in [
            "",
            "  ",
            ":",
            ":i",
            ":ignore",
            ":ignore ",
            ":ignore ip",
            ":ignore ip:",
            ":ignore ip:192.",
            ":ignore ip:192.0.2",
            ":ignore ip:2001:db8",
            ":ignore ip:2001:db8:",
            ":ignore ip:[2001:db8",
            ":ignore ip:[::7",
            ":ignore ip:::ffff:192.0",
            ":add t",
            ":add tower",
            ":add tower-",
            ":add tower:",
            ":add [",
            ":add [2001:db8",
            ":add [2001:",
            ":add [::ffff:1.2",
            ":add [::1]",
            ":rate 0",
            ":rate 0.0",
            ":rate 1e",
            ":json {\"a\": [1, 2",
            ":json tru",
            ":motion r",
            ":write",
            ":write no",
            ":write notes/",
            ":write! notes.js",
            ":edit ",
            ":release a",
            ":edit 3 :js",
            ":edit 3 :json [1",
            ":filter \"gnu",
            ":filter (a | b",
            ":filter from:",
            ":filter size>",
            ":filter re:/^gn",
            ":filter status:l",
            ":filter a |",
            ":filter !",
            ":station 3 from:",
            ":station 3 bell (a",
        ] {
            assert_eq!(judged(line), Verdict::Begun, "{line:?}");
        }
    }

    #[test]
    fn what_cannot_work_any_more_is_wrong() {
        for (line, reason) in [
            (":frob", "there is no command :frob"),
            (":ignored ", "there is no command :ignored"),
            (":add to wer", "host:port"),
            (":add ip:1.2.3.4", "1 to 65535"),
            (":ignore ip:tower.", "an IP address"),
            (":ignore ip:1.2.3.4:8", "an IP address"),
            (":ignore ip:1.2.3.0/24", "an IP address"),
            (":add tower:99999", "1 to 65535"),
            (":add tower:80a", "1 to 65535"),
            (":rate fast", "messages a second"),
            (":rate 200000", "0.001 to 100000"),
            (":rate -", "messages a second"),
            (":drop it", "by its number"),
            (":json {]", "not JSON"),
            (":json null", "never queued"),
            (":motion often", "full, reduced or off"),
            (":filter status:gone", "a status is"),
            (":filter size>1q", "size"),
            (":filter a)", "parenthesis"),
            (":station 3 type:odd", "a type is"),
            (":filter from: | a", "from:"),
            (":release on", "by its number, or all"),
            (":edit it", "by its number"),
            (":edit 3 :quit", "new text"),
            (":quit now", "takes nothing"),
        ] {
            match judged(line) {
                Verdict::Wrong(told) => assert!(told.contains(reason), "{line:?}: {told}"),
                other => panic!("{line:?} is {other:?}"),
            }
        }
    }

    #[test]
    fn an_objection_of_the_node_counts_unless_a_longer_name_is_known() {
        let wrong = Verdict::Wrong("no such peer".to_owned());
        let objection = Some("no such peer");
        assert_eq!(verdict(":forget a:1", objection, &Completion::default()), wrong);
        let known = Completion {
            replaces: 8..11,
            choices: vec![completion::Choice { text: "a:12".to_owned(), ..Default::default() }],
        };
        assert_eq!(verdict(":forget a:1", objection, &known), Verdict::Begun);
        assert_eq!(verdict("hello", None, &Completion::default()), Verdict::Fine);
    }

    proptest! {
        #[test]
        fn no_line_is_too_much(line in "(?s):?(filter |add |json |rate )?.*") {
            judged(&line);
        }
    }
}
