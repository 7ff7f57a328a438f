//! What a changeset says of itself before its changes. Its random numbers are plain bytes: no compression gains on them.

use super::recovery;
use crate::change::{Changeset, Recovery};
use crate::clock::{Hlc, Origin, Point, Seq, Span};
use crate::codec::Limits;
use crate::codec::column::stamps::{read_hlc, read_point, read_seq, write_hlc, write_point, write_seq};
use crate::codec::read::{Reader, Result};
use crate::codec::rows::{read_device, read_list, write_list};
use crate::codec::write::Writer;
use crate::model::Schema;

/// Its checkpoint is [`Point::START`].
const START: u8 = 1;
/// Its one span is of the author's origin and ends at `upto`: only `after` is said.
const OWN_SPAN: u8 = 2;
/// Some ids are shortened: a hash over all follows.
const HASH: u8 = 4;
/// Device and hub are finding their common past: see [`recovery`].
const RECOVERY: u8 = 8;
/// The bases of its changes are written near another seq than its checkpoint's: that of an earlier one, at which it was packed.
const NEAR: u8 = 16;
/// All flags that a head may carry.
pub(super) const ALL: u8 = START | OWN_SPAN | HASH | RECOVERY | NEAR;

/// What a head has beside what the changeset says: how its changes are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// Near which seq their bases are.
    pub(super) near: Seq,
    /// The hash over their ids, where some are shortened.
    pub(super) hash: Option<[u8; 8]>,
}

/// Writes a head and answers its flags.
pub(super) fn write(schema: &Schema, changeset: &Changeset, Written { near, hash }: Written) -> (u8, Writer) {
    let mut w = Writer::default();
    let start = changeset.checkpoint == Point::START;
    let own_span = own_span(changeset);
    w.slice(&changeset.device.bits().to_le_bytes());
    w.slice(&changeset.author.0.to_le_bytes());
    w.slice(hash.as_ref().map_or(&[], |hash| hash));
    write_hlc(&mut w, Hlc::ZERO, changeset.upto);
    if !start {
        write_point(&mut w, Seq::ZERO, changeset.checkpoint);
    }
    let elsewhere = near != changeset.checkpoint.seq;
    if elsewhere {
        write_seq(&mut w, changeset.checkpoint.seq, near);
    }
    write_list(&mut w, &changeset.own, |w, point| write_point(w, changeset.checkpoint.seq, *point));
    match own_span {
        Some(span) => write_hlc(&mut w, changeset.upto, span.after),
        None => write_list(&mut w, &changeset.spans, |w, span| write_span(w, changeset.upto, *span)),
    }
    let recovers = !changeset.recovery.is_empty();
    if recovers {
        recovery::write(&mut w, schema, changeset.checkpoint.seq, &changeset.recovery);
    }
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let spans = flag(start, START) | flag(own_span.is_some(), OWN_SPAN);
    (spans | flag(hash.is_some(), HASH) | flag(recovers, RECOVERY) | flag(elsewhere, NEAR), w)
}

/// Reads a head: the changeset without changes, and how those are written.
pub(super) fn read(r: &mut Reader<'_>, flags: u8, schema: &Schema, limits: &Limits) -> Result<(Changeset, Written)> {
    let device = read_device(r)?;
    let author = Origin(r.u64()?);
    let hash = if flags & HASH != 0 { Some(r.array()?) } else { None };
    let upto = read_hlc(r, Hlc::ZERO)?;
    let checkpoint = if flags & START != 0 { Point::START } else { read_point(r, Seq::ZERO)? };
    let near = if flags & NEAR != 0 { read_seq(r, checkpoint.seq)? } else { checkpoint.seq };
    let own = read_list(r, |r| read_point(r, checkpoint.seq))?;
    let spans = match flags & OWN_SPAN {
        0 => read_list(r, |r| read_span(r, upto))?,
        _ => vec![Span { origin: author, after: read_hlc(r, upto)?, upto }],
    };
    let recovery = match flags & RECOVERY {
        0 => Recovery::default(),
        _ => recovery::read(r, schema, checkpoint.seq, limits)?,
    };
    Ok((
        Changeset { device, author, checkpoint, own, spans, upto, changes: Vec::new(), recovery },
        Written { near, hash },
    ))
}

fn own_span(changeset: &Changeset) -> Option<Span> {
    match changeset.spans[..] {
        [span] if span.origin == changeset.author && span.upto == changeset.upto => Some(span),
        _ => None,
    }
}

fn write_span(w: &mut Writer, upto: Hlc, span: Span) {
    w.slice(&span.origin.0.to_le_bytes());
    write_hlc(w, upto, span.upto);
    write_hlc(w, span.upto, span.after);
}

fn read_span(r: &mut Reader<'_>, upto: Hlc) -> Result<Span> {
    let origin = Origin(r.u64()?);
    let upto = read_hlc(r, upto)?;
    Ok(Span { origin, after: read_hlc(r, upto)?, upto })
}
