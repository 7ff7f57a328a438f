//! Whether structs are as the last version of `windrow.lock` has them. What a program speaks must be a version that hubs
//! know, and what it wants in a file one that its migrations lead to.

use super::check::{Entry, Message, find};
use crate::domain::Table;
use windrow_protocol::model::{self, Field, Kind};

/// Checks the struct at one place of a domain. `number`: the last version's.
#[track_caller]
pub const fn as_locked<const N: usize>(entries: &[Entry; N], at: usize, last: &[model::Table], number: &str) {
    let table = &entries[at].table.model;
    let Some(place) = position(last, table.name) else {
        let message = Message::new().and(table.type_name).and(" is not in version ").and(number);
        message.and(" of windrow.lock; run `windrow migrate`").fail();
    };
    let locked = &last[place];
    let mut i = 0;
    while i < table.fields.len() {
        let field = &table.fields[i];
        if i >= locked.fields.len() || !same_field(field, &locked.fields[i]) {
            differs(Message::new().and(table.type_name).and(".").and(field.name), number);
        }
        i += 1;
    }
    if table.fields.len() != locked.fields.len() {
        let gone =
            Message::new().and(table.type_name).and(", which has no ").and(locked.fields[i].name).and(" any more,");
        differs(gone, number);
    }
    let policies =
        table.deletes as u8 == locked.deletes as u8 && table.whole == locked.whole && table.scope == locked.scope;
    if !policies {
        differs(Message::new().and(table.type_name), number);
    }
}

/// Checks that each table of the last version has a struct.
#[track_caller]
pub const fn all_locked<const N: usize>(entries: &[Entry; N], last: &[model::Table], number: &str) {
    let mut i = 0;
    while i < last.len() {
        if find(entries, last[i].name).is_none() {
            let message =
                Message::new().and("version ").and(number).and(" of windrow.lock has the table ").and(last[i].name);
            message.and(", and no struct of this domain is stored there; run `windrow migrate`").fail();
        }
        i += 1;
    }
}

/// The tables in the order of the last version: it is a part of what device and hub agree on, and does not follow from the
/// order in which structs happen to be listed. Where a check fails, the order means nothing.
pub const fn in_order<const N: usize>(entries: &[Entry; N], last: &[model::Table]) -> [&'static Table; N] {
    let mut tables = [entries[0].table; N];
    let mut i = 0;
    while i < N && i < last.len() {
        if let Some(at) = find(entries, last[i].name) {
            tables[i] = entries[at].table;
        }
        i += 1;
    }
    tables
}

#[track_caller]
const fn differs(what: Message, number: &str) -> ! {
    what.and(" is not as version ").and(number).and(" of windrow.lock has it; run `windrow migrate`").fail()
}

const fn position(tables: &[model::Table], name: &str) -> Option<usize> {
    let mut i = 0;
    while i < tables.len() {
        if same(tables[i].name, name) {
            return Some(i);
        }
        i += 1;
    }
    None
}

/// A field's default is not asked: it is what a migration, and a hub that is built with it, give to others' records.
const fn same_field(a: &Field, b: &Field) -> bool {
    let parents = match (&a.parent, &b.parent) {
        (None, None) => true,
        (Some(a), Some(b)) => same(a.table, b.table) && a.on_delete as u8 == b.on_delete as u8,
        _ => false,
    };
    let flags = a.nullable == b.nullable && a.unique == b.unique && a.strategy as u8 == b.strategy as u8;
    parents && flags && same(a.name, b.name) && same_kind(&a.kind, &b.kind)
}

const fn same_kind(a: &Kind, b: &Kind) -> bool {
    match (a, b) {
        (Kind::Integer { min: a, max: b }, Kind::Integer { min: c, max: d }) => *a == *c && *b == *d,
        (Kind::Decimal { places: a }, Kind::Decimal { places: b }) => *a == *b,
        (Kind::Enum(a), Kind::Enum(b)) => same_texts(a, b),
        (Kind::Bool, Kind::Bool) | (Kind::Real, Kind::Real) | (Kind::Text, Kind::Text) | (Kind::Blob, Kind::Blob) => {
            true
        }
        (Kind::Id, Kind::Id) | (Kind::Timestamp, Kind::Timestamp) | (Kind::Date, Kind::Date) => true,
        (Kind::Json, Kind::Json) => true,
        _ => false,
    }
}

const fn same_texts(a: &[&str], b: &[&str]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if !same(a[i], b[i]) {
            return false;
        }
        i += 1;
    }
    true
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Id, Syncable};
    use windrow_protocol::model::{Deletes, Strategy};

    #[derive(Debug, Clone, PartialEq, Syncable)]
    struct Farm {
        id: Id<Farm>,
        name: String,
        cattle: Option<i32>,
    }

    const ENTRIES: [Entry; 1] = [Entry { table: <Farm as Syncable>::TABLE, parents: <Farm as Syncable>::PARENTS }];

    /// The farm, changed like this.
    fn locked(change: impl FnOnce(&mut model::Table, &mut Vec<Field>)) -> model::Table {
        let mut table = ENTRIES[0].table.model;
        let mut fields = table.fields.to_vec();
        change(&mut table, &mut fields);
        model::Table { fields: fields.leak(), ..table }
    }

    /// What the compiler would say.
    fn said(last: &[model::Table]) -> String {
        let checks = || {
            as_locked(&ENTRIES, 0, last, "3");
            all_locked(&ENTRIES, last, "3");
        };
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(checks));
        told.err().map(|said| *said.downcast::<String>().unwrap_or_default()).unwrap_or_default()
    }

    #[test]
    fn whatever_differs_is_told_by_its_name() {
        let same = locked(|_, _| {});
        assert_eq!(said(&[same]), "");
        assert_eq!(said(&[locked(|t, _| t.type_name = "Holding")]), "", "a struct may have any name");
        let differs = "is not as version 3 of windrow.lock has it; run `windrow migrate`";
        for (last, what) in [
            (locked(|_, f| f[0].name = "title"), "Farm.name"),
            (locked(|_, f| f[0].strategy = Strategy::Review), "Farm.name"),
            (locked(|_, f| f[1].nullable = false), "Farm.cattle"),
            (locked(|_, f| f[1].kind = Kind::Integer { min: 0, max: 9 }), "Farm.cattle"),
            (locked(|_, f| f.truncate(1)), "Farm.cattle"),
            (locked(|_, f| f.push(Field { name: "water", ..f[0] })), "Farm, which has no water any more,"),
            (locked(|t, _| t.deletes = Deletes::Drop), "Farm"),
            (locked(|t, _| t.scope = true), "Farm"),
        ] {
            assert_eq!(said(&[last]), format!("{what} {differs}"));
        }
        let plot = locked(|t, _| t.name = "plot");
        assert_eq!(said(&[plot]), "Farm is not in version 3 of windrow.lock; run `windrow migrate`");
        let gone = "version 3 of windrow.lock has the table plot, and no struct of this domain is stored there; run `windrow migrate`";
        assert_eq!(said(&[same, plot]), gone);
    }

    #[test]
    fn texts_of_an_enum_are_compared_in_order() {
        assert!(same_kind(&Kind::Enum(&["a", "b"]), &Kind::Enum(&["a", "b"])));
        assert!(!same_kind(&Kind::Enum(&["a", "b"]), &Kind::Enum(&["b", "a"])));
        assert!(!same_kind(&Kind::Enum(&["a"]), &Kind::Enum(&["a", "b"])));
    }
}
