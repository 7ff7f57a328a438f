//! `windrow migrate --certify`.

use crate::{printed, refused, windrow};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A project and its versions, made as teams make them.
struct Project(tempfile::TempDir);

/// Where it began.
const START: &str = "windrow::domain!(pub SURVEY = [Farm, Visit]);
#[derive(Syncable)] struct Farm { id: Id<Farm>, name: String, #[merge(sum)] cattle: i64 }
#[derive(Syncable)] struct Visit { id: Id<Visit>, #[parent(Farm, on_delete = cascade)] farm_id: Id<Farm>,
    legacy: Option<String>, #[merge(review)] notes: Option<String>, #[merge(max)] score: u8 }
";

/// Columns and a table came.
const MORE: &str = "windrow::domain!(pub SURVEY = [Farm, Visit, Photo]);
#[derive(Syncable)] struct Farm { id: Id<Farm>, name: String, #[merge(sum)] cattle: i64,
    #[syncable(default = \"none\")] water: String, crop: Option<Crop> }
#[derive(Syncable)] struct Visit { id: Id<Visit>, weather: Option<String>,
    #[parent(Farm, on_delete = cascade)] farm_id: Id<Farm>, legacy: Option<String>, #[merge(review)] notes: Option<String>,
    #[merge(max)] score: u8, #[merge(max)] #[syncable(default = 9)] best: i64 }
#[derive(Syncable)] struct Photo { id: Id<Photo>, #[parent(Visit)] visit_id: Id<Visit>, taken: Timestamp }
#[derive(SyncableEnum)] enum Crop { Maize, Rye }
";

/// Others were given new names, and an enum another text.
fn renamed() -> String {
    let names = [
        ("Farm", "Holding"),
        ("struct Holding", "#[syncable(was = \"farm\")] struct Holding"),
        ("name: String", "#[syncable(was = \"name\")] title: String"),
        ("notes: Option", "#[syncable(was = \"notes\")] remarks: Option"),
        ("Rye", "Rye, Teff"),
    ];
    names.iter().fold(MORE.to_owned(), |text, (old, new)| text.replace(old, new))
}

/// One went, one got wider, and their order is another.
fn reordered() -> String {
    let changes = [
        ("legacy: Option<String>, ", ""),
        ("#[merge(max)] score: u8, ", ""),
        ("weather: Option<String>", "#[merge(max)] score: i32, weather: Option<String>"),
    ];
    changes.iter().fold(renamed(), |text, (old, new)| text.replace(old, new))
}

/// A table went; what could be left open must be filled, and the other way round.
fn filled() -> String {
    let changes = [
        (", Photo]", "]"),
        (
            "#[derive(Syncable)] struct Photo { id: Id<Photo>, #[parent(Visit)] visit_id: Id<Visit>, taken: Timestamp }\n",
            "",
        ),
        ("weather: Option<String>", "#[syncable(default = \"sun\")] weather: String"),
        ("#[syncable(default = \"none\")] water: String", "water: Option<String>"),
    ];
    changes.iter().fold(reordered(), |text, (old, new)| text.replace(old, new))
}

impl Project {
    fn new(versions: &[(&str, &[&str])]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        std::fs::create_dir(project.path("src")).unwrap();
        std::fs::write(project.path("Cargo.toml"), "").unwrap();
        for (at, (model, flags)) in versions.iter().enumerate() {
            std::fs::write(project.path("src/lib.rs"), model).unwrap();
            let told = printed(project.0.path(), &[&["migrate", "next"], *flags].concat());
            assert!(told.contains(&format!("version {}: next", at + 1)), "{told}");
        }
        project
    }

    /// One with two versions.
    fn two() -> Project {
        Project::new(&[(START, &[]), (MORE, &[])])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Somebody edits a migration.
    fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        let path = self.path("migrations/0002_next").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, edit(text)).unwrap();
    }

    /// What people read where it is not certified.
    fn fails(&self) -> String {
        let output = windrow(self.0.path(), &["migrate", "--certify"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(9), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }
}

#[test]
fn five_versions_of_a_model_work_together() {
    let (renamed, reordered, filled) = (renamed(), reordered(), filled());
    let project = Project::new(&[
        (START, &[]),
        (MORE, &[]),
        (&renamed, &[]),
        (&reordered, &["--drop", "visit.legacy"]),
        (&filled, &["--drop", "photo"]),
    ]);
    insta::assert_snapshot!(printed(project.0.path(), &["migrate", "--certify"]));
}

/// Somebody tidied up a migration, and whatever a tablet had not sent was gone with it.
#[test]
fn a_migration_that_forgets_what_is_pending_is_found() {
    let project = Project::two();
    project.edit("device.sqlite.sql", |text| text + "\nDELETE FROM windrow_log WHERE \"table\" = 'farm';\n");
    let told = project.fails();
    // The visits came to a hub that had never heard of their farms.
    assert!(
        told.contains("upgrade: the device that migrates: refused: visit ") && told.contains("in flight: "),
        "{told}"
    );
    assert!(told.contains("led by migrations/0002_next"), "{told}");
    assert!(told.ends_with("not certified: 1 of 1 pairs fail\n"), "{told}");
}

/// Rows were copied by hand, and one column was left out.
#[test]
fn a_migration_that_loses_the_values_of_a_column_is_found() {
    let project = Project::two();
    project.edit("device.sqlite.sql", |text| text + "\nUPDATE visit SET notes = NULL;\n");
    let told = project.fails();
    assert!(told.contains("the device that migrates: visit.notes is NULL in a record, and should be \""), "{told}");

    let project = Project::two();
    project.edit("hub.sqlite.sql", |text| text + "\nUPDATE farm SET cattle = 0;\n");
    let told = project.fails();
    assert!(told.contains("  hub: the hub: farm.cattle is 0 in a record, and should be "), "{told}");
    assert!(!told.contains("upgrade: "), "a device's file is not led by it: {told}");
}

/// What a tablet could not hold while it was old, it never heard of.
#[test]
fn a_migration_that_asks_for_nothing_is_found() {
    let project = Project::two();
    let rest =
        |text: String| text.lines().filter(|line| !line.contains("windrow_whole")).collect::<Vec<_>>().join("\n");
    project.edit("device.sqlite.sql", rest);
    let told = project.fails();
    assert!(
        told.contains("upgrade: the device that migrates: farm.water is \"none\" in a record, and should be "),
        "{told}"
    );
}

/// A default was taken out of the lock, where a column of version 2 had one.
#[test]
fn a_lock_under_which_old_devices_would_be_refused_is_found() {
    let project = Project::two();
    let path = project.path("windrow.lock");
    let lock = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, lock.replace(", default = \"none\"", "")).unwrap();
    let (error, status) = refused(project.0.path(), &["migrate", "--certify"]);
    assert!(
        error.contains("version 2: farm.water: a new column that every record must fill") && status == 7,
        "{error}"
    );
}

#[test]
fn a_migration_that_does_not_run_is_named() {
    let project = Project::two();
    project.edit("device.sqlite.sql", |text| text.replace("CREATE TABLE", "CREATE TABEL"));
    let told = project.fails();
    assert!(told.contains("version 2 of the domain, `next`: near \"TABEL\": syntax error in CREATE TABEL"), "{told}");
    std::fs::remove_file(project.path("migrations/0002_next/hub.sqlite.sql")).unwrap();
    let (error, status) = refused(project.0.path(), &["migrate", "--certify"]);
    assert!(error.contains("0002_next/hub.sqlite.sql: it is missing, and is in the lock"), "{error}");
    assert_eq!(status, 7);
}

#[test]
fn programs_read_json() {
    let project = Project::two();
    project.edit("hub.sqlite.sql", |text| text + "\nUPDATE farm SET cattle = 0;\n");
    let output = windrow(project.0.path(), &["migrate", "--certify", "--json"]);
    assert_eq!(output.status.code(), Some(9));
    assert!(output.stderr.is_empty(), "no bar but at a terminal");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["certified"], &told["versions"], &told["pairs"][0]["old"]),
        (&false.into(), &2.into(), &1.into())
    );
    let state = |key: &str| {
        let checks = told["pairs"][0]["checks"].as_array().unwrap();
        let check = checks.iter().find(|c| c["check"] == key).unwrap();
        (check["state"].as_str().unwrap().to_owned(), check["why"].as_str().unwrap_or_default().to_owned())
    };
    let (hub, why) = state("hub");
    assert!(hub == "fails" && why.starts_with("the hub: farm.cattle is 0"), "{why}");
    assert_eq!((state("edits").0.as_str(), state("renames").0.as_str()), ("holds", "nothing"));
}

#[test]
fn where_there_is_nothing_to_certify_that_is_said() {
    let project = Project::new(&[(START, &[])]);
    let told = printed(project.0.path(), &["migrate", "--certify"]);
    assert_eq!(told, "SURVEY has version 1 alone: nothing to certify yet\n");
    // From anywhere.
    let into = project.0.path().to_str().unwrap();
    let model = project.path("src");
    let args = ["migrate", "--certify", "--model", model.to_str().unwrap(), "--into", into];
    assert_eq!(printed(Path::new(env!("CARGO_MANIFEST_DIR")), &args), told);
    std::fs::remove_file(project.path("windrow.lock")).unwrap();
    let (error, status) = refused(project.0.path(), &["migrate", "--certify"]);
    assert!(error.contains("windrow.lock: there is none: run `windrow migrate` first") && status == 7, "{error}");
    let (_, status) = refused(project.0.path(), &["migrate", "--certify", "--check"]);
    assert_eq!(status, 2);
}
