//! Resolves the target of a jump in a recording.

use std::time::Duration;

use clacks_language::command::playback::Jump;
use clacks_text::format;
use jiff::{Timestamp, civil::Time, tz::TimeZone};

/// Why a command is refused during a replay. `Display` writes a reason for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaybackError {
    /// Pause and step have no effect at the end of the recording.
    #[error("the recording is at its end")]
    AtEnd,
    /// The target of a jump is not in the recording.
    #[error(transparent)]
    Jump(#[from] JumpError),
}

/// When a recording was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recorded {
    /// Its start, in milliseconds since the Unix epoch.
    pub(crate) begins_unix_ms: u64,
    /// Its duration.
    pub(crate) length: Duration,
}

/// Why the target of a jump is not in the recording. `Display` writes a reason for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JumpError {
    /// No part of the recording has this time of day.
    #[error("it was never {} while this was recorded", .0.strftime("%H:%M:%S"))]
    NotRecorded(Time),
    /// The target is neither an offset within the recording nor a time of day in it.
    #[error("the recording is {} long, and {}", format::clock(*length), Self::NotRecorded(*time))]
    OutOfRange {
        /// Duration of the recording.
        length: Duration,
        /// The target as a time of day.
        time: Time,
    },
}

/// Offset of the target from the start of the recording. Relative jumps count from `position`; times of day are in
/// `zone`.
///
/// A plain offset can be beyond the end.
pub(crate) fn place(
    jump: Jump,
    recorded: Recorded,
    position: Duration,
    zone: &TimeZone,
) -> Result<Duration, JumpError> {
    match jump {
        Jump::To(place) => Ok(place),
        Jump::Back(by) => Ok(position.saturating_sub(by)),
        Jump::On(by) => Ok(position.saturating_add(by)),
        Jump::Clock(time) => on_the_clock(time, recorded, zone)
            .filter(|place| *place <= recorded.length)
            .ok_or(JumpError::NotRecorded(time)),
        // The header shows full seconds.
        Jump::OffsetOrClock(offset, _) if offset <= recorded.length => Ok(offset),
        Jump::OffsetOrClock(_, time) => place(Jump::Clock(time), recorded, position, zone)
            .map_err(|_| JumpError::OutOfRange { length: recorded.length, time }),
    }
}

fn on_the_clock(time: Time, recorded: Recorded, zone: &TimeZone) -> Option<Duration> {
    let begins = Timestamp::from_millisecond(recorded.begins_unix_ms.try_into().ok()?).ok()?;
    let today = begins.to_zoned(zone.clone()).date();
    let at = |date: jiff::civil::Date| Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
    let first = at(today).filter(|first| *first >= begins).or_else(|| at(today.tomorrow().ok()?))?;
    first.duration_since(begins).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_on_the_wall_is_looked_up_from_the_beginning_on() {
        // 2026-01-02 23:59:00 UTC.
        let recorded = Recorded { begins_unix_ms: 1_767_398_340_000, length: Duration::from_secs(600) };
        let placed = |text: &str| {
            place(text.parse().unwrap(), recorded, Duration::ZERO, &TimeZone::UTC)
                .map_err(|error| error.to_string())
        };
        assert_eq!(placed("23:59:30"), Ok(Duration::from_secs(30)));
        assert_eq!(placed("@00:01"), Ok(Duration::from_secs(120)));
        assert_eq!(placed("@23:58"), Err("it was never 23:58:00 while this was recorded".to_owned()));
        let neither = "the recording is 10:00 long, and it was never 23:58:00 while this was recorded";
        assert_eq!(placed("23:58"), Err(neither.to_owned()));
    }

    #[test]
    fn whatever_place_the_header_shows_can_be_jumped_to() {
        let recorded = Recorded { begins_unix_ms: 1_767_398_340_000, length: Duration::from_secs(100_000) };
        for seconds in (0..5000).chain((5000..=100_000).step_by(997)).map(Duration::from_secs) {
            let jump: Jump = format::clock(seconds).parse().unwrap();
            assert_eq!(place(jump, recorded, Duration::ZERO, &TimeZone::UTC), Ok(seconds), "{jump:?}");
        }
    }
}
