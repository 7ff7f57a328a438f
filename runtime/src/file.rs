//! Small files that must survive a power cut.

use std::io::{self, Write};
use std::path::Path;

/// Makes the names of files in this file's folder last.
#[cfg(unix)]
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

/// Folders can't be synced here; the system does what it does.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a file that its owner alone can read, where there is none.
pub(crate) fn create_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut writing = open.open(file)?;
    writing.write_all(content)?;
    writing.sync_all()
}

/// Writes a file that its owner alone can read, whole or not at all.
pub(crate) fn replace_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    // One that a crash left may have other permissions.
    match std::fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create_private(new, content)?;
    std::fs::rename(new, file)?;
    sync_folder(file)
}
