//! Files of a world: where they are, fresh ones from a template, copies as a crash or a backup leaves them.

use super::schema::Schema;
use super::versions;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tempfile::TempDir;
use windrow::Store;
use windrow::hub::{OpenHub, SqliteHub};

/// One of so many worlds has several versions of its tables.
const SEVERAL: u64 = 4;

/// The tables of a world in all its versions, and files in which they are made already.
#[derive(Debug)]
pub struct Template {
    /// The tables, of the oldest version first.
    pub versions: Vec<Rc<Schema>>,
    dir: TempDir,
}

/// Whether the tables of the world of this seed have several versions.
pub fn has_versions(seed: u64) -> bool {
    seed % SEVERAL == SEVERAL / 2
}

impl Template {
    /// The tables of this seed, made once.
    ///
    /// # Errors
    /// What the product says of them.
    pub fn new(seed: u64) -> Result<Template, String> {
        let versions = if has_versions(seed) { versions::draw(seed)? } else { vec![Rc::new(Schema::draw(seed)?)] };
        let dir = crate::product::fast_dir().map_err(|e| e.to_string())?;
        let template = Template { versions, dir };
        for schema in &template.versions {
            drop(Store::open(template.device(schema), schema.domain).map_err(|e| e.to_string())?);
        }
        let hub = SqliteHub::open(template.hub()).map_err(|e| e.to_string())?;
        drop(hub.open_for(template.versions[0].domain).map_err(|e| e.to_string())?);
        Ok(template)
    }

    /// A device's file of this version that nobody has written to. All that is copied from it has one device number.
    pub fn device(&self, schema: &Schema) -> PathBuf {
        self.dir.path().join(format!("device{}.db", schema.number))
    }

    /// The file of a hub of the first version that nobody has met.
    pub fn hub(&self) -> PathBuf {
        self.dir.path().join("hub.db")
    }
}

/// Where a world's files are.
#[derive(Debug)]
pub struct Place {
    dir: TempDir,
    made: u64,
}

impl Place {
    /// In memory, or on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(on_disk: bool) -> Result<Place, String> {
        let dir = if on_disk { TempDir::new() } else { crate::product::fast_dir() };
        Ok(Place { dir: dir.map_err(|e| e.to_string())?, made: 0 })
    }

    /// A path of which there is no file yet.
    pub fn fresh(&mut self) -> PathBuf {
        self.made += 1;
        self.dir.path().join(format!("{}.db", self.made))
    }

    /// A copy of a file as it would be found had the machine's power held and its programs died just now: what is
    /// committed, be it in the write-ahead log. No transaction may be open.
    ///
    /// # Errors
    /// What the system says.
    pub fn copy(&mut self, from: &Path) -> Result<PathBuf, String> {
        let to = self.fresh();
        let say = |e: io::Error| format!("{}: {e}", from.display());
        std::fs::copy(from, &to).map_err(say)?;
        match std::fs::copy(log_of(from), log_of(&to)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(say(e)),
            _ => Ok(to),
        }
    }

    /// Deletes a file and what stands beside it.
    pub fn forget(&self, path: &Path) {
        for name in [path.to_owned(), log_of(path), beside(path, "-shm")] {
            // What is not there need not go; the whole directory goes with the world.
            std::fs::remove_file(name).ok();
        }
    }
}

fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(what);
    name.into()
}
