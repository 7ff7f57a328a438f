//! What syncing cost, and what it would have cost as full JSON records.

use super::tables::Contents;
use crate::proxy::Carried;
use serde_json::{Value as Json, json};

/// A tablet's changes so far, as full JSON records.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What the tables held when it was last looked.
    seen: Contents,
    /// Records sent and received.
    records: u64,
    /// Their bytes as full JSON records.
    json: u64,
}

impl Ledger {
    /// A session is about to begin: what has changed here is sent.
    pub(super) fn sends(&mut self, now: &Contents) {
        self.count(now);
    }

    /// A session has ended: what has changed here was received. How many records.
    pub(super) fn received(&mut self, now: &Contents) -> u64 {
        self.count(now)
    }

    fn count(&mut self, now: &Contents) -> u64 {
        let (records, json) = now.since(&self.seen);
        (self.records, self.json) = (self.records + records, self.json + json);
        self.seen = now.clone();
        records
    }
}

/// What several tablets' sessions cost.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Account {
    carried: Carried,
    records: u64,
    json: u64,
}

impl Account {
    /// One more tablet: what its link carried, what its ledger says.
    pub(super) fn add(&mut self, carried: Carried, ledger: &Ledger) {
        self.carried.sent += carried.sent;
        self.carried.received += carried.received;
        self.records += ledger.records;
        self.json += ledger.json;
    }

    /// What came after an earlier account.
    pub(super) fn since(self, earlier: Account) -> Account {
        Account {
            carried: Carried {
                sent: self.carried.sent - earlier.carried.sent,
                received: self.carried.received - earlier.carried.received,
            },
            records: self.records - earlier.records,
            json: self.json - earlier.json,
        }
    }

    /// Records that travelled, either way.
    pub(super) fn records(self) -> u64 {
        self.records
    }

    /// Their bytes as full JSON records.
    pub(super) fn full_json(self) -> u64 {
        self.json
    }

    /// Bytes on the links, both ways.
    pub(super) fn bytes(self) -> u64 {
        self.carried.sent + self.carried.received
    }

    /// The links' bytes over those of full JSON records.
    pub(super) fn ratio(self) -> f64 {
        self.bytes() as f64 / (self.json as f64).max(1.0)
    }

    /// For programs.
    pub(super) fn fact(self) -> Json {
        json!({
            "sent": self.carried.sent,
            "received": self.carried.received,
            "records": self.records,
            "full_json": self.json,
            "ratio": (self.ratio() * 1000.0).round() / 1000.0,
        })
    }
}
