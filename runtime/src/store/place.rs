//! Where a device's file is, and what opens it.

use super::error::StoreError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// A key of 256 bits, or why there is none.
#[cfg(feature = "sqlcipher")]
type Key = dyn Fn() -> Result<[u8; 32], Box<dyn std::error::Error + Send + Sync>> + Send + Sync;

/// A device's file.
pub(super) struct Place {
    path: PathBuf,
    /// Asked whenever a connection is opened, and kept nowhere.
    #[cfg(feature = "sqlcipher")]
    key: Option<Box<Key>>,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.path).finish()
    }
}

impl Place {
    /// A file that anybody can read.
    pub(super) fn open(path: &Path) -> Place {
        Place {
            path: path.to_owned(),
            #[cfg(feature = "sqlcipher")]
            key: None,
        }
    }

    /// A file that is encrypted.
    #[cfg(feature = "sqlcipher")]
    pub(super) fn locked(path: &Path, key: Box<Key>) -> Place {
        Place { path: path.to_owned(), key: Some(key) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a fresh connection the key. What it says is not logged, and is no part of any error.
    pub(super) fn unlock(&self, _conn: &Connection) -> rusqlite::Result<()> {
        #[cfg(feature = "sqlcipher")]
        if let Some(key) = &self.key {
            let key = key().map_err(rusqlite::Error::ToSqlConversionFailure)?;
            let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            // As it is, and not as a password that a key is made of.
            _conn.pragma_update(None, "key", format!("x'{digits}'"))?;
        }
        Ok(())
    }

    /// To SQLite, a file that the key does not fit is none.
    pub(super) fn explained(&self, error: StoreError) -> StoreError {
        #[cfg(feature = "sqlcipher")]
        if self.key.is_some() && matches!(&error, StoreError::Open(super::error::OpenError::NotADatabase(_))) {
            return super::error::OpenError::Locked(self.path.clone()).into();
        }
        error
    }
}
