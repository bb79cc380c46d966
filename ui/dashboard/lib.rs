//! The dashboard, in the model–update–view pattern.
//!
//! [`update`] changes the [`model`], and [`view`] draws it. Both are pure. [`run`] is the event loop: it connects them
//! to the terminal and to the node. [`state`] holds the parts of the model, [`keymap`] the key bindings, [`pages`] the
//! text of the overlays, and [`available`] decides which commands can be run now.

pub mod available;
pub mod keymap;
pub mod model;
pub mod pages;
#[expect(clippy::disallowed_methods, reason = "the event loop has the clock")]
pub mod run;
pub mod state;
#[cfg(test)]
mod tests;
pub mod update;
pub mod view;
