//! The dashboard: a [`model`] that [`update`] changes and [`view`] draws, all pure, and [`run`], the loop that connects
//! them to the terminal and to the node. [`state`] holds the data that the model is made of, [`pages`] the text that
//! opens over the lists, [`available`] which commands can be run now.

pub mod available;
pub mod keymap;
pub mod model;
pub mod pages;
pub mod run;
pub mod state;
#[cfg(test)]
mod tests;
pub mod update;
pub mod view;
