//! Recordings that are written and read again.

pub(crate) mod errors;
pub(crate) mod fuzz;
pub(crate) mod playing;
pub(crate) mod replay_conformance;
pub(crate) mod replay_errors;
pub(crate) mod replaying;
pub(crate) mod toy;
pub(crate) mod writing;
