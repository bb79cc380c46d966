//! What scripts can do to a node of clacks.

use std::{path::PathBuf, sync::Arc};

use clacks_feed::{description::Description, escape::escaped};
use clacks_p2p::{
    Address, Message, Node,
    core::{MessageId, PluginReport},
    node::files,
};
use clacks_plugins::{Environment, Host, HostPort, KnownPeer, LogLevel, PeerQuery, Report, ThisNode};
use tokio::runtime::Handle;

use super::hook::{host_port, report};

/// A node of clacks, as scripts see it.
#[derive(Debug)]
pub(super) struct NodeHost {
    node: Node,
    environment: Environment,
    description: Arc<Description>,
    /// The directory of the stores of scripts. `None`: the node keeps no files.
    stores: Option<PathBuf>,
    runtime: Handle,
}

/// Largest store in bytes, and some more for its JSON.
const MAX_STORE: u64 = 2 << 20;

impl NodeHost {
    /// Call it within the runtime of the node.
    pub(super) fn new(
        node: &Node,
        environment: Environment,
        description: Arc<Description>,
        stores: Option<PathBuf>,
    ) -> Self {
        Self { node: node.clone(), environment, description, stores, runtime: Handle::current() }
    }

    /// Announces this node to an address under the rules for addresses of strangers. It becomes a peer when it answers.
    fn suggest(&self, to: &HostPort) -> Result<(), String> {
        let (node, to) = (self.node.clone(), address(to)?);
        self.runtime.spawn(async move {
            if let Err(error) = node.announce_suggested(&to).await {
                tracing::debug!(peer = %to, %error, "a script announced this node in vain");
            }
        });
        Ok(())
    }

    fn store_of(&self, script: &str) -> Option<PathBuf> {
        let name: String =
            script.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        Some(self.stores.as_ref()?.join(format!("{name}.json")))
    }
}

fn address(of: &HostPort) -> Result<Address, String> {
    Address::new(&of.hostname, of.port).map_err(|error| error.to_string())
}

impl Host for NodeHost {
    fn environment(&self) -> Environment {
        self.environment
    }

    fn now(&self) -> u64 {
        self.node.now().unix_ms
    }

    fn this_node(&self) -> ThisNode {
        let address = self.node.address();
        ThisNode { identifier: address.identifier().to_string().into(), address: host_port(&address) }
    }

    fn queue_length(&self) -> u64 {
        self.node.queue_len() as u64
    }

    fn peers(&self, query: &PeerQuery) -> Vec<KnownPeer> {
        let is_wanted = |name: &str| query.status.as_deref().is_none_or(|status| status == name);
        let peers = self.node.peers();
        let wanted = peers.iter().filter(|peer| is_wanted(peer.status.name())).take(query.limit);
        let known = wanted.map(|peer| KnownPeer {
            identifier: peer.address.identifier().to_string().into(),
            address: host_port(&peer.address),
            status: peer.status.name(),
            time: peer.time,
            answers: peer.last_attempt_ok,
        });
        known.collect()
    }

    fn enqueue(&self, _: &str, json: &str) -> Result<u64, String> {
        let message = Message::from_json(json, self.node.options().max_depth)
            .map_err(|error| format!("the message {error}"))?;
        self.node.enqueue(message).map(MessageId::number).map_err(|error| error.to_string())
    }

    fn announce(&self, _: &str, to: &HostPort) -> Result<(), String> {
        self.suggest(to)
    }

    fn add(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.suggest(peer)
    }

    fn ignore(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.node.ignore(&address(peer)?);
        Ok(())
    }

    fn unignore(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.node.unignore(&address(peer)?);
        Ok(())
    }

    fn forget(&self, _: &str, peer: &HostPort) -> Result<(), String> {
        self.node.forget(&address(peer)?).map_err(|error| error.to_string())
    }

    fn log(&self, script: &str, level: LogLevel, text: &str) {
        let text = escaped(text);
        match level {
            LogLevel::Debug => tracing::debug!(script, "{text}"),
            LogLevel::Info => tracing::info!(script, "{text}"),
            LogLevel::Warn => tracing::warn!(script, "{text}"),
            LogLevel::Error => tracing::error!(script, "{text}"),
        }
    }

    fn notify(&self, script: &str, text: &str) {
        self.log(script, LogLevel::Info, text);
    }

    fn report(&self, script: &Arc<str>, what: &Report) {
        let failed = |reason: String, line, suspended| PluginReport::Failed {
            plugin: Arc::clone(script),
            reason,
            line,
            is_suspended: suspended,
        };
        let told = match what {
            Report::Loaded => PluginReport::loaded(Arc::clone(script)),
            Report::Reloaded => PluginReport::Loaded { plugin: Arc::clone(script), is_reload: true },
            Report::Failed { fault, .. } => report(Arc::clone(script), fault.clone()),
            Report::ReloadFailed(fault) => failed(what.to_string(), fault.line, false),
            Report::Suspended(fault) => failed(what.to_string(), fault.line, true),
            Report::Unloaded => return,
        };
        self.node.report_plugin(told);
    }

    fn description(&self) -> Option<&Description> {
        Some(&self.description)
    }

    fn read_store(&self, script: &str) -> Result<Option<String>, String> {
        let Some(file) = self.store_of(script) else { return Ok(None) };
        match files::read_regular_text(&file, MAX_STORE) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    fn write_store(&self, script: &str, json: &str) -> Result<(), String> {
        let file = self.store_of(script).ok_or("this node keeps no files")?;
        let written = files::write_whole(&file, files::Access::Private, |to| to.write_all(json.as_bytes()));
        written.map_err(|error| format!("{}: {error}", file.display()))
    }
}
