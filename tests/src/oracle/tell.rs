//! What the hub tells.

use super::hub::Hub;
use super::message::{Answer, Ask, News, Pulled, Told};
use super::record::{Record, Reg};
use super::schema::Strategy;
use super::{Key, Mark, Row, Seq};
use std::collections::BTreeMap;

impl Hub {
    /// PULL: everything that changed after the checkpoint: only changed fields, without what own commits wrote themselves.
    /// Astray where it does not hold.
    pub fn pull(&self, ask: &Ask) -> Answer {
        if self.holds(ask) { Answer::News(self.tell(ask)) } else { Answer::Astray }
    }

    /// Whether the checkpoint, and all commits acknowledged since, are of this hub's past.
    pub fn holds(&self, ask: &Ask) -> bool {
        let lost = ask.covers.iter().any(|(origin, upto)| self.cover(*origin) < *upto);
        !lost && self.vouches(ask.checkpoint, &ask.own)
    }

    /// What a pull that holds is told.
    pub fn tell(&self, ask: &Ask) -> Pulled {
        let mut told = Vec::new();
        for (table, records) in &self.rows {
            for (id, record) in records {
                let key = (*table, *id);
                told.extend(self.news(key, record, ask).map(|news| Told { key, news }));
            }
        }
        let nobodys = ask.retell.iter().filter(|key| !self.knows(**key));
        told.extend(nobodys.map(|key| Told { key: *key, news: News::Gone }));
        Pulled { told, point: self.point(), highest: self.hlc }
    }

    fn news(&self, key: Key, record: &Record, ask: &Ask) -> Option<News> {
        let since = ask.checkpoint.seq;
        let anyway = ask.whole || ask.retell.contains(&key);
        if !record.alive {
            return (record.died > since || anyway).then_some(News::Gone);
        }
        let inserted_there = ask.own.contains_key(&record.born) && record.came_by(record.born);
        if record.born > since && !inserted_there || anyway || ask.tables.contains(key.0) {
            return Some(News::Row(record.row()));
        }
        // What came with the insert, its author has, sums too.
        let with_it = |r: &Reg| inserted_there && r.seq == record.born;
        let told = record.regs.iter().filter(|(_, r)| r.seq > since && !with_it(r));
        let told = told.filter(|(f, r)| !self.echoes(key.0, f, r, &ask.own));
        let fields: Row = told.map(|(f, r)| (*f, r.shown())).collect();
        (!fields.is_empty()).then_some(News::Patch(fields))
    }

    /// Whether it is left out, because the device's own commit wrote it.
    fn echoes(&self, table: &str, field: &str, reg: &Reg, own: &BTreeMap<Seq, Mark>) -> bool {
        // The total of a sum is news also to whoever added to it.
        !reg.news && own.contains_key(&reg.seq) && self.schema.strategy(table, field) != Strategy::Sum
    }
}
