//! An attacker with many names: spellings of one address, ports of one machine, and names without a node.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    clients::{DEAD_PORT, announce, announce_all, introduce, message, post},
    peer::{Behaviour, Peer},
    runner::{Outcome, Scenario, Setting},
    target::Target,
};

const HONEST: u8 = 5;
/// Number of the attacker's names: one less than the burst of introductions of one remote address.
const NAMES: usize = 99;
/// The share of one machine of six.
const FAIR: f64 = 1.0 / 6.0;
/// Factor by which the attacker may exceed its fair share, in a run long enough to measure it.
const MOST: f64 = 1.5;
/// The same for the shortened run, in which the variance is larger.
const MOST_SHORTENED: f64 = 2.2;

/// The kind of the attacker's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Letter cases of `localhost`.
    Case,
    /// Spellings of `::1`.
    Ipv6,
    /// Spellings of 127.0.0.1 as an IPv6 address.
    Mapped,
    Ports,
}

impl Names {
    const SPELLINGS: [Self; 3] = [Self::Case, Self::Ipv6, Self::Mapped];

    fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Ipv6 => "ipv6",
            Self::Mapped => "mapped",
            Self::Ports => "ports",
        }
    }

    /// The address of the attacker's server.
    fn server(self) -> IpAddr {
        match self {
            Self::Case | Self::Mapped => Ipv4Addr::LOCALHOST.into(),
            Self::Ipv6 => Ipv6Addr::LOCALHOST.into(),
            Self::Ports => Ipv4Addr::new(127, 66, 0, 1).into(),
        }
    }

    /// The address from which the attacker posts.
    fn client(self) -> Ipv4Addr {
        match self.server() {
            IpAddr::V4(address) => address,
            IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
        }
    }

    /// This many spellings of the server's hostname, beginning with the usual one.
    fn spellings(self, count: usize) -> Vec<String> {
        (0..count).map(|number| self.spelling(number)).collect()
    }

    fn spelling(self, number: usize) -> String {
        match self {
            Self::Case => in_case("localhost", number),
            Self::Ipv6 if number == 0 => "::1".to_owned(),
            Self::Ipv6 => format!("{}:1", zeros(7, number - 1)),
            Self::Mapped if number == 0 => "127.0.0.1".to_owned(),
            Self::Mapped if number == 1 => "::ffff:127.0.0.1".to_owned(),
            Self::Mapped => {
                format!("{}:{}:7f00:1", zeros(5, number >> 4), in_case("ffff", number & 15))
            }
            Self::Ports => "127.66.0.1".to_owned(),
        }
    }
}

/// This many spellings of a hostname that differ in the case of letters.
pub(crate) fn letter_cases(hostname: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| in_case(hostname, number)).collect()
}

/// The text with upper-case letters at the set bits.
fn in_case(text: &str, bits: usize) -> String {
    let cased = |(at, letter): (usize, char)| {
        if bits >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
    };
    text.chars().enumerate().map(cased).collect()
}

/// Groups of zeros of an IPv6 address, with one to four digits each. Each number below 4^5 gives another spelling.
fn zeros(groups: usize, number: usize) -> String {
    let group = |at: usize| "0".repeat(1 + (number >> (2 * at) & 3));
    (0..groups).map(|at| group(at % 5)).collect::<Vec<_>>().join(":")
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let many = |names: Names| {
        let name = match names {
            Names::Ports => "ports".to_owned(),
            names => format!("spellings-{}", names.name()),
        };
        Scenario::new(name, move |setting| many_names(setting, names)).only_in_full(names == Names::Ipv6)
    };
    let ignored = |names: Names| {
        Scenario::new(format!("ignored-{}", names.name()), move |setting| ignored(setting, names))
    };
    let all = Names::SPELLINGS.into_iter().chain([Names::Ports]);
    let ignored = Names::SPELLINGS.map(ignored);
    all.map(many).chain(ignored).chain([Scenario::new("made-up", made_up)]).collect()
}

/// Five honest peers and one machine with many names.
async fn many_names(setting: Setting, names: Names) -> Outcome {
    let target = Target::start(&setting, &["--send-rate", setting.pick("50", "200")]);
    let honest = honest_peers(&target, HONEST).await;
    let mut attacker = Peer::start(names.server(), Behaviour::Accept).await;
    let known: Vec<(String, u16)> = match names {
        Names::Ports => {
            let mut ports = Vec::new();
            for _ in 0..NAMES {
                let address = attacker.also_at(names.server(), Behaviour::Accept).await;
                ports.push((names.spelling(0), address.port()));
            }
            ports
        }
        _ => names.spellings(NAMES).into_iter().map(|name| (name, attacker.address.port())).collect(),
    };
    assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), NAMES, "all names are different");
    target.until_all_answer(&honest).await;

    let accepted = announce_all(target.address, names.client(), &known).await;
    // Each name is new once, and every second message goes to a new peer.
    let (trials, measured) = (2 * NAMES as u64 + 20, setting.pick(1500, 300));
    let tried = target.seen().all_sends() + trials;
    target.feed(trials + measured);
    target.until("each name was tried", |seen| seen.all_sends() >= tried).await;
    let before = Shares::of(&honest, &attacker);
    target.until("messages are sent", |seen| seen.all_sends() >= tried + measured).await;
    let shares = Shares::of(&honest, &attacker).since(before);
    let [messages, friends] = shares.fractions().map(|fraction| fraction / FAIR);
    let most = setting.pick(MOST, MOST_SHORTENED);
    Outcome {
        figures: format!(
            "{} of {} messages ({messages:.2} times a fair share), {} of {} friends ({friends:.2} times); \
             {accepted} of {NAMES} names accepted",
            shares.messages, shares.all_messages, shares.friends, shares.all_friends,
        ),
        asked: format!("{most} times at most"),
        is_within: messages <= most && friends <= most && shares.all_messages > 0,
    }
}

/// Peers in different networks that have announced themselves.
pub(crate) async fn honest_peers(target: &Target, count: u8) -> Vec<Peer> {
    let mut peers = Vec::new();
    for number in 0..count {
        let peer = Peer::start(Ipv4Addr::new(127, 20 + number, 0, 1), Behaviour::Accept).await;
        introduce(target.address, peer.address).await;
        peers.push(peer);
    }
    peers
}

/// The attacker's share of all messages, and of all friends named to honest peers.
#[derive(Debug, Clone, Copy)]
struct Shares {
    messages: u64,
    all_messages: u64,
    friends: u64,
    all_friends: u64,
}

impl Shares {
    fn of(honest: &[Peer], attacker: &Peer) -> Self {
        let addresses: BTreeSet<String> = honest.iter().map(|peer| peer.address.to_string()).collect();
        let messages = attacker.seen().accepted;
        let mut shares = Self { messages, all_messages: messages, friends: 0, all_friends: 0 };
        for peer in honest {
            let seen = peer.seen();
            shares.all_messages += seen.accepted;
            for (friend, times) in &seen.friends {
                shares.all_friends += times;
                shares.friends += if addresses.contains(friend) { 0 } else { *times };
            }
        }
        shares
    }

    fn since(self, before: Self) -> Self {
        Self {
            messages: self.messages - before.messages,
            all_messages: self.all_messages - before.all_messages,
            friends: self.friends - before.friends,
            all_friends: self.all_friends - before.all_friends,
        }
    }

    fn fractions(self) -> [f64; 2] {
        let fraction = |part: u64, all: u64| part as f64 / all.max(1) as f64;
        [fraction(self.messages, self.all_messages), fraction(self.friends, self.all_friends)]
    }
}

/// The user ignores a peer, which continues under other spellings of its name.
async fn ignored(setting: Setting, names: Names) -> Outcome {
    const SPELLINGS: usize = 20;
    let target = Target::start(&setting, &["--send-rate", "200"]);
    let _honest = honest_peers(&target, 1).await;
    let enemy = Peer::start(names.server(), Behaviour::Accept).await;
    let usual = SocketAddr::new(names.server(), enemy.address.port());
    let usual = if names == Names::Case { format!("localhost:{}", usual.port()) } else { usual.to_string() };
    assert!(target.carry_out(&format!(":ignore {usual}")).await, "{usual} is ignored");
    let mut served = 0;
    for spelling in names.spellings(SPELLINGS) {
        let body = message(&spelling, enemy.address.port(), "from an ignored peer");
        let status = post(target.address, names.client(), &body).await;
        served += usize::from(status.is_ok_and(|status| status == 200));
    }
    target.feed(100);
    target.until("messages are sent", |seen| seen.all_sends() >= 100).await;
    let posted = enemy.seen().accepted;
    Outcome {
        figures: format!(
            "{posted} messages posted to the ignored peer, {served} of {SPELLINGS} accepted from it"
        ),
        asked: "0 and 0".to_owned(),
        is_within: posted == 0 && served == 0,
    }
}

/// Many machines make up names without a node.
async fn made_up(setting: Setting) -> Outcome {
    let target = Target::start(&setting, &["--send-rate", "50"]);
    let honest = honest_peers(&target, 3).await;
    target.until_all_answer(&honest).await;
    let mut attack = JoinSet::new();
    for host in 1..=setting.pick(60, 20) {
        attack.spawn(make_up_names(target.address, host));
    }
    let begun = target.seen().all_sends() + setting.pick(100, 40);
    target.feed(1000);
    target.until("made-up names are tried", |seen| seen.all_sends() >= begun).await;
    let addresses: Vec<String> = honest.iter().map(|peer| peer.address.to_string()).collect();
    let count = || {
        let seen = target.seen();
        let honest = addresses.iter().filter_map(|address| seen.sends.get(address)).sum::<u64>();
        (honest, seen.all_sends())
    };
    let (honest_before, all_before) = count();
    let sends = setting.pick(600, 120);
    target.until("messages are sent", |seen| seen.all_sends() >= all_before + sends).await;
    let (honest, all) = count();
    let (honest, all) = (honest - honest_before, all - all_before);
    Outcome {
        figures: format!(
            "{honest} of {all} sends to the honest ({:.1} %)",
            100.0 * honest as f64 / all as f64
        ),
        asked: "50 % at least".to_owned(),
        // Both the first and the last message may have been to made-up names.
        is_within: 2 * honest + 1 >= all,
    }
}

/// Announces names without a node: as many as the node accepts and more.
async fn make_up_names(node: SocketAddr, host: u8) {
    let from = Ipv4Addr::new(127, 60, 0, host);
    for number in 0_u16.. {
        let [high, low] = number.to_be_bytes();
        let name = Ipv4Addr::new(127, 128 + high % 100, host, low).to_string();
        // Refusals are expected.
        let _ = post(node, from, &announce(&name, DEAD_PORT)).await;
        if number > 120 {
            sleep(Duration::from_millis(200)).await;
        }
    }
}
