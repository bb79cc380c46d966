//! Messages that nobody has any more come back from the archive.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    Fault, HostPort, Incoming, Judging, Kind, Plugin, Sender, Verdict,
    builtin::{BuildError, Context, Matches, Periodic, Ticking, units},
};

/// Shortest time after which a message comes back.
const SHORTEST: Duration = Duration::from_secs(600);

/// Time between two looks into the archive.
const LOOK_EVERY: u64 = 60_000;

/// The longest random delay, as a multiple of the time that a message waited before. It is long, because the first copy that
/// comes back has to pass the other nodes with this plugin before their delays end.
const LONGEST_DELAY: f64 = 3.0;

/// Messages that one look reads: pages of this many.
const PAGE: usize = 100;
const PAGES: usize = 10;

/// Maximum number of messages that wait for their moment.
const MAX_DUE: usize = 1000;

/// Which messages come back, and when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PersistOptions {
    /// A filter in the language of the dashboard, for the texts of messages. The default is all messages.
    pub filter: Option<String>,
    /// How long this node has not seen a message that comes back: at least ten minutes. A message that stayed away before
    /// waits three times as long as it was away then, if that is longer. The default is an hour.
    #[serde(deserialize_with = "units::duration")]
    pub unseen_for: Duration,
    /// Maximum number of messages that come back in a minute. The default is 6.
    pub at_most: usize,
}

/// The archive of a node, as far as this plugin needs it.
pub trait Unseen: Send + Sync + 'static {
    /// Messages last seen before a time in milliseconds since the Unix epoch, in the order of (`last_seen`, `hash`): those
    /// behind `after`, at most `limit`.
    fn unseen(&self, before: u64, after: Option<(u64, Hash)>, limit: usize) -> Reading<'_, Vec<Missed>>;

    /// The longest time between two sightings of the message with this hash that follow each other.
    fn longest_gap(&self, hash: Hash) -> Reading<'_, Duration>;
}

/// The SHA-256 of the JSON text of a message.
pub type Hash = [u8; 32];

/// What is read from an archive, or why it cannot be read.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// A message that was not seen for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The SHA-256 of its JSON text.
    pub hash: Hash,
    /// Its JSON text.
    pub json: Arc<str>,
    /// When it was seen last, in milliseconds since the Unix epoch.
    pub last_seen: u64,
}

/// Queues messages again that this node has not seen for long. Each waits a random time besides, up to three times as long,
/// and does not come back if it is seen meanwhile, so that of several nodes with this plugin one is the first.
pub struct Persist {
    name: Arc<str>,
    options: PersistOptions,
    context: Context,
    archive: Arc<dyn Unseen>,
    /// `None`: all messages.
    matches: Option<Matches>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the messages come back that wait for it, in milliseconds since the Unix epoch.
    due: HashMap<Arc<str>, u64>,
    /// When messages came back within the last minute.
    came_back: VecDeque<u64>,
    looked: Option<u64>,
    /// Where the next look begins.
    after: Option<(u64, Hash)>,
}

impl Default for PersistOptions {
    fn default() -> Self {
        Self { filter: None, unseen_for: Duration::from_secs(3600), at_most: 6 }
    }
}

impl Persist {
    /// A plugin with this name, for messages that match.
    ///
    /// # Errors
    /// `unseen-for` is less than ten minutes.
    pub fn new(
        name: impl Into<Arc<str>>,
        options: PersistOptions,
        context: Context,
        archive: Arc<dyn Unseen>,
        matches: Option<Matches>,
    ) -> Result<Self, BuildError> {
        if options.unseen_for < SHORTEST {
            return Err(BuildError::new("unseen-for must be at least ten minutes"));
        }
        Ok(Self { name: name.into(), options, context, archive, matches, state: Mutex::default() })
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the archive for messages that are missed, and sets their moments.
    async fn look(&self, now: u64) -> Result<(), String> {
        let before = now.saturating_sub(self.options.unseen_for.as_millis() as u64);
        for _ in 0..PAGES {
            let after = self.with_state(|state| state.after);
            let page = self.archive.unseen(before, after, PAGE).await?;
            for missed in &page {
                if self.wants(missed) {
                    self.set_moment(missed, now).await?;
                }
            }
            let next = page.last().map(|missed| (missed.last_seen, missed.hash));
            self.with_state(|state| state.after = next.filter(|_| page.len() >= PAGE));
            if page.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    fn wants(&self, missed: &Missed) -> bool {
        let has_room =
            self.with_state(|state| state.due.len() < MAX_DUE && !state.due.contains_key(&missed.json));
        has_room && self.matches.as_ref().is_none_or(|matches| matches(&as_payload(&missed.json)))
    }

    async fn set_moment(&self, missed: &Missed, now: u64) -> Result<(), String> {
        let gap = self.archive.longest_gap(missed.hash).await?;
        let wait = self.options.unseen_for.max(gap.saturating_mul(3)).as_millis() as u64;
        if now.saturating_sub(missed.last_seen) >= wait {
            let delay = ((self.context.random)() * LONGEST_DELAY * wait as f64) as u64;
            self.with_state(|state| state.due.insert(Arc::clone(&missed.json), now.saturating_add(delay)));
        }
        Ok(())
    }

    async fn come_back(&self) -> Vec<Arc<str>> {
        let now = (self.context.now)();
        let looks = self.with_state(|state| {
            let looks = state.looked.is_none_or(|looked| now.saturating_sub(looked) >= LOOK_EVERY);
            if looks {
                state.looked = Some(now);
            }
            looks
        });
        if looks && let Err(error) = self.look(now).await {
            let reason = format!("the archive cannot be read: {error}");
            (self.context.on_fault)(Fault { line: None, reason });
        }
        self.with_state(|state| state.take_due(now, self.options.at_most))
    }
}

impl State {
    /// The messages whose moment has come, at most as many as may come back in this minute.
    fn take_due(&mut self, now: u64, at_most: usize) -> Vec<Arc<str>> {
        while self.came_back.front().is_some_and(|time| now.saturating_sub(*time) >= 60_000) {
            self.came_back.pop_front();
        }
        let room = at_most.saturating_sub(self.came_back.len());
        let mut ready: Vec<(u64, Arc<str>)> = self
            .due
            .iter()
            .filter(|(_, moment)| **moment <= now)
            .map(|(json, moment)| (*moment, Arc::clone(json)))
            .collect();
        ready.sort_unstable();
        ready.truncate(room);
        for (_, json) in &ready {
            self.due.remove(json);
            self.came_back.push_back(now);
        }
        ready.into_iter().map(|(_, json)| json).collect()
    }
}

impl Plugin for Persist {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        if payload.kind == Kind::Message {
            self.with_state(|state| state.due.remove(&payload.json));
        }
        Judging::Now(Ok(Verdict::Pass))
    }
}

impl Periodic for Persist {
    fn tick(&self) -> Ticking<'_> {
        Ticking::Later(Box::pin(self.come_back()))
    }
}

/// A message of the archive as a filter sees it: nobody sent it now.
fn as_payload(json: &Arc<str>) -> Incoming {
    Incoming {
        json: Arc::clone(json),
        kind: Kind::Message,
        sender: Sender {
            identifier: "".into(),
            address: HostPort { hostname: "".into(), port: 0 },
            status: "",
            time: 0,
            answers: false,
        },
        remote: None,
        friend: None,
        visits: 0,
        body: bytes::Bytes::new(),
    }
}
