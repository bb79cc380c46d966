//! Repair: a node leaves and joins again when members do not know it.

use super::{
    bench::{Bench, id, ms, record},
    members::{announced, check},
};
use crate::{
    core::{Event, Removal},
    protocol::{Json, Path},
};

fn say_unknown(bench: &mut Bench, member: &str) {
    let now = bench.now;
    bench.core.send(&id(member), &Json::empty_object(), now).unwrap();
    let request = bench.request_to(Path::Message);
    bench.answer(&request, 404, "{}");
}

/// Answers the questions whether members know us.
fn confirm(bench: &mut Bench, status: u16) -> usize {
    let probes = bench.requests();
    let count = probes.len();
    for probe in probes {
        assert_eq!(probe.path, Path::Left);
        bench.answer(&probe, status, "{}");
    }
    bench.advance(ms(0));
    count
}

fn is_repairing(bench: &mut Bench) -> bool {
    bench.events().iter().any(|event| matches!(event, Event::Repairing { .. }))
}

#[test]
fn half_of_the_members_cause_a_repair() {
    let mut bench = Bench::in_cloud(&["a", "b", "c", "d"]);
    let before = bench.core.id().clone();
    say_unknown(&mut bench, "a");
    let member = bench.member("a").record.clone();
    assert!(bench.events().contains(&Event::DoesNotKnowUs { member }));
    bench.advance(ms(2500));
    assert_eq!(confirm(&mut bench, 404), 0, "a quarter is no half");
    say_unknown(&mut bench, "b");
    bench.advance(ms(2000));
    assert_eq!(confirm(&mut bench, 404), 2);
    assert!(is_repairing(&mut bench));
    let requests = bench.requests();
    let goodbyes = requests.iter().filter(|request| request.path == Path::Left);
    let old = format!(r#"{{"id":"{before}"}}"#);
    assert!(goodbyes.clone().all(|goodbye| *goodbye.body == *old && goodbye.sender == before));
    assert_eq!(goodbyes.count(), 4);
    let join = requests.iter().find(|request| request.path == Path::Join).unwrap();
    assert!([3, 4].contains(&join.to.port), "one that knows us is asked first");
    assert_ne!(join.sender, before);
    let body = format!(
        r#"{{"status":"joined","self":{{"id":"c"}},"peers":[{},{}]}}"#,
        record("a", 1),
        record("b", 2)
    );
    bench.answer(join, 200, &body);
    assert_eq!(bench.ids(), ["a", "b", "c"]);
    assert!(bench.events().iter().any(|event| matches!(event, Event::Repaired { members: 3, .. })));
}

#[test]
fn one_member_causes_a_repair_after_30_s() {
    let mut bench = Bench::in_cloud(&["a", "b", "c"]);
    say_unknown(&mut bench, "a");
    bench.advance(ms(29_999));
    assert_eq!(confirm(&mut bench, 404), 0);
    bench.advance(ms(1));
    assert_eq!(confirm(&mut bench, 404), 1);
    assert!(is_repairing(&mut bench));
}

#[test]
fn a_member_that_knows_us_after_all_causes_none() {
    let mut bench = Bench::in_cloud(&["a", "b", "c"]);
    say_unknown(&mut bench, "a");
    bench.advance(ms(30_000));
    assert_eq!(confirm(&mut bench, 200), 1);
    assert_eq!(bench.member("a").unknown_since, None);
    say_unknown(&mut bench, "b");
    assert_eq!(bench.status("b", Path::Status, "{}"), 200, "it checks us, so it has us");
    bench.advance(ms(120_000));
    assert!(!is_repairing(&mut bench));
}

#[test]
fn only_requests_from_the_address_of_a_member_show_that_it_knows_us() {
    for (remote, shows) in [([10, 0, 0, 9], false), ([127, 0, 0, 1], true)] {
        for (path, body) in [(Path::Status, "{}"), (Path::Message, "{}"), (Path::Left, r#"{"id":"nobody"}"#)]
        {
            let mut bench = Bench::in_cloud(&["a", "b", "c"]);
            say_unknown(&mut bench, "a");
            bench.remote = remote.into();
            assert_eq!(bench.status("a", path, body), 200);
            assert_eq!(bench.member("a").unknown_since.is_none(), shows, "{path}");
        }
    }
}

#[test]
fn a_member_that_says_it_is_in_no_cloud_does_not_know_us() {
    let mut bench = Bench::in_cloud(&["a"]);
    let request = check(&mut bench, "a");
    bench.answer(&request, 200, r#"{"id":"a","online":true,"joined":false}"#);
    assert!(bench.member("a").says_not_joined);
    bench.advance(ms(2000));
    assert_eq!(confirm(&mut bench, 404), 1);
    assert!(is_repairing(&mut bench), "a half-join is healed");
    assert_eq!(bench.sent(), [("/join", 1), ("/left", 1)]);
}

#[test]
fn who_finds_us_gone_does_not_know_us() {
    let mut bench = Bench::in_cloud(&["a", "b", "c"]);
    let me = bench.core.id().to_string();
    bench.status("a", Path::Left, &format!(r#"{{"id":"{me}"}}"#));
    assert!(bench.member("a").unknown_since.is_some());
}

/// What happens within this time, with every message and every question answered by 404.
fn unknown_for(bench: &mut Bench, time: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..time / 500 {
        bench.advance(ms(500));
        for request in bench.requests() {
            bench.answer(&request, 404, "{}");
        }
        events.extend(bench.events());
    }
    events
}

fn rejoin(bench: &mut Bench, id: &str) {
    let join = bench.requests().into_iter().find(|request| request.path == Path::Join).unwrap();
    bench.answer(&join, 200, &format!(r#"{{"status":"joined","self":{{"id":"{id}"}},"peers":[]}}"#));
    bench.advance(ms(2500));
    bench.requests();
    bench.events();
}

#[test]
fn a_repair_comes_at_most_once_a_minute() {
    let mut bench = Bench::in_cloud(&["a"]);
    say_unknown(&mut bench, "a");
    bench.advance(ms(2000));
    confirm(&mut bench, 404);
    assert!(is_repairing(&mut bench));
    rejoin(&mut bench, "b");
    say_unknown(&mut bench, "b");
    let repairing = |events: &[Event]| events.iter().any(|event| matches!(event, Event::Repairing { .. }));
    assert!(!repairing(&unknown_for(&mut bench, 55_000)));
    assert!(repairing(&unknown_for(&mut bench, 10_000)));
}

#[test]
fn a_member_that_a_repair_did_not_mend_causes_no_other_and_is_forgotten() {
    let mut bench = Bench::in_cloud(&["a"]);
    say_unknown(&mut bench, "a");
    bench.advance(ms(2000));
    confirm(&mut bench, 404);
    rejoin(&mut bench, "a");
    say_unknown(&mut bench, "a");
    let events = unknown_for(&mut bench, 120_000);
    let removed = events.iter().find_map(|event| match event {
        Event::MemberRemoved { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(removed, Some(Removal::DoesNotKnowUs));
    assert!(!events.iter().any(|event| matches!(event, Event::Repairing { .. })));
}

#[test]
fn repair_can_be_switched_off() {
    let mut bench = Bench::in_cloud_with(&["a"], |options| options.repair = false);
    say_unknown(&mut bench, "a");
    bench.advance(ms(120_000));
    assert!(!is_repairing(&mut bench));
    assert!(bench.member("a").unknown_since.is_some(), "it is shown nevertheless");
}

#[test]
fn a_member_that_is_too_old_for_updates_may_know_us() {
    let mut bench = Bench::in_cloud(&["a"]);
    bench.core.update(Json::empty_object(), bench.now).unwrap();
    let update = bench.request_to(Path::Update);
    bench.answer(&update, 404, "{}");
    assert_eq!(bench.member("a").unknown_since, None);
}

#[test]
fn a_member_that_repeats_that_we_are_gone_adds_no_timers() {
    let mut bench = Bench::in_cloud(&["a", "b", "c"]);
    let me = bench.core.id().to_string();
    let before = bench.core.timer_count();
    for _ in 0..100 {
        assert_eq!(bench.status("a", Path::Left, &format!(r#"{{"id":"{me}"}}"#)), 200);
        assert_eq!(bench.status("b", Path::Left, &format!(r#"{{"id":"{me}"}}"#)), 200);
        assert_eq!(bench.status("b", Path::Status, "{}"), 200, "it knows us after all");
        bench.now.uptime += ms(1);
    }
    let events = bench.events();
    let unknown = events
        .iter()
        .filter(|event| matches!(event, Event::DoesNotKnowUs { member } if member.id.as_str() == "a"));
    assert_eq!(unknown.count(), 1);
    assert!(bench.core.timer_count() <= before + 2, "{}", bench.core.timer_count() - before);
}

#[test]
fn a_quiet_node_finds_out_too() {
    let mut bench = Bench::in_cloud(&["a", "b", "c"]);
    announced(&mut bench, "n", 7);
    bench.advance(ms(3000));
    let request = bench.request_to(Path::Status);
    bench.answer(&request, 200, r#"{"id":"n","joined":true}"#);
    let probe = bench.request_to(Path::Left);
    assert!(!bench.ids().iter().any(|id| probe.body.contains(&format!("\"{id}\""))));
    bench.answer(&probe, 404, "{}");
    assert!(bench.member("n").unknown_since.is_some());
}
