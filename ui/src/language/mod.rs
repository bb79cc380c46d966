//! What a person writes: commands, filters, stations and messages, with their completion.

pub(crate) mod command;
pub(crate) mod completion;
pub(crate) mod edit;
pub(crate) mod filter;
pub(crate) mod list_source;
pub(crate) mod saved_filter;
