//! Recordings that are written and read again.

pub(crate) mod fuzz;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
pub(crate) mod playing;
pub(crate) mod replay_conformance;
pub(crate) mod replay_errors;
pub(crate) mod replaying;
pub(crate) mod size;
pub(crate) mod toy;
pub(crate) mod version_1;
pub(crate) mod writing;
