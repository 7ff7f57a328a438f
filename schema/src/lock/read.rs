//! The lock, read from its text.

use super::write::FORMAT;
use super::{Column, Holds, Literal, Lock, Rebuilt, Reference, Table, Version};
use crate::model::{Deletes, OnDelete, Strategy};
use serde::Deserialize;
use toml::Spanned;

/// Why a text is no lock. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockError {
    /// Two people added a version, and nobody has chosen yet.
    Conflict {
        /// Where the first mark stands.
        line: usize,
    },
    /// A later `windrow` wrote it.
    Newer {
        /// The format that it has.
        format: u32,
    },
    /// It says nothing that makes sense.
    Damaged {
        /// Where.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl std::fmt::Display for LockError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LockError::Conflict { line } => write!(
                f,
                "line {line}: two branches added a version, and the file holds both; take the side that is published, \
                 remove the migration folder of the other, and run `windrow migrate` again"
            ),
            LockError::Newer { format } => write!(
                f,
                "it has format {format}, and this program knows {FORMAT}; use the `windrow` that wrote it, or a later one"
            ),
            LockError::Damaged { line, reason } => {
                write!(f, "line {line}: {reason}; restore the file from version control, nobody needs to edit it")
            }
        }
    }
}

impl std::error::Error for LockError {}

#[derive(Deserialize)]
struct Head {
    format: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: u32,
    domain: String,
    #[serde(default)]
    version: Vec<Spanned<RawVersion>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVersion {
    number: u32,
    name: String,
    table: Vec<Spanned<RawTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    name: String,
    r#struct: String,
    was: Option<String>,
    deletes: Option<String>,
    #[serde(default)]
    whole: bool,
    #[serde(default)]
    scope: bool,
    columns: Vec<Spanned<RawColumn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    name: String,
    holds: String,
    texts: Option<Vec<String>>,
    #[serde(default)]
    nullable: bool,
    merge: Option<String>,
    parent: Option<String>,
    on_delete: Option<String>,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    indexed: bool,
    was: Option<String>,
    default: Option<RawLiteral>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawLiteral {
    Integer(i64),
    Real(f64),
    Text(String),
    Blob { hex: String },
}

impl Lock {
    /// Reads the text of the file.
    ///
    /// # Errors
    /// Marks of an unfinished merge, a format that is not known yet, or whatever [`Lock::write`] does not write.
    pub fn read(text: &str) -> Result<Lock, LockError> {
        if let Some(line) = text.lines().position(is_mark) {
            return Err(LockError::Conflict { line: line + 1 });
        }
        let reader = Reader { text };
        let head: Head = toml::from_str(text).map_err(|e| reader.toml(&e))?;
        match *head.format.get_ref() {
            FORMAT => {}
            0 => return reader.damaged(head.format.span().start, "there is no format 0"),
            format => return Err(LockError::Newer { format }),
        }
        let file: File = toml::from_str(text).map_err(|e| reader.toml(&e))?;
        let mut lock = Lock::new(file.domain);
        for raw in file.version {
            let version = reader.version(raw, lock.versions.len())?;
            lock.versions.push(version);
        }
        if lock.versions.is_empty() {
            return reader.damaged(0, "it has no version");
        }
        Ok(lock)
    }
}

/// Whether a version control system wrote this line, between two sides of a merge.
fn is_mark(line: &str) -> bool {
    ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark))
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    fn damaged<T>(&self, offset: usize, reason: impl Into<String>) -> Result<T, LockError> {
        Err(LockError::Damaged { line: self.line(offset), reason: reason.into() })
    }

    fn toml(&self, error: &toml::de::Error) -> LockError {
        let line = self.line(error.span().map_or(0, |span| span.start));
        LockError::Damaged { line, reason: error.message().trim().replace('\n', ", ") }
    }

    fn version(&self, raw: Spanned<RawVersion>, before: usize) -> Result<Version, LockError> {
        let (at, raw) = (raw.span().start, raw.into_inner());
        if usize::try_from(raw.number).ok() != Some(before + 1) {
            return self.damaged(at, format!("version {} stands where {} is expected", raw.number, before + 1));
        }
        let tables = raw.table.into_iter().map(|t| self.table(t)).collect::<Result<Vec<_>, _>>()?;
        match Rebuilt::of(&tables) {
            Ok(_) => Ok(Version { number: raw.number, name: raw.name, tables }),
            Err(reason) => self.damaged(at, format!("version {}: {reason}", raw.number)),
        }
    }

    fn table(&self, raw: Spanned<RawTable>) -> Result<Table, LockError> {
        let (at, raw) = (raw.span().start, raw.into_inner());
        let deletes = self.word(at, raw.deletes, Deletes::Keep, Deletes::from_word)?;
        let columns = raw.columns.into_iter().map(|c| self.column(c)).collect::<Result<Vec<_>, _>>()?;
        let (whole, scope, was) = (raw.whole, raw.scope, raw.was);
        if whole && columns.iter().any(|c| columns.first().is_some_and(|first| c.strategy != first.strategy)) {
            return self.damaged(at, format!("{:?} is written whole, by two strategies", raw.name));
        }
        Ok(Table { name: raw.name, type_name: raw.r#struct, deletes, whole, scope, was, columns })
    }

    fn column(&self, raw: Spanned<RawColumn>) -> Result<Column, LockError> {
        let (at, raw) = (raw.span().start, raw.into_inner());
        let holds = match (raw.holds.as_str(), raw.texts) {
            ("enum", Some(texts)) if !texts.is_empty() => Some(Holds::Enum(texts)),
            (word, None) => Holds::from_word(word),
            _ => None,
        };
        let Some(holds) = holds else {
            return self.damaged(at, format!("{:?} is nothing that a column holds", raw.holds));
        };
        let parent = match (raw.parent, raw.on_delete) {
            (None, None) => None,
            (Some(table), Some(word)) => {
                let on_delete = self.word(at, Some(word), OnDelete::Restrict, OnDelete::from_word)?;
                Some(Reference { table, on_delete })
            }
            _ => return self.damaged(at, "`parent` and `on_delete` stand together"),
        };
        if parent.is_some() != (holds == Holds::Id) {
            return self.damaged(at, "a column has a `parent` if it holds an id, and only then");
        }
        let default = match raw.default.map(plain) {
            Some(None) => return self.damaged(at, "its default is no text of hexadecimal digits"),
            Some(default) => default,
            None => None,
        };
        Ok(Column {
            name: raw.name,
            holds,
            nullable: raw.nullable,
            strategy: self.word(at, raw.merge, Strategy::Lww, Strategy::from_word)?,
            parent,
            unique: raw.unique,
            indexed: raw.indexed,
            was: raw.was,
            default,
        })
    }

    fn word<T>(
        &self,
        at: usize,
        word: Option<String>,
        none: T,
        from: impl Fn(&str) -> Option<T>,
    ) -> Result<T, LockError> {
        let Some(word) = word else { return Ok(none) };
        from(&word).map_or_else(|| self.damaged(at, format!("{word:?} means nothing here")), Ok)
    }
}

fn plain(raw: RawLiteral) -> Option<Literal> {
    Some(match raw {
        RawLiteral::Integer(n) => Literal::Integer(n),
        RawLiteral::Real(x) => Literal::Real(x),
        RawLiteral::Text(text) => Literal::Text(text),
        RawLiteral::Blob { hex } => Literal::Blob(bytes(&hex)?),
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).and_then(|d| d.try_into().ok())).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
