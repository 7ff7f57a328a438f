//! What a changeset says besides its changes while device and hub find their common past again.
//!
//! The records stand in a page of their own: those that are only asked about as gone, those offered as patches, and what
//! the device shows of them as patches of records that are held.

use crate::change::{Held, Recovery};
use crate::clock::{Hlc, Point, Seq};
use crate::codec::column::stamps::{read_point, write_point};
use crate::codec::page::{decode_page, encode_page};
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;
use crate::codec::{Effort, Limits};
use crate::model::Schema;
use crate::told::{News, Page, Told};

/// Writes it, points near the checkpoint.
pub(super) fn write(w: &mut Writer, schema: &Schema, near: Seq, recovery: &Recovery) {
    w.count(recovery.past.as_ref().map_or(0, |past| past.len() + 1));
    recovery.past.iter().flatten().for_each(|point| write_point(w, near, *point));
    let told = recovery.ask.iter().map(|(table, id)| {
        let held = recovery.held.binary_search_by_key(&(*table, *id), Held::key).ok().map(|at| &recovery.held[at]);
        let offered = recovery.missing.binary_search(&(*table, *id)).is_ok();
        let what = match held {
            Some(held) => News::Patch(held.values.clone()),
            None if offered => News::Patch(Vec::new()),
            None => News::Gone,
        };
        Told { table: *table, id: *id, held: held.is_some(), what, conflicts: None }
    });
    let page = Page { told: told.collect(), at: Point::START, next: None, highest: Hlc::ZERO, digests: None };
    let page = encode_page(schema, &page, &[], Effort::Upload);
    w.count(page.len());
    w.slice(&page);
}

/// Reads it.
pub(super) fn read(r: &mut Reader<'_>, schema: &Schema, near: Seq, limits: &Limits) -> Result<Recovery> {
    let past = match r.count()? {
        0 => None,
        n => {
            r.charge(n - 1, size_of::<Point>())?;
            Some((1..n).map(|_| read_point(r, near)).collect::<Result<_>>()?)
        }
    };
    let len = r.count()?;
    let page = decode_page(schema, r.slice(len)?, limits)?;
    let Ok(page) = page.resolve(|_, _, _| None) else { return r.malformed("shortened ids among what is asked") };
    let mut recovery = Recovery { past, ..Recovery::default() };
    for told in page.told {
        let key = (told.table, told.id);
        recovery.ask.push(key);
        match told.what {
            News::Gone if !told.held && told.conflicts.is_none() => {}
            News::Patch(values) if told.conflicts.is_none() => {
                recovery.missing.push(key);
                match told.held {
                    true => recovery.held.push(Held { table: told.table, id: told.id, values }),
                    false if values.is_empty() => {}
                    false => return r.malformed("values of a record that is not held"),
                }
            }
            _ => return r.malformed("more than a question or an offer"),
        }
    }
    Ok(recovery)
}
