//! The dashboard without a terminal and without a node: keys go into [`update`], frames into a buffer.

pub(crate) mod ascii;
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub(crate) mod cost;
pub(crate) mod file_checks;
pub(crate) mod filters;
pub(crate) mod fixture;
pub(crate) mod focus;
pub(crate) mod fuzz;
pub(crate) mod holding;
pub(crate) mod hostile;
pub(crate) mod keys;
pub(crate) mod leaving;
pub(crate) mod looks;
pub(crate) mod marks;
pub(crate) mod menu;
pub(crate) mod model;
pub(crate) mod module_order;
pub(crate) mod pasting;
pub(crate) mod peer_lists;
pub(crate) mod pictures;
pub(crate) mod readme_pictures;
pub(crate) mod rebound;
pub(crate) mod refusing;
pub(crate) mod replaying;
pub(crate) mod screens;
pub(crate) mod searching;
pub(crate) mod sizes;
pub(crate) mod stations;
pub(crate) mod still;
pub(crate) mod story;
pub(crate) mod strangers;
pub(crate) mod taking_along;
pub(crate) mod themes;
pub(crate) mod writing;
