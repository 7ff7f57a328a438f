//! Models with mistakes.

use super::source::Items;
use super::{Counts, Fault};
use fastrand::Rng;
use windrow_schema::lock::Table;

pub(super) fn judge(_rng: &mut Rng, _items: &Items, _tables: &[Table], _counts: &mut Counts) -> Result<(), Fault> {
    Ok(())
}
