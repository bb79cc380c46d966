//! The options of a peercloud node from flags, variables and the file.

use std::time::Duration;

use clacks_peercloud::{Json, core::AutoReply};
use clap::CommandFactory;
use rand::{SeedableRng, rngs::StdRng};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};

use super::*;
use crate::config::DEFAULT_FILE;

/// The table `[peercloud]` of the default file with every option set.
fn full_table() -> String {
    let lines = DEFAULT_FILE.lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    let lines: Vec<_> = lines.filter(|line| !line.starts_with(' ')).collect();
    let of = |line: &str| lines.iter().position(|found| *found == line).unwrap();
    lines[of("[peercloud]")..of("[view]")].join("\n")
}

fn parsed(text: &str) -> anyhow::Result<PeercloudOptions> {
    Config::parse(text).map(|config| config.peercloud)
}

fn full() -> PeercloudOptions {
    parsed(&full_table()).unwrap()
}

/// The options of `clacks peercloud` that the table has as well.
fn arguments() -> Vec<clap::Arg> {
    let command = PeercloudOptions::augment_args(clap::Command::new("clacks peercloud"));
    command.get_arguments().cloned().collect()
}

#[test]
fn the_default_file_names_every_option_of_a_peercloud_node() {
    assert_eq!(parsed(DEFAULT_FILE).unwrap(), PeercloudOptions::default());
    let mut options: Vec<_> =
        arguments().iter().map(|argument| argument.get_id().as_str().replace('_', "-")).collect();
    options.sort();
    let table: toml::Table = full_table().parse().unwrap();
    let (tables, own): (Vec<_>, Vec<_>) =
        table["peercloud"].as_table().unwrap().iter().partition(|(_, value)| value.is_table());
    assert_eq!(tables.len(), 1, "{tables:?}");
    let limits = tables.iter().flat_map(|(_, value)| value.as_table().unwrap().keys());
    let mut in_file: Vec<_> = own.iter().map(|(name, _)| *name).chain(limits).cloned().collect();
    in_file.sort();
    assert_eq!(in_file, options);
}

#[test]
fn the_values_in_the_default_file_are_the_defaults_of_the_node() {
    let PeercloudOptions { hostname, peers, key, accepted_keys, data_dir, .. } = full();
    assert!(hostname.is_some() && peers.is_some() && key.is_some() && data_dir.is_some());
    assert!(accepted_keys.is_some());
    // The file's values for these are examples.
    let told = PeercloudOptions { hostname: None, peers: None, key: None, accepted_keys: None, ..full() };
    let untold = PeercloudOptions { port: Some(DEFAULT_PORT), ..PeercloudOptions::default() };
    let builders = [told, untold].map(|options| format!("{:?}", options.builder().unwrap()));
    let [told, untold] = builders.map(|builder| builder.split(", events").next().unwrap().to_owned());
    assert_eq!(told, untold);
}

#[tokio::test]
async fn every_option_reaches_the_node() {
    let told = "[peercloud]\nhostname = '127.0.0.2'\nlisten = '127.0.0.3'\npeers = ['127.0.0.1:1']\n\
        data = { name = 'tower' }\nreply = '{\"ok\":true}'\ncheck-interval = '7s'\nno-repair = true\n\
        [peercloud.limits]\nmax-members = 11\nmax-body = '12K'\nmax-depth = 13\nmax-data = '14K'\n\
        max-reply = '15K'\nmax-gathered = '16K'\nmax-join-answer = '17K'\nmessage-rate = 0.5\n\
        max-newcomers = 18\nmax-newcomers-per-address = 19\nmax-connections = 20\n\
        max-connections-per-address = 21\nmax-requests-per-broadcast = 22\nmax-requests-per-member = 23\n\
        max-requests = 24\nmax-broadcasts = 25\nheader-timeout = 26\nbody-timeout = 27\n\
        answer-timeout = 28\nidle-timeout = '29s'\nrequest-timeout = 30\njoin-timeout = 31\n\
        newcomer-timeout = 32\nannounce-timeout = 33\ngoodbye-timeout = 34\nrecheck-after = 35\n\
        rejoin-interval = '36s'\nrepair-after = 37\nrepair-interval = 38\nclock-difference = 'off'\n\
        replay-memory = 39\nmax-remembered = 40";
    let builder = parsed(told).unwrap().builder().unwrap();
    let limits = format!("{builder:?}");
    for limit in [
        "max_connections: 20",
        "max_connections_per_address: 21",
        "head_timeout: 26ms",
        "body_timeout: 27ms",
        "write_timeout: 28ms",
        "idle_timeout: 29s",
        "goodbye_timeout: 34ms",
        "listen: 127.0.0.3",
    ] {
        assert!(limits.contains(limit), "{limit}: {limits}");
    }
    let node = builder.start().await.unwrap();
    let options = node.options();
    let ms = Duration::from_millis;
    assert_eq!(node.listens_on().ip(), IpAddr::from([127, 0, 0, 3]));
    assert_eq!(options.host.as_ref().map(Host::as_str), Some("127.0.0.2"));
    assert_eq!(options.seeds, ["127.0.0.1:1".parse().unwrap()]);
    assert_eq!(options.data.as_str(), r#"{"name":"tower"}"#);
    assert_eq!(options.reply, AutoReply::Value(Json::new(r#"{"ok":true}"#, 100, 10).unwrap()));
    assert_eq!((options.check_interval, options.repair), (Some(ms(7000)), false));
    let bodies = &options.bodies;
    let sizes = (bodies.max_members, bodies.max_body, bodies.max_depth, bodies.max_data);
    assert_eq!(sizes, (11, 12 << 10, 13, 14 << 10));
    assert_eq!(
        (options.max_reply, options.max_gathered, options.max_join_answer),
        (15 << 10, 16 << 10, 17 << 10)
    );
    assert_eq!((options.message_rate.to_string(), options.max_newcomers), ("0.5".to_owned(), 18));
    assert_eq!((options.max_newcomers_per_address, options.max_requests_per_send), (19, 22));
    assert_eq!((options.max_requests_per_member, options.max_requests, options.max_sends), (23, 24, 25));
    assert_eq!((options.request_timeout, options.join_timeout), (ms(30), ms(31)));
    assert_eq!((options.newcomer_timeout, options.announce_timeout), (ms(32), ms(33)));
    assert_eq!((options.recheck_after, options.rejoin_interval), (ms(35), ms(36_000)));
    assert_eq!((options.repair_after, options.repair_interval), (ms(37), ms(38)));
    assert_eq!((options.max_clock_difference, options.replay_memory), (Duration::ZERO, ms(39)));
    assert_eq!(options.max_remembered, 40);
    node.close().await;
}

#[test]
fn flags_take_precedence_over_the_table() {
    assert_eq!(full().or(PeercloudOptions::default()), full());
    assert_eq!(PeercloudOptions::default().or(full()), full());
    let port = PeercloudOptions { port: Some(1), ..PeercloudOptions::default() };
    assert_eq!(port.or(full()), PeercloudOptions { port: Some(1), ..full() });
}

#[test]
fn every_option_has_a_flag_and_a_variable_of_its_own() {
    for argument in arguments() {
        let name = argument.get_id().as_str();
        let variable = argument.get_env().and_then(|variable| variable.to_str()).unwrap_or_default();
        assert!(argument.get_long().is_some(), "{name}");
        assert_eq!(variable, format!("CLACKS_PEERCLOUD_{}", name.to_uppercase()));
    }
}

#[tokio::test]
async fn every_option_of_the_running_node_is_a_setting_of_its_name_with_its_value() {
    let node = Node::builder().prepare().await.unwrap();
    let network = crate::networks::peercloud(&node);
    let settings = &network.description().settings;
    assert_eq!(network.settings().len(), settings.len());
    let names: Vec<_> = settings.iter().map(|setting| setting.field.name.as_str().to_owned()).collect();
    // What is no setting says where the node is and whom it knows.
    let others = ["hostname", "port", "listen", "peers", "key", "accepted_keys", "data_dir"];
    for argument in arguments() {
        let id = argument.get_id().as_str();
        let name = id.trim_start_matches("no_").replace('_', "-");
        assert_eq!(names.contains(&name), !others.contains(&id), "{name}: {names:?}");
    }
}

#[test]
fn options_of_the_same_name_as_those_of_clacks_have_the_same_kind_of_value() {
    let clacks = cli::Cli::command();
    let mut shared = 0;
    for argument in arguments() {
        let same = clacks.get_arguments().find(|other| other.get_long() == argument.get_long());
        if let Some(same) = same {
            assert_eq!(argument.get_value_names(), same.get_value_names(), "{argument:?}");
            shared += 1;
        }
    }
    assert!(shared >= 12, "{shared}");
}

#[test]
fn an_invalid_table_is_reported_with_line_and_key() {
    for (text, reason) in [
        ("[peercloud]\nprot = 2", "line 2: unknown field `prot`, expected one of `hostname`, `port`, "),
        ("[peercloud]\nport = 70000", "line 2: a port is a whole number from 0 to 65535"),
        (
            "[peercloud]\npeers = ['a b']",
            "line 2: \"a b\": a member is written host or host:port, such as tower:9338",
        ),
        ("[peercloud]\ndata = '{'", "line 2: the data of a node is JSON, such as"),
        ("[peercloud]\nreply = 'loud'", "line 2: a reply is none, echo, or JSON such as"),
        (
            "[peercloud]\ncheck-interval = '50ms'",
            "line 2: a time is a number of milliseconds, or with a unit",
        ),
        ("[peercloud]\nhostname = 'a b'", "line 2: a hostname is a name or an IP address without a port"),
        (
            "[peercloud.limits]\nmax-member = 1",
            "line 2: unknown field `max-member`, expected one of `max-members`",
        ),
        (
            "[peercloud.limits]\nrejoin-interval = '50ms'",
            "line 2: a time here is a number of milliseconds, or with",
        ),
        (
            "[peercloud.limits]\nidle-timeout = 5999",
            "line 2: a time here is a number of milliseconds, or with",
        ),
        ("[peercloud.limits]\nmax-members = 0", "line 2: a number here is whole and at least 1"),
        ("with = 'usenet'", "line 1: unknown variant `usenet`, expected `peercloud`"),
    ] {
        let error = parsed(text).unwrap_err().to_string();
        assert!(error.starts_with(reason) && !error.contains('\n'), "{text:?}: {error}");
    }
}

#[test]
fn a_time_out_of_its_own_bounds_is_refused_with_the_bounds_and_the_option() {
    for (name, wrong, least) in [("--rejoin-interval", "99ms", "100ms"), ("--idle-timeout", "5999ms", "6s")] {
        let command = PeercloudOptions::augment_args(clap::Command::new("clacks peercloud"));
        let parse = |value: &str| command.clone().try_get_matches_from(["clacks", name, value]);
        let complaint = cli::complaint(&parse(wrong).unwrap_err());
        assert!(
            complaint.contains(name) && complaint.contains(&format!("from {least} to 24h")),
            "{complaint}"
        );
        assert!(parse(least).is_ok() && parse("24h").is_ok() && parse("25h").is_err(), "{name}");
    }
}

#[test]
fn a_key_and_accepted_keys_need_each_other_and_must_be_keys() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    fs::write(&path, "no key").unwrap();
    let file = UserPath::new(path.to_str().unwrap()).unwrap();
    let complaint = |key: bool, accepted: bool| {
        let options = PeercloudOptions {
            key: key.then(|| file.clone()),
            accepted_keys: accepted.then(|| vec![file.clone()]),
            ..PeercloudOptions::default()
        };
        format!("{:#}", options.builder().unwrap_err())
    };
    assert!(complaint(true, false).contains("give --accepted-key as well"));
    assert!(complaint(false, true).contains("give --key as well"));
    let not_a_key = complaint(true, true);
    assert!(not_a_key.starts_with(&format!("cannot read the key {}: ", path.display())), "{not_a_key}");
    fs::remove_file(&path).unwrap();
    assert!(complaint(true, true).contains("no such file"), "{}", complaint(true, true));
}

#[tokio::test]
async fn a_replay_memory_that_is_too_short_is_refused_by_the_name_of_the_option() {
    let directory = tempfile::tempdir().unwrap();
    let [key, accepted] = ["key.pem", "accepted.pem"].map(|name| {
        let file = directory.path().join(name);
        UserPath::new(file.to_str().unwrap()).unwrap()
    });
    let own = rsa::PrivateKey::new(&mut StdRng::seed_from_u64(1), 2048).unwrap();
    fs::write(&*key, own.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    fs::write(&*accepted, own.to_public_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap();
    let told = "[peercloud]\nport = 0\n[peercloud.limits]\nclock-difference = '10m'";
    let options =
        PeercloudOptions { key: Some(key), accepted_keys: Some(vec![accepted]), ..parsed(told).unwrap() };
    let error = options.prepare().await.unwrap_err().to_string();
    assert!(error.contains("remembered for 120s") && error.contains("--replay-memory"), "{error}");
    let longer = parsed(&format!("{told}\nreplay-memory = '20m'")).unwrap();
    options.or(longer).prepare().await.unwrap();
}

#[cfg(unix)]
#[test]
fn a_private_key_that_everyone_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    fs::write(&path, "").unwrap();
    let key = UserPath::new(path.to_str().unwrap()).unwrap();
    let options = PeercloudOptions { key: Some(key), ..PeercloudOptions::default() };
    let warning = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        options.open_key()
    };
    assert_eq!((warning(0o600), warning(0o640)), (None, None));
    let text = warning(0o644).unwrap();
    assert!(text.contains("(mode 0644); run chmod 600 ") && text.ends_with("key.pem"), "{text}");
    assert_eq!(PeercloudOptions::default().open_key(), None);
}

#[test]
fn what_is_saved_depends_on_the_port() {
    let directory = |port: Option<u16>, listens_on: u16| {
        let options = PeercloudOptions { port, ..PeercloudOptions::default() };
        options.data_directory(listens_on).unwrap().map(|path| path.file_name().unwrap().to_owned())
    };
    assert_eq!(directory(None, 9338), Some("peercloud-9338".into()));
    assert_eq!(directory(Some(0), 40_000), None, "any free port: the node is new each time");
    assert_eq!(directory(Some(7), 7), Some("peercloud-7".into()));
    let data_dir = UserPath::new("here").ok();
    let own = PeercloudOptions { data_dir, ..PeercloudOptions::default() };
    assert_eq!(own.data_directory(40_000).unwrap(), Some("here".into()));
}

#[test]
fn a_peer_that_cannot_check_the_node_is_found() {
    let found = |text: &str| {
        let options = parsed(&format!("[peercloud]\n{text}")).unwrap();
        options.unreachable_peer().map(ToString::to_string)
    };
    assert_eq!(found("peers = ['127.0.0.1:1', 'localhost:2', '[::1]:3']"), None);
    assert_eq!(found("peers = ['127.0.0.1:1', '10.1.2.3:2']").as_deref(), Some("10.1.2.3:2"));
    assert_eq!(found("peers = ['tower.example.org']").as_deref(), Some("tower.example.org:9338"));
    assert_eq!(found("peers = ['10.1.2.3:2']\nlisten = '0.0.0.0'"), None);
}
