//! The project's `Cargo.lock`: the versions that Windrow itself was tested with, so that nothing is looked up.

use crate::disk;
use crate::fault::Fault;
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether Windrow is built with a crate of this name, from a registry.
pub(super) fn has(windrow: &Path, name: &str) -> Result<bool, Fault> {
    let path = windrow.join("Cargo.lock");
    if !path.is_file() {
        return Ok(false);
    }
    let text = disk::at(&path, fs::read_to_string(&path))?;
    let lock: Lock = toml::from_str(&text).map_err(|error| Fault::Lock(path, error.to_string()))?;
    Ok(lock.package.iter().any(|package| package.name == name && package.source.is_some()))
}

/// What is read of a `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    source: Option<String>,
}

/// Takes over the checkout's lock, and lets cargo put the project's packages in place of Windrow's. Whether it could:
/// cargo does it at the first build otherwise.
pub(super) fn write(windrow: &Path, root: &Path) -> Result<bool, Fault> {
    let (from, to) = (windrow.join("Cargo.lock"), root.join("Cargo.lock"));
    if !from.is_file() {
        return Ok(false);
    }
    disk::write(&to, &disk::at(&from, fs::read_to_string(&from))?)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut update = Command::new(cargo);
    update.args(["update", "--workspace", "--offline", "--quiet"]).current_dir(root);
    let done = update.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    Ok(done.is_ok_and(|status| status.success()))
}
