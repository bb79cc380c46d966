use std::{ops::Range, sync::Arc, time::Duration};

use clacks_peercloud::Address;
use rand::{
    RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};
use tokio::{sync::oneshot, time::Instant};

use super::{conversation::Conversation, member::Member};

// Times in seconds at speed 1.
const TICK: f64 = 0.25;
const LINE_INTERVAL: f64 = 2.5;
const TEA_INTERVAL: f64 = 11.0;
const FIRST_ABSENCE: f64 = 8.0;
const ABSENCE_INTERVAL: Range<f64> = 18.0..26.0;
/// Long enough for the others to notice.
const ABSENCE: Range<f64> = 9.0..14.0;

/// Of this many messages one goes to a single member.
const MESSAGES_TO_ONE: u32 = 4;

/// Makes the members talk, and lets one die or leave now and then, and come back.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) members: Vec<Member>,
    /// The watched node.
    pub(super) own: Address,
    pub(super) conversation: Arc<Conversation>,
    pub(super) speed: f64,
    pub(super) rng: StdRng,
}

/// The schedule, in seconds since the start at speed 1.
#[derive(Debug)]
struct Plan {
    next_line: f64,
    next_tea: f64,
    cups: u32,
    next_absence: f64,
    absences: u32,
    /// Members that are away, each with the time at which it comes back.
    away: Vec<(usize, f64)>,
}

impl Supervisor {
    /// Runs until `stopped` is sent or dropped, then ends all members.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let started = Instant::now();
        let mut plan = Plan {
            next_line: LINE_INTERVAL,
            next_tea: TEA_INTERVAL,
            cups: 0,
            next_absence: FIRST_ABSENCE,
            absences: 0,
            away: Vec::new(),
        };
        let mut ticks = tokio::time::interval(Duration::from_secs_f64(TICK / self.speed));
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                _ = ticks.tick() => self.follow(&mut plan, started.elapsed().as_secs_f64() * self.speed).await,
            }
        }
        // Nobody is left to say goodbye to.
        self.members.iter_mut().for_each(Member::die);
    }

    async fn follow(&mut self, plan: &mut Plan, now: f64) {
        self.bring_back(plan, now).await;
        if now >= plan.next_absence {
            plan.next_absence = now + self.rng.random_range(ABSENCE_INTERVAL);
            self.begin_absence(plan, now).await;
        }
        if now >= plan.next_line {
            plan.next_line = now + LINE_INTERVAL;
            self.say();
        }
        if now >= plan.next_tea {
            plan.next_tea = now + TEA_INTERVAL;
            plan.cups += 1;
            if let Some(member) =
                self.members.iter().filter(|member| member.node().is_some()).choose(&mut self.rng)
            {
                member.drink_tea(plan.cups);
            }
        }
    }

    async fn bring_back(&mut self, plan: &mut Plan, now: f64) {
        for (member, until) in std::mem::take(&mut plan.away) {
            if now < until {
                plan.away.push((member, until));
                continue;
            }
            let others = self.members.iter().filter(|other| other.node().is_some()).map(Member::address);
            let peers: Vec<_> = others.chain([self.own.clone()]).collect();
            if let Err(error) = self.members[member].come_back(&peers).await {
                // Another program uses the port; it may release it later.
                tracing::warn!(%error, "a member of the demo cloud did not come back");
                plan.away.push((member, now + ABSENCE.start));
            }
        }
    }

    /// One member dies, every second time it leaves. The first member stays, and one of two as well.
    async fn begin_absence(&mut self, plan: &mut Plan, now: f64) {
        if 2 * (plan.away.len() + 1) > self.members.len() {
            return;
        }
        let present = (1..self.members.len()).filter(|member| self.members[*member].node().is_some());
        let Some(member) = present.choose(&mut self.rng) else { return };
        if plan.absences.is_multiple_of(2) {
            self.members[member].die();
        } else {
            self.members[member].leave().await;
        }
        plan.absences += 1;
        plan.away.push((member, now + self.rng.random_range(ABSENCE)));
    }

    /// A member sends a message to all, or to one.
    fn say(&mut self) {
        let present: Vec<_> = self.members.iter().filter_map(Member::node).collect();
        let Some(node) = present.choose(&mut self.rng) else { return };
        let Some(message) = self.conversation.message(&mut self.rng) else { return };
        let to_one = self.rng.random_ratio(1, MESSAGES_TO_ONE);
        let members = node.members();
        let receiver = members.choose(&mut self.rng).filter(|_| to_one);
        // Nobody waits for the replies; the watched node shows those that it gives.
        match receiver {
            Some(member) => drop(node.begin_send(&member.record.id, message)),
            None => drop(node.broadcast(message)),
        }
    }
}
