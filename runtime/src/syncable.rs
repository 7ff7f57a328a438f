//! What a struct must be to be stored and synced.

use windrow_protocol::value::Value;

use crate::domain::Table;
use crate::private::ParentName;
use crate::types::{Id, Unfit};

/// A struct whose records are stored, merged and synced. Derived, never written by hand.
///
/// ```
/// use windrow::{Id, Syncable};
///
/// #[derive(Debug, Clone, PartialEq, Syncable)]
/// pub struct Farm {
///     pub id: Id<Farm>,
///     pub name: String,
///     #[merge(sum)]
///     pub cattle: i64,
/// }
///
/// assert_eq!(Farm::NAME, "farm");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no syncable struct",
    label = "not syncable",
    note = "put `#[derive(Syncable)]` on the struct"
)]
pub trait Syncable: Sized + 'static {
    /// The table's name.
    const NAME: &'static str;
    /// The table's name, quoted for SQL.
    const QUOTED: &'static str;
    /// The name of the table of those who are leaving the table, quoted for SQL.
    const LEAVING: &'static str;
    /// The table's shape and statements.
    const TABLE: &'static Table;
    /// The parents, for the checks of `domain!`.
    #[doc(hidden)]
    const PARENTS: &'static [ParentName];

    /// The record's id.
    fn id(&self) -> Id<Self>;

    /// The fields' values in order of declaration, without the id.
    ///
    /// # Errors
    /// A value that no column can hold.
    fn to_values(&self) -> Result<Vec<Value>, ValueError>;

    /// The record with this id and these values, in order of fields.
    ///
    /// # Errors
    /// Too few or too many values, or one that doesn't fit its field.
    fn from_values(id: Id<Self>, values: Vec<Value>) -> Result<Self, ValueError>;
}

/// A value that doesn't fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{field}: {reason}")]
pub struct ValueError {
    /// The table.
    pub table: &'static str,
    /// The field's column; `*` where the record as a whole is at fault.
    pub field: &'static str,
    /// What is wrong.
    pub reason: Unfit,
}
