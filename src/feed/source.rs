//! What a face holds: a node in this process, a recording, or a node elsewhere.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    Call, Check, Event, Key, Look, Name, Now, Outcome, Refusal, Row, Run, Text, View,
    description::{Description, ListId},
};

/// Maximum requests of one face whose answers it has not received. More are refused.
pub const MAX_WAITING: usize = 1024;
/// Maximum bytes of those requests: see [`Request::bytes`]. More are refused.
pub const MAX_WAITING_BYTES: usize = 4 << 20;

/// Where a face gets its events and rows from.
///
/// It is driven by polling alone. A face never waits: [`Source::look`] answers with what is there, and everything else is
/// a [`Request`] whose [`Answer`] comes as [`News`].
pub trait Source: Send {
    /// What the node offers.
    fn description(&self) -> &Arc<Description>;

    /// The run of the node.
    fn run(&self) -> Run;

    /// The time at the node.
    fn now(&self) -> Now;

    /// Whether the node is here, recorded or elsewhere.
    fn link(&self) -> Link;

    /// The rows for a view: as they are now, or those that came last if the node is elsewhere.
    fn look(&mut self, view: &View) -> Arc<Look>;

    /// Begins a request. Its answer has the returned number. At most 1,024 requests of 4 MiB together can wait for
    /// their answers; more are answered by [`Answer::Refused`].
    fn request(&mut self, request: Request) -> u64;

    /// The next news. `None` once there can be no more.
    fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>>;
}

/// Where the node of a [`Source`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// In this process.
    Near,
    /// In a recording, which is played.
    Replay(Playback),
    /// In another process. `away`: how long the connection has been interrupted.
    Far {
        /// `None` while it is connected.
        away: Option<Duration>,
    },
}

/// How a recording is played.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Playback {
    /// Time since the start of the recording. During a jump, the target.
    pub position: Duration,
    /// Duration of the recording.
    pub length: Duration,
    /// Multiple of the recorded speed. While playback is paused, it is the speed after the pause.
    pub speed: f64,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether everything has been played.
    pub at_end: bool,
    /// During a jump, the fraction of the way that has been read, 0 to 1.
    pub jumping: Option<f64>,
}

/// A request of a face.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Carry out a command.
    Call(Call),
    /// Say what a command would do. A newer check replaces an older one that is not yet answered.
    Check(Call),
    /// Find items for completion. A newer search replaces an older one that is not yet answered.
    Find(Find),
    /// Read whole rows, with texts of any length.
    Rows {
        /// The list.
        list: ListId,
        /// The items, at most 512.
        keys: Vec<Key>,
    },
}

/// A search for items by what was typed. Found are those whose key begins with it; if there are none, those whose key, or a
/// text of which, contains it; if there are none, those whose key has its characters in the same order. Case is ignored, and
/// of each text the first 512 bytes are searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    /// The list.
    pub list: ListId,
    /// The statuses of which an item has at least one. Empty: any item.
    pub only: Vec<Name>,
    /// What was typed.
    pub typed: Text,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Request::Call`].
    Called(Box<Result<Outcome, Refusal>>),
    /// To [`Request::Check`].
    Checked(Check),
    /// To [`Request::Find`].
    Found {
        /// The items, at most 64, in the order of the list.
        rows: Vec<Row>,
        /// Whether there are more.
        more: bool,
    },
    /// To [`Request::Rows`]: the items in the same order. `None`: there is no such item.
    Rows(Vec<Option<Row>>),
    /// The request was replaced by a newer one of its kind.
    Replaced,
    /// The request was not begun, for this reason: too many wait for their answers, or it names too many items.
    Refused(Text),
    /// The connection ended. Whether the request was carried out is not known.
    Lost,
}

/// What a [`Source`] reports.
#[derive(Debug, Clone)]
pub enum News {
    /// An event.
    Event(Event),
    /// Events were missed: this number of them.
    Lagged(u64),
    /// A newer answer to the last view is there. [`Source::look`] returns it.
    Looked,
    /// The answer to the request with this number.
    Answer(u64, Answer),
    /// The connection was interrupted, or a recording cannot be read on, for this reason.
    Away(Text),
    /// The connection is there again, or a replay has jumped: what was derived from earlier events does not lead to what
    /// follows. `restarted`: the node has another run, so keys mean other items.
    Back {
        /// Whether the node was restarted.
        restarted: bool,
    },
}

impl Request {
    /// Bytes of its texts and keys.
    pub fn bytes(&self) -> usize {
        let keys = |keys: &[Key]| keys.iter().map(|key| key.0.len()).sum::<usize>();
        match self {
            Self::Call(call) | Self::Check(call) => call.text.len() + keys(&call.on),
            Self::Find(find) => find.typed.len(),
            Self::Rows { keys: asked, .. } => keys(asked),
        }
    }
}
