use std::time::Duration;

use super::*;
use crate::{
    Fault, Judging, OnError, Plugin, Verdict,
    builtin::{
        Periodic,
        testing::{Surroundings, message, name, verdict},
    },
};

/// A text of about this many bytes in other characters than ASCII, as JSON.
fn long(bytes: usize) -> String {
    let words = ["\u{fc}ber", "\u{1f642}", "\u{6f22}\u{5b57}", "\\\"", "a"];
    let text: String = (0..)
        .map(|index: usize| words[index * index % 5])
        .scan(0, |length, word| {
            *length += word.len();
            (*length < bytes).then_some(word)
        })
        .collect();
    serde_json::to_string(&text).unwrap()
}

fn split() -> Split {
    Split::new(name(), SplitOptions::default(), Surroundings::default().context())
}

fn parts(json: &str) -> Vec<Arc<str>> {
    match verdict(&split(), &message(json)) {
        Verdict::Replace(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn join(options: JoinOptions) -> (Join, Surroundings) {
    let surroundings = Surroundings::default();
    (Join::new(name(), OnError::Pass, options, surroundings.context()), surroundings)
}

fn swallowed(part: &str) -> Verdict {
    Verdict::Swallow { reason: Some(format!("part {part} of a message").into()) }
}

#[test]
fn a_large_message_goes_in_small_parts_of_ascii_and_is_joined_byte_for_byte() {
    let json = format!("[ {} ]", long(100_000));
    let sent = parts(&json);
    assert!(sent.len() <= Verdict::MAX_REPLACEMENTS);
    assert!(sent.iter().all(|part| part.is_ascii() && part.len() <= 12_000));
    // In another order, and some of them twice.
    let (join, surroundings) = join(JoinOptions::default());
    let (last, others) = sent.split_first().unwrap();
    for part in others.iter().rev().chain(&others[..2]) {
        assert!(matches!(verdict(&join, &message(part)), Verdict::Swallow { .. }));
    }
    let is_whole = verdict(&join, &message(last)) == Verdict::Change(json.as_str().into());
    assert!(is_whole, "another text, or none");
    let again = format!("1 of {}", sent.len());
    assert_eq!(verdict(&join, &message(last)), swallowed(&again), "it was joined already");
    surroundings.pass(Duration::from_secs(3600));
    join.tick();
    assert_eq!(surroundings.faults(), [""; 0], "that part waits for no other");
}

#[test]
fn only_large_messages_go_in_parts() {
    let limit = format!("\"{}\"", "a".repeat(14_998));
    for json in ["1", &limit, "\"\u{fc}\""] {
        assert_eq!(verdict(&split(), &message(json)), Verdict::Pass, "{}", json.len());
    }
    assert_eq!(parts(&limit.replacen('a', "aa", 1)).len(), 2);
    let options = SplitOptions { above: 100, ..SplitOptions::default() };
    let split = Split::new(name(), options, Surroundings::default().context());
    let part = &parts(&long(16_000))[0];
    assert_eq!(verdict(&split, &message(part)), Verdict::Pass, "it is a part already");
    let options = SplitOptions { non_ascii: true, ..SplitOptions::default() };
    let split = Split::new(name(), options, Surroundings::default().context());
    assert_eq!(verdict(&split, &message("\"u\"")), Verdict::Pass);
    assert!(matches!(verdict(&split, &message("\"\u{fc}\"")), Verdict::Replace(parts) if parts.len() == 1));
}

#[test]
fn a_message_that_needs_too_many_parts_goes_whole_and_is_reported() {
    let surroundings = Surroundings::default();
    let split = Split::new(name(), SplitOptions::default(), surroundings.context());
    assert_eq!(verdict(&split, &message(&long(200_000))), Verdict::Pass);
    let faults = surroundings.faults();
    assert!(faults[0].ends_with("bytes goes whole: it needs more than 16 parts"), "{faults:?}");
}

#[test]
fn parts_that_never_become_whole_are_given_up_and_reported() {
    let (join, surroundings) = join(JoinOptions::default());
    let sent = parts(&long(100_000));
    for part in &sent[1..] {
        verdict(&join, &message(part));
        surroundings.pass(Duration::from_secs(600));
    }
    assert_eq!(surroundings.faults(), [""; 0]);
    surroundings.pass(Duration::from_millis(1));
    join.tick();
    let (here, k) = (sent.len() - 1, sent.len());
    let wanted = format!("{here} of {k} parts of a message are given up: the others did not come in time");
    assert_eq!(surroundings.faults(), [wanted]);
    let first = verdict(&join, &message(&sent[0]));
    assert_eq!(first, swallowed(&format!("1 of {k}")), "the others are gone");
}

#[test]
fn what_waits_is_bounded_and_the_oldest_is_given_up() {
    let (join, surroundings) = join(JoinOptions { max_bytes: 100_000, ..JoinOptions::default() });
    let messages: Vec<String> = (0..20).map(|index| format!("\"{index}{}\"", "a".repeat(20_000))).collect();
    let mut first_parts = Vec::new();
    for json in &messages {
        first_parts.push(Arc::clone(&parts(json)[0]));
        verdict(&join, &message(first_parts.last().unwrap()));
        surroundings.pass(Duration::from_millis(1));
    }
    // Each takes two parts less than the whole, and the overhead of a part and of a message.
    let kept = 100_000 / (MAX_DATA + 600);
    assert_eq!(surroundings.faults().len(), 20 - kept);
    assert!(surroundings.faults()[0].ends_with("too many parts wait"));
    for part in &parts(&messages[19])[1..] {
        if let Verdict::Change(json) = verdict(&join, &message(part)) {
            assert_eq!(*json, *messages[19]);
            return;
        }
    }
    panic!("the newest was given up");
}

#[test]
fn many_parts_without_data_stay_within_the_bound() {
    let (join, surroundings) = join(JoinOptions { max_bytes: 100_000, ..JoinOptions::default() });
    for n in 1..=2000 {
        let of = hash_of(format!("{}", n / 1000));
        let part = format!(r#"{{"class":"part","of":"{of}","n":{},"k":1024,"data":""}}"#, n % 1000 + 1);
        verdict(&join, &message(&part));
    }
    assert!(!surroundings.faults().is_empty());
}

#[test]
fn what_is_no_part_passes() {
    let (join, _) = join(JoinOptions::default());
    let of = "a".repeat(64);
    for (n, k, of, class, data) in [
        ("0", "2", of.as_str(), "part", ""),
        ("3", "2", &of, "part", ""),
        ("1", "1025", &of, "part", ""),
        ("-1", "2", &of, "part", ""),
        ("1", "2", "abc", "part", ""),
        ("1", "2", &of, "other", ""),
        ("1", "2", &of, "part", "no base64!"),
    ] {
        let json = format!(r#"{{"class":"{class}","of":"{of}","n":{n},"k":{k},"data":"{data}"}}"#);
        assert_eq!(verdict(&join, &message(&json)), Verdict::Pass, "{json}");
    }
    assert_eq!(verdict(&join, &message("{}")), Verdict::Pass);
}

#[test]
fn a_part_that_somebody_changed_is_a_fault() {
    let (join, _) = join(JoinOptions::default());
    let sent = parts(&format!("\"{}\"", "a".repeat(16_000)));
    verdict(&join, &message(&sent[0]));
    let changed = sent[1].replacen("YWFh", "YmFh", 1);
    let payload = message(&changed);
    let Judging::Now(judged) = join.judge(&payload) else { panic!("it waits") };
    let reason = "the parts of a message do not fit together: somebody changed one".to_owned();
    assert_eq!(judged, Err(Fault { line: None, reason }));
}

#[test]
fn parts_can_be_passed_on_as_well() {
    let (join, _) = join(JoinOptions { pass_on: true, ..JoinOptions::default() });
    let json = long(16_000);
    let sent = parts(&json);
    assert_eq!(verdict(&join, &message(&sent[0])), Verdict::Pass);
    let wanted = Verdict::Replace(vec![Arc::clone(&sent[1]), json.as_str().into()]);
    assert_eq!(verdict(&join, &message(&sent[1])), wanted);
}

#[test]
fn an_ignored_peer_adds_no_part() {
    let (join, _) = join(JoinOptions::default());
    let sent = parts(&long(16_000));
    let mut payload = message(&sent[0]);
    payload.sender.status = "ignored";
    assert_eq!(verdict(&join, &payload), Verdict::Pass);
    assert_eq!(verdict(&join, &message(&sent[1])), swallowed("2 of 2"), "the first part is not there");
}
