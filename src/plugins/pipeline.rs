use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Instant,
};

use crate::{Fault, Incoming, OnError, Plugin, PluginFigures, Refusal, Verdict, figures::Counted};

/// The plugins of a node, in the order in which they are asked.
#[derive(Default)]
pub struct Pipeline {
    entries: RwLock<Arc<[Entry]>>,
}

/// A plugin, and what is counted for it.
struct Entry {
    plugin: Arc<dyn Plugin>,
    counted: Arc<Mutex<Counted>>,
}

impl Entry {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a pipeline decided about a payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The verdict. [`Verdict::Change`] has the text of the last change.
    pub verdict: Verdict,
    /// The plugin that gave the verdict; `None` if all passed.
    pub by: Option<Arc<str>>,
    /// The changes of the message on the way, in order.
    pub changes: Vec<Change>,
    /// The plugins that failed on the way.
    pub faults: Vec<ReportedFault>,
}

/// A message that a plugin changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The plugin.
    pub by: Arc<str>,
    /// The JSON text after the change.
    pub json: Arc<str>,
}

/// A plugin that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedFault {
    /// The plugin.
    pub by: Arc<str>,
    /// Why.
    pub fault: Fault,
}

/// The status of an answer in place of a verdict that a gate could not give.
const GATE_FAILED: u16 = 503;

impl Pipeline {
    /// A pipeline of these plugins, in this order.
    pub fn new(plugins: impl IntoIterator<Item = Arc<dyn Plugin>>) -> Self {
        let pipeline = Self::default();
        pipeline.set(plugins);
        pipeline
    }

    /// Replaces the plugins. Payloads that are being judged end with the earlier ones. The figures of plugins whose names
    /// stay go on.
    pub fn set(&self, plugins: impl IntoIterator<Item = Arc<dyn Plugin>>) {
        let former = self.entries();
        let entry = |plugin: Arc<dyn Plugin>| {
            let same = former.iter().find(|entry| entry.plugin.name() == plugin.name());
            let counted = same.map_or_else(Arc::default, |entry| Arc::clone(&entry.counted));
            Entry { plugin, counted }
        };
        let entries = plugins.into_iter().map(entry).collect();
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = entries;
    }

    /// The plugins, in their order.
    pub fn plugins(&self) -> Vec<Arc<dyn Plugin>> {
        self.entries().iter().map(|entry| Arc::clone(&entry.plugin)).collect()
    }

    /// The figures of the plugins, in their order.
    pub fn figures(&self) -> Vec<PluginFigures> {
        self.entries().iter().map(|entry| entry.counted().figures(entry.plugin.name())).collect()
    }

    fn entries(&self) -> Arc<[Entry]> {
        Arc::clone(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the plugins in their order until one gives a verdict other than to pass or to change.
    #[expect(clippy::disallowed_methods, reason = "it measures the time of plugins")]
    pub async fn judge(&self, mut payload: Incoming) -> Judgement {
        let mut judgement = Judgement::default();
        for entry in self.entries().iter() {
            let plugin = &entry.plugin;
            let asked = Instant::now();
            let verdict = plugin.judge(&payload).done().await;
            entry.counted().add(&verdict, asked.elapsed());
            let verdict = verdict.unwrap_or_else(|fault| {
                judgement.faults.push(ReportedFault { by: Arc::clone(plugin.name()), fault });
                verdict_of_failed(plugin.on_error())
            });
            match verdict {
                Verdict::Pass => {}
                Verdict::Change(json) => {
                    payload.json = Arc::clone(&json);
                    judgement.changes.push(Change { by: Arc::clone(plugin.name()), json });
                }
                last => {
                    judgement.verdict = last;
                    judgement.by = Some(Arc::clone(plugin.name()));
                    return judgement;
                }
            }
        }
        if let Some(change) = judgement.changes.last() {
            judgement.verdict = Verdict::Change(Arc::clone(&change.json));
            judgement.by = Some(Arc::clone(&change.by));
        }
        judgement
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins().iter().map(|plugin| Arc::clone(plugin.name()))).finish()
    }
}

/// The verdict in place of one that a plugin could not give.
pub(crate) fn verdict_of_failed(on_error: OnError) -> Verdict {
    match on_error {
        OnError::Pass => Verdict::Pass,
        OnError::Refuse => {
            Verdict::Refuse(Refusal::new(GATE_FAILED, "a plugin of this node failed, try again later"))
        }
    }
}
