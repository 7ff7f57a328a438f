//! Where a project keeps its lock and its migrations.

use crate::args::SourceArgs;
use crate::fault::Fault;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use windrow_schema::Declared;
use windrow_schema::lock::{FILE, Lock, MIGRATIONS, Unread, Version};

/// Where a project keeps them.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) domain: String,
}

impl Place {
    /// As said; else where the nearest lock of the domain stands, beside the model's `Cargo.toml` or above; else beside that.
    pub(crate) fn of(source: &SourceArgs, into: Option<&Path>, declared: &Declared) -> Result<Place, Fault> {
        let domain = declared.name.clone();
        if let Some(root) = into {
            return match root.is_dir() {
                true => Ok(Place { root: root.to_owned(), domain }),
                false => Err(Fault::Said(format!("there is no folder {}; make it first", root.display()))),
            };
        }
        let model = source.model();
        let from = fs::canonicalize(model).map_err(|error| Fault::File(model.to_owned(), error))?;
        let crate_folder = from.ancestors().find(|folder| folder.join("Cargo.toml").is_file()).ok_or_else(|| {
            let why = "no Cargo.toml stands above it; name the folder of windrow.lock by --into";
            Fault::Said(format!("{}: {why}", model.display()))
        })?;
        let found = Lock::nearest(&domain, crate_folder, |path| fs::read_to_string(path));
        let found = found.map_err(|(path, why)| match why {
            Unread::File(error) => Fault::File(path, error),
            Unread::Lock(error) => Fault::Lock(path, error.to_string()),
        })?;
        let root = found.as_ref().map_or(crate_folder, |(folder, _)| folder);
        // Shown as people know it, where it is here or below.
        let here = std::env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
        let shown = root.strip_prefix(&here).map_or_else(|_| root.to_owned(), Path::to_owned);
        Ok(Place { root: shown, domain })
    }

    /// The lock's path.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.root.join(FILE)
    }

    /// The folder of all migrations.
    pub(crate) fn migrations(&self) -> PathBuf {
        self.root.join(MIGRATIONS)
    }

    /// The folder of the migration that leads to a version.
    pub(crate) fn folder(&self, version: &Version) -> PathBuf {
        self.migrations().join(version.folder())
    }

    /// The lock of this domain, if there is one.
    pub(crate) fn lock(&self) -> Result<Option<Lock>, Fault> {
        let path = self.lock_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Fault::File(path, error)),
        };
        match Lock::read(&text) {
            Ok(lock) if lock.domain() == self.domain => Ok(Some(lock)),
            Ok(lock) => {
                let why = format!(
                    "this is the lock of {}, and the model is {}; name another folder by --into, or the domain by --domain",
                    lock.domain(),
                    self.domain
                );
                Err(Fault::Lock(path, why))
            }
            Err(why) => Err(Fault::Lock(path, why.to_string())),
        }
    }
}
