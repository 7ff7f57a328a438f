//! Short digests: what binds a session to its payload, names a schema, and guards shortened ids.

use crate::model::Table;
use sha2::{Digest, Sha256};

/// The first `N` bytes of the SHA-256 of `parts`, one after another.
pub(crate) fn of<const N: usize>(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_ref());
    }
    let mut out = [0; N];
    out.copy_from_slice(&hash.finalize()[..N]);
    out
}

/// Names a schema: names, kinds, strategies, references, in order. `type_name` is a name for people and not part of it.
pub(crate) fn of_tables(tables: &[Table]) -> [u8; 8] {
    of(tables.iter().map(|t| format!("{}|{:?}|{:?}|{}|{}\n", t.name, t.fields, t.deletes, t.whole, t.scope)))
}
