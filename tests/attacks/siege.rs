//! All attacks at once for a long time: a queue that is refilled, idle connections, spellings, and slow peers.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    churn::open_and_say_nothing,
    clients::{announce_all, introduce, message, post},
    fill::{LARGEST, LARGEST_SHORTENED, refill},
    peer::{Behaviour, Peer, TRACED},
    runner::{Outcome, Scenario, Setting},
    target::Target,
};

/// Pause between two messages of an honest client.
const PAUSE: Duration = Duration::from_millis(200);
/// Share by which the memory of the last quarter may exceed that of the second: noise.
const NOISE: f64 = 0.1;
/// Delay of slow peers, in a full and in a shortened run.
const SLOW: [Duration; 2] = [Duration::from_millis(9500), Duration::from_millis(950)];

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new("siege", run)]
}

/// The results of the honest clients.
#[derive(Default)]
struct Honest {
    /// Messages with the response 200.
    accepted: Mutex<BTreeSet<String>>,
    /// Number of posted messages.
    posted: AtomicU64,
}

async fn run(setting: Setting) -> Outcome {
    let time = setting.pick(setting.siege, Duration::from_secs(4));
    let bytes = setting.pick("67108864", "1048576");
    let target = Target::start(&setting, &["--send-rate", "20", "--max-queue-bytes", bytes]);
    let peers = peers(&target, setting.pick(SLOW[0], SLOW[1])).await;
    let largest = setting.pick(LARGEST, LARGEST_SHORTENED);
    let mut attack = attack(target.address, peers.spelled.address.port(), largest);
    let honest = Arc::<Honest>::default();
    let mut clients = JoinSet::new();
    for (number, peer) in peers.honest.iter().take(3).enumerate() {
        clients.spawn(post_on(target.address, peer.address, number, Arc::clone(&honest)));
    }
    let quarters = memory_by_quarter(target.id(), time).await;
    clients.shutdown().await;
    attack.shutdown().await;

    let accepted = std::mem::take(&mut *honest.accepted.lock().unwrap_or_else(PoisonError::into_inner));
    target.settle().await;
    let mut remaining = traced(&target.list_text(":queue").await);
    remaining.extend(traced(&target.list_text(":held").await));
    let arrived: BTreeSet<String> = peers.all().flat_map(|peer| peer.seen().traced.clone()).collect();
    let missing = accepted.iter().filter(|one| !arrived.contains(*one) && !remaining.contains(*one)).count();
    // A message may have been posted without a response when the clients were stopped.
    let posted = honest.posted.load(Ordering::Relaxed);
    let refused = posted.saturating_sub(accepted.len() as u64 + 3);
    let [first, second, third, last] = quarters;
    let grows = last > second * (1.0 + NOISE) + 4.0 && setting.is_full;
    Outcome {
        figures: format!(
            "of {posted} honest messages {} accepted, {refused} refused, {missing} lost ({} still here); memory by \
             quarter {first:.0}, {second:.0}, {third:.0}, {last:.0} MiB",
            accepted.len(),
            remaining.len(),
        ),
        asked: "0 refused, 0 lost, memory flat".to_owned(),
        is_within: missing == 0 && refused == 0 && !grows,
    }
}

struct Peers {
    honest: Vec<Peer>,
    slow: Vec<Peer>,
    spelled: Peer,
}

impl Peers {
    fn all(&self) -> impl Iterator<Item = &Peer> {
        self.honest.iter().chain(&self.slow).chain([&self.spelled])
    }
}

async fn peers(target: &Target, delay: Duration) -> Peers {
    let mut honest = Vec::new();
    for number in 0..4 {
        // All but one accept what nodes of the npm package accept.
        let behaviour = if number == 0 { Behaviour::Accept } else { Behaviour::RefuseOver(16_000) };
        honest.push(introduced(target, Ipv4Addr::new(127, 20 + number, 0, 1), behaviour).await);
    }
    let mut slow = Vec::new();
    for number in 0..8 {
        slow.push(introduced(target, Ipv4Addr::new(127, 120, number, 1), Behaviour::Late(delay)).await);
    }
    let spelled = Peer::start(Ipv4Addr::LOCALHOST, Behaviour::RefuseOver(16_000)).await;
    Peers { honest, slow, spelled }
}

async fn introduced(target: &Target, ip: Ipv4Addr, behaviour: Behaviour) -> Peer {
    let peer = Peer::start(ip, behaviour).await;
    introduce(target.address, peer.address).await;
    peer
}

/// All attacks other than peers, until the set is dropped.
fn attack(node: SocketAddr, spelled_port: u16, largest: usize) -> JoinSet<()> {
    let mut attack = JoinSet::new();
    for number in 0..4 {
        attack.spawn(refill(node, Ipv4Addr::new(127, 40, number, 1), largest, Arc::default()));
    }
    for number in 0..16 {
        let pause = Some(Duration::from_millis(20));
        attack.spawn(open_and_say_nothing(node, Ipv4Addr::new(127, 60, number, 1), pause, Arc::default()));
    }
    attack.spawn(async move {
        let names = crate::names::letter_cases("localhost", 99);
        let names: Vec<_> = names.into_iter().map(|name| (name, spelled_port)).collect();
        loop {
            announce_all(node, Ipv4Addr::LOCALHOST, &names).await;
            sleep(Duration::from_secs(10)).await;
        }
    });
    attack
}

/// Posts ever new messages.
async fn post_on(node: SocketAddr, client: SocketAddr, number: usize, honest: Arc<Honest>) {
    let Ok(from) = client.ip().to_string().parse() else { return };
    for message_number in 0_u64.. {
        let name = format!("{number}.{message_number}");
        let body = message(&client.ip().to_string(), client.port(), &format!("{TRACED}{name}"));
        honest.posted.fetch_add(1, Ordering::Relaxed);
        if post(node, from, &body).await.is_ok_and(|status| status == 200) {
            honest.accepted.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        }
        sleep(PAUSE).await;
    }
}

/// The traced messages in a line.
fn traced(line: &str) -> BTreeSet<String> {
    let mark = format!("\"{TRACED}");
    let rests = line.split(mark.as_str()).skip(1);
    rests.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Resident memory in MiB during this time: the mean of each quarter.
async fn memory_by_quarter(process: u32, time: Duration) -> [f64; 4] {
    let began = Instant::now();
    let mut samples = [const { Vec::new() }; 4];
    while began.elapsed() < time {
        let quarter = (began.elapsed().as_secs_f64() / time.as_secs_f64() * 4.0) as usize;
        samples[quarter.min(3)].push(resident(process));
        sleep(time.div_f64(100.0).min(Duration::from_secs(1))).await;
    }
    samples.map(|quarter| quarter.iter().sum::<f64>() / quarter.len().max(1) as f64)
}

fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}
