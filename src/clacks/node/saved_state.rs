use std::{io, path::Path};

use super::{
    StartError, StartWarning,
    directory::DirectoryLock,
    state_file::{State, StateFile},
};

/// The state file during the start. Errors in it are found before anything is created.
pub(super) struct SavedState<'a> {
    file: StateFile,
    directory: &'a Path,
    /// The state, if the directory existed. The directory is locked then.
    state: Option<State>,
    /// Why the directory is not writable, if so. It is not locked then.
    denied: Option<io::ErrorKind>,
}

impl<'a> SavedState<'a> {
    pub(super) fn of(directory: &'a Path) -> Result<Self, StartError> {
        let file = StateFile::in_directory(directory);
        let mut saved = Self { file, directory, state: None, denied: None };
        if directory.is_dir() {
            saved.state = Some(saved.lock_and_read()?);
        }
        Ok(saved)
    }

    /// Returns the state. Creates the directory if it is missing.
    pub(super) fn load(&mut self) -> Result<State, StartError> {
        match self.state.take() {
            Some(state) => Ok(state),
            None => self.lock_and_read(),
        }
    }

    /// The file to save to, or why there is none.
    pub(super) fn into_file(self) -> Result<StateFile, StartWarning> {
        match self.denied {
            Some(reason) => Err(StartWarning::NotSaved { path: self.directory.to_owned(), reason }),
            None => Ok(self.file),
        }
    }

    fn lock_and_read(&mut self) -> Result<State, StartError> {
        match DirectoryLock::acquire(self.directory) {
            Ok(lock) => self.file.hold_lock(lock),
            Err(error) => {
                self.denied = error.denied().filter(|_| self.directory.is_dir());
                if self.denied.is_none() {
                    return Err(error.into());
                }
            }
        }
        let state = self.file.load()?;
        if self.denied.is_none() {
            self.file.sweep();
        }
        Ok(state)
    }
}
