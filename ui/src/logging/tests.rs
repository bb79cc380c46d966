use std::io::{Read, Seek};

use clacks_p2p::{
    DEFAULT_MAX_DEPTH, Message,
    core::{Discovery, Event as CoreEvent, Failure, Now, Peer, Refusal, Status},
};
use clacks_p2p_feed::description::describe;
use clacks_text::testing::{hostile, is_hidden};
use proptest::prelude::*;

use super::*;

/// The content of the file after this has logged.
fn logged(log: impl FnOnce()) -> String {
    let mut file = tempfile::tempfile().unwrap();
    let to_file = to(Arc::new(file.try_clone().unwrap()), Level::Trace);
    tracing::subscriber::with_default(to_file, log);
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

/// One event of each kind that holds text of a peer.
fn events(text: &str) -> Vec<CoreEvent> {
    let address: clacks_p2p::Address = "tower:1".parse().unwrap();
    let now = Now { uptime: Duration::ZERO, unix_ms: 5 };
    let peer = Peer::new(address.clone(), Status::Alive, now);
    let json = format!("{{\t\"text\"\r\n:{}}}", serde_json::to_string(text).unwrap());
    let json = Message::from_json(&json, DEFAULT_MAX_DEPTH).unwrap();
    let came = |message| CoreEvent::MessageReceived {
        peer: peer.clone(),
        message,
        id: None,
        visits: 1,
        remote: None,
        held: None,
    };
    let (failure, id) = (Failure::Connection(text.to_owned()), "7".parse().unwrap());
    vec![
        came(Message::text(text)),
        came(json.clone()),
        CoreEvent::DeliveryFailed { id, peer: peer.clone(), message: json, failure: failure.clone() },
        CoreEvent::AnnounceFailed { peer: address.clone(), failure },
        CoreEvent::Refused(Refusal::new(
            400,
            text.to_owned(),
            Some(address.clone()),
            Some(text.to_owned()),
            None,
        )),
        CoreEvent::HoldRuleChanged { rule: Some(text.into()) },
        CoreEvent::PeerDiscovered { peer, introduction: Discovery::Referral(address), remote: None },
    ]
}

fn watched(event: &CoreEvent) -> Watched {
    let now = Now { uptime: Duration::ZERO, unix_ms: 5 };
    Watched::Event(ClacksEvent(event.clone()).numbered(1, now))
}

/// Bytes that one hour of these events adds to the log, with each event repeated `a_second` times per second.
fn logged_in_an_hour(events: &[CoreEvent], a_second: usize) -> usize {
    let begun = Instant::now();
    let mut rate_limiter = RateLimiter::new(begun);
    let description = describe("tower:1".into());
    let events: Vec<_> = events.iter().map(watched).collect();
    let text = logged(|| {
        for second in 0..3600 {
            let now = begun + Duration::from_secs(second);
            let each = events.iter().flat_map(|event| std::iter::repeat_n(event, a_second));
            each.for_each(|event| log_rate_limited(&mut rate_limiter, &description, event, now));
        }
        log_left_out(&rate_limiter.left_out());
    });
    text.len()
}

fn refused(remote: u8) -> CoreEvent {
    CoreEvent::Refused(Refusal::new(
        400,
        "the payload is not JSON: expected value at line 1 column 1".repeat(4),
        None,
        Some("x".repeat(200)),
        Some([127, 0, 0, remote].into()),
    ))
}

#[tokio::test]
async fn an_hour_of_a_peer_logs_less_than_a_megabyte() {
    let one = logged_in_an_hour(&[refused(2)], 938);
    assert!((1_000..500_000).contains(&one), "{one}");
    let mut all: Vec<CoreEvent> = (0..=255).map(refused).collect();
    all.extend(events("what a peer wrote").into_iter().filter(|event| clacks::cause(event) != Cause::Other));
    let all = logged_in_an_hour(&all, 1);
    assert!(all < 1_000_000, "{all}");
}

#[test]
fn events_of_the_user_are_always_logged() {
    let address: clacks_p2p::Address = "tower:1".parse().unwrap();
    let now = Now { uptime: Duration::ZERO, unix_ms: 5 };
    let peer = |status| Peer::new(address.clone(), status, now);
    for event in [
        CoreEvent::PeerDiscovered { peer: peer(Status::New), introduction: Discovery::Manual, remote: None },
        CoreEvent::PeerUpdated { peer: peer(Status::Ignored), from: Status::Alive },
        CoreEvent::PeerUpdated { peer: peer(Status::Alive), from: Status::Ignored },
        CoreEvent::RemoteIgnored { remote: [127, 0, 0, 1].into() },
        CoreEvent::HoldRuleChanged { rule: None },
        CoreEvent::SendRateChanged { rate: 1.0 },
    ] {
        assert_eq!(clacks::cause(&event), Cause::Other, "{event:?}");
    }
}

#[test]
fn control_characters_are_escaped_in_the_log() {
    let text = "a\u{1b}[2J\n\tb\u{9b}\u{202e}";
    let log = logged(|| info!(reason = %text, "refused"));
    let written = r"refused reason=a\u001b[2J\u000a\u0009b\u009b\u202e";
    assert!(log.ends_with(&format!("{written}\n")), "{log}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_log_event_is_one_harmless_line(text in hostile()) {
        let events = events(&text);
        let log = logged(|| {
            let description = describe("tower:1".into());
            events.iter().for_each(|event| log(&description, &watched(event)));
            // The library and its dependencies may log such text.
            tracing::error!(error = %text, debug = ?text, "{text}");
        });
        prop_assert!(log.ends_with('\n'));
        prop_assert_eq!(log.matches('\n').count(), events.len() + 1, "{}", log);
        let is_harmful = |c: char| is_hidden(c) && !matches!(c, '\n' | '\u{fe00}'..='\u{fe0f}');
        prop_assert!(!log.contains(is_harmful), "{:?}", log);
    }
}

#[test]
fn events_of_any_network_are_logged_with_the_parts_of_their_lines() {
    let toy = clacks_toy::Toy::start(1);
    let mut watch = toy.watch();
    let log = logged(|| {
        toy.with_core(|core, now| {
            core.find("box 1", now);
            core.find("a\u{1b}[2J", now);
            core.receive("a secret".into(), "a\u{1b}[2J", now);
            core.send("box 1", Some(Duration::from_millis(3)), now);
            core.forget("box 1");
        });
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        while let std::task::Poll::Ready(Some(watched)) = watch.poll_next(&mut cx) {
            log(toy.description(), &watched);
        }
        log(toy.description(), &Watched::Lagged(3));
    });
    for part in [
        " INFO ",
        "box found peer=box 1 ",
        "DEBUG ",
        "card received peer=a\\u001b[2J ",
        " took=3.0 ms",
        "box forgotten peer=box 1",
        " WARN ",
        "the log fell behind missed=3",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(!log.contains("secret"), "{log}");
}
