//! Pages of a pull as bytes.

mod group;

use self::group::{Group, Shape};
use super::column::ids::WHOLE;
use super::column::stamps::{read_hlc, read_point, read_seq, write_hlc, write_point, write_seq};
use super::frame::{self, Body, Kind};
use super::groups::{GroupReader, GroupWriter};
use super::read::{Reader, Result};
use super::short::{self, Encoded, hash_of};
use super::write::Writer;
use super::{Effort, Limits};
use crate::clock::{Hlc, Seq};
use crate::digest::TableDigest;
use crate::id::RecordId;
use crate::model::Schema;
use crate::told::{Cursor, Page, Reached, Told};

const KIND: Kind = Kind { name: "page", magic: *b"WP", flags: NEXT | HASH | DIGESTS };

/// Another page follows: where it goes on.
const NEXT: u8 = 1;
/// Some ids are shortened: a hash over all follows.
const HASH: u8 = 2;
/// The digests of all tables follow.
const DIGESTS: u8 = 4;

/// A page as bytes. `lens` says for each of its records, in order, how many leading bits of the id name it
/// unambiguously among all that the device may hold, 1 to 128. What the device does not surely hold must be whole (128).
pub fn encode_page(schema: &Schema, page: &Page, lens: &[u8], effort: Effort) -> Vec<u8> {
    let mut told: Vec<(&Told, u8)> = page.told.iter().zip(short::lengths(lens)).collect();
    told.sort_by_key(|(told, _)| (told.table, told.id));
    let shortened = told.iter().any(|(_, len)| *len < WHOLE);
    let hash = shortened.then(|| hash_of(told.iter().map(|(told, _)| told.id)));
    let mut body = GroupWriter::new(schema);
    for (shape, told) in &group::groups(told) {
        Group { schema, near: page.into(), shape }.write(&mut body, told);
    }
    let (flags, head) = write_head(page, hash);
    frame::seal(KIND, schema, flags, head, &frame::Packed::new(schema, body.w, effort))
}

/// The page in these bytes. Its ids may be shortened. Only its form is judged, not what its values say.
///
/// # Errors
/// Whatever breaks the format or the limits; a page for another schema.
pub fn decode_page(schema: &Schema, bytes: &[u8], limits: &Limits) -> Result<Encoded<Page>> {
    let (format, flags, mut r) = frame::open(KIND, schema, bytes, limits)?;
    let (mut page, hash) = read_head(&mut r, flags, schema.tables().len())?;
    let body = Body::read(schema, flags, r, limits)?;
    let mut groups = GroupReader::new(schema, format, body.reader());
    while let Some((lead, n)) = groups.lead()? {
        let shape = Shape::read(&mut groups.r, lead, schema.table(lead.table).fields.len())?;
        let group = Group { schema, near: (&page).into(), shape: &shape };
        let told = group.read(&mut groups, n)?;
        page.told.extend(told);
    }
    Ok(Encoded::new(page, groups.finish(hash)?, hash, put_ids))
}

/// Where the page after this one goes on, before any schema is known; none after the last.
///
/// # Errors
/// Other bytes than a page, an unknown format, a head that is cut.
pub fn page_cursor(bytes: &[u8]) -> Result<Option<Cursor>> {
    let (_, _, mut r) = frame::named(KIND, bytes)?;
    let flags = r.byte()?;
    // Digests stand behind it, and only in the last.
    let (page, _) = read_head(&mut r, flags & !DIGESTS, usize::MAX)?;
    Ok(page.cursor())
}

fn put_ids(page: &mut Page, ids: &[RecordId]) {
    page.told.iter_mut().zip(ids).for_each(|(told, id)| told.id = *id);
    page.told.sort_by_key(|told| (told.table, told.id));
}

fn write_head(page: &Page, hash: Option<[u8; 8]>) -> (u8, Writer) {
    let mut w = Writer::default();
    w.slice(hash.as_ref().map_or(&[], |hash| hash));
    write_point(&mut w, Seq::ZERO, page.at);
    write_hlc(&mut w, Hlc::ZERO, page.highest);
    if let Some(next) = page.next {
        write_seq(&mut w, page.at.seq, next.seq);
        w.count(next.table);
        w.slice(&next.id.0);
    }
    for digest in page.digests.iter().flatten() {
        w.varint(digest.rows);
        w.slice(&digest.sum.to_le_bytes());
    }
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    (flag(page.next.is_some(), NEXT) | flag(hash.is_some(), HASH) | flag(page.digests.is_some(), DIGESTS), w)
}

fn read_head(r: &mut Reader<'_>, flags: u8, tables: usize) -> Result<(Page, Option<[u8; 8]>)> {
    let hash = if flags & HASH != 0 { Some(r.array()?) } else { None };
    let at = read_point(r, Seq::ZERO)?;
    let highest = read_hlc(r, Hlc::ZERO)?;
    let next = match flags & NEXT {
        0 => None,
        _ => Some(Reached {
            seq: read_seq(r, at.seq)?,
            table: r.below(tables, "a table that the schema does not have")?,
            id: RecordId(r.array()?),
        }),
    };
    let digest = |r: &mut Reader<'_>| Ok(TableDigest { rows: r.varint()?, sum: u128::from_le_bytes(r.array()?) });
    let digests = match flags & DIGESTS {
        0 => None,
        _ => Some((0..tables).map(|_| digest(r)).collect::<Result<_>>()?),
    };
    Ok((Page { told: Vec::new(), at, next, highest, digests }, hash))
}
