//! The configuration file, flags and environment variables have the same options.

use clap::CommandFactory;

use super::{file::default_path, view::View, *};

/// The default file with every option set.
fn full_file() -> String {
    let lines = DEFAULT_FILE.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    lines.filter(|line| !line.starts_with(' ')).collect::<Vec<_>>().join("\n")
}

fn full() -> Config {
    Config::parse(&full_file()).unwrap()
}

fn arguments() -> Vec<clap::Arg> {
    let not_here = ["file", "help", "version"];
    let command = crate::cli::Cli::command();
    command
        .get_arguments()
        .filter(|argument| !not_here.contains(&argument.get_id().as_str()))
        .cloned()
        .collect()
}

#[test]
fn the_default_file_sets_nothing_and_uncommented_it_sets_every_option() {
    assert_eq!(Config::parse(DEFAULT_FILE).unwrap(), Config::default());
    let mut options: Vec<_> =
        arguments().iter().map(|argument| argument.get_id().as_str().replace('_', "-")).collect();
    options.sort();
    let table: toml::Table = full_file().parse().unwrap();
    // Stations and keys are no options. Those of a peercloud node have a test of their own.
    let told = table
        .iter()
        .filter(|(name, _)| !["stations", "keys", "peercloud", "archive"].contains(&name.as_str()));
    let (tables, options_of_the_node): (Vec<_>, Vec<_>) = told.partition(|(_, value)| value.is_table());
    let in_tables = tables.iter().filter_map(|(_, value)| value.as_table()).flat_map(toml::Table::keys);
    let mut in_file: Vec<_> =
        options_of_the_node.iter().map(|(name, _)| *name).chain(in_tables).cloned().collect();
    in_file.sort();
    assert_eq!(in_file, options);
    full();
}

#[test]
fn the_default_file_has_every_option_of_the_archive() {
    let table: toml::Table = full_file().parse().unwrap();
    let archive = table["archive"].as_table().unwrap();
    let unknown = Config::parse("[archive]\nwhere = 1").unwrap_err().to_string();
    assert_eq!(unknown.matches('`').count() / 2, archive.len() + 1, "{unknown}");
    assert!(archive.keys().all(|key| unknown.contains(&format!("`{key}`"))), "{unknown}");
    assert!(full().archive.is_on());
}

#[test]
fn the_default_file_has_every_table_of_keys_with_an_example() {
    let table: toml::Table = full_file().parse().unwrap();
    let keys = table["keys"].as_table().unwrap();
    let mut named: Vec<_> = keys.keys().map(String::as_str).collect();
    named.sort_unstable();
    let tables = [
        "choices", "held", "history", "input", "lists", "map", "menu", "overlay", "peers", "queue", "replay",
        "search", "traffic",
    ];
    assert_eq!(named, tables);
    assert!(keys.values().all(|keys| !keys.as_table().unwrap().is_empty()), "{keys:?}");
    let unknown = Config::parse("[keys.nowhere]").unwrap_err().to_string();
    assert!(named.iter().all(|name| unknown.contains(&format!("`{name}`"))), "{unknown}");
}

#[test]
fn key_bindings_reach_the_screen_from_both_parsers() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "port = 1\n[keys.lists]\n'n' = ':up'\n[keys.queue]\n'n' = ':down'").unwrap();
    let config = Config::default().with_file(Some(file.path())).unwrap();
    let view = View::default().with_file(Some(file.path())).unwrap();
    assert_ne!(config.view.keys, UserKeys::default());
    assert_eq!(view.keys, config.view.keys);
}

#[cfg(target_os = "linux")]
#[test]
fn the_default_file_names_its_location() {
    let path = default_path().unwrap();
    assert!(path.ends_with("clacks/config.toml"), "{path:?}");
    let comment = DEFAULT_FILE.split("\n\n").next().unwrap();
    for place in ["~/.config/clacks/config.toml", "--config FILE", "CLACKS_CONFIG"] {
        assert!(comment.contains(place), "{place}");
    }
}

#[tokio::test]
async fn the_values_in_the_default_file_are_the_defaults() {
    let Config { peers, peers_from, cert, key, data_dir, .. } = full();
    assert!(peers.is_some() && peers_from.is_some_and(|sources| sources.len() == 2));
    assert!(cert.is_some() && key.is_some() && data_dir.is_some());
    // The file's values for these are examples; a node in a test needs a free port.
    let told = Config { port: Some(0), cert: None, key: None, data_dir: None, ..full() };
    let untold = Config { port: Some(0), ..Config::default() };
    let (told, untold) = (told.start().await.unwrap(), untold.start().await.unwrap());
    let address = told.address();
    assert_eq!(address.hostname(), untold.address().hostname());
    let mut options = untold.options();
    options.address = address;
    assert_eq!(told.options(), options);
    assert_eq!(told.limits(), untold.limits());
}

#[tokio::test]
async fn every_option_reaches_the_node() {
    let told = "hostname = '127.0.0.1'\nport = 0\nsend-rate = 2\nkill-timeout = '90s'\n\
        max-queue-messages = 3\nmax-queue-bytes = 4\nmax-in-flight = 5\n[limits]\nmax-peers = 6\n\
        max-new-peers = 7\nintroductions-per-minute = 8\nintroductions-burst = 9\npayload-rate = 0.5\n\
        payload-burst = 11\nmax-connections = 12\nmax-connections-per-address = 13\n\
        connection-rate-per-address = 22\nconnection-rate = 23\n\
        handshake-timeout = '14s'\nheader-timeout = '15s'\nbody-timeout = '16s'\nanswer-timeout = '17s'\n\
        connect-timeout = '18s'\nrequest-timeout = '19s'\nmax-body = '20K'\nmax-bodies = '21K'\ncontact-all = true";
    let node = Config::parse(told).unwrap().start().await.unwrap();
    let options = node.options();
    assert_eq!((options.send_rate, options.kill_timeout), (2.0, Duration::from_secs(90)));
    assert_eq!((options.max_queue_messages, options.max_queue_bytes, options.max_in_flight), (3, 4, 5));
    assert_eq!(node.address().hostname(), "127.0.0.1");
    assert_eq!((options.max_peers, options.max_new_peers), (6, 7));
    assert_eq!((options.introductions_per_minute, options.introductions_burst), (8, 9));
    assert_eq!((options.payload_rate, options.payload_burst), (0.5, 11));
    let seconds = Duration::from_secs;
    let mut limits = clacks_p2p::node::Limits::default();
    limits.connect_timeout = seconds(18);
    limits.request_timeout = seconds(19);
    limits.handshake_timeout = seconds(14);
    limits.header_timeout = seconds(15);
    limits.body_timeout = seconds(16);
    limits.answer_timeout = seconds(17);
    limits.max_body = 20 << 10;
    limits.max_bodies = 21 << 10;
    limits.max_connections = 12;
    limits.max_connections_per_address = 13;
    limits.connection_rate_per_address = 22;
    limits.connection_rate = 23;
    limits.allow_private_addresses = true;
    assert_eq!(node.limits(), limits);
}

#[test]
fn flags_take_precedence_in_every_option() {
    assert_eq!(full().or(Config::default()), full());
    assert_eq!(Config::default().or(full()), full());
    let port = Config { port: Some(1), ..Config::default() };
    assert_eq!(port.or(full()), Config { port: Some(1), ..full() });
}

#[test]
fn every_option_has_a_flag_and_an_environment_variable() {
    for argument in arguments() {
        let name = argument.get_id().as_str();
        let variable = argument.get_env().and_then(|variable| variable.to_str()).unwrap_or_default();
        assert!(argument.get_long().is_some(), "{name}");
        assert_eq!(variable, format!("CLACKS_{}", name.to_uppercase()));
    }
}

#[test]
fn an_invalid_file_is_reported_with_line_and_key() {
    for (text, reason) in [
        ("port = 1\nprot = 2", "line 2: unknown field `prot`, expected one of `hostname`, `port`, "),
        ("\n\nport = 70000", "line 3: a port is a whole number from 0 to 65535, such as 8080"),
        ("send-rate = 0", "line 1: a send rate is a number from 0.001 to 100000 messages a second"),
        ("\nhostname = 'a b'", "line 2: a hostname is a name or an IP address without a port"),
        ("max-in-flight = -1", "line 1: a number here is whole and at least 1, such as 100"),
        ("max-queue-bytes = '1T'", "line 1: a size is a number of bytes, or with a unit as in 512K"),
        ("listen = 'everywhere'", "line 1: an IP address is written without a port, such as 127.0.0.1"),
        ("peers = ['tower']", "line 1: \"tower\": an address is written host:port"),
        ("peers-from = ['http://example.org']", "line 1: \"http://example.org\": use https: "),
        ("kill-timeout = 'soon'", "line 1: "),
        ("[limits]\nmax-peer = 1", "line 2: unknown field `max-peer`, expected one of `max-peers`, "),
        ("[limits]\nmax-peers = 0", "line 2: a number here is whole and at least 1, such as 100"),
        ("[limits]\nbody-timeout = '2 days'", "line 2: a time is a number of milliseconds, or with a unit"),
        (
            "[limits]\npayload-rate = -1",
            "line 2: a rate is a number a second from 0.001 to 1000000, such as 0.5, or 0",
        ),
        ("[limits]\nmax-body = '2G'", "line 2: a size is a number of bytes, or with a unit as in 512K, 1M"),
        ("port = ", "line 1: "),
    ] {
        let error = Config::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(reason) && !error.contains('\n'), "{text:?}: {error}");
    }
}

#[test]
fn every_invalid_number_in_a_file_is_reported_with_file_line_and_range() {
    let table: toml::Table = full_file().parse().unwrap();
    let numeric = |argument: &clap::Arg| {
        let name = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        let name = name.unwrap_or_default();
        ["PORT", "IP", "PER_SECOND", "NUMBER", "TIME", "BYTES"].contains(&name.as_str())
    };
    let mut count = 0;
    for argument in arguments().iter().filter(|argument| numeric(argument)) {
        let key = argument.get_id().as_str().replace('_', "-");
        let heading = ["limits", "view"]
            .iter()
            .find(|name| table[**name].as_table().is_some_and(|table| table.contains_key(&key)));
        let heading = heading.map(|name| format!("[{name}]")).unwrap_or_default();
        for wrong in ["'abc'", "-1", "''", "true", "[]"] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), format!("{heading}\n\n{key} = {wrong}")).unwrap();
            let error = Config::default().with_file(Some(file.path())).unwrap_err();
            let error = format!("{error:#}");
            let start = format!("{}: line 3: ", file.path().display());
            assert!(error.starts_with(&start), "{key} = {wrong}: {error}");
            assert!(error.contains("such as") || error.contains(" as in "), "{key} = {wrong}: {error}");
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn log_options_in_a_file_without_a_log_file_have_no_effect() {
    for (text, named) in [
        ("log-level = 'debug'", Some("log-level")),
        ("log-size = '1M'", Some("log-size")),
        ("log-level = 'debug'\nlog-size = '1M'\nlog-file = 'l'", None),
        ("", None),
    ] {
        let told = Config::parse(text).unwrap().log.without_effect();
        assert_eq!(told.as_deref().map(|told| told.split(' ').next().unwrap()), named, "{text}");
    }
}

#[test]
fn a_certificate_needs_its_key_and_port_0_saves_nothing() {
    let file = Some(UserPath::new("file.pem").unwrap());
    let certificate_only = Config { cert: file.clone(), ..Config::default() };
    assert!(certificate_only.builder().unwrap_err().to_string().contains("--key"));
    let key_only = Config { key: file, ..Config::default() };
    assert!(key_only.builder().unwrap_err().to_string().contains("--cert"));
    let any_port = Config { port: Some(0), ..Config::default() };
    assert_eq!(any_port.data_directory().unwrap(), None);
    let own = Config { data_dir: Some(UserPath::new("here").unwrap()), ..any_port };
    assert_eq!(own.data_directory().unwrap(), Some("here".into()));
}
