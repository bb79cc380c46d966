//! Tests of the dashboard without terminal and node: keys go into [`update`], frames into a buffer.

pub(crate) mod ascii;
mod calls;
pub(crate) mod completion;
pub(crate) mod copy_and_export;
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub(crate) mod cost;
pub(crate) mod file_checks;
pub(crate) mod filters;
pub(crate) mod fixture;
pub(crate) mod focus;
pub(crate) mod frozen;
pub(crate) mod fuzz;
pub(crate) mod graphics;
pub(crate) mod held_and_edited;
pub(crate) mod hostile;
pub(crate) mod keys;
pub(crate) mod line_check;
pub(crate) mod marks;
pub(crate) mod message_history;
pub(crate) mod model;
pub(crate) mod module_order;
pub(crate) mod networks;
pub(crate) mod other_network;
pub(crate) mod palette;
pub(crate) mod pasting;
pub(crate) mod peer_lists;
pub(crate) mod quitting;
pub(crate) mod readme_pictures;
pub(crate) mod replaying;
pub(crate) mod screens;
pub(crate) mod searching;
pub(crate) mod sizes;
pub(crate) mod stations;
pub(crate) mod theme_selection;
pub(crate) mod themes;
pub(crate) mod unverified;
pub(crate) mod user_keys;
