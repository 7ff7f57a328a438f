//! What the command says to mistakes.

use crate::refused;
use std::path::Path;

/// A folder with these source files.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join("src").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn complaint(files: &[(&str, &str)]) -> String {
    let dir = project(files);
    let (error, status) = refused(dir.path(), &["schema"]);
    assert_eq!(status, 3, "{error}");
    error
}

#[test]
fn all_mistakes_are_told_with_their_places() {
    let error = complaint(&[
        ("farm.rs", "#[derive(Syncable)]\nstruct Farm {\n    name: String,\n}\n"),
        ("inner/plot.rs", "#[derive(Syncable)]\nstruct Plot { id: Id<Plot>, #[merge(sun)] size: i64 }\n"),
    ]);
    assert!(error.contains("src/farm.rs:2:8: a record needs an id: add `pub id: Id<Farm>`"), "{error}");
    assert!(error.contains("src/inner/plot.rs:2:37: "), "{error}");
    assert!(error.contains("sum"), "{error}");
}

#[test]
fn text_that_is_no_rust_is_told_with_its_place() {
    let error = complaint(&[("lib.rs", "struct Farm {\n    id Id<Farm>\n}\n")]);
    assert!(error.contains("src/lib.rs:2:8: "), "{error}");
}

#[test]
fn a_domain_names_what_it_misses() {
    let farm = "#[derive(Syncable)] struct Farm { id: Id<Farm>, name: String }\n";
    let error = complaint(&[("lib.rs", farm), ("domain.rs", "domain!(A = [Farm,\n  Plott]);")]);
    assert!(error.contains("src/domain.rs:2:3: no struct Plott derives `Syncable` here"), "{error}");
    let error = complaint(&[("lib.rs", farm)]);
    assert!(error.contains("no `windrow::domain!`"), "{error}");
    let error = complaint(&[("lib.rs", farm), ("domain.rs", "domain!(A = [Farm]); domain!(B = [Farm]);")]);
    assert!(error.contains("A, B; choose one by --domain"), "{error}");
    let error = complaint(&[("lib.rs", farm), ("b.rs", farm), ("domain.rs", "domain!(A = [Farm]);")]);
    assert!(error.contains("src/domain.rs:1:14: several structs Farm"), "{error}");
}

/// A default that no variant stores was told without a place, and of two enums of one name the first that was found gave the
/// lock its texts, while the program had the other's.
#[test]
fn enums_that_do_not_fit_are_told_with_their_places() {
    let farm = "#[derive(Syncable)]\nstruct Farm { id: Id<Farm>,\n  #[syncable(default = \"wet\")] sky: Sky }\ndomain!(A = [Farm]);";
    let error = complaint(&[("lib.rs", farm), ("sky.rs", "#[derive(SyncableEnum)] enum Sky { Dry }")]);
    assert!(error.contains("src/lib.rs:3:37: Farm.sky: the default \"wet\" is not stored"), "{error}");
    let error = complaint(&[("lib.rs", farm)]);
    assert!(error.contains("src/lib.rs:3:37: Farm.sky: no enum Sky derives"), "{error}");
    let two = "mod a { #[derive(SyncableEnum)] enum Sky { Wet } } mod b { #[derive(SyncableEnum)] enum Sky { Dry } }";
    let error = complaint(&[("lib.rs", farm), ("sky.rs", two)]);
    assert!(error.contains("src/lib.rs:3:37: several enums Sky"), "{error}");
}

#[test]
fn a_folder_without_source_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let (error, status) = refused(dir.path(), &["schema"]);
    assert_eq!((error.contains("there is no src here"), status), (true, 3), "{error}");
    let (error, status) = refused(Path::new("."), &["schema", "--format", "tabel"]);
    assert_eq!((error.contains("'table'"), status), (true, 2), "{error}");
}
