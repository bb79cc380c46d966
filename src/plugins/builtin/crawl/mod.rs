//! Nodes that crawl learn from each other who knew whom.
//!
//! Each sends the message `{"class":"clacks-crawl","hops":0,"peers":["tower.example.org:8080"]}` from time to time. Each
//! other node that crawls adds its own address and passes it on, so the message collects the way that it went. `null` stands
//! for nodes between two others that do not crawl. A node that is told to name its peers adds
//! `{"at":"tower.example.org:8080","knows":["a.example:1","b.example:2"]}` in place of its address. After 64 addresses the
//! message ends.

mod links;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    HostPort, Incoming, Judging, Kind, Plugin, Verdict,
    builtin::{BuildError, Context, Periodic, Ticking, is_from_ignored, units},
};
pub use links::Link;
use links::Links;

const CLASS: &str = "clacks-crawl";

/// Maximum number of addresses in a message, and of nodes that it goes through.
const MAX_ADDRESSES: usize = 64;

/// Maximum number of its peers that a node names.
const MAX_NAMED: usize = 16;

/// Maximum bytes of a message that is read: 64 addresses with the longest names that DNS allows.
const MAX_BYTES: usize = 20_000;

/// Shortest time between two messages.
const SHORTEST: Duration = Duration::from_secs(60);

/// How a node crawls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CrawlOptions {
    /// Time between two messages of this node, at least a minute. The default is an hour.
    #[serde(deserialize_with = "units::duration")]
    pub every: Duration,
    /// Whether this node names up to 16 of its peers besides itself. The default is false.
    pub name_peers: bool,
    /// Maximum number of pairs of nodes in the table. Above it the pair that was seen longest ago is removed. The default is
    /// 10,000.
    pub max_links: usize,
}

/// The node that crawls, for its messages.
pub trait Crawled: Send + Sync + 'static {
    /// Its address as peers know it.
    fn this_node(&self) -> HostPort;
    /// At most this many of its peers that may be named to anybody.
    fn peers(&self, limit: usize) -> Vec<HostPort>;
}

/// Collects who knew whom. It contacts nobody: addresses in the table are what others claim.
pub struct Crawl {
    name: Arc<str>,
    options: CrawlOptions,
    context: Context,
    node: Arc<dyn Crawled>,
    state: Mutex<State>,
}

struct State {
    links: Links,
    /// When this node sent its last message, in milliseconds since the Unix epoch.
    sent: Option<u64>,
}

/// A message that collects addresses.
#[derive(Debug, Serialize, Deserialize)]
struct Walk {
    class: String,
    /// Number of nodes that passed it on.
    hops: u32,
    peers: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    /// Nodes that do not crawl.
    Unknown(()),
    /// A node.
    At(String),
    /// A node, and peers of it.
    Knows { at: String, knows: Vec<String> },
}

impl Default for CrawlOptions {
    fn default() -> Self {
        Self { every: Duration::from_secs(3600), name_peers: false, max_links: 10_000 }
    }
}

impl Crawl {
    /// A plugin with this name.
    ///
    /// # Errors
    /// The time between two messages is less than a minute.
    pub fn new(
        name: impl Into<Arc<str>>,
        options: CrawlOptions,
        context: Context,
        node: Arc<dyn Crawled>,
    ) -> Result<Self, BuildError> {
        if options.every < SHORTEST {
            return Err(BuildError::new("every must be at least a minute"));
        }
        let state = State { links: Links::new(options.max_links), sent: None };
        Ok(Self { name: name.into(), options, context, node, state: Mutex::new(state) })
    }

    /// The table, the pair that was seen last first. The addresses are untrusted.
    pub fn links(&self) -> Vec<Link> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).links.newest_first()
    }

    fn verdict(&self, payload: &Incoming) -> Verdict {
        let is_taken = payload.kind == Kind::Message && !is_from_ignored(payload);
        let Some(mut walk) = is_taken.then(|| Walk::read(&payload.json)).flatten() else {
            return Verdict::Pass;
        };
        let here = self.node.this_node().to_string();
        let sender = payload.sender.address.to_string();
        let crawls = walk.last() == Some(&sender);
        if !crawls {
            walk.peers.push(Entry::Unknown(()));
        }
        walk.peers.push(self.entry(&here, walk.addresses()));
        walk.hops = walk.hops.saturating_add(1);
        let now = (self.context.now)();
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // The sender reached this node, so it knew it, also if it does not crawl.
            let from_sender = (!crawls).then_some((sender.as_str(), here.as_str()));
            for (from, to) in walk.pairs().chain(from_sender) {
                state.links.saw(from, to, now);
            }
        }
        if walk.addresses() >= MAX_ADDRESSES || walk.hops as usize >= MAX_ADDRESSES {
            return Verdict::Swallow { reason: Some("the message that crawls has gone far enough".into()) };
        }
        Verdict::Change(walk.json())
    }

    /// This node, and some of its peers if it is told to name them and there is room behind `addresses` others.
    fn entry(&self, here: &str, addresses: usize) -> Entry {
        let at = here.to_owned();
        if !self.options.name_peers {
            return Entry::At(at);
        }
        let room = (MAX_ADDRESSES - 1).saturating_sub(addresses).min(MAX_NAMED);
        Entry::Knows { at, knows: self.node.peers(room).iter().take(room).map(HostPort::to_string).collect() }
    }
}

impl Walk {
    /// The message in this JSON text. `None` for any other message.
    fn read(json: &str) -> Option<Self> {
        if json.len() > MAX_BYTES || !json.contains(CLASS) {
            return None;
        }
        let walk: Self = serde_json::from_str(json).ok()?;
        let is_valid = walk.peers.iter().all(|entry| match entry {
            Entry::Unknown(()) => true,
            Entry::At(at) => is_address(at),
            Entry::Knows { at, knows } => is_address(at) && knows.iter().all(|known| is_address(known)),
        });
        let is_bounded = walk.peers.len() <= 2 * MAX_ADDRESSES && walk.addresses() <= MAX_ADDRESSES;
        (walk.class == CLASS && is_valid && is_bounded).then_some(walk)
    }

    fn json(&self) -> Arc<str> {
        // A struct of texts and numbers is always JSON.
        serde_json::to_string(self).unwrap_or_default().into()
    }

    fn addresses(&self) -> usize {
        let of = |entry: &Entry| match entry {
            Entry::Unknown(()) => 0,
            Entry::At(_) => 1,
            Entry::Knows { knows, .. } => 1 + knows.len(),
        };
        self.peers.iter().map(of).sum()
    }

    /// The node that sent the message last, if it crawls.
    fn last(&self) -> Option<&String> {
        self.peers.last()?.at()
    }

    /// The pairs of nodes of which the first knew the second.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let steps = self.peers.windows(2).filter_map(|pair| Some((pair[0].at()?, pair[1].at()?)));
        let named = self.peers.iter().flat_map(|entry| match entry {
            Entry::Knows { at, knows } => knows.iter().map(|known| (at, known)).collect(),
            _ => Vec::new(),
        });
        steps.chain(named).map(|(from, to)| (from.as_str(), to.as_str()))
    }
}

/// Whether this is `host:port`, in characters that can be shown. Names of hosts have at most 253 bytes.
fn is_address(text: &str) -> bool {
    text.len() <= 253 + "[]:65535".len()
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && HostPort::parse(text).is_some()
}

impl Entry {
    fn at(&self) -> Option<&String> {
        match self {
            Self::Unknown(()) => None,
            Self::At(at) | Self::Knows { at, .. } => Some(at),
        }
    }
}

impl Plugin for Crawl {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        Judging::Now(Ok(self.verdict(payload)))
    }
}

impl Periodic for Crawl {
    fn tick(&self) -> Ticking<'_> {
        let now = (self.context.now)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let every = self.options.every.as_millis() as u64;
        if state.sent.is_some_and(|sent| now.saturating_sub(sent) < every) {
            return Ticking::Now(Vec::new());
        }
        state.sent = Some(now);
        let here = self.node.this_node().to_string();
        let walk = Walk { class: CLASS.to_owned(), hops: 0, peers: vec![self.entry(&here, 0)] };
        for (from, to) in walk.pairs() {
            state.links.saw(from, to, now);
        }
        Ticking::Now(vec![walk.json()])
    }
}
