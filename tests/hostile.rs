//! A node with hostile clients: it responds to everything or closes the connection, and then serves the next honest
//! client as before.

#![allow(clippy::disallowed_methods, reason = "tests and benchmarks measure time")]

mod support;

#[path = "hostile/answers.rs"]
mod answers;
#[path = "hostile/bodies.rs"]
mod bodies;
#[path = "hostile/connections.rs"]
mod connections;
#[path = "hostile/framing.rs"]
mod framing;
#[path = "hostile/limits.rs"]
mod limits;
#[path = "hostile/tower.rs"]
mod tower;
