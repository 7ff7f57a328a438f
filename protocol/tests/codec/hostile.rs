//! Decoders answer every input with a value or an error, within bounded memory.

use crate::arbitrary;
use crate::domain::{FARM, change, changeset, id, page, schema, text, whole, writes};
use proptest::prelude::*;
use proptest::sample::Index;
use windrow_protocol::change::What;
use windrow_protocol::codec::{
    DecodeError, Effort, FORMAT, Limits, Part, changeset_schema, decode_changeset, decode_page, encode_changeset,
    encode_page,
};

const LIMITS: Limits = Limits { bytes: 1 << 20, memory: 4 << 20 };

/// Decodes as both kinds. What is accepted must be a message like any other: sent again, it comes back the same.
pub(crate) fn decode(bytes: &[u8]) {
    let _ = changeset_schema(bytes);
    if let Ok(decoded) = decode_changeset(&schema(), bytes, &LIMITS)
        && let Ok(changeset) = decoded.resolve(|_, low, _| Some(low))
    {
        let again = encode_changeset(&schema(), &changeset, &[], Effort::Page);
        let again = decode_changeset(&schema(), &again, &Limits::default()).unwrap();
        assert_eq!(again.resolve(|_, _, _| None).unwrap(), changeset);
    }
    if let Ok(decoded) = decode_page(&schema(), bytes, &LIMITS)
        && let Ok(page) = decoded.resolve(|_, low, _| Some(low))
    {
        let again = encode_page(&schema(), &page, &[], Effort::Page);
        let again = decode_page(&schema(), &again, &Limits::default()).unwrap();
        assert_eq!(again.resolve(|_, _, _| None).unwrap(), page);
    }
}

/// Whether these bytes are a changeset or a page.
pub(crate) fn is_message(bytes: &[u8]) -> bool {
    decode_changeset(&schema(), bytes, &LIMITS).is_ok() || decode_page(&schema(), bytes, &LIMITS).is_ok()
}

/// A cut, or some bytes changed.
fn damage(mut bytes: Vec<u8>, cut: Option<Index>, changes: &[(Index, u8)]) -> Vec<u8> {
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    for (place, byte) in changes.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
    bytes
}

/// Bytes behind a good beginning, their body not compressed: they reach the decoder of groups.
fn head(magic: &[u8; 2], flags: u8, rest: &[u8]) -> Vec<u8> {
    [&magic[..], &[FORMAT], &schema().digest(), &[flags], rest].concat()
}

/// The head of a changeset without own commits and spans, as it stands before a body.
fn changeset_with(flags: u8, body: &[u8]) -> Vec<u8> {
    head(b"WC", flags | 1, &[&[0; 16][..], &[0, 0, 0], body].concat())
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode(&bytes);
    }

    #[test]
    fn any_groups(bytes in proptest::collection::vec(prop_oneof![0..20u8, any::<u8>()], 0..120), cut in any::<Index>()) {
        let len = cut.index(bytes.len() + 1);
        decode(&changeset_with(0, &[&varint(len as u64), &bytes[..]].concat()));
        let page = [&[0; 9][..], &[0], &varint(len as u64), &bytes].concat();
        decode(&head(b"WP", 0, &page));
    }
}

proptest! {
    #[test]
    fn damaged_changesets(
        changeset in arbitrary::changeset(),
        cut in proptest::option::of(any::<Index>()),
        changes in proptest::collection::vec(any::<(Index, u8)>(), 0..4),
    ) {
        decode(&damage(encode_changeset(&schema(), &changeset, &[], Effort::Page), cut, &changes));
    }

    #[test]
    fn damaged_pages(
        page in arbitrary::page(),
        cut in proptest::option::of(any::<Index>()),
        changes in proptest::collection::vec(any::<(Index, u8)>(), 0..4),
    ) {
        decode(&damage(encode_page(&schema(), &page, &[], Effort::Page), cut, &changes));
    }

    /// A message that was cut is never taken for a whole one.
    #[test]
    fn no_beginning_of_a_changeset_is_one(changeset in arbitrary::changeset(), cut in any::<Index>()) {
        let bytes = encode_changeset(&schema(), &changeset, &[], Effort::Page);
        let cut = cut.index(bytes.len());
        prop_assert!(decode_changeset(&schema(), &bytes[..cut], &LIMITS).is_err());
    }
}

fn error(bytes: &[u8]) -> DecodeError {
    decode_changeset(&schema(), bytes, &LIMITS).unwrap_err()
}

/// A zstd frame of zeros in blocks of 128 KiB, four bytes each, without its magic number.
fn zeros(blocks: usize) -> Vec<u8> {
    let block = |last: u32| ((128 << 10) << 3 | 1 << 1 | last).to_le_bytes();
    let block = |last| [&block(last)[..3], &[0]].concat();
    let frame = std::iter::repeat_n(block(0), blocks - 1).chain([block(1)]);
    // No size, no checksum, a window of 128 KiB.
    [vec![0, 7 << 3], frame.flatten().collect()].concat()
}

/// A changeset whose compressed body claims to be `len` bytes long.
fn bomb(len: u64, frame: &[u8]) -> Vec<u8> {
    changeset_with(0x80, &[&varint(len), &varint(frame.len() as u64), frame].concat())
}

#[test]
fn a_frame_that_expands_to_a_gibibyte_is_refused() {
    let frame = zeros(8192);
    assert!(frame.len() < 33_000);
    assert_eq!(error(&bomb(1 << 30, &frame)), DecodeError::TooLarge(Part::Body));
    let lies = DecodeError::Malformed(Part::Body, "not a zstd frame of the announced size");
    assert_eq!(error(&bomb(1 << 20, &frame)), lies);
    assert_eq!(error(&bomb(100, &frame)), lies);
}

#[test]
fn the_frames_of_these_tests_are_frames() {
    // Zeros are groups of farms with no records: the body was decompressed and read.
    assert_eq!(error(&bomb(128 << 10, &zeros(1))), DecodeError::Malformed(Part::Shape, "a group without records"));
}

#[test]
fn a_size_that_nothing_compressed_reaches_takes_no_memory() {
    let reason = "a size that no compression reaches";
    assert_eq!(error(&bomb(1 << 20, &[0; 20])), DecodeError::Malformed(Part::Body, reason));
}

#[test]
fn a_group_of_countless_records_is_refused() {
    for n in [1 << 16, 1 << 40, u64::MAX >> 4] {
        // Farms, no flags, n records with whole ids, no fields.
        let group = [&[0, 0][..], &varint(n << 4 | 15), &[0]].concat();
        let bytes = changeset_with(0, &[&varint(group.len() as u64), &group[..]].concat());
        assert_eq!(error(&bytes), DecodeError::TooLarge(Part::Shape), "{n}");
    }
}

#[test]
fn one_long_text_in_many_records_is_held_against_the_memory() {
    let long = text(&"x".repeat(20_000));
    let row = |n| writes(change(FARM, id(n)), [(0, What::Set(long.clone()))]);
    let bytes = encode_changeset(&schema(), &changeset((0..300).map(row).collect()), &[], Effort::Page);
    assert!(bytes.len() < 1000, "{}", bytes.len());
    assert_eq!(error(&bytes), DecodeError::TooLarge(Part::Column(FARM, 0)));
    assert!(decode_changeset(&schema(), &bytes, &Limits::default()).is_ok());
}

/// A byte may stand for a word of any length: what a text will take is known only when its words are put together.
#[test]
fn one_long_word_many_times_is_held_against_the_memory() {
    let long = "x".repeat(2_000);
    let row = |n| writes(change(FARM, id(n)), [(0, What::Set(text(&vec![&long[..]; 1000 + n as usize].join(" "))))]);
    let bytes = encode_changeset(&schema(), &changeset((0..8).map(row).collect()), &[], Effort::Page);
    assert!(bytes.len() < 1000, "{}", bytes.len());
    assert_eq!(error(&bytes), DecodeError::TooLarge(Part::Column(FARM, 0)));
    assert!(decode_changeset(&schema(), &bytes, &Limits::default()).is_ok());
}

/// A column of one farm's patch, as a page has it: its field, then these bytes.
fn column(field: u8, rest: &[u8]) -> DecodeError {
    // Farms, a patch, two records with whole ids, one field; ids that are all zero but for the last bits.
    let ids = [0x00, 0x00, 0x03, 1];
    let group = [&[0, 1, 2 << 4 | 15, 1, field][..], &ids, rest].concat();
    let page = [&[0; 10][..], &varint(group.len() as u64), &group, &[2]].concat();
    decode_page(&schema(), &head(b"WP", 0, &page), &LIMITS).unwrap_err()
}

#[test]
fn columns_that_point_to_nothing_are_refused() {
    let refused = |field: u8, rest: &[u8], why| {
        assert_eq!(column(field, rest), DecodeError::Malformed(Part::Column(FARM, field.into()), why), "{rest:?}");
    };
    refused(0, &[11, 0, 0, 1, 0, 0], "a word that is not there");
    refused(0, &[11, 1, b'a', b' ', 0, 3, 0, 0], "a word that is not there");
    refused(0, &[11, 1, b'a', b' ', 0, 0xff, 0, 0], "a word that is not there");
    assert_eq!(column(0, &[11, 1, b'a', b'b']), DecodeError::Truncated(Part::Column(FARM, 0)));
    assert_eq!(column(0, &[11, 0, 0, 0]), DecodeError::Truncated(Part::Column(FARM, 0)));
    refused(6, &[12, 0, 1, 0, 0], "beside a column that is not there");
    refused(6, &[1, 8, 60, 4, 0, 0], "a gap out of range");
    refused(6, &[1, 8, 0, 2, 4, 0], "a gap out of range");
    refused(6, &[1, 8, 0, 2, 3, 8], "an unknown coding of integers");
}

#[test]
fn other_kinds_formats_and_schemas_are_told_apart() {
    let bytes = encode_changeset(&schema(), &changeset(vec![]), &[], Effort::Upload);
    let with = |place: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = byte;
        bytes
    };
    assert_eq!(error(b""), DecodeError::Truncated(Part::Head));
    assert_eq!(error(&with(1, b'P')), DecodeError::Magic("changeset"));
    assert_eq!(error(&with(2, 3)).to_string(), "a changeset of format 3, but only formats up to 2 can be read here");
    let other = with(3, !bytes[3]);
    assert!(matches!(error(&other), DecodeError::Schema { ours, .. } if ours == schema().digest()));
    assert_eq!(changeset_schema(&other).unwrap()[1..], schema().digest()[1..]);
    assert_eq!(error(&with(11, bytes[11] | 0x40)), DecodeError::Malformed(Part::Head, "unknown flags"));
    assert_eq!(error(&[&bytes[..], &[0]].concat()), DecodeError::Malformed(Part::Body, "more bytes than it announces"));
}

#[test]
fn text_that_is_not_utf8_names_its_field() {
    let rows = vec![whole(FARM, id(1), vec![text("barley"); 12])];
    let mut bytes = encode_page(&schema(), &page(rows), &[], Effort::Page);
    let place = bytes.windows(6).position(|w| w == b"barley").unwrap();
    bytes[place] = 0xff;
    let error = decode_page(&schema(), &bytes, &LIMITS).unwrap_err();
    assert!(error.to_string().ends_with("field 0: a text that is not UTF-8"), "{error}");
}
