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

/// Messages that are copied out of the queue at once, to be looked at without the lock.
const BATCH: usize = 1024;

/// Why not everything was handed on. The node takes messages again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrainError {
    /// There is no peer, or all of them failed.
    #[error("nobody is there to take them")]
    NobodyThere,
    /// The time is over.
    #[error("the time is over")]
    OutOfTime,
    /// The node was stopped.
    #[error("the node has stopped")]
    Stopped,
}

/// Messages that are kept here until the user lets them go, and leaving without a loss.
impl Node {
    /// Holds a message that waits: it is not sent until it is released. Returns whether it waited.
    pub fn hold(&self, id: MessageId) -> bool {
        self.shared.with_core(|at| at.core.hold(id))
    }

    /// Puts a held message at the tail of the queue, under a new ticket, which is returned. The present rule lets it
    /// pass for as long as it is here.
    pub fn release(&self, id: MessageId) -> Option<MessageId> {
        self.shared.with_core(|at| at.core.release(id))
    }

    /// Releases a held message to the place in the queue that it had: it keeps its ticket. Returns whether it was held.
    pub fn release_to_place(&self, id: MessageId) -> bool {
        self.shared.with_core(|at| at.core.release_to_place(id))
    }

    /// Releases all held messages, in the order of their tickets. Returns how many.
    pub fn release_all(&self) -> usize {
        self.shared.with_core(|at| at.core.release_all())
    }

    /// Takes all messages that wait or are held and that match out for good; not those that are on their way. Returns them
    /// in the order of their tickets, as they were: [`Node::restore_messages`] puts them back.
    ///
    /// It takes as long as the look at the whole queue; the node goes on meanwhile.
    pub fn drop_matching(&self, matches: impl Fn(&QueuedMessage) -> bool) -> Vec<MessageState> {
        let mut matching = self.waiting_that(&matches);
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

    /// Gives a message that waits or is held another text; it keeps its ticket, its place and its age.
    pub fn replace(&self, id: MessageId, message: Message) -> Result<(), ReplaceError> {
        self.shared.with_core(|at| {
            if self.shared.stopped.is_cancelled() {
                Err(EnqueueError::Stopped.into())
            } else {
                at.core.replace(id, message)
            }
        })
    }

    /// Sets the rule that says which messages are held, or lifts it: those that wait now and those that will come, be
    /// it from a peer, from here or back from a delivery. Not one of them is sent from now on; by when this returns,
    /// all are counted as held. What is held stays so until it is released, whatever becomes of the rule.
    ///
    /// It takes as long as the rule takes for the whole queue; the node goes on meanwhile. A rule that panics holds the
    /// message.
    pub fn set_hold_rule(&self, rule: Option<HoldRule>) {
        let rule = rule.map(steadfast);
        self.shared.with_core(|at| at.core.set_hold_rule(rule));
        self.hold_what_matches();
    }

    /// Holds what waits and matches the rule that is in force.
    pub(super) fn hold_what_matches(&self) {
        if let Some(rule) = self.hold_rule() {
            let matching = self.waiting_that(&|queued: &QueuedMessage| rule.matches(queued));
            self.shared.with_core(|at| at.core.hold_these(&rule, &matching));
        }
    }

    /// Looks at what waits, little by little. What comes meanwhile is looked at as it comes.
    fn waiting_that(&self, matches: &impl Fn(&QueuedMessage) -> bool) -> Vec<MessageId> {
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

    /// The rule that is in force.
    pub fn hold_rule(&self) -> Option<HoldRule> {
        self.shared.read(|core| core.hold_rule().cloned())
    }

    /// The remote places with the largest shares of the messages here, the largest first, and how many places there are.
    pub fn places(&self, most: usize) -> (Vec<PlaceShare>, usize) {
        self.shared.read(|core| core.places(most))
    }

    /// How long this address asked to be sent nothing from now on; `None` if it did not, or if that is over.
    pub fn asked_to_wait(&self, address: &Address) -> Option<Duration> {
        let now = self.now().uptime;
        self.shared.read(|core| core.paused_until(address))?.checked_sub(now)
    }

    /// How many messages are held.
    pub fn held_len(&self) -> usize {
        self.shared.read(crate::core::Core::held_len)
    }

    /// The held messages at these positions, in the order of their tickets.
    pub fn held_window(&self, positions: Range<usize>) -> Vec<HeldMessage> {
        self.shared.read(|core| core.held(positions).cloned().collect())
    }

    /// A message that is held.
    pub fn held_message(&self, id: MessageId) -> Option<HeldMessage> {
        self.shared.read(|core| core.held_message(id).cloned())
    }

    /// Where a held message stands among them.
    pub fn held_position(&self, id: MessageId) -> Option<usize> {
        self.shared.read(|core| core.held_position(id))
    }

    /// Hands on all that waits or is on its way, before the node is stopped, as fast as may be and for no longer than
    /// this. Meanwhile messages are refused with 503, so that their senders keep them, and announces taken. What is
    /// held stays.
    ///
    /// When all are handed on, messages are refused until [`Node::resume`], so that [`Node::stop`] has nothing
    /// to lose. Otherwise, and when the future is dropped, they are taken again. One of these runs at a time.
    pub async fn drain(&self, within: Duration) -> Result<(), DrainError> {
        self.drain_these(within, false).await
    }

    /// As [`drain`](Self::drain), and what is held is handed on as well. What could not be handed on by the end, or by
    /// when the future is dropped, is held again as it was.
    pub async fn drain_with_held(&self, within: Duration) -> Result<(), DrainError> {
        self.drain_these(within, true).await
    }

    async fn drain_these(&self, within: Duration, with_held: bool) -> Result<(), DrainError> {
        let mut events = self.subscribe();
        let mut back_to_normal = BackToNormal(Some(self));
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

    /// Takes messages again after [`Node::drain`].
    pub fn resume(&self) {
        self.shared.with_core(|at| at.core.set_draining(false));
    }
}

/// The rule, holding also what it panics about: that happens while the core is locked, and may be on the one task that
/// sends.
fn steadfast(rule: HoldRule) -> HoldRule {
    HoldRule::new(rule.text().to_owned(), move |queued| {
        catch_unwind(AssertUnwindSafe(|| rule.matches(queued))).unwrap_or_else(|_| {
            tracing::error!("the hold rule panicked");
            true
        })
    })
}

struct BackToNormal<'a>(Option<&'a Node>);

impl Drop for BackToNormal<'_> {
    fn drop(&mut self) {
        self.0.into_iter().for_each(Node::resume);
    }
}
