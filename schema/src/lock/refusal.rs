//! What is no migration, why, and what to do instead.

use super::Holds;
use crate::model::Strategy;
use std::fmt::{Display, Formatter, Result};

/// A change that would lose data or break devices in the field, or of which it is not clear what is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The table, by its name now; of one that is gone, by the name that it had.
    pub table: String,
    /// The column, where it is about one, named likewise.
    pub column: Option<String>,
    /// What is wrong.
    pub why: Why,
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is gone, and nobody said so; perhaps it is one of these under another name.
    Gone(Vec<String>),
    /// `was` names what was not there.
    WasNothing(String),
    /// `was` names what is there still.
    WasThere(String),
    /// `was` names what another says it was.
    WasTaken(String),
    /// The new name is already another's, in the version before.
    Occupied(String),
    /// A name differs from an earlier one in the case of its letters alone.
    Case(String),
    /// A `--rename` or a `--drop` that does not fit.
    Choice(String),
    /// A new column that every record must fill.
    Empty(Holds),
    /// A column that can't be NULL any more.
    NotNull(Holds),
    /// A column that every record must fill has no default any more; this was it, in Rust.
    Bare(String),
    /// A reference to another table.
    Parent(String, String),
    /// Records would share the value of a new unique column.
    Shared,
    /// It held something else.
    Kind(Holds, Holds),
    /// Its bounds are narrower.
    Narrower(Holds, Holds),
    /// These texts are gone from its enum.
    Texts(Vec<String>),
    /// A sum is written as differences, everything else as values.
    Sum(Strategy, Strategy),
    /// An update carries all fields from now on.
    Whole,
}

impl Refusal {
    /// Whether it may be a question of names, and of which.
    pub fn maybe_renamed(&self) -> &[String] {
        match &self.why {
            Why::Gone(to) => to,
            _ => &[],
        }
    }

    fn place(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.table),
            None => self.table.clone(),
        }
    }
}

impl std::error::Error for Refusal {}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let place = self.place();
        let thing = if self.column.is_some() { "column" } else { "table" };
        match &self.why {
            Why::Gone(maybe) => gone(f, &place, thing, maybe),
            Why::WasNothing(was) => {
                write!(f, "{place}: there was no {thing} {was}: correct `was`, or remove it if this is new")
            }
            Why::WasThere(was) => {
                write!(f, "{place}: {was} is still there, so that this is no new name for it: remove `was`")
            }
            Why::WasTaken(was) => write!(f, "{place}: another {thing} was {was} too: keep one `was = {was:?}`"),
            Why::Occupied(was) => write!(
                f,
                "{place}: there was a {thing} of this name, and {was} is to become it. In two steps: drop the old one, \
                 migrate; then give {was} its name, migrate again"
            ),
            Why::Case(old) => write!(
                f,
                "{place}: SQLite takes this for {old}, because only the case of its letters differs: keep the old name, or \
                 choose another"
            ),
            Why::Choice(reason) => f.write_str(reason),
            Why::Empty(Holds::Id) => write!(
                f,
                "{place}: a new reference that every record must fill, and the records that are there have none: make it an \
                 `Option`"
            ),
            Why::Empty(holds) => write!(
                f,
                "{place}: a new column that every record must fill, also those that are there and those of devices that do \
                 not know it: add `#[syncable(default = {})]`, or make it an `Option`",
                example(holds)
            ),
            Why::NotNull(Holds::Id) => write!(
                f,
                "{place}: a reference that can't be NULL any more, and there is no record that all others could refer to: \
                 keep the `Option`"
            ),
            Why::NotNull(holds) => write!(
                f,
                "{place}: can't be NULL any more, but records that are there may be, and devices in the field write it: add \
                 `#[syncable(default = {})]`, or keep the `Option`",
                example(holds)
            ),
            Why::Bare(default) => write!(
                f,
                "{place}: its default is gone, but devices in the field may not know the column, or leave it open, and what \
                 they make would be refused: keep `#[syncable(default = {default})]`, or make it an `Option`"
            ),
            Why::Parent(from, to) => {
                write!(f, "{place}: referred to {from}, is to refer to {to}, where those records are not. ")?;
                two_steps(f, "reference")
            }
            Why::Shared => write!(
                f,
                "{place}: a new unique column, and all records that are there would share its default: make it an `Option` \
                 without a default"
            ),
            Why::Kind(from, to) => {
                write!(
                    f,
                    "{place}: held {}, is to hold {}: values that are there, and what devices in the field write, are \
                           no such thing. ",
                    from.word(),
                    to.word()
                )?;
                two_steps(f, "column")
            }
            Why::Narrower(from, to) => {
                write!(
                    f,
                    "{place}: {} does not hold all that {} holds, and values that are there, or that devices in the field write, \
                           may not fit. ",
                    to.word(),
                    from.word()
                )?;
                two_steps(f, "column")
            }
            Why::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|t| format!("{t:?}")).collect();
                write!(
                    f,
                    "{place}: {} can't be stored any more, and records or devices in the field have it: keep the variant, \
                     with `#[syncable(rename = ...)]` if only its name in Rust is new. ",
                    texts.join(", ")
                )?;
                two_steps(f, "column")
            }
            Why::Sum(from, to) => {
                write!(
                    f,
                    "{place}: merged by {}, is to merge by {}: a sum is written as differences and everything else as \
                           values, and what devices have not sent yet would be taken for the other. ",
                    from.word(),
                    to.word()
                )?;
                two_steps(f, "column")
            }
            Why::Whole => write!(
                f,
                "{place}: is to be written as a whole, but devices in the field send single fields, and have not sent all of \
                 them. In two steps: add a new struct with the strategy, migrate, let the application move the records; \
                 once all devices have it, drop this one with `--drop {place}`"
            ),
        }
    }
}

fn gone(f: &mut Formatter<'_>, place: &str, thing: &str, maybe: &[String]) -> Result {
    write!(
        f,
        "{place}: the {thing} is gone from the model, and with it would go what it holds, and what devices have not \
               sent of it. "
    )?;
    if let Some(first) = maybe.first() {
        let was = place.rsplit_once('.').filter(|_| thing == "column").map_or(place, |(_, column)| column);
        write!(
            f,
            "If it is {} now, say `#[syncable(was = {was:?})]` there, or `--rename '{place}={first}'`; else ",
            maybe.join(" or ")
        )?;
    } else {
        f.write_str("If that is meant, ")?;
    }
    write!(f, "say `--drop '{place}'`")
}

fn two_steps(f: &mut Formatter<'_>, thing: &str) -> Result {
    write!(
        f,
        "In two steps: add a new {thing} beside it, migrate, let the application fill it; once all devices have that, drop \
         this one"
    )
}

/// A default of this kind.
fn example(holds: &Holds) -> String {
    match holds {
        Holds::Bool => "false".to_owned(),
        Holds::Integer { .. } | Holds::Timestamp | Holds::Decimal(_) => "0".to_owned(),
        Holds::Real => "0.0".to_owned(),
        Holds::Text => "\"\"".to_owned(),
        Holds::Date => "\"2000-01-01\"".to_owned(),
        Holds::Blob => "b\"\"".to_owned(),
        Holds::Json => "\"[]\"".to_owned(),
        Holds::Id => "...".to_owned(),
        Holds::Enum(texts) => format!("{:?}", texts.first().map_or("", String::as_str)),
    }
}
