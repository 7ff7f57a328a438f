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

/// What stands there for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stand {
    /// The domain table.
    pub(super) table: Thing,
    /// Its log on a device, its versions at a hub.
    pub(super) beside: Thing,
    /// On a device, what is empty between statements: notes, and who is leaving.
    pub(super) passing: Vec<Thing>,
    pub(super) indexes: Vec<Thing>,
    /// The names of its triggers.
    pub(super) triggers: Vec<String>,
}

impl Stand {
    /// On devices, for each table.
    pub(super) fn devices(tables: &[Table]) -> Result<Vec<Stand>, String> {
        Stand::each(tables, |rebuilt, model| {
            let device = Device::of(model);
            let (triggers, mut passing) = (device.triggers, Vec::new());
            let mut names: Vec<String> = triggers.into_iter().map(|o| o.name).collect();
            let mut objects = things(rebuilt, &device.objects).into_iter();
            let (table, beside, note) = (objects.next()?, objects.next()?, objects.next()?);
            passing.push(note);
            if rebuilt.domain().takes_along(model) {
                let (leaving, leave) = device.leave.split_first()?;
                passing.extend(things(rebuilt, std::slice::from_ref(leaving)));
                names.extend(leave.iter().map(|o| o.name.clone()));
            }
            Some(Stand { table, beside, passing, indexes: objects.collect(), triggers: names })
        })
    }

    /// At a hub, for each table.
    pub(super) fn hubs(tables: &[Table]) -> Result<Vec<Stand>, String> {
        Stand::each(tables, |rebuilt, model| {
            let mut objects = things(rebuilt, &Hub::of(model).objects).into_iter();
            let (table, beside) = (objects.next()?, objects.next()?);
            Some(Stand { table, beside, passing: Vec::new(), indexes: objects.collect(), triggers: Vec::new() })
        })
    }

    fn each(tables: &[Table], stand: impl Fn(&Rebuilt, &Model) -> Option<Stand>) -> Result<Vec<Stand>, String> {
        let rebuilt = Rebuilt::of(tables)?;
        let stands = rebuilt.domain().models().iter().map(|model| stand(&rebuilt, model));
        stands.collect::<Option<_>>().ok_or_else(|| "a table without its objects".to_owned())
    }
}

fn things(rebuilt: &Rebuilt, objects: &[Object]) -> Vec<Thing> {
    objects.iter().map(|o| Thing { name: o.name.clone(), sql: rebuilt.render(&o.sql) }).collect()
}
