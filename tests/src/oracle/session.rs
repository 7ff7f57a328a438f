//! A session, message by message.

use super::Mark;
use super::device::Device;
use super::hub::Hub;
use super::message::{Answer, Session};

/// The answer that never arrived. What it answered has happened at the hub all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// To the first prepare.
    Prepare,
    /// To the first commit; where there is nothing to send, to the pull.
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
    /// The answer would delete much, and waits for somebody to agree; it is dropped whole. See [`Device::confirm`].
    Waits,
}

/// What is random in a session.
pub trait Draw {
    /// A session's id.
    fn id(&mut self) -> u64;
    /// A commit's mark.
    fn mark(&mut self) -> Mark;
}

/// A device's side of a session under way. What must outlive it is in the device's file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exchange {
    next: Next,
    /// Whether the hub has just answered that it does not know the past.
    astray: bool,
}

/// What the device says next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    /// A prepare, or a pull where there is nothing to send.
    #[default]
    Any,
    /// The commit of what is prepared.
    Commit,
    /// A pull.
    Pull,
}

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// PREPARE.
    Prepare(Session),
    /// COMMIT.
    Commit(Session),
    /// PULL.
    Pull,
}

impl Exchange {
    /// What the device says now. A changeset is stored before it leaves.
    pub fn request(&mut self, device: &mut Device, draw: &mut dyn Draw) -> Request {
        match (self.next, device.session.clone()) {
            (Next::Commit, Some(stored)) => Request::Commit(stored),
            (Next::Any | Next::Commit, stored) if device.speaks(self.astray) => {
                let session = stored.unwrap_or_else(|| device.stage(draw.id(), self.astray));
                device.session = Some(session.clone());
                Request::Prepare(session)
            }
            _ => Request::Pull,
        }
    }

    /// The request arrives.
    pub fn deliver(request: &Request, device: &Device, hub: &mut Hub, draw: &mut dyn Draw) -> Answer {
        match request {
            Request::Prepare(session) => hub.prepare(session),
            Request::Commit(session) => hub.commit(session, draw.mark()),
            Request::Pull => hub.pull(&device.ask()),
        }
    }

    /// The answer arrives. What became of the session, once it is over.
    pub fn hear(&mut self, device: &mut Device, request: &Request, answer: &Answer) -> Option<Synced> {
        self.astray = *answer == Answer::Astray;
        self.next = match (request, answer) {
            (Request::Pull, Answer::News(pulled)) => return Some(device.apply(pulled)),
            (Request::Pull, _) => Next::Any,
            (Request::Commit(session), Answer::Committed(at)) => {
                device.acknowledge(session, *at);
                Next::Pull
            }
            (Request::Prepare(_), Answer::Prepared) => Next::Commit,
            (Request::Prepare(_) | Request::Commit(_), answer) => {
                device.learn(answer);
                Next::Any
            }
        };
        None
    }
}

/// Requests of one session after which it is given up.
const TOO_MANY: usize = 40;

impl Device {
    /// Runs one session: with the stored changeset if its commit was not heard of, else with a new one.
    ///
    /// `meanwhile` writes to the device when the commit has happened and nothing of the answer is applied yet.
    ///
    /// # Errors
    /// The last of many answers, where there is no end of them.
    pub fn sync(
        &mut self,
        hub: &mut Hub,
        draw: &mut dyn Draw,
        lost: Option<Lost>,
        meanwhile: impl FnOnce(&mut Device),
    ) -> Result<Synced, Answer> {
        let (mut exchange, mut meanwhile, mut last) = (Exchange::default(), Some(meanwhile), None);
        for _ in 0..TOO_MANY {
            let request = exchange.request(self, draw);
            let prepares = matches!(request, Request::Prepare(_));
            if !prepares && last.is_none() && lost == Some(Lost::Prepare) {
                return Ok(Synced::Lost);
            }
            let answer = Exchange::deliver(&request, self, hub, draw);
            if prepares && lost == Some(Lost::Prepare) {
                return Ok(Synced::Lost);
            }
            if !prepares {
                if let Some(write) = meanwhile.take() {
                    write(self);
                }
                if lost == Some(Lost::Commit) || request == Request::Pull && lost == Some(Lost::Pull) {
                    return Ok(Synced::Lost);
                }
            }
            if let Some(synced) = exchange.hear(self, &request, &answer) {
                return Ok(synced);
            }
            last = Some(answer);
        }
        Err(last.unwrap_or(Answer::UnknownSession))
    }
}
