//! What the author of a commit is told of it.

use crate::hub::{FARM, Hub, PLOT, SAMPLE, Say, at, change, int, key, refers, sent, seq};
use windrow_protocol::change::{Change, Held, Key, Recovery};
use windrow_protocol::told::{News, tell};

const HERD: usize = 1;

fn farm() -> Change {
    change(key(FARM, 1), 0, at(1)).born().set(0, int(7)).add(HERD, 5).set(2, int(8)).set(3, int(9))
}

/// What the author of commit 1 is told of a record, who has pulled nothing since.
fn told(hub: &Hub, of: Key) -> Option<News> {
    let own = |of| of == seq(1);
    tell((of.0, hub.schema.table(of.0)), of.1, hub.record(of), seq(0), &own, false).map(|told| told.what)
}

/// A day's new records came back whole with the answer to their commit: as many bytes as their author had just paid for.
#[test]
fn nobody_is_told_what_he_inserted() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![farm()]));
    assert_eq!(told(&hub, key(FARM, 1)), None);
    // What others add and edit is told alone.
    hub.commit(sent(2, 1, vec![change(key(FARM, 1), 1, at(2)).add(HERD, 3).set(0, int(6))]));
    assert_eq!(told(&hub, key(FARM, 1)), Some(News::Patch(vec![(0, int(6)), (HERD, int(8))])));
}

/// Ann made a plot and deleted it before she synced; a sample of hers that stayed needs it, so the hub kept it. Then Bob edited
/// all of it, before Ann had heard that it lives: she was told of his values alone, for a record that she did not have.
#[test]
fn what_its_author_deleted_and_the_hub_kept_comes_whole() {
    let mut hub = Hub::new();
    let plot = change(key(PLOT, 1), 0, at(1)).born().set(0, refers(1)).deleted();
    let sample = change(key(SAMPLE, 1), 0, at(2)).born().set(1, refers(1));
    hub.commit(sent(1, 0, vec![farm(), plot, sample]));
    assert!(hub.record(key(PLOT, 1)).alive);
    hub.commit(sent(2, 1, vec![change(key(PLOT, 1), 1, at(3)).set(0, refers(1))]));
    assert_eq!(told(&hub, key(PLOT, 1)), Some(News::Whole(vec![refers(1)])));
}

/// A device offers a record of somebody else's to a hub that lost it. Its sums begin at nothing there, for their differences
/// come by the logs of who wrote them: it must hear what they come to.
#[test]
fn what_was_offered_and_not_inserted_comes_whole() {
    let mut hub = Hub::new();
    let held = Held { table: FARM, id: key(FARM, 1).1, values: vec![(0, int(7)), (2, int(8)), (3, int(9))] };
    let recovery = Recovery { held: vec![held], ..Recovery::default() };
    hub.commit(windrow_protocol::change::Changeset { recovery, ..sent(1, 0, Vec::new()) });
    assert_eq!(told(&hub, key(FARM, 1)), Some(News::Whole(vec![int(7), int(0), int(8), int(9)])));
}

/// Ann's device knew of a conflict about a farm that she deleted, and then made again. Of what she inserts she is told nothing, and
/// so her device went on showing a conflict that had gone with the old farm.
#[test]
fn who_makes_a_record_anew_hears_that_its_conflicts_are_gone() {
    let mut hub = Hub::new();
    hub.commit(sent(1, 0, vec![farm()]));
    hub.commit(sent(2, 1, vec![change(key(FARM, 1), 1, at(2)).set(2, int(1))]));
    hub.commit(sent(1, 1, vec![change(key(FARM, 1), 1, at(3)).set(2, int(2))]));
    let table = hub.schema.table(FARM);
    assert_eq!(hub.record(key(FARM, 1)).conflicts(table).len(), 1);
    hub.commit(sent(1, 3, vec![change(key(FARM, 1), 3, at(4)).deleted()]));
    let new = Change { base: seq(4), hlc: at(5), ..farm() };
    hub.commit(sent(1, 4, vec![new]));
    let table = hub.schema.table(FARM);
    let own = |of| of == seq(5);
    let told = tell((FARM, table), key(FARM, 1).1, hub.record(key(FARM, 1)), seq(4), &own, false).unwrap();
    assert_eq!((told.what, told.conflicts), (News::Patch(Vec::new()), Some(Vec::new())));
}
