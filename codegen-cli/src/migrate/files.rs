//! The lock and the migrations on disk.
//!
//! A migration is written to a folder beside its place and then given its name; the lock is written last, and likewise. So
//! a run that is cut off leaves the old lock, and at most a folder that the next run knows for what it is: its number is
//! greater than any in the lock.

use super::Migration;
use crate::disk::{self, at};
use crate::fault::Fault;
use crate::place::Place;
use std::fs;
use std::path::{Path, PathBuf};
use windrow_schema::lock::{DEVICE, HUB, Lock};

impl Place {
    /// Writes a migration and the lock that has it.
    pub(super) fn write(&self, lock: &Lock, migration: &Migration) -> Result<(), Fault> {
        let (all, folder) = (self.migrations(), self.folder(migration.plan.now()));
        at(&all, fs::create_dir_all(&all))?;
        let number = migration.plan.now().number;
        for left in self.left(&all, number)? {
            at(&left, fs::remove_dir_all(&left))?;
        }
        let making = all.join(format!(".{number:04}"));
        at(&making, fs::create_dir(&making))?;
        for (name, text) in self.texts(migration) {
            disk::write(&making.join(name), &text)?;
        }
        at(&folder, fs::rename(&making, &folder))?;
        disk::write(&self.lock_file(), &lock.write())
    }

    /// Each file of a migration, with its text.
    fn texts(&self, migration: &Migration) -> [(&'static str, String); 2] {
        let (version, domain) = (migration.plan.now(), &self.domain);
        let about = |whose: &str| {
            format!(
                "{domain}, version {}: {}. For the SQLite file of a {whose}.\nWritten by `windrow migrate`. Runs in one \
                 transaction, with foreign keys off.",
                version.number, version.name
            )
        };
        [(DEVICE, migration.device.text(&about("device"))), (HUB, migration.hub.text(&about("hub")))]
    }

    /// What a run that was cut off left: folders of this number or a later one, with nothing in them but our files.
    fn left(&self, all: &Path, number: u32) -> Result<Vec<PathBuf>, Fault> {
        let mut left = Vec::new();
        for entry in at(all, fs::read_dir(all))? {
            let path = at(all, entry)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let digits: String = name.trim_start_matches('.').chars().take_while(char::is_ascii_digit).collect();
            if !path.is_dir() || !digits.parse::<u32>().is_ok_and(|found| found >= number || name.starts_with('.')) {
                continue;
            }
            for file in at(&path, fs::read_dir(&path))? {
                let file = at(&path, file)?.path();
                if !is_ours(&file) {
                    let why =
                        "it is not in the lock, but has a file that `windrow` did not write; move it, or the folder";
                    return Err(Fault::Lock(file, why.to_owned()));
                }
            }
            left.push(path);
        }
        Ok(left)
    }
}

/// Whether it is a file of a migration, or one on its way to be.
fn is_ours(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    [DEVICE, HUB].iter().any(|ours| *ours == name || disk::making(ours) == name)
}

/// Makes the model newer than what was built of it: `domain!` asks to be compiled again when the lock changes, but where there
/// was none it did not know whom to watch.
pub(super) fn touch(model: &Path) -> Result<(), Fault> {
    let file = at(model, fs::File::options().append(true).open(model))?;
    at(model, file.set_modified(std::time::SystemTime::now()))
}
