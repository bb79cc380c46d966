//! Facts about peers, messages and the choice of receivers in words, for the dashboard and the accessible interface.

pub mod choice;
pub mod life;
pub mod message;
pub mod peer;
