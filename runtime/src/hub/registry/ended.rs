//! `hub.db.revoked`: hashes of tokens and codes that must never be accepted again, one a line.
//!
//! It stands beside the hub's file and not in it: a backup does not take it along, and a restore does not put an older one in
//! its place. It only grows, and each line is on the disk before the revocation is confirmed.

use super::RegistryError;
use crate::file::sync_folder;
use crate::identity::Hash;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const HEAD: &str = "# What this hub must not accept again. Leave it here when hub.db is restored from a backup.\n";

/// The file.
#[derive(Debug)]
pub(super) struct Ended {
    path: PathBuf,
}

impl Ended {
    /// The list beside this hub's file, and what stands in it.
    pub(super) fn open(hub: &Path) -> Result<(Ended, Vec<Hash>), RegistryError> {
        let mut name = hub.as_os_str().to_owned();
        name.push(".revoked");
        let ended = Ended { path: name.into() };
        if !ended.path.exists() {
            // Made by whoever makes the hub's file, so that the server may write to it, whoever else calls a command.
            ended.append("").map_err(|e| ended.broken(format!("can't be written: {e}")))?;
        }
        let hashes = ended.read()?;
        Ok((ended, hashes))
    }

    fn read(&self) -> Result<Vec<Hash>, RegistryError> {
        let text = match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(|e| self.broken(format!("can't be read: {e}")))?,
        };
        // A last line without an end was never confirmed: somebody died as it was written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let wrong = |n| format!("is damaged in line {}; put the line in order, or take it out if it is none", n + 1);
        lines.map(|(n, line)| parse(line).ok_or_else(|| self.broken(wrong(n)))).collect()
    }

    /// Adds these, for good.
    pub(super) fn add(&self, hashes: impl IntoIterator<Item = Hash>) -> Result<(), RegistryError> {
        let lines: String = hashes.into_iter().map(|hash| line(&hash)).collect();
        let added = if lines.is_empty() { Ok(()) } else { self.append(&lines) };
        added.map_err(|e| self.broken(format!("can't be written: {e}; nothing was changed")))
    }

    fn append(&self, lines: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).read(true).open(&self.path)?;
        let mut there = Vec::new();
        file.read_to_end(&mut there)?;
        // What somebody left unfinished goes.
        let whole = there.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        file.set_len(whole as u64)?;
        let head = if whole == 0 { HEAD } else { "" };
        file.write_all(format!("{head}{lines}").as_bytes())?;
        file.sync_all()?;
        if whole == 0 { sync_folder(&self.path) } else { Ok(()) }
    }

    fn broken(&self, what: String) -> RegistryError {
        RegistryError::Ended { path: self.path.clone(), what }
    }
}

fn line(hash: &Hash) -> String {
    let digits: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}\n")
}

fn parse(line: &str) -> Option<Hash> {
    let digits = Some(line.as_bytes()).filter(|digits| digits.len() == 64)?;
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    bytes.try_into().ok().map(Hash)
}

fn byte(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}
