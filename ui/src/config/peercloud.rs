//! The options of a peercloud node: flags, environment variables and the table `[peercloud]` of the configuration file.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clacks_peercloud::{
    Address, Auth, Builder, Host, Node,
    core::OptionsError,
    node::StartError,
    protocol::{DEFAULT_PORT, PrivateKey, PublicKey},
};
use clacks_text::{file_error, paths::UserPath};
use clacks_transport::{
    Scope,
    files::{mode_open_to_others, open_key_warning, read_regular_text},
};
use clap::{Args as _, FromArgMatches as _};
use limits::PeercloudLimits;
use serde::Deserialize;
use values::{Data, Interval, Reply};

use super::{Config, file::platform_directories, given, log::LogOptions, number, remedy, view::View};
use crate::cli;

mod limits;
#[cfg(test)]
mod tests;
pub(crate) mod values;

/// Maximum size of the file of a key in bytes. A key of 8,192 bits has less than 8 KiB.
const LARGEST_KEY: u64 = 64 << 10;

/// The options of a peercloud node.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PeercloudOptions {
    /// Hostname or IP address at which the other members reach this node [default: the address that they see]
    #[arg(long, env = "CLACKS_PEERCLOUD_HOSTNAME", value_name = "NAME", value_parser = values::host)]
    #[serde(deserialize_with = "values::file::host")]
    hostname: Option<Host>,

    /// Port to listen on [default: 9338, or any free port if that is taken]
    #[arg(long, env = "CLACKS_PEERCLOUD_PORT", value_name = "PORT", value_parser = number::port)]
    #[serde(deserialize_with = "number::file::port")]
    pub(crate) port: Option<u16>,

    /// IP address to listen on; only with another one can other machines be members [default: 127.0.0.1]
    #[arg(long, env = "CLACKS_PEERCLOUD_LISTEN", value_name = "IP", value_parser = number::ip)]
    #[serde(deserialize_with = "number::file::ip")]
    listen: Option<IpAddr>,

    /// Member of a cloud that is asked to let this node in; may be given more than once
    #[arg(long = "peer", env = "CLACKS_PEERCLOUD_PEERS", value_name = "HOST:PORT", value_delimiter = ',', value_parser = values::address)]
    #[serde(deserialize_with = "values::file::addresses")]
    peers: Option<Vec<Address>>,

    /// Data of this node, which every member sees: JSON, by convention an object with a name [default: {}]
    #[arg(long, env = "CLACKS_PEERCLOUD_DATA", value_name = "JSON")]
    data: Option<Data>,

    /// What messages are replied with: none, which is {}, echo, which is the message itself, or JSON [default: none]
    #[arg(long, env = "CLACKS_PEERCLOUD_REPLY", value_name = "REPLY")]
    reply: Option<Reply>,

    /// Private RSA key that signs the requests of this node, a PEM file; needs --accepted-key [default: nothing is signed]
    #[arg(long, env = "CLACKS_PEERCLOUD_KEY", value_name = "FILE")]
    key: Option<UserPath>,

    /// Public RSA key whose signatures are accepted, a PEM file; may be given more than once
    #[arg(long = "accepted-key", env = "CLACKS_PEERCLOUD_ACCEPTED_KEYS", value_name = "FILE")]
    accepted_keys: Option<Vec<UserPath>>,

    /// Time between two checks, each of one member at random: milliseconds, or as in 5s; 100ms to 24h, or off
    /// [default: 5s]
    #[arg(long, env = "CLACKS_PEERCLOUD_CHECK_INTERVAL", value_name = "TIME")]
    check_interval: Option<Interval>,

    /// Do not leave and join again when members do not know this node
    #[arg(long, env = "CLACKS_PEERCLOUD_NO_REPAIR", value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_parser = number::switch)]
    no_repair: Option<bool>,

    /// Directory for the history and the stations [default: clacks/peercloud-PORT in the platform's data directory]
    #[arg(long, env = "CLACKS_PEERCLOUD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<UserPath>,

    #[command(flatten)]
    limits: PeercloudLimits,
}

/// The options of `clacks peercloud`.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct PeercloudConfig {
    #[command(flatten)]
    pub(crate) node: PeercloudOptions,
    #[command(flatten)]
    pub(crate) log: LogOptions,
    #[command(flatten)]
    pub(crate) view: View,
}

impl PeercloudConfig {
    /// Merges these options with the configuration file, as in [`Config::with_file`]. The whole file must be valid.
    pub(crate) fn with_file(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let told = Config::of_file(file)?;
        Ok(Self {
            node: self.node.or(told.peercloud),
            log: self.log.or(told.log),
            view: self.view.or(told.view),
        })
    }
}

impl PeercloudOptions {
    /// The options of the environment, merged with the table of the configuration file: of a node that runs beside
    /// another one, whose options have the flags.
    pub(crate) fn of_environment(told: Self) -> anyhow::Result<Self> {
        let command = Self::augment_args(clap::Command::new("clacks peercloud"));
        let matches = cli::matches_of_environment(command).map_err(anyhow::Error::msg)?;
        Ok(Self::from_arg_matches(&matches)
            .map_err(|error| anyhow::Error::msg(cli::complaint(&error)))?
            .or(told))
    }

    /// Merges two sources: values of `self` take precedence over those of `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            hostname: self.hostname.or(other.hostname),
            port: self.port.or(other.port),
            listen: self.listen.or(other.listen),
            peers: self.peers.or(other.peers),
            data: self.data.or(other.data),
            reply: self.reply.or(other.reply),
            key: self.key.or(other.key),
            accepted_keys: self.accepted_keys.or(other.accepted_keys),
            check_interval: self.check_interval.or(other.check_interval),
            no_repair: self.no_repair.or(other.no_repair),
            data_dir: self.data_dir.or(other.data_dir),
            limits: self.limits.or(other.limits),
        }
    }

    /// Prepares a node with these options.
    pub(crate) async fn prepare(&self) -> anyhow::Result<Node> {
        self.builder()?.prepare().await.map_err(|error| {
            let remedy = match &error {
                StartError::Listen { source, .. } => remedy::of_socket(source.kind()),
                StartError::Options(OptionsError::ReplayMemory { .. }) => {
                    "; give a longer --replay-memory or a smaller --clock-difference"
                }
                _ => "",
            };
            anyhow::anyhow!("{}{remedy}", file_error::without_number(&error.to_string()))
        })
    }

    pub(crate) fn builder(&self) -> anyhow::Result<Builder> {
        let builder = Node::builder();
        let builder = given(builder, self.hostname.clone(), Builder::host);
        let builder = given(builder, self.port, Builder::port);
        let builder = given(builder, self.listen, Builder::listen);
        let builder = given(builder, self.peers.clone(), Builder::peers);
        let builder = given(builder, self.data.clone(), |builder, Data(data)| builder.data(data));
        let builder = given(builder, self.auth()?, Builder::auth);
        Ok(self.limits.apply(builder).options(|options| {
            if let Some(Interval(interval)) = self.check_interval {
                options.check_interval = interval;
            }
            if let Some(no_repair) = self.no_repair {
                options.repair = !no_repair;
            }
            if let Some(Reply(reply)) = &self.reply {
                options.reply = reply.clone();
            }
        }))
    }

    /// Whether requests are to be signed.
    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether the node leaves and joins again when members do not know it.
    pub(crate) fn repairs(&self) -> bool {
        !self.no_repair.unwrap_or_default()
    }

    /// Reads the keys.
    fn auth(&self) -> anyhow::Result<Option<Auth>> {
        match (&self.key, self.accepted_keys.as_deref().unwrap_or_default()) {
            (None, []) => Ok(None),
            (Some(_), []) => {
                bail!("a key without accepted keys would refuse every member; give --accepted-key as well")
            }
            (None, _) => bail!("accepted keys without a key of this node are of no use; give --key as well"),
            (Some(key), accepted) => {
                let key = Arc::new(read_key(key, "the key", PrivateKey::from_text)?);
                let accepted =
                    accepted.iter().map(|file| read_key(file, "the accepted key", PublicKey::from_text));
                Ok(Some(Auth { key, accepted: accepted.collect::<Result<_, _>>()? }))
            }
        }
    }

    /// A warning if every user of this machine can read the private key.
    pub(crate) fn open_key(&self) -> Option<String> {
        let key = self.key.as_deref()?;
        // Keys installed by the system are often readable by a group.
        let mode = mode_open_to_others(&fs::metadata(key).ok()?, 0o007)?;
        Some(open_key_warning(key, mode))
    }

    /// The first of the configured peers that cannot check this node, because it listens on this machine only.
    pub(crate) fn unreachable_peer(&self) -> Option<&Address> {
        let is_local = self.listen.is_none_or(|ip| ip.to_canonical().is_loopback());
        let is_elsewhere = |peer: &&Address| peer.host.scope().is_none_or(|scope| scope != Scope::Loopback);
        self.peers.iter().flatten().find(is_elsewhere).filter(|_| is_local)
    }

    /// The directory for what is saved, of a node that listens on `port`. `None` if it took any free port, because such a
    /// node is new each time.
    pub(crate) fn data_directory(&self, port: u16) -> anyhow::Result<Option<PathBuf>> {
        if let Some(directory) = &self.data_dir {
            return Ok(Some(directory.to_path_buf()));
        }
        let asked = self.port.filter(|port| *port != 0).unwrap_or(DEFAULT_PORT);
        if port != asked {
            return Ok(None);
        }
        let directories = platform_directories().context("no home directory found; give --data-dir")?;
        Ok(Some(directories.data_dir().join(format!("peercloud-{port}"))))
    }
}

fn read_key<T, E>(file: &Path, what: &str, read: impl FnOnce(&str) -> Result<T, E>) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let context = || format!("cannot read {what} {}", file.display());
    let text = read_regular_text(file, LARGEST_KEY).map_err(file_error::reading).with_context(context)?;
    read(&text).with_context(context)
}
