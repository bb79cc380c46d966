use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clacks_peercloud::{Address, Builder, Json, Node, node::StartError};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::time::sleep;

use super::conversation::Conversation;

// Times in seconds at speed 1.
const CHECK_INTERVAL: f64 = 2.0;
const RECHECK_AFTER: f64 = 0.5;

/// How often another program takes a free port before a member does.
const ATTEMPTS: usize = 16;

/// The names of the members, in their order. Further ones have a number behind the name.
const NAMES: [&str; 12] = [
    "harbour",
    "mill",
    "lighthouse",
    "orchard",
    "observatory",
    "ferry",
    "bridge",
    "bakery",
    "shed",
    "quarry",
    "library",
    "vineyard",
];

/// How a member replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// At once.
    Quick,
    /// After some tenths of a second.
    Slow,
    /// Sometimes with an error.
    Moody,
}

/// A member of the demo cloud. It can die, or leave, and come back at the same address, with another id.
#[derive(Debug)]
pub(super) struct Member {
    name: String,
    port: u16,
    manner: Manner,
    speed: f64,
    conversation: Arc<Conversation>,
    rng: Arc<Mutex<StdRng>>,
    /// `None` while it is away.
    node: Option<Node>,
}

impl Member {
    /// Starts the member with this number, from 0.
    pub(super) async fn start(
        number: usize,
        peers: &[Address],
        speed: f64,
        conversation: &Arc<Conversation>,
        rng: StdRng,
    ) -> anyhow::Result<Self> {
        let manner = match number {
            3 => Manner::Slow,
            5 => Manner::Moody,
            _ => Manner::Quick,
        };
        let mut member = Self {
            name: name(number),
            port: 0,
            manner,
            speed,
            conversation: Arc::clone(conversation),
            rng: Arc::new(Mutex::new(rng)),
            node: None,
        };
        let node = at_free_port(|port| member.builder(port, peers)).await?;
        node.begin();
        member.port = node.port();
        member.node = Some(node);
        Ok(member)
    }

    /// Its address.
    pub(super) fn address(&self) -> Address {
        let host = std::net::IpAddr::from(Ipv4Addr::LOCALHOST).into();
        Address { host, port: self.port }
    }

    /// The running node; `None` while it is away.
    pub(super) fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// Ends the node without a goodbye: the others find out by their checks.
    pub(super) fn die(&mut self) {
        self.node = None;
    }

    /// Says goodbye to all and ends the node.
    pub(super) async fn leave(&mut self) {
        if let Some(node) = self.node.take() {
            node.close().await;
        }
    }

    /// Starts again at the same address.
    pub(super) async fn come_back(&mut self, peers: &[Address]) -> Result<(), StartError> {
        self.node = Some(self.builder(self.port, peers).start().await?);
        Ok(())
    }

    /// Changes its data and tells all.
    pub(super) fn drink_tea(&self, cups: u32) {
        let Some(node) = &self.node else { return };
        if let Ok(data) = Json::of(&serde_json::json!({ "name": self.name, "cups of tea": cups })) {
            // There is room: a member sends little.
            let _ = node.update(data);
        }
    }

    fn builder(&self, port: u16, peers: &[Address]) -> Builder {
        let (conversation, rng) = (Arc::clone(&self.conversation), Arc::clone(&self.rng));
        let (manner, speed) = (self.manner, self.speed);
        let data =
            Json::of(&serde_json::json!({ "name": self.name })).unwrap_or_else(|_| Json::empty_object());
        let builder = Node::builder().port(port).peers(peers.iter().cloned()).data(data);
        let builder = builder.on_message(move |_, message| {
            let (reply, wait) = {
                let mut rng = rng.lock().unwrap_or_else(PoisonError::into_inner);
                let is_lost = manner == Manner::Moody && rng.random_ratio(1, 3);
                let reply = conversation.reply(&message, &mut *rng).filter(|_| !is_lost).cloned();
                let wait = if manner == Manner::Slow { 300..700 } else { 5..60 };
                (reply, Duration::from_millis(rng.random_range(wait)))
            };
            async move {
                sleep(wait.div_f64(speed.max(1.0))).await;
                reply.ok_or_else(|| "not now".to_owned())
            }
        });
        builder.options(|options| {
            options.check_interval = Some(seconds(CHECK_INTERVAL, speed));
            options.recheck_after = seconds(RECHECK_AFTER, speed);
        })
    }
}

/// A time in seconds at speed 1, at least as long as a node accepts.
fn seconds(seconds: f64, speed: f64) -> Duration {
    Duration::from_secs_f64(seconds / speed).max(Duration::from_millis(100))
}

fn name(number: usize) -> String {
    let name = NAMES[number % NAMES.len()];
    match number / NAMES.len() {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

/// Prepares a node at a free port. Port 0 would take that of a node of the user first, 9338.
pub(super) async fn at_free_port(builder: impl Fn(u16) -> Builder) -> anyhow::Result<Node> {
    let mut attempt = 1;
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        match builder(port).prepare().await {
            Err(StartError::Listen { source, .. })
                if source.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            prepared => return Ok(prepared?),
        }
    }
}

/// The source of randomness of the next member.
pub(super) fn next_rng(rng: &mut StdRng) -> StdRng {
    StdRng::seed_from_u64(rng.random())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_names_of_64_members_differ() {
        let names: HashSet<_> = (0..64).map(name).collect();
        assert_eq!(names.len(), 64);
        assert!(names.contains("harbour") && names.contains("harbour 2"));
    }
}
