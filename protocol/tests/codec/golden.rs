//! Golden files fix each format for ever: they are added to, never changed. A folder holds a format's.
//!
//! Each is decoded and compared with the message that it was made from, and that with a snapshot for people. Where a
//! body is not compressed, encoding must give the same bytes too; zstd may learn to compress better.
//!
//! The digest of the schema is not part of that, for how a schema is digested may change: it is put in before reading.
//!
//! A missing file is written when `WINDROW_WRITE_GOLDEN` is set.

use crate::domain::{
    EMPTY, FARM, NOW, PLOT, change, changeset, farm, hlc, id, page, point, schema, seq, text, whole, writes,
};
use std::path::Path;
use windrow_protocol::change::{Change, Changeset, End, Held, Recovery, Resolve, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Point, Span};
use windrow_protocol::codec::{
    Effort, FORMAT, Limits, Packed, decode_changeset, decode_page, encode_changeset, encode_page,
};
use windrow_protocol::digest::TableDigest;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::told::{Choice, Conflict, News, Page, Reached, Told};
use windrow_protocol::value::Value;

/// The highest bit of a head's flags.
const COMPRESSED: u8 = 0x80;
/// Where the digest of the schema stands, and the flags behind it.
const DIGEST: std::ops::Range<usize> = 3..11;

/// A message as each format since that one has it, the present one last.
fn files(since: u8, name: &str, written: &[u8]) -> Vec<Vec<u8>> {
    let file = |format: u8| {
        let path = format!("{}/tests/golden/{format}/{name}.bin", env!("CARGO_MANIFEST_DIR"));
        if format == FORMAT && !Path::new(&path).exists() && std::env::var_os("WINDROW_WRITE_GOLDEN").is_some() {
            std::fs::write(&path, written).unwrap();
        }
        let mut golden = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        golden[DIGEST].copy_from_slice(&schema().digest());
        golden
    };
    (since..=FORMAT).map(file).collect()
}

fn check_bytes(files: &[Vec<u8>], written: &[u8]) {
    let present = &files[files.len() - 1];
    if present[DIGEST.end] & COMPRESSED == 0 {
        assert_eq!(present, written);
    }
}

fn check_changeset(name: &str, changeset: &Changeset, lens: &[u8]) {
    let written = encode_changeset(&schema(), changeset, lens, Effort::Upload);
    check_written(1, name, changeset, &written);
}

fn check_written(since: u8, name: &str, changeset: &Changeset, written: &[u8]) {
    let files = files(since, name, written);
    for golden in &files {
        let decoded = decode_changeset(&schema(), golden, &Limits::default()).unwrap();
        let keys = changeset.changes.iter().map(Change::key);
        assert_eq!(&decoded.resolve(crate::ids::finder(keys)).unwrap(), changeset);
    }
    check_bytes(&files, written);
    insta::assert_debug_snapshot!(name, changeset);
}

fn check_page(name: &str, page: &Page, lens: &[u8]) {
    check_page_since(1, name, page, lens);
}

fn check_page_since(since: u8, name: &str, page: &Page, lens: &[u8]) {
    let written = encode_page(&schema(), page, lens, Effort::Page);
    let files = files(since, name, &written);
    for golden in &files {
        let decoded = decode_page(&schema(), golden, &Limits::default()).unwrap();
        let keys = page.told.iter().map(|told| (told.table, told.id));
        assert_eq!(&decoded.resolve(crate::ids::finder(keys)).unwrap(), page);
    }
    check_bytes(&files, &written);
    insta::assert_debug_snapshot!(name, page);
}

/// Ids as our own maker makes them: one origin, milliseconds ascending.
fn made(n: u128) -> RecordId {
    id(0x01a0_4000_0000_7000_8123_4567_89ab_0000 + (n << 80) + n * 7919)
}

fn set(values: Vec<Value>) -> impl Iterator<Item = (usize, What)> {
    values.into_iter().map(What::Set).enumerate()
}

fn born(change: Change) -> Change {
    Change { born: true, ..change }
}

#[test]
fn empty_changeset() {
    check_changeset("changeset-empty", &changeset(vec![]), &[]);
}

#[test]
fn changeset_of_a_device_that_never_spoke_to_a_hub() {
    let heads = Changeset {
        checkpoint: Point::START,
        own: vec![point(7), point(9)],
        spans: vec![
            Span { origin: Origin(5), after: Hlc::ZERO, upto: hlc(NOW - 60_000) },
            Span { origin: Origin(u64::MAX), after: hlc(NOW - 60_000), upto: hlc(NOW).next() },
        ],
        upto: hlc(NOW).next(),
        device: DeviceId::ZERO,
        ..changeset(vec![])
    };
    check_changeset("changeset-heads", &heads, &[]);
}

#[test]
fn changeset_of_a_device_whose_hub_was_restored() {
    let keys = [(FARM, id(1)), (FARM, id(2)), (PLOT, id(3))];
    let held = Held { table: FARM, id: id(2), values: vec![(0, text("Kibo"))] };
    let recovery = Recovery {
        past: Some(vec![point(7), point(1234)]),
        ask: keys.to_vec(),
        missing: keys[1..].to_vec(),
        held: vec![held],
    };
    check_changeset("changeset-recovery", &Changeset { recovery, ..changeset(vec![]) }, &[]);
}

#[test]
fn page_with_digests() {
    let digests = [(0, 0), (7, 1 << 100), (1000, u128::MAX)].map(|(rows, sum)| TableDigest { rows, sum });
    check_page("page-digests", &Page { digests: Some(digests.to_vec()), ..page(vec![]) }, &[]);
}

#[test]
fn one_field_of_one_record() {
    let one = writes(change(FARM, made(1)), [(1, What::Add(3))]);
    check_changeset("changeset-one-field", &changeset(vec![one]), &[7]);
}

#[test]
fn changeset_that_was_packed_before_its_device_pulled() {
    let now = changeset(vec![writes(change(FARM, made(1)), [(1, What::Add(3))])]);
    let then = Changeset { checkpoint: point(now.checkpoint.seq.bits() - 17), own: Vec::new(), ..now.clone() };
    let packed = Packed::new(&schema(), then, &[7], Effort::Upload);
    let written = packed.seal(&schema(), now.checkpoint, now.own.clone());
    check_written(2, "changeset-packed-before", &now, &written);
}

/// Every kind of field, every class of value, and references into the changeset.
#[test]
fn births() {
    let farms = (0..4).map(|n| {
        let mut values = farm(if n % 2 == 0 { "Kericho" } else { "Nyeri" });
        values[4] = Value::Real([12.75, -0.5, f64::MAX, 1.0 / 3.0][n]);
        values[6] = Value::Integer([i64::MIN, -1, 0, i64::MAX][n]);
        values[9] = [text(""), Value::Null, text("\u{1f33e}\0"), Value::Integer(7)][n].clone();
        born(writes(change(FARM, made(n as u128)), set(values)))
    });
    let plots = (0..3).map(|n| {
        let within = if n == 0 { Value::Null } else { Value::Blob(made(100).0.to_vec()) };
        let farm_id = Value::Blob([made(0), made(0), id(42)][n].0.to_vec());
        let whats = [(0, What::Set(farm_id)), (1, What::Set(within)), (2, What::Add(5))];
        born(writes(change(PLOT, made(100 + n as u128)), whats))
    });
    check_changeset("changeset-births", &changeset(farms.chain(plots).collect()), &[]);
}

/// Deletes, cascades, new lives, stale references, decisions, stamps and bases of their own, differences beyond 64 bits.
#[test]
fn every_shape_of_change() {
    let resolve = |about, chosen| Resolve { about, chosen, hlc: hlc(NOW - 3), base: seq(1200) };
    let late = |field, what| Write { field, what, hlc: hlc(NOW - 500).next(), base: seq(1111) };
    let farm = |n| change(FARM, made(n));
    let mut changes = vec![
        Change { end: End::Delete, ..farm(1) },
        Change { end: End::Cascade, hlc: hlc(NOW - 7), base: seq(1000), ..farm(2) },
        writes(Change { born: true, again: true, ..farm(3) }, [(0, What::Set(text("again"))), (1, What::Add(-4))]),
        writes(Change { end: End::Delete, ..farm(4) }, [(4, What::Set(Value::Null))]),
        Change { writes: vec![late(0, What::Set(text("late"))), late(1, What::Add(i128::MIN))], ..farm(5) },
        Change { writes: vec![late(1, What::Add(i128::MAX)), late(2, What::Add(1 << 64))], ..farm(6) },
        Change {
            resolves: vec![
                resolve(About::Fields, vec![(8, text("draft"))]),
                resolve(About::Unique(11), vec![(11, text("B-2"))]),
                resolve(About::Delete, vec![]),
            ],
            ..farm(7)
        },
        Change { stale: vec![0, 1], ..change(PLOT, made(8)) },
        Change { born: true, ..change(EMPTY, made(9)) },
        Change { end: End::Delete, ..change(EMPTY, made(10)) },
    ];
    changes.sort_by_key(Change::key);
    let lens: Vec<u8> = changes.iter().map(|change| if change.born { 128 } else { 64 }).collect();
    check_changeset("changeset-shapes", &changeset(changes), &lens);
}

/// Enough of a kind for every coding of integers, and for compression.
#[test]
fn many_changes() {
    let one = |n: u64| {
        let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let whats = [
            (0, What::Set(text(["barley", "maize", "rice"][n as usize % 3]))),
            (2, What::Add((spread % 7).into())),
            (4, What::Set(Value::Real(spread as f64 / 100.0))),
            (6, What::Set(Value::Integer(NOW + 600_000 * n as i64))),
            (8, What::Set(text(["draft", "verified"][usize::from(n % 16 == 3)]))),
            (9, What::Set(if n.is_multiple_of(5) { Value::Null } else { Value::Text(format!("{{\"plot\": {n}}}")) })),
        ];
        writes(Change { hlc: hlc(NOW - spread as i64), ..change(FARM, made(n.into())) }, whats)
    };
    check_changeset("changeset-many", &changeset((0..90).map(one).collect()), &[64; 90]);
}

#[test]
fn empty_page() {
    check_page("page-empty", &page(vec![]), &[]);
}

/// Whole, patched and gone records, held or not, with conflicts and without, and where the next page goes on.
#[test]
fn every_shape_of_news() {
    let held = |table, n, what| Told { table, id: made(n), held: true, what, conflicts: None };
    let choice =
        |device, value| Choice { values: vec![value], device: DeviceId::from_bits(device).unwrap(), hlc: hlc(NOW) };
    let candidates = vec![choice(0, text("draft")), choice(3, Value::Null)];
    let open = Conflict { about: About::Fields, fields: vec![8], seq: seq(1299), candidates, other: None };
    let clash = Conflict {
        about: About::Unique(11),
        fields: vec![],
        seq: seq(1300),
        candidates: vec![],
        other: Some(made(77)),
    };
    let told = vec![
        whole(FARM, made(1), farm("Kericho")),
        Told { conflicts: Some(vec![open, clash]), ..whole(FARM, made(2), farm("Nyeri")) },
        held(FARM, 3, News::Patch(vec![(0, text("Meru")), (6, Value::Integer(NOW))])),
        Told { conflicts: Some(vec![]), ..held(FARM, 4, News::Patch(vec![])) },
        held(FARM, 5, News::Gone),
        Told { held: false, ..held(FARM, 6, News::Gone) },
        whole(PLOT, made(7), vec![Value::Blob(made(2).0.to_vec()), Value::Null, Value::Integer(3)]),
        whole(EMPTY, made(8), vec![]),
    ];
    let lens: Vec<u8> = told.iter().map(|told| if told.held { 56 } else { 128 }).collect();
    let next = Some(Reached { seq: seq(1250), table: PLOT, id: made(7) });
    check_page("page-shapes", &Page { next, ..page(told) }, &lens);
}

/// What format 2 learned after its first files: texts word by word, places near the last of the same name, and what all ids have
/// in common.
#[test]
fn columns_that_have_much_in_common() {
    let one = |n: u64| {
        let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let pick = |shift: u32, of: u64| (spread >> shift) % of;
        let words = (0..8).map(|word| ["maize", "rows", "", "weighed", "dry", "lorry"][pick(word * 5 + 8, 6) as usize]);
        let farm = pick(40, 6);
        let values = vec![
            (0, Value::Text(["Meru", "Embu", "Kilifi", "Nyeri", "Bomet", "Lamu"][farm as usize].to_owned())),
            (4, Value::Real((farm * 700_000 + pick(20, 100)) as f64 / 1e6)),
            (6, Value::Integer(NOW + (farm * 50_000_000 + pick(24, 1000)) as i64)),
            (9, Value::Text(format!("{} {}", words.collect::<Vec<_>>().join(" "), if n == 7 { "slpi" } else { "ok" }))),
        ];
        let random = u128::from(spread) << 64 | u128::from(!spread);
        let id = id(random & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62);
        Told { table: FARM, id, held: false, what: News::Patch(values), conflicts: None }
    };
    let mut told: Vec<Told> = (1..=40).map(one).collect();
    told.sort_by_key(|told| told.id);
    check_page_since(2, "page-common", &page(told), &[]);
}
