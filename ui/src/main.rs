//! `clacks`: a terminal monitor with a whole clacks node inside.

mod command;
mod terminal;
#[cfg_attr(not(test), expect(dead_code, reason = "the views that show text are not there yet"))]
mod untrusted;

fn main() {}
