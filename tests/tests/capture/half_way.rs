//! A statement that a trigger stops in the middle of a foreign key's action leaves no trace.
//!
//! A plot's trigger said `RAISE(FAIL, ...)` to protect a plot. Its farm was deleted, the foreign key came to the plot, and the
//! statement stopped there: the farm was gone, and the log did not say so, because SQLite fires a parent's triggers after
//! what its foreign keys do, and `FAIL` takes nothing back. Every other device kept the farm.

use super::db::{Db, farms};

const FARM: &str =
    "INSERT INTO farm VALUES (#1, 'A', 5, NULL), (#2, 'B', 5, NULL); INSERT INTO worker VALUES (#3, 'W', NULL);
    INSERT INTO plot VALUES (#11, #1, #3, 0, NULL), (#12, #1, NULL, 0, NULL), (#13, #2, NULL, 0, NULL)";
const ROWS: &str = "SELECT id, farm_id, worker_id FROM plot UNION ALL SELECT id, name, cattle FROM farm";

/// Runs a case with `recursive_triggers` off and on, under a trigger of the application's that is older than Windrow's.
fn with(trigger: &str, case: impl Fn(&mut Db)) {
    for recursive in [false, true] {
        farms(|db| {
            db.recursive = recursive;
            db.run(FARM);
            db.run(trigger);
            db.renew_triggers();
            db.logged();
            case(db);
        });
    }
}

const KEPT: &str = "CREATE TRIGGER kept AFTER DELETE ON plot WHEN OLD.id = #12 BEGIN SELECT RAISE(FAIL, 'kept'); END";

/// The statement is refused, and everything is as it was.
fn refused(db: &Db, statement: &str) {
    let before = db.rows(ROWS);
    let why = db.refused(statement);
    assert!(why.contains("FOREIGN KEY"), "{why}");
    assert_eq!(db.rows(ROWS), before);
    assert!(db.logged().is_empty());
    assert!(db.rows("PRAGMA foreign_key_check").is_empty());
}

#[test]
fn a_delete_that_fails_half_way_is_taken_back() {
    with(KEPT, |db| {
        refused(db, "DELETE FROM farm WHERE id = #1");
        refused(db, "DELETE FROM farm");
        db.run("DELETE FROM farm WHERE id = #2");
        assert_eq!(db.logged().len(), 2);
    });
}

#[test]
fn a_replace_that_fails_half_way_is_taken_back() {
    with(KEPT, |db| {
        refused(db, "REPLACE INTO farm VALUES (#1, 'C', 7, NULL)");
        db.run("REPLACE INTO farm VALUES (#2, 'C', 7, NULL)");
        assert_eq!(db.logged().last().unwrap(), "update farm #2 name='C' cattle=2");
    });
}

#[test]
fn an_emptied_reference_at_which_a_trigger_fails_is_taken_back() {
    let kept = "CREATE TRIGGER kept AFTER UPDATE ON plot WHEN OLD.id = #11 BEGIN SELECT RAISE(FAIL, 'kept'); END";
    with(kept, |db| {
        refused(db, "DELETE FROM worker");
        refused(db, "REPLACE INTO worker VALUES (#3, 'V', NULL)");
    });
}

/// Deferred keys are looked at when the transaction ends: it can't be committed then.
#[test]
fn with_deferred_keys_the_transaction_is_refused() {
    with(KEPT, |db| {
        let before = db.rows(ROWS);
        db.refused("BEGIN; PRAGMA defer_foreign_keys = ON; DELETE FROM farm WHERE id = #1; COMMIT");
        assert_eq!(db.rows(ROWS), before);
    });
}

/// What a trigger of the application's ignores is no error.
#[test]
fn a_delete_that_a_trigger_ignores_stays_ignored() {
    let spared = "CREATE TRIGGER spared BEFORE DELETE ON farm WHEN OLD.id = #1 BEGIN SELECT RAISE(IGNORE); END";
    with(spared, |db| {
        db.run("DELETE FROM farm");
        assert_eq!(db.rows("SELECT id FROM farm"), [["#1"]]);
        db.logged();
        db.run("DROP TRIGGER spared; DELETE FROM farm");
        assert_eq!(db.logged().len(), 3);
        assert!(db.rows("SELECT * FROM windrow_leaving_farm").is_empty());
    });
}
