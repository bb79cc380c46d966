//! Recordings that are written and read again.

mod before;
mod errors;
mod folding;
mod fuzz;
mod playing;

mod writing;
