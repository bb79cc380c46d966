//! Notice about the last action.

use std::time::Duration;

/// Notice about the last action, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Text of the notice, one line.
    pub text: String,
    /// Whether it is an error.
    pub is_error: bool,
    /// Whether it says why an input was refused. Then it disappears on the next input.
    pub(crate) is_refusal: bool,
    /// Key that acts on the result, while the notice stays.
    pub(crate) offer: Option<String>,
    /// Uptime of the node at which the notice disappears.
    pub until: Duration,
}
