//! What stands around every message: its kind, format and schema before, its compressed body behind.

use super::dictionary;
use super::error::{DecodeError, Part};
use super::read::{Reader, Result};
use super::write::Writer;
use super::{Effort, FORMAT, Limits};
use crate::model::Schema;
use std::borrow::Cow;
use std::io;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

/// A kind of message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// For people.
    pub(super) name: &'static str,
    /// What it begins with.
    pub(super) magic: [u8; 2],
    /// Flags that its head may carry.
    pub(super) flags: u8,
}

/// In the flags of a head: the bytes of the body are a zstd frame.
const COMPRESSED: u8 = 0x80;
/// With it every zstd frame begins, so it need not travel.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A block of zstd's expands four bytes to 128 KiB at most.
const MOST_EXPANSION: usize = 1 << 15;

/// A body as it travels.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    /// How many bytes it is of, without its bits.
    len: usize,
    /// Those, compressed where that makes them fewer.
    bytes: Vec<u8>,
    compressed: bool,
    bits: Vec<u8>,
}

impl Packed {
    /// Compresses a body.
    pub(super) fn new(schema: &Schema, body: Writer, effort: Effort) -> Packed {
        let (bytes, bits) = body.finish();
        let len = bytes.len();
        let packed = compress(schema, &bytes, effort).ok().filter(|packed| packed.len() + 2 < len);
        let compressed = packed.is_some();
        Packed { len, bytes: packed.unwrap_or(bytes), compressed, bits }
    }
}

/// Puts a message together. `head` is its own, without the flags, of which the seven low bits are its to use.
pub(super) fn seal(kind: Kind, schema: &Schema, flags: u8, head: Writer, body: &Packed) -> Vec<u8> {
    let mut w = Writer::default();
    w.slice(&kind.magic);
    w.byte(FORMAT);
    w.slice(&schema.digest());
    w.byte(flags | if body.compressed { COMPRESSED } else { 0 });
    w.slice(&head.bytes);
    w.count(body.len);
    if body.compressed {
        w.count(body.bytes.len());
    }
    w.slice(&body.bytes);
    w.slice(&body.bits);
    w.bytes
}

/// What differs from format to format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// 1: ids are shortened to whole bytes.
    Bytes,
    /// 2: to any number of bits.
    Bits,
}

/// The format of a message, the digest of the schema that it names, and what follows it.
pub(super) fn named(kind: Kind, bytes: &[u8]) -> Result<(Format, [u8; 8], Reader<'_>)> {
    let mut r = Reader::new(bytes, &[], 0, Part::Head);
    let found = r.byte()?;
    if [found, r.byte()?] != kind.magic {
        return Err(DecodeError::Magic(kind.name));
    }
    match r.byte()? {
        1 => Ok((Format::Bytes, r.array()?, r)),
        FORMAT => Ok((Format::Bits, r.array()?, r)),
        found => Err(DecodeError::Format { message: kind.name, found }),
    }
}

/// Takes a message apart up to its head: its format and flags, and a reader for the rest.
pub(super) fn open<'a>(
    kind: Kind,
    schema: &Schema,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<(Format, u8, Reader<'a>)> {
    let (format, named, mut r) = named(kind, bytes)?;
    if named != schema.digest() {
        return Err(DecodeError::Schema { named, ours: schema.digest() });
    }
    let flags = r.byte()?;
    if flags & !(kind.flags | COMPRESSED) != 0 {
        return r.malformed("unknown flags");
    }
    Ok((format, flags, Reader::new(r.rest(), &[], limits.memory, Part::Head)))
}

/// A body, decompressed.
#[derive(Debug)]
pub(super) struct Body<'a> {
    bytes: Cow<'a, [u8]>,
    bits: &'a [u8],
    memory: usize,
}

impl<'a> Body<'a> {
    /// Reads what follows a head.
    pub(super) fn read(schema: &Schema, flags: u8, mut r: Reader<'a>, limits: &Limits) -> Result<Body<'a>> {
        r.part = Part::Body;
        let len = r.varint()?;
        let len = usize::try_from(len).ok().filter(|&len| len <= limits.bytes).ok_or(DecodeError::TooLarge(r.part))?;
        let bytes = match flags & COMPRESSED {
            0 => Cow::Borrowed(r.slice(len)?),
            _ => Cow::Owned(decompress(schema, &mut r, len)?),
        };
        Ok(Body { bytes, bits: r.rest(), memory: limits.memory })
    }

    /// Reads its content.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader::new(&self.bytes, self.bits, self.memory, Part::Shape)
    }
}

/// A zstd frame without its magic number, and without a checksum, an id of the dictionary or a size: our head has it.
fn compress(schema: &Schema, bytes: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let dictionary = dictionary::of(schema);
    let mut zstd = Compressor::new(effort.level(bytes.len()))?;
    // As a prefix, and not loaded as a dictionary: zstd would then choose its window by the size of that, 16 KiB or so,
    // and see nothing of what a long text has in common. The frame is the same to whoever reads it.
    zstd.context_mut()
        .ref_prefix(&dictionary)
        .map_err(|code| io::Error::other(zstd::zstd_safe::get_error_name(code)))?;
    let off = [CParameter::ContentSizeFlag(false), CParameter::ChecksumFlag(false), CParameter::DictIdFlag(false)];
    off.into_iter().try_for_each(|parameter| zstd.set_parameter(parameter))?;
    let frame = zstd.compress(bytes)?;
    let bare = frame.strip_prefix(&ZSTD_MAGIC).map(<[u8]>::to_vec);
    bare.ok_or_else(|| io::Error::other("a zstd frame without its magic number"))
}

fn decompress(schema: &Schema, r: &mut Reader<'_>, len: usize) -> Result<Vec<u8>> {
    let packed = r.count()?;
    let packed = r.slice(packed)?;
    if len / MOST_EXPANSION > packed.len() {
        return r.malformed("a size that no compression reaches");
    }
    let frame = [&ZSTD_MAGIC, packed].concat();
    let zstd = Decompressor::with_dictionary(&dictionary::of(schema));
    match zstd.and_then(|mut zstd| zstd.decompress(&frame, len)) {
        Ok(bytes) if bytes.len() == len => Ok(bytes),
        Ok(_) => r.malformed("another size than announced"),
        Err(_) => r.malformed("not a zstd frame of the announced size"),
    }
}
