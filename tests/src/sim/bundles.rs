//! Couriers: bundles that devices export, what the hub answers them, and the answers as they come back: late, twice, out of
//! their order, touched, or never. Devices go on meanwhile, and some of them have no other way to the hub.

use super::Fault;
use super::network::{Sent, Talk, Way};
use super::schema::Schema;
use super::step::DeviceNo;
use super::talk::End;
use super::twin::Verdict;
use super::world::World;
use crate::oracle::message::{self as plain, Ask};
use std::rc::Rc;
use windrow::bundle::{self, Arrived, BundleError, DeviceKey, HubKey};
use windrow::identity::Token;
use windrow_protocol::bundle::{Answers, Errand};
use windrow_protocol::message::Answer;
use windrow_protocol::session::{Action, Event, Request, Session};

/// Files that couriers have with them, of each kind, at most.
const CARRIED: usize = 24;
/// A session by courier has an end.
const TOO_LONG: usize = 4_000;

/// All that is with couriers.
#[derive(Debug)]
pub(super) struct Couriers {
    /// What opens bundles at the hub.
    key: HubKey,
    bundles: Vec<Bundle>,
    answers: Vec<Brought>,
    /// Bundles that were ever exported.
    count: u64,
}

/// A bundle, and what it asks in the twin's words.
#[derive(Debug, Clone)]
struct Bundle {
    number: u64,
    file: Vec<u8>,
    from: DeviceKey,
    schema: Rc<Schema>,
    session: Option<Rc<plain::Session>>,
    ask: Ask,
    /// Whether it asks for the first page.
    first: bool,
}

/// An answer, and what each part of it should be.
#[derive(Debug, Clone)]
struct Brought {
    bundle: Bundle,
    file: Vec<u8>,
    told: Vec<(Answer, Option<Verdict>)>,
}

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

/// Devices are known by their first files' numbers: a copy has the same token.
fn key(device: u64) -> Result<DeviceKey, Fault> {
    Ok(DeviceKey::of(&format!("{device:0>42}Q").parse::<Token>().map_err(say)?))
}

fn flipped(file: &[u8], at: usize) -> Vec<u8> {
    let (mut touched, at) = (file.to_vec(), at % file.len());
    touched[at] ^= 1 << (at % 8);
    touched
}

impl Couriers {
    /// Nobody is on the way yet.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new() -> Result<Couriers, Fault> {
        Ok(Couriers { key: HubKey::draw().map_err(say)?, bundles: Vec::new(), answers: Vec::new(), count: 0 })
    }
}

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() == CARRIED {
        all.remove(0);
    }
    all.push(one);
}

impl World {
    /// A device writes a bundle. Whatever session it had is given up.
    pub(super) fn export(&mut self, device: DeviceNo) -> Result<(), Fault> {
        if self.couriers.is_none() {
            return Ok(());
        }
        let mut talk = self.far(device);
        while !matches!(talk.action, Action::Send(_)) {
            if self.far_step(device, &mut talk)? != End::Not {
                // What an earlier answer had brought whole is applied; what it would delete is confirmed.
                talk = self.far(device);
            }
        }
        let peer = &self.peers[device];
        let (from, Some(couriers)) = (key(peer.device.store().device_id().bits())?, &mut self.couriers) else {
            return Ok(());
        };
        let file = bundle::write(&talk.actions, &from, &couriers.key.public()).map_err(say)?;
        couriers.count += 1;
        let (session, ask) = (peer.twin.session.clone().map(Rc::new), peer.twin.ask());
        let first = session.is_some() || peer.pages == 0;
        let bundle = Bundle { number: couriers.count, file, from, schema: peer.schema.clone(), session, ask, first };
        self.peers[device].exported.push(bundle.number);
        keep(&mut couriers.bundles, bundle);
        self.stats.exported += 1;
        Ok(())
    }

    fn far(&mut self, device: DeviceNo) -> Talk {
        let (machine, action) = Session::far();
        self.peers[device].talk = None;
        let (actions, way) = (self.peers[device].device.actions(), Way::Free);
        Talk { machine, actions, action, way, verdict: None, said: None, written: true, early: None }
    }

    /// One action that is the file's.
    fn far_step(&mut self, device: DeviceNo, talk: &mut Talk) -> Result<End, Fault> {
        (self.steps, self.now) = (self.steps + 1, self.now + 1);
        self.act(device, talk)
    }

    /// A bundle comes to the hub, once more perhaps, or `touched` at this byte.
    pub(super) fn deliver(&mut self, which: usize, touched: Option<usize>) -> Result<(), Fault> {
        let Some(couriers) = self.couriers.as_ref().filter(|c| !c.bundles.is_empty()) else { return Ok(()) };
        let bundle = couriers.bundles[which % couriers.bundles.len()].clone();
        if let Some(at) = touched {
            self.stats.touched += 1;
            let file = flipped(&bundle.file, at);
            return match Arrived::read(&file).and_then(|arrived| arrived.unseal(&couriers.key)) {
                Err(_) => Ok(()),
                Ok(opened) => Err(format!("a bundle that was touched at {at} was taken: {:?}", opened.asked)),
            };
        }
        let arrived = Arrived::read(&bundle.file).map_err(say)?;
        let opened = arrived.unseal(&couriers.key).map_err(say)?;
        if arrived.from() != bundle.from.public() {
            return Err("a bundle is another device's than its own".into());
        }
        // Some answers bring only some of the pages.
        let most = [16 << 20, 16 << 20, 5_000, 1][which / 64 % 4];
        let (mut errand, mut request) = Errand::start(opened.asked, most);
        let mut told = Vec::new();
        let mut ask = bundle.ask.clone();
        loop {
            if matches!(request, Request::Upload(_)) {
                return Err("a bundle goes in chunks".into());
            }
            let sent = Sent::of(&request, || bundle.session.clone(), || ask.clone(), &bundle.schema)?;
            let (answer, verdict) = self.arrive(&sent)?;
            // A problem is told to the courier.
            let Some(answer) = answer else { return Ok(()) };
            if let Some(Verdict::Committed(Some(at), _)) = &verdict {
                ask.own.insert(at.seq, at.mark);
            }
            told.push((answer.clone(), verdict));
            match errand.on(answer).map_err(say)? {
                Some(next) => request = next,
                None => break,
            }
        }
        let file = opened.back.seal(&errand.told()).map_err(say)?;
        self.stats.delivered += 1;
        if let Some(couriers) = &mut self.couriers {
            keep(&mut couriers.answers, Brought { bundle, file, told });
        }
        Ok(())
    }

    /// An answer comes to a device: mostly to one that waits for it. It may be touched, and the program may die after so many
    /// steps.
    pub(super) fn import(
        &mut self,
        device: DeviceNo,
        which: usize,
        (touched, dies): (Option<usize>, Option<usize>),
    ) -> Result<(), Fault> {
        let Some(couriers) = &self.couriers else { return Ok(()) };
        let waits = |brought: &&Brought| self.peers[device].exported.contains(&brought.bundle.number);
        let for_it: Vec<&Brought> = couriers.answers.iter().filter(waits).collect();
        let all: Vec<&Brought> = couriers.answers.iter().collect();
        let among = if which.is_multiple_of(16) || for_it.is_empty() { all } else { for_it };
        // Of those that wait for it every other time the newest.
        let at = (which / 16 % (2 * among.len()).max(1)).min(among.len().saturating_sub(1));
        let Some(brought) = among.get(at).copied().cloned() else { return Ok(()) };
        let store = self.peers[device].device.store().clone();
        if let Some(at) = touched {
            self.stats.touched += 1;
            return match bundle::read(&store, &flipped(&brought.file, at)) {
                Err(_) => self.device_shows(device),
                Ok(answers) => Err(format!("an answer that was touched at {at} was taken: {answers:?}")),
            };
        }
        let last = self.peers[device].exported.iter().rev().take(32);
        let remembers = last.into_iter().any(|number| *number == brought.bundle.number);
        match (bundle::read(&store, &brought.file), remembers) {
            (Ok(answers), true) => self.take_in(device, brought, answers, dies),
            (Err(BundleError::Unknown), false) => {
                self.stats.strange += 1;
                Ok(())
            }
            (other, _) => Err(format!("remembers: {remembers}, and yet {:?}", other.map(|_| "it was read"))),
        }
    }

    fn take_in(
        &mut self,
        device: DeviceNo,
        mut brought: Brought,
        mut answers: Answers,
        dies: Option<usize>,
    ) -> Result<(), Fault> {
        let (held, fits) = (answers.left(), self.still_asks(device, &brought.bundle));
        let mut talk = self.far(device);
        for step in 0..TOO_LONG {
            if dies.is_some_and(|after| step >= after) {
                return self.device_shows(device);
            }
            match talk.action.clone() {
                Action::Load { past: false, .. } => self.looks(device, &mut talk)?,
                Action::Send(request) => match answers.give(&request) {
                    Some(answer) => {
                        let at = brought.told.iter().position(|(told, _)| *told == answer);
                        talk.verdict = brought.told.remove(at.ok_or("an answer from nowhere")?).1;
                        talk.action = talk.machine.on(Event::Answered(answer)).map_err(say)?;
                    }
                    None => {
                        let taken = answers.left() < held;
                        *(if taken { &mut self.stats.partly } else { &mut self.stats.outdated }) += 1;
                        return match fits && !taken {
                            true => Err(format!("the device asks what it asked, and is not answered: {request:?}")),
                            false => self.device_shows(device),
                        };
                    }
                },
                _ => {
                    if self.far_step(device, &mut talk)? != End::Not {
                        self.stats.imported += 1;
                        return self.device_shows(device);
                    }
                }
            }
        }
        Err("an answer is taken in without end".into())
    }

    /// The session begins with what is stored, and folds nothing.
    fn looks(&mut self, device: DeviceNo, talk: &mut Talk) -> Result<(), Fault> {
        let loaded = talk.actions.stored().map_err(say)?;
        let peer = &self.peers[device];
        if loaded.outbox.as_ref().map(|outbox| outbox.session) != peer.sending.map(|(_, name)| name) {
            return Err("the device has another changeset under way than its twin".into());
        }
        talk.action = talk.machine.on(Event::Loaded(Box::new(loaded))).map_err(say)?;
        Ok(())
    }

    /// Whether the device, as its twin has it, would ask just what it asked in this bundle. Before the first commit the twin can't
    /// tell whether it has met the hub.
    fn still_asks(&self, device: DeviceNo, bundle: &Bundle) -> bool {
        let (peer, asked) = (&self.peers[device], bundle.session.as_ref().map(|session| session.id));
        let same = peer.twin.session.as_ref().map(|session| session.id) == asked;
        let fresh = asked.is_some() || (bundle.first && peer.pages == 0 && peer.inbox.is_none());
        let same = same && bundle.ask.checkpoint.seq > 0;
        same && fresh && peer.twin.ask() == bundle.ask && peer.schema.number == bundle.schema.number
    }
}
