//! Recordings that are written and read again.

pub(crate) mod before;
pub(crate) mod errors;
pub(crate) mod folding;
pub(crate) mod fuzz;
pub(crate) mod playing;
pub(crate) mod writing;
