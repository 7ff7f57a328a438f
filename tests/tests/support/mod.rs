//! The project's own files.

use std::path::{Path, PathBuf};

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in a folder of the project")
}

/// All files of these endings, as paths from the root, sorted. What is built, or begins with a dot, is none of them.
pub(crate) fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.retain(|file| file.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)));
    found.sort();
    found
}

/// The text of a file.
pub(crate) fn read(file: &Path) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        match path.is_dir() {
            true => walk(&path, found),
            false => found.push(path.strip_prefix(root()).expect("within the root").to_owned()),
        }
    }
}
