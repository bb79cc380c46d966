//! Peercloud nodes of this project against those of the npm package `peercloud` 0.1.3, live. Requires Node.js and npm.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

#[path = "npm/install.rs"]
mod install;
#[path = "npm/peercloud/our_node.rs"]
mod our_node;
#[path = "npm/peercloud/package_node.rs"]
mod package_node;
#[path = "npm/process.rs"]
mod process;
#[path = "npm/watch.rs"]
mod watch;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use clacks_peercloud::{
    Address,
    core::{Event, Failure, Removal, Reply},
};
use serde_json::{Value, json};

use our_node::{OurNode, from_json, name_of};
use package_node::{Handler, PackageNode, Told};

/// Time-out of a wait for what takes at most 30 s by the protocol, on a machine that does other things too.
pub(crate) const NOTICED: Duration = Duration::from_secs(120);

/// A node of either kind.
enum Member {
    Ours(OurNode),
    Package(PackageNode),
}

impl Member {
    async fn start(is_ours: bool, name: &str, peers: &[Address]) -> Self {
        if is_ours {
            Self::Ours(OurNode::start(name, peers).await)
        } else {
            Self::Package(PackageNode::start(name, peers).await)
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Ours(node) => node.id().to_string(),
            Self::Package(node) => node.id.clone(),
        }
    }

    fn address(&self) -> Address {
        match self {
            Self::Ours(node) => node.local_address(),
            Self::Package(node) => node.address(),
        }
    }
}

/// Nodes that join one after the other, each through one of those that are there: `o` is one of ours, `p` one of the
/// package. Each waits until the lists with the former one are complete, because a node of the package tells the others of
/// a newcomer without waiting, and two that join through others meanwhile may miss each other for ever. Returns the longest
/// time from a join to complete lists, too.
async fn cloud_with_time(kinds: &str) -> (Vec<Member>, Duration) {
    let mut members: Vec<Member> = Vec::new();
    let mut longest = Duration::ZERO;
    for (number, kind) in kinds.chars().enumerate() {
        let via = members.get((number * 7 + 3) % number.max(1)).map(Member::address);
        let name = format!("{kind}{number}");
        members.push(Member::start(kind == 'o', &name, via.as_slice()).await);
        longest = longest.max(until_complete(&mut members).await);
    }
    (members, longest)
}

async fn cloud(kinds: &str) -> Vec<Member> {
    cloud_with_time(kinds).await.0
}

/// Waits until each lists exactly the others. Returns how long it took.
async fn until_complete(members: &mut [Member]) -> Duration {
    let start = Instant::now();
    let all: BTreeSet<String> = members.iter().map(Member::id).collect();
    for member in members {
        let mut others = all.clone();
        others.remove(&member.id());
        match member {
            Member::Ours(node) => node.until_listed(&others, NOTICED).await,
            Member::Package(node) => node.until_listed(&others, NOTICED).await,
        }
    }
    start.elapsed()
}

fn split(members: Vec<Member>) -> (Vec<OurNode>, Vec<PackageNode>) {
    let (mut ours, mut packages) = (Vec::new(), Vec::new());
    for member in members {
        match member {
            Member::Ours(node) => ours.push(node),
            Member::Package(node) => packages.push(node),
        }
    }
    (ours, packages)
}

// === Lists ===

#[tokio::test]
async fn a_package_node_lets_ours_in_and_ours_lets_one_in() {
    let package = PackageNode::start("p", &[]).await;
    let ours = OurNode::start("o", &[package.address()]).await;
    let member = &ours.members()[0].record;
    assert_eq!((member.id.to_string(), &member.address), (package.id.clone(), &package.address()));
    assert_eq!(name_of(&from_json(&member.data)), "p");
    assert_eq!(
        ours.seen_as().and_then(|host| host.ip()).map(|ip| ip.to_canonical()),
        Some([127, 0, 0, 1].into())
    );

    let other = PackageNode::start("q", &[ours.local_address()]).await;
    until_complete(&mut [Member::Ours(ours), Member::Package(package), Member::Package(other)]).await;
}

/// The package promises no time. A list is complete within 2 s of a join unless the machine is busy, so the longest time is
/// only printed: run it with `--nocapture`.
#[tokio::test]
async fn twenty_mixed_clouds_are_complete() {
    let mut longest = Duration::ZERO;
    for kinds in ["oooppp", "popopo", "pppooo", "oppoop", "opopop"].repeat(4) {
        longest = longest.max(cloud_with_time(kinds).await.1);
    }
    println!("the longest time from a join to complete lists: {} ms", longest.as_millis());
}

// === Messages ===

#[tokio::test]
async fn messages_go_both_ways_intact() {
    let (mut ours, mut packages) = split(cloud("opop").await);
    let long = json!(["a".repeat(100_000 - "[\"\"]".len())]);
    for body in [json!({ "hi": "Ünï 漢 🙂" }), long] {
        let replies = ours[0].say(&body).await;
        assert_eq!(replies.len(), 3);
        assert!(replies.iter().all(|reply| value_of(reply) == Ok(body.clone())), "{replies:?}");
        for package in &mut packages {
            assert_eq!(package.until_received(&body).await, "o0");
        }
        let body = json!({ "back": body });
        let replies = packages[0].send(&body).await;
        assert_eq!(replies.len(), 3);
        assert!(replies.iter().all(|reply| reply.value.as_ref() == Some(&body)), "{replies:?}");
        for node in &mut ours {
            assert_eq!(node.until_received(&body).await, "p1");
        }
    }
}

#[tokio::test]
async fn a_silent_member_times_out_alone() {
    let first = OurNode::start("o", &[]).await;
    let silent_of_ours = OurNode::start_with("os", &[first.local_address()], |builder| {
        builder.on_message(|_, _| std::future::pending())
    })
    .await;
    let mut package = PackageNode::start("p", &[first.local_address()]).await;
    let silent_package = PackageNode::start_with("ps", &[first.local_address()], Handler::Silent).await;
    let body = json!({ "n": 1 });

    let replies = first.say(&body).await;
    let of = |name: &str| {
        let reply = replies.iter().find(|reply| name_of(&from_json(&reply.member.data)) == name);
        value_of(reply.expect("a result for each member"))
    };
    assert_eq!(of("p"), Ok(body.clone()));
    assert_eq!(of("ps"), Err(Failure::TimedOut));
    assert!(matches!(of("os"), Err(Failure::Status { code: 504, .. })), "{replies:?}");

    let replies = package.send(&body).await;
    let of = |name: &str| {
        let reply = replies.iter().find(|reply| name_of(&reply.peer) == name);
        reply.expect("a result for each member").clone()
    };
    assert_eq!(of("o").value, Some(body));
    assert_eq!(of("os").error.expect("late")["statusCode"], 504);
    assert_eq!(of("ps").error.expect("late")["code"], "ESOCKETTIMEDOUT");
    drop((silent_of_ours, silent_package));
}

fn value_of(reply: &Reply) -> Result<Value, Failure> {
    reply.result.clone().map(|value| value.as_ref().map(from_json).unwrap_or_default())
}

// === Nodes that go away ===

#[tokio::test]
async fn killed_nodes_are_noticed_on_both_sides() {
    let mut members = cloud("opop").await;
    let (killed_ours, killed_package) = (members.remove(0), members.remove(0));
    let start = Instant::now();
    drop(killed_ours);
    if let Member::Package(node) = killed_package {
        node.kill();
    }
    until_complete(&mut members).await;
    println!("noticed after {} ms", start.elapsed().as_millis());
    let (mut ours, _) = split(members);
    let removed = |event: &&Event| matches!(event, Event::MemberRemoved { .. });
    assert_eq!(ours[0].seen().iter().filter(removed).count(), 2);
}

#[tokio::test]
async fn one_of_ours_that_leaves_is_gone_at_once() {
    let mut members = cloud("popo").await;
    let Member::Ours(leaves) = members.remove(1) else { unreachable!() };
    let replies = leaves.close().await;
    assert_eq!(replies.len(), 3);
    assert!(replies.iter().all(|reply| value_of(reply) == Ok(json!({ "status": "removed" }))), "{replies:?}");
    until_complete(&mut members).await;
}

/// It tells nobody, and answers checks as long as its process runs.
#[tokio::test]
async fn a_package_node_that_closes_is_noticed() {
    let (mut ours, mut packages) = split(cloud("op").await);
    packages[0].close();
    let unknown = |event: &Event| matches!(event, Event::DoesNotKnowUs { .. }).then_some(());
    ours[0].until("a sign that it does not know us", unknown).await;
    let removed = |event: &Event| match event {
        Event::MemberRemoved { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    assert_eq!(ours[0].until("a removal", removed).await, Removal::Repair);
}

// === Chatter ===

/// Messages with pauses of 4 to 6 s: the time after which nodes of the package close idle connections, or use them again.
async fn chatter(time: Duration) {
    let (mut ours, mut packages) = split(cloud("opop").await);
    let before = [ours[0].seen().len(), ours[1].seen().len()];
    let begun = packages.iter_mut().map(|package| package.seen().len()).collect::<Vec<_>>();
    let start = Instant::now();
    let mut round = 0;
    while start.elapsed() < time {
        let body = json!({ "round": round });
        let sender = round as usize % 2;
        let replies = ours[sender].say(&body).await;
        assert!(replies.len() == 3 && replies.iter().all(|reply| reply.result.is_ok()), "{replies:?}");
        let replies = packages[sender].send(&body).await;
        assert!(replies.len() == 3 && replies.iter().all(|reply| reply.error.is_none()), "{replies:?}");
        // Each pause is as far as possible from the former ones.
        tokio::time::sleep(Duration::from_millis(4000 + round * 1236 % 2000)).await;
        round += 1;
    }
    for (node, before) in ours.iter_mut().zip(before) {
        let lost =
            |event: &&Event| matches!(event, Event::MemberRemoved { .. } | Event::DoesNotKnowUs { .. });
        let failed = |event: &&Event| match event {
            Event::Checked { result, .. } => *result != clacks_peercloud::core::CheckResult::Here,
            _ => false,
        };
        let events = &node.seen()[before..];
        assert_eq!(events.iter().filter(lost).collect::<Vec<_>>(), Vec::<&Event>::new());
        assert_eq!(events.iter().filter(failed).collect::<Vec<_>>(), Vec::<&Event>::new());
        assert!(events.iter().any(|event| matches!(event, Event::CheckedBy { .. })), "others check it");
    }
    for (node, begun) in packages.iter_mut().zip(begun) {
        let events = &node.seen()[begun..];
        let went_wrong = |told: &&Told| match told {
            Told::Listed { peers } => peers.len() != 3,
            told => matches!(told, Told::Printed(_)),
        };
        assert_eq!(
            events.iter().filter(went_wrong).map(|told| format!("{told:?}")).collect::<Vec<_>>(),
            [""; 0]
        );
    }
    println!("{round} rounds in {} s", start.elapsed().as_secs());
}

#[tokio::test]
async fn chatter_with_pauses_for_a_minute_loses_no_member() {
    chatter(Duration::from_secs(60)).await;
}

#[tokio::test]
#[ignore = "ten minutes: cargo test -p clacks-peercloud --features npm --test npm_peercloud ten_minutes -- --ignored"]
async fn chatter_with_pauses_for_ten_minutes_loses_no_member() {
    chatter(Duration::from_secs(600)).await;
}
