//! Random statements, replayed from the log alone: it must give the tables back, row by row.

use std::collections::BTreeMap;

use super::db::{Db, FARMS, Program, integer};
use windrow::rusqlite::types::Value;
use windrow_schema::Strategy;
use windrow_schema::sql::quoted;

type Rows = BTreeMap<Vec<u8>, Vec<Value>>;

/// A statement on random records; `{}` of ids so few that they often meet.
fn statement(rng: &mut fastrand::Rng) -> String {
    let mut id = || format!("#{}", rng.u8(1..6));
    let (a, b, c) = (id(), id(), id());
    let (kind, n) = (rng.u8(..18), rng.i64(-3..4));
    let mut pick = |options: &[&str]| options[rng.usize(..options.len())].to_owned();
    let insert = pick(&[
        "INSERT INTO",
        "INSERT OR IGNORE INTO",
        "INSERT OR REPLACE INTO",
        "REPLACE INTO",
        "INSERT OR FAIL INTO",
    ]);
    let conflict = pick(&["", "", " ON CONFLICT DO NOTHING", " ON CONFLICT (id) DO UPDATE SET id = excluded.id"]);
    let update = pick(&["UPDATE", "UPDATE OR IGNORE", "UPDATE OR REPLACE"]);
    let text = pick(&["'a'", "'b'", "''"]);
    let maybe = pick(&["NULL", "'a'", "''", "'x'"]);
    let code = pick(&["NULL", "'1'", "'2'"]);
    let (up, by) = (pick(&["NULL", &a, &b, &c]), pick(&["NULL", &a, &b]));
    let value = format!("excluded.cattle + {n}");
    match kind {
        0 => format!("{insert} farm VALUES ({a}, {text}, {n}, {maybe}), ({b}, {text}, {n}, NULL){conflict}"),
        1 => format!(
            "INSERT INTO farm VALUES ({a}, {text}, {n}, {maybe}) ON CONFLICT (id) DO UPDATE SET cattle = {value}"
        ),
        2 => format!("{insert} worker VALUES ({a}, {text}, {code}){conflict}"),
        3 => format!("{insert} plot VALUES ({a}, {up}, {by}, {n}, {maybe}), ({c}, {by}, {up}, {n}, NULL){conflict}"),
        4 => format!("{insert} visit VALUES ({a}, {up}, {text}){conflict}"),
        5 => format!("{insert} unit VALUES ({a}, {up}, {by}){conflict}"),
        6 => format!("{insert} price VALUES ({a}, {n}, {maybe}, {by}){conflict}"),
        7 => format!("{update} farm SET cattle = cattle + {n}, phone = {maybe} WHERE id <= {a}"),
        8 => format!("{update} worker SET code = {code}, name = {text} WHERE id = {a}"),
        9 => format!("{update} plot SET worker_id = {by}, bags = bags + {n} WHERE id >= {a}"),
        10 => format!("{update} plot SET farm_id = {up}, worker_id = NULL, crop = {maybe} WHERE id = {a}"),
        11 => format!("{update} unit SET part_of = {up}, next = {by} WHERE id = {a}"),
        12 => format!("{update} price SET by_id = {by}, amount = {n} WHERE id <= {a}"),
        13 => format!("UPDATE plot SET bags = bags + cattle FROM farm WHERE farm.id = farm_id AND plot.id <> {a}"),
        14 => format!("DELETE FROM {} WHERE id = {a}", pick(&["farm", "worker", "plot", "visit", "unit", "price"])),
        15 => {
            format!("SAVEPOINT s; DELETE FROM {}; ROLLBACK TO s; RELEASE s", pick(&["farm", "unit", "worker", "visit"]))
        }
        16 => format!("DELETE FROM {}", pick(&["visit", "unit", "price"])),
        _ => format!("DELETE FROM farm WHERE id = {a}; {insert} farm VALUES ({a}, {text}, {n}, NULL){conflict}"),
    }
}

fn blob(value: &Value) -> Vec<u8> {
    match value {
        Value::Blob(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    }
}

/// The table as the log alone gives it.
fn replayed(db: &Db, model: &windrow_schema::Model) -> Rows {
    let values: String = (0..model.fields().len()).map(|at| format!(", value{at}")).collect();
    let table = model.table();
    let log =
        format!("SELECT operation, record, mask0{values} FROM windrow_log WHERE \"table\" = '{table}' ORDER BY number");
    let mut rows = Rows::new();
    for entry in db.values(&log) {
        let (op, id, mask, new) = (integer(&entry[0]), blob(&entry[1]), integer(&entry[2]), &entry[3..]);
        match op {
            1 => assert!(rows.insert(id, new.to_vec()).is_none(), "inserted twice"),
            3 | 4 => assert_eq!(rows.remove(&id).as_deref(), Some(new), "deleted something else"),
            _ => {
                let row = rows.get_mut(&id).expect("updates what is there");
                let said = |i: usize| mask & 1 << i != 0 || op == 2 && new[i] != Value::Null;
                for (i, field) in model.fields().iter().enumerate().filter(|(i, _)| said(*i)) {
                    match (op, field.strategy()) {
                        (5, _) => assert_eq!(std::mem::replace(&mut row[i], Value::Null), new[i], "what was emptied"),
                        (_, Strategy::Sum) => row[i] = Value::Integer(integer(&row[i]) + integer(&new[i])),
                        _ => row[i] = new[i].clone(),
                    }
                }
            }
        }
    }
    rows
}

fn shown(db: &Db, table: &str) -> Rows {
    let rows = db.values(&format!("SELECT * FROM {}", quoted(table)));
    rows.into_iter().map(|row| (blob(&row[0]), row[1..].to_vec())).collect()
}

fn history(seed: u64, program: Program) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut db = Db::new(program, FARMS, &[]);
    (db.foreign_keys, db.recursive) = (rng.bool(), rng.bool());
    let mut script = String::new();
    for _ in 0..rng.usize(10..40) {
        let statement = statement(&mut rng);
        // Many are refused, by a foreign key or a unique value: then nothing of them is left.
        if db.attempt(&statement).is_ok() {
            script += &format!("{statement};\n");
        }
    }
    for model in &db.models {
        let (log, table) = (replayed(&db, model), shown(&db, model.table()));
        assert_eq!(log, table, "{} after seed {seed}, {program:?}:\n{script}", model.table());
    }
    db.logged();
}

#[test]
fn the_log_alone_gives_the_tables_back() {
    let count: u64 = std::env::var("WINDROW_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    (0..count).for_each(|seed| history(seed, Program::Bundled));
}

#[test]
fn the_log_of_the_shell_alone_gives_the_tables_back() {
    if std::process::Command::new("sqlite3").arg("--version").output().is_ok() {
        (0..10).for_each(|seed| history(seed, Program::Shell));
    }
}
