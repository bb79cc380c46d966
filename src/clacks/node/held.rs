use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use crate::{
    core::{
        EnqueueError, HeldMessage, HoldRule, MessageId, MessageState, PlaceShare, QueuedMessage, ReplaceError,
    },
    protocol::{Address, Message},
};

use super::Node;

/// Messages that are copied from the queue at once, to be examined without the lock.
const BATCH: usize = 1024;

/// Why the drain did not finish. The node accepts messages again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrainError {
    /// There is no peer, or all peers failed.
    #[error("nobody is there to take them")]
    NobodyThere,
    /// The time-out has passed.
    #[error("the time is over")]
    OutOfTime,
    /// The node was stopped.
    #[error("the node has stopped")]
    Stopped,
}

/// Held messages, and draining.
impl Node {
    /// Holds a queued message until it is released. Returns whether it was queued.
    pub fn hold(&self, id: MessageId) -> bool {
        self.shared.with_core(|at| at.core.hold(id))
    }

    /// Releases a held message to the tail of the queue. Returns its new id. The current hold rule does not match it
    /// again at this node.
    pub fn release(&self, id: MessageId) -> Option<MessageId> {
        self.shared.with_core(|at| at.core.release(id))
    }

    /// Releases a held message to its former position. Its id is unchanged. Returns whether it was held.
    pub fn release_to_place(&self, id: MessageId) -> bool {
        self.shared.with_core(|at| at.core.release_to_place(id))
    }

    /// Releases all held messages, sorted by id. Returns their number.
    pub fn release_all(&self) -> usize {
        self.shared.with_core(|at| at.core.release_all())
    }

    /// Drops all queued and held messages that match, but none in flight. Returns their states, sorted by id, for
    /// [`Node::restore_messages`].
    ///
    /// The queue is searched in portions; the node continues meanwhile.
    pub fn drop_matching(&self, matches: impl Fn(&QueuedMessage) -> bool) -> Vec<MessageState> {
        let mut matching = self.find_queued(&matches);
        let held = self.shared.read(|core| core.held(0..usize::MAX).cloned().collect::<Vec<_>>());
        matching.extend(held.iter().filter(|held| matches(&held.queued)).map(|held| held.queued.id));
        self.shared.with_core(|at| at.core.drop_these(&matching))
    }

    /// Why [`Node::replace`] would refuse a text now, if it would. Nothing is changed.
    pub fn check_replace(&self, id: MessageId, message: &Message) -> Result<(), ReplaceError> {
        if self.shared.stopped.is_cancelled() {
            return Err(EnqueueError::Stopped.into());
        }
        self.shared.read(|core| core.check_replace(id, message)).map(drop)
    }

    /// Replaces the text of a queued or held message. Its id, position and age are unchanged.
    pub fn replace(&self, id: MessageId, message: Message) -> Result<(), ReplaceError> {
        self.shared.with_core(|at| {
            if self.shared.stopped.is_cancelled() {
                Err(EnqueueError::Stopped.into())
            } else {
                at.core.replace(id, message)
            }
        })
    }

    /// Sets or removes the hold rule. It holds matching messages that are queued now, and later ones: received,
    /// written, or returned from a delivery. None of them is sent from now on, and all queued ones are held when this
    /// returns. Held messages stay held until they are released, even if the rule is removed.
    ///
    /// The rule is evaluated for the whole queue; the node continues meanwhile. A rule that panics holds the message.
    pub fn set_hold_rule(&self, rule: Option<HoldRule>) {
        let rule = rule.map(hold_on_panic);
        self.shared.with_core(|at| at.core.set_hold_rule(rule));
        self.hold_matching_queued();
    }

    /// Holds the queued messages that the current rule matches.
    pub(super) fn hold_matching_queued(&self) {
        if let Some(rule) = self.hold_rule() {
            let matching = self.find_queued(&|queued: &QueuedMessage| rule.matches(queued));
            self.shared.with_core(|at| at.core.hold_these(&rule, &matching));
        }
    }

    /// Returns the ids of the matching queued messages. The queue is read in portions; messages that arrive meanwhile
    /// are included.
    fn find_queued(&self, matches: &impl Fn(&QueuedMessage) -> bool) -> Vec<MessageId> {
        let mut matching = Vec::new();
        let mut seen = MessageId(0);
        loop {
            let batch: Vec<QueuedMessage> =
                self.shared.read(|core| core.queue_after(seen).take(BATCH).collect());
            let Some(last) = batch.last() else { return matching };
            seen = last.id;
            matching.extend(batch.iter().filter(|queued| matches(queued)).map(|queued| queued.id));
        }
    }

    /// The current hold rule.
    pub fn hold_rule(&self) -> Option<HoldRule> {
        self.shared.read(|core| core.hold_rule().cloned())
    }

    /// The remote addresses with the largest shares of the queue, the largest first, and the number of all of them.
    pub fn places(&self, most: usize) -> (Vec<PlaceShare>, usize) {
        self.shared.read(|core| core.places(most))
    }

    /// Remaining time of the pause that this address asked for; `None` if there is none.
    pub fn asked_to_wait(&self, address: &Address) -> Option<Duration> {
        let now = self.now().uptime;
        self.shared.read(|core| core.paused_until(address))?.checked_sub(now)
    }

    /// The number of held messages.
    pub fn held_len(&self) -> usize {
        self.shared.read(crate::core::Core::held_len)
    }

    /// The held messages at these positions, sorted by id.
    pub fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        self.shared.read(|core| core.held(positions).cloned().collect())
    }

    /// A held message.
    pub fn held_message(&self, id: MessageId) -> Option<HeldMessage> {
        self.shared.read(|core| core.held_message(id).cloned())
    }

    /// The position of a held message.
    pub fn held_position(&self, id: MessageId) -> Option<usize> {
        self.shared.read(|core| core.held_position(id))
    }

    /// Drains the node before it is stopped: sends the queue and the messages in flight as fast as possible, for at
    /// most this time. Meanwhile messages are refused with 503, so that their senders keep them, and announces are
    /// accepted. Held messages stay.
    ///
    /// When all are sent, messages are still refused until [`Node::resume`], so that [`Node::stop`] loses none.
    /// Otherwise, and when the future is dropped, the node accepts messages again. Only one drain runs at a time.
    pub async fn drain(&self, within: Duration) -> Result<(), DrainError> {
        self.drain_these(within, false).await
    }

    /// As [`drain`](Self::drain), with the held messages. Those that are not sent by the end, or when the future is
    /// dropped, are held again.
    pub async fn drain_with_held(&self, within: Duration) -> Result<(), DrainError> {
        self.drain_these(within, true).await
    }

    async fn drain_these(&self, within: Duration, with_held: bool) -> Result<(), DrainError> {
        let mut events = self.subscribe();
        let mut back_to_normal = ResumeOnDrop(Some(self));
        self.shared.with_core(|at| {
            if with_held {
                at.core.drain_with_held();
            } else {
                at.core.set_draining(true);
            }
        });
        let all_gone = async {
            loop {
                let (left, has_no_receiver) =
                    self.shared.read(|core| (core.queue_len() + core.in_flight(), core.has_no_receiver()));
                match left {
                    0 => return Ok(()),
                    _ if has_no_receiver => return Err(DrainError::NobodyThere),
                    _ => events.next().await.ok_or(DrainError::Stopped)?,
                };
            }
        };
        tokio::time::timeout(within, all_gone).await.unwrap_or(Err(DrainError::OutOfTime))?;
        back_to_normal.0 = None;
        Ok(())
    }

    /// Accepts messages again after [`Node::drain`].
    pub fn resume(&self) {
        self.shared.with_core(|at| at.core.set_draining(false));
    }
}

/// Wraps a rule so that it matches if it panics. The rule runs while the core is locked, possibly on the only task that
/// sends.
fn hold_on_panic(rule: HoldRule) -> HoldRule {
    HoldRule::new(rule.text().to_owned(), move |queued| {
        catch_unwind(AssertUnwindSafe(|| rule.matches(queued))).unwrap_or_else(|_| {
            tracing::error!("the hold rule panicked");
            true
        })
    })
}

struct ResumeOnDrop<'a>(Option<&'a Node>);

impl Drop for ResumeOnDrop<'_> {
    fn drop(&mut self) {
        self.0.into_iter().for_each(Node::resume);
    }
}
