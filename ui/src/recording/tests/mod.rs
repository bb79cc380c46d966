//! Recordings that are written and read again.

mod errors;
mod folding;
mod fuzz;
mod playing;
mod scripted;
mod writing;

pub(crate) use scripted::Recording;
