use std::path::Path;

use super::{
    StartError,
    directory::DirectoryLock,
    state_file::{State, StateFile},
};

/// The state file on the way to a start. What is wrong with it is found before anything is made.
pub(super) struct Kept<'a> {
    pub(super) file: StateFile,
    directory: &'a Path,
    /// What was read, if the directory was there, which is locked then.
    state: Option<State>,
}

impl<'a> Kept<'a> {
    pub(super) fn of(directory: &'a Path) -> Result<Self, StartError> {
        let mut kept = Self { file: StateFile::in_directory(directory), directory, state: None };
        if directory.is_dir() {
            kept.state = Some(kept.lock_and_read()?);
        }
        Ok(kept)
    }

    /// Makes the directory if it was not there.
    pub(super) fn load(&mut self) -> Result<State, StartError> {
        match self.state.take() {
            Some(state) => Ok(state),
            None => self.lock_and_read(),
        }
    }

    fn lock_and_read(&self) -> Result<State, StartError> {
        self.file.keep_lock(DirectoryLock::acquire(self.directory)?);
        let state = self.file.load()?;
        self.file.sweep();
        Ok(state)
    }
}
