//! Each form of statement: one entry a record, and only for what changed.

use super::db::{Db, LAST, farms};

fn start(db: &Db) {
    db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL), (#2, 'B', 0, '')");
    db.logged();
}

#[test]
fn an_insert_logs_all_fields_row_by_row() {
    farms(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL), (#2, 'B', 0, '')");
        assert_eq!(
            db.logged(),
            ["insert farm #1 name='A' cattle=5 phone=NULL", "insert farm #2 name='B' cattle=0 phone=''"]
        );
    });
}

#[test]
fn an_update_logs_what_it_changed_and_of_a_sum_the_difference() {
    farms(|db| {
        start(db);
        db.run("UPDATE farm SET name = 'Z', cattle = cattle - 7 WHERE id = #1");
        assert_eq!(db.logged(), ["update farm #1 name='Z' cattle=-7"]);
        db.run("UPDATE farm SET phone = '' WHERE id = #1");
        assert_eq!(db.logged(), ["update farm #1 phone=''"]);
        db.run("UPDATE farm SET phone = NULL");
        assert_eq!(db.logged(), ["update farm #1 phone=NULL", "update farm #2 phone=NULL"]);
    });
}

#[test]
fn an_update_that_changes_nothing_logs_nothing() {
    farms(|db| {
        start(db);
        db.run("UPDATE farm SET name = name, cattle = cattle + 0, phone = phone, id = id");
        assert!(db.logged().is_empty());
    });
}

#[test]
fn a_delete_logs_what_the_record_held() {
    farms(|db| {
        start(db);
        db.run("DELETE FROM farm");
        assert_eq!(
            db.logged(),
            ["delete farm #1 name='A' cattle=5 phone=NULL", "delete farm #2 name='B' cattle=0 phone=''"]
        );
    });
}

#[test]
fn an_update_from_another_table_logs_each_record_once() {
    farms(|db| {
        start(db);
        db.run(
            "CREATE TEMP TABLE more (farm, n);
             INSERT INTO more VALUES (#1, 10), (#2, 20), (#9, 30);
             UPDATE farm SET cattle = cattle + n FROM more WHERE more.farm = farm.id",
        );
        assert_eq!(db.logged(), ["update farm #1 cattle=10", "update farm #2 cattle=20"]);
    });
}

#[test]
fn an_upsert_logs_the_update_or_the_insert_that_it_made() {
    farms(|db| {
        start(db);
        db.run(
            "INSERT INTO farm VALUES (#1, 'A', 2, '1'), (#3, 'C', 1, NULL)
             ON CONFLICT (id) DO UPDATE SET cattle = cattle + excluded.cattle, phone = excluded.phone",
        );
        assert_eq!(db.logged(), ["update farm #1 cattle=2 phone='1'", "insert farm #3 name='C' cattle=1 phone=NULL"]);
        db.run("INSERT INTO farm VALUES (#1, 'Q', 9, NULL) ON CONFLICT DO NOTHING");
        assert!(db.logged().is_empty());
    });
}

#[test]
fn an_ignored_insert_logs_nothing_and_leaves_nothing_behind() {
    farms(|db| {
        start(db);
        db.run("INSERT OR IGNORE INTO farm VALUES (#1, 'Q', 9, NULL), (#3, 'C', 1, NULL)");
        assert_eq!(db.logged(), ["insert farm #3 name='C' cattle=1 phone=NULL"]);
        // The note that the ignored insert left must not make an update of the new record.
        db.run("DELETE FROM farm WHERE id = #1; INSERT INTO farm VALUES (#1, 'A', 5, NULL)");
        assert_eq!(
            db.logged(),
            ["delete farm #1 name='A' cattle=5 phone=NULL", "insert farm #1 name='A' cattle=5 phone=NULL"]
        );
    });
}

#[test]
fn a_record_deleted_while_applying_is_new_when_it_is_inserted_again() {
    farms(|db| {
        start(db);
        db.run("INSERT OR IGNORE INTO farm VALUES (#1, 'Q', 9, NULL)");
        db.run("UPDATE windrow_state SET applying = 1; DELETE FROM farm; UPDATE windrow_state SET applying = 0");
        db.run("INSERT INTO farm VALUES (#1, 'A', 6, NULL)");
        assert_eq!(db.logged(), ["insert farm #1 name='A' cattle=6 phone=NULL"]);
    });
}

#[test]
fn a_rollback_leaves_nothing_and_a_savepoint_leaves_the_rest() {
    farms(|db| {
        start(db);
        let last = db.one(LAST);
        db.run("BEGIN; UPDATE farm SET name = 'X'; INSERT OR REPLACE INTO farm VALUES (#1, 'Q', 9, NULL); ROLLBACK");
        assert!(db.logged().is_empty());
        assert_eq!(db.one(LAST), last);
        db.run(
            "BEGIN; UPDATE farm SET name = 'X' WHERE id = #1; SAVEPOINT one; DELETE FROM farm; ROLLBACK TO one;
             UPDATE farm SET cattle = 1 WHERE id = #2; RELEASE one; COMMIT",
        );
        assert_eq!(db.logged(), ["update farm #1 name='X'", "update farm #2 cattle=1"]);
    });
}

#[test]
fn nothing_is_logged_while_applying() {
    farms(|db| {
        for recursive in [false, true] {
            db.recursive = recursive;
            db.run(
                "UPDATE windrow_state SET applying = 1;
                 INSERT INTO farm VALUES (#1, 'A', 5, NULL);
                 INSERT OR REPLACE INTO farm VALUES (#1, 'B', -9223372036854775808, NULL);
                 UPDATE farm SET cattle = 9223372036854775807;
                 INSERT INTO plot VALUES (#3, #1, NULL, 0, NULL);
                 DELETE FROM farm;
                 UPDATE windrow_state SET applying = 0",
            );
            assert!(db.logged().is_empty());
            assert_eq!(db.one(LAST), "0");
            assert_eq!(db.one("SELECT count(*) FROM plot"), "0");
        }
    });
}

#[test]
fn a_record_that_merges_whole_logs_all_its_fields_at_each_change() {
    farms(|db| {
        db.run(
            "INSERT INTO price VALUES (#1, 5, 'kg', NULL); UPDATE price SET amount = 6; UPDATE price SET amount = 6",
        );
        db.run(
            "INSERT OR REPLACE INTO price VALUES (#1, 6, 'bag', NULL); REPLACE INTO price VALUES (#1, 6, 'bag', NULL)",
        );
        assert_eq!(
            db.logged(),
            [
                "insert price #1 amount=5 per='kg' by_id=NULL",
                "update price #1 amount=6 per='kg' by_id=NULL",
                "update price #1 amount=6 per='bag' by_id=NULL",
            ]
        );
    });
}

#[test]
fn stamps_follow_the_clock_and_never_go_back() {
    farms(|db| {
        let before = i64::from(std::process::id()); // Any small number: the clock stands before all of them.
        db.run(&format!(
            "INSERT INTO windrow_clock VALUES (0, 0, {before}); INSERT INTO farm VALUES (#1, 'A', 0, NULL)"
        ));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
        let stamp: i64 = db.one("SELECT stamp FROM windrow_changelog").parse().unwrap();
        assert!(((stamp >> 15) - now).abs() < 60_000, "{stamp}");
        db.logged();
        let ahead = i64::MAX - 10;
        db.run(&format!(
            "INSERT INTO windrow_clock VALUES ({stamp}, 1, {ahead});
             UPDATE farm SET name = 'B'; UPDATE farm SET name = 'C'"
        ));
        let stamps = db.rows("SELECT stamp FROM windrow_changelog WHERE operation = 'update'");
        assert_eq!(stamps, [[(ahead + 1).to_string()], [(ahead + 2).to_string()]]);
        assert_eq!(db.logged(), ["update farm #1 name='B'", "update farm #1 name='C'"]);
    });
}

#[test]
fn what_a_user_s_trigger_writes_is_logged_too() {
    farms(|db| {
        db.run(
            "CREATE TRIGGER loud BEFORE INSERT ON visit BEGIN UPDATE farm SET name = upper(name); END;
             CREATE TABLE seen (n); CREATE TRIGGER look AFTER UPDATE ON farm BEGIN INSERT INTO seen VALUES (NEW.name); END",
        );
        start(db);
        db.run("INSERT INTO visit VALUES (#1, NULL, ''); UPDATE farm SET name = 'b' WHERE id = #2");
        assert_eq!(db.logged(), ["insert visit #1 plot_id=NULL notes=''", "update farm #2 name='b'"]);
        db.run("INSERT OR REPLACE INTO visit VALUES (#1, NULL, 'n')");
        assert_eq!(db.logged(), ["update farm #2 name='B'", "update visit #1 notes='n'"]);
        assert_eq!(db.one("SELECT count(*) FROM seen"), "5");
    });
}
