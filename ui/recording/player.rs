//! The clock by which a recording is played.

use std::{path::Path, time::Duration};

use clacks_language::command::playback::{ReplayCommand, SPEEDS, Speed};
use clacks_p2p::core::{Event, Now};
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::{
    jump,
    state::ReplayedNode,
    tape::{Next, RecordingInfo, RecordingReader, TapeError},
};

/// Why it neither goes on nor stands still.
pub const AT_ITS_END: &str = "the recording is at its end";

/// Where a recording stands, for the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    pub position: Duration,
    pub length: Duration,
    pub speed: f64,
    pub paused: bool,
    pub at_end: bool,
    /// It is on its way to another place of the recording, and so much of the file is read.
    pub jumping: Option<f64>,
}

impl Progress {
    /// How fast it plays, or will once it goes on.
    pub fn told_speed(&self) -> String {
        let (speed, later) = (self.speed, if self.paused { " once it goes on" } else { "" });
        format!("plays {speed} times as fast as it happened{later}")
    }
}

/// How much of the file is read at a stretch, in bytes, where it tells of nothing that is shown: not so much that keys
/// would have to wait.
pub(crate) const AT_A_STRETCH: u64 = 256 << 10;

/// Something new about a recording that is being played.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and most are events")]
pub enum Playback {
    Event(Event, Now),
    /// A jump or the recording has come to its end, and nothing happened then.
    Arrived,
}

/// What was taken in at a stretch.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and most are events")]
enum StepResult {
    Played(Playback),
    /// Nothing that is shown, and more of the file is due.
    More,
    /// What comes next is not due.
    Nothing,
}

/// A recording that is being played.
#[derive(Debug)]
pub struct Player {
    tape: RecordingReader,
    state: ReplayedNode,
    /// What comes next, read ahead to know when; `None` at the end.
    next: Option<(Now, Next)>,
    clock: Clock,
    /// Events are taken at once until this time of the node.
    jumps_to: Option<Duration>,
    /// Events that are taken at once although the clock stands.
    steps: u64,
    /// What went wrong with the file meanwhile.
    error: Option<String>,
    has_ended: bool,
}

/// Uptime of the node that goes on, faster or slower than time does.
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

    /// From now on it shows this.
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

impl Player {
    /// A recording from its beginning, which plays at this speed.
    pub fn open(path: &Path, speed: f64, progress: impl FnMut(f64)) -> Result<Self, TapeError> {
        let mut tape = RecordingReader::open(path, progress)?;
        let state = tape.beginning().clone();
        let next = tape.next()?;
        let uptime = tape.facts.begins.uptime;
        let clock = Clock { uptime, since: Instant::now(), speed, paused: false };
        Ok(Self { tape, state, next, clock, jumps_to: None, steps: 0, error: None, has_ended: false })
    }

    pub fn facts(&self) -> RecordingInfo {
        self.tape.facts
    }

    /// What the node knew and held at the place that is played.
    pub fn state(&self) -> &ReplayedNode {
        &self.state
    }

    pub fn progress(&self) -> Progress {
        Progress {
            position: self.position(),
            length: self.tape.facts.length,
            speed: self.clock.speed,
            paused: self.clock.paused,
            at_end: self.is_at_end(),
            jumping: self.jumps_to.map(|_| self.tape.progress()),
        }
    }

    /// How far from its beginning the recording stands, or will when it has jumped.
    fn position(&self) -> Duration {
        self.jumps_to.unwrap_or(self.now().uptime).saturating_sub(self.begins())
    }

    fn begins(&self) -> Duration {
        self.tape.facts.begins.uptime
    }

    fn ends(&self) -> Duration {
        self.begins() + self.tape.facts.length
    }

    fn is_at_end(&self) -> bool {
        self.next.is_none()
    }

    /// Whether nothing changes until the user does something.
    pub fn stands(&self) -> bool {
        self.jumps_to.is_none() && self.steps == 0 && (self.clock.paused || self.is_at_end())
    }

    /// The time on the node's clocks.
    pub fn now(&self) -> Now {
        let last = self.state.now();
        if self.jumps_to.is_some() {
            return last;
        }
        // Not beyond what comes next: it may be late.
        let next = self.next.as_ref().map_or(self.ends(), |(next, _)| next.uptime);
        let uptime = self.clock.uptime().min(next).max(last.uptime);
        let since = uptime.saturating_sub(last.uptime).as_millis() as u64;
        Now { uptime, unix_ms: last.unix_ms.saturating_add(since) }
    }

    /// How long, as time goes, so much of the recording takes; `None` while it stands.
    pub fn takes(&self, time: Duration) -> Option<Duration> {
        (!self.stands()).then(|| time.div_f64(self.clock.speed))
    }

    // === What happens ===

    /// The next event, when its time has come, or what went wrong with the file meanwhile. Cancel-safe.
    pub async fn next(&mut self) -> Result<Playback, String> {
        loop {
            match self.take_some() {
                StepResult::Played(played) => return Ok(played),
                StepResult::More => tokio::task::yield_now().await,
                StepResult::Nothing => {
                    if let Some(error) = self.error.take() {
                        return Err(error);
                    }
                    self.wait().await;
                }
            }
        }
    }

    /// Waits until what comes next is due.
    async fn wait(&self) {
        match &self.next {
            Some((now, _)) if !self.clock.paused => {
                tokio::time::sleep_until(self.clock.instant_of(now.uptime)).await;
            }
            _ => std::future::pending().await,
        }
    }

    /// The next event, if its time has come and it is not far in the file.
    pub fn try_next(&mut self) -> Option<(Event, Now)> {
        match self.take_some() {
            StepResult::Played(Playback::Event(event, now)) => Some((event, now)),
            _ => None,
        }
    }

    /// Takes in what is due, to the next event at most.
    fn take_some(&mut self) -> StepResult {
        let until = self.tape.at().saturating_add(AT_A_STRETCH);
        while let Some((now, _)) = &self.next {
            if !self.is_due(now.uptime) {
                break;
            }
            if let Some((event, now)) = self.take_next() {
                return StepResult::Played(Playback::Event(event, now));
            }
            if self.tape.at() > until {
                return StepResult::More;
            }
        }
        if self.arrive() { StepResult::Played(Playback::Arrived) } else { StepResult::Nothing }
    }

    fn is_due(&self, uptime: Duration) -> bool {
        match self.jumps_to {
            Some(target) => uptime <= target,
            None => self.steps > 0 || (!self.clock.paused && uptime <= self.clock.uptime()),
        }
    }

    /// Takes in what comes next; an event is to be shown.
    fn take_next(&mut self) -> Option<(Event, Now)> {
        let (now, next) = self.next.take()?;
        self.next = self.tape.next().unwrap_or_else(|error| {
            self.error = Some(error.to_string());
            None
        });
        let event = match next {
            Next::Event(event) => event,
            Next::State(state) => {
                self.state = *state;
                return None;
            }
            Next::Nothing => {
                self.state.pass(now);
                return None;
            }
        };
        self.state.apply(&event, now);
        if self.steps > 0 {
            self.steps -= 1;
            self.clock.set(now.uptime);
        }
        Some((event, now))
    }

    /// Ends a jump, and all else at the end of the recording. Returns whether that is new.
    fn arrive(&mut self) -> bool {
        let target = self.jumps_to.take();
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

    // === What the user does ===

    /// Does what the user asks. The times of day are those of `zone`.
    pub fn carry_out(&mut self, command: ReplayCommand, zone: &TimeZone) -> Result<Seek, String> {
        if let Some(reason) = self.why_not(command, zone) {
            return Err(reason);
        }
        match command {
            ReplayCommand::Pause => self.pause(!self.clock.paused),
            ReplayCommand::Step => {
                self.pause(true);
                self.steps = self.steps.saturating_add(1);
            }
            ReplayCommand::Speed(speed) => self.set_speed(match speed {
                Speed::Faster => self.clock.speed * 2.0,
                Speed::Slower => self.clock.speed / 2.0,
                Speed::Times(times) => times,
            }),
            ReplayCommand::Jump(jump) => {
                let position = self.position();
                return Ok(self.jump(jump::place(jump, self.tape.facts, position, zone)?));
            }
        }
        Ok(Seek::GoesOn)
    }

    /// Why a command would be refused now.
    pub fn why_not(&self, command: ReplayCommand, zone: &TimeZone) -> Option<String> {
        match command {
            ReplayCommand::Pause | ReplayCommand::Step if self.is_at_end() => Some(AT_ITS_END.to_owned()),
            ReplayCommand::Jump(jump) => jump::place(jump, self.tape.facts, self.position(), zone).err(),
            _ => None,
        }
    }

    /// Stands still, or goes on.
    pub fn pause(&mut self, paused: bool) {
        self.clock.change(|clock| clock.paused = paused);
    }

    /// Plays at this speed, or as near to it as may be.
    fn set_speed(&mut self, speed: f64) {
        self.clock.change(|clock| clock.speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end()));
    }

    /// Goes to this place of the recording, or to its end. Back it goes by way of the beginning: what the screen shows
    /// was told by every event before that place.
    pub fn jump(&mut self, place: Duration) -> Seek {
        let target = self.begins() + place.min(self.tape.facts.length);
        let goes_back = target < self.now().uptime;
        if goes_back {
            self.begin_again();
        }
        self.jumps_to = Some(target);
        if goes_back { Seek::BeginsAgain } else { Seek::GoesOn }
    }

    fn begin_again(&mut self) {
        self.state = self.tape.beginning().clone();
        self.steps = 0;
        let next = self.tape.rewind().and_then(|()| self.tape.next());
        self.next = next.unwrap_or_else(|error| {
            self.error = Some(error.to_string());
            None
        });
    }
}

/// What became of a command for a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    GoesOn,
    /// It begins anew, on the way to an earlier place.
    BeginsAgain,
}
