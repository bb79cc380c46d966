//! Plays a recording: the playback clock and the state at the current position.

use std::{path::Path, time::Duration};

use clacks_language::command::playback::{ReplayCommand, SPEEDS, Speed};
use clacks_p2p::core::{Event, Now};
use clacks_p2p_feed::version_1::ReplayedNode;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::{
    jump::{self, Recorded},
    tape::{Next, RecordingInfo, RecordingReader, TapeError},
};

pub use super::jump::PlaybackError;

/// Playback status for the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Time since the start of the recording. During a jump, the target.
    pub position: Duration,
    /// Duration of the recording.
    pub length: Duration,
    /// Multiple of the recorded speed.
    pub speed: f64,
    /// Playback is paused.
    pub paused: bool,
    /// All events have been played.
    pub at_end: bool,
    /// Fraction of the file that was read, 0 to 1, during a jump; otherwise `None`.
    pub jumping: Option<f64>,
}

impl Progress {
    /// A sentence about the speed, for the user. While paused it is the speed after the pause.
    pub fn told_speed(&self) -> String {
        let (speed, later) = (self.speed, if self.paused { " once it goes on" } else { "" });
        format!("plays {speed} times as fast as it happened{later}")
    }
}

/// How much of the file is read at a stretch, in bytes, where it tells of nothing that is shown: not so much that keys
/// would have to wait.
pub(crate) const AT_A_STRETCH: u64 = 256 << 10;

/// A change during playback.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and most are events")]
pub enum Playback {
    /// An event, and its time on the node's clocks.
    Event(Event, Now),
    /// A jump has finished or the recording has ended, without an event at that time.
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

/// A recording being played.
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
    error: Option<TapeError>,
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
    /// Opens a recording at its start. `speed` is a multiple of the recorded speed. `progress` is called with the
    /// fraction of the file that was scanned, 0 to 1.
    pub fn open(path: &Path, speed: f64, progress: impl FnMut(f64)) -> Result<Self, TapeError> {
        let mut tape = RecordingReader::open(path, progress)?;
        let state = tape.beginning().clone();
        let next = tape.next()?;
        let uptime = tape.facts.begins.uptime;
        let clock = Clock { uptime, since: Instant::now(), speed, paused: false };
        Ok(Self { tape, state, next, clock, jumps_to: None, steps: 0, error: None, has_ended: false })
    }

    /// Summary of the recording.
    pub fn facts(&self) -> RecordingInfo {
        self.tape.facts
    }

    /// State of the node at the current position.
    pub fn state(&self) -> &ReplayedNode {
        &self.state
    }

    /// Playback status for the screen.
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

    fn recorded(&self) -> Recorded {
        let RecordingInfo { begins, length, .. } = self.tape.facts;
        Recorded { begins_unix_ms: begins.unix_ms, length }
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

    /// Whether playback stands still until the next command: it is paused or at the end, and no step or jump is
    /// pending.
    pub(crate) fn stands(&self) -> bool {
        self.jumps_to.is_none() && self.steps == 0 && (self.clock.paused || self.is_at_end())
    }

    /// Current time on the node's clocks.
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

    /// Real time that this much recorded time takes at the current speed. `None` while playback is
    /// paused or at the end and no step or jump is pending.
    pub fn takes(&self, time: Duration) -> Option<Duration> {
        (!self.stands()).then(|| time.div_f64(self.clock.speed))
    }

    // === What happens ===

    /// Waits until the next event is due and applies it to the state. Cancel-safe.
    ///
    /// The error is a failure to read the file.
    pub async fn next(&mut self) -> Result<Playback, TapeError> {
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

    /// Applies the next event if it is due. `None` if no event is due within the next 256 KiB of the file.
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
            self.error = Some(error);
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

    /// Runs a command. `zone` is the time zone for times of day. Fails if the command is refused.
    pub fn carry_out(&mut self, command: ReplayCommand, zone: &TimeZone) -> Result<Seek, PlaybackError> {
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
                return Ok(self.jump(jump::place(jump, self.recorded(), position, zone)?));
            }
        }
        Ok(Seek::GoesOn)
    }

    /// Reason why a command would be refused now. `None` if it would not.
    pub fn why_not(&self, command: ReplayCommand, zone: &TimeZone) -> Option<PlaybackError> {
        match command {
            ReplayCommand::Pause | ReplayCommand::Step if self.is_at_end() => Some(PlaybackError::AtEnd),
            ReplayCommand::Jump(jump) => {
                jump::place(jump, self.recorded(), self.position(), zone).err().map(PlaybackError::Jump)
            }
            _ => None,
        }
    }

    /// Pauses playback, or continues it.
    pub fn pause(&mut self, paused: bool) {
        self.clock.change(|clock| clock.paused = paused);
    }

    /// Plays at this speed, or as near to it as may be.
    fn set_speed(&mut self, speed: f64) {
        self.clock.change(|clock| clock.speed = speed.clamp(*SPEEDS.start(), *SPEEDS.end()));
    }

    /// Jumps to an offset from the start, at most to the end. A jump backward restarts the recording, because the
    /// screen's content results from all earlier events.
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
            self.error = Some(error);
            None
        });
    }
}

/// Effect of a command on playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// Playback continues from the current position.
    GoesOn,
    /// Playback restarts from the beginning, on the way to an earlier position.
    BeginsAgain,
}
