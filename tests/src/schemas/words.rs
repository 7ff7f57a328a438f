//! Names and texts that break whatever quotes, folds or splits them badly.

use fastrand::Rng;

/// Fields as Rust has them, and the columns that they become.
pub(super) const FIELDS: [(&str, &str); 44] = [
    ("name", "name"),
    ("r#type", "type"),
    ("r#match", "match"),
    ("r#fn", "fn"),
    ("r#where", "where"),
    ("r#in", "in"),
    ("r#as", "as"),
    ("r#async", "async"),
    ("r#true", "true"),
    ("r#null", "null"),
    ("r#name_2", "name_2"),
    ("select", "select"),
    ("order", "order"),
    ("group", "group"),
    ("table", "table"),
    ("values", "values"),
    ("index", "index"),
    ("default", "default"),
    ("union", "union"),
    ("größe", "größe"),
    ("имя", "имя"),
    ("名前", "名前"),
    ("ñandú", "ñandú"),
    ("_x", "_x"),
    ("__", "__"),
    ("windrow", "windrow"),
    ("windrowx", "windrowx"),
    ("number", "number"),
    ("at", "at"),
    ("operation", "operation"),
    ("mask0", "mask0"),
    ("value0", "value0"),
    ("base", "base"),
    ("applying", "applying"),
    ("old", "old"),
    ("new", "new"),
    ("excluded", "excluded"),
    ("NULL", "NULL"),
    ("String", "String"),
    ("i64", "i64"),
    ("column1", "column1"),
    ("column2", "column2"),
    ("record", "record"),
    ("fields", "fields"),
];

/// Structs as Rust has them, and the tables that they become.
pub(super) const STRUCTS: [(&str, &str); 28] = [
    ("Farm", "farm"),
    ("FarmPlot", "farm_plot"),
    ("HTTPLog", "http_log"),
    ("Plot2Day", "plot2_day"),
    ("XMLHttpRequest", "xml_http_request"),
    ("r#type", "type"),
    ("r#struct", "struct"),
    ("r#Match", "match"),
    ("select", "select"),
    ("TABLE", "table"),
    ("Order", "order"),
    ("Group", "group"),
    ("Note", "note"),
    ("Log", "log"),
    ("LogInsert", "log_insert"),
    ("Insert", "insert"),
    ("Index", "index"),
    ("Windrow", "windrow"),
    ("Main", "main"),
    ("Temp", "temp"),
    ("Größe", "größe"),
    ("Имя", "имя"),
    ("名前", "名前"),
    ("É", "é"),
    ("_X", "_x"),
    ("T0", "t0"),
    ("E0x0", "e0x0"),
    ("PragmaForeignKeyCheck", "pragma_foreign_key_check"),
];

/// Variants as Rust has them, and the texts that they become.
pub(super) const VARIANTS: [(&str, &str); 12] = [
    ("Dry", "dry"),
    ("HeavyRain", "heavy_rain"),
    ("r#type", "type"),
    ("r#Match", "match"),
    ("Größe", "größe"),
    ("名前", "名前"),
    ("NULL", "null"),
    ("X1", "x1"),
    ("_Y", "_y"),
    ("Ok", "ok"),
    ("None", "none"),
    ("Default", "default"),
];

/// Anything that may stand in a name or a text.
const TEXTS: [&str; 68] = [
    "farm",
    "a b",
    "a\"b",
    "\"",
    "\"\"",
    "it's",
    "'",
    "''",
    "`x`",
    "[a]",
    "]",
    "\\",
    "\\\"",
    "\\n",
    "a;b--",
    "--",
    "/*",
    "*/",
    "#\"#",
    "\"##",
    "a\nb",
    "\n",
    "\t",
    "a\rb",
    " ",
    " a",
    "a ",
    "a.b",
    "a=b",
    "=",
    ".",
    "{}",
    "{0}",
    "${x}",
    "$1",
    ":x",
    "@x",
    "?",
    "?1",
    "%",
    "%s",
    "_",
    "-",
    "0",
    "1e3",
    "x'00'",
    "*",
    "select",
    "NULL",
    "CREATE TABLE \"x\" (y);",
    "CREATE TABLE",
    "json_each",
    "json_valid",
    "pragma_table_info",
    "log_insert",
    "windrow",
    "windröw_",
    "sqlite",
    "ü😀",
    "e\u{301}",
    "é",
    "É",
    "k",
    "İ",
    "\u{212a}",
    "a\u{202e}b",
    "\u{feff}x",
    "\u{1}\u{7f}\u{85}",
];

/// Any text. Some are long, and some nearly those of others.
pub(super) fn text(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.choice([1, 1, 1, 2, 3]).unwrap_or(1) {
        text += rng.choice(TEXTS).unwrap_or("farm");
    }
    match rng.u8(..30) {
        0 => text.repeat(100),
        1 => format!("{text}{}", rng.u16(..)),
        _ => text,
    }
}

/// A name for a table, or for a column, that the language takes, and that is not taken.
pub(super) fn name(rng: &mut Rng, faulty: impl Fn(&str) -> bool, taken: impl Fn(&str) -> bool) -> String {
    loop {
        let name = text(rng);
        if !faulty(&name) && !taken(&name) {
            return name;
        }
    }
}

/// Whether a table can't have this name: written down from the messages that say so.
pub(super) fn no_table(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.is_empty() || ["old", "new", "excluded"].contains(&&*lower) || begins(&lower, &["windrow_", "sqlite_"])
}

/// Whether a column can't have this name.
pub(super) fn no_column(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.is_empty() || ["id", "rowid", "oid", "_rowid_"].contains(&&*lower) || begins(&lower, &["windrow_"])
}

fn begins(name: &str, with: &[&str]) -> bool {
    with.iter().any(|w| name.starts_with(w))
}

/// A known word with its other name: as it is, or with the same number behind both.
pub(super) fn pair(rng: &mut Rng, among: &[(&str, &str)]) -> (String, String) {
    let (rust, sql) = among[rng.usize(..among.len())];
    match rng.bool() {
        true => (rust.to_owned(), sql.to_owned()),
        false => {
            let number = rng.u16(..);
            (format!("{rust}{number}"), format!("{sql}{number}"))
        }
    }
}

/// How Rust writes what has this name in SQL, if one of these words does.
pub(super) fn rust(among: &[(&str, &str)], sql: &str) -> Option<String> {
    among.iter().find_map(|(rust, base)| {
        let number = sql.strip_prefix(base)?;
        number.bytes().all(|b| b.is_ascii_digit()).then(|| format!("{rust}{number}"))
    })
}
