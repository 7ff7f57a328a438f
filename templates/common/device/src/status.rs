//! How it stands with this device.

use crate::find::shown;
use std::error::Error;
use windrow::Store;

/// What people need to know: how old the news is, and what has not been sent.
pub fn show(store: &Store) -> Result<(), Box<dyn Error>> {
    let status = store.status()?;
    println!("last contact  {}", shown(&status.last_contact));
    println!("pending       {} writes", status.pending_entries);
    println!("conflicts     {}", status.conflicts);
    println!("refused       {}", status.refused);
    if status.waits {
        println!("The hub's answer would delete most of a table, and it may have been restored.");
        println!("Ask whoever runs it; `decide --let-delete` lets it.");
    }
    Ok(())
}
