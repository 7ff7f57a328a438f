//! Where the lock of a domain stands: the macros and the command look for it by one rule.

use super::{FILE, Lock, LockError};
use std::io;
use std::path::{Path, PathBuf};

/// Why a lock that was found says nothing.
#[derive(Debug)]
pub enum Unread {
    /// The file can't be read.
    File(io::Error),
    /// Its text is no lock.
    Lock(LockError),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unread::File(error) => error.fmt(f),
            Unread::Lock(error) => error.fmt(f),
        }
    }
}

impl Lock {
    /// The lock of this domain that is nearest, with its folder: that of the model's crate, or one above. `read` reads a
    /// file.
    ///
    /// # Errors
    /// A lock on the way that can't be read, whoever's it is, with its path.
    pub fn nearest(
        domain: &str,
        crate_folder: &Path,
        read: impl Fn(&Path) -> io::Result<String>,
    ) -> Result<Option<(PathBuf, Lock)>, (PathBuf, Unread)> {
        for folder in crate_folder.ancestors() {
            let path = folder.join(FILE);
            let text = match read(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err((path, Unread::File(error))),
            };
            match Lock::read(&text) {
                Ok(lock) if lock.domain() == domain => return Ok(Some((folder.to_owned(), lock))),
                Ok(_) => {}
                Err(error) => return Err((path, Unread::Lock(error))),
            }
        }
        Ok(None)
    }
}
