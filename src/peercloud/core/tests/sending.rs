//! Messages: ours and those of others.

use super::bench::{Bench, id, ms};
use crate::{
    core::{CommandError, Completion, Event, Failure, HandlerError, Refusal, Reply, Response},
    protocol::{Json, Path},
};

fn json(text: &str) -> Json {
    Json::new(text, usize::MAX, usize::MAX).unwrap()
}

fn broadcast(bench: &mut Bench) -> crate::core::SendId {
    let now = bench.now;
    bench.core.broadcast(&json(r#"{"hi":"Ünï 漢 🙂"}"#), now).unwrap()
}

fn replies(bench: &mut Bench) -> Vec<Reply> {
    let completions = bench.completions().into_iter();
    completions
        .filter_map(|completion| match completion {
            Completion::Reply { reply, .. } => Some(reply),
            _ => None,
        })
        .collect()
}

#[test]
fn a_broadcast_has_one_result_for_each_member() {
    let mut bench = Bench::in_cloud(&["a", "b", "c", "d", "e", "f", "g"]);
    let send = broadcast(&mut bench);
    let requests = bench.requests();
    assert!(requests.iter().all(|request| &*request.body == r#"{"hi":"Ünï 漢 🙂"}"#));
    bench.answer(&requests[0], 200, r#"{"n":1.0}"#);
    bench.answer(&requests[1], 201, "");
    bench.answer(&requests[2], 500, "<html>");
    bench.answer(&requests[3], 200, "no json");
    bench.fail(&requests[4], Failure::Cut);
    bench.answer(&requests[5], 302, "{}");
    bench.now.uptime += ms(1000);
    bench.fail(&requests[6], Failure::TimedOut);
    let completions = bench.completions();
    assert_eq!(completions.last(), Some(&Completion::SendEnded(send)));
    let results: Vec<(String, String, u128)> = completions
        .iter()
        .filter_map(|completion| match completion {
            Completion::Reply { reply, .. } => Some(reply),
            _ => None,
        })
        .map(|reply| {
            let result = match &reply.result {
                Ok(value) => value.as_ref().map_or("nothing".to_owned(), ToString::to_string),
                Err(failure) => failure.to_string(),
            };
            (reply.member.id.to_string(), result, reply.took.as_millis())
        })
        .collect();
    let results: Vec<(&str, &str, u128)> =
        results.iter().map(|(id, result, took)| (id.as_str(), result.as_str(), *took)).collect();
    assert_eq!(results[..3], [("a", r#"{"n":1.0}"#, 0), ("b", "nothing", 0), ("c", "HTTP 500", 0)]);
    assert!(results[3].1.starts_with("bad answer: not JSON"), "{results:?}");
    assert_eq!(
        results[4..],
        [("e", "the connection broke", 0), ("f", "HTTP 302", 0), ("g", "timed out", 1000)]
    );
    let events = bench.events();
    let all = events.iter().find_map(|event| match event {
        Event::Replies { replies, .. } => Some(replies.len()),
        _ => None,
    });
    assert_eq!(all, Some(7));
}

#[test]
fn a_broadcast_goes_to_32_members_at_a_time() {
    let names: Vec<String> = (10..60).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench = Bench::in_cloud(&names);
    broadcast(&mut bench);
    let first = bench.requests();
    assert_eq!(first.len(), 32);
    bench.fail(&first[0], Failure::TimedOut);
    assert_eq!(bench.requests().len(), 1);
    // A message to one member is not behind it.
    let now = bench.now;
    bench.core.send(&id("59"), &json("{}"), now).unwrap();
    assert_eq!(bench.request_to(Path::Message).to.port, 50);
}

#[test]
fn a_member_gets_8_requests_at_a_time() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    (0..20).for_each(|_| _ = broadcast(&mut bench));
    let requests = bench.requests();
    let to = |port| requests.iter().filter(|request| request.to.port == port).count();
    assert_eq!((to(1), to(2)), (8, 8));
    let first = requests.iter().find(|request| request.to.port == 1).unwrap();
    bench.answer(first, 200, "{}");
    assert_eq!(bench.sent(), [("/message", 1)]);
}

#[test]
fn a_404_right_after_a_join_is_tried_once_more() {
    let mut bench = Bench::new();
    bench.let_in("a", 1);
    broadcast(&mut bench);
    let first = bench.request_to(Path::Message);
    bench.answer(&first, 404, "{}");
    assert_eq!(replies(&mut bench), []);
    bench.advance(ms(249));
    assert_eq!(bench.sent(), []);
    bench.advance(ms(1));
    let second = bench.request_to(Path::Message);
    bench.answer(&second, 404, "{}");
    assert_eq!(replies(&mut bench)[0].result, Err(Failure::UnknownToIt));
    // Later it is not.
    bench.advance(ms(2000));
    bench.requests();
    broadcast(&mut bench);
    let request = bench.request_to(Path::Message);
    bench.answer(&request, 404, "{}");
    assert_eq!(replies(&mut bench)[0].result, Err(Failure::UnknownToIt));
}

#[test]
fn a_member_that_is_removed_is_not_waited_for() {
    let mut bench = Bench::in_cloud_with(&["a", "b"], |options| options.max_requests_per_send = 1);
    broadcast(&mut bench);
    let first = bench.request_to(Path::Message);
    bench.status("b", Path::Left, r#"{"id":"b"}"#);
    assert_eq!(replies(&mut bench)[0].result, Err(Failure::NoMember));
    bench.answer(&first, 200, "{}");
    assert!(matches!(bench.completions().last(), Some(Completion::SendEnded(_))));
    assert_eq!(bench.core.open_sends(), 0);
}

#[test]
fn a_message_that_members_would_refuse_is_refused_with_the_reason() {
    let mut bench = Bench::in_cloud(&["a"]);
    let now = bench.now;
    let long = json(&format!("[\"{}\"]", "a".repeat(102_400)));
    let deep = json(&("[".repeat(129) + &"]".repeat(129)));
    assert_eq!(bench.core.broadcast(&json("7"), now), Err(CommandError::NotAMessage));
    assert_eq!(bench.core.broadcast(&json("\"text\""), now), Err(CommandError::NotAMessage));
    assert_eq!(bench.core.broadcast(&long, now), Err(CommandError::TooLong { size: 102_404, max: 102_400 }));
    assert_eq!(bench.core.broadcast(&deep, now), Err(CommandError::TooDeep(128)));
    assert_eq!(bench.core.send(&id("nobody"), &json("{}"), now), Err(CommandError::NoMember));
    assert_eq!(bench.sent(), []);
}

#[test]
fn replies_need_bounded_memory() {
    let mut bench = Bench::in_cloud_with(&["a", "b", "c"], |options| {
        (options.max_gathered, options.max_sends) = (2500, 2);
    });
    broadcast(&mut bench);
    let body = format!("\"{}\"", "a".repeat(998));
    for request in bench.requests() {
        bench.answer(&request, 200, &body);
    }
    let gathered: Vec<bool> = replies(&mut bench).iter().map(|reply| reply.result.is_ok()).collect();
    assert_eq!(gathered, [true, true, false]);
    broadcast(&mut bench);
    broadcast(&mut bench);
    let now = bench.now;
    assert_eq!(bench.core.broadcast(&json("{}"), now), Err(CommandError::TooManySends(2)));
}

fn call(bench: &mut Bench) -> crate::core::Call {
    match bench.post(Some("a"), Path::Message, r#"{"hi":1.0}"#) {
        Response::Handle(call) => call,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_answered_with_the_reply_of_the_handler() {
    let mut bench = Bench::in_cloud(&["a"]);
    let call = call(&mut bench);
    assert_eq!((call.member.id.as_str(), call.message.as_str()), ("a", r#"{"hi":1.0}"#));
    let answer = bench.core.reply(call.clone(), Ok(json("[1]")));
    assert_eq!((answer.status, answer.body.as_str()), (200, "[1]"));
    let events = bench.events();
    let [Event::MemberChanged { .. }, Event::MessageReceived { member, message, reply, .. }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((member, message, reply), (&call.member, &call.message, &Some(json("[1]"))));
}

#[test]
fn a_handler_without_a_reply_is_an_error_with_a_reason() {
    let mut bench = Bench::in_cloud(&["a"]);
    let deep = json(&("[".repeat(129) + &"]".repeat(129)));
    for (reply, status) in [
        (Err(HandlerError::TimedOut), 504),
        (Err(HandlerError::Failed("it \"broke\"".to_owned())), 500),
        (Ok(deep), 500),
    ] {
        let call = call(&mut bench);
        let answer = bench.core.reply(call, reply);
        assert_eq!(answer.status, status);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["error"].is_string(), "{body}");
    }
}

#[test]
fn more_than_100_messages_a_second_of_one_member_are_refused_with_429() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    let accepted = |bench: &mut Bench, sender: &str, count: usize| {
        (0..count).filter(|_| bench.status(sender, Path::Message, "{}") == 200).count()
    };
    assert_eq!(accepted(&mut bench, "a", 100), 100, "a burst of 100 is accepted");
    assert_eq!(accepted(&mut bench, "a", 200), 100);
    assert_eq!(accepted(&mut bench, "b", 100), 100, "another member has its own limit");
    bench.advance(ms(1000));
    assert_eq!(accepted(&mut bench, "a", 200), 100);
    assert_eq!(bench.core.counters().refusals.of(Refusal::Rate), 200);
}

#[test]
fn unknown_ids_and_paths_are_404_and_other_methods_405() {
    let mut bench = Bench::in_cloud(&["a"]);
    for path in [Path::Joined, Path::Left, Path::Update, Path::Message] {
        assert_eq!(bench.status("stranger", path, "{}"), 404, "{path}");
        let Response::Answer(answer) = bench.post(None, path, "{}") else { panic!("{path}") };
        assert_eq!(answer.status, 404, "{path}");
    }
    for (is_post, path, status) in [(false, "/status", 405), (true, "/check", 404), (true, "/", 404)] {
        let remote = bench.remote;
        let head = crate::core::Head { is_post, path, sender: None, remote };
        assert_eq!(bench.core.check_head(&head).unwrap_err().status, status, "{path}");
    }
}

#[test]
fn leaving_tells_everybody_and_keeps_nobody() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    let before = bench.core.id().clone();
    let (core, now, rng) = (&mut bench.core, bench.now, &mut bench.rng);
    let goodbye = core.close(now, rng).unwrap();
    let requests = bench.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!((request.path, &request.sender), (Path::Left, &before));
        assert_eq!(&*request.body, format!(r#"{{"id":"{before}"}}"#));
        bench.answer(request, 200, r#"{"status":"removed"}"#);
    }
    assert_eq!(bench.ids(), Vec::<String>::new());
    assert!(bench.completions().contains(&Completion::SendEnded(goodbye)));
    assert!(bench.events().contains(&Event::Left { members: 2 }));
    bench.advance(ms(120_000));
    assert_eq!(bench.sent(), [], "it does not come back");
}

#[test]
fn a_node_that_leaves_lets_nobody_in_any_more() {
    let mut bench = Bench::in_cloud(&["a"]);
    let Response::Wait(_) = bench.post(None, Path::Join, r#"{"id":"n","port":2}"#) else { panic!() };
    let check = bench.request_to(Path::Status);
    let (core, now, rng) = (&mut bench.core, bench.now, &mut bench.rng);
    core.close(now, rng);
    assert_eq!(bench.join_answer().unwrap().status, 429, "it may ask somebody else");
    bench.answer(&check, 200, r#"{"id":"n"}"#);
    assert_eq!(bench.ids(), Vec::<String>::new());
    assert_eq!(bench.status("a", Path::Message, "{}"), 503);
    let status = format!("{:?}", bench.post(Some("a"), Path::Status, ""));
    assert!(status.contains(r#"\"online\":false"#), "{status}");
}
