//! What a person writes: commands, filters, stations and messages, with their completion.

#![allow(missing_docs, reason = "names of an inner crate; documented step by step")]

pub mod command;
pub mod completion;
pub mod edit;
pub mod filter;
pub mod list_source;
pub mod saved_filter;
