//! Languages that the user types: commands, filters, stations (saved filters) and message text, with completion.

pub mod command;
pub mod completion;
pub mod edit;
pub mod list_source;
pub mod saved_filter;
pub mod traffic_filter;
