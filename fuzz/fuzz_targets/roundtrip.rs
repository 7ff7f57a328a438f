//! Any message that the types can hold comes back as it was, its ids whole or as short as they may be.
#![no_main]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, dead_code, unused_imports)]

#[path = "../../protocol/tests/codec/domain.rs"]
mod domain;
#[path = "../../protocol/tests/codec/ids.rs"]
mod ids;

use ids::{finder, lens};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use windrow_fuzz::{instructions, message};
use windrow_protocol::change::{Change, Changeset};
use windrow_protocol::codec::{Effort, Limits, decode_changeset, decode_page, encode_changeset, encode_page};
use windrow_protocol::model::Schema;
use windrow_protocol::told::Page;

static SCHEMA: LazyLock<Schema> = LazyLock::new(domain::schema);

fuzz_target!(|bytes: &[u8]| {
    let Some((least, bytes)) = bytes.split_first() else { return };
    let (changeset, page) = message::build(&SCHEMA, instructions(bytes, 200));
    // The strongest compression takes a thousand times as long, and is the same code.
    sent(&changeset, least % 128 + 1);
    answered(&page, least % 128 + 1);
});

fn sent(changeset: &Changeset, least: u8) {
    let keys: Vec<_> = changeset.changes.iter().map(Change::key).collect();
    let bytes = encode_changeset(&SCHEMA, changeset, &lens(&keys, least), Effort::Page);
    let decoded = decode_changeset(&SCHEMA, &bytes, &Limits::default()).unwrap();
    assert_eq!(&decoded.resolve(finder(keys)).unwrap(), changeset);
}

fn answered(page: &Page, least: u8) {
    let keys: Vec<_> = page.told.iter().map(|told| (told.table, told.id)).collect();
    let bytes = encode_page(&SCHEMA, page, &lens(&keys, least), Effort::Page);
    let decoded = decode_page(&SCHEMA, &bytes, &Limits::default()).unwrap();
    assert_eq!(&decoded.resolve(finder(keys)).unwrap(), page);
}
