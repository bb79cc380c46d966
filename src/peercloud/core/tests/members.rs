//! Checks, disputes, goodbyes and data.

use super::bench::{Bench, id, ms, record};
use crate::{
    core::{CheckResult, Event, Failure, Outgoing, Removal, Source},
    protocol::{Json, Path},
};

pub(super) fn check(bench: &mut Bench, member: &str) -> Outgoing {
    let now = bench.now;
    bench.core.check(&id(member), now).unwrap();
    bench.request_to(Path::Status)
}

/// A member that `a` announced, and that we have not reached.
pub(super) fn announced(bench: &mut Bench, member: &str, port: u16) {
    assert_eq!(bench.status("a", Path::Joined, &record(member, port)), 200);
    bench.events();
}

fn removals(bench: &mut Bench) -> Vec<(String, Removal)> {
    let events = bench.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::MemberRemoved { member, reason } => Some((member.id.to_string(), reason)),
            _ => None,
        })
        .collect()
}

#[test]
fn one_failed_check_removes_nobody_and_two_in_a_row_do() {
    let failures: [fn(&mut Bench, &Outgoing); 4] = [
        |bench, request| bench.fail(request, Failure::TimedOut),
        |bench, request| bench.answer(request, 500, "{}"),
        |bench, request| bench.answer(request, 200, ""),
        |bench, request| bench.answer(request, 200, r#"{"id":"a","online":false}"#),
    ];
    for failure in failures {
        let mut bench = Bench::in_cloud(&["a", "b"]);
        let first = check(&mut bench, "a");
        failure(&mut bench, &first);
        assert_eq!((bench.ids().len(), bench.member("a").failures), (2, 1));
        bench.advance(ms(999));
        assert_eq!(bench.sent(), []);
        bench.advance(ms(1));
        let second = bench.request_to(Path::Status);
        failure(&mut bench, &second);
        assert_eq!(bench.ids(), ["b"]);
        assert_eq!(removals(&mut bench), [("a".to_owned(), Removal::NoAnswer)]);
        assert_eq!(bench.sent(), [("/left", 2)], "we had reached it when it joined");
    }
}

#[test]
fn a_check_that_succeeds_in_between_counts_from_the_start_again() {
    let mut bench = Bench::in_cloud(&["a"]);
    let first = check(&mut bench, "a");
    bench.fail(&first, Failure::TimedOut);
    bench.advance(ms(1000));
    let second = bench.request_to(Path::Status);
    bench.answer(&second, 200, r#"{"id":"a","joined":true}"#);
    let third = check(&mut bench, "a");
    bench.fail(&third, Failure::TimedOut);
    assert_eq!(bench.member("a").failures, 1);
}

#[test]
fn two_checks_that_fail_at_the_same_time_are_one_failure() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    let checks = [check(&mut bench, "a"), check(&mut bench, "a")];
    bench.fail(&checks[0], Failure::TimedOut);
    bench.advance(ms(100));
    bench.fail(&checks[1], Failure::TimedOut);
    assert_eq!(bench.member("a").failures, 1);
    bench.advance(ms(900));
    let third = bench.request_to(Path::Status);
    bench.fail(&third, Failure::TimedOut);
    assert_eq!(bench.ids(), ["b"]);
}

#[test]
fn another_id_at_the_address_removes_at_once() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    let request = check(&mut bench, "a");
    bench.answer(&request, 200, r#"{"id":"other"}"#);
    assert_eq!(removals(&mut bench), [("a".to_owned(), Removal::OtherId)]);
    assert_eq!(bench.sent(), [("/left", 2)]);
}

#[test]
fn who_was_announced_and_never_reached_goes_and_nobody_is_told() {
    for body in ["", r#"{"id":"other"}"#] {
        let mut bench = Bench::in_cloud(&["a"]);
        announced(&mut bench, "n", 7);
        // It is checked by itself, without a command.
        bench.advance(ms(3000));
        let request = bench.request_to(Path::Status);
        assert_eq!(request.to.port, 7);
        bench.answer(&request, 200, body);
        bench.advance(ms(1000));
        if let Some(second) = bench.requests().first() {
            bench.answer(second, 200, body);
        }
        assert_eq!((bench.ids(), bench.sent()), (vec!["a".to_owned()], vec![]));
    }
}

#[test]
fn an_answer_to_a_message_does_not_show_that_the_member_was_reached() {
    let mut bench = Bench::in_cloud(&["a"]);
    announced(&mut bench, "n", 7);
    let now = bench.now;
    bench.core.send(&id("n"), &Json::empty_object(), now).unwrap();
    let message = bench.request_to(Path::Message);
    bench.answer(&message, 200, "{}");
    let request = check(&mut bench, "n");
    bench.answer(&request, 200, r#"{"id":"other"}"#);
    assert_eq!((bench.ids(), bench.sent()), (vec!["a".to_owned()], vec![]), "nobody is told");
}

#[test]
fn many_announced_members_are_checked_a_few_at_a_time() {
    let mut bench = Bench::in_cloud(&["a"]);
    for number in 0..50 {
        announced(&mut bench, &format!("n{number}"), 100 + number);
    }
    let mut checked = Vec::new();
    for _ in 0..100 {
        bench.advance(ms(200));
        let checks = bench.requests();
        assert!(checks.len() <= 2, "the first at random, each next one 200 ms later: {}", checks.len());
        for check in checks {
            let id = format!("n{}", check.to.port - 100);
            bench.answer(&check, 200, &format!(r#"{{"id":"{id}","joined":true}}"#));
            // Whether it knows us is asked, too.
            bench.requests();
            checked.push(id);
        }
    }
    checked.sort_unstable();
    checked.dedup();
    assert_eq!(checked.len(), 50);
}

#[test]
fn at_most_four_announced_members_are_checked_at_once() {
    let mut bench = Bench::in_cloud(&["a"]);
    for number in 0..50 {
        announced(&mut bench, &format!("n{number}"), 100 + number);
    }
    bench.advance(ms(10_000));
    let checks = bench.requests();
    assert_eq!(checks.len(), 4, "nobody answers");
    bench.fail(&checks[0], Failure::Cut);
    bench.advance(ms(500));
    assert_eq!(bench.requests().len(), 1, "its place is free");
}

#[test]
fn a_false_notice_is_disputed() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"b"}"#), 200);
    assert_eq!(bench.ids(), ["a"], "we obey");
    assert_eq!(removals(&mut bench), [("b".to_owned(), Removal::FoundGoneBy(id("a")))]);
    assert_eq!(bench.status("b", Path::Message, "{}"), 200, "it is heard until we know");
    let request = bench.request_to(Path::Status);
    bench.answer(&request, 200, r#"{"id":"b","joined":true}"#);
    assert_eq!(bench.ids(), ["a", "b"]);
    assert_eq!(bench.member("b").disputed_by, Some(id("a")));
    let back =
        Event::MemberAdded { member: bench.member("b").record.clone(), source: Source::Disputed(id("a")) };
    assert!(bench.events().contains(&back));
}

#[test]
fn a_true_notice_is_not_passed_on() {
    let mut bench = Bench::in_cloud(&["a", "b", "c"]);
    bench.status("a", Path::Left, r#"{"id":"b"}"#);
    let first = bench.request_to(Path::Status);
    bench.fail(&first, Failure::TimedOut);
    bench.advance(ms(1000));
    let second = bench.request_to(Path::Status);
    bench.fail(&second, Failure::TimedOut);
    assert_eq!(bench.ids(), ["a", "c"]);
    bench.advance(ms(10_000));
    assert_eq!(bench.sent(), []);
    assert_eq!(bench.status("b", Path::Message, "{}"), 404);
}

#[test]
fn who_gave_a_false_notice_is_told_that_it_was_false_if_it_is_ours() {
    for is_ours in [true, false] {
        let mut bench = Bench::new();
        bench.is_ours = is_ours;
        bench.let_in("a", 1);
        bench.let_in("b", 2);
        bench.advance(ms(3000));
        bench.status("a", Path::Left, r#"{"id":"b"}"#);
        let request = bench.request_to(Path::Status);
        bench.answer(&request, 200, r#"{"id":"b","joined":true}"#);
        assert_eq!(bench.sent().contains(&("/joined", 1)), is_ours);
    }
}

#[test]
fn a_goodbye_is_believed() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    assert_eq!(bench.status("b", Path::Left, r#"{"id":"b"}"#), 200);
    assert_eq!(removals(&mut bench), [("b".to_owned(), Removal::SaidGoodbye)]);
    assert_eq!((bench.ids(), bench.sent()), (vec!["a".to_owned()], vec![]));
    assert_eq!(bench.status("a", Path::Left, r#"{"id":"nobody"}"#), 200);
}

#[test]
fn there_is_no_double_and_never_ourselves() {
    let mut bench = Bench::in_cloud(&["a"]);
    let me = bench.core.id().to_string();
    for body in [record("a", 1), record("a", 9), record(&me, 3)] {
        assert_eq!(bench.status("a", Path::Joined, &body), 200);
    }
    assert_eq!((bench.ids().len(), bench.member("a").record.address.port), (1, 1));
}

#[test]
fn only_the_member_itself_changes_its_data() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    assert_eq!(bench.status("a", Path::Update, r#"{"id":"b","data":{"n":2}}"#), 403);
    assert_eq!(bench.status("a", Path::Update, r#"{"id":"a","data":{"n":2}}"#), 200);
    assert_eq!(bench.member("a").record.data.as_str(), r#"{"n":2}"#);
    assert_eq!(bench.member("b").record.data.as_str(), r#"{"name":"b"}"#);
    // Newcomers get the current data.
    let answer = bench.join("c", 3);
    assert!(answer.body.contains(r#""data":{"n":2}"#), "{}", answer.body);
}

#[test]
fn our_new_data_is_told_to_members_and_given_to_newcomers_and_to_who_lets_us_in() {
    let mut bench = Bench::in_cloud(&["a"]);
    let data = Json::new(r#"{"n":2}"#, 99, 9).unwrap();
    let now = bench.now;
    bench.core.update(data, now).unwrap();
    let told = bench.request_to(Path::Update);
    let me = bench.core.id().to_string();
    assert_eq!(&*told.body, format!(r#"{{"id":"{me}","data":{{"n":2}}}}"#));
    bench.answer(&told, 404, "too old");
    let answer = bench.join("b", 2);
    assert!(answer.body.contains(&format!(r#""self":{{"id":"{me}","data":{{"n":2}}}}"#)), "{}", answer.body);
    bench.core.leave(now, &mut bench.rng);
    bench.requests();
    bench.core.join(&["127.0.0.1:5".parse().unwrap()], now, &mut bench.rng).unwrap();
    assert!(bench.request_to(Path::Join).body.contains(r#""data":{"n":2}"#));
    let long = Json::of(&"a".repeat(16 << 10)).unwrap();
    assert!(bench.core.update(long, now).is_err());
}

#[test]
fn a_member_at_random_is_checked_every_five_seconds() {
    let mut bench = Bench::in_cloud_with(&["a", "b", "c"], |options| {
        options.check_interval = Some(ms(5000));
    });
    bench.is_ours = false;
    let mut checked = std::collections::BTreeSet::new();
    for _ in 0..30 {
        bench.requests();
        bench.advance(ms(5000));
        let request = bench.request_to(Path::Status);
        checked.insert(request.to.port);
        let name = ["a", "b", "c"][usize::from(request.to.port) - 1];
        bench.answer(&request, 200, &format!(r#"{{"id":"{name}","joined":true}}"#));
    }
    assert_eq!(checked.len(), 3);
    let now = bench.now;
    bench.core.set_check_interval(None, now);
    bench.requests();
    bench.advance(ms(60_000));
    assert_eq!(bench.sent(), []);
}

#[test]
fn members_that_accept_a_record_twice_are_reminded_of_each_other() {
    for is_ours in [true, false] {
        let mut bench = Bench::with(|options| options.check_interval = Some(ms(5000)));
        bench.is_ours = is_ours;
        bench.let_in("a", 1);
        bench.let_in("b", 2);
        let mut told = std::collections::BTreeSet::new();
        for _ in 0..60 {
            bench.advance(ms(5000));
            for request in bench.requests() {
                let name = ["a", "b"][usize::from(request.to.port) - 1];
                if request.path == Path::Joined {
                    assert!(!request.body.contains(&format!(r#""id":"{name}""#)), "{}", request.body);
                    told.insert(name);
                }
                bench.answer(&request, 200, &format!(r#"{{"id":"{name}","joined":true}}"#));
            }
        }
        assert_eq!(told.len(), if is_ours { 2 } else { 0 });
    }
}

#[test]
fn the_arrows_of_checks_are_events() {
    let mut bench = Bench::in_cloud(&["a"]);
    assert_eq!(bench.status("a", Path::Status, "{}"), 200);
    let member = bench.member("a").record.clone();
    assert_eq!(bench.events(), [Event::CheckedBy { member: member.clone() }]);
    let request = check(&mut bench, "a");
    bench.now.uptime += ms(7);
    bench.answer(&request, 200, r#"{"id":"a","joined":true}"#);
    let expected = Event::Checked { member, took: ms(7), result: CheckResult::Here };
    assert_eq!(bench.events(), [expected]);
}

/// The members that an event said have changed.
fn changed(bench: &mut Bench) -> Vec<String> {
    let events = bench.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::MemberChanged { id } => Some(id.to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn members_at_one_address_are_double_until_one_of_them_goes() {
    let mut bench = Bench::in_cloud(&["a"]);
    announced(&mut bench, "b", 50);
    assert_eq!(bench.status("a", Path::Joined, &record("c", 50)), 200);
    assert_eq!(changed(&mut bench), ["a", "b", "c"], "a sent the request");
    let doubles = |bench: &Bench| ["a", "b", "c"].map(|member| bench.member(member).is_double);
    assert_eq!(doubles(&bench), [false, true, true]);
    let now = bench.now;
    assert!(bench.core.drop_member(&id("b"), now));
    assert!(changed(&mut bench).contains(&"c".to_owned()));
    assert!(!bench.member("c").is_double);
    assert!(bench.core.undo_drop(&id("b")));
    assert_eq!(doubles(&bench), [false, true, true]);
    assert_eq!(changed(&mut bench), ["b", "c"]);
}

#[test]
fn undoing_that_a_member_was_dropped_restores_it_once() {
    let mut bench = Bench::in_cloud(&["a", "b"]);
    let now = bench.now;
    let before = format!("{:?}", bench.member("a"));
    assert!(bench.core.drop_member(&id("a"), now));
    assert_eq!(bench.status("a", Path::Message, "{}"), 404);
    assert!(bench.core.undo_drop(&id("a")));
    assert_eq!(format!("{:?}", bench.member("a")), before);
    assert!(!bench.core.undo_drop(&id("a")), "it is a member");
    let member = {
        assert!(bench.core.drop_member(&id("a"), now));
        bench.core.undrop_member(&id("a")).unwrap()
    };
    assert!(bench.core.undo_undrop(member.clone()));
    assert!(!bench.core.undo_undrop(member), "it is dropped already");
    assert_eq!(bench.status("a", Path::Message, "{}"), 404);
}

#[test]
fn the_name_of_a_member_is_a_text_in_its_data() {
    let mut bench = Bench::in_cloud(&["a"]);
    for (data, name) in [
        (r#"{"name":"tower"}"#, Some("tower")),
        (r#"{"name":"\u001b[2J"}"#, Some("\u{1b}[2J")),
        (r#"{"name":1}"#, None),
        (r#"["tower"]"#, None),
        (r#"{"name":"a","name":"b"}"#, None),
    ] {
        let body = format!(r#"{{"id":"a","data":{data}}}"#);
        assert_eq!(bench.status("a", Path::Update, &body), 200);
        assert_eq!(bench.member("a").name.as_deref(), name, "{data}");
    }
    let long = format!(r#"{{"id":"a","data":{{"name":"{}"}}}}"#, "é".repeat(100));
    assert_eq!(bench.status("a", Path::Update, &long), 200);
    assert_eq!(bench.member("a").name.as_deref(), Some(&*"é".repeat(64)));
}
