//! What a database says of itself.

mod json;
mod text;

use crate::fault::Fault;
use std::path::Path;
use windrow::inspect::inspect;

pub(crate) fn write(file: &Path, as_json: bool) -> Result<String, Fault> {
    let report = inspect(file)?;
    Ok(if as_json { json::write(&report) } else { text::write(&report) })
}

/// Bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
