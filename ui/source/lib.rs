//! The node as every interface sees it, and the data that interfaces derive from its events: traffic rows, JSON,
//! commands, undo and histories.

pub mod core_event;
pub mod export;
pub mod facts;
pub mod introductions;
pub mod json;
mod kept_messages;
pub mod limits;
pub mod lost_lines;
pub mod message_history;
pub mod peer_shares;
pub mod precheck;
pub mod saved_filters;
pub mod send_history;
pub mod shutdown;
pub mod traffic;
pub mod undo;
