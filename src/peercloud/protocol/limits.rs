/// Levels that a record's `data` gains in the answer to `/join`: the answer, its list and the record.
const LEVELS_AROUND_DATA: usize = 3;

/// Bounds of what is read from a body and of what is sent in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyLimits {
    /// Maximum bytes of the body of a request. Default 102,400, as in the package. Must not be zero. A longer body is
    /// answered with 413.
    pub max_body: usize,
    /// Maximum nesting depth of arrays and objects. Default 128, at least 8. A deeper body is answered with 400, because
    /// a depth of 5,000 ends a node of the package.
    pub max_depth: usize,
    /// Maximum bytes of the `data` of a member. Default 16 KiB. Must not be zero. Longer data is answered with 413.
    pub max_data: usize,
    /// Maximum records that are read from the answer to `/join`, and maximum members of a cloud. Default 1,000. Must not
    /// be zero. Above it `/join` and `/joined` are answered with 503.
    pub max_members: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { max_body: 102_400, max_depth: 128, max_data: 16 << 10, max_members: 1000 }
    }
}

impl BodyLimits {
    /// Maximum nesting depth of the `data` of a member, so that the answer to `/join` is not deeper than
    /// [`max_depth`](Self::max_depth).
    pub fn max_data_depth(&self) -> usize {
        self.max_depth.saturating_sub(LEVELS_AROUND_DATA)
    }
}
