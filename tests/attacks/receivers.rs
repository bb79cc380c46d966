//! Costly peers: peers that refuse large messages, slow peers, and servers that are not nodes.

use std::{net::Ipv4Addr, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    clients::{introduce, message, message_with_friend, post},
    names::honest_peers,
    peer::{Behaviour, Peer},
    runner::{Outcome, Scenario, Setting},
    target::Target,
};

/// Maximum bytes that a node of the npm package accepts.
const SMALL: usize = 16_000;

pub(crate) fn scenarios() -> Vec<Scenario> {
    let slow = |count: u8| {
        Scenario::new(format!("slow-{count}"), move |setting| slow(setting, count)).only_in_full(count == 8)
    };
    vec![
        Scenario::new("refused-by-all", |setting: Setting| async move {
            if setting.is_full {
                refused_for_two_minutes(setting).await
            } else {
                refused_often(setting).await
            }
        }),
        slow(8),
        slow(16),
        Scenario::new("website", website),
    ]
}

/// Peers that refuse large messages, with one such message in the node's queue.
async fn peers_that_refuse(target: &Target, count: u8, size: usize) -> Vec<Peer> {
    let mut peers = Vec::new();
    for number in 0..count {
        let ip = Ipv4Addr::new(127, 20 + number, 0, 1);
        let peer = Peer::start(ip, Behaviour::RefuseOver(SMALL)).await;
        introduce(target.address, peer.address).await;
        peers.push(peer);
    }
    target.feed(20);
    target.until("the peers answer", |seen| seen.count("message_delivered") >= 20).await;
    let body = message("127.66.0.1", peers[0].address.port(), &"x".repeat(size));
    let status = post(target.address, Ipv4Addr::new(127, 66, 0, 1), &body).await;
    assert_eq!(status.expect("an answer"), 200, "one large message");
    peers
}

fn uploaded(peers: &[Peer]) -> u64 {
    peers.iter().map(|peer| peer.seen().bytes).sum()
}

/// Whether one of these peers is not alive now.
async fn is_one_lost(target: &Target, peers: &[Peer]) -> bool {
    let list = target.list(":peers").await;
    let ports: Vec<u64> = peers.iter().map(|peer| u64::from(peer.address.port())).collect();
    let listed = list["peers"].as_array().expect("a list");
    let is_alive = |port: &u64| listed.iter().any(|peer| peer["port"] == *port && peer["status"] == "alive");
    !ports.iter().all(is_alive)
}

async fn refused_for_two_minutes(setting: Setting) -> Outcome {
    const MINUTE: Duration = Duration::from_secs(60);
    let target = Target::start(&setting, &[]);
    let peers = peers_that_refuse(&target, 3, 1_000_000).await;
    let began = Instant::now();
    let (mut lost, mut samples) = (0, 0);
    let mut minutes = [0; 2];
    for (number, minute) in minutes.iter_mut().enumerate() {
        let before = uploaded(&peers);
        let end = began + MINUTE * (number as u32 + 1);
        while Instant::now() < end {
            sleep(Duration::from_millis(250)).await;
            samples += 1;
            lost += usize::from(is_one_lost(&target, &peers).await);
        }
        *minute = uploaded(&peers) - before;
    }
    let [first, second] = minutes.map(|bytes| bytes / 1000);
    Outcome {
        figures: format!(
            "{first} kB uploaded in minute one, {second} kB in minute two; a peer lost in {lost} of {samples} samples"
        ),
        asked: "100 kB in minute two, 0 lost".to_owned(),
        is_within: second < 100 && lost == 0,
    }
}

/// The same, until it is clear whether the message is offered repeatedly.
async fn refused_often(setting: Setting) -> Outcome {
    const MOST: u64 = 6;
    const SMALL_MESSAGES: u64 = 50;
    let target = Target::start(&setting, &["--send-rate", "100"]);
    let peers = peers_that_refuse(&target, 3, 2 * SMALL).await;
    let offers = || peers.iter().map(|peer| peer.seen().refused).sum::<u64>();
    // Either it is held, or it is offered again and again.
    let wait = Duration::from_secs(5);
    target.until_in(wait, |seen| seen.count("message_held") > 0 || offers() > 2 * MOST).await;
    let lost = is_one_lost(&target, &peers).await;
    // The peers are asked, because a busy node may skip events.
    let accepted = || peers.iter().map(|peer| peer.seen().accepted).sum::<u64>();
    let before = accepted();
    target.feed(SMALL_MESSAGES);
    while accepted() < before + SMALL_MESSAGES {
        sleep(Duration::from_millis(10)).await;
    }
    let offers = offers();
    Outcome {
        figures: format!("one large message offered {offers} times; a peer lost: {lost}"),
        asked: format!("{MOST} times at most, none lost"),
        is_within: offers <= MOST && !lost,
    }
}

/// Four fast peers, and slow ones that respond shortly before the time-out.
async fn slow(setting: Setting, count: u8) -> Outcome {
    let delay = setting.pick(Duration::from_millis(9500), Duration::from_secs(3));
    // In the shortened run no response is to be late because of a busy machine.
    let (timeout, in_flight) = setting.pick(("10s", "64"), ("30s", "16"));
    let rate: u64 = setting.pick(50, 30);
    let arguments =
        ["--send-rate", &rate.to_string(), "--request-timeout", timeout, "--max-in-flight", in_flight];
    let target = Target::start(&setting, &arguments);
    let honest = honest_peers(&target, 4).await;
    let mut slow = Vec::new();
    for number in 0..count {
        let peer = Peer::start(Ipv4Addr::new(127, 120, number, 1), Behaviour::Late(delay)).await;
        introduce(target.address, peer.address).await;
        slow.push(peer);
    }
    let time = setting.pick(Duration::from_secs(60), Duration::from_secs(5));
    let warm_up = setting.pick(Duration::from_secs(30), Duration::from_secs(3));
    target.feed(rate * (time + warm_up).as_secs() * 2);
    let began = Instant::now();
    sleep_until(began + warm_up).await;
    let accepted = || honest.iter().map(|peer| peer.seen().accepted).sum::<u64>();
    let before = (accepted(), Instant::now());
    sleep(time).await;
    let per_second = (accepted() - before.0) as f64 / before.1.elapsed().as_secs_f64();
    let fair = rate as f64 * 4.0 / f64::from(4 + count);
    let least = setting.pick(0.9, 0.45);
    let share = per_second / fair;
    Outcome {
        figures: format!(
            "{per_second:.1} messages a second to four fast peers, {share:.2} of the fair {fair:.1}"
        ),
        asked: format!("{least} at least"),
        is_within: share >= least,
    }
}

/// A web server is named as friend once.
async fn website(setting: Setting) -> Outcome {
    let target = Target::start(&setting, &["--send-rate", setting.pick("20", "100")]);
    let honest = honest_peers(&target, 4).await;
    let site = Peer::start(Ipv4Addr::new(127, 90, 0, 1), Behaviour::Page).await;
    target.until_all_answer(&honest).await;
    let port = site.address.port();
    let body =
        message_with_friend(("127.20.0.1", honest[0].address.port()), ("127.90.0.1", port), "a friend");
    let status = post(target.address, Ipv4Addr::new(127, 20, 0, 1), &body).await;
    assert_eq!(status.expect("an answer"), 200, "a friend is named");
    let first = target.seen().all_sends();
    target.feed(320);
    target.until("messages are sent", |seen| seen.all_sends() >= first + 304).await;
    let messages = site.seen().accepted;
    let all: u64 =
        honest.iter().flat_map(|peer| peer.seen().friends.values().copied().collect::<Vec<_>>()).sum();
    let name = format!("127.90.0.1:{port}");
    let named = honest.iter().filter_map(|peer| peer.seen().friends.get(&name).copied()).sum::<u64>();
    Outcome {
        figures: format!("{messages} of 304 messages to a website, named as a friend {named} of {all} times"),
        asked: "0 times named, no more messages than a peer gets".to_owned(),
        is_within: named == 0 && messages <= 304 / (honest.len() as u64 + 1),
    }
}
