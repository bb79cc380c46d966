//! The query for the data on the screen, and its reply.

use clacks_feed::{Look, Playback, View, description::ListId};
use clacks_panes::PaneSpec;
use clacks_session::lost_lines::LostLines;

/// Query for the next frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// View of each network, in the order of the networks. Those that are not active only count.
    pub views: Vec<View>,
    /// Windows that are not lists on the screen.
    pub extra: ExtraWindows,
}

/// Positions of the windows in the view of the active network that are not lists on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExtraWindows {
    /// Filtered lists, without their filter and without rows: only the numbers of their rows.
    pub unfiltered: Vec<(ListId, usize)>,
    /// The windows of the panes on the screen.
    pub panes: Vec<PaneWindows>,
    /// The ignored remote addresses, for the page about limits.
    pub remotes: Option<usize>,
    /// The origins of most messages, for the page about limits.
    pub origins: Option<usize>,
    /// The lists under the item that is open.
    pub under: Vec<(ListId, usize)>,
}

/// Positions of the windows of a pane in the view of its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneWindows {
    /// Position of the pane among the panes of the network.
    pub pane: usize,
    /// The view that is on the screen.
    pub view: &'static PaneSpec,
    /// Position of each window in the order of the pane. `None`: there is no such list.
    pub pages: Vec<Option<usize>>,
}

/// Data for one frame, in reply to a [`Query`].
#[derive(Debug)]
pub struct Snapshot {
    /// Answer of each network, in the order of the networks. A network can be missing at the end.
    pub looks: Vec<Look>,
    /// As in the query.
    pub extra: ExtraWindows,
    /// Size of the running recording, in bytes. `None` if none runs.
    pub recording_size: Option<u64>,
    /// Lines that are missing in the log file.
    pub lost_lines: Option<LostLines>,
    /// How the recording is played. `None` for a live node.
    pub replay: Option<Playback>,
}
