//! A device's side of a session.

use super::device::{Device, table};
use super::fold::{Change, End, Session};
use super::hub::{Disagrees, Hub, News, Pulled, Told};
use super::schema::Strategy;
use super::{Key, Seq, Value, View};
use std::collections::BTreeMap;

/// The answer that never arrived. What it answered has happened at the hub all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// To the prepare.
    Prepare,
    /// To the commit.
    Commit,
    /// To the pull; the commit was acknowledged.
    Pull,
}

/// What became of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    /// The answer is applied.
    Applied,
    /// A write made meanwhile collides with the answer, which is dropped whole: run another session.
    Again,
    /// An answer was lost.
    Lost,
}

impl Device {
    /// Runs one session: the stored one again if its commit was not heard of, else a new one under `id`.
    ///
    /// `meanwhile` writes to the device when the commit has happened and nothing of the answer is applied yet.
    ///
    /// # Errors
    /// Where device and hub disagree about the past, or the changeset can't be accepted. Neither happens without faults
    /// that the oracle does not know.
    pub fn sync(
        &mut self,
        hub: &mut Hub,
        id: u64,
        lost: Option<Lost>,
        meanwhile: impl FnOnce(&mut Device),
    ) -> Result<Synced, Disagrees> {
        let session = self.session.take().unwrap_or_else(|| self.stage(id));
        // A changeset that speaks for no entry is not worth storing: the next session folds anew.
        self.session = (!session.spans.is_empty()).then(|| session.clone());
        hub.prepare(&session)?;
        if lost == Some(Lost::Prepare) {
            return Ok(Synced::Lost);
        }
        let seq = hub.commit(&session)?;
        meanwhile(self);
        if lost == Some(Lost::Commit) {
            return Ok(Synced::Lost);
        }
        self.session = None;
        self.acknowledge(&session, seq);
        let pulled = hub.pull(self.base, &self.own)?;
        if lost == Some(Lost::Pull) {
            return Ok(Synced::Lost);
        }
        Ok(self.apply(&pulled))
    }

    fn acknowledge(&mut self, session: &Session, seq: Option<Seq>) {
        for (origin, (_, upto)) in &session.spans {
            let known = self.known(*origin).max(*upto);
            self.known.insert(*origin, known);
        }
        self.own.extend(seq); // a commit that said nothing has no seq
    }

    fn apply(&mut self, pulled: &Pulled) -> Synced {
        let Some(rows) = self.rebased(&pulled.told) else { return Synced::Again };
        self.rows = rows;
        self.base = pulled.seq;
        self.hlc = self.hlc.max(pulled.highest);
        let oldest = self.pending().map(|e| e.base).min().unwrap_or(self.base);
        self.own.retain(|seq| *seq > oldest);
        Synced::Applied
    }

    /// The local rows with what was told under the writes still pending, or `None` where they collide.
    fn rebased(&self, told: &[Told]) -> Option<View> {
        let (mut rows, pending) = (self.rows.clone(), self.fold());
        for t in told {
            let change = pending.get(&t.key);
            if change.is_some_and(|c| collides(c, &t.news)) {
                return None;
            }
            if change.is_none_or(|c| c.end == End::Alive) {
                self.lay(&mut rows, t.key, &t.news, change);
            } // else the hub judges the local death when it hears of it
        }
        self.schema.whole(&rows).then_some(rows)
    }

    fn lay(&self, rows: &mut View, key: Key, news: &News, change: Option<&Change>) {
        let records = table(rows, key.0);
        let fields = match news {
            News::Gone => {
                records.remove(&key.1);
                return;
            }
            News::Row(fields) | News::Patch(fields) => fields,
        };
        let here = records.contains_key(&key.1);
        assert!(here || matches!(news, News::Row(_)), "a patch of {key:?}, which is not here");
        let nothing = BTreeMap::new();
        let written = change.map_or(&nothing, |c| &c.fields);
        let row = records.entry(key.1).or_default();
        for (field, value) in fields {
            match written.get(field) {
                // Emptied here: the hub judges that too.
                None if change.is_some_and(|c| c.stale.contains_key(field)) => {}
                None => {
                    row.insert(field, *value);
                }
                Some(w) if self.schema.strategy(key.0, field) == Strategy::Sum => {
                    row.insert(field, Value::Int(value.number() + w.value.number()));
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether a pending change forbids what was told of its record.
fn collides(c: &Change, news: &News) -> bool {
    c.born || *news == News::Gone && c.end == End::Alive
}
