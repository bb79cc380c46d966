//! What a node offers to every face, and what a face derives from its events: rows of traffic, JSON, commands and undo, histories.

pub(crate) mod bootstrap;
pub(crate) mod execute;
pub(crate) mod export;
pub(crate) mod facts;
pub(crate) mod hold_rule;
pub(crate) mod introductions;
pub(crate) mod json;
pub(crate) mod kept_messages;
pub(crate) mod limits;
pub(crate) mod lists;
pub(crate) mod lost_lines;
pub(crate) mod message_history;
pub(crate) mod peer_list;
pub(crate) mod peer_shares;
pub(crate) mod precheck;
pub(crate) mod restore;
pub(crate) mod saved_filters;
pub(crate) mod send_history;
pub(crate) mod shutdown;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod time_series;
pub(crate) mod traffic;
pub(crate) mod undo;
