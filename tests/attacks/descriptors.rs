//! A node with few file descriptors and connections to many peers.

use std::{fs, net::Ipv4Addr, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    clients::{DEAD_PORT, message, open, post_over},
    peer::{Behaviour, Peer},
    runner::{Outcome, Scenario, Setting},
    target::Target,
};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new("descriptors", run)]
}

async fn run(setting: Setting) -> Outcome {
    let files = setting.pick(1024, 256);
    let rate = setting.pick("400", "200");
    let time = setting.pick(Duration::from_secs(12), Duration::from_secs(4));
    let target = Target::start_with_files(&setting, files, &["--send-rate", rate]);
    let mut honest = Vec::new();
    for number in 0..20 {
        let from = Ipv4Addr::new(127, 20 + number, 0, 1);
        let mut client = open(target.address, from).await.expect("a TLS connection");
        let body = message(&from.to_string(), DEAD_PORT, "honest");
        assert_eq!(post_over(&mut client, &body).await.expect("an answer"), 200);
        honest.push((client, body));
    }
    let _peers = many_peers(&target, setting.pick(1300, 400)).await;
    target.feed(setting.pick(6000, 1200));
    let (began, mut most_files) = (Instant::now(), 0);
    while began.elapsed() < time {
        sleep(Duration::from_millis(50)).await;
        most_files = most_files.max(open_files(target.id()));
    }
    let mut cut = 0;
    for (client, body) in &mut honest {
        cut += usize::from(post_over(client, body).await.is_err());
    }
    let (sends, failed) = failures(&target);
    Outcome {
        figures: format!(
            "{cut} of {} idle honest connections cut, {failed} of {sends} deliveries failed, \
             {most_files} of {files} descriptors used",
            honest.len()
        ),
        asked: "0 cut, 0 failed".to_owned(),
        is_within: cut == 0 && failed == 0 && sends > 0,
    }
}

/// Fast peers at different addresses, which the user adds.
async fn many_peers(target: &Target, count: u16) -> Peer {
    let mut peer = Peer::start(Ipv4Addr::new(127, 150, 0, 1), Behaviour::Accept).await;
    for number in 1..count {
        let [high, low] = number.to_be_bytes();
        let address = peer.also_at(Ipv4Addr::new(127, 151 + high, low, 1), Behaviour::Accept).await;
        target.say(format!(":add {address}"));
    }
    peer
}

fn open_files(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

/// Number of deliveries to the many peers, and of failed ones among them.
fn failures(target: &Target) -> (u64, u64) {
    let seen = target.seen();
    // The honest peers of this scenario do not listen.
    let is_many = |(receiver, _): &(&String, &u64)| !receiver.ends_with(&format!(":{DEAD_PORT}"));
    let sends = seen.sends.iter().filter(is_many).map(|(_, times)| times).sum();
    let to_honest: u64 = seen.sends.iter().filter(|each| !is_many(each)).map(|(_, times)| times).sum();
    (sends, seen.count("delivery_failed").saturating_sub(to_honest))
}
