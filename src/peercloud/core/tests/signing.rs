//! Signed requests: ours and those of others.

use super::bench::{Bench, START_MS, id, ms, record};
use crate::{
    core::{Event, Fingerprint, Refusal, Response, SignatureCheck},
    protocol::{Json, Path, Signature, SignatureError, Timestamp},
};

fn signed(ids: &[&str]) -> Bench {
    let mut bench = Bench::in_cloud(ids);
    bench.core = {
        let mut options = bench.core.options().clone();
        options.is_signed = true;
        crate::core::Core::new(options, &mut bench.rng).unwrap()
    };
    bench.now.unix_ms = START_MS;
    for (number, name) in ids.iter().enumerate() {
        bench.signature = good(START_MS, number as u8, "join");
        bench.let_in(name, number as u16 + 1);
    }
    bench.events();
    bench
}

/// A signature that the shell has verified. `salt` stands for another key or time.
fn good(timestamp: u64, salt: u8, body: &str) -> SignatureCheck {
    let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, [salt; 256]);
    let signature = Signature::new(&timestamp.to_string(), &text).unwrap();
    let fingerprint = Fingerprint::of(&signature, Some(&id("a")), Path::Message, body.as_bytes());
    SignatureCheck::Good { timestamp: Timestamp(timestamp), fingerprint }
}

fn message(bench: &mut Bench, signature: SignatureCheck) -> u16 {
    bench.signature = signature;
    bench.status("a", Path::Message, "{}")
}

#[test]
fn a_signed_time_is_at_most_60_s_off() {
    let mut bench = signed(&["a"]);
    for (timestamp, status) in [
        (START_MS - 60_000, 200),
        (START_MS + 60_000, 200),
        (START_MS - 60_001, 401),
        (START_MS + 60_001, 401),
        (1, 401),
    ] {
        let check = good(timestamp, 1, &timestamp.to_string());
        assert_eq!(message(&mut bench, check), status, "{timestamp}");
    }
    let events = bench.events();
    let off = events.iter().filter(|event| matches!(event, Event::ClockOff { milliseconds: 60_001, .. }));
    assert_eq!(off.count(), 1, "a person sees that it is the clock, once");
    let reason = events.iter().find_map(|event| match event {
        Event::Refused { refusal: Refusal::Clock, reason, .. } => Some(reason.to_string()),
        _ => None,
    });
    assert_eq!(reason.as_deref(), Some("clock off by 61 s"));
    assert_eq!(bench.member("a").clock_off_ms, Some(START_MS - 1));
}

#[test]
fn the_allowed_difference_of_clocks_can_be_set_to_any() {
    let mut options = crate::core::Options { is_signed: true, ..crate::core::Options::default() };
    options.max_clock_difference = ms(0);
    let mut bench = Bench::in_cloud_with(&[], |changed| *changed = options);
    bench.signature = good(7, 1, "join");
    bench.let_in("a", 1);
    assert_eq!(message(&mut bench, good(1, 1, "")), 200);
}

#[test]
fn the_same_signed_request_is_refused_for_120_s() {
    let mut bench = signed(&["a"]);
    assert_eq!(message(&mut bench, good(START_MS, 1, "x")), 200);
    assert_eq!(message(&mut bench, good(START_MS, 1, "x")), 401);
    assert_eq!(bench.core.counters().refusals.of(Refusal::Replay), 1);
    // One signature is good for all that was sent in its millisecond.
    assert_eq!(message(&mut bench, good(START_MS, 1, "y")), 200);
    bench.now.uptime += ms(120_000);
    assert_eq!(message(&mut bench, good(START_MS, 1, "x")), 401);
    bench.now.uptime += ms(1);
    assert_eq!(message(&mut bench, good(START_MS, 1, "x")), 200, "its memory is bounded in time");
}

#[test]
fn signed_requests_are_remembered_for_as_long_as_their_time_is_accepted() {
    let options = |is_signed: bool, difference: u64, memory: u64| crate::core::Options {
        is_signed,
        max_clock_difference: ms(difference),
        replay_memory: ms(memory),
        ..crate::core::Options::default()
    };
    for (difference, memory) in [(60_000, 120_000), (100, 200), (0, 10)] {
        assert_eq!(options(true, difference, memory).check(), Ok(()), "{difference} {memory}");
    }
    assert_eq!(options(false, 600_000, 120_000).check(), Ok(()), "nothing is signed");
    let error = options(true, 600_000, 1_199_999).check().unwrap_err();
    assert_eq!(
        error,
        crate::core::OptionsError::ReplayMemory { memory: ms(1_199_999), least: ms(1_200_000) }
    );
    assert!(error.to_string().contains("at least 1200s"), "{error}");
}

#[test]
fn a_request_signed_in_the_future_is_refused_until_its_time_is_too_old() {
    let mut bench = signed(&["a"]);
    let early = START_MS + 60_000;
    assert_eq!(message(&mut bench, good(early, 1, "x")), 200);
    bench.now.uptime += ms(120_000);
    bench.now.unix_ms += 120_000;
    assert_eq!(message(&mut bench, good(early, 1, "x")), 401);
    assert_eq!(bench.core.counters().refusals.of(Refusal::Replay), 1);
    bench.now.uptime += ms(1);
    bench.now.unix_ms += 1;
    assert_eq!(message(&mut bench, good(early, 1, "x")), 401);
    assert_eq!(bench.core.counters().refusals.of(Refusal::Clock), 1);
}

#[test]
fn fingerprints_differ_in_signature_id_path_and_body() {
    let signature = |byte: u8| {
        Signature::new("1", &base64::Engine::encode(&base64::prelude::BASE64_STANDARD, [byte; 9])).unwrap()
    };
    let of = |byte, sender: Option<&str>, path, body: &[u8]| {
        Fingerprint::of(&signature(byte), sender.map(id).as_ref(), path, body)
    };
    let one = of(1, Some("a"), Path::Message, b"{}");
    assert_eq!(one, of(1, Some("a"), Path::Message, b"{}"));
    for other in [
        of(2, Some("a"), Path::Message, b"{}"),
        of(1, Some("b"), Path::Message, b"{}"),
        of(1, None, Path::Message, b"{}"),
        of(1, Some("a"), Path::Update, b"{}"),
        of(1, Some("a"), Path::Message, b"[]"),
    ] {
        assert_ne!(one, other);
    }
}

#[test]
fn the_memory_of_signed_requests_is_bounded() {
    let mut bench =
        Bench::in_cloud_with(&[], |options| (options.is_signed, options.max_remembered) = (true, 3));
    bench.signature = good(START_MS, 1, "join");
    bench.let_in("a", 1);
    let statuses = ["1", "2", "3", "4"].map(|body| message(&mut bench, good(START_MS, 1, body)));
    assert_eq!(statuses, [200, 200, 503, 503]);
}

#[test]
fn without_a_good_signature_nothing_but_a_check_is_answered() {
    for signature in [
        SignatureCheck::Unchecked,
        SignatureCheck::Wrong,
        SignatureCheck::Malformed(SignatureError::Missing),
        SignatureCheck::Malformed(SignatureError::Timestamp),
    ] {
        let mut bench = signed(&["a"]);
        bench.signature = signature;
        assert_eq!(bench.join("n", 2).status, 401, "{signature:?}");
        let bodies =
            [record("n", 2), r#"{"id":"a"}"#.to_owned(), r#"{"id":"a"}"#.to_owned(), "{}".to_owned()];
        for (path, body) in [Path::Joined, Path::Left, Path::Update, Path::Message].into_iter().zip(bodies) {
            assert_eq!(bench.status("a", path, &body), 401, "{signature:?} {path}");
        }
        assert_eq!(bench.status("a", Path::Status, "{}"), 200, "{signature:?}");
        assert_eq!((bench.ids(), bench.sent()), (vec!["a".to_owned()], vec![]));
        let is_missing = signature == SignatureCheck::Malformed(SignatureError::Missing);
        assert!(bench.member("a").is_unsigned || !is_missing);
        // An unknown id is refused before its signature is looked at.
        let Response::Answer(answer) = bench.post(Some("stranger"), Path::Message, "{}") else { panic!() };
        assert_eq!(answer.status, 404);
    }
}

#[test]
fn we_sign_everything_but_checks_and_use_no_millisecond_twice() {
    let mut bench = signed(&["a", "b", "c"]);
    let now = bench.now;
    let mut times = Vec::new();
    for _ in 0..50 {
        bench.core.broadcast(&Json::empty_object(), now).unwrap();
        times.extend(bench.requests().iter().map(|request| request.timestamp.unwrap().0));
    }
    bench.core.update(Json::empty_object(), now).unwrap();
    bench.core.check(&id("a"), now).unwrap();
    for request in bench.requests() {
        assert_eq!(request.timestamp.is_some(), request.path != Path::Status, "{}", request.path);
        times.extend(request.timestamp.map(|timestamp| timestamp.0));
    }
    bench.core.leave(now, &mut bench.rng);
    bench.core.join(&["127.0.0.1:5".parse().unwrap()], now, &mut bench.rng).unwrap();
    let last = bench.requests();
    assert!(last.iter().any(|request| request.path == Path::Join));
    times.extend(last.iter().map(|request| request.timestamp.unwrap().0));
    let mut distinct = times.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), times.len());
    assert!(times.iter().all(|time| (START_MS..START_MS + 30_000).contains(time)), "{times:?}");
}
