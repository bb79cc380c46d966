//! What a session of any interface keeps: rows of the traffic, hits of saved filters, commands that can be undone,
//! exports and lost lines of the log.

pub mod export;
pub mod lost_lines;
pub mod precheck;
pub mod saved_filters;
pub mod traffic;
pub mod undo;
