//! `clacks`: a terminal monitor with a whole clacks node inside.

mod command;

fn main() {}
