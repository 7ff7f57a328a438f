//! A table made anew, and its rows copied.

use super::Script;
use super::stand::Thing;
use crate::sql::quoted;

/// Makes a table anew. `columns`: each of its columns and the expression that gives its value.
///
/// By the way that SQLite's documentation tells: with `legacy_alter_table` on, giving back the name looks at no view and no
/// trigger, which would find their table gone.
pub(super) fn rewrite(script: &mut Script, table: &Thing, columns: &[(String, String)]) {
    let (name, new) = (quoted(&table.name), quoted(&format!("windrow_new_{}", table.name)));
    let rest = table.sql.strip_prefix(&format!("CREATE TABLE {name}")).unwrap_or(&table.sql);
    let list = |part: fn(&(String, String)) -> &str| columns.iter().map(part).collect::<Vec<_>>().join(",\n  ");
    script.run(format!("CREATE TABLE {new}{rest}"));
    script.run(format!(
        "INSERT INTO {new} (\n  {}\n)\nSELECT\n  {}\nFROM {name}",
        list(|(column, _)| column),
        list(|(_, value)| value)
    ));
    script.run(format!("DROP TABLE {name}"));
    script.run("PRAGMA legacy_alter_table = ON");
    script.run(format!("ALTER TABLE {new} RENAME TO {name}"));
    script.run("PRAGMA legacy_alter_table = OFF");
    script.rewrite(&table.name);
}
