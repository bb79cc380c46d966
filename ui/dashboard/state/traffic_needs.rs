//! What the columns of the traffic need.

/// Greatest widths of cells since the traffic has its width. The view keeps them from frame to frame, so that columns do
/// not become narrower when a long name leaves the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TrafficNeeds {
    /// Width of the traffic, in columns.
    width: usize,
    /// Greatest width of a name of a network.
    pub(crate) network: usize,
    /// Greatest width of a name of a peer.
    pub(crate) peer: usize,
    /// Greatest width of an outcome.
    pub(crate) outcome: usize,
}

impl TrafficNeeds {
    /// Needs of the visible rows, in a traffic of `width` columns.
    pub(crate) fn new(width: usize, network: usize, peer: usize, outcome: usize) -> Self {
        Self { width, network, peer, outcome }
    }

    /// Adds the needs of other rows. Those in another width replace them.
    pub(crate) fn extend(&mut self, now: Self) {
        *self = if self.width == now.width {
            Self {
                width: now.width,
                network: self.network.max(now.network),
                peer: self.peer.max(now.peer),
                outcome: self.outcome.max(now.outcome),
            }
        } else {
            now
        };
    }
}
