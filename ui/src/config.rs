//! What a node can be told: by flag, by environment variable, by configuration file.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use clacks_p2p::{Address, Builder, Node};
use serde::{Deserialize, Deserializer, de::Error};

mod byte_size;
mod file;
#[cfg(test)]
mod fuzz;
mod kill_timeout;
mod limits;
mod remedy;
mod timeout;
mod view;

pub(crate) use byte_size::{ByteSize, LogSize};
pub(crate) use file::{parse, themes_directory};
use file::{platform_directories, read_as};
pub(crate) use kill_timeout::KillTimeout;
use limits::Limits;
use remedy::remedy;
pub(crate) use view::{HEADING as VIEW_HEADING, RECORDING_HEADING, View};

use crate::{dashboard::UserKeys, log::Level, paths::UserPath, peer_list::ListSource, station::Stations};

/// The configuration file with every option commented out.
pub(crate) const DEFAULT_FILE: &str = include_str!("../../assets/clacks.toml");

/// Largest file that is read at the start, in bytes: a configuration, a scenario, stations.
pub(crate) const LARGEST_FILE: u64 = 1 << 20;

/// The port of a node that is told none, as in the library.
const DEFAULT_PORT: u16 = 8080;

/// Every option of a node, where it was given. Flags and environment variables are read by clap, the configuration
/// file by serde, both into this.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// Hostname or IP address that others find this node at [default: localhost]
    #[arg(long, env = "CLACKS_HOSTNAME", value_name = "NAME")]
    pub(crate) hostname: Option<String>,

    /// Port to listen on, which others are told as well; 0 for any that is free [default: 8080]
    #[arg(long, env = "CLACKS_PORT", value_name = "PORT")]
    pub(crate) port: Option<u16>,

    /// IP address to listen on [default: loopback if the hostname is, otherwise all]
    #[arg(long, env = "CLACKS_LISTEN", value_name = "IP")]
    pub(crate) listen: Option<IpAddr>,

    /// Messages to send a second, 0.001 to 100000 [default: 1]
    #[arg(long, env = "CLACKS_SEND_RATE", value_name = "PER_SECOND", allow_negative_numbers = true)]
    pub(crate) send_rate: Option<f64>,

    /// How long a peer is lost before it is dead: milliseconds, or with a unit as in 90s, 5m, 1h [default: 1h]
    #[arg(long, env = "CLACKS_KILL_TIMEOUT", value_name = "TIME", allow_negative_numbers = true)]
    pub(crate) kill_timeout: Option<KillTimeout>,

    /// Node to announce this one to until it answers; may be given more than once
    #[arg(long = "peer", env = "CLACKS_PEERS", value_name = "HOST:PORT", value_delimiter = ',')]
    #[serde(default, deserialize_with = "addresses")]
    pub(crate) peers: Option<Vec<Address>>,

    /// File or https:// URL of a list of peers, a HOST:PORT a line; may be given more than once
    #[arg(long, env = "CLACKS_PEERS_FROM", value_name = "FILE/URL")]
    pub(crate) peers_from: Option<Vec<ListSource>>,

    /// Certificate to show, a PEM file, with --key [default: a self-signed one, kept in the data directory]
    #[arg(long, env = "CLACKS_CERT", value_name = "FILE")]
    pub(crate) cert: Option<UserPath>,

    /// Private key of the certificate, a PEM file
    #[arg(long, env = "CLACKS_KEY", value_name = "FILE")]
    pub(crate) key: Option<UserPath>,

    /// Where the certificate and the known peers are kept [default: the platform's data directory, clacks/PORT]
    #[arg(long, env = "CLACKS_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<UserPath>,

    /// Neither remember known peers nor read those that were remembered
    #[arg(long, env = "CLACKS_NO_STATE", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) no_state: Option<bool>,

    /// Most messages held, queued and in flight [default: 100000]
    #[arg(long, env = "CLACKS_MAX_QUEUE_MESSAGES", value_name = "NUMBER")]
    pub(crate) max_queue_messages: Option<usize>,

    /// Most bytes of messages held, queued and in flight [default: 67108864]
    #[arg(long, env = "CLACKS_MAX_QUEUE_BYTES", value_name = "BYTES")]
    pub(crate) max_queue_bytes: Option<usize>,

    /// Most messages on their way to peers at once [default: 64]
    #[arg(long, env = "CLACKS_MAX_IN_FLIGHT", value_name = "NUMBER")]
    pub(crate) max_in_flight: Option<usize>,

    /// File to append a log to [default: no log]
    #[arg(long, env = "CLACKS_LOG_FILE", value_name = "FILE")]
    pub(crate) log_file: Option<UserPath>,

    /// What the log tells: nothing less important than this [default: info]
    #[arg(long, env = "CLACKS_LOG_LEVEL", value_name = "LEVEL")]
    pub(crate) log_level: Option<Level>,

    /// Maximum size of the log file, as in 512K, 10M; then it is renamed to FILE.old.1, and FILE.old.1 to FILE.old.2,
    /// which is replaced; 0 for no limit, for logrotate with copytruncate [default: 10M]
    #[arg(long, env = "CLACKS_LOG_SIZE", value_name = "BYTES")]
    pub(crate) log_size: Option<LogSize>,

    #[command(flatten)]
    #[serde(default)]
    limits: Limits,

    #[command(flatten)]
    #[serde(default)]
    pub(crate) view: View,

    /// The table `[stations]`.
    #[arg(skip)]
    #[serde(default)]
    stations: Stations,

    /// The tables `[keys.…]`.
    #[arg(skip)]
    #[serde(default)]
    keys: UserKeys,
}

impl Config {
    /// What is given here, and for the rest what the configuration file says: `file`, which must exist then, or the
    /// one in the platform's configuration directory, which need not.
    pub(crate) fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(match read_as(file)? {
            Some(told) => self.or(told).with_tables(),
            None => self,
        })
    }

    /// Puts what has tables of its own with the rest of what is about the screen.
    fn with_tables(mut self) -> Self {
        self.view.stations = self.stations.clone();
        self.view.keys = self.keys.clone();
        self
    }

    #[cfg(test)]
    fn parse(text: &str) -> anyhow::Result<Self> {
        parse(text)
    }

    fn or(self, other: Self) -> Self {
        Self {
            hostname: self.hostname.or(other.hostname),
            port: self.port.or(other.port),
            listen: self.listen.or(other.listen),
            send_rate: self.send_rate.or(other.send_rate),
            kill_timeout: self.kill_timeout.or(other.kill_timeout),
            peers: self.peers.or(other.peers),
            peers_from: self.peers_from.or(other.peers_from),
            cert: self.cert.or(other.cert),
            key: self.key.or(other.key),
            data_dir: self.data_dir.or(other.data_dir),
            no_state: self.no_state.or(other.no_state),
            max_queue_messages: self.max_queue_messages.or(other.max_queue_messages),
            max_queue_bytes: self.max_queue_bytes.or(other.max_queue_bytes),
            max_in_flight: self.max_in_flight.or(other.max_in_flight),
            log_file: self.log_file.or(other.log_file),
            log_level: self.log_level.or(other.log_level),
            log_size: self.log_size.or(other.log_size),
            limits: self.limits.or(other.limits),
            view: self.view.or(other.view),
            stations: self.stations.or(other.stations),
            keys: self.keys.or(other.keys),
        }
    }

    /// Starts the node that this describes.
    pub(crate) async fn start(&self) -> anyhow::Result<Node> {
        self.builder()?.start().await.map_err(|error| anyhow::anyhow!("{error}{}", remedy(&error)))
    }

    fn builder(&self) -> anyhow::Result<Builder> {
        let builder = Node::builder();
        let builder = given(builder, self.hostname.as_deref(), Builder::hostname);
        let builder = given(builder, self.port, Builder::port);
        let builder = given(builder, self.listen, Builder::listen);
        let builder = given(builder, self.send_rate, Builder::send_rate);
        let builder = given(builder, self.kill_timeout.map(Duration::from), Builder::kill_timeout);
        let builder =
            given(builder, self.certificate()?, |builder, (cert, key)| builder.certificate(cert, key));
        let builder = given(builder, self.data_directory()?.as_deref(), Builder::data_dir);
        let builder = given(builder, self.no_state, |builder, no_state| builder.keep_state(!no_state));
        Ok(self.limits.apply(builder).options(|options| {
            replace(&mut options.max_queue_messages, self.max_queue_messages);
            replace(&mut options.max_queue_bytes, self.max_queue_bytes);
            replace(&mut options.max_in_flight, self.max_in_flight);
        }))
    }

    fn certificate(&self) -> anyhow::Result<Option<(&Path, &Path)>> {
        match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Ok(Some((cert, key))),
            (None, None) => Ok(None),
            (Some(_), None) => bail!("a certificate without its key is of no use; give --key as well"),
            (None, Some(_)) => bail!("a key without its certificate is of no use; give --cert as well"),
        }
    }

    /// Where what the user set while the program ran is kept, if it is.
    pub(crate) fn kept_in(&self) -> anyhow::Result<Option<PathBuf>> {
        if self.no_state == Some(true) { Ok(None) } else { self.data_directory() }
    }

    /// The directory that was given; otherwise one for each port, so that nodes that run side by side do not share
    /// one. A node on any port is a new one each time, and keeps nothing.
    pub(crate) fn data_directory(&self) -> anyhow::Result<Option<PathBuf>> {
        match (&self.data_dir, self.port.unwrap_or(DEFAULT_PORT)) {
            (Some(directory), _) => Ok(Some(directory.to_path_buf())),
            (None, 0) => Ok(None),
            (None, port) => {
                let directories =
                    platform_directories().context("no home directory found; give --data-dir")?;
                Ok(Some(directories.data_dir().join(port.to_string())))
            }
        }
    }
}

/// Addresses as a person writes them, unlike those on the wire.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Address>>, D::Error> {
    let read = |text: String| text.parse().map_err(|error| D::Error::custom(format!("{text:?}: {error}")));
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn given<T>(builder: Builder, value: Option<T>, set: impl FnOnce(Builder, T) -> Builder) -> Builder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

fn replace<T>(value: &mut T, other: Option<T>) {
    if let Some(other) = other {
        *value = other;
    }
}

/// The part of a configuration file that a program without a node of the user's takes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ViewFile {
    view: View,
    stations: Stations,
    keys: UserKeys,
}

impl View {
    /// What is given here, and for the rest what the table `[view]` of the configuration file says, as in
    /// [`Config::with_file`].
    pub(crate) fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let told = read_as::<ViewFile>(file)?.unwrap_or_default();
        Ok(Self { stations: told.stations, keys: told.keys, ..self.or(told.view) })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{file::default_path, *};

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
    fn the_default_file_says_nothing_and_uncommented_it_says_everything() {
        assert_eq!(Config::parse(DEFAULT_FILE).unwrap(), Config::default());
        let mut options: Vec<_> =
            arguments().iter().map(|argument| argument.get_id().as_str().replace('_', "-")).collect();
        options.sort();
        let table: toml::Table = full_file().parse().unwrap();
        // Stations and keys are no options.
        let told = table.iter().filter(|(name, _)| *name != "stations" && *name != "keys");
        let (tables, options_of_the_node): (Vec<_>, Vec<_>) = told.partition(|(_, value)| value.is_table());
        let in_tables = tables.iter().filter_map(|(_, value)| value.as_table()).flat_map(toml::Table::keys);
        let mut in_file: Vec<_> =
            options_of_the_node.iter().map(|(name, _)| *name).chain(in_tables).cloned().collect();
        in_file.sort();
        assert_eq!(in_file, options);
        full();
    }

    #[test]
    fn the_default_file_has_every_table_of_keys_with_an_example() {
        let table: toml::Table = full_file().parse().unwrap();
        let keys = table["keys"].as_table().unwrap();
        let mut named: Vec<_> = keys.keys().map(String::as_str).collect();
        named.sort_unstable();
        let tables = [
            "choices", "held", "history", "input", "lists", "map", "menu", "overlay", "peers", "queue",
            "replay", "search", "traffic",
        ];
        assert_eq!(named, tables);
        assert!(keys.values().all(|keys| !keys.as_table().unwrap().is_empty()), "{keys:?}");
        let unknown = Config::parse("[keys.nowhere]").unwrap_err().to_string();
        assert!(named.iter().all(|name| unknown.contains(&format!("`{name}`"))), "{unknown}");
    }

    #[test]
    fn keys_reach_the_screen_whichever_way_the_file_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "port = 1\n[keys.lists]\n'n' = ':up'\n[keys.queue]\n'n' = ':down'")
            .unwrap();
        let config = Config::default().with_file(Some(file.path())).unwrap();
        let view = View::default().with_file(Some(file.path())).unwrap();
        assert_ne!(config.view.keys, UserKeys::default());
        assert_eq!(view.keys, config.view.keys);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_default_file_says_where_it_is_looked_for() {
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
        // Those are examples; a free port is needed to start.
        let told = Config { port: Some(0), cert: None, key: None, data_dir: None, ..full() };
        let untold = Config { port: Some(0), ..Config::default() };
        let (told, untold) = (told.start().await.unwrap(), untold.start().await.unwrap());
        let address = told.address();
        assert_eq!(address.hostname(), untold.address().hostname());
        assert_eq!(told.options(), clacks_p2p::core::Options { address, ..untold.options() });
        assert_eq!(told.limits(), untold.limits());
    }

    #[tokio::test]
    async fn what_is_told_reaches_the_node() {
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
        let limits = clacks_p2p::node::Limits {
            connect_timeout: seconds(18),
            request_timeout: seconds(19),
            handshake_timeout: seconds(14),
            header_timeout: seconds(15),
            body_timeout: seconds(16),
            answer_timeout: seconds(17),
            max_body: 20 << 10,
            max_bodies: 21 << 10,
            max_connections: 12,
            max_connections_per_address: 13,
            connection_rate_per_address: 22,
            connection_rate: 23,
            contact_all: true,
        };
        assert_eq!(*node.limits(), limits);
    }

    #[test]
    fn what_is_given_first_wins_in_every_option() {
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
    fn a_wrong_file_is_told_by_line_and_key() {
        for (text, reason) in [
            ("port = 1\nprot = 2", "line 2: unknown field `prot`, expected one of `hostname`, `port`, "),
            ("\n\nport = 70000", "line 3: invalid value: integer `70000`, expected u16"),
            ("listen = 'everywhere'", "line 1: invalid IP address syntax"),
            ("peers = ['tower']", "line 1: \"tower\": an address is written host:port"),
            ("peers-from = ['http://example.org']", "line 1: \"http://example.org\": use https: "),
            ("kill-timeout = 'soon'", "line 1: "),
            ("[limits]\nmax-peer = 1", "line 2: unknown field `max-peer`, expected one of `max-peers`, "),
            ("[limits]\nmax-peers = 0", "line 2: invalid value: integer `0`, expected a nonzero u32"),
            (
                "[limits]\nbody-timeout = '2 days'",
                "line 2: a time is a number of milliseconds, or with a unit",
            ),
            (
                "[limits]\npayload-rate = -1",
                "line 2: a rate is a number a second from 0.001 to 1000000, or 0",
            ),
            (
                "[limits]\nmax-body = '2G'",
                "line 2: a size is a number of bytes, or with a unit as in 512K, 1M",
            ),
            ("port = ", "line 1: "),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(reason) && !error.contains('\n'), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_certificate_needs_its_key_and_a_free_port_keeps_nothing() {
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
}
