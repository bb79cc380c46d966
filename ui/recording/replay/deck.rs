//! The clock of a replay, and what its commands do to it.

use std::{task::Waker, time::Duration};

use clacks_feed::{Now, Playback};
use clacks_language::command::playback::{Jump, ReplayCommand, SPEEDS, Speed};
use clacks_text::format;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::tape::Facts;
use crate::jump::{self, PlaybackError};

/// Uptime of the recorded node, which goes on faster or slower than time does.
#[derive(Debug, Clone, Copy)]
struct Clock {
    uptime: Duration,
    since: Instant,
    speed: f64,
    paused: bool,
}

impl Clock {
    fn uptime(&self) -> Duration {
        let gone = if self.paused { Duration::ZERO } else { self.since.elapsed().mul_f64(self.speed) };
        self.uptime.saturating_add(gone)
    }

    fn set(&mut self, uptime: Duration) {
        (self.uptime, self.since) = (uptime, Instant::now());
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        self.set(self.uptime());
        change(self);
    }

    /// When it will show this.
    fn instant_of(&self, uptime: Duration) -> Instant {
        let left = uptime.saturating_sub(self.uptime).div_f64(self.speed);
        // A day ahead is as good as any time later.
        self.since + left.min(Duration::from_secs(86_400))
    }
}

/// The state of playback. The commands change it, and the source plays what is due.
#[derive(Debug)]
pub(crate) struct Deck {
    facts: Facts,
    zone: TimeZone,
    clock: Clock,
    /// The time of what was played last.
    played: Now,
    /// The time of what comes next. `None` at the end.
    next: Option<Duration>,
    /// Events that are played at once although the clock stands.
    steps: u64,
    /// Everything is played at once until this time.
    target: Option<Duration>,
    /// Whether the source has not yet begun to jump there.
    is_new_target: bool,
    /// The fraction of the way there that was read.
    pub(crate) progress: f64,
    has_ended: bool,
    waker: Waker,
}

impl Deck {
    /// At the start of a recording.
    pub(crate) fn new(facts: Facts, speed: f64, zone: TimeZone) -> Self {
        let begins = facts.begins;
        let speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end());
        Self {
            facts,
            zone,
            clock: Clock { uptime: begins.uptime, since: Instant::now(), speed, paused: false },
            played: begins,
            next: None,
            steps: 0,
            target: None,
            is_new_target: false,
            progress: 0.0,
            has_ended: false,
            waker: Waker::noop().clone(),
        }
    }

    /// How the recording is played.
    pub(crate) fn playback(&self) -> Playback {
        Playback {
            position: self.position(),
            length: self.facts.length,
            speed: self.clock.speed,
            paused: self.clock.paused,
            at_end: self.is_at_end(),
            jumping: self.target.map(|_| self.progress),
        }
    }

    /// How far from its start the recording stands, or will stand after the jump.
    fn position(&self) -> Duration {
        self.target.unwrap_or(self.now().uptime).saturating_sub(self.facts.begins.uptime)
    }

    fn ends(&self) -> Duration {
        self.facts.begins.uptime.saturating_add(self.facts.length)
    }

    fn is_at_end(&self) -> bool {
        self.next.is_none() && self.target.is_none()
    }

    /// The time at the recorded node.
    pub(crate) fn now(&self) -> Now {
        let last = self.played;
        if self.target.is_some() {
            return last;
        }
        // Not beyond what comes next: it may be late.
        let next = self.next.unwrap_or(self.ends());
        let uptime = self.clock.uptime().min(next).max(last.uptime);
        let since = u64::try_from(uptime.saturating_sub(last.uptime).as_millis()).unwrap_or(u64::MAX);
        Now { uptime, unix_ms: last.unix_ms.saturating_add(since) }
    }

    // === What the source does ===

    /// Whether what has this time is to be played.
    pub(crate) fn is_due(&self, uptime: Duration) -> bool {
        match self.target {
            Some(target) => uptime <= target,
            None => self.steps > 0 || (!self.clock.paused && uptime <= self.clock.uptime()),
        }
    }

    /// When what comes next is due. `None` if it is not before the next command.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        self.next.filter(|_| !self.clock.paused).map(|next| self.clock.instant_of(next))
    }

    /// Sets the time of what comes next.
    pub(crate) fn set_next(&mut self, next: Option<Duration>) {
        self.next = next;
    }

    /// Something was played.
    pub(crate) fn played(&mut self, now: Now, is_event: bool) {
        self.played = now;
        if is_event && self.target.is_none() && self.steps > 0 {
            self.steps -= 1;
            self.clock.set(now.uptime);
        }
    }

    /// The rows are those of another time.
    pub(crate) fn restored(&mut self, now: Now) {
        self.played = now;
        self.steps = 0;
        self.has_ended = false;
    }

    /// The time that was last played.
    pub(crate) fn last(&self) -> Now {
        self.played
    }

    /// The target of a jump that has not begun. It has begun then.
    pub(crate) fn begin_jump(&mut self) -> Option<Duration> {
        std::mem::take(&mut self.is_new_target).then_some(self.target)?
    }

    /// Nothing is due: a jump ends, and everything at the end of the recording. Returns whether that is new.
    pub(crate) fn arrive(&mut self) -> bool {
        let target = self.target.take();
        if let Some(target) = target {
            self.clock.set(target.min(self.ends()));
        }
        let had_ended = std::mem::replace(&mut self.has_ended, self.next.is_none());
        if self.has_ended {
            self.steps = 0;
            self.clock.set(self.ends());
        }
        target.is_some() || self.has_ended && !had_ended
    }

    /// Whoever waits for a command.
    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn set_waker(&mut self, waker: &Waker) {
        self.waker.clone_from(waker);
    }

    /// The recording has become longer.
    #[cfg(test)]
    pub(crate) fn extend(&mut self) {
        self.facts.length = Duration::from_secs(1_000_000_000);
    }

    // === What the user does ===

    /// Reason why a command would be refused now.
    pub(crate) fn why_not(&self, command: ReplayCommand) -> Option<PlaybackError> {
        match command {
            ReplayCommand::Pause | ReplayCommand::Step if self.is_at_end() => Some(PlaybackError::AtEnd),
            ReplayCommand::Jump(jump) => self.place(jump).err(),
            _ => None,
        }
    }

    fn place(&self, jump: Jump) -> Result<Duration, PlaybackError> {
        let recorded =
            jump::Recorded { begins_unix_ms: self.facts.begins.unix_ms, length: self.facts.length };
        Ok(jump::place(jump, recorded, self.position(), &self.zone)?)
    }

    /// Carries out a command. Returns what was done, for the user.
    pub(crate) fn carry_out(&mut self, command: ReplayCommand) -> Result<String, PlaybackError> {
        if let Some(reason) = self.why_not(command) {
            return Err(reason);
        }
        let done = match command {
            ReplayCommand::Pause => {
                let paused = !self.clock.paused;
                self.pause(paused);
                (if paused { "paused" } else { "goes on" }).to_owned()
            }
            ReplayCommand::Step => {
                self.pause(true);
                self.steps = self.steps.saturating_add(1);
                "plays one event".to_owned()
            }
            ReplayCommand::Speed(speed) => {
                self.set_speed(match speed {
                    Speed::Faster => self.clock.speed * 2.0,
                    Speed::Slower => self.clock.speed / 2.0,
                    Speed::Times(times) => times,
                });
                told_speed(&self.playback())
            }
            ReplayCommand::Jump(jump) => {
                let place = self.place(jump)?;
                self.jump(place);
                format!("jumps to {}", format::clock(place.min(self.facts.length)))
            }
        };
        Ok(done)
    }

    /// Pauses, or goes on.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.clock.change(|clock| clock.paused = paused);
    }

    fn set_speed(&mut self, speed: f64) {
        self.clock.change(|clock| clock.speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end()));
    }

    /// Goes to this time from the start, at most to the end.
    pub(crate) fn jump(&mut self, place: Duration) {
        let target = self.facts.begins.uptime.saturating_add(place.min(self.facts.length));
        (self.target, self.is_new_target, self.progress) = (Some(target), true, 0.0);
    }
}

/// A sentence about the speed, for the user. While paused it is the speed after the pause.
fn told_speed(playback: &Playback) -> String {
    let (speed, later) = (playback.speed, if playback.paused { " once it goes on" } else { "" });
    format!("plays {speed} times as fast as it happened{later}")
}
