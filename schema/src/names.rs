//! Names in SQL: where they come from, and which are taken.

use syn::Ident;
use syn::ext::IdentExt;

/// An identifier as what it names: `r#Farm` is `Farm`.
pub(crate) fn bare(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// What a path leads to, as [`bare`] says it.
pub(crate) fn last(path: &syn::Path) -> String {
    path.segments.last().map(|s| bare(&s.ident)).unwrap_or_default()
}

/// `FarmPlot` as `farm_plot`, `HTTPLog` as `http_log`.
pub fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        let starts_word = i > 0
            && c.is_uppercase()
            && (chars[i - 1].is_lowercase()
                || chars[i - 1].is_numeric()
                || (chars[i - 1].is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase())));
        if starts_word {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Why a table can't have this name.
pub(crate) fn table_fault(name: &str) -> Option<String> {
    common_fault(name).or_else(|| {
        // SQLite's own foreign-key actions say `OLD.id`, UPSERT says `excluded.id`: they would find such a table instead.
        if let Some(word) = ["old", "new", "excluded"].into_iter().find(|word| name.eq_ignore_ascii_case(word)) {
            return Some(format!(
                "SQLite gives `{word}` a meaning of its own: name the table by `#[syncable(table = \"...\")]`"
            ));
        }
        let reserved = ["windrow_", "sqlite_"].into_iter().find(|prefix| begins(name, prefix))?;
        Some(format!("table names that begin with `{reserved}` are reserved: choose another"))
    })
}

/// Why a field can't have this column name.
pub(crate) fn column_fault(name: &str) -> Option<String> {
    common_fault(name).or_else(|| {
        if begins(name, "windrow_") {
            return Some("column names that begin with `windrow_` are reserved: choose another".into());
        }
        if name.eq_ignore_ascii_case("id") {
            return Some("the column `id` holds the record's id: choose another name".into());
        }
        let rowid = ["rowid", "oid", "_rowid_"].into_iter().any(|r| name.eq_ignore_ascii_case(r));
        rowid.then(|| {
            format!("SQLite gives `{name}` a meaning of its own: choose another with `#[syncable(rename = \"...\")]`")
        })
    })
}

fn common_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a name in SQL can't be empty".into());
    }
    name.contains('\0').then(|| "a name in SQL can't contain a NUL character".into())
}

/// Whether SQLite sees the prefix: it folds the case of ASCII letters only.
fn begins(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_splits_words_and_keeps_acronyms_whole() {
        let cases = [
            ("Farm", "farm"),
            ("FarmPlot", "farm_plot"),
            ("HTTPLog", "http_log"),
            ("Plot2Day", "plot2_day"),
            ("É", "é"),
        ];
        for (name, snake) in cases {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn reserved_names_are_found_in_any_case() {
        for name in ["", "a\0b", "windrow_x", "Windrow_x", "SQLITE_x", "Old", "new", "EXCLUDED"] {
            assert!(table_fault(name).is_some(), "{name:?}");
        }
        for name in ["", "a\0b", "WINDROW_x", "ID", "RowId", "oid", "_rowid_"] {
            assert!(column_fault(name).is_some(), "{name:?}");
        }
        for name in ["windrow", "select", "a\"b", "ü", "né", "windröw_"] {
            assert!(table_fault(name).is_none() && column_fault(name).is_none(), "{name:?}");
        }
    }
}
