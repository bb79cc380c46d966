//! A pipeline as the payload hook of a node of clacks.

use std::sync::Arc;

use clacks_p2p::{
    Address, Kind, Message, Node,
    core::{Judgement, Peer, PluginMessage, PluginReport, Verdict},
    node::{IncomingPayload, Judging, PayloadHook},
};
use clacks_plugins::{Fault, HostPort, Incoming, Pipeline, Sender};

/// Asks a pipeline about each payload of a node.
#[derive(Debug)]
pub(super) struct PipelineHook {
    pipeline: Arc<Pipeline>,
    node: Node,
    max_depth: usize,
}

impl PipelineHook {
    /// Joins a pipeline to a node. The node keeps running until it is stopped.
    pub(super) fn join(pipeline: Arc<Pipeline>, node: &Node) {
        let max_depth = node.options().max_depth;
        node.set_payload_hook(Arc::new(Self { pipeline, node: node.clone(), max_depth }));
    }

    async fn judge(&self, incoming: IncomingPayload<'_>) -> Judgement {
        let mut judged = self.pipeline.judge(seen(&incoming)).await;
        for failed in std::mem::take(&mut judged.faults) {
            self.node.report_plugin(report(failed.by, failed.fault));
        }
        self.judgement(judged)
    }

    fn judgement(&self, judged: clacks_plugins::Judgement) -> Judgement {
        let mut judgement = Judgement::default();
        for change in judged.changes {
            match self.message(&change.json) {
                Ok(message) => judgement.rewrites.push(PluginMessage::new(change.by, message)),
                Err(reason) => self.node.report_plugin(PluginReport::failed(change.by, reason)),
            }
        }
        judgement.by = judged.by;
        match self.verdict(judged.verdict) {
            Ok(verdict) => judgement.verdict = verdict,
            Err(reason) => {
                let by = judgement.by.take().unwrap_or_else(|| "a plugin".into());
                self.node.report_plugin(PluginReport::failed(by, reason));
            }
        }
        judgement
    }

    fn verdict(&self, verdict: clacks_plugins::Verdict) -> Result<Verdict, String> {
        use clacks_plugins::Verdict as Given;

        let reason = |reason: Option<Arc<str>>| reason.map(|reason| reason.to_string());
        Ok(match verdict {
            // The changes are the rewrites of the judgement.
            Given::Pass | Given::Change(_) => Verdict::Pass,
            Given::Replace(texts) => {
                Verdict::Replace(texts.iter().map(|text| self.message(text)).collect::<Result<_, _>>()?)
            }
            Given::Swallow { reason: why } => Verdict::Swallow { reason: reason(why) },
            Given::Refuse(refusal) => Verdict::Refuse {
                status: refusal.status,
                body: refusal.body.to_string(),
                headers: refusal
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name.into_owned(), value))
                    .collect(),
                reason: None,
            },
            Given::Hold { reason: why } => Verdict::Hold { reason: reason(why) },
            other => return Err(format!("its verdict is not known here: {other:?}")),
        })
    }

    fn message(&self, json: &str) -> Result<Message, String> {
        Message::from_json(json, self.max_depth).map_err(|error| format!("its message {error}"))
    }
}

impl PayloadHook for PipelineHook {
    fn name(&self) -> &'static str {
        "plugins"
    }

    fn judge<'a>(&'a self, incoming: IncomingPayload<'a>) -> Judging<'a> {
        Box::pin(self.judge(incoming))
    }
}

/// The report of a fault.
pub(super) fn report(plugin: Arc<str>, Fault { line, reason }: Fault) -> PluginReport {
    let mut report = PluginReport::failed(plugin, reason);
    if let PluginReport::Failed { line: at, .. } = &mut report {
        *at = line;
    }
    report
}

fn seen(incoming: &IncomingPayload<'_>) -> Incoming {
    let payload = incoming.payload;
    Incoming {
        json: payload.message.as_json().into(),
        kind: match payload.kind {
            Kind::Message => clacks_plugins::Kind::Message,
            Kind::Announce => clacks_plugins::Kind::Announce,
            _ => clacks_plugins::Kind::Other,
        },
        sender: sender(incoming.peer),
        remote: Some(incoming.remote),
        friend: payload.friend.as_ref().map(host_port),
        visits: incoming.visits().saturating_sub(1),
        body: incoming.body.clone(),
    }
}

fn sender(peer: &Peer) -> Sender {
    Sender {
        identifier: peer.address.identifier().to_string().into(),
        address: host_port(&peer.address),
        status: peer.status.name(),
        time: peer.time,
        answers: peer.last_attempt_ok,
    }
}

/// An address as plugins see it.
pub(super) fn host_port(address: &Address) -> HostPort {
    HostPort { hostname: address.hostname().into(), port: address.port() }
}
