//! Directed histories for rules that random ones seldom need. Each says what happens without its rule.

use std::rc::Rc;
use windrow_tests::history::world::Drawn;
use windrow_tests::oracle::device::Device;
use windrow_tests::oracle::hub::Hub;
use windrow_tests::oracle::log::{About, Wall, Write, Wrote};
use windrow_tests::oracle::schema::{Deletes, Field, OnDelete, Schema, Strategy, Table};
use windrow_tests::oracle::session::{Draw, Lost, Synced};
use windrow_tests::oracle::{Id, Row, Value};

const A: usize = 0;
const B: usize = 1;
const FARM: Id = 1;
const PLOT: Id = 2;
const OTHER: Id = 3;

/// A hub and two devices, their clocks stopped at 0: later writes have later stamps only on one device.
struct Two {
    hub: Hub,
    devices: [Device; 2],
    drawn: Drawn,
}

impl Two {
    fn new(deletes: Deletes, on_delete: OnDelete) -> Two {
        let number = Field::number;
        let farm =
            vec![number("name", Strategy::Lww), number("herd", Strategy::Sum), number("owner", Strategy::Review)];
        let plot = vec![Field::reference("farm_id", "farm", on_delete), number("peak", Strategy::Max)];
        let part = vec![Field::reference("within_id", "part", on_delete), number("name", Strategy::Lww)];
        let schema = Rc::new(Schema::new(vec![
            Table { name: "farm", fields: farm, deletes },
            Table { name: "plot", fields: plot, deletes },
            Table { name: "part", fields: part, deletes },
        ]));
        let devices = [Device::new(schema.clone(), 11), Device::new(schema.clone(), 22)];
        Two { hub: Hub::new(schema), devices, drawn: Drawn::default() }
    }

    fn kept() -> Two {
        Two::new(Deletes::Keep, OnDelete::Restrict)
    }

    fn write(&mut self, device: usize, write: Write) -> Wrote {
        self.devices[device].write(&write, &mut Wall(0))
    }

    fn sync(&mut self, device: usize) {
        assert_eq!(self.session(device, None, &[]), Synced::Applied);
    }

    fn session(&mut self, device: usize, lost: Option<Lost>, meanwhile: &[Write]) -> Synced {
        let writes = |d: &mut Device| {
            for write in meanwhile {
                d.write(write, &mut Wall(0));
            }
        };
        self.devices[device].sync(&mut self.hub, &mut self.drawn, lost, writes).expect("an end of it")
    }

    /// Both have the farm with its plot.
    fn with_plot(mut self) -> Two {
        self.write(A, insert("farm", FARM, &[("name", Value::Int(0))]));
        self.write(A, insert("plot", PLOT, &[("farm_id", Value::Ref(FARM))]));
        self.sync(A);
        self.sync(B);
        self
    }

    /// Everyone syncs until nothing changes, and shows the same.
    fn quiet(&mut self) {
        for device in [A, B, A, B, A, B] {
            self.sync(device);
        }
        for device in &self.devices {
            assert_eq!(device.rows, self.hub.view());
            assert!(device.idle());
        }
    }

    fn farm(&self, field: &str) -> Option<Value> {
        self.hub.view()["farm"].get(&FARM).map(|row| row[field])
    }

    fn plot(&self, field: &str) -> Option<Value> {
        self.hub.view()["plot"].get(&PLOT).map(|row| row[field])
    }
}

fn insert(table: &'static str, id: Id, values: &[(&'static str, Value)]) -> Write {
    Write::Insert { table, id, values: values.iter().copied().collect() }
}

fn update(table: &'static str, id: Id, field: &'static str, value: Value) -> Write {
    Write::Update { table, id, values: Row::from([(field, value)]) }
}

fn farm(field: &'static str, n: i64) -> Write {
    update("farm", FARM, field, Value::Int(n))
}

fn delete(table: &'static str, id: Id) -> Write {
    Write::Delete { table, id }
}

fn number(n: i64) -> Option<Value> {
    Some(Value::Int(n))
}

/// Written while the session was under way, so on an old base: the file's own commits are seen by it, not unseen.
#[test]
fn own_earlier_value_is_no_conflict() {
    let mut two = Two::kept();
    two.sync(A);
    two.write(A, insert("farm", FARM, &[("owner", Value::Int(1))]));
    two.session(A, None, &[farm("owner", 2)]);
    two.devices[A].open(12);
    two.quiet();
    assert_eq!(two.farm("owner"), number(2));
    assert!(two.hub.conflicts().is_empty());
}

/// The commit happened, its answer is lost, the file is opened again and more is written: with a new changeset instead of
/// the stored one, the 5 counts twice.
#[test]
fn a_lost_answer_counts_once() {
    let mut two = Two::kept().with_plot();
    two.write(A, farm("herd", 5));
    assert_eq!(two.session(A, Some(Lost::Commit), &[farm("herd", 7)]), Synced::Lost);
    two.devices[A].open(12);
    two.write(A, farm("herd", 17));
    assert_eq!(two.session(A, Some(Lost::Pull), &[]), Synced::Lost);
    two.write(B, farm("herd", 100));
    two.quiet();
    assert_eq!(two.farm("herd"), number(117));
}

/// The winner is older than the loser's checkpoint: unless its seq is raised, the loser goes on showing what it wrote.
#[test]
fn a_loser_is_told_what_won() {
    let mut two = Two::kept().with_plot();
    two.devices[B].write(&farm("name", 9), &mut Wall(1_000)); // its clock is ahead
    two.sync(B);
    assert_eq!(two.session(A, None, &[farm("name", 1)]), Synced::Applied);
    two.quiet();
    assert_eq!(two.farm("name"), number(9));
}

/// A clock that was set back: on one device the later write wins all the same.
#[test]
fn a_clock_set_back_does_not_undo_a_later_write() {
    let mut two = Two::kept().with_plot();
    two.devices[A].write(&farm("name", 1), &mut Wall(2_000_000));
    two.write(A, farm("name", 2));
    two.sync(A);
    two.sync(B);
    two.write(B, farm("name", 3));
    two.quiet();
    assert_eq!(two.farm("name"), number(3));
}

/// Nobody chose between them, so both stay; the later stamp is shown, and a resolve settles what its reviewer saw.
#[test]
fn a_conflict_stays_open_for_what_the_reviewer_did_not_see() {
    let mut two = Two::kept().with_plot();
    two.write(A, farm("owner", 1));
    two.write(B, farm("owner", 2));
    two.sync(A);
    two.sync(B);
    assert_eq!(two.hub.conflicts()[0].candidates.len(), 2);
    let seen = two.hub.seq - 1;
    two.hub.resolve(("farm", FARM), "owner", Value::Int(3), seen, two.hub.hlc + 1, two.drawn.mark());
    assert_eq!(two.hub.conflicts()[0].candidates.len(), 2, "2 came after the reviewer looked");
    let seen = two.hub.seq;
    two.hub.resolve(("farm", FARM), "owner", Value::Int(3), seen, two.hub.hlc + 1, two.drawn.mark());
    two.quiet();
    assert!(two.hub.conflicts().is_empty());
    assert_eq!(two.farm("owner"), number(3));
}

/// An edit that saw every candidate replaces them, but only a resolve closes the conflict.
#[test]
fn an_edit_closes_no_conflict() {
    let mut two = Two::kept().with_plot();
    two.write(A, farm("owner", 1));
    two.write(B, farm("owner", 2));
    two.quiet();
    two.write(A, farm("owner", 4));
    two.quiet();
    assert_eq!(two.farm("owner"), number(4));
    assert_eq!(two.hub.conflicts()[0].candidates.len(), 1);
}

fn deleted_and_edited(deletes: Deletes, delete_first: bool) -> Two {
    let mut two = Two::new(deletes, OnDelete::Cascade).with_plot();
    two.write(A, delete("farm", FARM));
    two.write(B, farm("name", 5));
    for device in if delete_first { [A, B] } else { [B, A] } {
        two.sync(device);
    }
    two.quiet();
    two
}

/// `keep`: the edit wins whoever comes first, and what had gone with the farm is back.
#[test]
fn an_edit_wins_under_keep() {
    for delete_first in [true, false] {
        for deletes in [Deletes::Keep, Deletes::Review] {
            let two = deleted_and_edited(deletes, delete_first);
            assert_eq!(two.farm("name"), number(5));
            assert_eq!(two.plot("farm_id"), Some(Value::Ref(FARM)));
        }
    }
}

/// `drop`: the delete wins, whoever comes first, and takes the plot along.
#[test]
fn a_delete_wins_under_drop() {
    for delete_first in [true, false] {
        let two = deleted_and_edited(Deletes::Drop, delete_first);
        assert_eq!((two.farm("name"), two.plot("peak")), (None, None));
    }
}

/// A parent that somebody needs, unknown to the deleter, lives on for everyone.
#[test]
fn a_delete_is_undone_where_a_live_record_needs_the_parent() {
    let mut two = Two::kept().with_plot();
    two.write(A, delete("plot", PLOT));
    assert_eq!(two.write(A, delete("farm", FARM)), Wrote::Done);
    two.write(B, insert("plot", 3, &[("farm_id", Value::Ref(FARM))]));
    two.quiet();
    assert_eq!((two.farm("name"), two.plot("peak")), (number(0), None));
}

/// The reference shows NULL while its target is dead, and shows it again when an unseen edit brings it back.
#[test]
fn an_emptied_reference_comes_back_with_its_target() {
    let mut two = Two::new(Deletes::Keep, OnDelete::SetNull).with_plot();
    two.write(A, delete("farm", FARM));
    two.sync(A);
    assert_eq!(two.plot("farm_id"), Some(Value::Null));
    two.write(B, farm("name", 5));
    two.quiet();
    assert_eq!(two.plot("farm_id"), Some(Value::Ref(FARM)));
}

/// Somebody decides a conflict of a record that was meanwhile deleted and inserted again: a decision alone is no edit, so the
/// old extreme stays gone. The oracle brought it back where the hub did not, in one of 50,000 sessions.
#[test]
fn a_decision_brings_no_old_extreme_back() {
    let mut two = Two::kept().with_plot();
    two.write(A, update("plot", PLOT, "peak", Value::Int(50)));
    two.quiet();
    two.write(A, delete("plot", PLOT));
    two.write(A, insert("plot", PLOT, &[("farm_id", Value::Ref(FARM)), ("peak", Value::Int(38))]));
    two.devices[B].resolve(("plot", PLOT), About::Delete, Value::Null, &mut Wall(0));
    two.quiet();
    assert_eq!(two.plot("peak"), number(38));
}

/// Deleted and inserted again, known to its author: a life from nothing. What the old one had emptied stays empty, and
/// the total is the new one's.
#[test]
fn a_new_life_begins_from_nothing() {
    let mut two = Two::new(Deletes::Keep, OnDelete::SetNull).with_plot();
    two.write(B, farm("herd", 10));
    two.quiet();
    two.write(A, delete("farm", FARM));
    two.quiet();
    two.write(B, insert("farm", FARM, &[("herd", Value::Int(3))]));
    two.quiet();
    assert_eq!((two.farm("herd"), two.plot("farm_id")), (number(3), Some(Value::Null)));
}

/// The same in one net change: the hub sees no death, so the difference counts, and what the other added meanwhile.
#[test]
fn a_new_life_within_one_changeset_counts_the_difference() {
    let mut two = Two::new(Deletes::Keep, OnDelete::Cascade).with_plot();
    two.write(B, farm("herd", 10));
    two.quiet();
    two.write(A, delete("farm", FARM));
    two.write(A, insert("farm", FARM, &[("herd", Value::Int(3))]));
    two.write(B, farm("herd", 14));
    two.quiet();
    assert_eq!((two.farm("herd"), two.plot("peak")), (number(7), None));
}

/// What came for its sums while the record was gone here was not applied: unless it is told again, the device goes on
/// showing a total without it.
#[test]
fn a_sum_that_came_while_the_record_was_gone_is_told_again() {
    let mut two = Two::new(Deletes::Keep, OnDelete::Cascade).with_plot();
    two.write(B, farm("herd", 5));
    two.sync(B);
    assert_eq!(two.session(A, None, &[delete("farm", FARM)]), Synced::Applied);
    two.write(A, insert("farm", FARM, &[("herd", Value::Int(0))]));
    two.quiet();
    assert_eq!(two.farm("herd"), number(5));
}

/// Its own delete, whose death it was not told of yet: without knowing that by its own commits, the old total is added.
#[test]
fn a_device_knows_of_the_death_that_it_sent() {
    let mut two = Two::new(Deletes::Keep, OnDelete::Cascade).with_plot();
    two.write(A, farm("herd", 10));
    two.quiet();
    two.write(A, delete("farm", FARM));
    two.session(A, Some(Lost::Pull), &[]);
    two.write(A, insert("farm", FARM, &[("herd", Value::Int(3))]));
    two.quiet();
    assert_eq!(two.farm("herd"), number(3));
}

/// An edit that the deleter's own file sent is not unseen by it, even if its checkpoint is older.
#[test]
fn an_own_edit_undoes_no_own_delete() {
    let mut two = Two::new(Deletes::Keep, OnDelete::Cascade).with_plot();
    two.write(A, farm("name", 10));
    two.session(A, Some(Lost::Pull), &[]);
    two.write(A, delete("farm", FARM));
    two.quiet();
    assert_eq!(two.farm("name"), None);
}

/// Whatever the policy, a delete kills only a life that its author knew.
#[test]
fn a_delete_kills_no_later_life() {
    let mut two = Two::new(Deletes::Drop, OnDelete::Cascade).with_plot();
    two.write(A, delete("farm", FARM));
    two.sync(A);
    two.write(A, insert("farm", FARM, &[("name", Value::Int(3))]));
    two.sync(A);
    two.write(B, delete("farm", FARM));
    two.quiet();
    assert_eq!(two.farm("name"), number(3));
}

/// The base of a run of writes is its oldest: a value that came between them was hidden behind the first, never seen.
#[test]
fn a_value_hidden_behind_a_pending_one_is_unseen() {
    let mut two = Two::kept().with_plot();
    two.write(B, farm("owner", 2));
    two.sync(B);
    assert_eq!(two.session(A, None, &[farm("owner", 1)]), Synced::Applied);
    assert_eq!(two.devices[A].checkpoint.seq, two.hub.seq);
    two.write(A, farm("owner", 3));
    two.quiet();
    assert_eq!(two.hub.conflicts()[0].candidates.len(), 2);
}

/// The new target is dead as the old one was: unless judged afresh, the writer is never told and dangles for ever.
#[test]
fn a_reference_moved_from_one_dead_record_to_another_is_emptied() {
    let mut two = Two::new(Deletes::Keep, OnDelete::SetNull).with_plot();
    two.write(A, insert("farm", OTHER, &[]));
    two.quiet();
    two.write(B, delete("farm", FARM));
    two.write(B, delete("farm", OTHER));
    two.sync(B);
    two.write(A, update("plot", PLOT, "farm_id", Value::Ref(OTHER)));
    two.quiet();
    assert_eq!(two.plot("farm_id"), Some(Value::Null));
}

/// Within a table that refers to itself, a parent's new life comes before its child's edit, though its stamp is later:
/// else the child stays dead with the old life, and an unseen edit is lost under `keep`.
#[test]
fn a_parents_new_life_comes_before_an_edit_of_its_child() {
    let (outer, other, inner) = (10, 11, 12);
    let within = |id| ("within_id", Value::Ref(id));
    let mut two = Two::new(Deletes::Keep, OnDelete::Cascade);
    two.write(A, insert("part", outer, &[]));
    two.write(A, insert("part", other, &[]));
    two.write(A, insert("part", inner, &[within(other)]));
    two.quiet();
    two.write(B, update("part", inner, "within_id", Value::Ref(outer)));
    two.sync(B);
    two.write(A, delete("part", outer));
    two.session(A, Some(Lost::Pull), &[]);
    assert!(!two.hub.view()["part"].contains_key(&inner), "it went with its parent");
    two.write(A, insert("part", outer, &[]));
    two.write(A, update("part", inner, "within_id", Value::Ref(outer)));
    two.write(A, update("part", outer, "name", Value::Int(1)));
    two.quiet();
    assert!(two.hub.view()["part"].contains_key(&inner));
}

/// Two devices move each other's parent: a circle at the hub, which falls as a whole and hangs nobody up.
#[test]
fn records_that_refer_to_each_other_in_a_circle_settle() {
    let (one, other) = (10, 11);
    for on_delete in [OnDelete::Cascade, OnDelete::SetNull] {
        let mut two = Two::new(Deletes::Keep, on_delete);
        two.write(A, insert("part", one, &[]));
        two.write(A, insert("part", other, &[]));
        two.quiet();
        two.write(A, update("part", one, "within_id", Value::Ref(other)));
        two.write(B, update("part", other, "within_id", Value::Ref(one)));
        two.quiet();
        two.write(A, delete("part", one));
        two.quiet();
        assert_eq!(two.hub.view()["part"].contains_key(&other), on_delete == OnDelete::SetNull);
    }
}

/// Born and died offline: nothing of it is sent.
#[test]
fn born_and_died_offline_is_not_sent() {
    let mut two = Two::kept().with_plot();
    two.write(A, insert("farm", 5, &[]));
    two.write(A, delete("farm", 5));
    two.quiet();
    assert_eq!(two.hub.held(("farm", 5), "name"), None);
}

/// A write made meanwhile collides with the answer, which is dropped whole; the next session brings both together.
#[test]
fn an_answer_that_collides_with_a_write_made_meanwhile_is_dropped_whole() {
    let mut two = Two::kept().with_plot();
    two.write(B, delete("plot", PLOT));
    two.write(B, insert("farm", 5, &[]));
    two.sync(B);
    let edit = update("plot", PLOT, "peak", Value::Int(8));
    assert_eq!(two.session(A, None, &[edit]), Synced::Again);
    assert!(!two.devices[A].rows["farm"].contains_key(&5));
    two.quiet();
    assert_eq!(two.plot("peak"), number(8));
}

/// Emptied here while the answer says that it names the old target still: the hub judges that when it hears of it, and
/// the rest of the answer is applied.
#[test]
fn a_reference_emptied_meanwhile_stays_empty() {
    let mut two = Two::new(Deletes::Keep, OnDelete::SetNull).with_plot();
    two.write(A, insert("farm", OTHER, &[]));
    two.quiet();
    for target in [OTHER, FARM] {
        two.write(B, update("plot", PLOT, "farm_id", Value::Ref(target)));
        two.sync(B);
    }
    assert_eq!(two.session(A, None, &[delete("farm", FARM)]), Synced::Applied);
    assert_eq!(two.devices[A].rows["plot"][&PLOT]["farm_id"], Value::Null);
    two.quiet();
}

/// A local `restrict` refuses; nothing of the delete is left, though a cascade had begun.
#[test]
fn a_refused_delete_leaves_nothing_behind() {
    let mut two = Two::kept().with_plot();
    let before = two.devices[A].clone();
    assert_eq!(two.write(A, delete("farm", FARM)), Wrote::Refused);
    assert_eq!((&two.devices[A].rows, &two.devices[A].log), (&before.rows, &before.log));
}
