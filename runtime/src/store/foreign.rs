//! The application's own triggers and indexes: which of them write to synced tables while an answer is applied, or let
//! records go without a trace.

use super::objects::{self, Found, others};
use super::plan::Plan;
use super::warning::Warning;
use rusqlite::Connection;

/// A warning for each trigger of the application's that lacks the guard, and for each unique index of its on a
/// synced table.
pub(super) fn warnings(conn: &Connection, plan: &Plan) -> rusqlite::Result<Vec<Warning>> {
    let others = others(conn, plan)?;
    let unguarded = others.iter().filter(|f| f.kind == "trigger").flat_map(|f| unguarded(plan, f));
    Ok(unguarded.chain(others.iter().filter_map(|f| unique(plan, f))).collect())
}

/// Whether anybody but Windrow has made a trigger.
pub(super) fn has_triggers(conn: &Connection, plan: &Plan) -> rusqlite::Result<bool> {
    let mut query = conn.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?;
    let mut names = query.query_map([], |row| row.get::<_, String>(0))?;
    names.try_fold(false, |found, name| Ok(found || !objects::is_trigger(plan, &name?)))
}

fn unique(plan: &Plan, index: &Found) -> Option<Warning> {
    let begins = words(&index.sql).into_iter().take(2).collect::<Vec<_>>().join(" ");
    let table = plan.schema.tables().iter().find(|t| t.name.eq_ignore_ascii_case(&index.table))?;
    let unique = index.kind == "index" && begins.eq_ignore_ascii_case("create unique");
    unique.then(|| Warning::Unique { index: index.name.clone(), table: table.name.to_owned() })
}

fn unguarded<'a>(plan: &'a Plan, trigger: &'a Found) -> impl Iterator<Item = Warning> + 'a {
    let words = words(&trigger.sql);
    let guarded = ["windrow_state", "applying"].iter().all(|name| words.iter().any(|w| w.eq_ignore_ascii_case(name)));
    let written = move |table: &str| !guarded && writes_to(&words, table);
    plan.schema
        .tables()
        .iter()
        .filter(move |t| written(t.name))
        .map(|t| Warning::Unguarded { trigger: trigger.name.clone(), table: t.name.to_owned() })
}

/// Whether these words of a trigger have a statement that writes to this table.
fn writes_to(words: &[String], table: &str) -> bool {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(word));
    (0..words.len()).filter(|at| is(*at, table)).any(|at| {
        let Some(before) = at.checked_sub(1) else { return false };
        let update = is(before, "update") || (at > 2 && is(at - 3, "update") && is(at - 2, "or"));
        let delete = is(before, "from") && at > 1 && is(at - 2, "delete");
        is(before, "into") || update || delete
    })
}

/// The words of a statement: names without their quotes, keywords, numbers; no text, no comments, no punctuation.
fn words(sql: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), sql);
    while let Some(first) = rest.chars().next() {
        let (word, length) = match first {
            '"' | '`' => quoted(rest, first, first),
            '[' => quoted(rest, '[', ']'),
            '\'' => (None, quoted(rest, '\'', '\'').1),
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, rest.find("*/").map_or(rest.len(), |end| end + 2)),
            c if is_part(c) => plain(rest),
            c => (None, c.len_utf8()),
        };
        words.extend(word);
        rest = &rest[length..];
    }
    words
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn plain(text: &str) -> (Option<String>, usize) {
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    (Some(text[..end].to_owned()), end)
}

/// What stands between quotes, a doubled closing one meaning itself, and how long that is with its quotes.
fn quoted(text: &str, open: char, close: char) -> (Option<String>, usize) {
    let (mut word, mut chars) = (String::new(), text[open.len_utf8()..].char_indices().peekable());
    while let Some((at, c)) = chars.next() {
        let doubled = c == close && open == close && chars.peek().is_some_and(|(_, next)| *next == close);
        match c == close && !doubled {
            true => return (Some(word), open.len_utf8() + at + close.len_utf8()),
            false => word.push(c),
        }
        if doubled {
            chars.next();
        }
    }
    (Some(word), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(sql: &str, table: &str) -> bool {
        writes_to(&words(sql), table)
    }

    #[test]
    fn every_way_of_writing_is_seen() {
        for sql in [
            "BEGIN INSERT INTO farm VALUES (1); END",
            "BEGIN INSERT OR REPLACE INTO \"farm\" VALUES (1); END",
            "BEGIN REPLACE INTO [farm] VALUES (1); END",
            "BEGIN UPDATE farm SET x = 1; END",
            "BEGIN UPDATE OR IGNORE `Farm` SET x = 1; END",
            "BEGIN DELETE FROM farm; END",
            "BEGIN DELETE/* all */FROM -- the\n farm; END",
        ] {
            assert!(writes(sql, "farm"), "{sql}");
        }
    }

    #[test]
    fn reading_and_text_are_no_writes() {
        for sql in [
            "AFTER UPDATE ON farm BEGIN INSERT INTO search SELECT * FROM farm; END",
            "BEGIN SELECT 'DELETE FROM farm'; END",
            "BEGIN -- UPDATE farm\n DELETE FROM farmer; END",
        ] {
            assert!(!writes(sql, "farm"), "{sql}");
        }
    }

    #[test]
    fn names_with_quotes_are_read_whole() {
        assert!(writes("BEGIN DELETE FROM \"a \"\"b\"\" 'c'\"; END", "a \"b\" 'c'"));
        assert_eq!(words("\"unclosed"), ["unclosed"]);
    }
}
