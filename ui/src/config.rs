//! The options of a node: flags, environment variables and the configuration file.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use clacks_dashboard::keymap::user::UserKeys;
use clacks_language::{list_source::ListSource, saved_filter::Stations};
use clacks_p2p::{Address, Builder, Node};
use clacks_text::{byte_size::LogSize, file_error, paths::UserPath};
use file::{platform_directories, read_as};
use kill_timeout::KillTimeout;
use limits::Limits;
use log::LogOptions;
use peercloud::PeercloudOptions;
use plugins::PluginTable;
use remedy::remedy;
use serde::{Deserialize, Deserializer, de::Error};
use view::{Located, View};

use super::{logging::Level, networks, plugins::PluginOptions};

mod file;
#[cfg(test)]
mod fuzz;
mod kill_timeout;
mod limits;
pub(crate) mod log;
pub(crate) mod number;
pub(crate) mod peercloud;
pub(crate) mod plugins;
mod remedy;
pub(crate) mod timeout;
pub(crate) mod view;

/// The configuration file with every option commented out.
pub(crate) const DEFAULT_FILE: &str = include_str!("../../assets/clacks.toml");

/// The directory of the scripts, beside the configuration file.
const SCRIPTS: &str = "plugins";

/// The directory of the user's scripts, beside the default configuration file.
pub(crate) fn scripts_directory() -> Option<PathBuf> {
    platform_directories().map(|directories| directories.config_dir().join(SCRIPTS))
}

/// The default port, as in the library.
const DEFAULT_PORT: u16 = 8080;

/// The options of a node. clap parses flags and environment variables, serde parses the configuration file, both into
/// this struct.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// Hostname or IP address at which other nodes reach this node [default: localhost]
    #[arg(long, env = "CLACKS_HOSTNAME", value_name = "NAME", value_parser = number::hostname)]
    #[serde(default, deserialize_with = "number::file::hostname")]
    pub(crate) hostname: Option<String>,

    /// Port to listen on, also announced to other nodes; 0 for any free port [default: 8080]
    #[arg(long, env = "CLACKS_PORT", value_name = "PORT", value_parser = number::port)]
    #[serde(default, deserialize_with = "number::file::port")]
    pub(crate) port: Option<u16>,

    /// IP address to listen on [default: loopback if the hostname is a loopback name, otherwise all addresses]
    #[arg(long, env = "CLACKS_LISTEN", value_name = "IP", value_parser = number::ip)]
    #[serde(default, deserialize_with = "number::file::ip")]
    pub(crate) listen: Option<IpAddr>,

    /// Messages sent per second, 0.001 to 100000 [default: 1]
    #[arg(long, env = "CLACKS_SEND_RATE", value_name = "PER_SECOND", value_parser = number::send_rate)]
    #[serde(default, deserialize_with = "number::file::send_rate")]
    pub(crate) send_rate: Option<f64>,

    /// Time after which a lost peer is dead: milliseconds, or with a unit as in 90s, 5m, 1h [default: 1h]
    #[arg(long, env = "CLACKS_KILL_TIMEOUT", value_name = "TIME")]
    pub(crate) kill_timeout: Option<KillTimeout>,

    /// Node to announce this node to, repeatedly until it answers; may be given more than once
    #[arg(long = "peer", env = "CLACKS_PEERS", value_name = "HOST:PORT", value_delimiter = ',', value_parser = number::address)]
    #[serde(default, deserialize_with = "addresses")]
    pub(crate) peers: Option<Vec<Address>>,

    /// File or https:// URL with a list of peers, one HOST:PORT per line; may be given more than once
    #[arg(long, env = "CLACKS_PEERS_FROM", value_name = "FILE/URL")]
    pub(crate) peers_from: Option<Vec<ListSource>>,

    /// TLS certificate of this node, a PEM file; needs --key [default: self-signed, kept in the data directory]
    #[arg(long, env = "CLACKS_CERT", value_name = "FILE")]
    pub(crate) cert: Option<UserPath>,

    /// Private key of the certificate, a PEM file
    #[arg(long, env = "CLACKS_KEY", value_name = "FILE")]
    pub(crate) key: Option<UserPath>,

    /// Directory for the certificate and the known peers [default: clacks/PORT in the platform's data directory]
    #[arg(long, env = "CLACKS_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<UserPath>,

    /// Neither save the known peers nor load saved ones
    #[arg(long, env = "CLACKS_NO_STATE", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    pub(crate) no_state: Option<bool>,

    /// Maximum number of messages held, queued and in flight [default: 100000]
    #[arg(long, env = "CLACKS_MAX_QUEUE_MESSAGES", value_name = "NUMBER", value_parser = number::count)]
    #[serde(default, deserialize_with = "number::file::count")]
    pub(crate) max_queue_messages: Option<usize>,

    /// Maximum size of all messages held, queued and in flight, as in 512K, 64M, 1G [default: 64M]
    #[arg(long, env = "CLACKS_MAX_QUEUE_BYTES", value_name = "BYTES", value_parser = number::size)]
    #[serde(default, deserialize_with = "number::file::size")]
    pub(crate) max_queue_bytes: Option<usize>,

    /// Maximum number of messages in flight to peers [default: 64]
    #[arg(long, env = "CLACKS_MAX_IN_FLIGHT", value_name = "NUMBER", value_parser = number::count)]
    #[serde(default, deserialize_with = "number::file::count")]
    pub(crate) max_in_flight: Option<usize>,

    #[command(flatten)]
    #[serde(skip)]
    pub(crate) log: LogOptions,

    #[command(flatten)]
    #[serde(default)]
    limits: Limits,

    #[command(flatten)]
    #[serde(default)]
    pub(crate) view: View,

    /// Run a node of this network as well, and show it on the same screen; its options are those of the table [peercloud]
    #[arg(long, env = "CLACKS_WITH", value_name = "NETWORK", help_heading = view::HEADING)]
    pub(crate) with: Option<OtherNetwork>,

    #[command(flatten)]
    #[serde(skip)]
    pub(crate) scripts: PluginOptions,

    /// The tables `[[plugins]]`.
    #[arg(skip)]
    #[serde(default)]
    pub(crate) plugins: Vec<PluginTable>,

    /// The directory of the scripts that the file names.
    #[arg(skip)]
    #[serde(skip)]
    pub(crate) script_directory: Option<PathBuf>,

    /// The options of the log in the file, which no table contains.
    #[arg(skip)]
    log_file: Option<UserPath>,
    #[arg(skip)]
    log_level: Option<Level>,
    #[arg(skip)]
    log_size: Option<LogSize>,

    /// The table `[peercloud]`: the options of a peercloud node.
    #[arg(skip)]
    #[serde(default)]
    pub(crate) peercloud: PeercloudOptions,

    /// The table `[archive]`: where messages are archived.
    #[arg(skip)]
    #[serde(default)]
    pub(crate) archive: clacks_archive::Options,

    /// The table `[stations]` of saved filters.
    #[arg(skip)]
    #[serde(default, deserialize_with = "networks::read_stations")]
    stations: Stations,

    /// The tables `[keys.…]`.
    #[arg(skip)]
    #[serde(default, deserialize_with = "networks::read_keys")]
    keys: UserKeys,
}

/// Another network, of which the program can run a node beside that of clacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OtherNetwork {
    Peercloud,
}

impl Config {
    /// Merges these options with the configuration file: `file`, which must exist, or the default file, which does not
    /// have to. Values of `self` take precedence.
    pub(crate) fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(self.or(Self::of_file(file)?))
    }

    /// The configuration file alone.
    pub(crate) fn of_file(file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(read_as::<Self>(file)?.unwrap_or_default().with_groups())
    }

    /// Moves the options that stand in the file by themselves, or in tables of their own, to their groups.
    fn with_groups(mut self) -> Self {
        let Self { log_file, log_level, log_size, .. } = &mut self;
        let (log_file, log_level, log_size) = (log_file.take(), log_level.take(), log_size.take());
        self.log = LogOptions { log_file, log_level, log_size };
        self.view.stations = std::mem::take(&mut self.stations);
        self.view.keys = std::mem::take(&mut self.keys);
        self
    }

    #[cfg(test)]
    fn parse(text: &str) -> anyhow::Result<Self> {
        clacks_text::toml::parse(text).map(Self::with_groups)
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
            log: self.log.or(other.log),
            limits: self.limits.or(other.limits),
            view: self.view.or(other.view),
            with: self.with.or(other.with),
            peercloud: self.peercloud.or(other.peercloud),
            scripts: self.scripts,
            plugins: if self.plugins.is_empty() { other.plugins } else { self.plugins },
            script_directory: self.script_directory.or(other.script_directory),
            archive: if self.archive.is_on() { self.archive } else { other.archive },
            // Of a file, and moved already.
            ..Self::default()
        }
    }

    /// Starts the node with these options.
    pub(crate) async fn start(&self) -> anyhow::Result<Node> {
        self.builder()?.start().await.map_err(|error| {
            let words = file_error::without_number(&error.to_string());
            anyhow::anyhow!("{words}{}", remedy(&error))
        })
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

    /// The directory for settings changed at run time; `None` if they are not saved.
    pub(crate) fn kept_in(&self) -> anyhow::Result<Option<PathBuf>> {
        if self.no_state == Some(true) { Ok(None) } else { self.data_directory() }
    }

    /// The configured directory; by default one per port, so that nodes on the same machine do not share one. `None`
    /// for port 0, because such a node is new each time and saves nothing.
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

impl Located for Config {
    fn locate(&mut self, file: &Path, text: &str) {
        self.script_directory = Some(file.parent().unwrap_or(Path::new("")).join(SCRIPTS));
        self.view.locate(file, text);
    }
}

impl Located for ViewFile {
    fn locate(&mut self, file: &Path, text: &str) {
        self.view.locate(file, text);
    }
}

/// Deserializes addresses in the notation for people, which differs from the wire format.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Address>>, D::Error> {
    let read =
        |text: String| number::address(&text).map_err(|error| D::Error::custom(format!("{text:?}: {error}")));
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// Sets an option of a builder, if it has a value.
fn given<B, T>(builder: B, value: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
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

/// The part of the configuration file that modes without the user's node read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ViewFile {
    view: View,
    #[serde(deserialize_with = "networks::read_stations")]
    stations: Stations,
    #[serde(deserialize_with = "networks::read_keys")]
    keys: UserKeys,
}

impl View {
    /// Merges these options with the table `[view]` of the configuration file, as in [`Config::with_file`].
    pub(crate) fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let told = read_as::<ViewFile>(file)?.unwrap_or_default();
        Ok(Self { stations: told.stations, keys: told.keys, ..self.or(told.view) })
    }
}

#[cfg(test)]
mod tests;
