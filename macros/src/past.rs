//! What `windrow.lock` says of a domain: its earlier versions, what leads from each to the next, and what it is now.

use crate::model::{self, variant};
use proc_macro2::TokenStream;
use quote::quote;
use std::path::{Path, PathBuf};
use windrow_schema::lock::{
    Column, DEVICE, FILE, HUB, Holds, Lock, MIGRATIONS, Plan, Reference, Renamed, Table, Version,
};
use windrow_schema::sql::migrate::Script;

/// The lock of a domain, and where it stands.
#[derive(Debug)]
pub(crate) struct Past {
    folder: PathBuf,
    lock: Lock,
}

/// The lock of this domain that is nearest: in this folder, or above it.
///
/// # Errors
/// A lock that can't be read, whoever's it is.
pub(crate) fn find(domain: &str, crate_folder: &Path) -> Result<Option<Past>, String> {
    let found = Lock::nearest(domain, crate_folder, |path| std::fs::read_to_string(path));
    let found = found.map_err(|(path, why)| format!("{}: {why}", path.display()))?;
    Ok(found.map(|(folder, lock)| Past { folder, lock }))
}

impl Past {
    /// The last version's number, as text, and its tables.
    pub(crate) fn last(&self) -> (String, TokenStream) {
        let number = self.lock.last().map_or(0, |version| version.number);
        (number.to_string(), tables(self.lock.last()))
    }

    /// What stands in `Domain::earlier`.
    ///
    /// # Errors
    /// A version that does not follow from the one before, or without its migration.
    pub(crate) fn earlier(&self) -> Result<TokenStream, String> {
        let plans = self.lock.plans().map_err(|(number, refusals)| {
            let why = refusals.first().map(ToString::to_string).unwrap_or_default();
            format!("{}: version {number} does not follow from the one before: {why}", self.file().display())
        })?;
        let versions = self.lock.versions().iter().zip(plans.iter().skip(1));
        let earlier = versions.map(|(version, plan)| self.one(version, plan)).collect::<Result<Vec<_>, _>>()?;
        let lock = said(&self.file())?;
        // Whoever compiles this again when the lock has changed need not be told to.
        Ok(quote!({ const _: &str = ::core::include_str!(#lock); &[#(#earlier),*] }))
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn one(&self, version: &Version, plan: &Plan) -> Result<TokenStream, String> {
        let (tables, name) = (tables(Some(version)), &plan.now().name);
        let renamed = plan.now().renamed().map(renamed);
        let copies = !Script::device(plan)?.rewrites().is_empty();
        let [device, hub] = [DEVICE, HUB].map(|sql| self.migration(plan.now(), sql));
        let (device, hub) = (device?, hub?);
        Ok(quote! {
            ::windrow::__private::Earlier {
                model: ::windrow::__private::versions::Earlier { tables: #tables, renamed: &[#(#renamed),*] },
                migration: ::windrow::__private::Migration {
                    name: #name,
                    device: ::core::include_str!(#device),
                    hub: ::core::include_str!(#hub),
                    copies: #copies,
                },
            }
        })
    }

    /// The path of what leads to a version.
    fn migration(&self, version: &Version, sql: &str) -> Result<String, String> {
        let path = self.folder.join(MIGRATIONS).join(version.folder()).join(sql);
        match path.is_file() {
            true => said(&path),
            false => Err(format!(
                "{} has version {}, and {} is missing: take it from version control",
                self.file().display(),
                version.number,
                path.display()
            )),
        }
    }
}

/// A path as it can be said in source.
fn said(path: &Path) -> Result<String, String> {
    let unsaid = || format!("{} has a name that is no Unicode; move the project", path.display());
    path.to_str().map(str::to_owned).ok_or_else(unsaid)
}

fn tables(version: Option<&Version>) -> TokenStream {
    let tables = version.into_iter().flat_map(|v| &v.tables).map(table);
    quote!(&[#(#tables),*])
}

fn table(table: &Table) -> TokenStream {
    let Table { name, type_name, deletes, whole, scope, .. } = table;
    let fields = table.columns.iter().map(field).collect();
    model::Table { name, type_name, fields, deletes: *deletes, whole: *whole, scope: *scope }.said()
}

fn field(column: &Column) -> TokenStream {
    model::Column {
        name: &column.name,
        kind: kind(&column.holds),
        nullable: column.nullable,
        strategy: column.strategy,
        parent: column.parent.as_ref().map(parent),
        unique: column.unique,
        default: column.default.as_ref(),
    }
    .said()
}

fn kind(holds: &Holds) -> TokenStream {
    match holds {
        Holds::Integer { min, max } => quote!(Integer { min: #min, max: #max }),
        Holds::Decimal(places) => quote!(Decimal { places: #places }),
        Holds::Enum(texts) => quote!(Enum(&[#(#texts),*])),
        plain => {
            let plain = variant(plain);
            quote!(#plain)
        }
    }
}

fn parent(reference: &Reference) -> TokenStream {
    let table = &reference.table;
    model::reference(&quote!(#table), reference.on_delete)
}

fn renamed(renamed: Renamed<'_>) -> TokenStream {
    let Renamed { table, field, to } = renamed;
    let field = match field {
        Some(field) => quote!(::core::option::Option::Some(#field)),
        None => quote!(::core::option::Option::None),
    };
    quote!(::windrow::__private::versions::Renamed { table: #table, field: #field, to: #to })
}
