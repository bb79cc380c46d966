//! Commands that control a replay.

use std::{fmt, str::FromStr, time::Duration};

use clacks_feed::{Call, Run};
use jiff::{SignedDuration, civil::Time};

/// A command that controls a replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReplayCommand {
    /// Pauses, or continues.
    Pause,
    /// Plays one event and pauses.
    Step,
    /// Changes the speed.
    Speed(Speed),
    /// Moves to another position.
    Jump(Jump),
}

/// A change of the playback speed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// Doubles the speed.
    Faster,
    /// Halves the speed.
    Slower,
    /// Sets this multiple of the recorded speed, within [`SPEEDS`].
    Times(f64),
}

/// Target position of a jump.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Jump {
    /// Offset from the start of the recording.
    To(Duration),
    /// Backward by this duration.
    Back(Duration),
    /// Forward by this duration.
    On(Duration),
    /// Time of day. Means the first time at or after the start of the recording when the wall clock showed it.
    Clock(Time),
    /// Offset from the start in the header's notation, if the recording is long enough; otherwise this time of day.
    OffsetOrClock(Duration, Time),
}

/// Range of playback speeds, as multiples of the recorded speed.
pub const SPEEDS: std::ops::RangeInclusive<f64> = 0.25..=64.0;

/// The error for an invalid speed.
const SPEED: &str = "a speed is +, - or a number from 0.25 to 64";
/// The error for an invalid position.
const PLACE: &str = "a replay jumps to a place such as 2m30s or 0:40, to a time of day such as @14:02, or by a time such \
    as +10s or -1m";

impl ReplayCommand {
    /// The call of a recording with this run.
    pub fn call(self, run: Run) -> Call {
        let (name, text) = match self {
            Self::Pause => ("pause", String::new()),
            Self::Step => ("step", String::new()),
            Self::Speed(speed) => ("speed", speed.to_string()),
            Self::Jump(jump) => ("jump", jump.to_string()),
        };
        Call::new(run, name.into(), text)
    }
}

/// Writes it as it is typed.
impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faster => f.write_str("+"),
            Self::Slower => f.write_str("-"),
            Self::Times(times) => write!(f, "{times}"),
        }
    }
}

/// Writes it as it is typed.
impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(offset) => write!(f, "{}", offset.as_secs_f64()),
            Self::Back(back) => write!(f, "-{}", back.as_secs_f64()),
            Self::On(on) => write!(f, "+{}", on.as_secs_f64()),
            Self::Clock(time) => write!(f, "@{time}"),
            Self::OffsetOrClock(offset, time) => {
                let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                write!(f, "{hour:02}:{minute:02}")?;
                let has_minutes_first =
                    i64::from(hour) * 60 + i64::from(minute) == offset.as_secs().cast_signed();
                if has_minutes_first { Ok(()) } else { write!(f, ":{second:02}") }
            }
        }
    }
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "+" => Ok(Self::Faster),
            "-" => Ok(Self::Slower),
            times => {
                let times = times.strip_suffix(['x', 'X']).unwrap_or(times).parse().ok();
                let times = times.filter(|times| SPEEDS.contains(times));
                times.map(Self::Times).ok_or(SPEED)
            }
        }
    }
}

impl FromStr for Jump {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if let Some(back) = text.strip_prefix('-') {
            return length(back).map(Self::Back);
        }
        if let Some(on) = text.strip_prefix('+') {
            return length(on).map(Self::On);
        }
        if let Some(time) = text.strip_prefix('@') {
            return time.trim_start().parse().map(Self::Clock).map_err(|_| PLACE);
        }
        match (length(text), text.parse()) {
            (Ok(offset), Ok(time)) if text.contains(':') => Ok(Self::OffsetOrClock(offset, time)),
            (Ok(offset), _) => Ok(Self::To(offset)),
            (Err(_), Ok(time)) => Ok(Self::Clock(time)),
            (Err(error), Err(_)) => Err(error),
        }
    }
}

/// Parses a duration: `90s`, `2m30s`, `2:30` or `1:02:30` as in the header, or a number of seconds. The error is a
/// hint for the user.
pub(crate) fn length(text: &str) -> Result<Duration, &'static str> {
    if text.contains(':') {
        return clock_length(text).ok_or(PLACE);
    }
    if let Some(seconds) = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        return Ok(seconds);
    }
    let length: SignedDuration = text.parse().map_err(|_| PLACE)?;
    length.try_into().map_err(|_| PLACE)
}

/// Parses `MINUTES:SECONDS` or `HOURS:MINUTES:SECONDS`. The first number is unlimited, the others are below 60.
fn clock_length(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u64>().ok())?;
    let first = number(parts.next()?)?;
    let others: Vec<u64> =
        parts.map(|part| number(part).filter(|number| *number < 60)).collect::<Option<_>>()?;
    let seconds = match others[..] {
        [seconds] => first.checked_mul(60)?.checked_add(seconds)?,
        [minutes, seconds] => first.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_parsed_in_every_notation() {
        let seconds = Duration::from_secs;
        for (text, jump) in [
            ("0", Jump::To(seconds(0))),
            ("90", Jump::To(seconds(90))),
            ("2m30s", Jump::To(seconds(150))),
            ("+10s", Jump::On(seconds(10))),
            ("-1m", Jump::Back(seconds(60))),
            ("0:40", Jump::To(seconds(40))),
            ("00:40", Jump::OffsetOrClock(seconds(40), jiff::civil::time(0, 40, 0, 0))),
            ("14:02", Jump::OffsetOrClock(seconds(842), jiff::civil::time(14, 2, 0, 0))),
            ("14:02:30", Jump::OffsetOrClock(seconds(50_550), jiff::civil::time(14, 2, 30, 0))),
            ("25:00", Jump::To(seconds(1500))),
            ("100:00:01", Jump::To(seconds(360_001))),
            ("+1:30", Jump::On(seconds(90))),
            ("-0:05", Jump::Back(seconds(5))),
            ("@14:02", Jump::Clock(jiff::civil::time(14, 2, 0, 0))),
            ("@ 14:02:30", Jump::Clock(jiff::civil::time(14, 2, 30, 0))),
        ] {
            assert_eq!(text.parse(), Ok(jump), "{text}");
        }
        for text in [
            "",
            "-",
            "soon",
            "--1s",
            "0:60",
            "1:60:00",
            "1:2:3:4",
            ":40",
            "40:",
            "@",
            "@25:00",
            "@90",
            "99999999999999999999:00",
            "inf",
            "NaN",
            "-1e300",
            "1e300",
        ] {
            assert_eq!(text.parse::<Jump>(), Err(PLACE), "{text}");
        }
    }

    #[test]
    fn a_command_is_written_as_it_is_typed() {
        for text in [
            "90s",
            "2m30s",
            "0:40",
            "2:30",
            "14:02",
            "01:02:30",
            "@14:02",
            "@14:02:07",
            "-1m",
            "+10s",
            "+0.25",
        ] {
            let jump: Jump = text.parse().unwrap();
            assert_eq!(jump.to_string().parse(), Ok(jump), "{text} is {jump}");
        }
        for text in ["+", "-", "0.25", "64x", "1.5"] {
            let speed: Speed = text.parse().unwrap();
            assert_eq!(speed.to_string().parse(), Ok(speed), "{text}");
        }
        let call = ReplayCommand::Speed(Speed::Faster).call(Run(3));
        assert_eq!(call, Call::new(Run(3), "speed".into(), "+"));
    }

    #[test]
    fn speeds_are_parsed_and_bounded() {
        assert_eq!("8x".parse(), Ok(Speed::Times(8.0)));
        assert_eq!(("+".parse(), "-".parse()), (Ok(Speed::Faster), Ok(Speed::Slower)));
        for text in ["", "0", "0.1", "65", "fast", "NaN", "-2"] {
            assert_eq!(text.parse::<Speed>(), Err(SPEED), "{text}");
        }
    }
}
