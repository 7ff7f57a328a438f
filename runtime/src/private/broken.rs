//! What stands for a struct that has errors, until they are mended.

use windrow_protocol::model;

use crate::domain::{DeviceSql, HubSql, Table};

/// A table of no fields, which is never used: the struct's errors stop the compilation.
pub const fn broken(name: &'static str, type_name: &'static str) -> Table {
    let deletes = model::Deletes::Keep;
    Table {
        model: model::Table { name, type_name, fields: &[], deletes, whole: false, scope: false },
        device: DeviceSql {
            objects: &[],
            triggers: &[],
            leave: &[],
            changelog: &[],
            select: &[],
            insert: &[],
            put: &[],
            patch: &[],
            edit: &[],
            upsert: &[],
            delete: &[],
            neighbours: &[],
            between: &[],
            referring: &[],
            forget_notes: &[],
            forget_leaving: &[],
        },
        hub: HubSql {
            objects: &[],
            load: &[],
            save: &[],
            upsert: &[],
            delete: &[],
            scan: &[],
            referring: &[],
            same: &[],
            scope: &[],
            neighbours: &[],
            between: &[],
        },
    }
}
