//! Any bytes, read as everything that a peer or a disk can bring: a value or an error, never a panic; a value that is
//! written again comes back equal.
#![no_main]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, dead_code)]

#[path = "../../protocol/tests/codec/domain.rs"]
mod domain;

use domain::{farm, id, schema};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::LazyLock;
use windrow::bundle::Arrived;
use windrow_fuzz::within;
use windrow_protocol::bundle::{Asked, Question, Told};
use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock::Seq;
use windrow_protocol::codec::{
    Effort, Limits, changeset_device, changeset_schema, decode_changeset, decode_page, encode_changeset, encode_page,
    page_cursor,
};
use windrow_protocol::message::{Answer, Commit, Prepare, Problem, Pull, from_bytes, sealed, to_bytes};
use windrow_protocol::model::Schema;
use windrow_protocol::record::Record;
use windrow_protocol::told::{Cursor, tell};

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema);
const LIMITS: Limits = Limits { bytes: 1 << 20, memory: 4 << 20 };
/// Where changesets and pages name their schema.
const DIGEST: std::ops::Range<usize> = 3..11;

/// What one input may take, in MiB: what is decoded, and the same again to be compared, each with its working copies.
const MEMORY: usize = 32;

fuzz_target!(|bytes: &[u8]| -> Corpus { within(MEMORY, || read(bytes)) });

fn read(bytes: &[u8]) -> Corpus {
    match bytes {
        [b'W', b'R', ..] => messages(bytes),
        [b'W', b'C' | b'P', ..] => encoded(bytes),
        [b'W', b'B', ..] => drop(Arrived::read(bytes)),
        [b'{', ..] => problem(bytes),
        [table, packed @ ..] => record(usize::from(*table) % SCHEMA.tables().len(), packed),
        [] => return Corpus::Reject,
    }
    Corpus::Keep
}

/// A fuzzer can't guess a checksum: it is put behind.
fn messages(bytes: &[u8]) {
    let bytes = &sealed(bytes.to_vec());
    let _ = Chunk::arrived(bytes);
    comes_back::<Prepare>(bytes);
    comes_back::<Commit>(bytes);
    comes_back::<Pull>(bytes);
    comes_back::<Answer>(bytes);
    comes_back::<Cursor>(bytes);
    comes_back::<Told>(bytes);
    comes_back::<Question>(bytes);
    if let Ok(asked) = Asked::from_bytes(bytes) {
        assert_eq!(Asked::from_bytes(&asked.to_bytes().unwrap()).as_ref(), Ok(&asked));
    }
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok(message) = from_bytes::<T>(bytes) {
        assert_eq!(from_bytes::<T>(&to_bytes(&message).unwrap()).as_ref(), Ok(&message));
    }
}

/// A fuzzer can't guess a digest: it is put in.
fn encoded(bytes: &[u8]) {
    let (mut bytes, _) = (bytes.to_vec(), changeset_schema(bytes));
    if let Some(digest) = bytes.get_mut(DIGEST) {
        digest.copy_from_slice(&SCHEMA.digest());
    }
    if let Ok(changeset) = decode_changeset(&SCHEMA, &bytes, &LIMITS).map(|e| e.resolve(|_, low, _| Some(low))) {
        let Ok(changeset) = changeset else { return };
        let _ = changeset.is_in_order();
        // Who sends it is asked before anything else, and is the same.
        assert_eq!(changeset_device(&bytes), Ok(changeset.device));
        let again = encode_changeset(&SCHEMA, &changeset, &[], Effort::Page);
        let again = decode_changeset(&SCHEMA, &again, &Limits::default()).unwrap();
        assert_eq!(again.resolve(|_, _, _| None).unwrap(), changeset);
    }
    if let Ok(page) = decode_page(&SCHEMA, &bytes, &LIMITS).map(|e| e.resolve(|_, low, _| Some(low))) {
        let Ok(page) = page else { return };
        // Where it goes on is asked before the schema is known, and is the same.
        assert_eq!(page_cursor(&bytes), Ok(page.cursor()));
        let again = encode_page(&SCHEMA, &page, &[], Effort::Page);
        let again = decode_page(&SCHEMA, &again, &Limits::default()).unwrap();
        assert_eq!(again.resolve(|_, _, _| None).unwrap(), page);
    }
}

fn problem(bytes: &[u8]) {
    if let Ok(problem) = serde_json::from_slice::<Problem>(bytes) {
        assert_eq!(serde_json::from_slice::<Problem>(&serde_json::to_vec(&problem).unwrap()).unwrap(), problem);
    }
}

/// A stored record's state, beside the row of a farm; whatever asks it afterwards must get an answer.
fn record(ix: usize, packed: &[u8]) {
    let table = SCHEMA.table(ix);
    let shown = || Some(farm("Kericho").into_iter().take(table.fields.len()).collect());
    let Ok(record) = Record::unpack(table, packed, shown()) else { return };
    let again = Record::unpack(table, &record.pack().unwrap(), record.shown()).unwrap();
    assert_eq!(again, record);
    for whole in [false, true] {
        let told = tell((ix, table), id(1), &record, Seq::ZERO, &|_| true, whole);
        assert!(told.is_some() || !whole);
    }
    let open = record.conflicts(table);
    assert!(open.iter().flat_map(|c| &c.fields).all(|f| *f < table.fields.len()));
    let _ = (record.seq(), record.seq().next());
}
