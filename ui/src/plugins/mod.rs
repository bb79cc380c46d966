//! The plugins of a node of clacks: how the configuration names them, and how they are joined to the node.

mod events;
mod hook;
mod host;
mod periodic;
mod spec;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod tools;

use std::{path::PathBuf, sync::Arc};

use clacks_feed::{Network, description::Description};
use clacks_p2p::{Node, core::PluginReport};
use clacks_p2p_feed::ClacksNetwork;
use clacks_plugins::{
    Environment, Incoming, OnError, PayloadFilter, Pipeline, Plugin,
    builtin::{Builtin, CompileFilter, Context, Logger, Periodic, Running, Services},
    script::{Script, Scripts},
};
use clacks_text::paths::UserPath;
use tokio::task::JoinSet;

use crate::config::plugins::PluginTable;
use host::NodeHost;
use periodic::CrawledNode;
use spec::Spec;
use table::Table;

/// Scripts on the command line.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub(crate) struct PluginOptions {
    /// Script in Luau that judges the messages that arrive, after the plugins of the configuration; may be given more
    /// than once
    #[arg(long = "plugin", env = "CLACKS_PLUGINS", value_name = "FILE", value_delimiter = ',')]
    pub(crate) plugins: Option<Vec<UserPath>>,
}

/// What the plugins of a node are made of.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// The tables of the configuration file.
    pub(crate) tables: &'a [PluginTable],
    /// The scripts of the command line.
    pub(crate) options: &'a PluginOptions,
    /// The directory of the scripts that the file names.
    pub(crate) directory: Option<&'a std::path::Path>,
    /// The directory in which scripts keep values. `None`: nowhere.
    pub(crate) stores: Option<PathBuf>,
    /// What kind of node this is.
    pub(crate) environment: Environment,
}

/// The plugins of a node. Dropping it leaves the node without plugins that do something by themselves.
#[derive(Debug)]
pub(crate) struct Plugins {
    scripts: Option<Arc<Scripts>>,
    loggers: Vec<Arc<Logger>>,
    _tasks: JoinSet<()>,
}

/// Why the plugins cannot start. One line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct PluginError(String);

impl Wanted<'_> {
    /// Starts the plugins, and joins them to the node. `None`: there are none, so nothing is added to the node.
    pub(crate) async fn start(
        self,
        node: &Node,
        network: &Arc<ClacksNetwork>,
    ) -> Result<Option<Plugins>, PluginError> {
        let files: Vec<PathBuf> =
            self.options.plugins.iter().flatten().map(|file| file.to_path_buf()).collect();
        let specs = spec::read(self.tables, self.directory, &files)
            .map_err(|error| PluginError(error.to_string()))?;
        if specs.is_empty() {
            return Ok(None);
        }
        let mut starting =
            Starting::new(node, self.environment, Arc::clone(network.description()), self.stores);
        for spec in specs {
            starting.add(spec).await?;
        }
        Ok(Some(starting.join(network)))
    }
}

impl Plugins {
    /// Writes what the plugins still hold.
    pub(crate) async fn close(self) {
        if let Some(scripts) = &self.scripts {
            // A call that does not end must not keep the program from ending.
            if tokio::time::timeout(LAST_WRITES, scripts.close()).await.is_err() {
                tracing::warn!("the scripts did not end in time");
            }
        }
        let loggers = self.loggers;
        // The writer of a logger is a thread, and a disk can be slow.
        let _ = tokio::task::spawn_blocking(move || {
            loggers.iter().all(|logger| logger.flush(LAST_WRITES));
        })
        .await;
    }
}

/// Maximum time in which scripts end and a logger writes what waits at the end.
const LAST_WRITES: std::time::Duration = std::time::Duration::from_secs(3);

/// Plugins that are being started.
struct Starting {
    node: Node,
    environment: Environment,
    stores: Option<PathBuf>,
    description: Arc<Description>,
    scripts: Option<Arc<Scripts>>,
    loggers: Vec<Arc<Logger>>,
    periodic: Vec<Arc<dyn Periodic>>,
    plugins: Vec<Arc<dyn Plugin>>,
    /// The scripts among them.
    loaded: Vec<Arc<Script>>,
}

impl Starting {
    fn new(
        node: &Node,
        environment: Environment,
        description: Arc<Description>,
        stores: Option<PathBuf>,
    ) -> Self {
        Self {
            node: node.clone(),
            environment,
            stores,
            description,
            scripts: None,
            loggers: Vec::new(),
            periodic: Vec::new(),
            plugins: Vec::new(),
            loaded: Vec::new(),
        }
    }

    async fn add(&mut self, spec: Spec) -> Result<(), PluginError> {
        match spec {
            Spec::Builtin { name, on_error, options } => {
                let failed = |reason: String| PluginError(format!("plugin {name}: {reason}"));
                self.add_builtin(&name, on_error, options).map_err(failed)?;
                self.node.report_plugin(PluginReport::loaded(name));
                Ok(())
            }
            Spec::Script { options, is_optional } => {
                let name = Arc::clone(&options.name);
                match self.scripts()?.load(*options).await {
                    Ok(script) => {
                        self.loaded.push(Arc::clone(&script));
                        self.plugins.push(script);
                    }
                    Err(fault) if is_optional => self.node.report_plugin(hook::report(name, fault)),
                    Err(fault) => return Err(PluginError(fault.reason)),
                }
                Ok(())
            }
        }
    }

    /// The thread of the scripts, which the first script starts.
    fn scripts(&mut self) -> Result<Arc<Scripts>, PluginError> {
        if let Some(scripts) = &self.scripts {
            return Ok(Arc::clone(scripts));
        }
        let host =
            NodeHost::new(&self.node, self.environment, Arc::clone(&self.description), self.stores.clone());
        let scripts = Scripts::start(Arc::new(host))
            .map_err(|error| PluginError(format!("cannot start the thread of the scripts: {error}")))?;
        Ok(Arc::clone(self.scripts.insert(Arc::new(scripts))))
    }

    fn add_builtin(&mut self, name: &Arc<str>, on_error: OnError, options: Builtin) -> Result<(), String> {
        let services = Services {
            context: self.context(name),
            node: Arc::new(CrawledNode(self.node.clone())),
            archive: None,
            filter: self.filters(),
        };
        let running =
            options.start(Arc::clone(name), on_error, &services).map_err(|error| error.to_string())?;
        if let Running::Logger(logger) = &running {
            self.loggers.push(Arc::clone(logger));
        }
        self.periodic.extend(running.periodic());
        self.plugins.push(running.plugin());
        Ok(())
    }

    fn context(&self, name: &Arc<str>) -> Context {
        let (clock, faulty, name) = (self.node.clone(), self.node.clone(), Arc::clone(name));
        Context {
            now: Arc::new(move || clock.now().unix_ms),
            random: Arc::new(rand::random::<f64>),
            on_fault: Arc::new(move |fault| faulty.report_plugin(hook::report(Arc::clone(&name), fault))),
        }
    }

    /// Compiles filters of the dashboard for payloads.
    fn filters(&self) -> CompileFilter {
        let (description, node) = (Arc::clone(&self.description), self.node.clone());
        Arc::new(move |filter| {
            let filter = PayloadFilter::parse(filter, &description)?;
            let (description, node) = (Arc::clone(&description), node.clone());
            Ok(Arc::new(move |payload: &Incoming| filter.admits(payload, &description, node.now().unix_ms)))
        })
    }

    /// Joins the plugins to the node.
    fn join(self, network: &Arc<ClacksNetwork>) -> Plugins {
        let pipeline = Arc::new(Pipeline::new(self.plugins));
        let scripts = self.scripts.as_ref().map(Arc::clone);
        network.set_plugins(Arc::new(Table::new(Arc::clone(&pipeline), scripts, self.loaded)));
        hook::PipelineHook::join(pipeline, &self.node);
        let mut tasks = JoinSet::new();
        for plugin in self.periodic {
            tasks.spawn(periodic::run(plugin, self.node.clone()));
        }
        if let Some(scripts) = &self.scripts {
            tasks.spawn(events::publish(Arc::clone(scripts), Arc::<ClacksNetwork>::clone(network)));
        }
        Plugins { scripts: self.scripts, loggers: self.loggers, _tasks: tasks }
    }
}
