//! The product itself on such a model: its files go through the same versions, and are made of what the other checks say.

use super::Fault;
use super::database::{self, Of};
use crate::descriptors;
use crate::product::fast_dir;
use crate::product::hub::Hub;
use crate::versions::fill;
use fastrand::Rng;
use windrow::Store;
use windrow::rusqlite::Connection;
use windrow_schema::Declared;
use windrow_schema::lock::Lock;

/// Opens a device's and a hub's file with each version in turn, and writes. How many files were opened.
///
/// # Errors
/// Files that are made of something else; what the product says.
pub(super) fn opens(rng: &mut Rng, lock: &Lock, versions: &[Declared]) -> Result<u64, Fault> {
    let dir = fast_dir().map_err(|e| e.to_string())?;
    let (device, hub) = (dir.path().join("device.db"), dir.path().join("hub.db"));
    let domains = descriptors::versions(lock)?;
    for (domain, declared) in domains.iter().zip(versions) {
        let store = Store::open(&device, domain).map_err(|e| e.to_string())?;
        fill(&store.connection().map_err(|e| e.to_string())?, rng, &declared.tables, 20);
        drop(store);
        let store = Store::open(&device, domain).map_err(|e| e.to_string())?;
        if !store.warnings().is_empty() {
            return Err(format!("a file that is opened again: {:?}", store.warnings()));
        }
        store.pending().map_err(|e| e.to_string())?;
        store.changelog().map_err(|e| e.to_string())?;
        drop(Hub::open(&hub, domain)?);
        for (of, path) in [(Of::Device, &device), (Of::Hub, &hub)] {
            let conn = Connection::open(path).map_err(|e| e.to_string())?;
            database::sound(&conn)?;
            database::new(&conn, of, declared, |_| true).map_err(|e| format!("the product: {e}"))?;
        }
    }
    Ok(2 * domains.len() as u64)
}
