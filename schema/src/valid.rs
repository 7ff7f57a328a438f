//! What may stand together on a field.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Path, Type};

use crate::attr::{FieldAttrs, ParentAttr, StructAttrs};
use crate::errors::Errors;
use crate::model::{Kind, OnDelete, Parent, Strategy};
use crate::names::{bare, last};
use crate::types::Understood;

/// A field with all that was said about it.
pub(crate) struct Seen<'a> {
    pub(crate) ty: &'a Type,
    pub(crate) attrs: &'a FieldAttrs,
    pub(crate) understood: &'a Understood,
    /// The struct it stands in.
    pub(crate) own: &'a Ident,
    /// The strategy of the struct, if it has one.
    pub(crate) whole: Option<Strategy>,
}

/// Only `lww` and `review` can hold for a whole record.
pub(crate) fn struct_strategy(attrs: &StructAttrs, errors: &mut Errors) {
    let Some(said) = &attrs.merge else { return };
    if !matches!(said.what, Strategy::Lww | Strategy::Review) {
        errors.at(&said.at, "a whole record merges by `lww` or `review`: say this on its fields instead");
    }
}

/// Whether a path names the struct that it stands in.
pub(crate) fn is_own(path: &Path, own: &Ident) -> bool {
    path.is_ident("Self") || last(path) == bare(own)
}

impl Seen<'_> {
    /// The field's strategy: its own, else the struct's, else `lww`.
    pub(crate) fn strategy(&self, errors: &mut Errors) -> Strategy {
        let Some(said) = &self.attrs.merge else { return self.whole.unwrap_or(Strategy::Lww) };
        if self.whole.is_some() {
            errors.at(&said.at, "the strategy on the struct holds for all fields: keep one of the two");
        } else if let Some(fault) = self.strategy_fault(said.what) {
            errors.at(&said.at, fault);
        }
        said.what
    }

    fn strategy_fault(&self, strategy: Strategy) -> Option<&'static str> {
        match strategy {
            Strategy::Lww | Strategy::Review => None,
            Strategy::Sum => self.sum_fault(),
            Strategy::Max | Strategy::Min => self.extreme_fault(),
        }
    }

    fn sum_fault(&self) -> Option<&'static str> {
        match self.understood.kind {
            _ if self.understood.nullable => Some("a sum starts at 0 and is never NULL: remove the `Option`"),
            Kind::Integer { min: i64::MIN, .. } | Kind::Decimal(_) => None,
            Kind::Integer { .. } => Some("a sum can outgrow a narrow integer by merging: use `i64`"),
            Kind::Real => Some("adding doubles in another order gives another sum: use `Decimal<N>`, say `Decimal<3>`"),
            _ => Some("only numbers add up: use `i64` or `Decimal<N>`"),
        }
    }

    fn extreme_fault(&self) -> Option<&'static str> {
        let ordered = matches!(
            self.understood.kind,
            Kind::Integer { .. } | Kind::Real | Kind::Decimal(_) | Kind::Date | Kind::Timestamp
        );
        (!ordered)
            .then_some("`max` and `min` take integers, `f64`, `Decimal`, `Date` and `Timestamp`: use `lww` or `review`")
    }

    /// A sum changes by merging, so nobody can promise that it stays unique.
    pub(crate) fn unique(&self, strategy: Strategy, errors: &mut Errors) {
        let Some(said) = &self.attrs.unique else { return };
        match (strategy, &self.understood.kind) {
            (Strategy::Sum, _) => {
                errors.at(&said.at, "a sum changes by merging and can't stay unique: remove `#[unique]`")
            }
            (_, Kind::Json) => {
                errors.at(&said.at, "one document can be written in many ways: `#[unique]` needs a plain field")
            }
            _ => {}
        }
    }

    /// The reference that the field is.
    pub(crate) fn parent(&self, errors: &mut Errors) -> Option<Parent> {
        match (&self.attrs.parent, &self.understood.target) {
            (None, _) if self.attrs.bad_parent => None,
            (None, None) => None,
            (None, Some(target)) => {
                let name = target.segments.last().map(|s| &s.ident);
                errors
                    .at(self.ty, format!("a reference names its parent: add `#[parent({})]`", name.to_token_stream()));
                None
            }
            (Some(attr), target) => self.reference(attr, target.as_ref(), errors),
        }
    }

    fn reference(&self, attr: &ParentAttr, target: Option<&Path>, errors: &mut Errors) -> Option<Parent> {
        let own = is_own(&attr.path, self.own);
        let named = &attr.path.segments.last()?.ident;
        let same = target.is_some_and(|t| last(t) == bare(named) || own && is_own(t, self.own));
        if !same {
            errors.at(self.ty, format!("a reference to `{named}` has the type `Id<{named}>` or `Option<Id<{named}>>`"));
        } else if own && !self.understood.nullable {
            errors.at(self.ty, "the first record has no other to refer to: use `Option<Id<_>>`");
        }
        Some(Parent {
            path: if own { self.own.clone().into() } else { attr.path.clone() },
            own,
            on_delete: self.on_delete(attr, errors),
        })
    }

    fn on_delete(&self, attr: &ParentAttr, errors: &mut Errors) -> OnDelete {
        let Some(said) = &attr.on_delete else { return OnDelete::Restrict };
        if said.what == OnDelete::SetNull && !self.understood.nullable {
            errors.at(&said.at, "`set_null` empties the reference: make it `Option<Id<_>>`");
        }
        said.what
    }
}
