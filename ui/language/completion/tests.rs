use std::{sync::Arc, time::Duration};

use clacks_p2p::{
    Message,
    core::{Now, Status},
};
use clacks_p2p_feed::description::describe;
use proptest::prelude::*;

use super::{
    choices::choice,
    slot::{argument, split_path},
    *,
};
use crate::{command::table::COMMANDS, traffic_filter::FilterNetworks};

fn peers() -> Vec<Peer> {
    let peer = |address: &str, status| {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        let mut peer = Peer::new(address.parse().unwrap(), status, now);
        peer.last_attempt_ok = status == Status::Alive;
        peer
    };
    vec![
        peer("tower-3:8443", Status::Alive),
        peer("tower-9.example.org:8080", Status::New),
        peer("grand-trunk.example.org:443", Status::Alive),
        peer("rude-tower:8081", Status::Ignored),
    ]
}

fn messages() -> Vec<QueuedMessage> {
    let queued =
        |id: &str, text| QueuedMessage::new(id.parse().unwrap(), Message::text(text), 0, 1, None, None);
    vec![queued("11", "GNU Terry Pratchett"), queued("12", "lamp oil"), queued("20", "clacks")]
}

fn held() -> Vec<QueuedMessage> {
    let mut held = messages().remove(0);
    held.id = "13".parse().unwrap();
    vec![held]
}

/// The fields of a filter of the traffic of clacks.
fn fields() -> Vec<FilterField> {
    FilterNetworks::new([Arc::new(describe("tower:1".into()))]).fields()
}

/// Completes a line at the cursor `|`, or at its end. Returns the line without the mark.
fn completed(line: &str) -> (String, Completion) {
    let cursor = line.find('|').unwrap_or(line.len());
    let (peers, messages) = (peers(), messages());
    let files = ["notes/".to_owned(), "notes.jsonl".to_owned()];
    let candidates = Candidates {
        peers: &peers,
        messages: &messages,
        held: &held(),
        files: &files,
        fields: &fields(),
        ..Candidates::default()
    };
    let line = line.replacen('|', "", 1);
    let completion = complete(&line, cursor, candidates);
    (line, completion)
}

/// Completes a line with all candidates.
fn complete_with_all(line: &str, cursor: usize) -> Completion {
    let (peers, messages) = (peers(), messages());
    let files = ["notes/".to_owned(), "notes.jsonl".to_owned()];
    let remotes = ["192.0.2.7".parse().unwrap()];
    let candidates = Candidates {
        peers: &peers,
        remotes: &remotes,
        messages: &messages,
        held: &held(),
        files: &files,
        themes: &["dark", "light"],
        networks: &["clacks", "toy"],
        lists: &["peers", "queue"],
        columns: &["address", "reverse"],
        fields: &fields(),
    };
    complete(line, cursor, candidates)
}

/// The texts of the choices.
fn offered(line: &str) -> Vec<String> {
    completed(line).1.choices.into_iter().map(|choice| choice.text).collect()
}

/// The line with the first choice applied.
fn taken(line: &str) -> String {
    let (line, completion) = completed(line);
    let (mut line, cursor) = completion.apply(&line, &completion.choices[0]);
    line.insert(cursor, '|');
    line
}

#[test]
fn commands_are_completed_by_their_beginning() {
    assert_eq!(offered(":uni"), ["unignore"]);
    assert_eq!(offered(":q"), ["queue", "quit", "quit!"]);
    assert!(offered(":").contains(&"announce".to_owned()) && !offered(":").contains(&"say".to_owned()));
    assert_eq!(offered(":FIL"), ["filter"]);
    assert_eq!(offered(":anc"), ["announce"], "no command begins so, but one has the letters in this order");
    for message in ["", "hello :ig", "::ig", ":nonsense x"] {
        assert_eq!(offered(message), [""; 0], "{message:?}");
    }
}

#[test]
fn every_argument_is_completed_by_its_kind() {
    assert_eq!(offered(":ignore tow"), ["tower-3:8443", "tower-9.example.org:8080"]);
    assert_eq!(offered(":announce "), offered(":ignore "));
    assert_eq!(offered(":unignore "), ["rude-tower:8081"], "nobody else can be unignored");
    assert_eq!(offered(":forget ").len(), 4);
    assert_eq!(offered(":ignore trunk"), ["grand-trunk.example.org:443"]);
    assert_eq!(offered(":ignore t9org"), ["tower-9.example.org:8080"]);
    assert_eq!(offered(":add "), [""; 0], "whoever is known need not be added");
    assert_eq!(offered(":drop 1"), ["11", "12", "13"], "waiting or held");
    assert_eq!(offered(":edit 1"), offered(":drop 1"));
    assert_eq!(offered(":release "), ["13", "all"]);
    assert_eq!(offered(":quit "), [""; 0]);
}

#[test]
fn a_filter_is_completed_term_by_term() {
    assert_eq!(offered(":filter fr"), ["from:"]);
    assert_eq!(offered(":filter gnu !st"), ["status:"]);
    assert_eq!(offered(":filter gnu |status:"), offered(":filter "), "at the start of a term");
    assert_eq!(offered(":filter status:l"), ["lost"]);
    assert_eq!(offered(":filter (type:a"), ["announce"]);
    assert_eq!(offered(":filter from:rude"), ["rude-tower:8081"]);
    assert_eq!(offered(":filter size>"), [""; 0]);
    assert_eq!(offered(":station 3 status:al"), ["alive"]);
    assert_eq!(offered(":station ").len(), 9);
    assert_eq!(offered(":filter i"), ["ip:"]);
    assert_eq!(offered(":station 3 b"), ["bell"]);
    assert_eq!(offered(":drop a"), ["all"]);
    assert_eq!(offered(":hold 1"), ["11", "12"], "waiting, as what is held is held already");
    assert_eq!(offered(":hold type:"), ["in", "own", "message"], "nothing else waits");
    assert_eq!(offered(":drop status:"), [""; 0]);
    assert!(!offered(":hold gnu ").contains(&"to:".to_owned()));
}

#[test]
fn a_choice_replaces_the_completed_word() {
    assert_eq!(taken(":ann"), ":announce |");
    assert_eq!(taken(":ann| tower:1"), ":announce |tower:1");
    assert_eq!(taken(":an|nx tower:1"), ":announce |tower:1");
    assert_eq!(taken(":qui"), ":quit|");
    assert_eq!(taken(":ignore tower-3|:1  "), ":ignore tower-3:8443|  ");
    assert_eq!(taken(":filter a status:lo| b"), ":filter a status:lost| b");
}

#[test]
fn nothing_is_offered_in_quotes_in_expressions_and_after_the_last_argument() {
    for line in [
        ":filter re:/a|fr",
        ":filter re:/a fr",
        ":filter \"the ty",
        ":hold re:/from:",
        ":drop \"from:",
        ":station 3 bell \"ty",
        ":station 3 re:/fr",
        ":ignore tower-3:8443 tow",
        ":drop 11 1",
        ":edit 11 1",
        ":motion full re",
        ":add ",
        ":rate ",
        ":json t",
    ] {
        let completion = complete_with_all(line, line.len());
        assert_eq!(completion.choices, [], "{line}");
    }
}

#[test]
fn the_text_after_the_word_at_the_cursor_stays() {
    for (line, taken_line) in [
        (":edit 11| Top left.", ":edit 11| Top left."),
        (":edit 1|1 Top left.", ":edit 11| Top left."),
        (":ignore tower-3| and more", ":ignore tower-3:8443| and more"),
        (":fil| from:tower", ":filter |from:tower"),
        (":filter fr|om:tower b", ":filter from:|tower b"),
        (":filter fr|:tower b", ":filter from:|tower b"),
        (":filter status:l|ost b", ":filter status:lost| b"),
        (":station 3 status:l| gnu", ":station 3 status:lost| gnu"),
        (":write no|/b.csv", ":write notes|/b.csv"),
        (":write a b/notes.|j one", ":write a b/notes.jsonl| one"),
        (":motion re| x", ":motion reduced| x"),
    ] {
        assert_eq!(taken(line), taken_line, "{line}");
    }
}

/// Arguments for every command, complete or not, with more words than it accepts.
const ARGUMENTS: [&str; 12] = [
    "",
    "tower-3:8443 and more",
    "ip:192.0.2.7  b",
    "11 Top left.",
    "a b/no tes.csv more",
    "(from:tow | \"in quotes from:\") !status:lo  re:/fr|a b/ size>1k",
    "3 bell from:tower type:in",
    "{\"a\": [1, 2]}",
    "full red",
    "t\u{fc}r \u{1f5fc} x",
    "all  ",
    "  0.5",
];

#[test]
fn a_choice_replaces_only_the_word_at_the_cursor_in_every_command() {
    for spec in COMMANDS {
        for argument in ARGUMENTS {
            let line = format!(":{} {argument}", spec.name);
            for cursor in (0..=line.len()).filter(|at| line.is_char_boundary(*at)) {
                let completion = complete_with_all(&line, cursor);
                for choice in &completion.choices {
                    let (completed, at) = completion.apply(&line, choice);
                    let word_ends = cursor + line[cursor..].find(' ').unwrap_or(line.len() - cursor);
                    let context = format!("{line:?} at {cursor}: {completed:?}");
                    assert!(completed.ends_with(&line[word_ends..]), "{context}");
                    assert!(completion.replaces.end <= word_ends, "{context}");
                    assert!(
                        completion.replaces.contains(&cursor) || completion.replaces.end == cursor,
                        "{context}"
                    );
                    assert!(completed.starts_with(&line[..completion.replaces.start]), "{context}");
                    let before = &line[completion.replaces.start..cursor];
                    let is_path = before.contains(' ');
                    assert!(
                        !is_path || matches!(spec.argument, Argument::Theme) || spec.argument.takes_file()
                    );
                    assert!(completed.is_char_boundary(at), "{context}");
                }
            }
        }
    }
}

#[test]
fn the_common_prefix_of_choices_ends_on_a_character_boundary() {
    let completion = |texts: &[&str]| Completion {
        replaces: 0..0,
        choices: texts.iter().map(|text| choice(text, "")).collect(),
    };
    assert_eq!(completion(&["tower-3", "tower-9"]).common("", 0), Some("tower-"));
    assert_eq!(completion(&["t\u{fc}r", "t\u{f6}r"]).common("", 0), Some("t"));
    assert_eq!(completion(&["tower", "grand"]).common("", 0), None);
    assert_eq!(completion(&["tower-3"]).common("tower-3", 7), None);
    assert_eq!(completion(&["grand-trunk"]).common("trunk", 5), None);
    assert_eq!(completion(&[]).common("", 0), None);
}

#[test]
fn the_needed_data_is_reported() {
    let need_at_end = |line: &str| need(line, line.len(), &fields());
    assert_eq!(need_at_end(":ignore tow"), Some(Need::Peers(PeerFilter::NotIgnored, "tow".to_owned())));
    assert_eq!(need_at_end(":filter a to:b"), Some(Need::Peers(PeerFilter::All, "b".to_owned())));
    let messages = |held_only| Some(Need::Messages { begun: "1".to_owned(), held_only });
    assert_eq!((need_at_end(":drop 1"), need_at_end(":release 1")), (messages(false), messages(true)));
    for line in [":add tow", ":ign", ":edit 1 x", "tower", "::ignore tow"] {
        assert_eq!(need_at_end(line), None, "{line:?}");
    }
    assert_eq!(split_path("~/notes/ja"), ("~/notes/", "ja"));
    assert_eq!(split_path("ja"), ("", "ja"));
}

proptest! {
    #[test]
    fn completion_handles_any_line_and_cursor(line in "(?s):?(filter |ignore |drop )?.*", cursor in 0..40usize) {
        let (peers, messages) = (peers(), messages());
        let files = ["\u{1f5fc}/".to_owned()];
        let candidates =
        Candidates { peers: &peers, messages: &messages, held: &held(), files: &files, ..Candidates::default() };
        let completion = complete(&line, cursor, candidates);
        for choice in &completion.choices {
            let (line, cursor) = completion.apply(&line, choice);
            prop_assert!(line.is_char_boundary(cursor), "{line:?} at {cursor}");
        }
        let _ = (completion.common(&line, cursor), need(&line, cursor, &fields()), argument(&line));
    }
}
