//! Looking for the seeds while none of them is a member.

use super::bench::{Bench, ms};
use crate::{
    core::{Failure, Outgoing},
    protocol::Path,
};

/// The longest time from one question to the next.
const ASKED_WITHIN: u64 = 61_000;
const JOINED: &str = r#"{"status":"joined","self":{"id":"seed","data":{}},"peers":[]}"#;

/// A node that has let `a` in after its seed, at port 5, did not answer.
fn without_seed() -> Bench {
    let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
    let join = bench.request_to(Path::Join);
    bench.fail(&join, Failure::Refused("nobody".into()));
    bench.let_in("a", 1);
    bench
}

/// The next request, within the time in which a seed is asked.
fn next(bench: &mut Bench) -> Option<Outgoing> {
    for _ in 0..ASKED_WITHIN / 100 {
        bench.advance(ms(100));
        if let Some(request) = bench.requests().into_iter().next() {
            return Some(request);
        }
    }
    None
}

fn who_is_there(bench: &mut Bench, id: &str) {
    let asked = next(bench).expect("a question");
    assert_eq!((asked.path, asked.to.port), (Path::Status, 5));
    bench.answer(&asked, 200, &format!(r#"{{"id":"{id}"}}"#));
}

#[test]
fn a_node_in_a_cloud_without_its_seeds_joins_theirs() {
    let mut bench = without_seed();
    let asked = next(&mut bench).unwrap();
    bench.fail(&asked, Failure::TimedOut);
    who_is_there(&mut bench, "seed");
    let join = bench.request_to(Path::Join);
    assert_eq!(join.to.port, 5);
    bench.answer(&join, 200, JOINED);
    assert_eq!(bench.ids(), ["a", "seed"]);
    assert_eq!(next(&mut bench), None, "a seed is a member");
}

#[test]
fn so_does_a_node_that_let_somebody_in_while_its_seeds_were_asked() {
    let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
    let join = bench.request_to(Path::Join);
    // "0" is below every id of version 4, so it does not wait.
    bench.let_in("0", 1);
    bench.answer(&join, 403, "{}");
    who_is_there(&mut bench, "seed");
    bench.request_to(Path::Join);
}

#[test]
fn so_does_a_node_whose_seed_was_removed() {
    let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
    let join = bench.request_to(Path::Join);
    bench.answer(&join, 200, JOINED);
    bench.let_in("a", 1);
    bench.requests();
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"seed"}"#), 200);
    let check = bench.request_to(Path::Status);
    // It was started again.
    bench.answer(&check, 200, r#"{"id":"other"}"#);
    // It is asked as a former member first.
    let joins = |request: Outgoing| request.path == Path::Join;
    let join = (0..4).find_map(|_| {
        let asked = next(&mut bench)?;
        bench.answer(&asked, 200, r#"{"id":"other"}"#);
        bench.requests().into_iter().find(|request| joins(request.clone()))
    });
    assert_eq!(join.map(|join| join.to.port), Some(5));
}

#[test]
fn a_seed_that_is_a_member_under_another_address_is_not_joined() {
    let mut bench = without_seed();
    for _ in 0..3 {
        who_is_there(&mut bench, "a");
        let own = bench.core.id().to_string();
        who_is_there(&mut bench, &own);
    }
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_seed_that_said_goodbye_is_not_brought_back() {
    let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
    let join = bench.request_to(Path::Join);
    bench.answer(&join, 200, JOINED);
    bench.let_in("a", 1);
    bench.requests();
    assert_eq!(bench.status("seed", Path::Left, r#"{"id":"seed"}"#), 200);
    assert_eq!(next(&mut bench), None);
    // Who is alone asks it nevertheless.
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"a"}"#), 200);
    assert_eq!(next(&mut bench).map(|request| (request.path, request.to.port)), Some((Path::Join, 5)));
}

#[test]
fn who_left_or_joined_others_does_not_look_for_its_seeds() {
    for joins in [false, true] {
        let mut bench = without_seed();
        let (core, now, rng) = (&mut bench.core, bench.now, &mut bench.rng);
        core.leave(now, rng);
        bench.requests();
        assert_eq!(next(&mut bench), None, "it is alone because the user wants that");
        if joins {
            bench.core.join(&["127.0.0.1:7".parse().unwrap()], bench.now, &mut bench.rng).unwrap();
            let join = bench.request_to(Path::Join);
            bench.answer(&join, 200, r#"{"status":"joined","self":{"id":"b","data":{}},"peers":[]}"#);
        }
        bench.let_in("n", 8);
        bench.requests();
        assert_eq!(next(&mut bench), None, "{joins}");
    }
}
