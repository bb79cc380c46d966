//! What a clacks node offers to every face.

pub mod json;
