//! Changesets and pages as bytes.

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

pub use self::changeset::{changeset_schema, decode_changeset, encode_changeset};
pub use self::error::{DecodeError, Part};
pub use self::page::{decode_page, encode_page};
pub use self::short::{Ambiguous, Encoded, ShortId};

/// The format that is written, and the only one that is read.
pub const FORMAT: u8 = 1;

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
            Effort::Page => 3,
        }
    }
}
