//! Writes the seeds of all targets, from real encodings: `.ci/fuzz seeds`.
#![allow(clippy::unwrap_used, dead_code)]

mod columns;
#[path = "../../../protocol/tests/codec/domain.rs"]
mod domain;

// Built with the targets' flags, it needs what these flags call.
use libfuzzer_sys as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use windrow_fuzz::{device, hub, message};
use windrow_protocol::codec::{Limits, decode_changeset, decode_page};
use windrow_protocol::message::{Problem, ProblemKind, to_bytes};

fn main() -> std::io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    if seeds.exists() {
        std::fs::remove_dir_all(&seeds)?;
    }
    let asked = hub::seeds();
    for (name, asks) in &asked {
        write(seeds.join("hub").join(name), &rows(asks))?;
    }
    for (name, steps) in device::seeds() {
        write(seeds.join("device").join(name), &rows(&steps))?;
    }
    let formats = std::fs::read_dir(seeds.join("../../protocol/tests/golden"))?.collect::<Result<Vec<_>, _>>()?;
    for format in formats {
        for golden in std::fs::read_dir(format.path())? {
            let golden = golden?;
            let name = [format.file_name(), golden.file_name()].join("-".as_ref());
            let parts = parts_of(std::fs::read(golden.path())?);
            write(seeds.join("roundtrip").join(name), &[vec![0], rows(&parts)].concat())?;
        }
    }
    // Changesets and pages of all kinds are in `protocol/tests/golden`, which `decode` is given as it is; here is every way
    // to write a column, not compressed, so that a byte of it can be changed.
    let decode = seeds.join("decode");
    for (name, page) in columns::pages() {
        write(decode.join(name), &page)?;
    }
    for (n, ask) in asked.iter().flat_map(|(_, asks)| asks).enumerate() {
        let body = match ask {
            hub::Ask::Prepare(body) => to_bytes(body),
            hub::Ask::Commit(body) => to_bytes(body),
            hub::Ask::Pull(body) => to_bytes(body),
            hub::Ask::Session(_) => continue,
        };
        write(decode.join(format!("request-{n}")), unsealed(&body.unwrap()))?;
    }
    let answers: BTreeSet<_> = device::answers().map(|answer| to_bytes(answer).unwrap()).collect();
    for (n, answer) in answers.iter().enumerate() {
        write(decode.join(format!("answer-{n}")), unsealed(answer))?;
    }
    write(decode.join("problem"), &serde_json::to_vec(&Problem::new(ProblemKind::Busy, "Wait."))?)?;
    for (n, packed) in hub::records().iter().enumerate() {
        write(decode.join(format!("record-{n}")), packed)?;
    }
    Ok(())
}

/// A message without its checksum, which the target puts behind.
fn unsealed(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() - 4]
}

fn rows<T: Serialize>(all: &[T]) -> Vec<u8> {
    all.iter().flat_map(|one| postcard::to_allocvec(one).unwrap()).collect()
}

fn write(path: PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(path, bytes)
}

/// What a golden file says. Shortened ids stay as they are, filled up with zeros.
fn parts_of(mut golden: Vec<u8>) -> Vec<message::Part> {
    let (schema, limits) = (domain::schema(), Limits::default());
    golden[3..11].copy_from_slice(&schema.digest());
    match decode_changeset(&schema, &golden, &limits) {
        Ok(changeset) => message::parts(changeset.unresolved()),
        Err(_) => message::page_parts(decode_page(&schema, &golden, &limits).unwrap().unresolved()),
    }
}
