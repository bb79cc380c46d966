//! Recordings that are written and read again.

pub(crate) mod errors;
pub(crate) mod fuzz;
pub(crate) mod playing;
pub(crate) mod writing;
