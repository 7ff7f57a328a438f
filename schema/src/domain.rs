//! What structs must keep among each other. `domain!` checks the same at compile time, with the same words.

use crate::model::{Model, OnDelete};
use crate::names::{bare, last};
use crate::sql::{Part, Sql, leaving, quoted};

/// Models that make a domain, parents before children.
#[derive(Debug, Clone)]
pub struct Domain {
    models: Vec<Model>,
}

/// Why structs make no domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainError {
    /// A reference leads out of the domain.
    Parent {
        /// The struct that refers.
        child: String,
        /// By which field.
        field: String,
        /// To which struct.
        parent: String,
    },
    /// References lead in a circle: the structs on it, the first again at the end.
    Cycle(Vec<String>),
    /// Two structs have one table.
    Table {
        /// The struct named first.
        first: String,
        /// The one named later.
        second: String,
        /// Their table.
        table: String,
    },
}

impl std::fmt::Display for DomainError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DomainError::Parent { child, field, parent } => {
                write!(f, "the parent of {child}.{field} is not in this domain: add {parent} to the list")
            }
            DomainError::Cycle(names) => {
                write!(f, "references lead in a circle: {}; remove one of them", names.join(" -> "))
            }
            DomainError::Table { first, second, table } => {
                write!(
                    f,
                    "{first} and {second} have the same table, {table}: rename one with #[syncable(table = \"...\")]"
                )
            }
        }
    }
}

impl std::error::Error for DomainError {}

impl Domain {
    /// Puts models in dependency order: of those whose parents are all placed, always the one given first.
    ///
    /// # Errors
    /// All faults: two models with one table, a parent that is not among them, a cycle. A model may refer to itself.
    pub fn new(models: Vec<Model>) -> Result<Domain, Vec<DomainError>> {
        let mut errors = same_tables(&models);
        errors.extend(missing_parents(&models));
        errors.extend(cycle(&models));
        if errors.is_empty() { Ok(Domain { models: ordered(models) }) } else { Err(errors) }
    }

    /// The models, parents before children.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// How many fields the widest of the structs has, beside its id: a device's log must have room for so many.
    pub fn widest(&self) -> usize {
        self.models.iter().map(|model| model.fields().len()).max().unwrap_or_default()
    }

    /// The table of the struct of this name, without `r#`.
    pub fn table_of(&self, name: &str) -> Option<&str> {
        self.models.iter().find(|m| bare(&m.name) == name).map(|m| m.table())
    }

    /// Whether a foreign key may act when a record of this struct is deleted.
    pub fn takes_along(&self, model: &Model) -> bool {
        let mut references = self.models.iter().flat_map(Model::references);
        references.any(|(_, _, parent)| bare(&model.name) == parent.name() && parent.on_delete != OnDelete::Restrict)
    }

    /// A statement of this domain, ready to be run. `enums`: the texts of the enum of this name, as SQL
    /// ([`Variants::sql_list`](crate::Variants::sql_list)).
    pub fn render(&self, sql: &Sql, enums: impl Fn(&str) -> String) -> String {
        sql.render(|open| match open {
            Part::Text(text) => text.clone(),
            Part::Table(path) => quoted(self.table_of(&last(path)).unwrap_or_default()),
            Part::Leaving(path) => leaving(self.table_of(&last(path)).unwrap_or_default()),
            Part::Variants(path) => enums(&last(path)),
        })
    }
}

fn same_tables(models: &[Model]) -> Vec<DomainError> {
    let clash = |(i, second): (usize, &Model)| {
        let first = models[..i].iter().find(|m| m.table.eq_ignore_ascii_case(&second.table))?;
        let (first, second, table) = (first.name.to_string(), second.name.to_string(), second.table.clone());
        Some(DomainError::Table { first, second, table })
    };
    models.iter().enumerate().filter_map(clash).collect()
}

fn missing_parents(models: &[Model]) -> Vec<DomainError> {
    let missing = |model: &Model| {
        let outside = |name: &str| models.iter().all(|m| bare(&m.name) != name);
        let faults = model.references().filter(|(_, _, p)| !p.own && outside(&p.name()));
        let error = |(_, field, parent): (usize, &crate::Field, &crate::Parent)| DomainError::Parent {
            child: model.name.to_string(),
            field: field.name.to_string(),
            parent: parent.name(),
        };
        faults.map(error).collect::<Vec<_>>()
    };
    models.iter().flat_map(missing).collect()
}

/// The positions of a model's parents, itself excepted.
fn parents(models: &[Model], child: usize) -> Vec<usize> {
    let position = |name: String| models.iter().position(|m| bare(&m.name) == name);
    models[child].references().filter(|(_, _, p)| !p.own).filter_map(|(_, _, p)| position(p.name())).collect()
}

/// The first cycle: models that can't be placed because each waits for another.
fn cycle(models: &[Model]) -> Option<DomainError> {
    let placed = placed(models);
    let waiting = |i: &usize| !placed.contains(i);
    let next = |i: usize| parents(models, i).into_iter().find(|p| waiting(p));
    // Each waiting model has a parent that waits: after as many steps as there are models we stand on a cycle.
    let mut at = (0..models.len()).find(waiting)?;
    for _ in 0..models.len() {
        at = next(at)?;
    }
    let mut path = vec![at];
    while let Some(parent) = next(path[path.len() - 1]).filter(|p| *p != at) {
        path.push(parent);
    }
    let first = path.iter().enumerate().min_by_key(|(_, i)| **i).map_or(0, |(place, _)| place);
    path.rotate_left(first);
    path.push(path[0]);
    Some(DomainError::Cycle(path.into_iter().map(|i| models[i].name.to_string()).collect()))
}

/// The positions that can be placed, in dependency order.
fn placed(models: &[Model]) -> Vec<usize> {
    let mut placed: Vec<usize> = Vec::new();
    let ready =
        |i: &usize, placed: &[usize]| !placed.contains(i) && parents(models, *i).iter().all(|p| placed.contains(p));
    while let Some(next) = (0..models.len()).find(|i| ready(i, &placed)) {
        placed.push(next);
    }
    placed
}

fn ordered(models: Vec<Model>) -> Vec<Model> {
    placed(&models).into_iter().map(|i| models[i].clone()).collect()
}
