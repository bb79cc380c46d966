//! Announces the node to peers that the user named and to addresses of peer lists, at a bounded rate.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clacks_p2p::{
    Address, Node,
    core::{Failure, Status},
    node::AnnounceError,
};
use rand::seq::SliceRandom;
use tokio::{sync::Semaphore, task::JoinSet};

const PACE: Pace = Pace {
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(60),
    listed: Duration::from_millis(800),
};

/// Maximum concurrent announces to named peers. Each uses a connection. The limit is high, because the peer that
/// responds must not wait for those that do not.
const MAX_NAMED: usize = 64;
/// Maximum concurrent announces to addresses of lists.
const MAX_LISTED: usize = 8;

/// Announces the node in background tasks. Results appear as events of the node. Clones share the same limits: 64
/// concurrent announces to named peers, 8 to addresses of lists, and at most ten a second to addresses of lists.
#[derive(Debug, Clone)]
pub(crate) struct Introducer {
    node: Node,
    named: Arc<Semaphore>,
    listed: Arc<Semaphore>,
    /// List addresses that are not announced to yet.
    pending: Arc<Mutex<HashSet<Address>>>,
    pace: Pace,
}

/// The rate of announces.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Wait before the first retry. It doubles with each retry.
    first_wait: Duration,
    longest_wait: Duration,
    /// Minimum time that an announce to a list address occupies its slot, so that there are at most ten a second. A
    /// list that many nodes use could otherwise flood one machine with ten thousand ports.
    listed: Duration,
}

/// The source of an address. It decides which address policy applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// The user. Any address is contacted, and the peer counts as added by the user.
    User,
    /// Somebody else. Only addresses that the policy for unknown peers admits are contacted.
    Others,
}

/// The result of an announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announced {
    Answered,
    /// A retry can succeed.
    Failed,
    /// The user ignores the peer, so nothing was sent. A retry can succeed after that ends.
    Ignored,
    Ourselves,
    /// The node has stopped.
    Stopped,
}

impl Introducer {
    /// Returns an introducer for this node, with its own limits.
    pub(crate) fn new(node: &Node) -> Self {
        let (named, listed) = (Semaphore::new(MAX_NAMED).into(), Semaphore::new(MAX_LISTED).into());
        Self { node: node.clone(), named, listed, pending: Arc::default(), pace: PACE }
    }

    /// The node that is announced.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Announces the node to each peer until the peer answers 200, if the peer is this node, or until the node stops.
    /// Waits 1 s before the first retry, doubles the wait up to 60 s, and waits longer if the peer asks for it.
    /// Requires a tokio runtime and returns at once.
    pub(crate) fn introduce(&self, peers: &[Address]) {
        for peer in peers {
            tokio::spawn(self.clone().keep_announcing(peer.clone()));
        }
    }

    async fn keep_announcing(self, peer: Address) {
        let mut wait = self.pace.first_wait;
        loop {
            let place = self.named.acquire().await;
            let announced = self.announce(&peer, NamedBy::User).await;
            drop(place);
            match announced {
                Announced::Failed | Announced::Ignored => {
                    // A peer that asks us to wait longer is not asked before.
                    let asked = self.node.asked_to_wait(&peer).unwrap_or_default();
                    tokio::time::sleep(asked.max(wait)).await;
                }
                Announced::Answered | Announced::Ourselves | Announced::Stopped => return,
            }
            wait = (wait * 2).min(self.pace.longest_wait);
        }
    }

    /// Announces the node to each address of a list once, in random order, so that the users of a list do not all start
    /// with the same peer. While no peer responds at all, the failed addresses are retried.
    pub(crate) fn introduce_list(&self, addresses: Vec<Address>, named_by: NamedBy) {
        tokio::spawn(self.clone().work_through(addresses, named_by));
    }

    async fn work_through(self, mut addresses: Vec<Address>, named_by: NamedBy) {
        let mut wait = self.pace.first_wait;
        loop {
            // What another list has brought meanwhile is announced to once.
            addresses.retain(|address| self.pending().insert(address.clone()));
            addresses.shuffle(&mut rand::rng());
            let Some(failed) = self.round(addresses, named_by).await else { return };
            if failed.is_empty() || self.is_connected() {
                return;
            }
            addresses = failed;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(self.pace.longest_wait);
        }
    }

    /// Announces the node to each of these once. Returns those that failed; `None` once the node has stopped.
    async fn round(&self, addresses: Vec<Address>, named_by: NamedBy) -> Option<Vec<Address>> {
        let (mut running, mut results) = (JoinSet::new(), Vec::new());
        for address in addresses {
            let place = Arc::clone(&self.listed).acquire_owned().await.ok()?;
            results.extend(std::iter::from_fn(|| running.try_join_next()).flatten().flatten());
            if matches!(results.last(), Some(None)) {
                return None;
            }
            if self.answers(&address) {
                self.pending().remove(&address);
                continue;
            }
            let introducer = self.clone();
            running.spawn(async move {
                let paced = tokio::time::sleep(introducer.pace.listed);
                let (announced, ()) = tokio::join!(introducer.announce(&address, named_by), paced);
                introducer.pending().remove(&address);
                drop(place);
                match announced {
                    Announced::Stopped => Some(None),
                    Announced::Failed => Some(Some(address)),
                    _ => None,
                }
            });
        }
        // One that panicked is reported elsewhere.
        while let Some(result) = running.join_next().await {
            results.extend(result.ok().flatten());
        }
        results.into_iter().collect()
    }

    async fn announce(&self, address: &Address, named_by: NamedBy) -> Announced {
        let announced = match named_by {
            NamedBy::User => self.node.announce(address).await,
            NamedBy::Others => self.node.announce_suggested(address).await,
        };
        match announced {
            Ok(()) => Announced::Answered,
            Err(AnnounceError::Failed(Failure::Stopped)) => Announced::Stopped,
            Err(AnnounceError::Failed(_) | AnnounceError::NoRoom) => Announced::Failed,
            Err(AnnounceError::Ignored) => Announced::Ignored,
            Err(_) => Announced::Ourselves,
        }
    }

    /// Whether this address answered when it was last tried: it knows this node, or hears of it with a message.
    fn answers(&self, address: &Address) -> bool {
        self.node.peer(address).is_some_and(|peer| peer.status == Status::Alive && peer.last_attempt_ok)
    }

    /// Whether there is a peer that answers, from which the node hears of others.
    fn is_connected(&self) -> bool {
        let peers = self.node.overview().peers;
        peers.alive > peers.unverified
    }

    fn pending(&self) -> MutexGuard<'_, HashSet<Address>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, net::SocketAddr};

    use clacks_p2p::{Builder, Subscription, core::Event};
    use tokio::{
        io::AsyncReadExt,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// Time for a connection that is not answered.
    const CONNECT_TIMEOUT: Duration = Duration::from_millis(150);

    /// Only a failing test waits so long.
    const DEADLINE: Duration = Duration::from_secs(30);

    fn builder() -> Builder {
        let builder = Node::builder().hostname("127.0.0.1").port(0);
        builder.limits(|limits| limits.connect_timeout = CONNECT_TIMEOUT)
    }

    /// One that does not wait for long.
    fn quick(node: &Node) -> Introducer {
        let (first_wait, longest_wait) = (Duration::from_millis(5), Duration::from_millis(20));
        Introducer { pace: Pace { first_wait, longest_wait, ..PACE }, ..Introducer::new(node) }
    }

    /// One that tries once.
    fn patient(node: &Node) -> Introducer {
        let pace = Pace { first_wait: Duration::from_secs(3600), listed: Duration::ZERO, ..PACE };
        Introducer { pace, ..Introducer::new(node) }
    }

    /// A machine with many addresses that takes connections and never says anything.
    #[derive(Debug, Default)]
    struct Silent {
        open: usize,
        most_open: usize,
        connections: usize,
    }

    impl Silent {
        /// Its addresses, and what it counts.
        async fn start(count: usize) -> (Vec<Address>, Arc<Mutex<Self>>) {
            let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let counts = Arc::<Mutex<Self>>::default();
            let counted = Arc::clone(&counts);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Self::hold(stream, Arc::clone(&counted)));
                }
            });
            let address = |number| Address::new(&format!("127.0.1.{number}"), port).unwrap();
            ((1..=count).map(address).collect(), counts)
        }

        async fn hold(mut stream: TcpStream, counts: Arc<Mutex<Self>>) {
            {
                let mut counts = counts.lock().unwrap();
                counts.connections += 1;
                counts.open += 1;
                counts.most_open = counts.most_open.max(counts.open);
            }
            let _ = stream.read_to_end(&mut Vec::new()).await;
            counts.lock().unwrap().open -= 1;
        }
    }

    async fn next(events: &mut Subscription) -> Event {
        tokio::time::timeout(DEADLINE, events.next())
            .await
            .expect("something happens")
            .expect("the node runs")
    }

    /// Waits until so many announces failed; counts those to each address.
    async fn failures(events: &mut Subscription, count: usize) -> BTreeMap<Address, usize> {
        let mut failures = BTreeMap::new();
        while failures.values().sum::<usize>() < count {
            if let Event::AnnounceFailed { peer, .. } = next(events).await {
                *failures.entry(peer).or_default() += 1;
            }
        }
        failures
    }

    async fn announced(events: &mut Subscription) -> Address {
        loop {
            if let Event::Announced { peer, .. } = next(events).await {
                return peer;
            }
        }
    }

    fn unused_address() -> Address {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        address.to_string().parse().unwrap()
    }

    #[tokio::test]
    async fn announces_to_many_are_made_a_few_at_a_time() {
        for (is_list, count, most) in [(false, 150, MAX_NAMED), (true, 30, MAX_LISTED)] {
            let node = builder().start().await.unwrap();
            let mut events = node.subscribe();
            let (addresses, counts) = Silent::start(count).await;
            if is_list {
                patient(&node).introduce_list(addresses, NamedBy::User);
            } else {
                patient(&node).introduce(&addresses);
            }
            let failures = failures(&mut events, count).await;
            assert_eq!(failures.len(), count, "each is tried");
            let counts = counts.lock().unwrap();
            assert!(counts.most_open <= most && counts.connections <= count, "{counts:?}");
        }
    }

    #[tokio::test]
    async fn an_address_of_a_list_is_tried_again_until_the_node_has_a_peer() {
        let node = builder().start().await.unwrap();
        let mut events = node.subscribe();
        let (dead, alive) = (unused_address(), unused_address());
        let introducer =
            Introducer { pace: Pace { listed: Duration::ZERO, ..quick(&node).pace }, ..quick(&node) };
        introducer.introduce_list(vec![dead.clone(), alive.clone()], NamedBy::User);
        let failures = failures(&mut events, 6).await;
        assert_eq!(failures.len(), 2, "{failures:?}");
        let other = builder().port(alive.port()).start().await.unwrap();
        assert_eq!(announced(&mut events).await, other.address());
        // The last round may have to end.
        while introducer.pending().contains(&dead) {
            tokio::task::yield_now().await;
        }
        introducer.introduce_list(vec![alive], NamedBy::User);
        while !introducer.pending().is_empty() {
            tokio::task::yield_now().await;
        }
        let is_failed = |event: &Event| matches!(event, Event::AnnounceFailed { peer, .. } if *peer != dead);
        let further: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
        let is_announced = |event: &Event| matches!(event, Event::Announced { .. });
        assert!(!further.iter().any(|event| is_failed(event) || is_announced(event)), "{further:?}");
    }

    #[tokio::test]
    async fn what_two_lists_name_is_announced_to_once() {
        let node = builder().start().await.unwrap();
        let mut events = node.subscribe();
        let (addresses, counts) = Silent::start(3).await;
        let introducer = patient(&node);
        introducer.introduce_list(addresses.clone(), NamedBy::User);
        introducer.introduce_list(addresses, NamedBy::User);
        assert_eq!(failures(&mut events, 3).await.len(), 3);
        assert_eq!(counts.lock().unwrap().connections, 3);
    }

    #[tokio::test]
    async fn a_peer_that_is_ignored_is_announced_to_once_it_is_not() {
        let (node, other) = (builder().start().await.unwrap(), builder().start().await.unwrap());
        let mut events = node.subscribe();
        node.ignore(&other.address());
        quick(&node).introduce(&[other.address()]);
        // The first try finds it ignored.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        node.unignore(&other.address());
        assert_eq!(announced(&mut events).await, other.address());
    }

    #[tokio::test]
    async fn this_node_itself_is_not_tried_again() {
        let node = builder().start().await.unwrap();
        tokio::join!(quick(&node).keep_announcing(node.address()));
        let alias = Address::new("localhost", node.address().port()).unwrap();
        tokio::join!(quick(&node).keep_announcing(alias));
        node.stop().await;
        tokio::join!(quick(&node).keep_announcing(unused_address()));
    }
}
