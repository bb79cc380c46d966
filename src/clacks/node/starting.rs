use std::{io, path::Path};

use super::{
    StartError, StartWarning,
    directory::DirectoryLock,
    state_file::{State, StateFile},
};

/// The state file on the way to a start. What is wrong with it is found before anything is made.
pub(super) struct Kept<'a> {
    file: StateFile,
    directory: &'a Path,
    /// What was read, if the directory was there, which is locked then.
    state: Option<State>,
    /// Why nothing can be written in the directory, which is not locked then.
    denied: Option<io::ErrorKind>,
}

impl<'a> Kept<'a> {
    pub(super) fn of(directory: &'a Path) -> Result<Self, StartError> {
        let file = StateFile::in_directory(directory);
        let mut kept = Self { file, directory, state: None, denied: None };
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
