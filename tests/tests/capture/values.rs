//! Values are logged exactly.

use super::db::each;

const HOLD: &str =
    "struct Hold { id: Id<Hold>, n: Option<i64>, #[merge(sum)] s: i64, x: Option<f64>, t: Option<String>,
    b: Option<Vec<u8>> }";

#[test]
fn every_value_is_logged_as_it_is_stored() {
    let n = ["NULL", "0", "-9223372036854775808", "9223372036854775807"];
    let x = ["NULL", "0.0", "-0.0", "0.1", "5e-324", "1.7976931348623157e308", "9e999", "-9e999", "3"];
    let t = ["NULL", "''", "'é😀'", "char(0)", "'a' || char(0) || 'b'", "'''\"'", "char(10, 13)", "'12'", "'1.0'"];
    let b = ["NULL", "x''", "x'00'", "zeroblob(70000)", "CAST('text' AS BLOB)", "x'ff00ff'"];
    each(&[HOLD], &[], |db| {
        db.run("INSERT INTO hold VALUES (#1, 1, 0, 1, '1', x'01')");
        for (column, at, values) in [("n", 0, &n[..]), ("x", 2, &x), ("t", 3, &t), ("b", 4, &b)] {
            for value in values {
                for write in [
                    format!("UPDATE hold SET {column} = {value}"),
                    format!(
                        "UPDATE hold SET {column} = NULL; REPLACE INTO hold (id, s, {column}) VALUES (#1, 0, {value})"
                    ),
                    format!("DELETE FROM hold; INSERT INTO hold (id, s, {column}) VALUES (#1, 0, {value})"),
                ] {
                    db.run(&write);
                    let stored = format!("SELECT typeof({column}), hex({column}), {column} FROM hold");
                    let last = format!(
                        "SELECT typeof(value{at}), hex(value{at}), value{at} FROM windrow_log ORDER BY number DESC LIMIT 1"
                    );
                    assert_eq!(db.rows(&last), db.rows(&stored), "{write}");
                }
            }
        }
    });
}

#[test]
fn null_and_empty_and_near_values_are_told_apart() {
    each(&[HOLD], &[], |db| {
        db.run("INSERT INTO hold VALUES (#1, 9007199254740993, 0, 0.1, '', x'')");
        db.logged();
        db.run("UPDATE hold SET t = NULL; UPDATE hold SET t = ''; UPDATE hold SET b = NULL; UPDATE hold SET b = x''");
        assert_eq!(
            db.logged(),
            ["update hold #1 t=NULL", "update hold #1 t=''", "update hold #1 b=NULL", "update hold #1 b=x"]
        );
        db.run(
            "UPDATE hold SET n = 9007199254740992; UPDATE hold SET x = 0.1 + 1e-17; UPDATE hold SET x = 0.1 + 2e-17",
        );
        assert_eq!(db.logged(), ["update hold #1 n=9007199254740992", "update hold #1 x=0.10000000000000002"]);
        db.run("UPDATE hold SET t = 'a'; UPDATE hold SET t = 'A'; UPDATE hold SET t = 'A '; UPDATE hold SET t = 'A' || char(0)");
        assert_eq!(db.logged().len(), 4);
    });
}

#[test]
fn a_sum_counts_differences_at_both_ends() {
    each(&[HOLD], &[], |db| {
        db.run("INSERT INTO hold (id, s) VALUES (#1, -9223372036854775808); UPDATE hold SET s = -1; UPDATE hold SET s = -2");
        assert_eq!(
            db.logged(),
            [
                "insert hold #1 n=NULL s=-9223372036854775808 x=NULL t=NULL b=NULL",
                "update hold #1 s=9223372036854775807",
                "update hold #1 s=-1",
            ]
        );
    });
}

#[test]
fn masks_reach_past_63_fields() {
    let fields: String = (0..130).map(|i| format!("f{i}: Option<i64>, ")).collect();
    let wide =
        format!("struct Wide {{ id: Id<Wide>, {fields} #[parent(Wide, on_delete = cascade)] up: Option<Id<Wide>> }}");
    each(&[&wide], &[], |db| {
        db.run("INSERT INTO wide (id) VALUES (#1); INSERT INTO wide (id, up) VALUES (#2, #1)");
        db.run("UPDATE wide SET f0 = 1, f62 = 2, f63 = 3, f125 = 4, f126 = 5, f129 = 6 WHERE id = #1");
        db.run(
            "UPDATE wide SET f0 = NULL, f62 = NULL, f63 = NULL, f125 = NULL, f126 = NULL, f129 = NULL WHERE id = #1",
        );
        db.run("DELETE FROM wide WHERE id = #1");
        let log = "SELECT operation, record, mask0, mask1, mask2 FROM windrow_log ORDER BY number";
        let (low, mid) = (1_i64 | 1 << 62, 1_i64 | 1 << 62);
        assert_eq!(
            db.rows(log),
            [
                ["1", "#1", "0", "0", "0"],
                ["1", "#2", "0", "0", "0"],
                ["2", "#1", "0", "0", "0"],
                ["2", "#1", &low.to_string(), &mid.to_string(), &(1 | 1 << 3).to_string()],
                ["4", "#2", "0", "0", &(1 << 4).to_string()],
                ["3", "#1", "0", "0", "0"],
            ]
        );
    });
}
