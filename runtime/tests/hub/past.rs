//! A device that speaks of another past, or in no known language, is told so and loses nothing.

use crate::Bench;
use crate::device::{Device, Sent, committed, id};
use crate::domain::{CATTLE, FARM};
use windrow::hub::{HubError, HubStore};
use windrow_protocol::change::Changeset;
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq};
use windrow_protocol::message::{Answer, ProblemKind, Pull, Retry};

fn kind(result: Result<Answer, HubError>) -> (ProblemKind, Retry) {
    let problem = result.expect_err("a problem").into_problem();
    (problem.kind, problem.retry)
}

async fn answered(hub: &dyn HubStore, device: &mut Device, changeset: &Changeset) -> Answer {
    let sent = device.seal(changeset, 16);
    hub.prepare(sent.prepare()).await.unwrap()
}

async fn prepared(hub: &dyn HubStore, device: &mut Device, changeset: &Changeset) -> (ProblemKind, Retry) {
    let sent = device.seal(changeset, 16);
    kind(hub.prepare(sent.prepare()).await)
}

pub(crate) async fn another_past_is_told_so(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    let (head, edit) = (hub.head().await.unwrap(), a.add((FARM, id(1)), CATTLE, 1));
    let good = a.changeset(vec![edit]);
    let forged = Point { mark: Mark(head.mark.0 ^ 1), ..head };
    let beyond = Point { seq: head.seq.next(), ..head };
    let known = Answer::Known { covers: vec![(a.origin, a.cover)], missing: vec![] };

    let mut copied = good.clone();
    copied.spans[0].after = Hlc::ZERO;
    assert_eq!(answered(&*hub, &mut a, &copied).await, known, "entries that the hub has already");
    let mut ahead = good.clone();
    ahead.upto = ahead.upto.next();
    (ahead.spans[0].after, ahead.spans[0].upto) = (good.upto, ahead.upto);
    assert_eq!(answered(&*hub, &mut a, &ahead).await, known, "entries that the hub lacks");
    for lost in [forged, beyond, Point { seq: Seq::ZERO, mark: Mark(5) }] {
        let mut elsewhere = Changeset { checkpoint: lost, ..good.clone() };
        elsewhere.changes[0].base = Seq::ZERO;
        elsewhere.changes[0].writes[0].base = Seq::ZERO;
        assert_eq!(answered(&*hub, &mut a, &elsewhere).await, Answer::Astray, "{lost:?}");
        let owner = Changeset { own: vec![lost], ..good.clone() };
        assert_eq!(answered(&*hub, &mut a, &owner).await, Answer::Astray, "{lost:?}");
        assert_eq!(hub.pull(Pull { checkpoint: lost, ..a.pull() }).await.unwrap(), Answer::Astray);
        assert_eq!(hub.pull(Pull { own: vec![lost], ..a.pull() }).await.unwrap(), Answer::Astray);
        // Asked for its past, the device names all checkpoints that it had.
        elsewhere.recovery.past = Some(vec![Point::START, head, lost]);
        assert_eq!(answered(&*hub, &mut a, &elsewhere).await, Answer::Rewind(head));
        elsewhere.recovery.past = Some(vec![lost]);
        assert_eq!(answered(&*hub, &mut a, &elsewhere).await, Answer::Rewind(Point::START));
    }
    let acknowledged = vec![(a.origin, a.hlc.next())];
    assert_eq!(hub.pull(Pull { covers: acknowledged, ..a.pull() }).await.unwrap(), Answer::Astray);

    // What PREPARE would answer, COMMIT answers too, and its pull with it.
    let sent = a.seal(&good, 16);
    hub.prepare(sent.prepare()).await.unwrap();
    let mut commit = sent.commit(&a);
    commit.pull.checkpoint = forged;
    assert_eq!(hub.commit(commit).await.unwrap(), Answer::Astray);
    assert_eq!(hub.head().await.unwrap(), head);
    let rival = a.seal(&good, 16);
    hub.prepare(rival.prepare()).await.unwrap();
    committed(hub.commit(rival.commit(&a)).await.unwrap());
    let late = hub.commit(sent.commit(&a)).await.unwrap();
    assert_eq!(late, Answer::Known { covers: vec![(a.origin, good.upto)], missing: vec![] }, "a rival's commit");
}

pub(crate) async fn what_cannot_be_read_is_told_so(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    let payload = sent.payload.clone();
    let send = |payload: Vec<u8>| Sent { payload, ..sent.clone() }.prepare();
    let mut cut = payload.clone();
    cut.pop();
    assert_eq!(kind(hub.prepare(send(cut)).await), (ProblemKind::Malformed, Retry::Never));
    assert_eq!(kind(hub.prepare(send(vec![])).await), (ProblemKind::Malformed, Retry::Never));
    let mut newer = payload.clone();
    newer[2] = 200;
    assert_eq!(kind(hub.prepare(send(newer)).await), (ProblemKind::UnknownVersion, Retry::Later));
    let mut other = payload.clone();
    other[3] ^= 1;
    assert_eq!(kind(hub.prepare(send(other)).await), (ProblemKind::UnknownVersion, Retry::Later));
    let pull = Pull { schema: [1; 8], ..a.pull() };
    assert_eq!(kind(hub.pull(pull).await), (ProblemKind::UnknownVersion, Retry::Later));
    let pull = Pull { refetch: vec![(400, id(1))], ..a.pull() };
    assert_eq!(kind(hub.pull(pull).await), (ProblemKind::Malformed, Retry::Never));
    // Whatever is sent: an answer or a problem, and a hub that goes on.
    for at in 0..payload.len() {
        let mut odd = payload.clone();
        odd[at] ^= 0x55;
        let answered = hub.prepare(send(odd)).await;
        assert!(!matches!(answered, Err(HubError::Defect(_) | HubError::Stopped)), "byte {at}: {answered:?}");
    }
    assert_eq!(hub.head().await.unwrap().seq, Seq::ZERO);
}

/// What a changeset says of its own stamps was taken on trust. A cover could be moved back by a span that ends before it
/// begins, and a sum then count twice; writes stamped after `upto` escaped the bound on wrong clocks; a base beyond the
/// checkpoint made an edit that nobody had seen look seen.
pub(crate) async fn stamps_out_of_order_are_told_so(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    let edit = a.add((FARM, id(1)), CATTLE, 1);
    let good = a.changeset(vec![edit]);
    type Spoil = fn(&mut Changeset);
    let wrong: [(&str, Spoil); 9] = [
        ("a span that goes back", |c| c.spans[0].upto = Hlc::ZERO),
        ("a span beyond upto", |c| c.spans[0].upto = c.upto.next()),
        ("an origin twice", |c| c.spans.push(c.spans[0])),
        ("changes without spans", |c| c.spans.clear()),
        ("a change after upto", |c| c.changes[0].hlc = c.upto.next()),
        ("a write after its change", |c| c.changes[0].writes[0].hlc = c.upto.next()),
        ("a base beyond the checkpoint", |c| c.changes[0].base = c.checkpoint.seq.next()),
        ("a write's base beyond the checkpoint", |c| c.changes[0].writes[0].base = c.checkpoint.seq.next()),
        ("the hub's own device number", |c| c.device = DeviceId::ZERO),
    ];
    for (what, spoil) in wrong {
        let mut changeset = good.clone();
        spoil(&mut changeset);
        assert_eq!(prepared(&*hub, &mut a, &changeset).await, (ProblemKind::Malformed, Retry::Never), "{what}");
    }
    let mut changeset = good.clone();
    (changeset.author, changeset.spans[0].origin, changeset.spans[0].after) = (Origin::HUB, Origin::HUB, Hlc::ZERO);
    assert_eq!(prepared(&*hub, &mut a, &changeset).await, (ProblemKind::Malformed, Retry::Never));
    let sent = a.seal(&good, 16);
    hub.prepare(sent.prepare()).await.unwrap();
    committed(hub.commit(sent.commit(&a)).await.unwrap());
}
