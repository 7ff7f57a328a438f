//! Which system calls change files, and how.

use super::Fault;
use super::place::{MACHINES, Machine};
use super::trace::Call;
use nix::libc;
use std::path::{Path, PathBuf};

/// A call that changes a file of a place, or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It creates a file, unless somebody else does first.
    Open,
    /// It writes bytes: where they are in memory, and where they go; `None`: where the descriptor stands.
    Write {
        /// Their address.
        from: u64,
        /// Their place in the file.
        at: Option<u64>,
    },
    /// It sets a file's length.
    Truncate(u64),
    /// What was written to the file, or to the folder, is to reach the disk.
    Sync,
    /// It removes a file's name.
    Unlink,
}

/// A file of a place, or the folder itself where `name` is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct File {
    /// Whose.
    pub machine: Machine,
    /// Its name in the folder.
    pub name: String,
}

/// What a call would change in this place.
///
/// # Errors
/// A call that would, in a way that nobody has thought of here.
pub fn change(root: &Path, call: &Call) -> Result<Option<(File, Change)>, Fault> {
    let behind = |fd: u64| call.path(fd);
    let [first, second, third, fourth] = call.args;
    let (path, change) = match call.number as i64 {
        libc::SYS_openat if third as i32 & libc::O_CREAT != 0 => {
            (Some(PathBuf::from(call.text(second)?)), Change::Open)
        }
        libc::SYS_open if second as i32 & libc::O_CREAT != 0 => (Some(PathBuf::from(call.text(first)?)), Change::Open),
        libc::SYS_write => (behind(first), Change::Write { from: second, at: None }),
        libc::SYS_pwrite64 => (behind(first), Change::Write { from: second, at: Some(fourth) }),
        libc::SYS_ftruncate => (behind(first), Change::Truncate(second)),
        libc::SYS_fsync | libc::SYS_fdatasync => (behind(first), Change::Sync),
        libc::SYS_unlink => (Some(PathBuf::from(call.text(first)?)), Change::Unlink),
        libc::SYS_writev if first <= 2 => return Ok(None),
        libc::SYS_writev | libc::SYS_pwritev | libc::SYS_fallocate => {
            return match behind(first).and_then(|path| file(root, &path)) {
                Some(file) => Err(format!("call {} writes to {file:?} in an unforeseen way", call.number).into()),
                None => Ok(None),
            };
        }
        libc::SYS_rename | libc::SYS_renameat | libc::SYS_renameat2 | libc::SYS_unlinkat | libc::SYS_truncate => {
            return Err(format!("call {} changes names in an unforeseen way", call.number).into());
        }
        _ => return Ok(None),
    };
    let nameless = |path: &Path| path.starts_with(root) && path.to_string_lossy().ends_with(" (deleted)");
    if matches!(change, Change::Write { .. }) && path.as_deref().is_some_and(nameless) {
        return Err(format!("{path:?} is written to, and no name is left to find it by").into());
    }
    Ok(path.and_then(|path| file(root, &path)).map(|file| (file, change)))
}

/// A path's place. A file whose name is gone already concerns nobody.
fn file(root: &Path, path: &Path) -> Option<File> {
    let mut parts = path.strip_prefix(root).ok()?.iter().map(|p| p.to_str());
    let (folder, name) = (parts.next()??, parts.next().unwrap_or(Some(""))?);
    let machine = MACHINES.into_iter().find(|m| m.folder() == folder)?;
    (!name.ends_with(" (deleted)")).then(|| File { machine, name: name.to_owned() })
}

impl File {
    /// Where it is.
    pub fn path(&self, root: &Path) -> PathBuf {
        root.join(self.machine.folder()).join(&self.name)
    }

    /// The memory that SQLite's connections share: worth nothing after a power cut, and made anew then.
    pub fn is_shared_memory(&self) -> bool {
        self.name.ends_with("-shm")
    }

    /// Whether it is the folder.
    pub fn is_folder(&self) -> bool {
        self.name.is_empty()
    }
}
