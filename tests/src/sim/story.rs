//! A failure as a story that people can read.

use super::Failure;
use super::step::Step;
use crate::oracle::log::Write;
use crate::oracle::{Id, Row, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The story of a failure: who did what, and what came of it.
pub fn tell(failure: &Failure) -> String {
    let mut names = Names::default();
    let mut story = format!("In world {}:\n", failure.seed);
    let mut steps = failure.steps.iter().peekable();
    while let Some(step) = steps.next() {
        let mut times = 1;
        while steps.peek().is_some_and(|next| *next == step) {
            steps.next();
            times += 1;
        }
        let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
        // Writing to a String never fails.
        let _ = writeln!(story, "  {}{times}", names.sentence(step));
    }
    let _ = write!(story, "Then everyone syncs in turn.\n{}", failure.fault);
    story
}

/// Records get short names, in order of appearance.
#[derive(Default)]
struct Names(BTreeMap<Id, usize>);

impl Names {
    fn of(&mut self, id: Id) -> String {
        let next = self.0.len() + 1;
        let number = *self.0.entry(id).or_insert(next);
        format!("#{number}({:08x}..)", (id >> 96) as u32)
    }

    fn row(&mut self, row: &Row) -> String {
        let value = |names: &mut Names, v: &Value| match v {
            Value::Null => "NULL".to_owned(),
            Value::Int(n) => n.to_string(),
            Value::Ref(id) => names.of(*id),
        };
        row.iter().map(|(f, v)| format!("{f}={}", value(self, v))).collect::<Vec<_>>().join(", ")
    }

    fn write(&mut self, write: &Write) -> String {
        match write {
            Write::Insert { table, id, values } => {
                format!("inserts {table} {} ({})", self.of(*id), self.row(values))
            }
            Write::Update { table, id, values } => format!("sets of {table} {} {}", self.of(*id), self.row(values)),
            Write::Delete { table, id } => format!("deletes {table} {}", self.of(*id)),
        }
    }

    fn sentence(&mut self, step: &Step) -> String {
        match step {
            Step::Write { device, writes, undone } => {
                let what: Vec<_> = writes.iter().map(|w| self.write(w)).collect();
                format!("device {device} {}{}", what.join(", and "), if *undone { ", and rolls back" } else { "" })
            }
            Step::DeleteAlone { device, key } => {
                format!("device {device} deletes {} {} with foreign keys off", key.0, self.of(key.1))
            }
            Step::Decide { device, which, how } => format!("device {device} decides a conflict ({which}, {how})"),
            Step::Go { device } => format!("device {device} goes on with its session"),
            Step::Lose { device } => format!("what is under way for device {device} is lost"),
            Step::Cut { device, at } => format!("what is under way for device {device} is cut off (at {at})"),
            Step::Repeat { device } => format!("the request of device {device} arrives twice"),
            Step::Old { which } => format!("an old request arrives ({which})"),
            Step::Crash { device, .. } => format!("device {device} crashes"),
            Step::HubCrash => "the hub crashes".into(),
            Step::Resolve { key, field, value, behind } => {
                let value = self.row(&Row::from([(*field, *value)]));
                format!("a reviewer decides {} {}: {value}, having looked {behind} commits ago", key.0, self.of(key.1))
            }
            Step::Wait { millis } => format!("{millis} ms pass"),
            Step::Clock { device, watch } => format!("the clock of device {device} is {watch:?}"),
            Step::HubClock { watch } => format!("the hub's clock is {watch:?}"),
            Step::Prune { device } => format!("the log of device {device} is pruned"),
            Step::Dismiss { device } => format!("a refused change is dismissed on device {device}"),
            Step::Resubmit { device } => format!("a refused change is mended and written again on device {device}"),
            Step::Read { device } => format!("another program on device {device} begins to read, or ends"),
            Step::Reuse { which, of } => format!("a payload ({which}) comes under the id of another ({of})"),
            Step::Backup { device } => format!("the file of device {device} is put aside"),
            Step::Restore { device, which, .. } => format!("device {device} gets a file that was put aside ({which})"),
            Step::Copy { device, .. } => format!("device {device} is copied"),
            Step::Upgrade { device, to, .. } => format!("device {device} is opened by a program of version {to}"),
            Step::CutUpgrade { device, to, at } => {
                format!("the migration of device {device} to version {to} fails ({at})")
            }
            Step::HubUpgrade { to } => format!("the hub is opened by a program of version {to}"),
            Step::Export { device } => format!("device {device} writes a bundle"),
            Step::Deliver { which, touched: None } => format!("a bundle comes to the hub ({which})"),
            Step::Deliver { which, .. } => format!("a bundle that was touched comes to the hub ({which})"),
            Step::Import { device, which, touched, dies } => {
                let touched = if touched.is_some() { " that was touched" } else { "" };
                let dies = dies.map(|after| format!(", and its program dies after {after} steps")).unwrap_or_default();
                format!("an answer{touched} comes to device {device} ({which}){dies}")
            }
            Step::HubBackup => "the hub's file is put aside".into(),
            Step::HubRestore { which } => format!("the hub gets a file that was put aside ({which})"),
        }
    }
}
