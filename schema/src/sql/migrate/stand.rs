//! What a database of a version is made of.

use crate::lock::{Rebuilt, Table};
use crate::model::Model;
use crate::sql::{Device, Hub, Object};

/// Something that stands in a database: its name, unquoted, and the text that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) name: String,
    pub(super) sql: String,
}

/// What stands on a device for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnDevice {
    /// The domain table.
    pub(super) table: Thing,
    /// What is empty between statements: notes, and who is leaving.
    pub(super) passing: Vec<Thing>,
    pub(super) indexes: Vec<Thing>,
    /// The names of its triggers.
    pub(super) triggers: Vec<String>,
}

impl OnDevice {
    /// For each table.
    pub(super) fn all(tables: &[Table]) -> Result<Vec<OnDevice>, String> {
        each(tables, |rebuilt, model| {
            let device = Device::of(model);
            let mut triggers: Vec<String> = device.triggers.into_iter().map(|o| o.name).collect();
            let mut objects = things(rebuilt, &device.objects).into_iter();
            let (table, note) = (objects.next()?, objects.next()?);
            let mut passing = vec![note];
            if rebuilt.domain().takes_along(model) {
                let (leaving, leave) = device.leave.split_first()?;
                passing.extend(things(rebuilt, std::slice::from_ref(leaving)));
                triggers.extend(leave.iter().map(|o| o.name.clone()));
            }
            Some(OnDevice { table, passing, indexes: objects.collect(), triggers })
        })
    }
}

/// What stands at a hub for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AtHub {
    /// The domain table.
    pub(super) table: Thing,
    pub(super) versions: Thing,
    pub(super) indexes: Vec<Thing>,
}

impl AtHub {
    /// For each table.
    pub(super) fn all(tables: &[Table]) -> Result<Vec<AtHub>, String> {
        each(tables, |rebuilt, model| {
            let mut objects = things(rebuilt, &Hub::of(model).objects).into_iter();
            let (table, versions) = (objects.next()?, objects.next()?);
            Some(AtHub { table, versions, indexes: objects.collect() })
        })
    }
}

fn each<T>(tables: &[Table], stand: impl Fn(&Rebuilt, &Model) -> Option<T>) -> Result<Vec<T>, String> {
    let rebuilt = Rebuilt::of(tables)?;
    let stands = rebuilt.domain().models().iter().map(|model| stand(&rebuilt, model));
    stands.collect::<Option<_>>().ok_or_else(|| "a table without its objects".to_owned())
}

fn things(rebuilt: &Rebuilt, objects: &[Object]) -> Vec<Thing> {
    objects.iter().map(|o| Thing { name: o.name.clone(), sql: rebuilt.render(&o.sql) }).collect()
}
