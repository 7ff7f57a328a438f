//! Pages that are applied are decoded one ahead, by a thread beside: applying is SQLite's work, and the file is held meanwhile.

use super::pages;
use crate::beside::beside;
use crate::store::error::StoreError;
use crate::store::plan::Plan;
use rusqlite::Connection;
use windrow_protocol::codec::Encoded;
use windrow_protocol::told::Page;

/// Hands all pages on, in order of arrival. Two at most are decoded at once: all of them would not fit the memory that a device
/// has for it.
pub(super) fn each_page<E: From<StoreError>>(
    conn: &Connection,
    plan: &Plan,
    mut apply: impl FnMut(Encoded<Page>) -> Result<(), E>,
) -> Result<(), E> {
    let body = |number: i64| pages::body(conn, number).map_err(StoreError::from);
    let mut numbers = pages::numbers(conn).map_err(StoreError::from)?.into_iter();
    let mut next = numbers.next().map(|first| pages::decode(plan, &body(first)?)).transpose()?;
    while let Some(page) = next.take() {
        let after = numbers.next().map(body).transpose()?;
        let Some(after) = &after else { return apply(page) };
        let (applied, decoded) = beside(|| pages::decode(plan, after), || apply(page));
        applied?;
        next = Some(decoded?);
    }
    Ok(())
}
