//! `clacks`: a terminal monitor with a whole clacks node inside.

mod command;
#[expect(dead_code, unused_imports, reason = "the dashboard takes it")]
mod terminal;

fn main() {}
