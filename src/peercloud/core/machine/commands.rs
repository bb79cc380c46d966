//! Commands of the user.

use std::time::Duration;

use rand::Rng;

use crate::{
    core::{AutoReply, Event, Member, Now, OptionsError, Reach, Removal, RequestId},
    protocol::{Address, Id, Json, Request},
};

use crate::core::options::MAX_TIME;

use super::{Core, SendId, SendKind, State, sends::Audience};

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The node is in a cloud already, and a node is in one cloud only.
    #[error("the node is in a cloud; leave it first")]
    InCloud,
    /// The node is joining.
    #[error("the node is joining already")]
    Joining,
    /// No address was given.
    #[error("no address to join")]
    NoAddress,
    /// Only this machine can reach us, so nobody at this address could check us.
    #[error("we listen on this machine only, so nobody at {0} could check us; listen on another address")]
    NotReachable(Address),
    /// No member has this id.
    #[error("no member has this id")]
    NoMember,
    /// A message is neither an object nor an array.
    #[error("a message is an object or an array, because nodes of the package accept nothing else")]
    NotAMessage,
    /// A message is longer than members accept.
    #[error("the message has {size} bytes; members accept {max}")]
    TooLong {
        /// Its bytes.
        size: usize,
        /// The maximum.
        max: usize,
    },
    /// A message is nested deeper than members accept.
    #[error("the message is nested deeper than {0} levels")]
    TooDeep(usize),
    /// The data is longer or deeper than members accept.
    #[error(transparent)]
    Data(#[from] OptionsError),
    /// Too many replies are awaited already.
    #[error("the replies to {0} messages are awaited; wait for some")]
    TooManySends(usize),
    /// The node has stopped.
    #[error("the node has stopped")]
    Stopped,
}

impl Core {
    /// Sends a message to all members. The replies come as [`Completion::Reply`](super::Completion::Reply).
    pub fn broadcast(&mut self, message: &Json, now: Now) -> Result<SendId, CommandError> {
        self.check_message(message)?;
        self.send_message(message, &Audience::all(), now)
    }

    /// Sends a message to one member.
    pub fn send(&mut self, to: &Id, message: &Json, now: Now) -> Result<SendId, CommandError> {
        self.check_message(message)?;
        if !self.members.contains_key(to) {
            return Err(CommandError::NoMember);
        }
        self.send_message(message, &Audience::one(to.clone()), now)
    }

    fn send_message(&mut self, message: &Json, to: &Audience, now: Now) -> Result<SendId, CommandError> {
        let max = self.options.max_sends;
        self.begin_send(SendKind::Message, message.as_str().into(), to, now)
            .ok_or(CommandError::TooManySends(max))
    }

    /// Why a message would be refused now, besides that there is nobody to send it to.
    pub fn check_send(&self, message: &Json) -> Result<(), CommandError> {
        self.check_message(message)?;
        let max = self.options.max_sends;
        if self.sends_of_user() >= max { Err(CommandError::TooManySends(max)) } else { Ok(()) }
    }

    /// Checks whether members accept a message.
    pub fn check_message(&self, message: &Json) -> Result<(), CommandError> {
        let limits = &self.options.bodies;
        if self.is_closing {
            Err(CommandError::Stopped)
        } else if !message.is_object_or_array() {
            Err(CommandError::NotAMessage)
        } else if message.size() > limits.max_body {
            Err(CommandError::TooLong { size: message.size(), max: limits.max_body })
        } else if message.depth() > limits.max_depth {
            Err(CommandError::TooDeep(limits.max_depth))
        } else {
            Ok(())
        }
    }

    /// Changes our data, and tells all members. A member that answers with 404 is too old for it.
    pub fn update(&mut self, data: Json, now: Now) -> Result<SendId, CommandError> {
        self.check_update(&data)?;
        let body = Self::body_of(&Request::Update { id: self.id.clone(), data: data.clone() });
        let max = self.options.max_sends;
        let send = self.begin_send(SendKind::Update, body, &Audience::all(), now);
        let send = send.ok_or(CommandError::TooManySends(max))?;
        self.options.data = data.clone();
        self.emit(Event::DataChanged { data });
        Ok(send)
    }

    /// Why [`Core::update`] would be refused now, if it would.
    pub fn check_update(&self, data: &Json) -> Result<(), CommandError> {
        let max = self.options.max_sends;
        if self.is_closing {
            return Err(CommandError::Stopped);
        }
        self.options.check_data(data)?;
        if self.sends_of_user() >= max { Err(CommandError::TooManySends(max)) } else { Ok(()) }
    }

    /// Sets what messages are answered with if no handler is set.
    pub fn set_reply(&mut self, reply: AutoReply) -> Result<(), CommandError> {
        if let AutoReply::Value(value) = &reply {
            self.check_reply(value)?;
        }
        self.options.reply = reply.clone();
        self.emit(Event::ReplyChanged { reply });
        Ok(())
    }

    /// Checks whether a value can be a reply.
    pub fn check_reply(&self, value: &Json) -> Result<(), CommandError> {
        let (max, depth) = (self.options.max_reply, self.options.bodies.max_depth);
        if value.size() > max {
            Err(CommandError::TooLong { size: value.size(), max })
        } else if value.depth() > depth {
            Err(CommandError::TooDeep(depth))
        } else {
            Ok(())
        }
    }

    /// Asks the nodes at these addresses to let us in, one after the other in the given order. The result comes as
    /// [`Completion::JoinEnded`](super::Completion::JoinEnded).
    pub fn join(&mut self, addresses: &[Address], now: Now, rng: &mut dyn Rng) -> Result<(), CommandError> {
        let reach = self.trusted();
        self.check_join(addresses)?;
        self.set_active();
        self.wants_seeds = addresses.iter().any(|address| self.options.seeds.contains(address));
        let candidates = addresses.iter().map(|address| (address.clone(), reach)).collect();
        self.begin_attempt(candidates, None, now, rng);
        Ok(())
    }

    /// Why [`Core::join`] would be refused now, if it would.
    pub fn check_join(&self, addresses: &[Address]) -> Result<(), CommandError> {
        let reach = self.trusted();
        let is_far =
            |address: &&Address| reach == Reach::TrustedLocal && reach.check_host(&address.host).is_err();
        if self.is_closing {
            Err(CommandError::Stopped)
        } else if addresses.is_empty() {
            Err(CommandError::NoAddress)
        } else if let Some(far) = addresses.iter().find(is_far) {
            Err(CommandError::NotReachable(far.clone()))
        } else if !self.is_alone() {
            // Last but one, because whoever leaves the cloud for the join wants to know before what else stands against it.
            Err(CommandError::InCloud)
        } else if self.attempt.is_some() {
            Err(CommandError::Joining)
        } else {
            Ok(())
        }
    }

    /// Leaves the cloud: all members are told. The node is alone then, with a new id, and does not join again by itself.
    /// Returns the number of the goodbye, whose replies come as those of a message.
    pub fn leave(&mut self, now: Now, rng: &mut dyn Rng) -> Option<SendId> {
        let was_asking = self.give_up_joining();
        (self.state, self.wants_seeds) = (State::Left, false);
        let goodbye = self.say_goodbye(now);
        let members = self.members.len();
        self.clear_members(&Removal::Left, now);
        self.former.clear();
        self.joined_at = None;
        if members > 0 || was_asking {
            self.new_id(rng);
        }
        self.emit(Event::Left { members });
        goodbye
    }

    /// Leaves, and refuses everything from now on. The shell ends its listener.
    pub fn close(&mut self, now: Now, rng: &mut dyn Rng) -> Option<SendId> {
        // A node that closes answers that it is offline, so it needs no other id.
        self.give_up_joining();
        let goodbye = self.leave(now, rng);
        self.is_closing = true;
        goodbye
    }

    /// Checks a member now. The result comes as [`Completion::Checked`](super::Completion::Checked).
    pub fn check(&mut self, id: &Id, now: Now) -> Result<RequestId, CommandError> {
        self.begin_check(id, true, now).ok_or(CommandError::NoMember)
    }

    /// Sets the time between two checks, each of one member at random: from 100 ms to a year. A longer time becomes a year.
    /// `None` for no checks.
    pub fn set_check_interval(&mut self, interval: Option<Duration>, now: Now) {
        let interval = interval.map(|interval| interval.min(MAX_TIME));
        self.options.check_interval = interval;
        self.emit(Event::CheckIntervalChanged { interval });
        self.schedule_check(now.uptime);
    }

    /// Forgets a member and refuses it from now on. Nobody is told. Returns whether it was a member.
    pub fn drop_member(&mut self, id: &Id, now: Now) -> bool {
        let max = self.options.bodies.max_members;
        let Some(mut member) = self.remove_member(id, Removal::Dropped, now) else { return false };
        (member.is_being_checked, member.is_being_probed, member.is_double) = (false, false, false);
        while self.dropped.len() >= max {
            if let Some((id, _)) = self.dropped.pop_first() {
                self.emit(Event::MemberChanged { id });
            }
        }
        self.dropped.insert(id.clone(), member);
        true
    }

    /// Accepts a dropped member again. It becomes a member when it joins or is announced. Returns the member as it was when
    /// it was dropped; `None` if it was not dropped.
    pub fn undrop_member(&mut self, id: &Id) -> Option<Member> {
        let member = self.dropped.remove(id)?;
        self.emit(Event::MemberChanged { id: id.clone() });
        Some(member)
    }

    /// Undoes [`Core::drop_member`]: the member is as it was. Returns whether it was still dropped.
    pub fn undo_drop(&mut self, id: &Id) -> bool {
        if self.is_closing || !self.has_room_for(id) {
            return false;
        }
        let Some(member) = self.dropped.remove(id) else { return false };
        let source = member.source.clone();
        self.insert_member(member, source);
        self.set_active();
        true
    }

    /// Undoes [`Core::undrop_member`], if the node is not a member meanwhile. Returns whether it is dropped.
    pub fn undo_undrop(&mut self, member: Member) -> bool {
        let id = member.record.id.clone();
        let has_room = self.dropped.len() < self.options.bodies.max_members;
        if !has_room || self.known(&id).is_some() || self.dropped.contains_key(&id) {
            return false;
        }
        self.dropped.insert(id.clone(), member);
        self.emit(Event::MemberChanged { id });
        true
    }

    /// Leaves and joins again with a new id, through the members.
    pub fn repair(&mut self, now: Now, rng: &mut dyn Rng) -> Result<(), CommandError> {
        if self.is_alone() {
            return Err(CommandError::NoMember);
        }
        if self.attempt.is_some() {
            return Err(CommandError::Joining);
        }
        self.repair_now(now, rng);
        Ok(())
    }
}
