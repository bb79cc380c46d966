//! Bounds of time and memory.

use std::time::Duration;

use super::{
    bench::{Bench, id, ms},
    members::{announced, check},
};
use crate::{
    core::{Failure, Options},
    protocol::Path,
};

#[test]
fn a_member_that_never_answered_is_removed_although_resources_lack_here() {
    for (name, removed) in [("n", true), ("a", false)] {
        let mut bench = Bench::in_cloud(&["a"]);
        announced(&mut bench, "n", 7);
        for _ in 0..6 {
            let Some(_) = bench.core.member(&id(name)) else { break };
            let request = check(&mut bench, name);
            bench.fail(&request, Failure::NoResources("no ports are left".into()));
            bench.now.uptime += ms(1000);
        }
        assert_eq!(bench.core.member(&id(name)).is_none(), removed, "{name}");
    }
}

#[test]
fn the_time_that_a_newcomer_waits_is_part_of_the_time_for_its_check() {
    for (waits, left) in [(0, Some(700)), (400, Some(300)), (650, Some(50)), (651, None)] {
        let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
        let ours = bench.request_to(Path::Join);
        // It has the higher id, so it waits until we have joined.
        bench.post(None, Path::Join, r#"{"id":"z","port":6}"#);
        bench.advance(ms(waits));
        bench.answer(&ours, 200, r#"{"status":"joined","self":{"id":"s"},"peers":[]}"#);
        let checks = bench.requests();
        let timeouts: Vec<_> = checks.iter().map(|check| check.timeout).collect();
        assert_eq!(timeouts, left.map(ms).into_iter().collect::<Vec<_>>(), "{waits}");
        assert_eq!(bench.join_answer().map(|answer| answer.status), left.is_none().then_some(429), "{waits}");
    }
}

#[test]
fn no_time_is_so_long_that_sums_overflow() {
    let changes: [fn(&mut Options); 11] = [
        |options| options.check_interval = Some(Duration::MAX),
        |options| options.recheck_after = Duration::MAX,
        |options| options.rejoin_interval = Duration::MAX,
        |options| options.repair_after = Duration::MAX,
        |options| options.repair_interval = Duration::MAX,
        |options| options.max_clock_difference = Duration::MAX,
        |options| options.replay_memory = Duration::MAX,
        |options| options.request_timeout = Duration::MAX,
        |options| options.join_timeout = Duration::MAX,
        |options| options.newcomer_timeout = Duration::MAX,
        |options| options.announce_timeout = Duration::MAX,
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut options = Options::default();
        change(&mut options);
        assert!(options.check().is_err(), "{index}");
    }
    let mut bench = Bench::in_cloud(&["a"]);
    bench.core.set_check_interval(Some(Duration::MAX), bench.now);
    assert!(bench.core.poll_timeout().is_some());
}
