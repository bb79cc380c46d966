//! The rules of a node, each with a core that is driven by hand, and properties of whole clouds.

mod bench;
mod bounds;
mod healing;
mod joining;
mod letting_in;
mod members;
mod order;
mod properties;
mod repair;
mod seeking;
mod sending;
mod signing;
