//! Which requests are made first.

use std::collections::BTreeSet;

use super::bench::{Bench, id, ms, record};
use crate::{
    core::{Failure, Outgoing},
    protocol::{Json, Path},
};

fn message(bench: &mut Bench, to: &str) {
    let now = bench.now;
    bench.core.send(&id(to), &Json::empty_object(), now).unwrap();
}

/// A newcomer, of whom the members are told.
fn announce(bench: &mut Bench, newcomer: &str, port: u16) {
    bench.post(None, Path::Join, &format!(r#"{{"id":"{newcomer}","port":{port}}}"#));
    let check = bench.request_to(Path::Status);
    bench.answer(&check, 200, &format!(r#"{{"id":"{newcomer}"}}"#));
}

fn leave(bench: &mut Bench) {
    let (core, now, rng) = (&mut bench.core, bench.now, &mut bench.rng);
    core.leave(now, rng);
}

#[test]
fn messages_to_a_member_go_before_the_goodbye_to_it() {
    let mut bench = Bench::in_cloud_with(&["a", "b"], |options| options.max_requests_per_member = 1);
    let old = bench.core.id().clone();
    message(&mut bench, "a");
    message(&mut bench, "a");
    leave(&mut bench);
    let first = bench.requests();
    let sent: Vec<_> = first.iter().map(|request| (request.path, request.to.port)).collect();
    assert_eq!(sent, [(Path::Message, 1), (Path::Left, 2)]);
    bench.answer(&first[0], 200, "{}");
    let second = bench.request_to(Path::Message);
    assert_eq!(second.sender, old);
    bench.fail(&second, Failure::Cut);
    assert_eq!(bench.sent(), [("/left", 1)]);
}

#[test]
fn a_goodbye_waits_for_messages_for_half_a_second() {
    let mut bench = Bench::in_cloud_with(&["a"], |options| options.max_requests_per_member = 2);
    (0..3).for_each(|_| message(&mut bench, "a"));
    leave(&mut bench);
    assert_eq!(bench.sent(), [("/message", 1), ("/message", 1)]);
    let timers = bench.core.timer_count();
    bench.advance(ms(499));
    assert_eq!(bench.sent(), []);
    bench.advance(ms(1));
    assert_eq!(bench.core.timer_count(), timers - 1);
    // Its place is free only now. The third message would come after the goodbye.
    assert_eq!(bench.core.open_sends(), 3);
    let mut bench = Bench::in_cloud(&["a"]);
    message(&mut bench, "a");
    leave(&mut bench);
    bench.requests();
    bench.advance(ms(500));
    assert_eq!(bench.sent(), [("/left", 1)]);
}

#[test]
fn a_goodbye_that_has_ended_leaves_no_timer() {
    let mut bench = Bench::in_cloud(&["a"]);
    let timers = bench.core.timer_count();
    leave(&mut bench);
    let goodbye = bench.request_to(Path::Left);
    bench.answer(&goodbye, 200, "{}");
    assert_eq!(bench.core.timer_count(), timers);
}

#[test]
fn announcements_use_half_of_the_requests() {
    let mut bench = Bench::in_cloud_with(&["a", "b", "c", "d", "e"], |options| options.max_requests = 4);
    announce(&mut bench, "n", 9);
    let told = bench.requests();
    assert_eq!(told.iter().map(|told| told.path).collect::<Vec<_>>(), [Path::Joined; 2]);
    ["c", "d", "e"].iter().for_each(|to| message(&mut bench, to));
    assert_eq!(bench.sent(), [("/message", 3), ("/message", 4)]);
    // What the user sends comes before the other announcements.
    bench.answer(&told[0], 200, "{}");
    assert_eq!(bench.sent(), [("/message", 5)]);
    bench.answer(&told[1], 200, "{}");
    assert_eq!(bench.sent(), [("/joined", 3)]);
}

#[test]
fn announcements_use_half_of_the_requests_to_a_member() {
    let mut bench = Bench::in_cloud_with(&["a"], |options| options.max_requests_per_member = 2);
    announce(&mut bench, "n", 8);
    assert_eq!(bench.sent(), [("/joined", 1)]);
    announce(&mut bench, "o", 9);
    assert_eq!(bench.sent(), [("/joined", 8)]);
    message(&mut bench, "a");
    assert_eq!(bench.sent(), [("/message", 1)]);
}

#[test]
fn goodbyes_come_before_messages_to_others() {
    let mut bench = Bench::in_cloud_with(&["a", "b", "c"], |options| options.max_requests = 1);
    message(&mut bench, "c");
    let first = bench.request_to(Path::Message);
    message(&mut bench, "c");
    leave(&mut bench);
    bench.answer(&first, 200, "{}");
    let goodbye = bench.request_to(Path::Left);
    assert_eq!(goodbye.to.port, 1);
}

/// Answers what comes, until a join that heals has been followed by its introductions. Returns of whom `a` is told.
fn introduced(bench: &mut Bench, members: u16) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    let answer = |bench: &mut Bench, request: &Outgoing| {
        let port = request.to.port;
        // Only a accepts a record twice.
        bench.is_ours = port == 1;
        let id = match port {
            1 => "a".to_owned(),
            5 => "seed".to_owned(),
            port => format!("m{port}"),
        };
        let peers: Vec<String> = (100..100 + members).map(|port| record(&format!("m{port}"), port)).collect();
        let body = match request.path {
            Path::Join => format!(
                r#"{{"status":"joined","self":{{"id":"seed","data":{{}}}},"peers":[{}]}}"#,
                peers.join(",")
            ),
            _ => format!(r#"{{"id":"{id}","joined":true}}"#),
        };
        bench.answer(request, 200, &body);
    };
    for _ in 0..1000 {
        bench.advance(ms(500));
        // All introductions that can begin at once have begun before one is answered.
        let requests = bench.requests();
        for request in requests {
            if request.path == Path::Joined && request.to.port == 1 {
                told.insert(request.body.to_string());
            }
            answer(bench, &request);
        }
        bench.events();
    }
    told
}

#[test]
fn more_members_are_introduced_than_announcements_are_made_at_once() {
    let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
    let join = bench.request_to(Path::Join);
    bench.fail(&join, Failure::TimedOut);
    bench.is_ours = true;
    bench.let_in("a", 1);
    // Of all but itself.
    assert_eq!(introduced(&mut bench, 600).len(), 601);
}
