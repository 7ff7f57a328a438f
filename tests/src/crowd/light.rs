//! A device without a file, which speaks the real protocol: the product's session machine leads it.

use crate::figures::Failure;
use crate::figures::hub::device::{Device, field};
use crate::figures::hub::link::{Link, Reply, request};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use windrow_protocol::clock::Point;
use windrow_protocol::codec::{Limits, decode_page};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Pull, to_bytes};
use windrow_protocol::model::{FieldIx, Schema};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Finish, Inbox, Loaded, Outbox, Request, Session};
use windrow_protocol::told::{News, Page, Told};

/// What all devices know: the records that there are, and where their bags stand.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) hub: SocketAddr,
    pub(super) schema: Schema,
    /// Ascending.
    pub(super) ids: Vec<RecordId>,
    bags: FieldIx,
}

/// What a device remembers. A session that broke off goes on from here.
#[derive(Debug)]
pub(super) struct Light {
    known: Arc<Known>,
    device: Device,
    checkpoint: Point,
    outbox: Option<Outbox>,
    /// How much goes at once, as its sessions have found the way.
    pace: Pace,
    /// What the pages say that are not applied yet: of each record its bags.
    pages: Vec<(RecordId, i64)>,
    inbox: Inbox,
    /// Where the hub stood when it told the last page.
    at: Point,
    /// Of each record.
    pub(super) bags: Vec<i64>,
}

/// How a session broke off.
#[derive(Debug)]
pub(super) enum Broken {
    /// The hub asked for patience.
    Busy(Duration),
    /// The connection did not come about, or broke.
    Link,
    /// What may not happen.
    Wrong(Failure),
}

impl<E: Into<Failure>> From<E> for Broken {
    fn from(error: E) -> Broken {
        Broken::Wrong(error.into())
    }
}

impl Known {
    /// Asks the hub which records there are. What it says, and of each record its bags.
    pub(super) async fn learn(hub: SocketAddr, schema: Schema) -> Result<(Arc<Known>, Vec<i64>, Point), Failure> {
        let bags = field(&schema, "bags")?;
        let known = Arc::new(Known { hub, schema, ids: Vec::new(), bags });
        let mut first = Light::new(&known, u64::MAX >> 3, (Point::START, Vec::new()));
        first.session().await.map_err(|broken| format!("the first pull: {broken:?}"))?;
        let mut all = std::mem::take(&mut first.pages);
        all.sort_unstable();
        let schema = crate::figures::visit::schema()?;
        let ids = all.iter().map(|(id, _)| *id).collect();
        let known = Arc::new(Known { hub, schema, ids, bags });
        Ok((known, all.into_iter().map(|(_, bags)| bags).collect(), first.checkpoint))
    }

    /// The one record whose id is between these.
    fn find(&self, low: RecordId, high: RecordId) -> Option<RecordId> {
        let from = self.ids.partition_point(|id| *id < low);
        let found = self.ids.get(from).filter(|id| **id <= high)?;
        self.ids.get(from + 1).is_none_or(|next| *next > high).then_some(*found)
    }

    fn bags(&self, told: &Told) -> Option<i64> {
        let value = match &told.what {
            News::Whole(values) => values.get(self.bags),
            News::Patch(fields) => fields.iter().find(|(field, _)| *field == self.bags).map(|(_, value)| value),
            News::Gone => None,
        };
        match value {
            Some(windrow_protocol::value::Value::Integer(bags)) => Some(*bags),
            _ => None,
        }
    }
}

impl Light {
    /// A device of this number that has applied everything up to here.
    pub(super) fn new(known: &Arc<Known>, number: u64, (checkpoint, bags): (Point, Vec<i64>)) -> Light {
        let (device, pages) = (Device::new(number), Vec::new());
        Light {
            known: known.clone(),
            device,
            checkpoint,
            outbox: None,
            pace: Pace::default(),
            pages,
            inbox: Inbox::Empty,
            at: checkpoint,
            bags,
        }
    }

    /// Adds 1 to the bags of these records, by their places.
    pub(super) fn adds(&mut self, records: &[usize]) -> Result<(), Failure> {
        let ids: Vec<RecordId> = records.iter().map(|at| self.known.ids[*at]).collect();
        self.outbox = Some(self.device.adds(&self.known.schema, self.checkpoint, &ids)?);
        Ok(())
    }

    /// One session, over a connection of its own.
    pub(super) async fn session(&mut self) -> Result<(), Broken> {
        let mut link = Link::connect(self.known.hub).await.map_err(|_| Broken::Link)?;
        let (mut session, mut action) = Session::start(self.pace.clone());
        loop {
            let event = match action {
                Action::Finish(Finish::InSync) => return Ok(()),
                Action::Send(request) => {
                    let answered = send(&mut link, &request, &mut session.pace).await?;
                    self.pace.clone_from(&session.pace);
                    answered
                }
                action => self.perform(action)?,
            };
            action = session.on(event)?;
        }
    }

    fn perform(&mut self, action: Action) -> Result<Event, Failure> {
        match action {
            Action::Load { .. } => Ok(Event::Loaded(Box::new(Loaded {
                outbox: self.outbox.clone(),
                stored_before: false,
                behind: false,
                inbox: self.inbox,
                pull: self.pull(),
            }))),
            Action::MarkPrepared => {
                self.outbox.iter_mut().for_each(|outbox| outbox.prepared = true);
                Ok(Event::Done)
            }
            Action::Acknowledge { page, .. } => {
                self.outbox = None;
                self.pages.clear();
                self.keep(&page)
            }
            Action::Keep(page) => self.keep(&page),
            Action::Apply => Ok(self.apply()),
            other => Err(format!("a hub that lost nothing lets a device do {other:?}").into()),
        }
    }

    fn pull(&self) -> Pull {
        self.device.pull(&self.known.schema, self.checkpoint)
    }

    fn keep(&mut self, page: &[u8]) -> Result<Event, Failure> {
        let known = self.known.clone();
        let page: Page =
            decode_page(&known.schema, page, &Limits::default())?.resolve(|_, low, high| known.find(low, high))?;
        self.pages.extend(page.told.iter().filter_map(|told| Some((told.id, known.bags(told)?))));
        self.at = page.at;
        self.inbox = page.cursor().map_or(Inbox::Complete, Inbox::Partial);
        Ok(Event::Kept(self.inbox, Box::new(self.pull())))
    }

    fn apply(&mut self) -> Event {
        // Whoever knows no record yet is to learn which there are, and keeps the pages for that.
        if !self.known.ids.is_empty() {
            for (id, bags) in self.pages.drain(..) {
                if let Ok(at) = self.known.ids.binary_search(&id) {
                    self.bags[at] = bags;
                }
            }
        }
        (self.checkpoint, self.inbox) = (self.at, Inbox::Empty);
        Event::Applied
    }
}

async fn send(link: &mut Link, asked: &Request, pace: &mut Pace) -> Result<Event, Broken> {
    let (verb, body) = match asked {
        Request::Prepare(body) => ("prepare", to_bytes(body)?),
        Request::Upload(chunk) => ("upload", chunk.to_bytes()?),
        Request::Commit(body) => ("commit", to_bytes(body)?),
        Request::Pull(body) => ("pull", to_bytes(body)?),
    };
    let since = Instant::now();
    match link.ask(&request(verb, &body)).await {
        Ok(Reply::Answer(answer)) => {
            pace.answered(asked, &answer, since.elapsed().as_millis() as u64);
            Ok(Event::Answered(answer))
        }
        Ok(Reply::Busy(after)) => Err(Broken::Busy(after)),
        Err(_) => Err(Broken::Link),
    }
}
