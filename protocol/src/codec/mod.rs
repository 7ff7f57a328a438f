//! Changesets and pages as bytes: format 2.
//!
//! ```text
//! message   kind, two bytes: "WC" changeset, "WP" page
//!           format, one byte: 2
//!           digest of the schema, 8 bytes
//!           flags, one byte: the highest bit says that the bytes of the body are compressed
//!           head
//!           length of the body's bytes, decompressed
//!           where they are compressed: their length as they travel
//!           the body's bytes
//!           the body's bits, to the end
//! ```
//!
//! What comes before the body can be read with no more than the schema. An unknown format is an error, never a guess.
//! Whoever knows several versions of a schema asks first which one a changeset names ([`changeset_schema`]). Tables and
//! fields are then named by their places in that version: its digest stands for all their names.
//!
//! # Numbers
//!
//! Lengths and counts are varints: seven bits a byte, low ones first, the high bit says that more follow. Signed ones are
//! folded first: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... Random numbers of 64 bits (marks, origins, devices) and hashes
//! are their 8 bytes, little-endian. A stamp alone is its distance from a near one: twice the milliseconds, signed, and one
//! more where the signed distance of the counters follows. A seq alone is its signed distance from a near one, a point
//! its seq and its mark. Where there is none near, it is zero.
//!
//! # Heads
//!
//! ```text
//! changeset device, author
//!           flag 4: hash over all ids
//!           upto
//!           without flag 1 (Point::START): checkpoint
//!           flag 16 (packed at an earlier checkpoint): the seq of that, near the checkpoint
//!           count of own, each a point, near the checkpoint
//!           flag 2: `after` of the one span, near upto; its origin is the author, its `upto` that of the changeset
//!           without: count of spans, each origin, `upto` near the changeset's, `after` near that
//!           flag 8: 0, or one more than the count of past checkpoints and these, points near the checkpoint; then a page
//!           with its length: each record asked about, a PATCH if it is offered, HELD if values are, else GONE
//! page      flag 2: hash over all ids
//!           at, highest
//!           flag 1: next: seq near `at`, table, id of 16 bytes
//!           flag 4: of each table the number of its rows, a varint, and their digest of 16 bytes, little-endian
//! ```
//!
//! # Body
//!
//! The body has two sections. Into `bytes` goes what a compressor gains on: shapes, texts, varints. Into `bits` go
//! numbers already as short as they get, bit by bit, low bits first; the last byte is filled up with zeros. `bytes` is a
//! zstd frame, if that is shorter, without its magic number, and without checksum, size or dictionary id. Its dictionary
//! is raw content made of the schema's names, so that it need not be sent. The decompressed size is in the head, and is
//! checked before and after.
//!
//! Groups follow one another to the end of `bytes`, tables ascending. Records of one group share a shape.
//!
//! ```text
//! group     table, as its distance from the last group's
//!           flags, one byte
//!           sixteen times the count of records, and the length of their ids: 0 to 13, that and 20 bits; 14, so many bits as
//!           the byte says that follows; 15, they are whole. In format 1, one less than their bytes
//!           changes: fields written: twice the field, and one more where differences are sent
//!                    flag STALE: stale fields
//!           told:    flag PATCH: fields told; without PATCH and GONE it is all of them
//!           ids
//!           changes: stamps, near upto; bases, near the checkpoint, or the one at which they were packed
//!           for each field
//!             changes, flag OWN_STAMPS: a stamp each, near the change's
//!             changes, flag OWN_BASES: a base each, near the change's
//!             values, or differences
//!           flag RESOLVES or CONFLICTS: those of each record, one after another
//! ```
//!
//! Lists of fields are a count and ascending numbers, each as its distance from the one after the last. The flags of
//! changes are BORN 1, DELETED 2, CASCADED 4, AGAIN 8, RESOLVES 16, STALE 32, OWN_STAMPS 64 (some write has another
//! stamp than its change), OWN_BASES 128; of told records PATCH 1, GONE 2, HELD 4, CONFLICTS 8.
//!
//! # Columns
//!
//! - **Integers**: one alone is a signed varint. More begin with a byte: its high half says how often neighbours were
//!   subtracted (0 to 2; the first value of each time follows, signed), its low half how the rest is written: 0 zero for
//!   all; 1 one value for all; 2 signed varints; 3 a width, then each in so many bits; 4 least value and greatest
//!   distance from it, then each distance in a truncated binary code; 5 least value and width, then each distance in
//!   Rice's code with that many low bits; 6 width, then each folded value in Rice's code; 7, without subtraction, the
//!   distinct values (count, then a column), then a column of places among them, both with a first byte however short; 8,
//!   without subtraction, bits that are the same in all: how many stand below them, how many they are (a byte each, together
//!   at most 63) and what they are, a varint; then a column of the values without them, with a first byte, not 7 or 8.
//!   A truncated binary code's shorter words stand first, and its highest bits before the lowest one. In Rice's code a
//!   quotient is ones, then a zero; 32 ones are an escape before 64 plain bits.
//! - **Ids**, ascending: one alone is its bits, byte by byte. More are columns of integers: the first 64 bits or
//!   fewer; then what follows; of whole ids the last 16 by themselves.
//! - **Stamps**: one alone as above; more are columns of integers, distances in milliseconds and distances of counters.
//! - **Seqs**: a column of integers, their distances.
//! - **Values** begin with a tag: 0 nothing but NULL, 1 integers, 2 reals, 3 texts, 4 texts listed, 5 enum variants by
//!   place, 6 blobs, 7 blobs listed, 8 ids, 9 mixed, 10 integers beside an earlier column, 11 texts word by word, 12 alike.
//!   Its high bit, not with 10 and 12, says that a bitmap of the NULLs follows. Texts and blobs are a column of lengths, then
//!   all contents; listed ones are a count of distinct ones, these, and a column of places. Mixed values are written one by one.
//! - **Texts word by word**: a text is its words with a space between each two. A count of words that are listed, and these,
//!   a space behind each; a count of words that are spelled, and these likewise; then of each text its words, and 0. The
//!   byte 1 is the next word that is spelled. Of 2 to 255 the last ones begin a word of two bytes, as few of them as leave all listed
//!   words a code; the others are a listed word each, in order. Words of two bytes come after these, high byte first.
//! - **Integers beside** an earlier column of the group's values, of integers without NULLs: which one, 0 for the nearest of
//!   such, at most 3; then a column of their distances from it.
//! - **Alike** are integers, reals, listed texts and blobs, variants and references without NULLs, whose last column of integers
//!   (values, units or bits, places) goes along with a list: an earlier column of the group's values, of tag 4, 5, 7 or 8 or
//!   alike with one of these, without NULLs. Which one, 0 for the nearest of such, at most 3; the tag that would else stand
//!   there; what it says stands before that column of integers; and in the place of that two. Of each place that occurs in the
//!   list, ascending, the integer of the first record that has it; then of all other records the distance from the integer of
//!   the last record that has the same place.
//! - **Reals** begin with a byte: up to 12, that many decimal places, then a column of integers in units of the last;
//!   255, then a column of the doubles' bits. Both give back every bit.
//! - **References** are blobs of 16 bytes: how many distinct ones stand among the whole ids of their table so far in the
//!   message, and how many do not; the places of those, a column; the ids of these; then, unless there is only one, a
//!   column of places among both.
//! - **Differences** begin with a byte: 0, a column of integers; 1, signed varints of up to 128 bits.
//! - **One by one**: a value is its class (0 NULL, 1 integer, 2 real, 3 text, 4 blob) and its content: signed varint, 8
//!   bytes, length and bytes. A resolve is what it is about (0 fields, 1 delete, 2 and more a unique field), its fields,
//!   their values, stamp and base. A conflict is what it is about, its fields, its seq, its candidates (a count; each a
//!   count of values, these, the device, the stamp), and 1 and an id, or 0.
//!
//! # Shortened ids
//!
//! A record that the receiver holds too is named by the leading bits of its id, the highest of each byte first. A hash over all whole ids of the message,
//! by table and id, guards them; [`Encoded::resolve`] makes them whole.
//!
//! # Trust
//!
//! Decoding answers every input with a message or an error. Counts and lengths are held against what is left, and memory
//! against [`Limits`], before any is taken; nothing recurses; time is linear in the input and the memory allowed.

mod changeset;
mod column;
mod dictionary;
mod error;
mod frame;
mod groups;
mod page;
mod read;
mod rows;
mod short;
mod write;

pub use self::changeset::{Packed, changeset_device, changeset_schema, decode_changeset, encode_changeset};
pub use self::error::{DecodeError, Part};
pub use self::page::{decode_page, encode_page, page_cursor};
pub use self::short::{Ambiguous, Encoded, ShortId};

/// The format that is written. Format 1 is read too: a device's file may hold a changeset that an older program made.
pub const FORMAT: u8 = 2;

/// What a message may take, whatever it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body, decompressed.
    pub bytes: usize,
    /// Bytes of memory that all decoded records and their values take.
    pub memory: usize,
}

impl Default for Limits {
    /// 64 MiB of bytes, 256 MiB of memory: a device's day is a thousandth of that.
    fn default() -> Limits {
        Limits { bytes: 64 << 20, memory: 256 << 20 }
    }
}

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// For what a device sends: time is cheap, bytes are not.
    Upload,
    /// For what a hub sends to many.
    Page,
}

impl Effort {
    /// Up to this size zstd's strongest ordinary level takes well under a second on a cheap phone.
    const SMALL: usize = 256 << 10;

    /// zstd's level for a body of this size.
    fn level(self, bytes: usize) -> i32 {
        match self {
            Effort::Upload if bytes <= Self::SMALL => 19,
            Effort::Upload => 9,
            Effort::Page => 7,
        }
    }
}
