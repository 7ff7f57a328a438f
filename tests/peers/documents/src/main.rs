//! What libraries of merging documents send for the workload in a folder: a document that maps ids to maps of fields.
//! Called by `figures --peers`. One JSON object a line: `figure`, `peer`, `value`, `unit`, `ratio`.

use automerge::ReadDoc;
use automerge::transaction::Transactable;
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use yrs::{Map, ReadTxn, Transact};

type Failure = Box<dyn Error>;

/// A document, and what it sends.
trait Document {
    /// Sets a field. The record is there.
    fn set(&mut self, id: &str, field: &str, value: &Value) -> Result<(), Failure>;
    /// A new record without fields.
    fn insert(&mut self, id: &str) -> Result<(), Failure>;
    /// Takes a record away.
    fn delete(&mut self, id: &str) -> Result<(), Failure>;
    /// All that changed since the last call, as it is sent.
    fn sent(&mut self) -> Result<Vec<u8>, Failure>;
}

struct Automerge(automerge::AutoCommit);

impl Automerge {
    fn record(&self, id: &str) -> Result<automerge::ObjId, Failure> {
        Ok(self.0.get(automerge::ROOT, id)?.ok_or("no such record")?.1)
    }
}

impl Document for Automerge {
    fn set(&mut self, id: &str, field: &str, value: &Value) -> Result<(), Failure> {
        let record = self.record(id)?;
        match value {
            Value::String(text) => self.0.put(record, field, text.as_str())?,
            value if value.is_i64() => self.0.put(record, field, value.as_i64().unwrap_or_default())?,
            value => self.0.put(record, field, value.as_f64().ok_or("no number")?)?,
        }
        Ok(())
    }

    fn insert(&mut self, id: &str) -> Result<(), Failure> {
        self.0.put_object(automerge::ROOT, id, automerge::ObjType::Map)?;
        Ok(())
    }

    fn delete(&mut self, id: &str) -> Result<(), Failure> {
        Ok(self.0.delete(automerge::ROOT, id)?)
    }

    fn sent(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.0.save_incremental())
    }
}

struct Loro(loro::LoroDoc, loro::VersionVector);

impl Loro {
    fn record(&self, id: &str) -> Result<loro::LoroMap, Failure> {
        let found = self.0.get_map("visit").get(id).ok_or("no such record")?;
        Ok(found.into_container().ok().and_then(|c| c.into_map().ok()).ok_or("not a record")?)
    }
}

impl Document for Loro {
    fn set(&mut self, id: &str, field: &str, value: &Value) -> Result<(), Failure> {
        Ok(self.record(id)?.insert(field, value.clone())?)
    }

    fn insert(&mut self, id: &str) -> Result<(), Failure> {
        self.0.get_map("visit").insert_container(id, loro::LoroMap::new())?;
        Ok(())
    }

    fn delete(&mut self, id: &str) -> Result<(), Failure> {
        Ok(self.0.get_map("visit").delete(id)?)
    }

    fn sent(&mut self) -> Result<Vec<u8>, Failure> {
        self.0.commit();
        let sent = self.0.export(loro::ExportMode::updates(&self.1))?;
        self.1 = self.0.oplog_vv();
        Ok(sent)
    }
}

struct Yrs(yrs::Doc, yrs::MapRef, yrs::StateVector);

impl Yrs {
    fn new() -> Yrs {
        let doc = yrs::Doc::new();
        let visit = doc.get_or_insert_map("visit");
        Yrs(doc, visit, yrs::StateVector::default())
    }
}

impl Document for Yrs {
    fn set(&mut self, id: &str, field: &str, value: &Value) -> Result<(), Failure> {
        let mut transaction = self.0.transact_mut();
        let Some(yrs::Out::YMap(record)) = self.1.get(&transaction, id) else { return Err("no such record".into()) };
        match value {
            Value::String(text) => record.insert(&mut transaction, field, text.as_str()),
            value if value.is_i64() => record.insert(&mut transaction, field, value.as_i64().unwrap_or_default()),
            value => record.insert(&mut transaction, field, value.as_f64().ok_or("no number")?),
        };
        Ok(())
    }

    fn insert(&mut self, id: &str) -> Result<(), Failure> {
        self.1.insert(&mut self.0.transact_mut(), id, yrs::MapPrelim::default());
        Ok(())
    }

    fn delete(&mut self, id: &str) -> Result<(), Failure> {
        self.1.remove(&mut self.0.transact_mut(), id);
        Ok(())
    }

    fn sent(&mut self) -> Result<Vec<u8>, Failure> {
        let transaction = self.0.transact();
        let sent = transaction.encode_diff_v2(&self.2);
        self.2 = transaction.state_vector();
        Ok(sent)
    }
}

/// Carries out a line of a workload's file.
fn write(document: &mut dyn Document, line: &str) -> Result<(), Failure> {
    let op: Value = serde_json::from_str(line)?;
    let fields = if op["op"] == "i" { &op["row"] } else { &op["set"] };
    let id = if op["op"] == "i" { &op["row"]["id"] } else { &op["id"] };
    let id = id.as_str().ok_or("no id")?;
    match op["op"].as_str() {
        Some("i") => document.insert(id)?,
        Some("d") => return document.delete(id),
        _ => {}
    }
    let fields = fields.as_object().ok_or("no fields")?;
    fields.iter().filter(|(name, _)| *name != "id").try_for_each(|(name, value)| document.set(id, name, value))
}

fn measure(peer: &str, document: &mut dyn Document, workload: &Path) -> Result<(), Failure> {
    for (figure, file) in [("w3d", "base"), ("w3a", "w3a"), ("w3b_up", "w3b"), ("w3c", "w3c")] {
        let lines = std::fs::read_to_string(workload.join(file).with_extension("jsonl"))?;
        lines.lines().try_for_each(|line| write(document, line))?;
        let sent = document.sent()?;
        // As it is where zstd makes it no smaller: some compress by themselves.
        let bytes = zstd::bulk::compress(&sent, 3)?.len().min(sent.len());
        println!("{}", json!({"figure": figure, "peer": peer, "value": bytes, "unit": "bytes", "ratio": null}));
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let workload = std::env::args().nth(1).ok_or("which folder has the workload?")?;
    let peers: [(&str, Box<dyn Document>); 3] = [
        ("automerge", Box::new(Automerge(automerge::AutoCommit::new()))),
        ("loro", Box::new(Loro(loro::LoroDoc::new(), loro::VersionVector::default()))),
        ("yrs", Box::new(Yrs::new())),
    ];
    for (peer, mut document) in peers {
        if let Err(error) = measure(peer, document.as_mut(), Path::new(&workload)) {
            println!("{}", json!({"missing": peer, "why": error.to_string()}));
        }
    }
    Ok(())
}
