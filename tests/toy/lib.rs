//! A network that exists only in memory: letterboxes that pass postcards on, each with a stamp of every box that it went
//! through.
//!
//! It is the smallest complete example of a network, in the rooms that every network has: [`core`] is the state machine,
//! without a clock or a socket; [`node`] runs it and sends its events; the other modules are its feed: the description,
//! the rows, the lines of events, the commands.

pub mod core;
pub mod node;

mod commands;
mod description;
mod event;
mod rows;
#[cfg(test)]
mod tests;

pub use event::ToyEvent;
pub use node::Toy;
