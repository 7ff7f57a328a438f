//! A workload as files: one operation a line, as JSON.

use super::Failure;
use super::visit::Visit;
use super::workload::{Op, What, Workload};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use windrow::rusqlite::types::Value;

/// The columns but the id.
const COLUMNS: [&str; 11] =
    ["farm_id", "worker", "crop", "notes", "yield_kg", "bags", "status", "lat", "lon", "recorded_at", "updated_at"];

/// A line of a workload's file.
#[derive(Deserialize, Serialize)]
#[serde(tag = "op")]
enum Line {
    #[serde(rename = "i")]
    Insert { row: Box<Row>, ts: Option<i64> },
    #[serde(rename = "u")]
    Update { id: String, set: BTreeMap<String, serde_json::Value>, ts: i64 },
    #[serde(rename = "d")]
    Delete { id: String, ts: i64 },
}

#[derive(Deserialize, Serialize)]
struct Row {
    id: String,
    farm_id: String,
    worker: String,
    crop: String,
    notes: String,
    yield_kg: f64,
    bags: i64,
    status: String,
    lat: f64,
    lon: f64,
    recorded_at: i64,
    updated_at: i64,
}

impl Workload {
    /// The workload in these files: `base.jsonl`, `w2.jsonl`, `w3a.jsonl`, `w3b.jsonl`, `w3c.jsonl`.
    ///
    /// # Errors
    /// A file that can't be read, or a line that is no operation: which one is said.
    pub fn read(dir: &Path) -> Result<Workload, Failure> {
        let base = lines(&dir.join("base.jsonl"))?.into_iter().map(|op| match op.what {
            What::Insert(visit) => Ok(*visit),
            _ => Err(Failure::from("base.jsonl has more than inserts")),
        });
        let base = base.collect::<Result<_, _>>()?;
        let [w2, w3a, w3b, w3c] = ["w2", "w3a", "w3b", "w3c"].map(|name| lines(&dir.join(format!("{name}.jsonl"))));
        Ok(Workload { base, w2: w2?, w3a: w3a?, w3b: w3b?, w3c: w3c? })
    }

    /// Writes these files, for [`Workload::read`] and for other programs.
    ///
    /// # Errors
    /// A folder that takes no more.
    pub fn write(&self, dir: &Path) -> Result<(), Failure> {
        let inserts = self.inserts();
        let files = [("base", &inserts), ("w2", &self.w2), ("w3a", &self.w3a), ("w3b", &self.w3b), ("w3c", &self.w3c)];
        files.into_iter().try_for_each(|(name, ops)| {
            let mut file = BufWriter::new(File::create(dir.join(format!("{name}.jsonl")))?);
            for op in ops {
                serde_json::to_writer(&mut file, &line(op))?;
                file.write_all(b"\n")?;
            }
            Ok(file.flush()?)
        })
    }
}

fn lines(path: &Path) -> Result<Vec<Op>, Failure> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let said = |number: usize, why: &str| format!("{}:{}: {why}", path.display(), number + 1);
    let mut ops = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = serde_json::from_str(&line?).map_err(|error| said(number, &error.to_string()))?;
        ops.push(op(line).map_err(|error| said(number, &error.to_string()))?);
    }
    Ok(ops)
}

fn op(line: Line) -> Result<Op, Failure> {
    Ok(match line {
        Line::Insert { row, ts } => {
            let at = ts.unwrap_or(row.updated_at);
            Op { what: What::Insert(Box::new(visit(*row)?)), at }
        }
        Line::Update { id, set, ts } => {
            let set = set.into_iter().map(|(name, value)| Ok((column(&name)?, plain(&value)?)));
            let mut set: Vec<_> = set.collect::<Result<_, Failure>>()?;
            set.sort_by_key(|(name, _)| *name);
            Op { what: What::Update(id.parse()?, set), at: ts }
        }
        Line::Delete { id, ts } => Op { what: What::Delete(id.parse()?), at: ts },
    })
}

fn column(name: &str) -> Result<&'static str, Failure> {
    let found = COLUMNS.iter().find(|column| **column == name);
    Ok(found.ok_or_else(|| format!("a visit has no {name}"))?)
}

fn plain(value: &serde_json::Value) -> Result<Value, Failure> {
    match value {
        serde_json::Value::String(text) => Ok(Value::Text(text.clone())),
        serde_json::Value::Number(n) if n.is_i64() => Ok(Value::Integer(n.as_i64().unwrap_or_default())),
        serde_json::Value::Number(n) => Ok(Value::Real(n.as_f64().ok_or("a number out of range")?)),
        other => Err(format!("{other} is no value of a visit").into()),
    }
}

fn visit(row: Row) -> Result<Visit, Failure> {
    let Row { id, farm_id, worker, crop, notes, yield_kg, bags, status, lat, lon, recorded_at, updated_at } = row;
    let id = id.parse()?;
    Ok(Visit { id, farm_id, worker, crop, notes, yield_kg, bags, status, lat, lon, recorded_at, updated_at })
}

fn line(op: &Op) -> Line {
    match &op.what {
        What::Insert(visit) => Line::Insert { row: Box::new(row(visit)), ts: Some(op.at) },
        What::Update(id, set) => {
            let set = set.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect();
            Line::Update { id: id.to_string(), set, ts: op.at }
        }
        What::Delete(id) => Line::Delete { id: id.to_string(), ts: op.at },
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(n) => (*n).into(),
        Value::Real(n) => (*n).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null | Value::Blob(_) => serde_json::Value::Null,
    }
}

fn row(visit: &Visit) -> Row {
    let Visit { id, farm_id, worker, crop, notes, yield_kg, bags, status, lat, lon, recorded_at, updated_at } =
        visit.clone();
    let id = id.to_string();
    Row { id, farm_id, worker, crop, notes, yield_kg, bags, status, lat, lon, recorded_at, updated_at }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_are_read_and_a_wrong_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w3c.jsonl");
        let id = "4f5868ba-718c-435b-a20c-77e852ffc3d0";
        let good = format!(
            "{{\"op\":\"u\",\"id\":\"{id}\",\"set\":{{\"status\":\"draft\",\"bags\":3}},\"ts\":5}}\n{{\"op\":\"d\",\"id\":\"{id}\",\"ts\":6}}\n"
        );
        std::fs::write(&path, &good).unwrap();
        let set = vec![("bags", Value::Integer(3)), ("status", Value::Text("draft".into()))];
        let id = id.parse().unwrap();
        let read = [Op { what: What::Update(id, set), at: 5 }, Op { what: What::Delete(id), at: 6 }];
        assert_eq!(lines(&path).unwrap(), read);
        std::fs::write(&path, good.replace("\"bags\"", "\"bag\"")).unwrap();
        let error = lines(&path).unwrap_err().to_string();
        assert!(error.ends_with("w3c.jsonl:1: a visit has no bag"), "{error}");
    }

    /// Others are measured on another workload than we are.
    #[test]
    fn what_is_written_is_read_again() {
        let (dir, made) = (tempfile::tempdir().unwrap(), Workload::made(3, 1_000));
        made.write(dir.path()).unwrap();
        let read = Workload::read(dir.path()).unwrap();
        let by_name = |mut ops: Vec<Op>| {
            for op in &mut ops {
                if let What::Update(_, set) = &mut op.what {
                    set.sort_by_key(|(name, _)| *name);
                }
            }
            ops
        };
        assert_eq!((read.base, read.w2, read.w3a, read.w3b), (made.base, made.w2, made.w3a, made.w3b));
        assert_eq!(read.w3c, by_name(made.w3c));
    }
}
