//! Being let in.

use std::net::IpAddr;

use super::bench::{Bench, id, ms, record};
use crate::{
    core::{CommandError, Completion, Event, Failure, JoinFailure, Outgoing, Reach, Scope, Source},
    protocol::{Address, Path},
};

fn seeds(ports: &[u16]) -> Vec<Address> {
    ports.iter().map(|port| Address::new("127.0.0.1", *port).unwrap()).collect()
}

fn asking(ports: &[u16]) -> (Bench, Outgoing) {
    let mut bench = Bench::with(|options| options.seeds = seeds(ports));
    let request = bench.request_to(Path::Join);
    (bench, request)
}

fn answer(peers: &[String]) -> String {
    format!(r#"{{"status":"joined","self":{{"id":"s","data":{{"n":1}}}},"peers":[{}]}}"#, peers.join(","))
}

#[test]
fn the_list_of_the_cloud_is_taken_over_with_the_server() {
    let (mut bench, request) = asking(&[5]);
    let me = bench.core.id().clone();
    assert_eq!(&*request.body, format!(r#"{{"id":"{me}","ip":null,"port":9338,"data":{{}}}}"#));
    bench.answer(&request, 200, &answer(&[record("a", 1), record("b", 2)]));
    assert_eq!(bench.ids(), ["a", "b", "s"]);
    assert_eq!(bench.member("s").record.address, seeds(&[5])[0]);
    assert_eq!(
        (&bench.member("s").source, &bench.member("a").source),
        (&Source::Via, &Source::Answer(id("s")))
    );
    let events = bench.events();
    assert!(events.iter().any(|event| matches!(event, Event::Joined { members: 3, .. })), "{events:?}");
}

#[test]
fn invalid_double_and_own_records_are_left_out() {
    let (mut bench, request) = asking(&[5]);
    let me = bench.core.id().to_string();
    let peers = [
        record("a", 1),
        record("a", 2),
        record(&me, 3),
        record("s", 4),
        r#"{"id":"x","ip":{},"port":1}"#.to_owned(),
        r#"{"id":"y","ip":"10.0.0.1","port":1}"#.to_owned(),
    ];
    bench.answer(&request, 200, &answer(&peers));
    assert_eq!(bench.ids(), ["a", "s"]);
    assert_eq!(bench.member("a").record.address.port, 1);
    let events = bench.events();
    assert!(events.iter().any(|event| matches!(event, Event::Joined { left_out: 1, .. })), "{events:?}");
}

#[test]
fn what_was_announced_while_we_joined_stays() {
    let (mut bench, request) = asking(&[5]);
    assert_eq!(bench.status("s", Path::Joined, &record("n", 1)), 200);
    assert_eq!(bench.status("a", Path::Joined, &record("m", 2)), 200);
    assert_eq!(bench.status("stranger", Path::Joined, &record("x", 3)), 200);
    assert_eq!(bench.ids(), Vec::<String>::new(), "nobody is a member yet");
    bench.answer(&request, 200, &answer(&[record("a", 4)]));
    assert_eq!(bench.ids(), ["a", "m", "n", "s"]);
    // After the join only members announce.
    assert_eq!(bench.status("stranger", Path::Joined, &record("x", 3)), 404);
}

#[test]
fn an_answer_with_another_id_is_refused() {
    let (mut bench, request) = asking(&[5]);
    let before = bench.core.id().clone();
    bench.answer(&request, 200, r#"{"status":"joined","id":"other","self":{"id":"s"},"peers":[]}"#);
    assert_eq!(bench.ids(), Vec::<String>::new());
    assert_ne!(*bench.core.id(), before, "the join may have counted");
}

#[test]
fn after_a_join_of_unknown_outcome_the_id_is_new() {
    for (failure, is_new) in [
        (Some(Failure::TimedOut), true),
        (Some(Failure::Cut), true),
        (Some(Failure::Refused("".into())), false),
        (None, false),
    ] {
        let (mut bench, first) = asking(&[5, 6]);
        match &failure {
            Some(failure) => bench.fail(&first, failure.clone()),
            None => bench.answer(&first, 500, "{}"),
        }
        let second = bench.request_to(Path::Join);
        assert_eq!(second.sender != first.sender, is_new, "{failure:?}");
        assert_eq!(second.body.contains(first.sender.as_str()), !is_new, "{failure:?}");
        assert_ne!(second.to, first.to);
        // The record with the old id dies at its next check, because we say the new one.
        let status = bench.post(None, Path::Status, "");
        assert!(format!("{status:?}").contains(second.sender.as_str()), "{status:?}");
    }
}

#[test]
fn a_node_that_is_alone_says_so_and_tries_its_seeds_again_every_30_s() {
    let (mut bench, request) = asking(&[5]);
    assert_eq!(request.timeout, ms(3000));
    bench.events();
    let refused = Failure::Refused("errno".into());
    bench.fail(&request, refused.clone());
    assert_eq!(bench.events(), [Event::Alone { failure: Some(refused.clone()) }]);
    let ended = Completion::JoinEnded(Err(JoinFailure::Refused(refused)));
    assert_eq!(bench.completions(), [ended]);
    for _ in 0..3 {
        bench.advance(ms(29_999));
        assert_eq!(bench.sent(), []);
        bench.advance(ms(1));
        let request = bench.request_to(Path::Join);
        bench.fail(&request, Failure::TimedOut);
    }
    // Not once the seed is a member.
    bench.let_in("seed", 5);
    bench.advance(ms(120_000));
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_node_whose_members_are_gone_asks_them_again() {
    let mut bench = Bench::in_cloud(&["a"]);
    let now = bench.now;
    bench.core.check(&id("a"), now).unwrap();
    let check = bench.request_to(Path::Status);
    bench.fail(&check, Failure::TimedOut);
    bench.advance(ms(1000));
    let check = bench.request_to(Path::Status);
    bench.fail(&check, Failure::TimedOut);
    assert!(bench.events().contains(&Event::Alone { failure: None }));
    bench.advance(ms(30_000));
    assert_eq!(bench.sent(), [("/join", 1)]);
}

#[test]
fn a_node_that_becomes_alone_again_and_again_asks_once() {
    let (mut bench, request) = asking(&[5]);
    bench.fail(&request, Failure::TimedOut);
    for _ in 0..10 {
        bench.advance(ms(10));
        bench.let_in("0", 1);
        assert_eq!(bench.status("0", Path::Left, r#"{"id":"0"}"#), 200);
    }
    assert_eq!(bench.core.timer_count(), 1);
}

#[test]
fn a_node_that_was_busy_is_asked_again_soon() {
    let (mut bench, request) = asking(&[5]);
    bench.answer(&request, 429, r#"{"error":"too many join at once"}"#);
    assert_eq!(bench.sent(), []);
    bench.advance(ms(250));
    let request = bench.request_to(Path::Join);
    bench.answer(&request, 200, &answer(&[]));
    assert_eq!(bench.ids(), ["s"]);
}

#[test]
fn a_node_that_others_cannot_reach_does_not_join_another_machine() {
    let mut bench = Bench::new();
    let far: Address = "192.168.0.7:9338".parse().unwrap();
    let (core, now, rng) = (&mut bench.core, bench.now, &mut bench.rng);
    assert_eq!(core.join(std::slice::from_ref(&far), now, rng), Err(CommandError::NotReachable(far.clone())));
    let name = "example.com:1".parse().unwrap();
    assert_eq!(core.join(&[name], now, rng), Ok(()));
    assert_eq!(
        bench.request_to(Path::Join).reach,
        Reach::TrustedLocal,
        "the shell checks where the name leads"
    );
    assert_eq!(Reach::TrustedLocal.check(IpAddr::from([8, 8, 8, 8])), Err(Scope::Public));

    let mut bench = Bench::with(|options| options.seeds = vec![far.clone()]);
    assert_eq!(bench.sent(), []);
    assert!(bench.events().contains(&Event::Alone { failure: Some(Failure::NotReachable) }));

    let mut bench = Bench::with(|options| options.is_local_only = false);
    assert_eq!(bench.core.join(&[far], bench.now, &mut bench.rng), Ok(()));
    assert_eq!(bench.request_to(Path::Join).reach, Reach::Trusted);
}

#[test]
fn leaving_while_a_join_is_on_its_way_changes_the_id() {
    let (mut bench, request) = asking(&[5]);
    let before = bench.core.id().clone();
    bench.core.leave(bench.now, &mut bench.rng);
    assert_ne!(*bench.core.id(), before, "the join may have counted");
    bench.answer(&request, 200, &answer(&[]));
    assert_eq!(bench.ids(), Vec::<String>::new());
    let alone = bench.core.id().clone();
    bench.core.leave(bench.now, &mut bench.rng);
    assert_eq!(*bench.core.id(), alone, "nobody was asked");
}

#[test]
fn a_member_that_lets_us_in_has_changed() {
    let (mut bench, request) = asking(&[5]);
    bench.let_in("0", 5);
    bench.events();
    let body = r#"{"status":"joined","self":{"id":"0","data":{}},"peers":[]}"#;
    bench.answer(&request, 200, body);
    assert!(bench.events().contains(&Event::MemberChanged { id: id("0") }));
}

#[test]
fn a_node_is_in_one_cloud_only() {
    let mut bench = Bench::in_cloud(&["a"]);
    let (core, now, rng) = (&mut bench.core, bench.now, &mut bench.rng);
    assert_eq!(core.join(&seeds(&[5]), now, rng), Err(CommandError::InCloud));
    // Who would leave the cloud for the join learns before that it is impossible.
    let far: Address = "192.168.0.7:9338".parse().unwrap();
    assert_eq!(core.check_join(std::slice::from_ref(&far)), Err(CommandError::NotReachable(far)));
    assert_eq!(core.check_join(&[]), Err(CommandError::NoAddress));
    core.leave(now, rng);
    assert_eq!(core.join(&[], now, rng), Err(CommandError::NoAddress));
    assert_eq!(core.join(&seeds(&[5]), now, rng), Ok(()));
    assert_eq!(core.join(&seeds(&[5]), now, rng), Err(CommandError::Joining));
}

#[test]
fn whom_we_let_in_while_we_joined_is_introduced_to_the_cloud() {
    let (mut bench, request) = asking(&[5]);
    // "0" is below every id of version 4, so it does not wait.
    bench.let_in("0", 1);
    bench.answer(&request, 200, &answer(&[record("a", 2)]));
    assert_eq!(bench.ids(), ["0", "a", "s"]);
    let mut told: Vec<(u16, bool)> =
        bench.requests().iter().map(|told| (told.to.port, told.body.contains(r#""id":"0""#))).collect();
    told.sort_unstable();
    assert_eq!(told, [(1, false), (1, false), (2, true), (5, true)]);
}

#[test]
fn a_seed_that_was_dropped_is_not_asked() {
    let (mut bench, request) = asking(&[5]);
    bench.fail(&request, Failure::TimedOut);
    bench.let_in("s", 5);
    let now = bench.now;
    assert!(bench.core.drop_member(&id("s"), now));
    bench.advance(ms(120_000));
    assert_eq!(bench.sent(), []);
}

#[test]
fn a_join_through_a_dropped_member_that_names_nobody_fails() {
    let mut bench = Bench::in_cloud(&["s"]);
    let now = bench.now;
    assert!(bench.core.drop_member(&id("s"), now));
    let before = bench.core.id().clone();
    bench.completions();
    bench.core.join(&seeds(&[1]), now, &mut bench.rng).unwrap();
    let request = bench.request_to(Path::Join);
    bench.answer(&request, 200, &answer(&[]));
    assert_eq!(bench.ids(), Vec::<String>::new());
    let completions = bench.completions();
    assert!(matches!(completions[..], [Completion::JoinEnded(Err(_))]), "{completions:?}");
    assert_ne!(*bench.core.id(), before, "the other node knows us by it");
}
