//! Facts about peers and messages in words, for the dashboard and the accessible interface.

pub mod life;
pub mod message;
pub mod peer;
