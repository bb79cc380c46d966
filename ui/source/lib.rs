//! The node as every interface sees it, and the data that interfaces derive from its events: traffic rows,
//! commands, undo and histories.

pub mod core_event;
pub mod export;
pub mod facts;
pub mod limits;
pub mod lost_lines;
pub mod precheck;
pub mod saved_filters;
pub mod traffic;
pub mod undo;
