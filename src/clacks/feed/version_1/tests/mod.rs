//! Recordings that are written and read again.

mod before;
mod folding;
mod mirrored;
