//! Sessions, message by message: the product's side first, then its twin's, and whether they agree.

use super::hub::{Refused, Route};
use super::network::{Sent, Talk, Way};
use super::schema::Schema;
use super::step::DeviceNo;
use super::twin::{Heard, Said, Verdict};
use super::world::World;
use super::{Fault, judge, refusals, slices};
use crate::oracle::message as plain;
use crate::oracle::schema::Strategy;
use crate::oracle::session::Synced;
use crate::oracle::{Hlc, Id, Point, Row, View};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use windrow::hub::HubError;
use windrow::store::Next;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock;
use windrow_protocol::codec::{Limits, decode_changeset, decode_page};
use windrow_protocol::message::{Answer, Commit, Prepare, ProblemKind, Retry, from_bytes, to_bytes};
use windrow_protocol::session::{Action, Event, Finish, Inbox, Request};

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It goes on.
    Not,
    /// As the machine says.
    Finished(Finish),
    /// The hub did not answer it.
    Rejected,
    /// What may be spent today is spent.
    Spent,
}

/// What a device holds that applies a part of an answer.
const CUT_SHORT: &str = "an answer counts as complete, and its last page has not come";

/// Earlier checkpoints that a device keeps all.
const CHECKPOINTS: usize = 256;

fn say(error: impl std::fmt::Display) -> Fault {
    error.to_string()
}

/// The product's point as the oracle's.
pub fn point(point: clock::Point) -> Point {
    Point { seq: point.seq.bits(), mark: point.mark.0 }
}

impl World {
    /// A device's session goes on by one action, or one begins.
    ///
    /// # Errors
    /// What must not be.
    pub fn go(&mut self, device: DeviceNo) -> Result<End, Fault> {
        let Some(mut talk) = self.peers[device].talk.take() else {
            self.start(device);
            return Ok(End::Not);
        };
        let end = match std::mem::replace(&mut talk.way, Way::Free) {
            Way::Out(sent) => self.request_arrives(&mut talk, &sent)?,
            Way::Back(bytes, verdict) => {
                self.pays_for(device, &bytes)?;
                talk.machine.pace.limit(self.left(device).unwrap_or(0));
                let answer = from_bytes::<Answer>(&bytes).map_err(say)?;
                talk.verdict = verdict;
                talk.action = talk.machine.on(Event::Answered(answer)).map_err(say)?;
                End::Not
            }
            Way::Free => self.act(device, &mut talk)?,
        };
        if end == End::Not {
            self.peers[device].talk = Some(talk);
        }
        Ok(end)
    }

    pub(super) fn act(&mut self, device: DeviceNo, talk: &mut Talk) -> Result<End, Fault> {
        match talk.action.clone() {
            Action::Finish(finish) => self.finish(device, talk, finish),
            Action::Send(request) => self.send(device, talk, &request),
            action => {
                let done = talk.actions.perform(action.clone()).map_err(|e| format!("{action:?}: {e}"))?;
                let Next::Event(event) = done else { return Err(format!("{action:?} was to be done")) };
                self.follow(device, talk, &action, &event)?;
                talk.action = talk.machine.on(event).map_err(say)?;
                if self.looks_closer(32) {
                    self.device_shows(device)?;
                }
                Ok(End::Not)
            }
        }
    }

    fn send(&mut self, device: DeviceNo, talk: &mut Talk, request: &Request) -> Result<End, Fault> {
        if self.left(device).is_none() || self.waits(device, request)? {
            self.stats.spent += 1;
            return Ok(End::Spent);
        }
        if let (Request::Upload(chunk), Some(progress)) = (request, talk.machine.progress()) {
            self.stats.ahead += u64::from(chunk.offset > progress.sent);
        }
        let peer = &mut self.peers[device];
        if let Request::Commit(commit) = request
            && !commit.pull.whole_ids
        {
            talk.actions.fold_ahead().map_err(say)?;
            talk.early = Some(peer.twin.hlc);
        }
        peer.pace = Some(talk.machine.pace.clone());
        let session = || peer.twin.session.clone().map(Rc::new);
        let sent = Sent::of(request, session, || peer.twin.ask(), &peer.schema)?;
        self.pays(device, &sent)?;
        self.remember(sent.clone());
        talk.said = Some(sent.said.clone());
        talk.way = Way::Out(sent);
        Ok(End::Not)
    }

    fn request_arrives(&mut self, talk: &mut Talk, sent: &Sent) -> Result<End, Fault> {
        let (answer, verdict) = self.arrive(sent)?;
        match answer {
            Some(answer) => {
                talk.way = Way::Back(to_bytes(&answer).map_err(say)?, verdict);
                Ok(End::Not)
            }
            None => Ok(End::Rejected),
        }
    }

    /// A request arrives at the hub, and at its twin. The answer, unless it is a problem, and what it should be; nothing of
    /// that where ids are to be said whole.
    pub(super) fn arrive(&mut self, sent: &Sent) -> Result<(Option<Answer>, Option<Verdict>), Fault> {
        self.stats.requests += 1;
        let (now, before) = (self.hub_time(), self.twin.hub.seq);
        self.hub.set_clock(now);
        let answer = self.hub.answer(sent.route, &sent.body);
        if matches!(answer, Ok(Answer::WholeIds)) {
            self.stats.whole_ids += 1;
            if let Said::Upload(_, chunk) = &sent.said {
                self.twin.asks_for_whole_ids(chunk, now);
            }
            return Ok((answer.ok(), None));
        }
        let drawn = match &answer {
            Ok(Answer::Committed { at: Some(at), .. }) => at.mark.0,
            _ => 0,
        };
        let remembered = matches!(answer, Ok(Answer::Prepared | Answer::Committed { .. }));
        let last = is_last(&sent.schema, &answer)?;
        let mut verdict = self.twin.answer(&sent.said, &sent.schema, now, Heard { drawn, remembered, last });
        // Where the last page stopped the hub may have lost, though nothing else that the device speaks of.
        if matches!((&sent.said, &answer), (Said::Pull(_, true), Ok(Answer::Astray))) && self.stats.hub_restored > 0 {
            verdict = Verdict::Disagrees(plain::Answer::Astray);
        }
        self.agree(&answer, &verdict, &sent.schema)?;
        if matches!(verdict, Verdict::Committed(None, _)) {
            self.twin.may_tick(self.hub.clock()?, now);
        }
        // What is prepared, whole by then or in one piece, is not kept in pieces any more.
        if verdict == Verdict::Prepared {
            sent.session().into_iter().for_each(|session| self.twin.arrivals.forget(session));
        }
        if self.twin.hub.seq > before {
            self.stats.commits += 1;
            self.hub_shows()?;
            self.clashes_are_told(&sent.said)?;
            if self.looks_closer(64) {
                self.conflicts_are_open()?;
            }
        } else if self.looks_closer(16) {
            self.hub_shows()?;
        }
        Ok((answer.ok(), Some(verdict)))
    }

    fn agree(&mut self, answer: &Result<Answer, Refused>, verdict: &Verdict, from: &Schema) -> Result<(), Fault> {
        self.stats.of_others += u64::from(from.number != self.schema.number);
        let agreed = match (answer, verdict) {
            (Ok(Answer::Prepared), Verdict::Prepared) | (Ok(Answer::News(_)), Verdict::News(_)) => true,
            (Ok(Answer::Received(lacks)), Verdict::Received(expected)) => {
                self.stats.chunks += 1;
                lacks.iter().map(|gap| (gap.from, gap.to)).eq(expected.iter().copied())
            }
            (Ok(Answer::Committed { at, .. }), Verdict::Committed(expected, _)) => at.map(point) == *expected,
            (Ok(Answer::UnknownSession), Verdict::Unknown) => {
                self.stats.unknown += 1;
                true
            }
            (Ok(Answer::Refused(refusals)), Verdict::Refused(keys, _)) => {
                let refused: BTreeSet<_> = refusals.iter().map(|r| from.plain_key(r.key)).collect();
                self.stats.refused += 1;
                refused == *keys
            }
            (Ok(answer), Verdict::Disagrees(expected)) => {
                self.stats.astray += 1;
                same_past(answer, expected, from)
            }
            (Err(Refused::Hub(HubError::Problem(problem))), Verdict::Newer) => {
                self.stats.newer += 1;
                problem.kind == ProblemKind::UnknownVersion && problem.retry == Retry::Later
            }
            _ => false,
        };
        if agreed { Ok(()) } else { Err(format!("the hub answered {}, expected {verdict:?}", judge::brief(answer))) }
    }

    /// A request or an answer that is cut off. Nothing comes of it.
    pub(super) fn cut(&mut self, device: DeviceNo, at: usize) -> Result<(), Fault> {
        let Some(talk) = self.peers[device].talk.take() else { return Ok(()) };
        match talk.way {
            Way::Free => {
                self.peers[device].talk = Some(talk);
                return Ok(());
            }
            Way::Out(sent) => {
                let head = self.hub.head()?;
                let cut = &sent.body[..at % sent.body.len()];
                if let (Said::Upload(session, _), Ok(arrived)) = (&sent.said, Chunk::arrived(cut)) {
                    // What has arrived of a chunk is kept.
                    self.stats.cut += 1;
                    let said = Said::Upload(session.clone(), arrived);
                    return self.arrive(&Sent { body: cut.to_vec(), said, ..sent.clone() }).map(drop);
                }
                match self.hub.answer(sent.route, cut) {
                    Err(Refused::Body(_)) if self.hub.head()? == head => {}
                    other => return Err(format!("a request cut off was answered {}", judge::brief(&other))),
                }
            }
            Way::Back(bytes, _) => {
                if let Ok(answer) = from_bytes::<Answer>(&bytes[..at % bytes.len()]) {
                    return Err(format!("an answer cut off reads {answer:?}"));
                }
            }
        }
        self.stats.cut += 1;
        Ok(())
    }

    /// The request that is under way arrives once, beforehand.
    pub(super) fn repeat(&mut self, device: DeviceNo) -> Result<(), Fault> {
        let way = self.peers[device].talk.as_ref().map(|t| &t.way);
        let Some(Way::Out(sent)) = way else { return Ok(()) };
        let sent = sent.clone();
        self.stats.repeated += 1;
        self.arrive(&sent).map(drop)
    }

    /// A request that was sent once arrives now, and nobody waits for its answer.
    pub(super) fn old(&mut self, which: usize) -> Result<(), Fault> {
        if self.sent.is_empty() {
            return Ok(());
        }
        let sent = self.sent[which % self.sent.len()].clone();
        self.stats.late += 1;
        self.arrive(&sent).map(drop)
    }

    /// A program that drew a session's id once more, as a machine put back to an earlier state may, sends another payload
    /// under it. The hub surely remembers who used it first.
    pub(super) fn reuse(&mut self, which: usize, of: usize) -> Result<(), Fault> {
        let (now, count) = (self.hub_time(), self.sent.len().max(1));
        let (Some(sent), Some(first)) = (self.sent.get(which % count), self.sent.get(of % count)) else {
            return Ok(());
        };
        let (Some(mine), Some(id)) =
            (sent.said.session(), first.said.session().filter(|s| self.twin.remembers(s.id, now)))
        else {
            return Ok(());
        };
        if mine == id || first.session() == sent.session() {
            return Ok(());
        }
        let Some(id) = first.session() else { return Ok(()) };
        let body = match sent.route {
            Route::Prepare => {
                let prepare: Prepare = from_bytes(&sent.body).map_err(say)?;
                to_bytes(&Prepare { session: id, ..prepare })
            }
            Route::Commit => {
                let commit: Commit = from_bytes(&sent.body).map_err(say)?;
                to_bytes(&Commit { session: id, ..commit })
            }
            Route::Upload => {
                let mut chunk = Chunk::arrived(&sent.body).map_err(say)?;
                chunk.parcel.session = id;
                chunk.to_bytes()
            }
            Route::Pull => return Ok(()),
        };
        let head = self.hub.head()?;
        self.hub.set_clock(now);
        self.stats.reused += 1;
        match self.hub.answer(sent.route, &body.map_err(say)?) {
            // A commit that speaks of another past hears that first.
            Ok(Answer::Reused | Answer::Astray) if self.hub.head()? == head => Ok(()),
            other => Err(format!("I2: another payload under a known id was answered {}", judge::brief(&other))),
        }
    }

    /// The twin does what the file has just done.
    fn follow(&mut self, device: DeviceNo, talk: &mut Talk, action: &Action, event: &Event) -> Result<(), Fault> {
        match (action, event) {
            (Action::Load { past, .. }, Event::Loaded(loaded)) => {
                self.loaded(device, talk.early.take(), loaded.outbox.as_ref(), *past)
            }
            (Action::MarkPrepared, _) => Ok(()),
            (Action::Discard, _) => {
                let peer = &mut self.peers[device];
                peer.twin.session = None;
                (peer.sending, peer.inbox, peer.pages) = (None, None, 0);
                Ok(())
            }
            (Action::TakeOver { .. } | Action::GoBack(_), _) => {
                let Some(Verdict::Disagrees(told)) = talk.verdict.take() else {
                    return Err("a past from nowhere".into());
                };
                self.learnt(device, &told)
            }
            (Action::Refuse(_), _) => self.refused(device, talk),
            (Action::Acknowledge { .. }, Event::Kept(inbox, _)) => {
                let (Some(Verdict::Committed(at, pulled)), Some(session)) =
                    (talk.verdict.take(), self.peers[device].twin.session.clone())
                else {
                    return Err("a commit is acknowledged that nobody made".into());
                };
                let peer = &mut self.peers[device];
                peer.twin.acknowledge(&session, at);
                (peer.sending, peer.inbox, peer.pages) = (None, None, 1);
                if *inbox == Inbox::Complete {
                    peer.inbox = Some((*pulled.ok_or(CUT_SHORT)?, 1));
                }
                Ok(())
            }
            (Action::Keep(_), Event::Kept(inbox, _)) => {
                let Some(Verdict::News(pulled)) = talk.verdict.take() else { return Err("news from nowhere".into()) };
                let peer = &mut self.peers[device];
                peer.pages += 1;
                if *inbox == Inbox::Complete {
                    peer.inbox = Some((*pulled.ok_or(CUT_SHORT)?, peer.pages));
                }
                // I20: of an answer that is under way nothing shows yet.
                if self.looks_closer(4) { self.device_shows(device) } else { Ok(()) }
            }
            (Action::Apply, _) => self.applied(device, event),
            (action, event) => Err(format!("{action:?} ended as {event:?}")),
        }
    }

    fn loaded(
        &mut self,
        device: DeviceNo,
        early: Option<Hlc>,
        outbox: Option<&windrow_protocol::session::Outbox>,
        past: bool,
    ) -> Result<(), Fault> {
        let peer = &mut self.peers[device];
        let Some(outbox) = outbox else {
            return match peer.twin.speaks(past) {
                true => Err("I1: there is something to send, and the device sends nothing".into()),
                false => Ok(()),
            };
        };
        match (&peer.twin.session, peer.sending) {
            (Some(session), Some((id, name))) if session.id == id => {
                if name != outbox.session {
                    return Err("I2: a changeset is sent again under another id".into());
                }
            }
            (Some(_), _) => return Err("the twin's changeset has no name".into()),
            (None, _) => {
                if !peer.twin.speaks(past) {
                    return Err("the device sends what nobody wrote".into());
                }
                self.sessions += 1;
                let spans = peer.device.speaks_for()?;
                let mut session = match slices::end(&peer.twin, &spans).filter(|_| self.plan.poor) {
                    Some(end) => {
                        self.stats.slices += 1;
                        slices::cut(&peer.twin, end)?.stage(self.sessions, past)
                    }
                    None => peer.twin.stage(self.sessions, past),
                };
                let expected = session.spans.iter().map(|(origin, (_, upto))| (*origin, *upto)).collect();
                // It may be folded while the hub committed the one before: what was told since has not moved its clock then.
                if let Some(early) = early.filter(|early| *early != session.upto) {
                    let said =
                        decode_changeset(&peer.schema.model, &outbox.payload, &Limits::default()).map_err(say)?;
                    if said.unresolved().upto.bits() == early {
                        self.stats.early += 1;
                        session.upto = early;
                    }
                }
                if spans != expected {
                    return Err(format!("the changeset speaks for {spans:?}, expected {expected:?}"));
                }
                peer.twin.session = Some(session);
                peer.sending = Some((self.sessions, outbox.session));
            }
        }
        Ok(())
    }

    fn refused(&mut self, device: DeviceNo, talk: &mut Talk) -> Result<(), Fault> {
        let Some(Verdict::Refused(_, told)) = talk.verdict.take() else {
            return Err("changes are refused that nobody refused".into());
        };
        self.learnt(device, &told)?;
        refusals::judge(&self.peers[device], &self.versions)
    }

    fn learnt(&mut self, device: DeviceNo, told: &plain::Answer) -> Result<(), Fault> {
        let peer = &mut self.peers[device];
        if peer.twin.session.is_none() {
            return Err("nothing was sent".into());
        }
        peer.twin.learn(told);
        (peer.sending, peer.inbox, peer.pages) = (None, None, 0);
        Ok(())
    }

    fn applied(&mut self, device: DeviceNo, event: &Event) -> Result<(), Fault> {
        let peer = &mut self.peers[device];
        let Some((pulled, pages)) = peer.inbox.take() else {
            return Err("an answer is applied that has no end".into());
        };
        peer.pages = 0;
        match event {
            Event::Ambiguous => {
                self.stats.whole_ids += 1;
                Ok(())
            }
            Event::Collided => {
                self.stats.collided += 1;
                // What an earlier page said may collide though a later one takes it back; a snapshot may name the dead; what
                // dangles anyway may be among what is told.
                let collides = pages > 1
                    || peer.twin.recovers()
                    || peer.loose
                    || super::twin::apply(&mut peer.twin.clone(), &pulled).0 == Synced::Again;
                if collides { Ok(()) } else { Err("the answer collides with nothing, and was dropped".into()) }
            }
            Event::Applied => {
                // A hub of another version shows it what it can, and that may be less.
                let listens = !self.lone || device != 0 || peer.schema.number != self.schema.number;
                let before = (!listens).then(|| peer.twin.rows.clone());
                let (synced, over) = super::twin::apply(&mut peer.twin, &pulled);
                if synced != Synced::Applied {
                    let why = super::twin::collisions(&peer.twin, &pulled);
                    return Err(format!("an answer was applied that should have been {synced:?}: {why}"));
                }
                // Of so many a file keeps some: a restored hub is met a little farther back (world 12 of --poor).
                if peer.twin.past.len() > CHECKPOINTS {
                    let kept = peer.device.checkpoints()?;
                    peer.twin.past.retain(|point| kept.contains(&(point.seq as i64)));
                }
                peer.overflowed += over;
                self.stats.overflowed += over as u64;
                peer.loose &= !peer.schema.plain.whole(&peer.twin.rows);
                if let Some(rows) = before {
                    alone(&peer.schema, &rows, &peer.twin.rows)?;
                }
                self.device_shows(device)?;
                if over > 0 { refusals::judge(&self.peers[device], &self.versions) } else { Ok(()) }
            }
            Event::Waits => {
                self.stats.waited += 1;
                let (synced, _) = super::twin::apply(&mut peer.twin, &pulled);
                if synced != Synced::Waits {
                    return Err(format!("an answer waits that should have been {synced:?}"));
                }
                peer.inbox = Some((pulled, pages));
                peer.twin.confirm();
                peer.device.store().confirm_deletion().map_err(say)
            }
            other => Err(format!("applying ended as {other:?}")),
        }
    }

    fn finish(&mut self, device: DeviceNo, talk: &Talk, finish: Finish) -> Result<End, Fault> {
        let peer = &self.peers[device];
        match finish {
            Finish::Unsettled | Finish::Waits => self.stats.unsettled += 1,
            Finish::InSync => {
                self.stats.in_sync += 1;
                if !talk.written && !peer.twin.idle() {
                    return Err("I13: in sync, it says, and something is pending".into());
                }
                let current = peer.twin.checkpoint == self.twin.hub.point() && peer.twin.idle();
                if current {
                    self.shows_the_hubs(device)
                        .map_err(|why| format!("I5: in sync, it says, and shows something else than the hub: {why}"))?;
                }
            }
        }
        Ok(End::Finished(finish))
    }

    /// A device syncs until its session finishes.
    ///
    /// # Errors
    /// What must not be; a session without end.
    pub fn sync(&mut self, device: DeviceNo) -> Result<End, Fault> {
        self.start(device);
        for _ in 0..20_000 {
            self.steps += 1;
            self.now += 1;
            match self.go(device)? {
                End::Not => {}
                end => return Ok(end),
            }
        }
        let (peer, status) = (&self.peers[device], self.peers[device].device.store().status());
        Err(format!("I13: a session of device {device} has no end, {} pages on: {status:?}", peer.pages))
    }
}

/// Whether an answer has a page, and that page is the last: what the pages before it tell, the last one's verdict says.
fn is_last(from: &Schema, answer: &Result<Answer, Refused>) -> Result<bool, Fault> {
    let Ok(Answer::News(page) | Answer::Committed { page, .. }) = answer else { return Ok(false) };
    let page = decode_page(&from.model, page, &Limits::default()).map_err(say)?;
    Ok(page.unresolved().next.is_none())
}

/// Whether two answers say the same about a common past.
fn same_past(answer: &Answer, expected: &plain::Answer, from: &Schema) -> bool {
    match (answer, expected) {
        (Answer::Astray, plain::Answer::Astray) => true,
        // Before its first commit a hub has a mark already, which the oracle's has not.
        (Answer::Rewind(to), plain::Answer::Rewind(expected)) => {
            point(*to) == *expected || to.seq.bits() == 0 && expected.seq == 0
        }
        (Answer::Known { covers, missing }, plain::Answer::Known { covers: expected, missing: unknown }) => {
            // An origin of which nobody has entries need not be named.
            let covers: BTreeMap<_, _> = covers.iter().map(|(o, upto)| (o.0, upto.bits())).collect();
            let known =
                |covers: &BTreeMap<u64, u64>| covers.iter().filter(|c| *c.1 > 0).map(|c| (*c.0, *c.1)).collect();
            let (covers, expected): (Vec<_>, Vec<_>) = (known(&covers), known(expected));
            let missing: BTreeSet<_> = missing.iter().map(|key| from.plain_key(*key)).collect();
            covers == expected && missing == *unknown
        }
        _ => false,
    }
}

/// I25: nobody else writes, so an answer changes nothing that the device shows. Of extremes it does: a lower write loses to
/// the device's own higher one.
fn alone(schema: &Schema, before: &View, after: &View) -> Result<(), Fault> {
    let extreme = |table: &str, f: &str| matches!(schema.plain.strategy(table, f), Strategy::Max | Strategy::Min);
    for (table, rows) in before {
        let stands = |(id, row): (&Id, &Row)| {
            let now = after[table].get(id);
            now.is_some_and(|now| row.iter().all(|(f, v)| now[f] == *v || extreme(table, f)))
        };
        if rows.len() != after[table].len() || !rows.iter().all(stands) {
            return Err(format!("I25: nobody else writes, and an answer changed what the device shows of {table}"));
        }
    }
    Ok(())
}
