//! What is known of peers, messages and the choice of receivers, in words: the same for the dashboard and for those who
//! have everything read to them.

pub mod choice;
pub mod life;
pub mod message;
pub mod peer;
