use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Part, hash_of};
use crate::{
    Fault, Incoming, Judging, Kind, OnError, Plugin, Verdict,
    builtin::{Context, Periodic, Ticking, is_from_ignored, units},
};

/// How parts are put together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct JoinOptions {
    /// Maximum size of the parts that wait for others, in bytes of memory. Above it the message whose last part arrived
    /// longest ago is given up. The default is 64 M.
    #[serde(deserialize_with = "units::bytes")]
    pub max_bytes: u64,
    /// How long a part waits for the next one of its message. The default is ten minutes.
    #[serde(deserialize_with = "units::duration")]
    pub max_age: Duration,
    /// Whether parts are passed on as well. The default is false: then this node answers 200 to them and queues only whole
    /// messages, so the parts of a message that never becomes whole are gone.
    pub pass_on: bool,
}

/// Collects parts and queues the whole message in place of its last part. It reports messages that never become whole.
pub struct Join {
    name: Arc<str>,
    on_error: OnError,
    options: JoinOptions,
    context: Context,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<Whole, Waiting>,
    /// The same by the time of the last part.
    order: BTreeSet<(u64, Whole)>,
    /// What all that waits takes.
    bytes: u64,
    /// The messages that became whole last, so that a part that comes again does not wait for ever.
    joined: VecDeque<Whole>,
}

/// A message that goes in parts: its hash, and the number of its parts. Anybody can send parts of any message, so those
/// with another number of parts are kept apart.
type Whole = (Box<str>, u16);

struct Waiting {
    parts: BTreeMap<u16, Box<[u8]>>,
    bytes: u64,
    /// When the last part arrived, in milliseconds since the Unix epoch.
    last: u64,
}

/// Maximum number of messages that are known to be whole.
const MAX_JOINED: usize = 1000;

/// What a part takes in memory besides its data, and so does a message that waits.
const OVERHEAD: u64 = 300;

impl Default for JoinOptions {
    fn default() -> Self {
        Self { max_bytes: 64_000_000, max_age: Duration::from_secs(600), pass_on: false }
    }
}

impl Join {
    /// A plugin with this name.
    pub fn new(name: impl Into<Arc<str>>, on_error: OnError, options: JoinOptions, context: Context) -> Self {
        Self { name: name.into(), on_error, options, context, state: Mutex::default() }
    }

    fn verdict(&self, payload: &Incoming) -> Result<Verdict, Fault> {
        let is_taken = payload.kind == Kind::Message && !is_from_ignored(payload);
        let part = is_taken.then(|| Part::read(&payload.json)).flatten();
        let Some((part, data)) = part.and_then(|part| part.data().map(|data| (part, data))) else {
            return Ok(Verdict::Pass);
        };
        let now = (self.context.now)();
        let (n, k) = (part.n, part.k);
        let whole = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let whole = state.add(part, data, now);
            self.give_up(&mut state, now);
            whole
        };
        let swallow = || Verdict::Swallow { reason: Some(format!("part {n} of {k} of a message").into()) };
        match whole.map(text_of).transpose()? {
            Some(text) if self.options.pass_on => Ok(Verdict::Replace(vec![Arc::clone(&payload.json), text])),
            Some(text) => Ok(Verdict::Change(text)),
            None if self.options.pass_on => Ok(Verdict::Pass),
            None => Ok(swallow()),
        }
    }

    /// Gives up messages that waited too long, or that take too much.
    fn give_up(&self, state: &mut State, now: u64) {
        let max_age = self.options.max_age.as_millis() as u64;
        loop {
            let Some((last, whole)) = state.order.first() else { return };
            let why = if now.saturating_sub(*last) > max_age {
                "the others did not come in time"
            } else if state.bytes > self.options.max_bytes {
                "too many parts wait"
            } else {
                return;
            };
            let whole = whole.clone();
            let Some(waiting) = state.remove(&whole) else { return };
            let (here, k) = (waiting.parts.len(), whole.1);
            let reason = format!("{here} of {k} parts of a message are given up: {why}");
            (self.context.on_fault)(Fault { line: None, reason });
        }
    }
}

impl State {
    /// Keeps a part. Returns the message and its hash if this was the last part.
    fn add(&mut self, part: Part, data: Box<[u8]>, now: u64) -> Option<(Vec<u8>, Box<str>)> {
        let whole = (part.of.into_boxed_str(), part.k);
        if self.joined.contains(&whole) {
            return None;
        }
        if !self.waiting.contains_key(&whole) {
            self.bytes += OVERHEAD;
        }
        let new = || Waiting { parts: BTreeMap::new(), bytes: OVERHEAD, last: now };
        let waiting = self.waiting.entry(whole.clone()).or_insert_with(new);
        self.order.remove(&(waiting.last, whole.clone()));
        self.order.insert((now, whole.clone()));
        waiting.last = now;
        let bytes = data.len() as u64 + OVERHEAD;
        if let Entry::Vacant(place) = waiting.parts.entry(part.n) {
            place.insert(data);
            waiting.bytes += bytes;
            self.bytes += bytes;
        }
        if waiting.parts.len() < usize::from(part.k) {
            return None;
        }
        let parts = self.remove(&whole)?.parts;
        self.joined.push_back(whole.clone());
        if self.joined.len() > MAX_JOINED {
            self.joined.pop_front();
        }
        Some((parts.into_values().flatten().collect(), whole.0))
    }

    fn remove(&mut self, whole: &Whole) -> Option<Waiting> {
        let waiting = self.waiting.remove(whole)?;
        self.order.remove(&(waiting.last, whole.clone()));
        self.bytes -= waiting.bytes;
        Some(waiting)
    }
}

/// The JSON text of a message whose parts are all there.
///
/// # Errors
/// It has another hash than its parts say, or is not JSON.
fn text_of((bytes, hash): (Vec<u8>, Box<str>)) -> Result<Arc<str>, Fault> {
    let fault = |reason: &str| Fault { line: None, reason: reason.to_owned() };
    if hash_of(&bytes) != *hash {
        return Err(fault("the parts of a message do not fit together: somebody changed one"));
    }
    let is_json = |text: &String| serde_json::from_str::<&RawValue>(text).is_ok();
    let text = String::from_utf8(bytes).ok().filter(is_json);
    text.map(Into::into).ok_or_else(|| fault("the parts of a message are not JSON together"))
}

impl Plugin for Join {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn on_error(&self) -> OnError {
        self.on_error
    }

    fn judge<'a>(&'a self, payload: &'a Incoming) -> Judging<'a> {
        Judging::Now(self.verdict(payload))
    }
}

impl Periodic for Join {
    fn tick(&self) -> Ticking<'_> {
        let now = (self.context.now)();
        self.give_up(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), now);
        Ticking::Now(Vec::new())
    }
}
