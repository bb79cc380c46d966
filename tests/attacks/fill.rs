//! An attacker fills the queue repeatedly.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    clients::{DEAD_PORT, Poster, introduce, message, post},
    peer::{Behaviour, Peer},
    runner::{Outcome, Scenario, Setting},
    target::Target,
};

/// Number of honest clients.
const HONEST: u8 = 3;
const MESSAGES_EACH: usize = 20;
const OWN_MESSAGES: usize = 10;
/// Maximum bytes of an attacker's message. With the other fields the body is at its limit.
pub(crate) const LARGEST: usize = (1 << 20) - 256;
/// The same for shortened runs, in which the node may be a debug build.
pub(crate) const LARGEST_SHORTENED: usize = 64 << 10;
/// Maximum bytes that a node of the npm package accepts.
const SMALL: usize = 16_000;
/// Pause between two messages of an honest client or the user, in a full and in a shortened run.
const PAUSE: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(30)];
/// Pause between two refills by one attacker.
const BREATH: Duration = Duration::from_millis(100);

/// The addresses of the attackers.
#[derive(Debug, Clone, Copy)]
enum Origin {
    One,
    /// Sixteen addresses of one /24 network.
    Sixteen,
    /// Sixteen addresses, each in a /24 network of its own.
    SixteenNetworks,
    /// Sixteen addresses of the /24 network of the honest clients.
    SixteenAmongHonest,
}

impl Origin {
    clacks_p2p::all_variants! {
        const ALL: Self = [One, Sixteen, SixteenNetworks, SixteenAmongHonest];
    }

    fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Sixteen => "16",
            Self::SixteenNetworks => "16-networks",
            Self::SixteenAmongHonest => "16-among-honest",
        }
    }

    fn attackers(self) -> Vec<Ipv4Addr> {
        match self {
            Self::One => vec![Ipv4Addr::new(127, 40, 0, 1)],
            Self::Sixteen => (1..=16).map(|host| Ipv4Addr::new(127, 40, 0, host)).collect(),
            Self::SixteenNetworks => (1..=16).map(|net| Ipv4Addr::new(127, 40, net, 1)).collect(),
            Self::SixteenAmongHonest => (1..=16).map(|host| Ipv4Addr::new(127, 20, 0, host)).collect(),
        }
    }

    fn honest(self, number: u8) -> Ipv4Addr {
        match self {
            Self::SixteenAmongHonest => Ipv4Addr::new(127, 20, 0, 200 + number),
            _ => Ipv4Addr::new(127, 20 + number, 0, 1),
        }
    }
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let scenario = |(from, accepts): (Origin, bool)| {
        let peers = if accepts { "accepted" } else { "refused" };
        let name = format!("fill-{}-{peers}", from.name());
        let only_in_full = !matches!(
            (from, accepts),
            (Origin::One, true) | (Origin::SixteenNetworks | Origin::SixteenAmongHonest, false)
        );
        Scenario::new(name, move |setting| run(setting, from, accepts)).only_in_full(only_in_full)
    };
    Origin::ALL.into_iter().flat_map(|from| [(from, true), (from, false)]).map(scenario).collect()
}

async fn run(setting: Setting, from: Origin, accepts: bool) -> Outcome {
    let bytes = setting.pick("67108864", "4194304");
    let rate = if accepts { "10" } else { "1" };
    let target = Target::start(&setting, &["--max-queue-bytes", bytes, "--send-rate", rate]);
    let behaviour = if accepts { Behaviour::Accept } else { Behaviour::RefuseOver(SMALL) };
    let mut peers = Vec::new();
    for number in 0..HONEST {
        let peer = Peer::start(from.honest(number), behaviour).await;
        introduce(target.address, peer.address).await;
        peers.push(peer);
    }
    let filled = Arc::new(AtomicUsize::new(0));
    let largest = setting.pick(LARGEST, LARGEST_SHORTENED);
    let attackers = from.attackers();
    let count = attackers.len();
    let mut attack = JoinSet::new();
    for attacker in attackers {
        attack.spawn(refill(target.address, attacker, largest, Arc::clone(&filled)));
    }
    while filled.load(Ordering::Relaxed) < count {
        sleep(Duration::from_millis(10)).await;
    }

    let pause = setting.pick(PAUSE[0], PAUSE[1]);
    let mut honest = JoinSet::new();
    for (number, peer) in peers.iter().enumerate() {
        honest.spawn(post_all(target.address, from.honest(number as u8), peer.address.port(), pause));
    }
    let own = write_own(&target, pause).await;
    let honest: usize = honest.join_all().await.into_iter().sum();
    let all = usize::from(HONEST) * MESSAGES_EACH;
    Outcome {
        figures: format!("honest {honest} of {all} accepted, own {own} of {OWN_MESSAGES}"),
        asked: format!("{all} and {OWN_MESSAGES}"),
        is_within: honest == all && own == OWN_MESSAGES,
    }
}

/// Posts messages of an honest client. Returns how many were accepted.
async fn post_all(node: SocketAddr, from: Ipv4Addr, port: u16, pause: Duration) -> usize {
    let mut accepted = 0;
    for number in 0..MESSAGES_EACH {
        let body = message(&from.to_string(), port, &format!("honest {number}"));
        accepted += usize::from(post(node, from, &body).await.is_ok_and(|status| status == 200));
        sleep(pause).await;
    }
    accepted
}

/// Writes messages of the user. Returns how many were accepted.
async fn write_own(target: &Target, pause: Duration) -> usize {
    let mut accepted = 0;
    for number in 0..OWN_MESSAGES {
        accepted += usize::from(target.carry_out(&format!("own {number}")).await);
        sleep(pause).await;
    }
    accepted
}

/// Fills the queue from one address repeatedly, with messages from this size down to one byte, and counts how often it
/// was full.
pub(crate) async fn refill(node: SocketAddr, from: Ipv4Addr, largest: usize, filled: Arc<AtomicUsize>) {
    let mut poster = Poster::new(node, from);
    loop {
        let mut size = largest;
        while size > 0 {
            let body = message(&from.to_string(), DEAD_PORT, &"x".repeat(size));
            match poster.post(&body).await {
                Ok(200) => {}
                // There is no room for a message of this size.
                Ok(503) => size /= 2,
                // The node closed the connection or limits the rate.
                _ => {
                    size /= 2;
                    sleep(BREATH).await;
                }
            }
        }
        filled.fetch_add(1, Ordering::Relaxed);
        sleep(BREATH).await;
    }
}
