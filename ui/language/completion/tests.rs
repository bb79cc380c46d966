use std::{sync::Arc, time::Duration};

use clacks_feed::Value;
use clacks_p2p::{
    Message,
    core::{HeldBy, HeldMessage, Now, Peer, QueuedMessage, Status},
};
use clacks_p2p_feed::{
    description::{HELD, PEERS, QUEUE, REMOTES, describe},
    rows::{Context, held_row, message_row, peer_row},
};
use proptest::prelude::*;

use super::{
    choices::choice,
    slot::{argument, split_path},
    *,
};
use crate::{command::Known, traffic_filter::FilterNetworks};

fn peers() -> Vec<Row> {
    let peer = |address: &str, status| {
        let now = Now { uptime: Duration::ZERO, unix_ms: 0 };
        let mut peer = Peer::new(address.parse().unwrap(), status, now);
        peer.last_attempt_ok = status == Status::Alive;
        peer_row(&peer, Context { started_unix_ms: 0 })
    };
    vec![
        peer("tower-3:8443", Status::Alive),
        peer("tower-9.example.org:8080", Status::New),
        peer("grand-trunk.example.org:443", Status::Alive),
        peer("rude-tower:8081", Status::Ignored),
    ]
}

fn queued(id: &str, text: &str) -> QueuedMessage {
    QueuedMessage::new(id.parse().unwrap(), Message::text(text), 0, 1, None, None)
}

fn messages() -> Vec<Row> {
    let messages = [("11", "GNU Terry Pratchett"), ("12", "lamp oil"), ("20", "clacks")];
    messages.map(|(id, text)| message_row(&queued(id, text))).to_vec()
}

fn held() -> Vec<Row> {
    vec![held_row(&HeldMessage::new(queued("13", "GNU Terry Pratchett"), HeldBy::Hand))]
}

fn clacks() -> Arc<Description> {
    Arc::new(describe("tower:1".into()))
}

/// The rows of the node in which a search finds what was typed.
fn found(network: &Description, find: &Find) -> Found {
    let rows = match find.list {
        PEERS => peers(),
        QUEUE => messages(),
        HELD => held(),
        REMOTES => vec![Row {
            key: "192.0.2.9".into(),
            cells: [Value::text("192.0.2.9".into())].into(),
            ..peers().remove(0)
        }],
        _ => Vec::new(),
    };
    let only: Vec<_> = find.only.iter().map(|name| network.status_id(name.as_str()).unwrap()).collect();
    let has_status = |row: &Row| {
        let has_one = |cell: &Value| matches!(cell, Value::Status(statuses) if only.iter().any(|id| statuses.contains(*id)));
        only.is_empty() || row.cells.iter().any(has_one)
    };
    let typed = find.typed.untrusted();
    let has_text = |row: &Row| {
        let mut texts = row.cells.iter().filter_map(|cell| match cell {
            Value::Text(text, _) => Some(text.untrusted()),
            _ => None,
        });
        matching::spread(row.key.untrusted(), typed).is_some() || texts.any(|text| text.contains(typed))
    };
    Found { list: find.list, rows: rows.into_iter().filter(|row| has_status(row) && has_text(row)).collect() }
}

/// Completes a line for a network, whose node is searched.
fn complete_for(network: &Arc<Description>, line: &str, cursor: usize) -> Completion {
    let fields = FilterNetworks::new([Arc::clone(network)]).fields();
    let row_fields = clacks_feed::filter::fields(clacks_feed::filter::Scope::List(network, PEERS));
    let language = Language { network, fields: &fields, row_fields: &row_fields };
    let found: Vec<_> = match need(line, cursor, language) {
        Some(Need::Items(finds)) => finds.iter().map(|find| found(network, find)).collect(),
        _ => Vec::new(),
    };
    let candidates = Candidates {
        found: &found,
        remotes: &["192.0.2.7".parse().unwrap()],
        files: &["notes/".to_owned(), "notes.jsonl".to_owned()],
        themes: &["dark", "light"],
        networks: &["clacks", "toy"],
        columns: &["address", "reverse"],
        views: &[],
    };
    complete(line, cursor, language, candidates)
}

fn complete_with_all(line: &str, cursor: usize) -> Completion {
    complete_for(&clacks(), line, cursor)
}

/// Completes a line at the cursor `|`, or at its end. Returns the line without the mark.
fn completed(line: &str) -> (String, Completion) {
    let cursor = line.find('|').unwrap_or(line.len());
    let line = line.replacen('|', "", 1);
    let completion = complete_with_all(&line, cursor);
    (line, completion)
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
    assert_eq!(offered(":nnce"), ["announce"], "no command begins so, but one has the letters in this order");
    for message in ["", "hello :ig", "::ig", ":nonsense x"] {
        assert_eq!(offered(message), [""; 0], "{message:?}");
    }
}

#[test]
fn every_argument_is_completed_by_its_kind() {
    assert_eq!(offered(":ignore tow"), ["tower-3:8443", "tower-9.example.org:8080"]);
    assert_eq!(offered(":ignore i"), ["ip:192.0.2.7"], "it was refused");
    assert_eq!(offered(":announce ").len(), 3);
    assert_eq!(offered(":unignore "), ["rude-tower:8081", "ip:192.0.2.9"], "nobody else can be unignored");
    assert_eq!(offered(":unignore ip:192"), ["ip:192.0.2.9"]);
    assert_eq!(offered(":forget ").len(), 4);
    assert_eq!(offered(":ignore trunk"), ["grand-trunk.example.org:443"]);
    assert_eq!(offered(":ignore t9org"), ["tower-9.example.org:8080"]);
    assert_eq!(offered(":add "), [""; 0], "whoever is known need not be added");
    assert_eq!(offered(":drop 1"), ["11", "12", "13"], "waiting or held");
    assert_eq!(offered(":edit 1"), offered(":drop 1"));
    assert_eq!(offered(":edit-in-editor 1"), offered(":drop 1"));
    assert_eq!(offered(":drop lamp"), ["12"], "a message is found by its text");
    assert_eq!(offered(":stop "), ["hand-on", "release-and-hand-on", "at-once"]);
    assert_eq!(offered(":stop hand-on 5"), ["5s", "5m", "5ms", "5h"]);
    assert_eq!(offered(":list h"), ["held"]);
    assert_eq!(offered(":only sta"), ["status:"]);
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
    let clacks = clacks();
    for known in Known::all(&clacks) {
        for argument in ARGUMENTS {
            let line = format!(":{} {argument}", known.name());
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
                    let has_spaces = matches!(known, Known::Face(spec) if spec.argument == Argument::Theme || spec.argument.takes_file());
                    assert!(!is_path || has_spaces, "{context}");
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

/// What is needed at the end of a line: the searches, as list, statuses and typed text.
fn needed(line: &str) -> Vec<String> {
    let (clacks, fields) = (clacks(), FilterNetworks::new([clacks()]).fields());
    let language = Language { network: &clacks, fields: &fields, row_fields: &[] };
    match need(line, line.len(), language) {
        Some(Need::Items(finds)) => {
            let list = |find: &Find| clacks.list(find.list).unwrap().name.to_string();
            let text =
                |find: &Find| format!("{} {:?} {}", list(find), find.only.len(), find.typed.untrusted());
            finds.iter().map(text).collect()
        }
        Some(Need::Files { directory, begun }) => vec![directory, begun],
        None => Vec::new(),
    }
}

#[test]
fn the_needed_data_is_reported() {
    assert_eq!(needed(":ignore tow"), ["peers 4 tow"]);
    assert_eq!(needed(":unignore ip:19"), ["peers 1 ip:19", "remotes 0 19"]);
    assert_eq!(needed(":filter a to:b"), ["peers 0 b"]);
    assert_eq!(needed(":drop 1"), ["queue 0 1", "held 0 1"]);
    assert_eq!(needed(":release 1"), ["held 0 1"]);
    assert_eq!(needed(":write a/b"), ["a/", "b"]);
    for line in [":add tow", ":ign", ":edit 1 x", "tower", "::ignore tow"] {
        assert_eq!(needed(line), [""; 0], "{line:?}");
    }
    assert_eq!(split_path("~/notes/ja"), ("~/notes/", "ja"));
    assert_eq!(split_path("ja"), ("", "ja"));
}

#[test]
fn what_stands_beside_an_item_is_its_text_or_its_status() {
    let notes = |line: &str| {
        let choices = complete_with_all(line, line.len()).choices;
        choices.into_iter().map(|choice| format!("{} {}", choice.text, choice.note)).collect::<Vec<_>>()
    };
    assert_eq!(notes(":forget tower-3"), ["tower-3:8443 alive"]);
    assert_eq!(notes(":drop 1"), ["11 GNU Terry Pratchett", "12 lamp oil", "13 held: GNU Terry Pratchett"]);
}

/// A network with members that have names, and keys with spaces.
fn members() -> Arc<Description> {
    use clacks_feed::description::{CommandSpec, Field, Kind, ListSpec, Need, Role, StatusSpec, Takes, Tone};
    let list = ListSpec::new("members", "member", "members", Role::Peers)
        .columns([Field::new("name", Kind::Text), Field::new("status", Kind::Status)]);
    let command = CommandSpec::new("to", "send a value to a member")
        .arg("MEMBER", &[Takes::item("members")], Need::One)
        .arg("HOW", &[Takes::Word(vec!["now".into(), "later".into()])], Need::Optional);
    Arc::new(Description {
        lists: vec![list],
        statuses: vec![StatusSpec::new("here", 'H', Tone::Good, "it answers")],
        commands: vec![command],
        ..Description::new("members".into(), "node:1".into())
    })
}

#[test]
fn items_of_any_network_are_completed_by_key_or_name() {
    let network = members();
    let member = |key: &str, name: &str| Row {
        key: key.into(),
        cells: [
            Value::text(name.into()),
            Value::Status([clacks_feed::description::StatusId(0)].into_iter().collect()),
        ]
        .into(),
        ..peers().remove(0)
    };
    let all = [member("a 1", "Kiosk"), member("b2", "Harbour"), member("\u{1b}[2J", "hostile")];
    let offered = |line: &str| {
        let language = Language { network: &network, fields: &[], row_fields: &[] };
        let typed = line.split_once(' ').unwrap().1.trim_start_matches('"').to_lowercase();
        let is_found = |row: &&Row| {
            let name = row.cells.iter().find_map(|cell| match cell {
                Value::Text(text, _) => Some(text.untrusted().to_lowercase()),
                _ => None,
            });
            row.key.untrusted().contains(&typed) || name.unwrap().contains(&typed)
        };
        let found = [Found { list: PEERS, rows: all.iter().filter(is_found).cloned().collect() }];
        let candidates = Candidates { found: &found, ..Candidates::default() };
        let completion = complete(line, line.len(), language, candidates);
        completion
            .choices
            .into_iter()
            .map(|choice| format!("{} {}", choice.text, choice.note))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        offered(":to "),
        ["\"a 1\" Kiosk, here", "b2 Harbour, here"],
        "what cannot be typed is left out"
    );
    assert_eq!(offered(":to \"a"), ["\"a 1\" Kiosk, here"]);
    assert_eq!(offered(":to b"), ["b2 Harbour, here"]);
    assert_eq!(offered(":to kio"), ["\"a 1\" Kiosk, here"], "the search has found it by its name");
    assert_eq!(offered(":to \"a 1\" l"), ["later "]);
    assert_eq!(offered(":to \"a 1\" now "), [""; 0]);
    assert_eq!(offered(":announce "), [""; 0], "it has no such command");
}

proptest! {
    #[test]
    fn completion_handles_any_line_and_cursor(line in "(?s):?(filter |ignore |drop |stop |only )?.*", cursor in 0..40usize) {
        let completion = complete_with_all(&line, cursor);
        for choice in &completion.choices {
            let (line, cursor) = completion.apply(&line, choice);
            prop_assert!(line.is_char_boundary(cursor), "{line:?} at {cursor}");
        }
        let _ = (completion.common(&line, cursor), argument(&line, &clacks()));
    }
}
