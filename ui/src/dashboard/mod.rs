//! The dashboard: a [`model`] that [`update`] changes and [`view`] draws, all pure, and [`run`], the loop that connects
//! them to the terminal and to the node. [`state`] holds the data that the model is made of, [`pages`] the text that
//! opens over the lists, [`available`] which commands can be run now.

pub(crate) mod pages;
pub(crate) mod run;
pub(crate) mod state;

mod available;

pub(crate) mod keymap;

mod model;

mod update;
mod view;

#[cfg(test)]
mod tests;
