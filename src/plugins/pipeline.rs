use std::sync::{Arc, PoisonError, RwLock};

use crate::{Fault, Incoming, OnError, Plugin, Refusal, Verdict};

/// The plugins of a node, in the order in which they are asked.
#[derive(Default)]
pub struct Pipeline {
    plugins: RwLock<Arc<[Arc<dyn Plugin>]>>,
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
        Self { plugins: RwLock::new(plugins.into_iter().collect()) }
    }

    /// Replaces the plugins. Payloads that are being judged end with the earlier ones.
    pub fn set(&self, plugins: impl IntoIterator<Item = Arc<dyn Plugin>>) {
        *self.plugins.write().unwrap_or_else(PoisonError::into_inner) = plugins.into_iter().collect();
    }

    /// The plugins, in their order.
    pub fn plugins(&self) -> Arc<[Arc<dyn Plugin>]> {
        Arc::clone(&self.plugins.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the plugins in their order until one gives a verdict other than to pass or to change.
    pub async fn judge(&self, mut payload: Incoming) -> Judgement {
        let mut judgement = Judgement::default();
        for plugin in self.plugins().iter() {
            let verdict = match plugin.judge(&payload).done().await {
                Ok(verdict) => verdict,
                Err(fault) => {
                    judgement.faults.push(ReportedFault { by: Arc::clone(plugin.name()), fault });
                    verdict_of_failed(plugin.on_error())
                }
            };
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
