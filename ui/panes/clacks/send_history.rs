//! The latest delivery attempts: the choice of the receiver, and the result.

use std::{collections::VecDeque, time::Duration};

use clacks_p2p::{
    Address, Message,
    core::{Event, MessageId, Now, Origin, PeerChoice, Status},
};

/// Maximum number of attempts kept; the oldest is removed first.
const MAX_SENDS: usize = 50;

/// The latest 50 delivery attempts, newest last.
#[derive(Debug, Clone, Default)]
pub struct SendHistory {
    recent: VecDeque<Attempt>,
    /// The attempt that ended with the previous event. A status change of its peer right after it is its consequence.
    just_ended: Option<MessageId>,
}

/// One delivery attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    id: MessageId,
    /// The time at which it started.
    pub when: Now,
    /// The receiver.
    pub to: Address,
    /// The message that was sent.
    pub message: Message,
    /// The choice of the receiver.
    pub choice: PeerChoice,
    /// The result.
    pub outcome: AttemptResult,
    /// The receiver's status before and after, if the attempt changed it.
    pub change: Option<(Status, Status)>,
}

/// The result of a delivery attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptResult {
    /// The attempt is still running.
    OnItsWay,
    /// The receiver accepted it, after this round trip.
    Taken(Duration),
    /// The delivery failed, for this reason.
    Failed(String),
    /// The message is back in the queue, and the receiver did not refuse it.
    Returned,
}

impl SendHistory {
    /// Records an event. Ignores events that are not about a delivery.
    pub fn note(&mut self, event: &Event, now: Now) {
        let before = self.just_ended.take();
        match event {
            Event::MessageSending { id, peer, message, choice } => self.push(Attempt {
                id: *id,
                when: now,
                to: peer.address.clone(),
                message: message.clone(),
                choice: *choice,
                outcome: AttemptResult::OnItsWay,
                change: None,
            }),
            Event::MessageDelivered { id, round_trip, .. } => {
                self.ended(*id, AttemptResult::Taken(*round_trip));
            }
            Event::DeliveryFailed { id, failure, .. } => {
                self.ended(*id, AttemptResult::Failed(failure.to_string()));
            }
            Event::MessageQueued { message, origin: Origin::Returned(from), .. } => {
                self.came_back(message, from);
            }
            Event::PeerUpdated { peer, from } => {
                let send = before.and_then(|id| self.find(id)).filter(|send| send.to == peer.address);
                if let Some(send) = send {
                    send.change = Some((*from, peer.status));
                }
            }
            _ => {}
        }
    }

    /// The attempts, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Attempt> {
        self.recent.iter().rev()
    }

    fn push(&mut self, send: Attempt) {
        self.recent.push_back(send);
        if self.recent.len() > MAX_SENDS {
            self.recent.pop_front();
        }
    }

    fn find(&mut self, id: MessageId) -> Option<&mut Attempt> {
        self.recent.iter_mut().rev().find(|send| send.id == id)
    }

    fn ended(&mut self, id: MessageId, outcome: AttemptResult) {
        if let Some(send) = self.find(id) {
            send.outcome = outcome;
            self.just_ended = Some(id);
        }
    }

    /// A message that comes back has a new number, so it is known by what it is and whom it went to.
    fn came_back(&mut self, message: &Message, from: &Address) {
        let mut sends = self.recent.iter_mut().rev();
        let is_it = |send: &&mut Attempt| {
            send.outcome == AttemptResult::OnItsWay && send.to == *from && send.message == *message
        };
        if let Some(send) = sends.find(is_it) {
            send.outcome = AttemptResult::Returned;
        }
    }
}

#[cfg(test)]
mod tests {
    use clacks_p2p::core::{Failure, Peer, PeerCounts};

    use super::*;

    const NOW: Now = Now { uptime: Duration::ZERO, unix_ms: 0 };

    fn peer(name: &str, status: Status) -> Peer {
        let address = format!("{name}:1").parse().unwrap();
        let mut peer = Peer::new(address, status, NOW);
        peer.last_attempt_ok = status == Status::Alive;
        peer
    }

    fn id(number: usize) -> MessageId {
        number.to_string().parse().unwrap()
    }

    fn sending(number: usize, to: &str) -> Event {
        let choice = PeerChoice::new(5000, PeerCounts::from([(Status::Alive, 2)]));
        Event::MessageSending {
            id: id(number),
            peer: peer(to, Status::Alive),
            message: Message::text("hello"),
            choice,
        }
    }

    fn failed(number: usize, to: &str) -> Event {
        let (peer, message) = (peer(to, Status::Alive), Message::text("hello"));
        Event::DeliveryFailed { id: id(number), peer, message, failure: Failure::TimedOut }
    }

    fn noted(events: &[Event]) -> SendHistory {
        let mut sends = SendHistory::default();
        events.iter().for_each(|event| sends.note(event, NOW));
        sends
    }

    #[test]
    fn what_came_of_a_send_is_told_with_the_change_that_it_made() {
        let lost = Event::PeerUpdated { peer: peer("a", Status::Lost), from: Status::Alive };
        let sends = noted(&[sending(1, "b"), sending(2, "a"), failed(2, "a"), lost.clone()]);
        let told: Vec<_> = sends.newest_first().map(|send| (&send.outcome, send.change)).collect();
        let failure = AttemptResult::Failed(Failure::TimedOut.to_string());
        assert_eq!(told, [(&failure, Some((Status::Alive, Status::Lost))), (&AttemptResult::OnItsWay, None)]);
        // A change for another reason is not put down to it.
        let sends = noted(&[sending(2, "a"), lost.clone()]);
        assert_eq!(sends.newest_first().next().unwrap().change, None);
        let sends = noted(&[sending(2, "a"), failed(2, "a"), sending(3, "b"), lost]);
        assert!(sends.newest_first().all(|send| send.change.is_none()));
    }

    #[test]
    fn what_comes_back_unrefused_is_not_on_its_way_for_ever() {
        let origin = Origin::Returned(peer("a", Status::Alive).address);
        let back = Event::MessageQueued {
            id: id(9),
            message: Message::text("hello"),
            origin,
            since_ms: 0,
            visits: 1,
            place: None,
        };
        let sends = noted(&[sending(1, "a"), sending(2, "b"), back]);
        let outcomes: Vec<_> = sends.newest_first().map(|send| send.outcome.clone()).collect();
        assert_eq!(outcomes, [AttemptResult::OnItsWay, AttemptResult::Returned]);
    }

    #[test]
    fn only_the_last_are_kept() {
        let sends = noted(&(0..200).map(|number| sending(number, "a")).collect::<Vec<_>>());
        assert_eq!(sends.newest_first().count(), MAX_SENDS);
        assert_eq!(sends.newest_first().next().unwrap().id, id(199));
    }
}
