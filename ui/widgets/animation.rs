//! Animation: whether a picture can move, and when its next frame is due. No other timer animates.
//!
//! A picture that starts to move gets a [`Run`], which it stores and uses to ask for its progress while it is drawn, and
//! for the time until its next frame. Frames are drawn only while a picture on the screen has a run.

use std::time::Duration;

use clacks_language::command::motion_setting::Setting;

/// Time between two frames of a smooth animation: ten a second.
const SMOOTH: Duration = Duration::from_millis(100);
/// Time between two frames of a stepped animation.
const STEP: Duration = Duration::from_secs(1);
/// Maximum length of a run, so that a clock that was set back does not animate for ever.
const LONGEST: Duration = Duration::from_secs(60);

/// How a picture moves with each motion setting. It never moves with motion off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Ten frames a second, or one a second with reduced motion.
    SmoothOrStepped,
    /// Ten frames a second, or none with reduced motion.
    SmoothOrStill,
    /// One frame a second.
    Stepped,
}

impl Pace {
    /// Time between two frames; `None` if it does not move.
    fn between_frames(self, setting: Setting) -> Option<Duration> {
        match (setting, self) {
            (Setting::Full | Setting::Reduced, Self::Stepped) | (Setting::Reduced, Self::SmoothOrStepped) => {
                Some(STEP)
            }
            (Setting::Full, Self::SmoothOrStepped | Self::SmoothOrStill) => Some(SMOOTH),
            (Setting::Reduced, Self::SmoothOrStill) | (Setting::Off, _) => None,
        }
    }
}

/// One animation from start to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pace: Pace,
    /// The uptime at its start.
    began: Duration,
    lasts: Duration,
}

/// Whether pictures can move now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Animations {
    setting: Setting,
    /// Whether the terminal has the focus; true if it does not report it.
    has_focus: bool,
}

impl Default for Animations {
    fn default() -> Self {
        Self::new(Setting::Off)
    }
}

impl Animations {
    /// Creates the state with the focus.
    pub fn new(setting: Setting) -> Self {
        Self { setting, has_focus: true }
    }

    /// The motion setting.
    pub fn setting(self) -> Setting {
        self.setting
    }

    /// Changes the motion setting, also for running animations.
    pub fn set(&mut self, setting: Setting) {
        self.setting = setting;
    }

    /// Records that the terminal got or lost the focus. Without it nothing moves, because nobody looks.
    pub fn set_focus(&mut self, has_focus: bool) {
        self.has_focus = has_focus;
    }

    /// Starts an animation of at most a minute. `None` if it cannot move; draw it at rest then.
    pub fn begin(self, pace: Pace, now: Duration, lasts: Duration) -> Option<Run> {
        self.between_frames(pace)?;
        Some(Run { pace, began: now, lasts: lasts.min(LONGEST) })
    }

    /// Progress of a run from 0 to 1, exclusive. `None` if it is over or nothing can move any more.
    pub fn progress(self, run: Run, now: Duration) -> Option<f64> {
        Some(self.gone(run, now)?.as_secs_f64() / run.lasts.as_secs_f64())
    }

    /// Time since the start of a run; `None` as for [`progress`](Self::progress).
    pub fn gone(self, run: Run, now: Duration) -> Option<Duration> {
        self.between_frames(run.pace)?;
        now.checked_sub(run.began).filter(|gone| *gone < run.lasts)
    }

    /// Time until the next frame of a run; `None` if it does not move. The last frame draws the picture at rest.
    pub fn changes_after(self, run: Run, now: Duration) -> Option<Duration> {
        let left = run.lasts.saturating_sub(self.gone(run, now)?);
        Some(self.between_frames(run.pace)?.min(left))
    }

    fn between_frames(self, pace: Pace) -> Option<Duration> {
        pace.between_frames(self.setting).filter(|_| self.has_focus)
    }
}

#[cfg(test)]
mod tests {
    use clacks_language::command::motion_setting::Setting;

    use super::*;

    const NOW: Duration = Duration::from_secs(3000);
    const ALL: [Pace; 3] = [Pace::SmoothOrStepped, Pace::SmoothOrStill, Pace::Stepped];

    fn after(millis: u64) -> Duration {
        NOW + Duration::from_millis(millis)
    }

    fn moving(setting: Setting, pace: Pace) -> (Animations, Option<Run>) {
        let animations = Animations::new(setting);
        (animations, animations.begin(pace, NOW, Duration::from_millis(2050)))
    }

    #[test]
    fn frames_are_due_ten_times_a_second_until_the_end_and_never_after() {
        let (animations, run) = moving(Setting::Full, Pace::SmoothOrStill);
        let run = run.unwrap();
        let due = |now| animations.changes_after(run, now);
        assert_eq!((due(NOW), animations.progress(run, NOW)), (Some(SMOOTH), Some(0.0)));
        assert_eq!(animations.progress(run, after(1025)), Some(0.5));
        assert_eq!(due(after(2000)), Some(Duration::from_millis(50)), "the last frame comes in time");
        assert_eq!((due(after(2050)), animations.progress(run, after(2050))), (None, None));
        assert_eq!(due(after(100_000)), None);
    }

    #[test]
    fn a_run_lasts_a_minute_at_most() {
        let animations = Animations::new(Setting::Full);
        let run = animations.begin(Pace::Stepped, NOW, Duration::MAX).unwrap();
        assert_eq!(animations.changes_after(run, NOW + LONGEST.saturating_sub(STEP)), Some(STEP));
        assert_eq!(animations.changes_after(run, NOW + LONGEST), None);
    }

    #[test]
    fn reduced_motion_has_steps_or_stands_still() {
        assert_eq!(moving(Setting::Reduced, Pace::SmoothOrStill).1, None);
        let (animations, run) = moving(Setting::Reduced, Pace::SmoothOrStepped);
        assert_eq!(animations.changes_after(run.unwrap(), NOW), Some(STEP));
    }

    #[test]
    fn without_motion_nothing_begins() {
        for pace in ALL {
            assert_eq!(moving(Setting::Off, pace).1, None);
        }
    }

    #[test]
    fn a_stepped_picture_changes_in_seconds() {
        for setting in [Setting::Full, Setting::Reduced] {
            let (animations, run) = moving(setting, Pace::Stepped);
            let due = |now| animations.changes_after(run.unwrap(), now);
            assert_eq!(
                (due(NOW), due(after(2000)), due(after(2050))),
                (Some(STEP), Some(Duration::from_millis(50)), None)
            );
        }
    }

    #[test]
    fn nothing_moves_without_focus() {
        let (mut animations, run) = moving(Setting::Full, Pace::SmoothOrStepped);
        let run = run.unwrap();
        animations.set_focus(false);
        assert_eq!(animations.changes_after(run, after(100)), None);
        assert_eq!(animations.begin(Pace::SmoothOrStill, NOW, STEP), None);
        assert_eq!(animations.progress(run, after(100)), None);
        animations.set_focus(true);
        assert_eq!(animations.changes_after(run, after(100)), Some(SMOOTH));
    }

    #[test]
    fn turning_motion_off_stops_animations() {
        let (mut animations, run) = moving(Setting::Full, Pace::SmoothOrStepped);
        animations.set(Setting::Off);
        assert_eq!(animations.progress(run.unwrap(), after(100)), None);
        assert_eq!(animations.changes_after(run.unwrap(), after(100)), None);
    }

    #[test]
    fn a_clock_set_back_stops_an_animation() {
        let (animations, run) = moving(Setting::Full, Pace::SmoothOrStepped);
        let earlier = Duration::from_secs(100);
        assert_eq!(animations.changes_after(run.unwrap(), earlier), None);
        assert_eq!(animations.progress(run.unwrap(), earlier), None);
    }

    #[test]
    fn over_ssh_motion_is_off_by_default() {
        assert_eq!((Setting::usual(true), Setting::usual(false)), (Setting::Off, Setting::Full));
    }
}
