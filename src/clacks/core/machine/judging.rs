//! What plugins do with payloads, and what they report of themselves.

use std::{net::IpAddr, sync::Arc};

use crate::{
    core::{
        EnqueueError, Event, HeldBy, Judgement, Now, Peer, PluginHold, PluginMessage, PluginReport, Refusal,
        Response, Verdict,
    },
    protocol::{Address, Kind, Message, MessageError, Payload},
};

use super::{Core, untracked_peer};

/// The status of a refusal with an invalid status.
const FORBIDDEN: u16 = 403;

/// Where a payload came from, and when.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The sender.
    pub sender: &'a Address,
    /// The remote address of the connection, if known.
    pub remote: Option<IpAddr>,
    /// The time.
    pub now: Now,
}

/// A payload that goes on after the judgement of plugins.
#[derive(Debug, Clone)]
#[must_use = "it is accepted by Core::accept_judged"]
pub struct Judged {
    pub(super) payload: Payload,
    /// The messages that follow that of the payload.
    pub(super) others: Vec<Message>,
    /// The reason for holding its messages, if a plugin holds them.
    pub(super) held: Option<HeldBy>,
    headers: Vec<(String, String)>,
}

impl From<Payload> for Judged {
    /// A payload that no plugin has seen.
    fn from(payload: Payload) -> Self {
        Self { payload, others: Vec::new(), held: None, headers: Vec::new() }
    }
}

impl Judged {
    /// Whether it is to be queued: an announce is not.
    pub fn is_message(&self) -> bool {
        self.payload.kind == Kind::Message
    }

    /// Replaces each message. A message that becomes falsy is not queued.
    pub fn map_messages(&mut self, mut map: impl FnMut(Message) -> Message) {
        let message = std::mem::replace(&mut self.payload.message, Message::null());
        self.payload.message = map(message);
        self.others = std::mem::take(&mut self.others).into_iter().map(map).collect();
    }
}

impl Core {
    /// Why a message of a plugin cannot be passed on, if so: it is nested too deeply or too large. A falsy message is
    /// not queued, but a plugin may put it in place of another.
    pub fn check_plugin_message(&self, message: &Message) -> Result<(), EnqueueError> {
        let (size, most, max_depth) =
            (message.size(), self.options.max_message_bytes, self.options.max_depth);
        if size > most {
            Err(EnqueueError::TooLarge { size, most })
        } else if message.is_deeper_than(max_depth) {
            Err(MessageError::TooDeep(max_depth).into())
        } else {
            Ok(())
        }
    }

    /// Applies the judgement of plugins to a payload, as far as it does not concern the queue: messages that they wrote
    /// are queued, changes are checked and recorded, and a payload that they discard is answered. Call
    /// [`Core::record_contact`] first, and [`Core::accept_judged`] with the result.
    ///
    /// A message that cannot be passed on is a fault of its plugin, and the message before it goes on.
    pub fn apply_judgement(
        &mut self,
        from: Arrival<'_>,
        mut payload: Payload,
        judgement: Judgement,
    ) -> Result<Judged, Response> {
        let Judgement { by, verdict, rewrites, queued_before, headers } = judgement;
        let by = by.unwrap_or_else(|| "a plugin".into());
        for PluginMessage { by, message } in queued_before {
            let queued = self.check_plugin_message(&message).and_then(|()| self.enqueue(message, from.now));
            queued.map_or_else(|error| self.record_fault(&by, &error.to_string()), drop);
        }
        for rewrite in rewrites {
            payload.message = self.rewrite(from, payload.message, rewrite);
        }
        let is_message = payload.kind == Kind::Message;
        let mut judged = Judged { headers, ..Judged::from(payload) };
        match verdict {
            Verdict::Swallow { reason } => {
                let answer = Response { headers: judged.headers, ..Response::accepted() };
                return Err(self.discard(from, &by, &judged.payload, reason.as_deref(), answer));
            }
            Verdict::Refuse { status, body, headers, reason } => {
                let status = self.checked_status(&by, status);
                judged.headers.extend(headers);
                let answer = Response { status, headers: judged.headers, body };
                return Err(self.discard(from, &by, &judged.payload, reason.as_deref(), answer));
            }
            Verdict::Replace(messages) if is_message => {
                self.replace_message(from, &by, &mut judged, messages);
            }
            Verdict::Hold { reason } if is_message => {
                let reason = reason.as_deref().map(Refusal::cut);
                judged.held = Some(HeldBy::Plugin(Arc::new(PluginHold { plugin: by, reason })));
            }
            Verdict::Pass | Verdict::Replace(_) | Verdict::Hold { .. } => {}
        }
        Ok(judged)
    }

    /// Accepts a payload after [`Core::apply_judgement`], or refuses it with a reason.
    pub fn accept_judged(&mut self, from: Arrival<'_>, mut judged: Judged) -> Response {
        let headers = std::mem::take(&mut judged.headers);
        let mut answer = self.accept_from(self.peers.find(from.sender), from, judged);
        answer.headers.extend(headers);
        answer
    }

    /// Records that a plugin put its message in place of another. Returns the message that goes on: that of the plugin,
    /// or the one before if that cannot be passed on, which is a fault of the plugin.
    pub fn rewrite(&mut self, from: Arrival<'_>, before: Message, written: PluginMessage) -> Message {
        let PluginMessage { by, message } = written;
        if message == before {
            return before;
        }
        if let Err(error) = self.check_plugin_message(&message) {
            self.record_fault(&by, &error.to_string());
            return before;
        }
        self.record_rewrite(from, &by, before, std::slice::from_ref(&message));
        message
    }

    /// Records that a plugin discarded a payload with this answer. Returns the answer.
    pub fn discard(
        &mut self,
        from: Arrival<'_>,
        plugin: &Arc<str>,
        payload: &Payload,
        reason: Option<&str>,
        answer: Response,
    ) -> Response {
        let status = answer.status;
        self.count(|counters| {
            let counter =
                if status == 200 { &mut counters.swallowed } else { &mut counters.refused_by_plugin };
            *counter += 1;
        });
        let peer = self.peer_of(from);
        self.emit(|_| Event::PayloadDiscarded {
            plugin: Arc::clone(plugin),
            status,
            reason: reason.map(Refusal::cut),
            peer,
            kind: payload.kind,
            message: payload.message.clone(),
            remote: from.remote,
        });
        answer
    }

    /// Records what a plugin reports of itself.
    pub fn report_plugin(&mut self, report: PluginReport) {
        match report {
            PluginReport::Loaded { plugin, is_reload } => {
                self.emit(|_| Event::PluginLoaded { plugin, is_reload });
            }
            PluginReport::Failed { plugin, reason, line, is_suspended } => {
                self.count(|counters| counters.plugin_faults += 1);
                let reason = Refusal::cut(&reason);
                self.emit(|_| Event::PluginFailed { plugin, reason, line, is_suspended });
            }
        }
    }

    /// How often this message has been at this node, this visit not included. 0 if nobody observes the node.
    pub fn visits_before(&self, message: &Message) -> u32 {
        self.visit_counts.as_ref().map_or(0, |counts| counts.of(message))
    }

    fn record_fault(&mut self, plugin: &Arc<str>, reason: &str) {
        self.report_plugin(PluginReport::failed(Arc::clone(plugin), reason));
    }

    fn checked_status(&mut self, plugin: &Arc<str>, status: u16) -> u16 {
        if (400..=599).contains(&status) {
            return status;
        }
        self.record_fault(plugin, &format!("it refused a payload with the status {status}, not 400 to 599"));
        FORBIDDEN
    }

    /// Puts these messages in place of that of the payload, if all of them can be passed on.
    fn replace_message(
        &mut self,
        from: Arrival<'_>,
        plugin: &Arc<str>,
        judged: &mut Judged,
        messages: Vec<Message>,
    ) {
        let (count, most) = (messages.len(), Verdict::MAX_REPLACEMENTS);
        if count > most {
            return self.record_fault(plugin, &format!("{count} messages in place of one, at most {most}"));
        }
        let check = |message: &Message| {
            if message.is_falsy() { Err(EnqueueError::Empty) } else { self.check_plugin_message(message) }
        };
        if let Err(error) = messages.iter().try_for_each(check) {
            return self.record_fault(plugin, &error.to_string());
        }
        let before = judged.payload.message.clone();
        if messages.as_slice() == std::slice::from_ref(&before) {
            return;
        }
        self.record_rewrite(from, plugin, before, &messages);
        let mut messages = messages.into_iter();
        judged.payload.message = messages.next().unwrap_or_else(Message::null);
        judged.others = messages.collect();
    }

    fn record_rewrite(&mut self, from: Arrival<'_>, plugin: &Arc<str>, before: Message, after: &[Message]) {
        let peer = self.peer_of(from);
        self.emit(|_| Event::MessageRewritten {
            plugin: Arc::clone(plugin),
            peer,
            before,
            after: after.into(),
            remote: from.remote,
        });
    }

    /// The sender of a payload as it is now.
    fn peer_of(&self, from: Arrival<'_>) -> Peer {
        self.peers.get(from.sender).unwrap_or_else(|| untracked_peer(from.sender, from.now))
    }
}
