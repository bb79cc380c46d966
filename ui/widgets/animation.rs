//! Animation: whether a picture can move, and when its next frame is due. No other timer animates.
//!
//! A picture that starts to move gets a [`Run`], which it stores and uses to ask for its progress while it is drawn.
//! Frames are drawn only while a picture on the screen has a run.

use std::time::Duration;

use clacks_language::command::motion_setting::Setting;

/// Time between two frames of a smooth animation: ten a second.
const SMOOTH: Duration = Duration::from_millis(100);
/// Time between two frames of a stepped animation.
const STEP: Duration = Duration::from_secs(1);
/// Maximum length of a run, so that a clock that was set back does not animate for ever.
const LONGEST: Duration = Duration::from_secs(60);

/// A picture that can move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// The shutters of the clacks tower.
    Tower,
    /// The messages along the edges of the map.
    Map,
    /// The time until the next send.
    Countdown,
}

impl Picture {
    clacks_transport::all_variants! {
        const ALL: Self = [Tower, Map, Countdown];
    }

    /// Time between two frames of this picture; `None` if it does not move. The map has no stepped form.
    fn between_frames(self, setting: Setting) -> Option<Duration> {
        match (setting, self) {
            (Setting::Full | Setting::Reduced, Self::Countdown) | (Setting::Reduced, Self::Tower) => {
                Some(STEP)
            }
            (Setting::Full, Self::Tower | Self::Map) => Some(SMOOTH),
            (Setting::Reduced, Self::Map) | (Setting::Off, _) => None,
        }
    }
}

/// One animation from start to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    picture: Picture,
    /// The uptime at its start.
    began: Duration,
    lasts: Duration,
}

/// The running animations.
#[derive(Debug)]
pub struct Animations {
    setting: Setting,
    /// Whether the terminal has the focus; true if it does not report it.
    has_focus: bool,
    /// The uptime until which each picture moves.
    until: [Duration; Picture::ALL.len()],
}

impl Default for Animations {
    fn default() -> Self {
        Self::new(Setting::Off)
    }
}

impl Animations {
    /// Creates the state without a running animation, and with the focus.
    pub fn new(setting: Setting) -> Self {
        Self { setting, has_focus: true, until: [Duration::ZERO; Picture::ALL.len()] }
    }

    /// Stops all animations, because the clock was set back.
    pub fn begin_again(&mut self) {
        self.until = [Duration::ZERO; Picture::ALL.len()];
    }

    /// The motion setting.
    pub fn setting(&self) -> Setting {
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

    /// Starts to animate a picture for at most a minute. `None` if it cannot move; draw it at rest then.
    pub fn begin(&mut self, picture: Picture, now: Duration, lasts: Duration) -> Option<Run> {
        self.between_frames(picture)?;
        let lasts = lasts.min(LONGEST);
        let until = &mut self.until[picture as usize];
        *until = (*until).max(now + lasts);
        Some(Run { picture, began: now, lasts })
    }

    /// Progress of a run from 0 to 1, exclusive. `None` if it is over or nothing can move any more.
    pub fn progress(&self, run: Run, now: Duration) -> Option<f64> {
        Some(self.gone(run, now)?.as_secs_f64() / run.lasts.as_secs_f64())
    }

    /// Time since the start of a run; `None` as for [`progress`](Self::progress).
    pub fn gone(&self, run: Run, now: Duration) -> Option<Duration> {
        self.between_frames(run.picture)?;
        now.checked_sub(run.began).filter(|gone| *gone < run.lasts)
    }

    /// Time until the next frame; `None` if no picture on the screen moves.
    pub fn changes_after(&self, now: Duration, is_on_screen: impl Fn(Picture) -> bool) -> Option<Duration> {
        let due = |picture| {
            let left = self.until[picture as usize].checked_sub(now)?;
            let moves = !left.is_zero() && left <= LONGEST && is_on_screen(picture);
            // One last frame draws the picture at rest.
            self.between_frames(picture).filter(|_| moves).map(|between| between.min(left))
        };
        Picture::ALL.into_iter().filter_map(due).min()
    }

    fn between_frames(&self, picture: Picture) -> Option<Duration> {
        picture.between_frames(self.setting).filter(|_| self.has_focus)
    }
}

#[cfg(test)]
mod tests {
    use clacks_language::command::motion_setting::Setting;

    use super::*;

    const NOW: Duration = Duration::from_secs(3000);

    fn after(millis: u64) -> Duration {
        NOW + Duration::from_millis(millis)
    }

    fn moving(setting: Setting, picture: Picture) -> (Animations, Option<Run>) {
        let mut animations = Animations::new(setting);
        let run = animations.begin(picture, NOW, Duration::from_millis(2050));
        (animations, run)
    }

    #[test]
    fn frames_are_due_ten_times_a_second_until_the_end_and_never_after() {
        let (animations, run) = moving(Setting::Full, Picture::Map);
        let (run, due) = (run.unwrap(), |now| animations.changes_after(now, |_| true));
        assert_eq!((due(NOW), animations.progress(run, NOW)), (Some(SMOOTH), Some(0.0)));
        assert_eq!(animations.progress(run, after(1025)), Some(0.5));
        assert_eq!(due(after(2000)), Some(Duration::from_millis(50)), "the last frame comes in time");
        assert_eq!((due(after(2050)), animations.progress(run, after(2050))), (None, None));
        assert_eq!(due(after(100_000)), None);
    }

    #[test]
    fn hidden_pictures_need_no_frames() {
        let (animations, _) = moving(Setting::Full, Picture::Map);
        assert_eq!(animations.changes_after(NOW, |picture| picture == Picture::Tower), None);
    }

    #[test]
    fn reduced_motion_has_steps_and_no_travelling_messages() {
        assert_eq!(moving(Setting::Reduced, Picture::Map).1, None);
        let (animations, run) = moving(Setting::Reduced, Picture::Tower);
        assert!(run.is_some());
        assert_eq!(animations.changes_after(NOW, |_| true), Some(STEP));
    }

    #[test]
    fn without_motion_there_are_no_timers() {
        for picture in Picture::ALL {
            let (animations, run) = moving(Setting::Off, picture);
            assert_eq!((run, animations.changes_after(NOW, |_| true)), (None, None));
        }
    }

    #[test]
    fn a_countdown_counts_in_seconds() {
        for setting in [Setting::Full, Setting::Reduced] {
            let (animations, _) = moving(setting, Picture::Countdown);
            let due = |now| animations.changes_after(now, |_| true);
            assert_eq!(
                (due(NOW), due(after(2000)), due(after(2050))),
                (Some(STEP), Some(Duration::from_millis(50)), None)
            );
        }
    }

    #[test]
    fn nothing_moves_without_focus() {
        let (mut animations, run) = moving(Setting::Full, Picture::Tower);
        animations.set_focus(false);
        assert_eq!(animations.changes_after(after(100), |_| true), None);
        assert_eq!(animations.begin(Picture::Map, NOW, STEP), None);
        assert_eq!(animations.progress(run.unwrap(), after(100)), None);
        animations.set_focus(true);
        assert_eq!(animations.changes_after(after(100), |_| true), Some(SMOOTH));
    }

    #[test]
    fn turning_motion_off_stops_animations() {
        let (mut animations, run) = moving(Setting::Full, Picture::Tower);
        animations.set(Setting::Off);
        assert_eq!(animations.progress(run.unwrap(), after(100)), None);
        assert_eq!(animations.changes_after(after(100), |_| true), None);
    }

    #[test]
    fn a_clock_set_back_stops_all_animations() {
        let (animations, run) = moving(Setting::Full, Picture::Tower);
        let earlier = Duration::from_secs(100);
        assert_eq!(animations.changes_after(earlier, |_| true), None);
        assert_eq!(animations.progress(run.unwrap(), earlier), None);
    }

    #[test]
    fn over_ssh_motion_is_off_by_default() {
        assert_eq!((Setting::usual(true), Setting::usual(false)), (Setting::Off, Setting::Full));
    }
}
