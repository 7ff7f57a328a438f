//! What structs must keep among each other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_schema::{Domain, Model};

fn domain(structs: &[&str]) -> Result<Vec<String>, Vec<String>> {
    let models = structs.iter().map(|s| Model::read_str(s).unwrap()).collect();
    let domain = Domain::new(models).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(domain.models().iter().map(|m| m.name().to_string()).collect())
}

/// A struct that refers to others.
fn referring(name: &str, parents: &[&str]) -> String {
    let fields = parents.iter().enumerate().map(|(i, p)| format!("#[parent({p})] f{i}: Option<Id<{p}>>, "));
    format!("struct {name} {{ id: Id<{name}>, n: i64, {} }}", fields.collect::<String>())
}

fn graph(edges: &[(&str, &[&str])]) -> Result<Vec<String>, Vec<String>> {
    let structs: Vec<_> = edges.iter().map(|(name, parents)| referring(name, parents)).collect();
    domain(&structs.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn parents_come_first_and_otherwise_the_order_stays() {
    let order = graph(&[
        ("Visit", &["Plot", "Worker"]),
        ("Zebra", &[]),
        ("Plot", &["Farm", "Plot"]),
        ("Worker", &[]),
        ("Farm", &[]),
    ]);
    assert_eq!(order.unwrap(), ["Zebra", "Worker", "Farm", "Plot", "Visit"]);
}

#[test]
fn every_fault_is_told() {
    let faults = graph(&[("A", &["B", "Gone"]), ("B", &["C"]), ("C", &["B"]), ("D", &["A"])]).unwrap_err();
    assert_eq!(
        faults,
        [
            "the parent of A.f1 is not in this domain: add Gone to the list",
            "references lead in a circle: B -> C -> B; remove one of them",
        ]
    );
}

#[test]
fn a_cycle_begins_with_the_struct_that_was_named_first() {
    let faults = graph(&[("C", &["A"]), ("A", &["B"]), ("B", &["C"])]).unwrap_err();
    assert_eq!(faults, ["references lead in a circle: C -> A -> B -> C; remove one of them"]);
}

#[test]
fn a_longer_way_into_the_cycle_is_not_part_of_it() {
    let faults = graph(&[("E", &["D"]), ("D", &["C"]), ("C", &["B"]), ("B", &["A"]), ("A", &["B"])]).unwrap_err();
    assert_eq!(faults, ["references lead in a circle: B -> A -> B; remove one of them"]);
}

#[test]
fn names_of_tables_fold_like_sqlite_s() {
    let other = "#[syncable(table = \"FARM\")] struct Field { id: Id<Field>, n: i64 }";
    let faults = domain(&[&referring("Farm", &[]), other]).unwrap_err();
    assert_eq!(faults, ["Farm and Field have the same table, FARM: rename one with #[syncable(table = \"...\")]"]);
    let sharp = "#[syncable(table = \"É\")] struct Field { id: Id<Field>, n: i64 }";
    assert!(domain(&[sharp, "#[syncable(table = \"é\")] struct Other { id: Id<Other>, n: i64 }"]).is_ok());
}
