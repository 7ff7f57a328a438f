//! Columns of stamps and of seqs, written as distances from a near one.

use super::ints;
use crate::clock::{Hlc, Mark, Point, Seq};
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;

const COUNTER: u64 = (1 << Hlc::COUNTER_BITS) - 1;

/// Writes each stamp as its distance from its neighbour in `near`: milliseconds, then counters. One alone is
/// written as [`write_hlc`] does.
pub(in crate::codec) fn write_hlcs(w: &mut Writer, near: &[Hlc], hlcs: &[Hlc]) {
    if let ([near], [hlc]) = (near, hlcs) {
        return write_hlc(w, *near, *hlc);
    }
    for part in [Hlc::millis, counter] {
        let distances: Vec<i64> = near.iter().zip(hlcs).map(|(near, hlc)| part(*near) - part(*hlc)).collect();
        ints::write(w, &distances);
    }
}

/// Reads a stamp for each in `near`.
pub(in crate::codec) fn read_hlcs(r: &mut Reader<'_>, near: &[Hlc]) -> Result<Vec<Hlc>> {
    if let [near] = near {
        return Ok(vec![read_hlc(r, *near)?]);
    }
    let millis = ints::read(r, near.len())?;
    let counters = ints::read(r, near.len())?;
    let distances = millis.into_iter().zip(counters);
    near.iter().zip(distances).map(|(near, (millis, counters))| hlc_at(r, *near, millis, counters)).collect()
}

/// Writes one stamp: twice the distance in milliseconds, and one more where the distance of the counters follows.
pub(in crate::codec) fn write_hlc(w: &mut Writer, near: Hlc, hlc: Hlc) {
    let (millis, counters) = (near.millis() - hlc.millis(), counter(near) - counter(hlc));
    w.signed(millis * 2 + i64::from(counters != 0));
    if counters != 0 {
        w.signed(counters);
    }
}

/// Reads one stamp.
pub(in crate::codec) fn read_hlc(r: &mut Reader<'_>, near: Hlc) -> Result<Hlc> {
    let twice = r.signed()?;
    let counters = if twice & 1 == 1 { r.signed()? } else { 0 };
    hlc_at(r, near, twice >> 1, counters)
}

fn hlc_at(r: &Reader<'_>, near: Hlc, millis: i64, counters: i64) -> Result<Hlc> {
    let hlc = join(near.millis().wrapping_sub(millis), counter(near).wrapping_sub(counters));
    hlc.map_or_else(|| r.malformed("a stamp out of range"), Ok)
}

/// Writes each seq as its distance from its neighbour in `near`.
pub(in crate::codec) fn write_seqs(w: &mut Writer, near: &[Seq], seqs: &[Seq]) {
    let distances: Vec<i64> = near.iter().zip(seqs).map(|(near, seq)| near.to_i64() - seq.to_i64()).collect();
    ints::write(w, &distances);
}

/// Reads a seq for each in `near`.
pub(in crate::codec) fn read_seqs(r: &mut Reader<'_>, near: &[Seq]) -> Result<Vec<Seq>> {
    let distances = ints::read(r, near.len())?;
    near.iter().zip(distances).map(|(near, distance)| seq_at(r, *near, distance)).collect()
}

/// Writes one seq.
pub(in crate::codec) fn write_seq(w: &mut Writer, near: Seq, seq: Seq) {
    w.signed(near.to_i64() - seq.to_i64());
}

/// Reads one seq.
pub(in crate::codec) fn read_seq(r: &mut Reader<'_>, near: Seq) -> Result<Seq> {
    let distance = r.signed()?;
    seq_at(r, near, distance)
}

/// Writes a point: its seq, its mark as it is.
pub(in crate::codec) fn write_point(w: &mut Writer, near: Seq, point: Point) {
    write_seq(w, near, point.seq);
    w.slice(&point.mark.0.to_le_bytes());
}

/// Reads a point.
pub(in crate::codec) fn read_point(r: &mut Reader<'_>, near: Seq) -> Result<Point> {
    Ok(Point { seq: read_seq(r, near)?, mark: Mark(r.u64()?) })
}

fn seq_at(r: &Reader<'_>, near: Seq, distance: i64) -> Result<Seq> {
    Seq::from_i64(near.to_i64().wrapping_sub(distance)).map_or_else(|| r.malformed("a seq out of range"), Ok)
}

fn counter(hlc: Hlc) -> i64 {
    (hlc.bits() & COUNTER) as i64
}

fn join(millis: i64, counter: i64) -> Option<Hlc> {
    let millis = u64::try_from(millis).ok().filter(|ms| ms >> (63 - Hlc::COUNTER_BITS) == 0)?;
    let counter = u64::try_from(counter).ok().filter(|&n| n <= COUNTER)?;
    Hlc::from_bits(millis << Hlc::COUNTER_BITS | counter)
}
