//! What is known of peers, messages and the choice of receivers, in words: the same for the dashboard and for those who
//! have everything read to them.

pub(crate) mod choice;
pub(crate) mod life;
pub(crate) mod message;
pub(crate) mod peer;
