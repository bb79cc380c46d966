//! Data of the dashboard, each type with its own methods. Nothing here knows the whole model.

pub mod assist;
pub mod command_words;
pub mod confirmation;
pub mod editing;
pub mod errors;
pub mod filter_preview;
pub mod held;
pub mod input;
pub mod input_history;
pub mod key;
pub mod layout;
pub mod limits;
pub mod lists;
pub mod map;
pub mod map_layout;
pub mod marks;
pub mod message;
pub mod palette;
pub mod returning;
pub mod search;
pub mod sending;
pub mod shutdown;
pub mod snapshot;
pub mod title;
pub mod tower;
