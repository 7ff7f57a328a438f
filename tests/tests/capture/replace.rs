//! REPLACE is an update of what it changed, however SQLite goes about it.

use super::db::{Db, LAST, farms};

const FORMS: [&str; 2] = ["REPLACE INTO", "INSERT OR REPLACE INTO"];

/// Runs a case with `recursive_triggers` off and on.
fn both(case: impl Fn(&mut Db)) {
    for recursive in [false, true] {
        farms(|db| {
            db.recursive = recursive;
            case(db);
        });
    }
}

#[test]
fn a_replace_logs_what_it_changed() {
    for form in FORMS {
        both(|db| {
            db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL)");
            db.run(&format!("{form} farm VALUES (#1, 'B', 12, NULL), (#2, 'C', 1, '')"));
            assert_eq!(
                db.logged(),
                [
                    "insert farm #1 name='A' cattle=5 phone=NULL",
                    "update farm #1 name='B' cattle=7",
                    "insert farm #2 name='C' cattle=1 phone=''",
                ]
            );
        });
    }
}

#[test]
fn a_replace_that_changes_nothing_logs_nothing() {
    both(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL)");
        db.logged();
        let last = db.one(LAST);
        db.run("REPLACE INTO farm VALUES (#1, 'A', 5, NULL), (#1, 'A', 5, NULL)");
        assert!(db.logged().is_empty());
        assert_eq!(db.one(LAST), last, "the delete that was taken back left no trace either");
    });
}

#[test]
fn one_statement_may_replace_a_record_twice() {
    both(|db| {
        db.run("REPLACE INTO farm VALUES (#1, 'A', 5, NULL), (#1, 'A', 6, NULL), (#1, 'A', 4, '')");
        assert_eq!(
            db.logged(),
            [
                "insert farm #1 name='A' cattle=5 phone=NULL",
                "update farm #1 cattle=1",
                "update farm #1 cattle=-2 phone=''"
            ]
        );
    });
}

#[test]
fn a_record_deleted_before_it_is_replaced_is_new() {
    both(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL); REPLACE INTO farm VALUES (#1, 'A', 6, NULL)");
        db.logged();
        db.run("DELETE FROM farm; REPLACE INTO farm VALUES (#1, 'A', 6, NULL)");
        assert_eq!(
            db.logged(),
            ["delete farm #1 name='A' cattle=6 phone=NULL", "insert farm #1 name='A' cattle=6 phone=NULL"]
        );
    });
}

/// A farm was deleted, and the hub brought it back: somebody had edited it meanwhile. What the hub tells draws no stamp. So the
/// delete had the last stamp when the farm was replaced, and a REPLACE that took back more than its own delete would have
/// taken that one out of the log.
#[test]
fn a_replace_of_a_record_that_came_back_keeps_the_earlier_delete() {
    both(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL); DELETE FROM farm");
        db.run(
            "UPDATE windrow_state SET applying = 1; INSERT INTO farm VALUES (#1, 'B', 6, NULL);
             UPDATE windrow_state SET applying = 0; REPLACE INTO farm VALUES (#1, 'B', 9, NULL)",
        );
        assert_eq!(
            db.logged(),
            [
                "insert farm #1 name='A' cattle=5 phone=NULL",
                "delete farm #1 name='A' cattle=5 phone=NULL",
                "update farm #1 cattle=3"
            ]
        );
    });
}

#[test]
fn a_replaced_parent_takes_its_cascade_and_keeps_its_restrict() {
    both(|db| {
        db.run(
            "INSERT INTO farm VALUES (#1, 'A', 5, NULL); INSERT INTO worker VALUES (#2, 'W', NULL);
             INSERT INTO plot VALUES (#3, #1, #2, 0, NULL), (#4, NULL, #2, 0, NULL);
             INSERT INTO visit VALUES (#5, #4, '')",
        );
        db.logged();
        db.run("REPLACE INTO plot VALUES (#4, NULL, #2, 3, NULL)");
        assert_eq!(db.logged(), ["update plot #4 bags=3"]);
        db.run("REPLACE INTO farm VALUES (#1, 'A', 6, NULL)");
        assert_eq!(
            db.logged(),
            ["cascade plot #3 farm_id=#1 worker_id=#2 bags=0 crop=NULL via farm_id", "update farm #1 cattle=1"]
        );
        db.run("REPLACE INTO worker VALUES (#2, 'W', NULL)");
        assert_eq!(db.logged(), ["stale plot #4 worker_id=#2"]);
        assert_eq!(db.one("SELECT count(*) FROM visit"), "1");
    });
}

#[test]
fn a_replaced_record_of_a_tree_takes_back_its_own_delete_only() {
    both(|db| {
        db.run("INSERT INTO unit VALUES (#1, NULL, NULL), (#2, #1, NULL), (#3, NULL, #1)");
        db.logged();
        db.run("REPLACE INTO unit VALUES (#1, NULL, #3)");
        let mut logged = db.logged();
        logged.sort();
        assert_eq!(
            logged,
            ["cascade unit #2 part_of=#1 next=NULL via part_of", "stale unit #3 next=#1", "update unit #1 next=#3"]
        );
    });
}

#[test]
fn a_replaced_child_whose_parent_is_gone_is_an_update() {
    both(|db| {
        db.foreign_keys = false;
        db.run("INSERT INTO plot VALUES (#3, #1, NULL, 0, NULL)");
        db.logged();
        db.run("REPLACE INTO plot VALUES (#3, #1, NULL, 4, NULL)");
        assert_eq!(db.logged(), ["update plot #3 bags=4"]);
    });
}

#[test]
fn a_replace_by_another_program_is_logged_after_an_upsert_left_its_note() {
    both(|db| {
        db.run(
            "INSERT INTO farm VALUES (#1, 'A', 5, NULL);
             INSERT INTO farm VALUES (#1, 'A', 5, NULL) ON CONFLICT (id) DO UPDATE SET cattle = 50",
        );
        db.logged();
        db.run("REPLACE INTO farm VALUES (#1, 'A', 51, NULL)");
        assert_eq!(db.logged(), ["update farm #1 cattle=1"]);
    });
}

/// An import wrote `INSERT OR IGNORE`, which leaves a note of each record that it did not touch. One of them was deleted, here or
/// by the hub, and inserted again. What was told of the old note would have been told as an update, and lost with the delete.
#[test]
fn a_note_that_was_left_of_a_deleted_record_makes_no_update_of_its_insert() {
    let left = "INSERT INTO farm VALUES (#1, 'A', 5, NULL); INSERT OR IGNORE INTO farm VALUES (#1, 'Z', 9, NULL)";
    let silent = "UPDATE windrow_state SET applying = 1; DELETE FROM farm; UPDATE windrow_state SET applying = 0";
    for delete in ["DELETE FROM farm", silent] {
        both(|db| {
            db.run(left);
            db.run(delete);
            db.logged();
            db.run("INSERT INTO farm VALUES (#1, 'B', 6, NULL)");
            assert_eq!(db.logged(), ["insert farm #1 name='B' cattle=6 phone=NULL"]);
        });
    }
}

#[test]
fn update_or_replace_moves_no_record_over_another() {
    both(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL), (#2, 'B', 6, NULL)");
        db.logged();
        let reason = db.refused("UPDATE OR REPLACE farm SET id = #2 WHERE id = #1");
        assert!(reason.contains("windrow: a record keeps its id"), "{reason}");
        db.run("UPDATE OR REPLACE farm SET name = 'C' WHERE id = #1");
        assert_eq!(db.logged(), ["update farm #1 name='C'"]);
    });
}
