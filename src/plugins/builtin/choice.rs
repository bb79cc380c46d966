//! Which plugin an entry of the configuration names, and how it starts.

use std::{fmt, sync::Arc};

use clacks_feed::description::Description;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    Incoming, OnError, PayloadFilter, Plugin,
    builtin::{
        BuildError, Context, Crawl, CrawlOptions, Crawled, Formatter, FormatterOptions, Join, JoinOptions,
        Logger, LoggerOptions, Matches, Periodic, Persist, PersistOptions, Split, SplitOptions, Stonewall,
        StonewallOptions, Unseen,
    },
};

/// The options of a built-in plugin, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builtin {
    /// Refuses messages of another form.
    Formatter(FormatterOptions),
    /// Writes payloads to files.
    Logger(LoggerOptions),
    /// Puts parts in the place of large messages.
    Split(SplitOptions),
    /// Puts parts together.
    Join(JoinOptions),
    /// Swallows what a filter matches.
    Stonewall(StonewallOptions),
    /// Collects who knew whom.
    Crawl(CrawlOptions),
    /// Queues archived messages again that were not seen for long.
    Persist(PersistOptions),
}

/// Compiles a filter, or says why it is wrong.
pub type CompileFilter = Arc<dyn Fn(&str) -> Result<Matches, String> + Send + Sync>;

/// Compiles filters in the language of the dashboard, for a network with this description.
pub fn filters_of(description: Arc<Description>, context: &Context) -> CompileFilter {
    let now = Arc::clone(&context.now);
    Arc::new(move |text| {
        let (description, now) = (Arc::clone(&description), Arc::clone(&now));
        let filter = PayloadFilter::parse(text, &description)?;
        Ok(Arc::new(move |payload: &Incoming| filter.admits(payload, &description, now())))
    })
}

/// What the plugins use of the program around them.
#[derive(Clone)]
pub struct Services {
    /// Time, chance and faults.
    pub context: Context,
    /// The node, for `crawl`.
    pub node: Arc<dyn Crawled>,
    /// The archive, for `persist`. `None`: it cannot start.
    pub archive: Option<Arc<dyn Unseen>>,
    /// Compiles filters.
    pub filter: CompileFilter,
}

/// A built-in plugin that runs.
#[derive(Clone)]
pub enum Running {
    /// Refuses messages of another form.
    Formatter(Arc<Formatter>),
    /// Writes payloads to files.
    Logger(Arc<Logger>),
    /// Puts parts in the place of large messages.
    Split(Arc<Split>),
    /// Puts parts together.
    Join(Arc<Join>),
    /// Swallows what a filter matches.
    Stonewall(Arc<Stonewall>),
    /// Collects who knew whom.
    Crawl(Arc<Crawl>),
    /// Queues archived messages again that were not seen for long.
    Persist(Arc<Persist>),
}

impl Builtin {
    /// The names of all of them.
    pub const NAMES: [&str; 7] = ["formatter", "logger", "split", "join", "stonewall", "crawl", "persist"];

    /// Reads the options of the plugin with this name: an object or a table without the fields that all plugins have.
    ///
    /// # Errors
    /// There is no such plugin, or an option is unknown or wrong.
    pub fn read<'de, D: Deserializer<'de>>(name: &str, options: D) -> Result<Self, D::Error> {
        Ok(match name {
            "formatter" => Self::Formatter(Deserialize::deserialize(options)?),
            "logger" => Self::Logger(Deserialize::deserialize(options)?),
            "split" => Self::Split(Deserialize::deserialize(options)?),
            "join" => Self::Join(Deserialize::deserialize(options)?),
            "stonewall" => Self::Stonewall(Deserialize::deserialize(options)?),
            "crawl" => Self::Crawl(Deserialize::deserialize(options)?),
            "persist" => Self::Persist(Deserialize::deserialize(options)?),
            other => {
                let names = Self::NAMES.join(", ");
                return Err(D::Error::custom(format!(
                    "no built-in plugin is named {other}; there are {names}"
                )));
            }
        })
    }

    /// Starts the plugin under a name that is unique in its pipeline. `on_error` matters to `formatter` and `join`; the others
    /// do not fail.
    ///
    /// # Errors
    /// An option has a value that the plugin cannot work with, or something that it needs is missing.
    pub fn start(
        self,
        name: Arc<str>,
        on_error: OnError,
        services: &Services,
    ) -> Result<Running, BuildError> {
        let context = services.context.clone();
        let matches = |filter: &str| {
            (services.filter)(filter).map_err(|reason| BuildError::new(format!("filter: {reason}")))
        };
        Ok(match self {
            Self::Formatter(options) => {
                Running::Formatter(Arc::new(Formatter::new(name, on_error, options)?))
            }
            Self::Logger(options) => Running::Logger(Arc::new(Logger::start(name, options, context)?)),
            Self::Split(options) => Running::Split(Arc::new(Split::new(name, options, context))),
            Self::Join(options) => Running::Join(Arc::new(Join::new(name, on_error, options, context))),
            Self::Stonewall(options) => {
                Running::Stonewall(Arc::new(Stonewall::new(name, matches(&options.filter)?)))
            }
            Self::Crawl(options) => {
                Running::Crawl(Arc::new(Crawl::new(name, options, context, Arc::clone(&services.node))?))
            }
            Self::Persist(options) => {
                let archive = services.archive.clone();
                let archive = archive.ok_or_else(|| BuildError::new("persist needs an archive"))?;
                let filter = options.filter.as_deref().map(matches).transpose()?;
                Running::Persist(Arc::new(Persist::new(name, options, context, archive, filter)?))
            }
        })
    }
}

impl Running {
    /// As a plugin of a pipeline.
    pub fn plugin(&self) -> Arc<dyn Plugin> {
        match self.clone() {
            Self::Formatter(plugin) => plugin,
            Self::Logger(plugin) => plugin,
            Self::Split(plugin) => plugin,
            Self::Join(plugin) => plugin,
            Self::Stonewall(plugin) => plugin,
            Self::Crawl(plugin) => plugin,
            Self::Persist(plugin) => plugin,
        }
    }

    /// As a plugin that does something from time to time. `None` if it only judges.
    pub fn periodic(&self) -> Option<Arc<dyn Periodic>> {
        Some(match self.clone() {
            Self::Join(plugin) => plugin,
            Self::Crawl(plugin) => plugin,
            Self::Persist(plugin) => plugin,
            Self::Formatter(_) | Self::Logger(_) | Self::Split(_) | Self::Stonewall(_) => return None,
        })
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(self.plugin().name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use clacks_feed::description::EventSpec;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        HostPort, Verdict,
        builtin::testing::{Surroundings, message, name},
    };

    struct Nobody;

    impl Crawled for Nobody {
        fn this_node(&self) -> HostPort {
            HostPort { hostname: "localhost".into(), port: 1 }
        }

        fn peers(&self, _: usize) -> Vec<HostPort> {
            Vec::new()
        }
    }

    fn services() -> Services {
        let context = Surroundings::default().context();
        let received = EventSpec::new("message_received", "a message came").json_text("message");
        let description = Description {
            types: ["in", "message"].map(Into::into).to_vec(),
            events: vec![received],
            ..Description::new("clacks".into(), "a node".into())
        };
        let filter = filters_of(Arc::new(description), &context);
        Services { context, node: Arc::new(Nobody), archive: None, filter }
    }

    fn start(plugin: &str, options: Value) -> Result<Running, String> {
        let read = Builtin::read(plugin, options).map_err(|error| error.to_string())?;
        read.start(name(), OnError::Pass, &services()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_plugin_is_read_and_starts() {
        let directory = tempfile::TempDir::new().unwrap();
        for plugin in Builtin::NAMES {
            let options = match plugin {
                "logger" => json!({ "directory": directory.path(), "max-bytes": "2M" }),
                "stonewall" => json!({ "filter": "spam" }),
                _ => json!({}),
            };
            let started = start(plugin, options);
            if plugin == "persist" {
                assert_eq!(started.unwrap_err(), "persist needs an archive");
                continue;
            }
            let running = started.expect(plugin);
            assert_eq!(**running.plugin().name(), *name());
            assert_eq!(running.periodic().is_some(), matches!(plugin, "join" | "crawl"), "{plugin}");
        }
    }

    #[tokio::test]
    async fn stonewalling_takes_what_the_filter_matches() {
        let stonewall = start("stonewall", json!({ "filter": "spam from:tower" })).unwrap().plugin();
        let judge = async |json| stonewall.judge(&message(json)).done().await.unwrap();
        assert_eq!(judge("\"no spam\"").await, Verdict::Swallow { reason: None });
        assert_eq!(judge("\"ham\"").await, Verdict::Pass);
        let mut payload = message("\"spam\"");
        payload.sender.address.hostname = "elsewhere".into();
        assert_eq!(stonewall.judge(&payload).done().await, Ok(Verdict::Pass));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |plugin, options| start(plugin, options).unwrap_err();
        assert!(
            wrong("formater", json!({}))
                .starts_with("no built-in plugin is named formater; there are formatter, ")
        );
        assert!(wrong("join", json!({ "max-age": "10" })).contains("expected a duration such as \"10m\""));
        assert!(wrong("split", json!({ "over": 1 })).contains("unknown field `over`"));
        assert!(wrong("stonewall", json!({})).contains("missing field `filter`"));
        assert!(wrong("stonewall", json!({ "filter": "(" })).starts_with("filter: "));
        assert_eq!(wrong("crawl", json!({ "every": "1s" })), "every must be at least a minute");
    }
}
