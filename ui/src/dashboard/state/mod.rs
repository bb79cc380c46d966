//! Data of the dashboard, each type with its own methods. Nothing here knows the whole model.

pub(crate) mod assist;
pub(crate) mod command_words;
pub(crate) mod confirmation;
pub(crate) mod editing;
pub(crate) mod filter_preview;
pub(crate) mod held;
pub(crate) mod input;
pub(crate) mod input_history;
pub(crate) mod layout;
pub(crate) mod limits;
pub(crate) mod lists;
pub(crate) mod map;
pub(crate) mod map_layout;
pub(crate) mod marks;
pub(crate) mod message;
pub(crate) mod palette;
pub(crate) mod returning;
pub(crate) mod search;
pub(crate) mod sending;
pub(crate) mod shutdown;
pub(crate) mod snapshot;
pub(crate) mod title;
pub(crate) mod tower;
