//! A hub that holds so many records, and the devices that come to it.

use super::device::{Device, Made};
use super::link::{Link, Reply};
use super::load::{Hears, Load, come};
use super::process::Process;
use crate::figures::Failure;
use crate::figures::rows::Rows;
use crate::figures::visit::{self, Visit};
use fastrand::Rng;
use std::path::Path;
use windrow_protocol::clock::Point;
use windrow_protocol::codec::{Limits, decode_page};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Pull, to_bytes};
use windrow_protocol::model::Schema;
use windrow_protocol::told::Page;

/// Records that one session brings while a hub is filled.
const FILLED_BY: usize = 10_000;

/// A hub and what it holds.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) hub: Process,
    pub(crate) schema: Schema,
    /// The records that it holds.
    ids: Vec<RecordId>,
    /// Its last commit.
    pub(crate) head: Point,
    /// How many devices have come.
    known: usize,
    rows: Rows,
    rng: Rng,
    /// Who fills it.
    filler: Device,
}

impl Site {
    /// Starts a hub that holds nothing.
    pub(crate) fn start(program: &Path, path: &Path) -> Result<Site, Failure> {
        let hub = Process::start(program, path)?;
        let (ids, head, schema, filler) = (Vec::new(), Point::START, visit::schema()?, Device::new(0));
        Ok(Site { hub, schema, ids, head, known: 1, rows: Rows::new(1), rng: Rng::with_seed(1), filler })
    }

    /// Fills it until it holds so many records.
    pub(crate) async fn fill(&mut self, records: usize) -> Result<(), Failure> {
        while self.ids.len() < records {
            let visits: Vec<Visit> = self.rows.by_ref().take((records - self.ids.len()).min(FILLED_BY)).collect();
            let made = self.filler.inserts(&self.schema, &visits)?;
            self.come(vec![vec![made]], false).await?;
            self.ids.extend(visits.iter().map(|visit| RecordId(*visit.id.as_bytes())));
        }
        Ok(())
    }

    /// How many devices it knows.
    pub(crate) fn known(&self) -> usize {
        self.known
    }

    /// So many new devices, each with so many sessions made, each of so many changes of one field.
    pub(crate) fn devices(&mut self, count: usize, sessions: usize, changes: usize) -> Result<Vec<Vec<Made>>, Failure> {
        (0..count).map(|_| self.device(sessions, changes)).collect()
    }

    fn device(&mut self, sessions: usize, changes: usize) -> Result<Vec<Made>, Failure> {
        let mut device = Device::new(self.known as u64);
        self.known += 1;
        let made = |_| {
            let ids = self.some(changes);
            device.updates(&self.schema, self.head, &ids)
        };
        (0..sessions).map(made).collect()
    }

    /// Some of the records, at random.
    fn some(&mut self, count: usize) -> Vec<RecordId> {
        self.rng.choose_multiple(self.ids.iter().copied(), count)
    }

    /// Lets devices come at once. Are they told what all the others do?
    pub(crate) async fn come(&mut self, devices: Vec<Vec<Made>>, all: bool) -> Result<Load, Failure> {
        let hears = if all { Hears::All(self.head) } else { Hears::latest(self.head) };
        let load = come(self.hub.addr, devices, hears).await?;
        self.head = load.last.unwrap_or(self.head);
        Ok(load)
    }

    /// The requests that a new device makes to have everything after this point, and of how many records it is told.
    pub(crate) async fn pulls(&self, after: Point) -> Result<(Vec<Vec<u8>>, usize), Failure> {
        let mut pull = Device::new(u64::MAX >> 1).pull(&self.schema, after);
        let (mut link, mut requests, mut told) = (Link::connect(self.hub.addr).await?, Vec::new(), 0);
        loop {
            let request = self.request(&pull)?;
            let page = self.page(link.ask(&request).await?)?;
            requests.push(request);
            told += page.told.len();
            match page.cursor() {
                Some(cursor) => pull.cursor = Some(cursor),
                None => return Ok((requests, told)),
            }
        }
    }

    fn request(&self, pull: &Pull) -> Result<Vec<u8>, Failure> {
        Ok(super::link::request("pull", &to_bytes(pull)?))
    }

    fn page(&self, reply: Reply) -> Result<Page, Failure> {
        match reply {
            Reply::Answer(Answer::News(page)) => {
                Ok(decode_page(&self.schema, &page, &Limits::default())?.unresolved().clone())
            }
            other => Err(format!("a pull was answered {other:?}").into()),
        }
    }
}
