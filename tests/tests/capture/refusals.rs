//! What is refused on the spot, whatever conflict clause the statement carries.

use super::db::{Db, each, farms};

#[test]
fn an_id_never_changes() {
    farms(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', 5, NULL)");
        db.logged();
        for form in ["UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE", "UPDATE OR FAIL"] {
            let reason = db.refused(&format!("{form} farm SET id = #2"));
            assert!(reason.contains("windrow: a record keeps its id"), "{reason}");
        }
        assert_eq!(db.rows("SELECT id FROM farm"), [["#1"]]);
        assert!(db.logged().is_empty());
    });
}

#[test]
fn a_sum_never_changes_by_more_than_64_bits() {
    farms(|db| {
        db.run("INSERT INTO farm VALUES (#1, 'A', -2, NULL)");
        db.logged();
        for statement in [
            "UPDATE farm SET cattle = 9223372036854775807",
            "UPDATE OR IGNORE farm SET cattle = 9223372036854775807",
            "INSERT OR REPLACE INTO farm VALUES (#1, 'A', 9223372036854775807, NULL)",
            "INSERT INTO farm VALUES (#1, 'A', 9223372036854775807, NULL) ON CONFLICT (id) DO UPDATE SET cattle = excluded.cattle",
        ] {
            let reason = db.refused(statement);
            assert!(reason.contains("windrow: farm.cattle would change by more"), "{reason}");
        }
        assert_eq!(db.rows("SELECT cattle FROM farm"), [["-2"]]);
        assert!(db.logged().is_empty());
        db.run("UPDATE farm SET cattle = -1; UPDATE farm SET cattle = 9223372036854775806");
        assert_eq!(db.logged(), ["update farm #1 cattle=1", "update farm #1 cattle=9223372036854775807"]);
    });
}

fn workers(db: &Db) {
    db.run("INSERT INTO worker VALUES (#1, 'A', 'x'), (#2, 'B', 'y'), (#3, 'C', NULL), (#4, 'D', NULL)");
    db.logged();
}

#[test]
fn a_unique_value_is_not_given_twice() {
    farms(|db| {
        workers(db);
        for statement in [
            "INSERT INTO worker VALUES (#5, 'E', 'x')",
            "INSERT OR IGNORE INTO worker VALUES (#5, 'E', 'x')",
            "INSERT OR REPLACE INTO worker VALUES (#2, 'E', 'x')",
            "UPDATE worker SET code = 'x' WHERE id = #3",
            "UPDATE OR REPLACE worker SET code = 'x' WHERE id = #3",
        ] {
            let reason = db.refused(statement);
            assert!(reason.contains("windrow: another worker has this code"), "{reason}");
        }
        assert!(db.logged().is_empty());
    });
}

#[test]
fn a_record_keeps_its_unique_value() {
    farms(|db| {
        workers(db);
        db.run("UPDATE worker SET code = code, name = 'a' WHERE id = #1; REPLACE INTO worker VALUES (#1, 'b', 'x')");
        db.run("INSERT INTO worker VALUES (#1, '', 'x') ON CONFLICT (id) DO UPDATE SET name = 'c'");
        db.run("UPDATE worker SET code = NULL");
        assert_eq!(db.logged().len(), 5);
    });
}

#[test]
fn merged_duplicates_may_be_edited() {
    farms(|db| {
        workers(db);
        db.run(
            "UPDATE windrow_state SET applying = 1; UPDATE worker SET code = 'x' WHERE id = #2;
             INSERT INTO worker VALUES (#6, 'F', 'x'); UPDATE windrow_state SET applying = 0",
        );
        db.run("UPDATE worker SET code = code, name = 'n' WHERE id = #2; REPLACE INTO worker VALUES (#6, 'G', 'x')");
        assert_eq!(db.logged(), ["update worker #2 name='n'", "update worker #6 name='G'"]);
        assert!(db.refused("UPDATE worker SET code = 'x' WHERE id = #3").contains("another worker"));
    });
}

#[test]
fn what_a_type_cannot_hold_is_refused_by_its_column() {
    let kinds = "struct Kinds { id: Id<Kinds>, flag: Option<bool>, small: Option<i8>, big: Option<u32>, day: Option<Date>,
        mood: Option<Mood>, #[syncable(json)] doc: Option<Doc>, #[parent(Kinds)] other: Option<Id<Kinds>>, real: Option<f64>,
        text: Option<String>, blob: Option<Vec<u8>>, price: Option<Decimal<2>>, at: Option<Timestamp> }";
    each(&[kinds], &["enum Mood { Good, #[syncable(rename = \"it's\")] Bad }"], |db| {
        db.run("INSERT INTO kinds (id) VALUES (#1)");
        for (column, values) in [
            ("flag", vec!["0", "1"]),
            ("small", vec!["-128", "127"]),
            ("big", vec!["0", "4294967295"]),
            ("day", vec!["'0000-01-01'", "'9999-12-31'", "'2024-02-29'"]),
            ("mood", vec!["'good'", "'it''s'"]),
            ("doc", vec!["'{}'", "'[1, 2]'", "'null'", "'\"ü\"'"]),
            ("real", vec!["1", "9e999", "-0.0"]),
            ("at", vec!["-9223372036854775808", "9223372036854775807"]),
        ] {
            values.iter().for_each(|v| db.run(&format!("UPDATE kinds SET {column} = {v}")));
        }
        let before = db.rows("SELECT * FROM kinds");
        for (column, values) in [
            ("id", vec!["NULL", "x'01'", "'0123456789abcdef'", "zeroblob(17)"]),
            ("flag", vec!["2", "-1", "'yes'"]),
            ("small", vec!["-129", "128", "1.5"]),
            ("big", vec!["-1", "4294967296"]),
            ("day", vec!["'2023-02-29'", "'2024-2-9'", "'20240209'", "'now'", "''", "'2024-02-09 '"]),
            ("mood", vec!["'Good'", "'its'", "''", "1"]),
            ("doc", vec!["'{'", "''", "'{a:1}'"]),
            ("other", vec!["x'01'", "'0123456789abcdef'"]),
            ("real", vec!["'x'"]),
            ("blob", vec!["'x'", "1"]),
            ("price", vec!["0.5"]),
        ] {
            for value in values {
                db.refused(&format!("UPDATE kinds SET {column} = {value}"));
            }
        }
        assert_eq!(db.rows("SELECT * FROM kinds"), before);
        for id in ["NULL", "x'01'", "'0123456789abcdef'", "zeroblob(17)"] {
            db.refused(&format!("INSERT INTO kinds (id) VALUES ({id})"));
        }
    });
}
