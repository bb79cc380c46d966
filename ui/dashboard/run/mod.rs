//! The event loop: terminal, files, editor and source.

mod answers;
mod ask;
pub mod edits;
pub mod effects;
pub mod event_loop;
pub mod external_editor;
pub mod history_file;
pub mod list_directory;
pub mod peer_lists;
pub mod settings;
pub mod source;
pub(crate) mod stopping;
