//! Letting newcomers in.

use std::net::IpAddr;

use super::bench::{Bench, id, ms, record};
use crate::{
    core::{Event, Failure, Refusal, Response},
    protocol::Path,
};

fn begin(bench: &mut Bench, body: &str) -> crate::core::JoinNumber {
    match bench.post(None, Path::Join, body) {
        Response::Wait(number) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newcomer_is_checked_told_to_the_others_and_given_the_list() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    begin(&mut bench, r#"{"id":"n","ip":null,"port":41003,"data":{"name":"node2"}}"#);
    let check = bench.request_to(Path::Status);
    assert_eq!((check.to.to_string().as_str(), check.timeout), ("127.0.0.1:41003", ms(700)));
    bench.answer(&check, 200, r#"{"id":"n","online":true,"listening":true,"joined":false}"#);
    let told = bench.requests();
    assert_eq!(told.iter().map(|told| told.to.port).collect::<Vec<_>>(), [1, 2]);
    for request in told {
        assert_eq!(&*request.body, r#"{"id":"n","ip":"127.0.0.1","port":41003,"data":{"name":"node2"}}"#);
        bench.answer(&request, 200, r#"{"status":"added"}"#);
    }
    let answer = bench.join_answer().unwrap();
    let me = bench.core.id().clone();
    let expected = format!(
        r#"{{"status":"joined","id":"n","ip":"127.0.0.1","port":41003,"self":{{"id":"{me}","data":{{}}}},"peers":[{},{}]}}"#,
        record("a", 1),
        record("b", 2)
    );
    assert_eq!((answer.status, answer.body), (200, expected));
}

#[test]
fn a_newcomer_waits_for_the_others_at_most_200_ms() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    begin(&mut bench, r#"{"id":"n","port":3}"#);
    let check = bench.request_to(Path::Status);
    bench.answer(&check, 200, r#"{"id":"n"}"#);
    let told = bench.requests();
    bench.answer(&told[0], 200, "{}");
    bench.advance(ms(199));
    assert_eq!(bench.join_answer(), None);
    bench.advance(ms(1));
    assert!(bench.join_answer().unwrap().is_success());
}

#[test]
fn the_list_is_that_at_the_time_of_the_answer() {
    let mut bench = Bench::in_cloud(&["a"]);
    begin(&mut bench, r#"{"id":"n","port":3}"#);
    let check = bench.request_to(Path::Status);
    bench.answer(&check, 200, r#"{"id":"n"}"#);
    let told = bench.requests();
    assert_eq!(bench.status("a", Path::Joined, &record("m", 4)), 200);
    bench.answer(&told[0], 200, "{}");
    let answer = bench.join_answer().unwrap();
    assert!(answer.body.contains(&record("m", 4)), "{}", answer.body);
}

#[test]
fn a_newcomer_that_went_away_is_not_let_in() {
    let mut bench = Bench::in_cloud(&["a"]);
    let number = begin(&mut bench, r#"{"id":"n","port":3}"#);
    let check = bench.request_to(Path::Status);
    bench.core.cancel_join(number);
    bench.answer(&check, 200, r#"{"id":"n"}"#);
    assert_eq!((bench.ids(), bench.sent()), (vec!["a".to_owned()], vec![]));
}

#[test]
fn a_newcomer_that_went_away_counts_until_its_check_ends() {
    let mut bench = Bench::new();
    let mut checks = Vec::new();
    for number in 1..=2 {
        let join = begin(&mut bench, &format!(r#"{{"id":"n{number}","port":{number}}}"#));
        bench.core.cancel_join(join);
        checks.extend(bench.requests());
    }
    assert_eq!(bench.join("n", 3).status, 429);
    let now = bench.now;
    bench.core.leave(now, &mut bench.rng);
    assert_eq!(bench.join("n", 3).status, 429, "leaving does not end the checks");
    bench.fail(&checks[0], Failure::TimedOut);
    assert_eq!(bench.join_answer(), None, "nobody waits for an answer");
    bench.let_in("n", 3);
}

#[test]
fn every_failed_join_has_the_same_words() {
    let mut answers = Vec::new();
    let outcomes: [&dyn Fn(&mut Bench); 6] = [
        &|bench| {
            let check = bench.request_to(Path::Status);
            bench.answer(&check, 200, r#"{"id":"other"}"#);
        },
        &|bench| {
            let check = bench.request_to(Path::Status);
            bench.answer(&check, 200, "");
        },
        &|bench| {
            let check = bench.request_to(Path::Status);
            bench.answer(&check, 500, "secret of another service");
        },
        &|bench| {
            let check = bench.request_to(Path::Status);
            bench.answer(&check, 200, r#"{"id":"n","online":false}"#);
        },
        &|bench| {
            let check = bench.request_to(Path::Status);
            bench.fail(&check, Failure::TimedOut);
        },
        &|bench| {
            let check = bench.request_to(Path::Status);
            bench.fail(&check, Failure::Refused("errno 111".into()));
        },
    ];
    for outcome in outcomes {
        let mut bench = Bench::new();
        begin(&mut bench, r#"{"id":"n","port":3}"#);
        outcome(&mut bench);
        answers.push(bench.join_answer().unwrap());
        assert_eq!(bench.ids(), Vec::<String>::new());
    }
    // An address that is not contacted.
    let mut bench = Bench::new();
    bench.remote = IpAddr::from([8, 8, 8, 8]);
    match bench.post(None, Path::Join, r#"{"id":"n","ip":"192.168.0.1"}"#) {
        Response::Answer(answer) => answers.push(answer),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        (answers[0].status, answers[0].body.as_str()),
        (403, r#"{"error":"the check of the newcomer failed"}"#)
    );
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[test]
fn a_stranger_cannot_point_us_at_addresses_that_it_does_not_come_from() {
    for (remote, host, is_contacted) in [
        ("8.8.8.8", "127.0.0.1", false),
        ("8.8.8.8", "::1", false),
        ("8.8.8.8", "localhost", false),
        ("8.8.8.8", "10.0.0.1", false),
        ("8.8.8.8", "::ffff:10.0.0.1", false),
        ("8.8.8.8", "fe80::1", false),
        ("8.8.8.8", "1.1.1.1", true),
        ("8.8.8.8", "example.com", true),
        ("10.0.0.9", "10.0.0.1", true),
        ("10.0.0.9", "127.0.0.1", false),
        ("127.0.0.1", "127.0.0.1", true),
    ] {
        let mut bench = Bench::new();
        bench.remote = remote.parse().unwrap();
        let response = bench.post(None, Path::Join, &format!(r#"{{"id":"n","ip":"{host}","port":3}}"#));
        assert_eq!(matches!(response, Response::Wait(_)), is_contacted, "{host} from {remote}");
        assert_eq!(bench.requests().len(), usize::from(is_contacted), "{host} from {remote}");
        // The same in an announcement of a member.
        let mut bench = Bench::in_cloud(&["a"]);
        bench.remote = remote.parse().unwrap();
        let body = format!(r#"{{"id":"n","ip":"{host}","port":3}}"#);
        bench.status("a", Path::Joined, &body);
        assert_eq!(bench.core.member(&id("n")).is_some(), is_contacted, "{host} from {remote}");
    }
}

#[test]
fn a_newcomer_without_an_ip_is_checked_at_its_connection() {
    let mut bench = Bench::new();
    bench.remote = "::ffff:192.168.1.7".parse().unwrap();
    begin(&mut bench, r#"{"id":"n"}"#);
    assert_eq!(bench.request_to(Path::Status).to.to_string(), "192.168.1.7:9338");
}

#[test]
fn a_newcomer_without_an_id_gets_one() {
    for (status, is_let_in) in [("{}", true), (r#"{"id":"other"}"#, false)] {
        let mut bench = Bench::new();
        begin(&mut bench, r#"{"port":3}"#);
        let check = bench.request_to(Path::Status);
        bench.answer(&check, 200, status);
        assert_eq!(bench.join_answer().unwrap().is_success(), is_let_in, "{status}");
        assert_eq!(bench.core.members().count(), usize::from(is_let_in));
    }
    // Who sent an id must answer with it.
    let mut bench = Bench::new();
    begin(&mut bench, r#"{"id":"n","port":3}"#);
    let check = bench.request_to(Path::Status);
    bench.answer(&check, 200, "{}");
    assert_eq!(bench.join_answer().unwrap().status, 403);
}

#[test]
fn the_same_newcomer_is_answered_again_and_told_to_nobody() {
    let mut bench = Bench::in_cloud(&["a", "n"]);
    begin(&mut bench, r#"{"id":"n","port":2}"#);
    let check = bench.request_to(Path::Status);
    bench.answer(&check, 200, r#"{"id":"n"}"#);
    assert!(bench.join_answer().unwrap().is_success());
    assert_eq!((bench.ids().len(), bench.sent()), (2, vec![]));
}

#[test]
fn a_taken_id_is_refused_with_409() {
    let mut bench = Bench::in_cloud(&["a"]);
    let own = bench.core.id().to_string();
    for taken in ["a", &own] {
        let answer = bench.join(taken, 77);
        assert_eq!(answer.status, 409, "{taken}");
    }
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_node_that_restarted_replaces_its_former_record() {
    let mut bench = Bench::in_cloud(&["a", "old"]);
    begin(&mut bench, r#"{"id":"new","port":2}"#);
    let check = bench.request_to(Path::Status);
    bench.answer(&check, 200, r#"{"id":"new"}"#);
    assert_eq!(bench.ids(), ["a", "new"]);
    assert_eq!(bench.sent(), [("/joined", 1), ("/left", 1)]);
}

#[test]
fn too_many_newcomers_at_once_are_refused_with_429() {
    let mut bench = Bench::new();
    let post = |bench: &mut Bench, remote: [u8; 4], number: u16| {
        bench.remote = remote.into();
        let response = bench.post(None, Path::Join, &format!(r#"{{"id":"n{number}","port":{number}}}"#));
        match response {
            Response::Wait(_) => 0,
            Response::Answer(answer) => answer.status,
            Response::Handle(_) => panic!("a join has no handler"),
        }
    };
    assert_eq!([1, 2, 3].map(|number| post(&mut bench, [10, 0, 0, 1], number)), [0, 0, 429]);
    let of_others = (2..=9).map(|host| post(&mut bench, [10, 0, 0, host], 9)).collect::<Vec<_>>();
    assert_eq!(of_others, [0; 8]);
    let of_others = (10..=16).map(|host| post(&mut bench, [10, 0, 0, host], 9)).collect::<Vec<_>>();
    assert_eq!(of_others, [0, 0, 0, 0, 0, 0, 429]);
    // A place is free again when a check has ended.
    let checks = bench.requests();
    bench.fail(&checks[0], Failure::TimedOut);
    assert_eq!(post(&mut bench, [10, 0, 0, 1], 3), 0);
    assert_eq!(bench.core.counters().refusals.of(Refusal::Newcomers), 2);
}

#[test]
fn a_full_cloud_lets_nobody_in() {
    let mut bench = Bench::in_cloud_with(&["a", "b"], |options| options.bodies.max_members = 2);
    assert_eq!(bench.join("c", 3).status, 503);
    assert_eq!(bench.status("a", Path::Joined, &record("c", 3)), 503);
    assert_eq!(bench.ids(), ["a", "b"]);
}

#[test]
fn a_dropped_member_is_refused_until_it_is_allowed_again() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    assert!(bench.core.drop_member(&id("b"), bench.now));
    assert_eq!((bench.sent(), bench.ids()), (vec![], vec!["a".to_owned()]));
    assert_eq!(bench.status("b", Path::Message, "{}"), 404);
    assert_eq!(bench.join("b", 2).status, 403);
    assert_eq!(bench.join("new-id-same-address", 2).status, 403);
    assert_eq!(bench.status("a", Path::Joined, &record("b", 2)), 200);
    assert_eq!(bench.ids(), ["a"]);
    assert!(bench.core.undrop_member(&id("b")).is_some());
    bench.let_in("b", 2);
}

#[test]
fn of_two_nodes_that_ask_each_other_one_waits() {
    // Ids of version 4 are below "z" and above "0".
    for (newcomer, waits) in [("z", true), ("0", false)] {
        let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
        let ours = bench.request_to(Path::Join);
        begin(&mut bench, &format!(r#"{{"id":"{newcomer}","port":5}}"#));
        assert_eq!(bench.sent().is_empty(), waits);
        let body = format!(r#"{{"status":"joined","self":{{"id":"{newcomer}"}},"peers":[]}}"#);
        bench.answer(&ours, 200, &body);
        if waits {
            let check = bench.request_to(Path::Status);
            bench.answer(&check, 200, &format!(r#"{{"id":"{newcomer}"}}"#));
            assert!(bench.join_answer().unwrap().is_success());
        }
        assert_eq!(bench.ids(), [newcomer], "there is no double");
    }
    // It does not wait longer than the newcomer does.
    let mut bench = Bench::with(|options| options.seeds = vec!["127.0.0.1:5".parse().unwrap()]);
    begin(&mut bench, r#"{"id":"z","port":5}"#);
    bench.advance(ms(900));
    assert_eq!(bench.join_answer().unwrap().status, 429);
}

#[test]
fn who_was_let_in_a_moment_ago_hears_of_who_was_let_in_elsewhere() {
    for is_ours in [true, false] {
        let mut bench = Bench::in_cloud(&["a"]);
        bench.is_ours = is_ours;
        bench.let_in("n", 2);
        bench.is_ours = false;
        assert_eq!(bench.status("a", Path::Joined, &record("m", 3)), 200);
        // A node of the package would have it twice.
        let expected = if is_ours { vec![("/joined", 2)] } else { vec![] };
        assert_eq!(bench.sent(), expected);
    }
}

#[test]
fn an_announcement_without_an_answer_is_made_again_if_that_doubles_nothing() {
    for (is_ours, status, again) in [(true, 0, true), (false, 0, false), (true, 404, false)] {
        let mut bench = Bench::new();
        bench.is_ours = is_ours;
        bench.let_in("a", 1);
        begin(&mut bench, r#"{"id":"n","port":2}"#);
        let check = bench.request_to(Path::Status);
        bench.answer(&check, 200, r#"{"id":"n"}"#);
        let told = bench.request_to(Path::Joined);
        match status {
            0 => bench.fail(&told, Failure::TimedOut),
            status => bench.answer(&told, status, "{}"),
        }
        bench.advance(ms(1000));
        assert_eq!(bench.sent().contains(&("/joined", 1)), again, "{is_ours} {status}");
    }
}

#[test]
fn a_crowd_of_newcomers_is_announced_on_connections_that_are_kept() {
    let mut bench = Bench::in_cloud(&["a"]);
    let is_kept = |bench: &mut Bench, id: &str, port: u16| {
        begin(bench, &format!(r#"{{"id":"{id}","port":{port}}}"#));
        let check = bench.request_to(Path::Status);
        assert!(!check.keeps_connection);
        bench.answer(&check, 200, &format!(r#"{{"id":"{id}"}}"#));
        let told = bench.requests();
        told.iter().for_each(|told| bench.answer(told, 200, r#"{"status":"added"}"#));
        told.iter().any(|told| told.keeps_connection)
    };
    assert!(!is_kept(&mut bench, "n", 2), "the first");
    bench.advance(ms(900));
    assert!(is_kept(&mut bench, "o", 3), "the second, soon after it");
    bench.advance(ms(1100));
    assert!(!is_kept(&mut bench, "p", 4), "one some time later");
}

#[test]
fn refusals_are_counted_and_emitted_with_their_source() {
    let mut bench = Bench::in_cloud(&["a"]);
    bench.remote = IpAddr::from([10, 0, 0, 7]);
    assert_eq!(bench.status("unknown", Path::Message, "{}"), 404);
    let events = bench.events();
    let [Event::Refused { refusal, from, sender, status, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (*refusal, *from, sender.clone(), *status),
        (Refusal::UnknownId, bench.remote, Some(id("unknown")), 404)
    );
    for refusal in Refusal::ALL {
        assert!((400..600).contains(&refusal.status()), "{refusal:?}");
    }
}

#[test]
fn loopback_addresses_are_passed_on_to_this_machine_only() {
    let mut bench = Bench::in_cloud(&["a"]);
    let told = |bench: &mut Bench, id: &str, remote: [u8; 4]| {
        bench.remote = remote.into();
        begin(bench, &format!(r#"{{"id":"{id}","port":9}}"#));
        let check = bench.request_to(Path::Status);
        bench.answer(&check, 200, &format!(r#"{{"id":"{id}"}}"#));
        let told = bench.requests();
        told.iter().for_each(|told| bench.answer(told, 200, r#"{"status":"added"}"#));
        let told = told.iter().map(|told| told.to.host.to_string()).collect::<Vec<_>>();
        (told, bench.join_answer().unwrap().body)
    };
    let (told_far, answer) = told(&mut bench, "far", [10, 0, 0, 5]);
    assert_eq!(told_far, ["127.0.0.1"]);
    assert!(!answer.contains("127.0.0.1"), "{answer}");
    let (told_near, answer) = told(&mut bench, "near", [127, 0, 0, 1]);
    assert_eq!(told_near, ["127.0.0.1"]);
    assert!(answer.contains(r#""id":"a""#) && answer.contains(r#""id":"far""#), "{answer}");
}
