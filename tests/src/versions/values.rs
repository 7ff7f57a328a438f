//! Random writes, as SQL: what other programs do to a device's file.

use fastrand::Rng;
use windrow::rusqlite::Connection;
use windrow_schema::lock::{Column, Holds, Table};
use windrow_schema::sql::{literals, quoted};

/// Some writes of every kind. Those that a constraint refuses are left out.
pub fn fill(conn: &Connection, rng: &mut Rng, tables: &[Table], writes: usize) {
    for _ in 0..writes {
        let table = &tables[rng.usize(..tables.len())];
        conn.execute_batch(&write(conn, rng, table)).ok();
    }
}

/// A write to a table.
pub fn write(conn: &Connection, rng: &mut Rng, table: &Table) -> String {
    let name = quoted(&table.name);
    match rng.usize(..10) {
        0..=4 => {
            let columns: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
            let values: Vec<String> = table.columns.iter().map(|c| value(conn, rng, c)).collect();
            let id = (0..16).map(|_| format!("{:02x}", rng.u8(..))).collect::<String>();
            format!("INSERT INTO {name} (\"id\", {}) VALUES (x'{id}', {})", columns.join(", "), values.join(", "))
        }
        5..=7 => {
            let mut set = Vec::new();
            for _ in 0..rng.usize(1..=3) {
                let column = &table.columns[rng.usize(..table.columns.len())];
                let column_name = quoted(&column.name);
                if !set.iter().any(|s: &String| s.starts_with(&format!("{column_name} = "))) {
                    set.push(format!("{column_name} = {}", value(conn, rng, column)));
                }
            }
            format!("UPDATE {name} SET {} WHERE \"id\" IN ({})", set.join(", "), any(rng, &name))
        }
        _ => format!("DELETE FROM {name} WHERE \"id\" IN ({})", any(rng, &name)),
    }
}

/// The id of some record. A seed must always mean the same.
fn any(rng: &mut Rng, table: &str) -> String {
    let at = rng.u32(..);
    format!("SELECT \"id\" FROM {table} ORDER BY \"id\" LIMIT 1 OFFSET {at} % max(1, (SELECT count(*) FROM {table}))")
}

fn value(conn: &Connection, rng: &mut Rng, column: &Column) -> String {
    if column.nullable && rng.u8(..4) == 0 {
        return "NULL".to_owned();
    }
    match &column.holds {
        Holds::Bool => one(rng, &["0", "1"]).to_owned(),
        Holds::Integer { min, max } if *min != i64::MIN => one(rng, &[*min, *max, 1, 5, 77]).to_string(),
        Holds::Integer { .. } | Holds::Timestamp | Holds::Decimal(_) => rng.i64(-1_000_000..1_000_000).to_string(),
        Holds::Real => one(rng, &["0.5", "-1e300", "3.0", "5e-324"]).to_owned(),
        Holds::Text => one(rng, &["''", "'a'", "'it''s'", "'ü😀'", "'12'"]).to_owned(),
        Holds::Blob => format!("x'{:02x}ff'", rng.u8(..)),
        Holds::Date => one(rng, &["'2024-02-29'", "'0000-01-01'"]).to_owned(),
        Holds::Json => one(rng, &["'{\"a\": 1}'", "'null'", "'[1]'"]).to_owned(),
        Holds::Enum(texts) => literals(std::iter::once(texts[rng.usize(..texts.len())].as_str())),
        Holds::Id => {
            let parent = column.parent.as_ref().map(|p| quoted(&p.table)).unwrap_or_default();
            let ids = format!("SELECT hex(\"id\") FROM ({})", any(rng, &parent));
            conn.query_row(&ids, [], |row| row.get::<_, String>(0)).map_or("NULL".into(), |id| format!("x'{id}'"))
        }
    }
}

/// One of these.
pub(super) fn one<T: Copy>(rng: &mut Rng, among: &[T]) -> T {
    among[rng.usize(..among.len())]
}
