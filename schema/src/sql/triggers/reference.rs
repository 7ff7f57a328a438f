//! How a foreign key's own actions are told from writes: the child's triggers already see the parent gone.

use crate::model::OnDelete;
use crate::sql::shape::Shape;

/// A field, by position, and a condition on `OLD` and `NEW`.
pub(super) type When = (usize, String);

/// The references that take the record with their parent, each with the condition that the parent is gone, and its own
/// triggers have not fired. In a ring the one that somebody deletes finds its parent gone too: that went with it, and has
/// left. So has a parent that a program without foreign keys deleted earlier.
pub(super) fn orphaned(shape: &Shape<'_>) -> Vec<When> {
    let leaving = |(at, gone): When| {
        let (leaving, column) = (shape.leaving_parent(at), shape.fields()[at].quoted());
        (at, format!("{gone} AND EXISTS (SELECT 1 FROM {leaving} WHERE windrow_id = OLD.{column})"))
    };
    let gone = |(at, gone): When| {
        let field = &shape.fields()[at];
        let own = field.parent.as_ref().is_some_and(|p| p.own);
        (at, if own { format!("OLD.{} IS NOT OLD.\"id\" AND {gone}", field.quoted()) } else { gone })
    };
    missing(shape, OnDelete::Cascade).map(gone).map(leaving).collect()
}

/// The references that are emptied when their parent goes, each with the condition that this happened.
pub(super) fn emptied(shape: &Shape<'_>) -> Vec<When> {
    let emptied = |(at, gone): When| (at, format!("NEW.{} IS NULL AND {gone}", shape.fields()[at].quoted()));
    missing(shape, OnDelete::SetNull).map(emptied).collect()
}

/// The references of this kind, each with the condition that what it named does not exist.
fn missing(shape: &Shape<'_>, on_delete: OnDelete) -> impl Iterator<Item = When> {
    let references = shape.model.references().filter(move |(_, _, p)| p.on_delete == on_delete);
    references.map(|(at, field, _)| {
        let column = field.quoted();
        let parent =
            format!("SELECT 1 FROM {} AS windrow_parent WHERE windrow_parent.\"id\" = OLD.{column}", shape.parent(at));
        (at, format!("OLD.{column} IS NOT NULL AND NOT EXISTS ({parent})"))
    })
}

/// The condition of the field at this position, if it has one.
pub(super) fn of(whens: &[When], at: usize) -> Option<&str> {
    whens.iter().find(|(field, _)| *field == at).map(|(_, when)| when.as_str())
}
