//! Names that break whatever quotes them badly.

use super::db::{Db, each};
use windrow_schema::sql::quoted;

const NAMES: [&str; 12] =
    ["select", "a b", "a\"b", "a'b", "a`b", "[a]", "a;b", "a--b", "a/*b", "a\nb", "ü😀", "windrow"];

/// Names that nothing of ours may be confused with.
const FIELDS: [&str; 15] = [
    "number",
    "at",
    "record",
    "operation",
    "stamp",
    "mask0",
    "value0",
    "hlc",
    "base",
    "applying",
    "old",
    "new",
    "excluded",
    "column1",
    "clock",
];

fn structs(name: &str) -> [String; 2] {
    let columns: String = FIELDS.iter().map(|f| format!("#[syncable(rename = {f:?})] r_{f}: Option<i64>, ")).collect();
    let parent = format!(
        "#[syncable(table = {:?})] struct Parent {{ id: Id<Parent>, #[unique] #[syncable(rename = {name:?})] name: String }}",
        format!("{name} p")
    );
    let child = format!(
        "#[syncable(table = {name:?})] struct Child {{ id: Id<Child>, {columns}
            #[merge(sum)] #[syncable(rename = {name:?})] sum: i64,
            #[parent(Parent, on_delete = cascade)] #[syncable(rename = {:?})] up: Option<Id<Parent>>,
            #[parent(Child, on_delete = set_null)] #[syncable(rename = {:?})] next: Option<Id<Child>> }}",
        format!("{name} 1"),
        format!("{name} 2"),
    );
    [parent, child]
}

fn write(db: &Db, name: &str) {
    let (child, parent, sum) = (quoted(name), quoted(&format!("{name} p")), quoted(name));
    let (up, next) = (quoted(&format!("{name} 1")), quoted(&format!("{name} 2")));
    db.run(&format!(
        "INSERT INTO {parent} VALUES (#1, 'A'), (#9, 'B'); INSERT INTO {child} (id, {sum}, {up}) VALUES (#2, 5, #1), (#3, 0, #1);
         INSERT INTO {child} (id, {sum}, {next}) VALUES (#4, 1, #2);
         UPDATE {child} SET {sum} = 7, \"hlc\" = 1 WHERE id = #2;
         REPLACE INTO {child} (id, {sum}, {up}, applying) VALUES (#3, 4, #1, 1);
         DELETE FROM {parent} WHERE id = #1"
    ));
    let reason = db.refused(&format!("UPDATE {child} SET {sum} = -9223372036854775808"));
    assert!(reason.contains(&format!("windrow: {name}.{name} would change")), "{reason}");
    let reason = db.refused(&format!("INSERT INTO {parent} VALUES (#8, 'B')"));
    assert!(reason.contains(&format!("windrow: another {name} p has this {name}")), "{reason}");
}

#[test]
fn any_name_is_captured_like_another() {
    for name in NAMES {
        let structs = structs(name);
        each(&[&structs[0], &structs[1]], &[], |db| {
            write(db, name);
            let nothing: String = FIELDS.iter().map(|f| format!(" {f}=NULL")).collect();
            let (one, three) =
                (nothing.replace(" hlc=NULL", " hlc=1"), nothing.replace(" applying=NULL", " applying=1"));
            let logged = db.logged();
            let expected = [
                format!("insert {name} p #1 {name}='A'"),
                format!("insert {name} p #9 {name}='B'"),
                format!("insert {name} #2{nothing} {name}=5 {name} 1=#1 {name} 2=NULL"),
                format!("insert {name} #3{nothing} {name}=0 {name} 1=#1 {name} 2=NULL"),
                format!("insert {name} #4{nothing} {name}=1 {name} 1=NULL {name} 2=#2"),
                format!("update {name} #2 hlc=1 {name}=2"),
                format!("update {name} #3 applying=1 {name}=4"),
                format!("stale {name} #4 {name} 2=#2"),
                format!("cascade {name} #2{one} {name}=7 {name} 1=#1 {name} 2=NULL via {name} 1"),
                format!("cascade {name} #3{three} {name}=4 {name} 1=#1 {name} 2=NULL via {name} 1"),
                format!("delete {name} p #1 {name}='A'"),
            ];
            assert_eq!(logged, expected);
        });
    }
}

#[test]
fn the_changelog_names_tables_and_fields_as_they_are() {
    for name in NAMES {
        let structs = structs(name);
        each(&[&structs[0], &structs[1]], &[], |db| {
            let child = quoted(name);
            db.run(&format!(
                "INSERT INTO {child} (id, {child}) VALUES (#2, 5); UPDATE {child} SET {child} = 7, base = 1"
            ));
            let rows = db.rows(
                "SELECT device, origin, \"table\", record, operation, json_array_length(fields), base
                   FROM windrow_changelog",
            );
            let (table, all) = (format!("'{name}'"), (FIELDS.len() + 3).to_string());
            assert_eq!(
                rows,
                [["7", "-5", &table, "#2", "'insert'", &all, "3"], ["7", "-5", &table, "#2", "'update'", "2", "3"]]
            );
            let second = db.one("SELECT fields ->> 1 FROM windrow_changelog WHERE operation = 'update'");
            assert_eq!(second, table);
        });
    }
}
