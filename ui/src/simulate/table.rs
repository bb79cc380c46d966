//! The result of a simulation: as a table for people, as JSON and CSV for programs.

use std::time::Duration;

use clacks_p2p::simulation::{Outage, Report, Sample, Scenario};
use clacks_text::{
    escape::escaped,
    format::{self, grouped},
};
use serde::Serialize;

/// Width of the name column.
const NAMES: usize = 16;

/// The JSON document of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) samples: &'a [Sample],
    pub(crate) report: &'a Report,
}

/// The table at the end of a run.
pub(crate) fn table(scenario: &Scenario, report: &Report) -> String {
    let mut rows = vec![
        ("nodes", nodes(scenario, &report.end)),
        ("messages", messages(&report.end)),
        ("deliveries", deliveries(&report.end)),
        ("visited", visited(report)),
        ("back at start", report.returned.map_or("not yet".to_owned(), |at| format!("after {}", span(at)))),
        ("peers known", known(&report.end)),
        ("longest distance", format!("{:.1} on average, as a difference of numbers", report.end.distance)),
        ("longest queue", format::count(report.end.longest_queue as usize)),
    ];
    rows.extend(report.outage.iter().map(|outage| ("the one node", of_outage(outage))));
    rows.extend(report.flood.iter().map(|(before, during)| ("flood", of_flood(*before, *during))));
    let rows: Vec<_> = rows.iter().map(|(name, value)| format!("{name:NAMES$}  {value}")).collect();
    let (at, seed) = (span(report.end.at), scenario.seed);
    // The name is untrusted, because a scenario file can come from somebody else.
    let name = escaped(&scenario.name);
    format!("{name}\nafter {at}, seed {seed}\n\n{}\n", rows.join("\n"))
}

fn nodes(scenario: &Scenario, end: &Sample) -> String {
    let all = scenario.nodes();
    if end.up == all {
        grouped(all.into())
    } else {
        format!("{}, {} up", grouped(all.into()), grouped(end.up.into()))
    }
}

pub(crate) fn messages(end: &Sample) -> String {
    format!("{} lost, {} copies too many", grouped(end.lost.into()), grouped(end.duplicates))
}

fn deliveries(end: &Sample) -> String {
    let rate = end.deliveries as f64 / end.at.max(f64::MIN_POSITIVE);
    format!("{}, {} failed; {}", grouped(end.deliveries), grouped(end.failures), format::rate(rate))
}

fn visited(report: &Report) -> String {
    let shares = ["half", "90 %", "99 %", "all"];
    let reached = shares.iter().zip(report.reached);
    let reached: String =
        reached.filter_map(|(share, at)| Some(format!("; {share} after {}", span(at?)))).collect();
    format!("{} of the nodes by a message{reached}", percent(report.end.visited))
}

fn known(end: &Sample) -> String {
    format!("{:.1} by a node on average, {} to {}", end.known, end.least_known, end.most_known)
}

fn of_outage(outage: &Outage) -> String {
    let after = |time: Option<f64>| time.map_or("not yet".to_owned(), |time| format!("after {}", span(time)));
    format!(
        "known by {}; forgotten {}, found {}, known again {}",
        outage.known_by,
        after(outage.forgotten),
        after(outage.found),
        after(outage.known_again)
    )
}

fn of_flood(before: f64, during: f64) -> String {
    let share = if before > 0.0 { during / before } else { 0.0 };
    format!("{} before, {} during: {}", format::rate(before), format::rate(during), percent(share))
}

/// A share in whole percent, or with more digits near 0 and 100 %.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let is_small = percent > 0.0 && percent < 1.0;
    let is_nearly_all = percent > 99.0 && percent < 100.0;
    if is_small || is_nearly_all { format!("{percent:.2} %") } else { format!("{percent:.0} %") }
}

/// A duration of the virtual clock.
pub(crate) fn span(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    if seconds < 1.0 {
        format::round_trip(time)
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format::clock(time)
    }
}

/// The CSV header for [`csv_row`].
pub(crate) const CSV_HEAD: &str =
    "at,deliveries,failures,visited,known,least_known,most_known,distance,up,lost,duplicates,longest_queue";

/// A sample as a CSV line.
pub(crate) fn csv_row(sample: &Sample) -> String {
    let Sample { at, deliveries, failures, visited, known, least_known, most_known, distance, .. } = sample;
    let Sample { up, lost, duplicates, longest_queue, .. } = sample;
    format!(
        "{at},{deliveries},{failures},{visited},{known},{least_known},{most_known},{distance},{up},{lost},{duplicates},{longest_queue}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        let mut sample = Sample::default();
        sample.at = 3725.5;
        (sample.deliveries, sample.failures) = (1_234_567, 12);
        (sample.visited, sample.distance) = (0.995, 76.9);
        (sample.known, sample.least_known, sample.most_known) = (14.515, 4, 33);
        (sample.up, sample.lost, sample.duplicates, sample.longest_queue) = (398, 2, 3, 17);
        sample
    }

    fn report() -> Report {
        let mut report = Report::default();
        report.end = sample();
        report
    }

    #[test]
    fn the_table_says_everything_in_its_units() {
        let scenario = Scenario { name: "A grid".to_owned(), ..Scenario::default() };
        let mut outage = Outage::default();
        (outage.known_by, outage.forgotten, outage.found) = (40, Some(90.0), Some(0.5));
        let mut report = report();
        report.reached = [Some(0.25), Some(7.1), Some(300.0), None];
        (report.outage, report.flood) = (Some(outage), Some((40.0, 30.0)));
        insta::assert_snapshot!(table(&scenario, &report));
    }

    #[test]
    fn a_name_from_a_file_is_escaped() {
        let scenario = Scenario { name: "mine\x1b[2J".to_owned(), ..Scenario::default() };
        let table = table(&scenario, &report());
        assert!(table.starts_with("mine") && !table.contains('\x1b'), "{table}");
    }

    #[test]
    fn a_line_of_csv_has_a_field_for_each_column() {
        assert_eq!(csv_row(&sample()).split(',').count(), CSV_HEAD.split(',').count());
        let json = serde_json::to_value(sample()).unwrap();
        assert!(CSV_HEAD.split(',').all(|column| json.get(column).is_some()));
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0.0, 0.001, 0.5, 0.995, 1.0].map(percent), ["0 %", "0.10 %", "50 %", "99.50 %", "100 %"]);
        assert_eq!([0.25, 30.01, 61.0, 7325.0].map(span), ["250 ms", "30.0 s", "1:01", "2:02:05"]);
    }
}
