//! Changesets and pages.

use crate::{Alone, MIB, alone, varint};
use std::path::Path;
use windrow_protocol::codec::{DecodeError, Limits, Part, decode_changeset, decode_page};
use windrow_protocol::model::{Deletes, Field, Kind, Schema, Strategy, Table};

const LIMITS: Limits = Limits { bytes: 4 * MIB, memory: 16 * MIB };

static FIELDS: [Field; 8] = [const {
    Field {
        name: "note",
        kind: Kind::Text,
        nullable: true,
        strategy: Strategy::Lww,
        parent: None,
        unique: false,
        default: None,
    }
}; 8];

fn schema() -> Schema {
    let table =
        |name, type_name, fields| Table { name, type_name, fields, deletes: Deletes::Keep, whole: false, scope: false };
    Schema::new(vec![table("bare", "Bare", &[]), table("wide", "Wide", &FIELDS)]).unwrap()
}

/// The beginning of a changeset without own commits and spans, or of a page; flag 0x80: the body is compressed.
fn message(magic: &[u8; 2], flags: u8, body: &[u8]) -> Vec<u8> {
    let (flags, head) =
        if magic == b"WC" { (flags | 1, [&[0; 16][..], &[0, 0, 0]].concat()) } else { (flags, vec![0; 10]) };
    [&magic[..], &[1], &schema().digest(), &[flags], &head, body].concat()
}

fn plain(magic: &[u8; 2], group: &[u8]) -> Vec<u8> {
    message(magic, 0, &[&varint(group.len() as u64), group].concat())
}

fn decode(memory: &Alone, bytes: &[u8], limits: &Limits) -> (Result<usize, DecodeError>, usize) {
    let schema = schema();
    memory.peak(|| match &bytes[..2] {
        b"WC" => decode_changeset(&schema, bytes, limits).map(|c| c.unresolved().changes.len()),
        _ => decode_page(&schema, bytes, limits).map(|p| p.unresolved().told.len()),
    })
}

/// Blocks of zeros, 128 KiB from four bytes each.
fn blocks(n: usize) -> Vec<u8> {
    let block = |last: u32| ((128 << 10) << 3 | 1 << 1 | last).to_le_bytes();
    let block = |last| [&block(last)[..3], &[0]].concat();
    std::iter::repeat_n(block(0), n - 1).chain([block(1)]).flatten().collect()
}

fn packed(claim: u64, frame: &[u8]) -> Vec<u8> {
    message(b"WC", 0x80, &[&varint(claim), &varint(frame.len() as u64), frame].concat())
}

/// 1 GiB from 32 KiB, in every way in which zstd can be told to: nothing is decompressed beyond what the head claims, and no
/// claim beyond the limit is heard.
#[test]
fn a_gibibyte_of_zstd_takes_no_more_than_the_limit() {
    let memory = alone();
    let gib = 8192;
    let (no_size, window) = ([0], [7 << 3]);
    // Without its size; with it, true and false; with the widest window; whole frames behind one another; a skippable
    // frame of 4 GiB before it.
    let single = |size: u64| [&[0xe0][..], &size.to_le_bytes()].concat();
    let magic = [0x28, 0xb5, 0x2f, 0xfd];
    let small = [&no_size[..], &window, &blocks(32)].concat();
    let frames = [
        [&no_size[..], &window, &blocks(gib)].concat(),
        [single(1 << 30), blocks(gib)].concat(),
        [single(u64::MAX - 2), blocks(gib)].concat(),
        [&no_size[..], &[0xff], &blocks(gib)].concat(),
        [small.clone(), [&magic[..], &small].concat().repeat(255)].concat(),
        [&no_size[..], &window, &blocks(1), &[0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff], &magic, &small].concat(),
    ];
    for (n, frame) in frames.iter().enumerate() {
        for claim in [1 << 60, 1 << 30, (4 * MIB) as u64, (4 * MIB) as u64 - 1, 100, 0] {
            let (decoded, peak) = decode(&memory, &packed(claim, frame), &LIMITS);
            assert!(decoded.is_err(), "frame {n}, claim {claim}: {decoded:?}");
            assert!(peak <= LIMITS.bytes + MIB, "frame {n}, claim {claim}: {peak} bytes");
        }
    }
}

#[test]
fn lengths_and_counts_of_two_to_the_sixtieth_take_no_memory() {
    let memory = alone();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/tests/golden");
    let (schema, huge) = (schema(), varint(1 << 60));
    for file in std::fs::read_dir(golden.join(windrow_protocol::codec::FORMAT.to_string())).unwrap() {
        let mut bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes[3..11].copy_from_slice(&schema.digest());
        for at in 11..bytes.len() {
            let bytes = [&bytes[..at], &huge, &bytes[at + 1..]].concat();
            let (_, peak) = decode(&memory, &bytes, &LIMITS);
            assert!(peak <= MIB, "at {at}: {peak} bytes");
        }
    }
}

/// Ids a step apart, as three constant columns.
const IDS: [u8; 5] = [0x11, 0, 2, 0, 0];

/// A group of `n` records whose ids are whole.
fn group(table: u8, flags: u8, n: u64, rest: &[&[u8]]) -> Vec<u8> {
    [&[table, flags][..], &varint(n << 4 | 15), &rest.concat()].concat()
}

/// A few bytes that stand for as many records as they say. They are refused once they would take more than the limit, and
/// up to there they take not much more than it.
#[test]
fn a_few_bytes_that_claim_a_hundred_million_records_take_what_the_limit_allows() {
    let memory = alone();
    let bare = |n| plain(b"WC", &group(0, 0, n, &[&[0], &IDS, &[0, 0, 0]]));
    // Fields written are numbered in twos; each is the next one but one.
    let fields = [8, 0, 1, 1, 1, 1, 1, 1, 1];
    let wide = |n| plain(b"WC", &group(1, 0, n, &[&fields, &IDS, &[0, 0, 0], &[0; 8]]));
    let gone = |n| plain(b"WP", &group(0, 2, n, &[&IDS]));
    let nulls = |n| plain(b"WP", &group(1, 0, n, &[&IDS, &[0; 8]]));
    for (name, bomb) in
        [("bare", &bare as &dyn Fn(u64) -> Vec<u8>), ("wide", &wide), ("gone", &gone), ("nulls", &nulls)]
    {
        assert_eq!(decode(&memory, &bomb(3), &LIMITS).0, Ok(3), "{name}: the bomb is well made");
        let (mut most, mut highest) = (0, 0);
        for n in (2..32).map(|bits| 1 << bits) {
            let (decoded, peak) = decode(&memory, &bomb(n), &LIMITS);
            highest = highest.max(peak);
            match decoded {
                Ok(n) => most = n,
                Err(e) => assert!(matches!(e, DecodeError::TooLarge(_)), "{name}: {e}"),
            }
        }
        println!(
            "{name}: {} bytes give up to {most} records; peak {highest} of {}",
            bomb(1 << 24).len(),
            LIMITS.memory
        );
        assert!(most > 1000 && highest <= 2 * LIMITS.memory, "{name}: {most}, {highest}");
    }
}

#[test]
fn a_million_empty_groups_are_refused_at_the_first() {
    let memory = alone();
    let none = group(0, 0, 0, &[&[0]]).repeat(1_000_000);
    let (decoded, peak) = decode(&memory, &plain(b"WC", &none), &LIMITS);
    assert_eq!(decoded, Err(DecodeError::Malformed(Part::Shape, "a group without records")));
    assert!(peak < MIB, "{peak}");
}

/// The same record a hundred thousand times, in groups of its own and in one.
#[test]
fn ids_that_repeat_are_refused() {
    let memory = alone();
    let bits = [7; 16].repeat(100_000);
    let groups: Vec<u8> = group(0, 2, 1, &[]).repeat(100_000);
    let apart = [plain(b"WP", &groups), bits].concat();
    let together = plain(b"WP", &group(0, 2, 100_000, &[&[0, 0, 0]]));
    for bytes in [apart, together] {
        let (decoded, peak) = decode(&memory, &bytes, &Limits { memory: 64 * MIB, ..LIMITS });
        assert_eq!(decoded, Err(DecodeError::Malformed(Part::Ids, "a record that is named twice")));
        assert!(peak <= 64 * MIB, "{peak}");
    }
}
