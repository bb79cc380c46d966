//! The event loop: terminal, files, editor and source.

pub(crate) mod ask;
pub(crate) mod edits;
pub(crate) mod effects;
pub(crate) mod event_loop;
pub(crate) mod external_editor;
pub(crate) mod history_file;
pub(crate) mod list_directory;
pub(crate) mod source;
