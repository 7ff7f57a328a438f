//! Copied and restored files, restored hubs, forgotten sessions. Each tells what happened to whom, and what happens
//! without its rule.

use std::rc::Rc;
use windrow_tests::history::world::Drawn;
use windrow_tests::oracle::device::Device;
use windrow_tests::oracle::hub::Hub;
use windrow_tests::oracle::log::{Wall, Write};
use windrow_tests::oracle::message::{Answer, Session};
use windrow_tests::oracle::schema::{Deletes, Field, OnDelete, Schema, Strategy, Table};
use windrow_tests::oracle::session::{Draw, Lost, Synced};
use windrow_tests::oracle::{Hlc, Id, Origin, Point, Row, Value};

const X: Id = 1;
const Y: Id = 2;

/// A hub, and whatever devices a story needs. Their clocks are stopped at 0.
struct Story {
    hub: Hub,
    schema: Rc<Schema>,
    drawn: Drawn,
    origins: Origin,
}

impl Story {
    fn new() -> Story {
        let number = Field::number;
        let farm = vec![number("n", Strategy::Sum), number("v", Strategy::Lww), number("r", Strategy::Review)];
        let plot = vec![Field::reference("farm_id", "farm", OnDelete::Restrict), number("v", Strategy::Lww)];
        let schema = Rc::new(Schema::new(vec![
            Table { name: "farm", fields: farm, deletes: Deletes::Keep },
            Table { name: "plot", fields: plot, deletes: Deletes::Keep },
        ]));
        Story { hub: Hub::new(schema.clone()), schema, drawn: Drawn::default(), origins: 0 }
    }

    fn origin(&mut self) -> Origin {
        self.origins += 1;
        self.origins
    }

    fn device(&mut self) -> Device {
        let origin = self.origin();
        Device::new(self.schema.clone(), origin)
    }

    /// A second file with all that this one has.
    fn copy(&mut self, of: &Device) -> Device {
        let mut copy = of.clone();
        copy.open(self.origin());
        copy
    }

    fn session(&mut self, device: &mut Device, lost: Option<Lost>) -> Synced {
        device.sync(&mut self.hub, &mut self.drawn, lost, |_| ()).expect("an end of it")
    }

    fn sync(&mut self, device: &mut Device) {
        assert_eq!(self.session(device, None), Synced::Applied);
    }

    /// Everyone syncs in turn; then all show the same.
    fn quiet(&mut self, devices: &mut [&mut Device]) {
        for _ in 0..3 {
            devices.iter_mut().for_each(|d| self.sync(d));
        }
        for device in devices {
            assert_eq!(device.rows, self.hub.view());
            assert!(device.idle() && !device.recovers());
        }
    }

    /// Prepares what the device says, and what it learns to say, until the hub has it.
    fn prepared(&mut self, device: &mut Device) -> Session {
        for _ in 0..4 {
            let session = device.stage(self.drawn.id(), false);
            let answer = self.hub.prepare(&session);
            if answer == Answer::Prepared {
                device.session = Some(session.clone());
                return session;
            }
            device.learn(&answer);
        }
        panic!("not prepared after four times");
    }

    fn farm(&self, id: Id, field: &str) -> Option<Value> {
        self.hub.view()["farm"].get(&id).map(|row| row[field])
    }
}

fn row(values: &[(&'static str, i64)]) -> Row {
    values.iter().map(|(f, n)| (*f, Value::Int(*n))).collect()
}

fn insert(device: &mut Device, id: Id, values: &[(&'static str, i64)]) {
    device.write(&Write::Insert { table: "farm", id, values: row(values) }, &mut Wall(0));
}

fn plant(device: &mut Device, id: Id, farm: Id) {
    let values = Row::from([("farm_id", Value::Ref(farm))]);
    device.write(&Write::Insert { table: "plot", id, values }, &mut Wall(0));
}

fn set(device: &mut Device, id: Id, field: &'static str, n: i64) {
    device.write(&Write::Update { table: "farm", id, values: row(&[(field, n)]) }, &mut Wall(0));
}

fn delete(device: &mut Device, table: &'static str, id: Id) {
    device.write(&Write::Delete { table, id }, &mut Wall(0));
}

fn number(n: i64) -> Option<Value> {
    Some(Value::Int(n))
}

/// A tablet's file is copied with 5 bags in it that were not sent yet. With a new id for the copy, and its log kept, both
/// send them: 5 bags twice.
#[test]
fn unsent_work_of_a_copy_counts_once() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[]);
    s.sync(&mut a);
    set(&mut a, X, "n", 5);
    let mut b = s.copy(&a);
    set(&mut a, X, "n", 15);
    set(&mut b, X, "n", 105);
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.farm(X, "n"), number(115));
}

/// The original takes the shared 5 back before it sends: what it says of X comes to nothing, so the hub tells nobody of X.
/// Unless the copy asks for X again, it goes on showing 5.
#[test]
fn cancelled_on_the_sibling() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[]);
    s.sync(&mut a);
    set(&mut a, X, "n", 5);
    let mut b = s.copy(&a);
    set(&mut a, X, "n", 0);
    insert(&mut a, Y, &[("n", 1)]);
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.farm(X, "n"), number(0));
}

/// The original deletes X before it sent it, so it never does; but its cover passes X. Two copies still work on X: it must
/// be offered whole, and its 5 count once.
#[test]
fn born_and_died_on_the_sibling() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[("n", 5), ("v", 1)]);
    let (mut b, mut c) = (s.copy(&a), s.copy(&a));
    delete(&mut a, "farm", X);
    insert(&mut a, Y, &[]);
    s.sync(&mut a);
    set(&mut b, X, "n", 6);
    set(&mut c, X, "n", 7);
    s.quiet(&mut [&mut b, &mut c, &mut a]);
    assert_eq!(s.farm(X, "n"), number(8));
}

/// Both copies have prepared X whole before either commits. Unless the commit looks again whether X is known, 5 twice.
#[test]
fn two_copies_offer_the_same_unknown_record() {
    let mut s = Story::new();
    let mut a = s.device();
    s.sync(&mut a);
    insert(&mut a, X, &[("n", 5), ("v", 1)]);
    let (mut b, mut c) = (s.copy(&a), s.copy(&a));
    delete(&mut a, "farm", X);
    insert(&mut a, Y, &[]);
    s.sync(&mut a);
    let prepared = s.prepared(&mut c);
    assert!(prepared.missing.contains(&("farm", X)));
    s.sync(&mut b);
    let answer = s.hub.commit(&prepared, 99);
    assert!(matches!(answer, Answer::Known { .. }), "{answer:?}");
    c.learn(&answer);
    s.quiet(&mut [&mut a, &mut b, &mut c]);
    assert_eq!(s.farm(X, "n"), number(5));
}

/// Both had deleted X, the original has said so, the copy inserts it again with 3. It sends one net change, so the
/// difference to the old life counts. Unless the copy remembers the order of lives: 10 + 3.
#[test]
fn reborn_over_a_delete_that_another_sent() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[("n", 10), ("v", 1)]);
    s.sync(&mut a);
    delete(&mut a, "farm", X);
    let mut b = s.copy(&a);
    s.sync(&mut a);
    insert(&mut b, X, &[("n", 3), ("v", 2)]);
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.farm(X, "n"), number(3));
}

/// A's staged session expires, and B stages another under the same id. A's COMMIT must not commit B's.
#[test]
fn same_session_id_other_payload() {
    let mut s = Story::new();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut a, X, &[("n", 1)]);
    insert(&mut b, Y, &[("n", 2)]);
    let of_a = s.prepared(&mut a);
    s.hub.expire();
    let of_b = b.stage(of_a.id, false);
    assert_eq!(s.hub.prepare(&of_b), Answer::Prepared);
    b.session = Some(of_b);
    assert_eq!(s.hub.commit(&of_a, 99), Answer::UnknownSession);
    assert_eq!(s.hub.prepare(&of_a), Answer::Reused);
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!((s.farm(X, "n"), s.farm(Y, "n")), (number(1), number(2)));
}

/// The hub forgot what it had prepared: the very same is prepared again.
#[test]
fn an_expired_session_is_prepared_again() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[("n", 5)]);
    let prepared = s.prepared(&mut a);
    s.hub.expire();
    let answer = s.hub.commit(&prepared, 99);
    assert_eq!(answer, Answer::UnknownSession);
    a.learn(&answer);
    assert_eq!(a.session.as_ref(), Some(&prepared));
    s.quiet(&mut [&mut a]);
    assert_eq!(s.farm(X, "n"), number(5));
}

/// The answer to a commit is lost, and the hub forgets its outcome before it is asked again. Covers still know: 5 once.
#[test]
fn a_commit_whose_outcome_was_forgotten_counts_once() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[("n", 5)]);
    assert_eq!(s.session(&mut a, Some(Lost::Commit)), Synced::Lost);
    s.hub.forget();
    s.quiet(&mut [&mut a]);
    assert_eq!(s.farm(X, "n"), number(5));
}

/// A tablet is restored from yesterday's copy, and today's work was sent. It comes back from the hub, and what is written
/// now has an origin of its own.
#[test]
fn a_restored_device_catches_up() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[("n", 5)]);
    let yesterday = a.clone();
    s.sync(&mut a);
    set(&mut a, X, "n", 9);
    s.sync(&mut a);
    let mut a = s.copy(&yesterday);
    set(&mut a, X, "n", 6);
    s.quiet(&mut [&mut a]);
    assert_eq!(s.farm(X, "n"), number(10));
}

/// A's commit is lost with the hub. Its copy sends the same span, but without X, which it deleted. Cover and checkpoint
/// agree with A; only the mark of its own commit tells.
#[test]
fn acknowledged_in_a_lost_past() {
    let mut s = Story::new();
    let mut a = s.device();
    s.sync(&mut a);
    let saved = s.hub.clone();
    insert(&mut a, X, &[("n", 5), ("v", 1)]);
    assert_eq!(s.session(&mut a, Some(Lost::Pull)), Synced::Lost);
    let mut b = s.copy(&a);
    s.hub = saved;
    delete(&mut b, "farm", X);
    s.session(&mut b, None);
    s.quiet(&mut [&mut a, &mut b]);
}

/// The hub is restored, and B syncs first. C has pulled seq 2 of the lost past, and seq 2 is B's now: without marks C takes
/// it for what it has.
#[test]
fn reissued_seq() {
    let mut s = Story::new();
    let (mut a, mut b, mut c) = (s.device(), s.device(), s.device());
    insert(&mut a, X, &[]);
    s.sync(&mut a);
    s.sync(&mut b);
    let saved = s.hub.clone();
    set(&mut a, X, "n", 5);
    s.sync(&mut a);
    s.sync(&mut c);
    s.hub = saved;
    insert(&mut b, Y, &[("n", 1)]);
    s.sync(&mut b);
    assert_eq!(s.hub.seq, c.checkpoint.seq);
    assert_ne!(s.hub.point(), c.checkpoint);
    s.quiet(&mut [&mut c, &mut b, &mut a]);
    assert_eq!((s.farm(X, "n"), s.farm(Y, "n")), (number(5), number(1)));
}

/// Earlier checkpoints cost bytes, so they are named only where the hub asks; and a device that has nothing to send
/// notices by its pull.
#[test]
fn earlier_checkpoints_are_named_when_asked_for() {
    let mut s = Story::new();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut a, X, &[]);
    s.sync(&mut a);
    s.sync(&mut b);
    let (shared, saved) = (b.checkpoint, s.hub.clone());
    set(&mut a, X, "n", 5);
    s.sync(&mut a);
    s.sync(&mut b);
    s.hub = saved;
    assert!(!b.speaks(false));
    assert_eq!(s.hub.pull(&b.ask()), Answer::Astray);
    assert!(b.speaks(true));
    assert_eq!(s.hub.prepare(&b.stage(90, false)), Answer::Astray);
    let session = b.stage(91, true);
    let answer = s.hub.prepare(&session);
    assert_eq!(answer, Answer::Rewind(shared));
    b.learn(&answer);
    assert!(b.recovers() && b.ask().whole);
    s.quiet(&mut [&mut b, &mut a]);
    assert_eq!(s.farm(X, "n"), number(5));
}

/// What A no longer has in its log the hub cannot get back; A must not go on showing it.
#[test]
fn restored_hub_and_a_pruned_log() {
    let mut s = Story::new();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut a, X, &[]);
    s.sync(&mut a);
    let saved = s.hub.clone();
    set(&mut a, X, "n", 5);
    s.sync(&mut a);
    a.prune(Hlc::MAX);
    assert!(a.log.is_empty());
    s.hub = saved;
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.farm(X, "n"), number(0));
}

/// The log is pruned only of what the checkpoint vouches for: A's commit was acknowledged, its answer lost, and the hub
/// with it.
#[test]
fn what_no_checkpoint_vouches_for_is_not_pruned() {
    let mut s = Story::new();
    let mut a = s.device();
    let saved = s.hub.clone();
    insert(&mut a, X, &[("n", 5)]);
    assert_eq!(s.session(&mut a, Some(Lost::Pull)), Synced::Lost);
    a.prune(Hlc::MAX);
    s.hub = saved;
    s.quiet(&mut [&mut a]);
    assert_eq!(s.farm(X, "n"), number(5));
}

/// X is in nobody's log there, but B still shows it: it comes back, below any write that A offers again later.
#[test]
fn restored_before_enrolment() {
    let mut s = Story::new();
    let saved = s.hub.clone();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut a, X, &[("n", 5), ("v", 1), ("r", 3)]);
    s.sync(&mut a);
    s.sync(&mut b);
    s.hub = saved;
    s.sync(&mut b);
    assert_eq!((s.farm(X, "n"), s.farm(X, "v"), s.farm(X, "r")), (number(0), number(1), number(3)));
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!((s.farm(X, "n"), s.farm(X, "v"), s.farm(X, "r")), (number(5), number(1), number(3)));
    assert_eq!(s.hub.conflicts(), [], "a value that nobody wrote there is no candidate beside the write");
}

/// X was born and died after the hub's backup. Its author says so; or B, who never heard of the death, brings it back.
#[test]
fn died_after_the_backup() {
    let mut s = Story::new();
    let saved = s.hub.clone();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut a, X, &[("n", 5), ("v", 1)]);
    s.sync(&mut a);
    s.sync(&mut b);
    delete(&mut a, "farm", X);
    s.sync(&mut a);
    s.hub = saved;
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.farm(X, "n"), None);
}

/// The hub lost everything. A had planted a plot on B's farm and deleted it again; then B deleted the farm, which A's log
/// does not know of. So A can't say what the plot hung on: that leaves its log whole, is kept for people to see, and stops
/// nobody.
#[test]
fn what_hangs_on_nothing_is_kept_and_stops_nobody() {
    let mut s = Story::new();
    let saved = s.hub.clone();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut b, X, &[]);
    s.sync(&mut b);
    s.sync(&mut a);
    plant(&mut a, Y, X);
    s.sync(&mut a);
    delete(&mut a, "plot", Y);
    s.sync(&mut a);
    s.sync(&mut b);
    delete(&mut b, "farm", X);
    s.sync(&mut b);
    s.sync(&mut a);
    insert(&mut a, 3, &[("n", 1)]);
    s.hub = saved;
    s.sync(&mut a);
    assert_eq!(a.refused.iter().map(|r| r.key).collect::<Vec<_>>(), [("plot", Y)]);
    assert!(a.refused[0].change.is_some() && a.refused[0].offer.is_some());
    assert!(a.log.iter().all(|e| e.key != ("plot", Y)));
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.farm(3, "n"), number(1));
    assert_eq!(s.hub.view()["plot"].len(), 0);
    assert_eq!(a.refused.len(), 1, "not offered again");
}

/// What depends on a refused insert goes with it: plots of a farm that the hub will not have.
#[test]
fn what_depends_on_a_refused_insert_is_refused_with_it() {
    let mut s = Story::new();
    let mut a = s.device();
    insert(&mut a, X, &[]);
    plant(&mut a, Y, X);
    insert(&mut a, 3, &[("n", 1)]);
    a.learn(&Answer::Refused([(("farm", X), None)].into()));
    assert_eq!(a.refused.iter().map(|r| r.key).collect::<Vec<_>>(), [("farm", X), ("plot", Y)]);
    s.quiet(&mut [&mut a]);
    assert_eq!((s.hub.view()["farm"].len(), s.farm(3, "n")), (1, number(1)));
}

/// Somebody restores the hub from an empty file, and the only device's log is pruned. It offers what it shows; of records
/// that the hub has dead the snapshot would delete most, so it waits until somebody agrees, and its own work is sent.
#[test]
fn a_snapshot_that_deletes_most_of_a_table_waits() {
    let mut s = Story::new();
    let mut a = s.device();
    let mut b = s.device();
    for id in 1..=150 {
        insert(&mut a, id, &[("v", 1)]);
    }
    s.sync(&mut a);
    s.sync(&mut b);
    let (yesterday, saved) = (a.clone(), s.hub.clone());
    for id in 1..=101 {
        delete(&mut b, "farm", id);
    }
    s.sync(&mut b);
    let emptied = s.hub.clone();
    // Another past: whoever was at the saved one is rewound there, and meets the deletes again.
    s.hub = saved;
    insert(&mut b, 500, &[]);
    let mut a = s.copy(&yesterday);
    insert(&mut a, 600, &[("v", 6)]);
    s.sync(&mut a);
    s.hub = emptied;
    assert_eq!(s.session(&mut a, None), Synced::Waits);
    assert_eq!(s.farm(600, "v"), number(6), "what was written is sent all the same");
    assert_eq!(a.rows["farm"].len(), 151, "nothing is deleted");
    assert_eq!(s.session(&mut a, None), Synced::Waits);
    a.confirm();
    s.quiet(&mut [&mut a, &mut b]);
    assert_eq!(s.hub.view()["farm"].len(), 51);
}

/// Every hub accepts a device that was never in contact with any.
#[test]
fn before_first_contact_any_hub_will_do() {
    let mut s = Story::new();
    let (mut a, mut b) = (s.device(), s.device());
    insert(&mut a, X, &[("n", 1)]);
    s.sync(&mut a);
    insert(&mut b, Y, &[("n", 2)]);
    assert_eq!(b.checkpoint, Point::START);
    s.quiet(&mut [&mut b, &mut a]);
    assert_eq!((s.farm(X, "n"), s.farm(Y, "n")), (number(1), number(2)));
}
