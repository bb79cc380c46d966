//! Bounds of time and memory.

use std::time::Duration;

use super::{
    bench::{Bench, id, ms, record},
    members::{announced, check},
};
use crate::{
    core::{Failure, Options},
    protocol::Path,
};

/// A member says that somebody joined, then that it left.
fn invent(bench: &mut Bench, member: &str, port: u16) -> u16 {
    let status = bench.status("a", Path::Joined, &record(member, port));
    assert_eq!(bench.status("a", Path::Left, &format!(r#"{{"id":"{member}"}}"#)), 200);
    status
}

fn size(bench: &Bench, name: &str) -> usize {
    bench.core.sizes().iter().find(|(known, ..)| *known == name).map(|(_, size, _)| *size).unwrap()
}

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
    let changes: [fn(&mut Options); 12] = [
        |options| options.goodbye_delay = Duration::MAX,
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

#[test]
fn invented_members_that_are_said_to_be_gone_are_bounded() {
    let mut bench = Bench::in_cloud_with(&["a"], |options| options.bodies.max_members = 20);
    let timers = bench.core.timer_count();
    let statuses: Vec<u16> =
        (0..500).map(|number| invent(&mut bench, &format!("n{number}"), number + 100)).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19);
    assert_eq!(
        (size(&bench, "disputed"), bench.core.timer_count()),
        (19, timers + 1),
        "one for former members"
    );
    let mut checks = bench.requests();
    assert_eq!(checks.len(), 4, "a few checks at a time");
    // Each fails twice. The next one begins when one has ended.
    let mut made = 0;
    while size(&bench, "disputed") > 0 {
        for check in std::mem::take(&mut checks) {
            made += 1;
            bench.fail(&check, Failure::TimedOut);
            checks.extend(bench.requests());
        }
        assert!(checks.len() <= 4);
        bench.advance(ms(1000));
        checks.extend(bench.requests());
        assert!(made <= 2 * 19, "{made}");
    }
    assert_eq!((made, invent(&mut bench, "n", 7)), (2 * 19, 200));
}

#[test]
fn a_member_that_is_said_to_come_and_go_needs_one_timer() {
    let mut bench = Bench::in_cloud(&["a"]);
    let timers = bench.core.timer_count();
    for _ in 0..500 {
        invent(&mut bench, "n", 7);
        for check in bench.requests() {
            bench.fail(&check, Failure::Refused("nobody is there".into()));
        }
        bench.now.uptime += ms(1);
    }
    assert!(bench.core.timer_count() <= timers + 2, "{}", bench.core.timer_count() - timers);
}

#[test]
fn a_member_that_is_announced_after_invented_ones_is_checked_soon() {
    let mut bench = Bench::in_cloud(&["a"]);
    for number in 0..500 {
        invent(&mut bench, &format!("n{number}"), number + 100);
    }
    announced(&mut bench, "honest", 7);
    let mut asked = Vec::new();
    for _ in 0..30 {
        bench.advance(ms(100));
        while let checks @ [_, ..] = &bench.requests()[..] {
            checks.iter().for_each(|check| bench.fail(check, Failure::TimedOut));
            asked.extend(checks.iter().map(|check| check.to.port));
        }
    }
    assert!(asked.contains(&7));
}

#[test]
fn members_that_we_have_reached_are_checked_before_invented_ones() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    for number in 0..10 {
        invent(&mut bench, &format!("n{number}"), number + 100);
    }
    let checks = bench.requests();
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"b"}"#), 200);
    bench.fail(&checks[0], Failure::TimedOut);
    let check = bench.request_to(Path::Status);
    assert_eq!(check.to.port, 2);
    bench.answer(&check, 200, r#"{"id":"b","joined":true}"#);
    assert_eq!(bench.ids(), ["a", "b"]);
}

#[test]
fn a_dispute_ends_although_resources_lack_here() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"b"}"#), 200);
    for _ in 0..3 {
        assert_eq!(size(&bench, "disputed"), 1);
        let check = bench.request_to(Path::Status);
        bench.fail(&check, Failure::NoResources("no more files may be opened".into()));
        bench.advance(ms(1000));
    }
    assert_eq!((size(&bench, "disputed"), bench.sent()), (0, vec![]));
}

#[test]
fn a_check_of_an_address_says_nothing_about_another_one() {
    let mut bench = Bench::in_cloud(&["a"]);
    announced(&mut bench, "n", 7);
    let check = check(&mut bench, "n");
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"n"}"#), 200);
    announced(&mut bench, "n", 8);
    bench.answer(&check, 200, r#"{"id":"n","joined":true}"#);
    assert!(!bench.member("n").was_reached);
}

#[test]
fn a_second_check_takes_the_place_of_the_first_one_that_is_scheduled() {
    let mut bench = Bench::in_cloud(&["a"]);
    announced(&mut bench, "n", 7);
    let timers = bench.core.timer_count();
    let check = check(&mut bench, "n");
    bench.fail(&check, Failure::TimedOut);
    assert_eq!(bench.core.timer_count(), timers);
}
