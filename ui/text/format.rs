//! Short number formats for people.

use std::time::Duration;

/// A duration in one unit, rounded down: `7 s`, `12 m`, `3 h`, `40 d`.
pub fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} m", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// A duration that can be short: `0.4 s`, `9.9 s`, `10 s`, `12 m`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds < 9.95 { format!("{seconds:.1} s") } else { age(span.max(Duration::from_secs(10))) }
}

/// A position in a recording: `0:07`, `12:30`, `3:00:00`.
pub fn clock(time: Duration) -> String {
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A round trip: `0.4 ms`, `12 ms`, `1.3 s`.
pub fn round_trip(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 999.5 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1000.0)
    }
}

/// The last character boundary at or before a byte offset.
pub fn char_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|place| text.is_char_boundary(*place)).unwrap_or_default()
}

/// A size in decimal units: `17 B`, `1.2 kB`, `64 MB`.
pub fn size(bytes: usize) -> String {
    scaled(bytes as f64, [" B", " kB", " MB", " GB", " TB", " PB", " EB"])
}

/// A size to the last byte: `17 B`, `64 MB`, `1,047,552 bytes`.
pub fn exact_size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{} {name}", grouped(bytes / unit)),
        None if bytes < 1000 => format!("{bytes} B"),
        None => format!("{} bytes", grouped(bytes)),
    }
}

/// A rate per second with all its digits: `1,000/s`, `0.5/s`.
pub fn exact_rate(per_second: f64) -> String {
    if per_second.fract() == 0.0 {
        format!("{}/s", grouped(per_second as u64))
    } else {
        format!("{per_second}/s")
    }
}

/// A duration that somebody set: `500 ms`, `1.5 s`, `90 s`, `5 m`.
pub fn exact_time(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        60.. if time.subsec_nanos() == 0 && time.as_secs().is_multiple_of(60) => {
            format!("{} m", time.as_secs() / 60)
        }
        _ => format!("{} s", time.as_secs_f64()),
    }
}

/// A count: `17`, `1.2k`, `3.4M`.
pub fn count(count: usize) -> String {
    scaled(count as f64, ["", "k", "M", "G", "T", "P", "E"])
}

/// All digits of a number, in groups of three: `17`, `1,000`, `1,047,552`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// A rate per second: `0/s`, `0.4/s`, `12/s`, `1.2k/s`.
pub fn rate(per_second: f64) -> String {
    if per_second.fract() == 0.0 && per_second < 9.95 {
        format!("{per_second:.0}/s")
    } else if per_second < 0.095 {
        format!("{}/s", (per_second * 1000.0).round() / 1000.0)
    } else if per_second < 9.95 {
        format!("{per_second:.1}/s")
    } else {
        format!("{}/s", count(per_second.round() as usize))
    }
}

fn scaled(mut value: f64, units: [&str; 7]) -> String {
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit > 0 && value < 9.95 {
        format!("{value:.1}{}", units[unit])
    } else {
        format!("{value:.0}{}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_exactly() {
        let times =
            [10, 500, 1500, 30_000, 60_000, 90_000, 3_600_000].map(Duration::from_millis).map(exact_time);
        assert_eq!(times, ["10 ms", "500 ms", "1.5 s", "30 s", "1 m", "90 s", "60 m"]);
        assert_eq!([0.5, 1.0, 1500.0].map(exact_rate), ["0.5/s", "1/s", "1,500/s"]);
        let sizes = [0, 999, 1000, 1_047_552, 64_000_000, 3_000_000_000].map(exact_size);
        assert_eq!(sizes, ["0 B", "999 B", "1 kB", "1,047,552 bytes", "64 MB", "3 GB"]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0, 59, 60, 3599, 3600, 86_400].map(|secs| age(Duration::from_secs(secs))),
            ["0 s", "59 s", "1 m", "59 m", "1 h", "1 d"]
        );
        assert_eq!(
            [7, 750, 10_805].map(|secs| clock(Duration::from_secs(secs))),
            ["0:07", "12:30", "3:00:05"]
        );
        assert_eq!(
            [400, 9_960, 999_600].map(|micros| round_trip(Duration::from_micros(micros))),
            ["0.4 ms", "10 ms", "1.0 s"]
        );
        assert_eq!(
            [40, 9_940, 9_960, 60_000].map(|ms| span(Duration::from_millis(ms))),
            ["0.0 s", "9.9 s", "10 s", "1 m"]
        );
        assert_eq!([0, 999, 1000, 9_960, 1 << 26].map(size), ["0 B", "999 B", "1.0 kB", "10 kB", "67 MB"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.04, 0.4, 9.96, 1234.0].map(rate), ["0/s", "0.04/s", "0.4/s", "10/s", "1.2k/s"]);
    }
}
