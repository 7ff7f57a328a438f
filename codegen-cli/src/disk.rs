//! Files of a project: written whole, or not at all.

use crate::fault::Fault;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// With the path, where it failed.
pub(crate) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, Fault> {
    result.map_err(|error| Fault::File(path.to_owned(), error))
}

/// Writes a file, and the folders above it. It has its name only once it is on the disk.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Fault> {
    let folder = path.parent().unwrap_or(Path::new(""));
    at(folder, fs::create_dir_all(folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let making = folder.join(making(&name));
    at(&making, durable(&making, text))?;
    at(path, fs::rename(&making, path))
}

/// What a file is called until it is on the disk.
pub(crate) fn making(name: &str) -> String {
    format!(".{name}.windrow")
}

fn durable(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// All files below a folder, as paths from there, in order.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut found = Vec::new();
    walk(root, &mut found)?;
    let mut found: Vec<PathBuf> = found.iter().map(|path| path.strip_prefix(root).unwrap_or(path).to_owned()).collect();
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Fault> {
    for entry in at(folder, fs::read_dir(folder))? {
        let path = at(folder, entry)?.path();
        if path.is_dir() { walk(&path, found)? } else { found.push(path) }
    }
    Ok(())
}
