//! Parts of one cloud that find each other again.

use super::bench::{Bench, ms, record};
use crate::{
    core::{Failure, Outgoing},
    protocol::{Json, Path},
};

/// The longest time until a former member is asked: the interval, and as much again at random.
const ASKED_WITHIN: u64 = 61_000;

/// A node whose member `b` does not answer any more.
fn without_b() -> Bench {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    bench.core.check(&super::bench::id("b"), bench.now).unwrap();
    for _ in 0..2 {
        let check = bench.request_to(Path::Status);
        bench.fail(&check, Failure::TimedOut);
        bench.advance(ms(1000));
    }
    assert_eq!(bench.ids(), ["a"]);
    let told = bench.request_to(Path::Left);
    bench.answer(&told, 200, r#"{"status":"removed"}"#);
    bench
}

/// The next request, within the time in which a former member is asked.
fn next(bench: &mut Bench) -> Option<Outgoing> {
    for _ in 0..ASKED_WITHIN / 100 {
        bench.advance(ms(100));
        if let Some(request) = bench.requests().into_iter().next() {
            return Some(request);
        }
    }
    None
}

#[test]
fn a_member_that_is_there_again_is_joined_and_our_own_members_stay() {
    let mut bench = without_b();
    let asked = next(&mut bench).unwrap();
    assert_eq!((asked.path, asked.to.port), (Path::Status, 2));
    bench.answer(&asked, 200, r#"{"id":"b","joined":true}"#);
    let join = bench.request_to(Path::Join);
    assert_eq!(join.to.port, 2);
    let answer = r#"{"status":"joined","self":{"id":"b","data":{}},"peers":["#.to_owned();
    bench.answer(&join, 200, &(answer + &record("c", 3) + "]}"));
    assert_eq!(bench.ids(), ["a", "b", "c"]);
    // Nobody is told at once: a node of the package that knows a member already would have it twice.
    assert_eq!(bench.sent(), []);
}

#[test]
fn members_that_accept_a_record_twice_are_told_of_each_other_after_it() {
    let mut bench = without_b();
    let asked = next(&mut bench).unwrap();
    bench.is_ours = true;
    bench.answer(&asked, 200, r#"{"id":"b","joined":true}"#);
    let join = bench.request_to(Path::Join);
    bench.answer(&join, 200, r#"{"status":"joined","self":{"id":"b","data":{}},"peers":[]}"#);
    bench.core.broadcast(&Json::empty_object(), bench.now).unwrap();
    // Only b says that it is ours.
    for message in bench.requests() {
        bench.is_ours = message.to.port == 2;
        bench.answer(&message, 200, "{}");
    }
    bench.advance(ms(3500 + 250));
    let told: Vec<_> = bench.requests().into_iter().filter(|told| told.path == Path::Joined).collect();
    let told: Vec<_> = told.iter().map(|told| (told.to.port, told.body.contains(r#""id":"a""#))).collect();
    assert_eq!(told, [(2, true)]);
}

#[test]
fn who_has_another_id_now_or_does_not_answer_is_not_joined() {
    for (body, is_asked_again) in [(r#"{"id":"other","joined":true}"#, false), ("", true)] {
        let mut bench = without_b();
        let asked = next(&mut bench).unwrap();
        bench.answer(&asked, 200, body);
        let again = next(&mut bench).map(|request| (request.path, request.to.port));
        assert_eq!(again, is_asked_again.then_some((Path::Status, 2)), "{body}");
    }
}

#[test]
fn a_former_member_is_asked_for_an_hour() {
    let mut bench = without_b();
    let mut times = 0;
    while let Some(asked) = next(&mut bench) {
        bench.fail(&asked, Failure::TimedOut);
        times += 1;
    }
    assert!((60..=120).contains(&times), "every 30 to 60 s: {times}");
}
