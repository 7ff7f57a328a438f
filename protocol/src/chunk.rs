//! A long changeset on its way: chunks, by byte offset, of which what arrives is kept.
//!
//! The body of an upload is a head, a checksum of it, and then the chunk's bytes in blocks of [`BLOCK`], each behind a
//! checksum of its own. So of a body that was cut, or damaged on the way, the whole blocks before that are as good as any,
//! and the rest goes on from there. A checksum is 4 bytes of a SHA-256: it tells accidents. What the hub has at the end is
//! judged by the payload's digest.

use crate::clock::DeviceId;
use crate::digest;
use crate::message::{Digest, MessageError, SessionId, encode, open};
use serde::{Deserialize, Serialize};

/// Bytes that one checksum guards.
pub const BLOCK: usize = 512;
/// An answer names so many gaps at most.
pub const MOST_GAPS: usize = 8;
/// Bytes of a checksum.
const SUM: usize = 4;

/// What a chunk is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Whose changeset it is.
    pub device: DeviceId,
    /// The session.
    pub session: SessionId,
    /// Of its whole payload.
    pub digest: Digest,
    /// Bytes of its whole payload.
    pub total: u32,
}

/// Bytes of a changeset that the hub lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The first of them.
    pub from: u32,
    /// The one behind the last.
    pub to: u32,
}

impl Gap {
    /// All of a changeset of so many bytes.
    pub fn whole(total: u32) -> Gap {
        Gap { from: 0, to: total }
    }

    /// Whether these are gaps of a changeset of so many bytes: some, none of them empty, in order, and apart from each other.
    pub fn are_of(gaps: &[Gap], total: u32) -> bool {
        let apart = gaps.windows(2).all(|two| two[0].to < two[1].from);
        apart && gaps.iter().all(|gap| gap.from < gap.to) && gaps.last().is_some_and(|last| last.to <= total)
    }
}

/// UPLOAD: a part of an encoded changeset. One without bytes asks what the hub has.
///
/// ```
/// use windrow_protocol::chunk::{Chunk, Parcel};
/// use windrow_protocol::{clock::DeviceId, message::{Digest, SessionId}};
///
/// let parcel = Parcel { device: DeviceId::ZERO, session: SessionId([1; 16]), digest: Digest([2; 16]), total: 2_000 };
/// let chunk = Chunk { parcel, offset: 0, bytes: vec![7; 2_000] };
/// let body = chunk.to_bytes().unwrap();
/// assert_eq!(Chunk::arrived(&body).unwrap(), chunk);
/// let cut = Chunk::arrived(&body[..body.len() - 1]).unwrap();
/// assert_eq!((cut.parcel, cut.bytes.len()), (parcel, 1_536), "the whole blocks of a body that was cut");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Of what.
    pub parcel: Parcel,
    /// Where in it these bytes begin.
    pub offset: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Chunk {
    /// The bytes of a message with it.
    ///
    /// # Errors
    /// None; the signature is the serialiser's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MessageError> {
        let mut body = encode(&(self.parcel, self.offset))?;
        let head: [u8; SUM] = digest::of([&body]);
        body.extend(head);
        for (number, block) in self.bytes.chunks(BLOCK).enumerate() {
            body.extend(sum(head, number, block));
            body.extend(block);
        }
        Ok(body)
    }

    /// What arrived of one, up to the first block that is cut or damaged.
    ///
    /// # Errors
    /// A head that is none, of an unknown version, cut or damaged: nothing of it can be kept.
    pub fn arrived(body: &[u8]) -> Result<Chunk, MessageError> {
        let ((parcel, offset), rest) = open::<(Parcel, u32)>(body)?;
        let (said, rest) = rest.split_first_chunk::<SUM>().ok_or(MessageError::Corrupt)?;
        let head: [u8; SUM] = digest::of([&body[..body.len() - rest.len() - SUM]]);
        if head != *said {
            return Err(MessageError::Corrupt);
        }
        let mut bytes = Vec::with_capacity(rest.len());
        for (number, block) in rest.chunks(SUM + BLOCK).enumerate() {
            match block.split_first_chunk::<SUM>() {
                Some((said, block)) if *said == sum(head, number, block) => bytes.extend(block),
                _ => break,
            }
        }
        Ok(Chunk { parcel, offset, bytes })
    }
}

/// The checksum of a block of this chunk.
fn sum(head: [u8; SUM], number: usize, block: &[u8]) -> [u8; SUM] {
    digest::of([&head[..], &(number as u64).to_le_bytes(), block])
}
