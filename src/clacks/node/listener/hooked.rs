//! Payloads of a node with plugins, a payload hook or listeners.

use std::{net::SocketAddr, pin::Pin, sync::Arc, task::Poll};

use bytes::Bytes;
use hyper::StatusCode;

use crate::{
    core::{Arrival, Judged, Judgement, Peer, PluginMessage, PluginReport, Response, Status},
    node::{
        IncomingPayload, PayloadHook, PluginDecision, Request,
        hooks::NamedPlugin,
        payload_hook::{Panicked, guarded, guarded_async},
    },
    protocol::{Address, Message, Payload},
};

use super::{BodyError, Listener};

/// The name of the listeners for received messages in events about their faults.
const LISTENER: &str = "a message listener";

impl Listener {
    /// Processes a payload after its sender was noted by [`Listener::process`]. Everything before a judgement is a fact
    /// already, and everything after it happens without a pause. So nothing is half done if this is dropped.
    pub(super) async fn process_with_hooks(
        &self,
        mut payload: Payload,
        body: Bytes,
        remote: SocketAddr,
    ) -> Response {
        let sender = payload.sender.clone();
        let peer = self.shared.with_core(|at| at.core.record_contact(&sender, Some(remote.ip()), at.now));
        let request = Request { remote, body };
        let by_plugins = match self.run_plugins(&peer, &sender, &mut payload, &request) {
            Ok(answer) => answer,
            Err(answer) => return answer,
        };
        let judgement = match self.shared.hooks.payload_hook() {
            Some(hook) => match self.judge(&*hook, &peer, &payload, &request).await {
                Ok(judgement) => judgement,
                Err(answer) => return answer,
            },
            None => Judgement::default(),
        };
        let mut answer = self.accept_judged(&peer, &sender, payload, judgement, remote);
        answer.headers.extend(by_plugins.headers);
        answer
    }

    /// Runs the plugins. `Err` is the response of the one that discarded the payload.
    fn run_plugins(
        &self,
        peer: &Peer,
        sender: &Address,
        payload: &mut Payload,
        request: &Request,
    ) -> Result<Response, Response> {
        let mut answer = Response::accepted();
        let remote = Some(request.remote.ip());
        for plugin in self.shared.hooks.plugins().iter() {
            let NamedPlugin { name, run } = &**plugin;
            let before = payload.message.clone();
            let decision = guarded(|| run(peer, payload, request, &mut answer))
                .map_err(|Panicked| self.panicked(Arc::clone(name)))?;
            if payload.message != before {
                let message = std::mem::replace(&mut payload.message, Message::null());
                let written = PluginMessage { by: Arc::clone(name), message };
                payload.message = self.shared.with_core(|at| {
                    at.core.rewrite(Arrival { sender, remote, now: at.now }, before, written)
                });
            }
            if decision == PluginDecision::Discard {
                return Err(self.shared.with_core(|at| {
                    let from = Arrival { sender, remote, now: at.now };
                    at.core.discard(from, name, payload, None, answer)
                }));
            }
        }
        Ok(answer)
    }

    /// Waits for the judgement of the hook. `Err` is the response if it panics, or if the memory for bodies is used up.
    async fn judge(
        &self,
        hook: &dyn PayloadHook,
        peer: &Peer,
        payload: &Payload,
        request: &Request,
    ) -> Result<Judgement, Response> {
        let Request { remote, body } = request;
        let incoming = IncomingPayload { peer, payload, remote: *remote, body, shared: &self.shared };
        let mut judging = std::pin::pin!(guarded_async(async { hook.judge(incoming).await }));
        let judged = match poll_once(judging.as_mut()).await {
            Poll::Ready(judged) => judged,
            Poll::Pending => {
                let reservation = self.shared.bodies.begin(remote.ip());
                reservation.set_bytes(body.len());
                tokio::select! {
                    judged = judging => judged,
                    () = reservation.evicted() => {
                        return Err(self.refuse_body(&BodyError::Evicted, *remote));
                    }
                }
            }
        };
        judged.map_err(|Panicked| self.panicked(hook.name().into()))
    }

    /// Accepts a payload after the judgement. With listeners for received messages it is judged first and accepted after
    /// they have run, because they run without a lock.
    fn accept_judged(
        &self,
        peer: &Peer,
        sender: &Address,
        payload: Payload,
        judgement: Judgement,
        remote: SocketAddr,
    ) -> Response {
        let (shared, remote) = (&self.shared, Some(remote.ip()));
        if !shared.hooks.has_received_listeners() {
            return shared.with_core(|at| {
                let from = Arrival { sender, remote, now: at.now };
                match at.core.apply_judgement(from, payload, judgement) {
                    Ok(judged) => at.core.accept_judged(from, judged),
                    Err(answer) => answer,
                }
            });
        }
        let judged = shared.with_core(|at| {
            let judged =
                at.core.apply_judgement(Arrival { sender, remote, now: at.now }, payload, judgement)?;
            // A plugin may have changed its status.
            Ok((judged, at.core.peer(sender).unwrap_or_else(|| peer.clone())))
        });
        let (mut judged, peer) = match judged {
            Ok(judged) => judged,
            Err(answer) => return answer,
        };
        let is_heard = judged.is_message() && peer.status != Status::Ignored;
        if is_heard && guarded(|| self.run_listeners(&peer, &mut judged)).is_err() {
            return self.panicked(LISTENER.into());
        }
        shared.with_core(|at| at.core.accept_judged(Arrival { sender, remote, now: at.now }, judged))
    }

    fn run_listeners(&self, peer: &Peer, judged: &mut Judged) {
        judged.map_messages(|message| {
            self.shared.hooks.run_received(peer, message).unwrap_or_else(Message::null)
        });
    }

    /// The response after a panic, which is reported as a fault.
    fn panicked(&self, plugin: Arc<str>) -> Response {
        tracing::error!(%plugin, "a plugin panicked");
        self.shared.with_core(|at| at.core.report_plugin(PluginReport::failed(plugin, "it panicked")));
        let mut answer = Response::accepted();
        answer.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        answer
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
