//! The product itself on such a model: what it makes of a new file is what the other checks take for one.

use super::Fault;
use super::database::{self, Of};
use crate::product::fast_dir;
use crate::product::hub::Hub;
use crate::versions::{domain, fill};
use fastrand::Rng;
use windrow::Store;
use windrow::rusqlite::Connection;
use windrow_schema::Declared;

/// Opens new files, writes, and opens them again.
///
/// # Errors
/// Files that are made of something else; what the product says.
pub(super) fn opens(rng: &mut Rng, declared: &Declared) -> Result<(), Fault> {
    let dir = fast_dir().map_err(|e| e.to_string())?;
    let (device, hub) = (dir.path().join("device.db"), dir.path().join("hub.db"));
    let (domain, tables) = (domain(&declared.tables)?, &declared.tables);
    let store = Store::open(&device, domain).map_err(|e| e.to_string())?;
    fill(&store.connection().map_err(|e| e.to_string())?, rng, tables, 20);
    drop(store);
    let store = Store::open(&device, domain).map_err(|e| e.to_string())?;
    if !store.warnings().is_empty() {
        return Err(format!("a file that is opened again: {:?}", store.warnings()));
    }
    store.pending().map_err(|e| e.to_string())?;
    store.changelog().map_err(|e| e.to_string())?;
    drop(Hub::open(&hub, domain)?);
    for (of, path) in [(Of::Device, device), (Of::Hub, hub)] {
        let conn = Connection::open(path).map_err(|e| e.to_string())?;
        database::new(&conn, of, declared, |_| true).map_err(|e| format!("the product: {e}"))?;
    }
    Ok(())
}
