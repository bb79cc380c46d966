//! Checks every option of every command against a table of options without effect.

use std::{collections::BTreeSet, ffi::OsString};

use super::{complaint, parse};

/// The modes of the program: the command, and the option that selects the mode.
const WAYS: &[(&str, &str)] = &[
    ("", ""),
    ("", "--accessible"),
    ("", "--no-history"),
    ("node", ""),
    ("demo", ""),
    ("demo", "--no-screen"),
    ("demo", "--accessible"),
    ("peercloud", ""),
    ("peercloud", "--accessible"),
    ("peercloud", "--no-history"),
    ("peercloud node", ""),
    ("peercloud demo", ""),
    ("peercloud demo", "--no-screen"),
    ("peercloud demo", "--accessible"),
    ("replay", "r.jsonl"),
    ("replay", "r.jsonl --accessible"),
    ("simulate", ""),
    ("simulate", "--json"),
    ("simulate", "--csv"),
    ("simulate", "--no-screen"),
    ("simulate", "--json --picture p.svg"),
    ("simulate", "--print"),
    ("simulate", "--list"),
];

/// Modes: the command, and the option that selects the mode.
type Ways = &'static [(&'static str, &'static str)];

/// Options, and the modes in which they have no effect.
const WITHOUT_EFFECT: &[(&str, &[Ways])] = &[
    ("no_mouse motion no_title", &[LINES, SENTENCES, &[REPLAY_TOLD]]),
    ("theme", &[LINES, SENTENCES, &[REPLAY_TOLD, JSON, CSV, TABLE, PRINT, LIST]]),
    ("ascii", &[LINES, &[JSON, CSV, TABLE, PRINT, LIST]]),
    ("filter accessible", &[LINES]),
    ("no_history", &[LINES, SENTENCES, &[REPLAY, REPLAY_TOLD]]),
    ("history_file", &[LINES, SENTENCES, &[REPLAY, REPLAY_TOLD, WITHOUT_HISTORY, CLOUD_WITHOUT_HISTORY]]),
    ("with", &[&[NODE, TOLD]]),
    ("config", &[&[JSON, CSV, TABLE, PRINT, LIST]]),
    ("samples set json csv picture", &[&[PRINT, LIST]]),
    ("print", &[&[LIST]]),
];

/// The modes that write JSON lines.
const LINES: &[(&str, &str)] =
    &[NODE, ("demo", "--no-screen"), ("peercloud node", ""), ("peercloud demo", "--no-screen")];
/// The accessible modes of a node.
const SENTENCES: &[(&str, &str)] =
    &[TOLD, ("demo", "--accessible"), ("peercloud", "--accessible"), ("peercloud demo", "--accessible")];
const TOLD: (&str, &str) = ("", "--accessible");
const WITHOUT_HISTORY: (&str, &str) = ("", "--no-history");
const CLOUD_WITHOUT_HISTORY: (&str, &str) = ("peercloud", "--no-history");
const NODE: (&str, &str) = ("node", "");
const REPLAY: (&str, &str) = ("replay", "r.jsonl");
const REPLAY_TOLD: (&str, &str) = ("replay", "r.jsonl --accessible");
const JSON: (&str, &str) = ("simulate", "--json");
const CSV: (&str, &str) = ("simulate", "--csv");
const TABLE: (&str, &str) = ("simulate", "--no-screen");
const PRINT: (&str, &str) = ("simulate", "--print");
const LIST: (&str, &str) = ("simulate", "--list");

/// Options that have an effect in every mode. Options of the log are checked after the configuration file is read,
/// because that can name the log file.
const EVERYWHERE: &str = "hostname port listen send_rate kill_timeout peers peers_from cert key data_dir no_state \
    max_queue_messages max_queue_bytes max_in_flight log_file log_level log_size record record_size max_peers \
    max_new_peers introductions_per_minute introductions_burst payload_rate payload_burst max_connections \
    max_connections_per_address connection_rate_per_address connection_rate handshake_timeout header_timeout \
    body_timeout answer_timeout connect_timeout request_timeout max_body max_bodies contact_all file \
    nodes seed speed no_screen list \
    data reply accepted_keys check_interval no_repair max_members max_depth max_data max_reply max_gathered \
    max_join_answer message_rate max_newcomers max_newcomers_per_address max_requests_per_broadcast \
    max_requests_per_member max_requests max_broadcasts idle_timeout join_timeout newcomer_timeout announce_timeout \
    goodbye_timeout recheck_after rejoin_interval repair_after repair_interval clock_difference replay_memory \
    max_remembered plugins";

fn options(name: &str) -> Vec<clap::Arg> {
    super::option_tests::options_of(name)
}

/// The reason why the option is refused in this mode for having no effect; `None` if it is accepted.
fn refusal(way: (&str, &str), option: &clap::Arg) -> Option<String> {
    let name = format!("--{}", option.get_long().unwrap());
    let value = super::option_tests::example(option);
    let is_switch =
        !option.get_action().takes_values() || option.get_num_args().is_some_and(|n| n.min_values() == 0);
    let given = if is_switch { name } else { format!("{name} {value}") };
    let line = format!("clacks {} {} {given}", way.0, way.1);
    let arguments: Vec<_> = line.split_whitespace().map(OsString::from).collect();
    let complaint = complaint(&parse(&arguments).err()?);
    let is_about_it = complaint.starts_with(&format!("--{} has no effect", option.get_long().unwrap()));
    is_about_it.then_some(complaint)
}

#[test]
fn an_option_is_refused_exactly_in_the_modes_without_effect() {
    let mut known = BTreeSet::new();
    for way in WAYS {
        for option in options(way.0) {
            let id = option.get_id().as_str().to_owned();
            let is_in = |names: &str| names.split_whitespace().any(|name| name == id);
            let declared = WITHOUT_EFFECT.iter().find(|(names, _)| is_in(names));
            assert!(
                declared.is_some() || is_in(EVERYWHERE),
                "say in a table here where {id} has an effect, and refuse it elsewhere"
            );
            let is_of_the_way = way.1.contains(&format!("--{}", option.get_long().unwrap()));
            let is_refused = declared.is_some_and(|(_, ways)| ways.iter().any(|ways| ways.contains(way)))
                && !is_of_the_way;
            // The option that selects the mode, and a switch that repeats the mode's behaviour, are accepted.
            let is_redundant = is_of_the_way || way.0 == "simulate" && id == "no_screen";
            if !is_redundant {
                assert_eq!(refusal(*way, &option).is_some(), is_refused, "{way:?} {id}");
            }
            known.insert(id);
        }
    }
    let declared = WITHOUT_EFFECT.iter().map(|(names, _)| *names).chain([EVERYWHERE]);
    for name in declared.flat_map(str::split_whitespace) {
        assert!(known.contains(name), "there is no option {name}");
    }
}
