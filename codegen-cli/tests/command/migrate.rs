//! `windrow migrate`.

use crate::{printed, refused, windrow};
use std::path::{Path, PathBuf};
use windrow::rusqlite::Connection;

/// A project that a team works on.
struct Project(tempfile::TempDir);

const DOMAIN: &str = "windrow::domain!(pub SURVEY = [Farm, Plot]);\n";
const FARM: &str =
    "#[derive(Syncable)] struct Farm { id: Id<Farm>, name: String, size: Option<i32>, #[merge(sum)] cattle: i64 }\n";
const PLOT: &str =
    "#[derive(Syncable)] struct Plot { id: Id<Plot>, #[parent(Farm, on_delete = cascade)] farm_id: Id<Farm>,
    crop: Crop, notes: Option<String> }
    #[derive(SyncableEnum)] enum Crop { Maize, Rye }\n";

impl Project {
    fn new() -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        std::fs::create_dir(project.path("src")).unwrap();
        std::fs::write(project.path("Cargo.toml"), "").unwrap();
        project.model(FARM, PLOT);
        project
    }

    /// One that has migrated once.
    fn started() -> Project {
        let project = Project::new();
        printed(project.0.path(), &["migrate"]);
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn model(&self, farm: &str, plot: &str) {
        std::fs::write(self.path("src/lib.rs"), format!("{DOMAIN}{farm}{plot}")).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn run(&self, args: &[&str]) -> String {
        printed(self.0.path(), &[&["migrate"], args].concat())
    }

    fn refused(&self, args: &[&str]) -> (String, i32) {
        refused(self.0.path(), &[&["migrate"], args].concat())
    }

    /// All files but the source, with their text.
    fn files(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        walk(self.0.path(), &mut found);
        found.retain(|path| !path.starts_with(self.path("src")));
        found.sort();
        found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

#[test]
fn the_first_run_writes_down_what_is_there() {
    let project = Project::new();
    insta::assert_snapshot!(project.run(&[]));
    insta::assert_snapshot!("first_lock", project.read("windrow.lock"));
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(&project.read("migrations/0001_start/device.sqlite.sql")).unwrap();
    let hub = Connection::open_in_memory().unwrap();
    hub.execute_batch(&project.read("migrations/0001_start/hub.sqlite.sql")).unwrap();
    assert_eq!(project.run(&[]), "the model is that of version 1: nothing to do\n");
    assert_eq!(project.run(&["--check"]), "the model is that of version 1: nothing to do\n");
}

/// A column is added, one gets another name, an enum another text: what people review.
const NEXT_FARM: &str = "#[derive(Syncable)] struct Farm { id: Id<Farm>, #[syncable(was = \"name\")] title: String,
    size: Option<i64>, #[merge(sum)] cattle: i64, #[syncable(default = \"none\")] water: String }\n";

#[test]
fn what_changed_is_told_and_written() {
    let project = Project::started();
    project.model(NEXT_FARM, &PLOT.replace("Rye", "Rye, Teff"));
    insta::assert_snapshot!(project.run(&["more_of_farms"]));
    insta::assert_snapshot!("second_lock", project.read("windrow.lock"));
    insta::assert_snapshot!("second_device", project.read("migrations/0002_more_of_farms/device.sqlite.sql"));
    insta::assert_snapshot!("second_hub", project.read("migrations/0002_more_of_farms/hub.sqlite.sql"));
    // `was` may stay where it stands: it is done with.
    assert_eq!(project.run(&["--check"]), "the model is that of version 2: nothing to do\n");
    // The version before is as it was, byte for byte.
    let first = Project::started().read("windrow.lock");
    assert!(project.read("windrow.lock").starts_with(&first));
}

#[test]
fn a_check_finds_the_difference_and_writes_nothing() {
    let project = Project::started();
    project.model(NEXT_FARM, PLOT);
    let before = project.files();
    for args in [&["migrate", "--check"][..], &["migrate", "--check", "--json"]] {
        let output = windrow(project.0.path(), args);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stdout).unwrap().contains("was name"), "{args:?}");
    }
    project.model(&FARM.replace("name: String, ", ""), PLOT);
    let output = windrow(project.0.path(), &["migrate", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("--drop 'farm.name'"));
    project.model(NEXT_FARM, PLOT);
    assert!(project.run(&["--dry-run"]).contains("would write migrations/0002_rename_farm_title"));
    assert_eq!(project.files(), before);
}

#[test]
fn all_that_is_refused_is_told_at_once() {
    let project = Project::started();
    let farm =
        "#[derive(Syncable)] struct Farm { id: Id<Farm>, title: String, size: i32, cattle: i64, nick: String }\n";
    project.model(farm, &PLOT.replace("Maize, ", ""));
    let before = project.files();
    let (error, status) = project.refused(&[]);
    assert_eq!(status, 6);
    insta::assert_snapshot!(error);
    assert_eq!(project.files(), before);
}

#[test]
fn names_and_losses_are_said_by_flags() {
    let project = Project::started();
    let plot = "#[derive(Syncable)] struct Plot { id: Id<Plot>, #[parent(Farm, on_delete = cascade)] farm_id: Id<Farm>, remark: Option<String> }\n";
    project.model(FARM, plot);
    let told = project.run(&["--rename", "plot.notes=remark", "--drop", "plot.crop"]);
    assert!(told.contains("plot.remark: was notes") && told.contains("plot.crop: dropped"), "{told}");
    assert!(
        project
            .read("windrow.lock")
            .contains("{ name = \"remark\", holds = \"text\", nullable = true, was = \"notes\" }")
    );
    for (args, says) in [
        (&["--rename", "plot.notse=remark"][..], "names no table and no column of version 2"),
        (&["--drop", "plott"], "names no table and no column of version 2"),
        (&["no good"], "letters, digits and `_`"),
        (&["--into", "nowhere"], "there is no folder nowhere"),
    ] {
        let (error, status) = project.refused(args);
        assert!(error.contains(says) && status == 2, "{status}: {error}");
    }
    let (error, status) = project.refused(&["--drop", "plot.farm_id"]);
    assert!(error.contains("the model still has it") && status == 6, "{status}: {error}");
}

/// Two branches each added a version, and git could not say which is first.
#[test]
fn a_lock_that_cannot_be_used_is_told_of_with_the_remedy() {
    let project = Project::started();
    let good = project.read("windrow.lock");
    for (text, says) in [
        (format!("{good}<<<<<<< HEAD\n"), "two branches added a version"),
        (good.replace("format = 1", "format = 2"), "it has format 2, and this program knows 1"),
        (
            good.replace("holds = \"text\"", "holds = \"tex\""),
            "windrow.lock: line 14: \"tex\" is nothing that a column holds",
        ),
        (good.replace("number = 1", "number = 2"), "version 2 stands where 1 is expected"),
        (good.replace("unique", "uniq").replace("nullable = true", "nulable = true"), "unknown field `nulable`"),
        (good.replace("parent = \"farm\"", "parent = \"form\""), "there is no table form"),
        (good[..good.len() / 2].to_owned(), "restore the file from version control"),
        (good.replace("SURVEY", "OTHER"), "this is the lock of OTHER, and the model is SURVEY"),
    ] {
        std::fs::write(project.path("windrow.lock"), &text).unwrap();
        let (error, status) = project.refused(&[]);
        assert!(error.contains(says) && status == 7, "{status}: {error}");
        assert_eq!(project.read("windrow.lock"), text);
    }
}

/// The machine went down between the folder and the lock; and once in the middle of the folder.
#[test]
fn what_a_run_left_that_was_cut_off_is_replaced() {
    let project = Project::started();
    for left in ["migrations/.0002", "migrations/0002_half"] {
        std::fs::create_dir(project.path(left)).unwrap();
        std::fs::write(project.path(left).join("device.sqlite.sql"), "half of").unwrap();
        std::fs::write(project.path(left).join(".hub.sqlite.sql.windrow"), "not even named").unwrap();
    }
    project.model(NEXT_FARM, PLOT);
    project.run(&["whole"]);
    assert!(!project.path("migrations/.0002").exists() && !project.path("migrations/0002_half").exists());
    assert!(project.read("migrations/0002_whole/hub.sqlite.sql").contains("SURVEY, version 2: whole"));

    project.model(&NEXT_FARM.replace("size", "area"), PLOT);
    std::fs::create_dir(project.path("migrations/0003_mine")).unwrap();
    std::fs::write(project.path("migrations/0003_mine/notes.txt"), "mine").unwrap();
    let before = project.files();
    let (error, status) = project.refused(&["--rename", "farm.size=area"]);
    assert!(error.contains("notes.txt") && status == 7, "{error}");
    assert_eq!(project.files(), before);
}

#[test]
fn programs_read_json() {
    let project = Project::started();
    project.model(NEXT_FARM, PLOT);
    let json: serde_json::Value = serde_json::from_str(&project.run(&["--json"])).unwrap();
    assert_eq!((&json["from"], &json["to"], &json["written"]), (&1.into(), &2.into(), &true.into()));
    assert_eq!(json["steps"][0]["column"], "title");
    let json: serde_json::Value = serde_json::from_str(&project.run(&["--json"])).unwrap();
    assert_eq!(json["steps"], serde_json::json!([]));
}

/// The blocks of this kind on the guide's page.
fn shown(kind: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/08-migrating.md");
    let text = std::fs::read_to_string(page).unwrap();
    let block = text.split(&format!("```{kind}\n")).nth(1).unwrap().split("```").next();
    block.unwrap().to_owned()
}

#[test]
fn the_guide_shows_what_is_written() {
    let project = Project::new();
    let farm = "#[derive(Syncable)] struct Farm { id: Id<Farm>, name: String, #[merge(sum)] cattle: i64 }\n";
    let model =
        |farm: &str| std::fs::write(project.path("src/lib.rs"), format!("windrow::domain!(S = [Farm]);\n{farm}"));
    model(farm).unwrap();
    project.run(&[]);
    model(&shown("rust")).unwrap();
    let command = shown("sh");
    let args: Vec<&str> = command.split_once("-- migrate").unwrap().1.split_whitespace().collect();
    assert!(project.run(&args).contains("written: migrations/0002_water"));
    assert!(project.read("windrow.lock").ends_with(&format!("\n{}", shown("toml"))));
}

/// The guide and the example are projects like any other.
#[test]
fn the_lock_may_stand_elsewhere() {
    let (dir, root) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let into = dir.path().to_str().unwrap();
    for model in ["docs/guide/survey/src", "examples/farm-survey/src"] {
        let args = ["migrate", "--model", model, "--into", into];
        assert!(printed(&root, &args).contains("a new table"), "{model}");
        assert!(printed(&root, &args).contains("nothing to do"), "{model}");
        std::fs::remove_file(dir.path().join("windrow.lock")).unwrap();
    }
}

/// A workspace keeps its model in a crate, and its lock at the top, where devices and server see it.
#[test]
fn a_lock_above_the_models_crate_is_found() {
    let project = Project::new();
    std::fs::create_dir(project.path("model")).unwrap();
    std::fs::write(project.path("model/Cargo.toml"), "").unwrap();
    std::fs::rename(project.path("src"), project.path("model/src")).unwrap();
    project.run(&["--into", "."]);
    assert!(project.path("windrow.lock").is_file() && project.path("migrations/0001_start").is_dir());
    assert_eq!(project.run(&["--check"]), "the model is that of version 1: nothing to do\n");
    assert!(!project.path("model/windrow.lock").exists());
}

/// What was built before there was a lock knows of none: it must be older than the model from then on.
#[test]
fn a_migration_makes_the_model_newer_than_what_was_built_of_it() {
    let project = Project::new();
    let model = project.path("src/lib.rs");
    let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    std::fs::File::options().append(true).open(&model).unwrap().set_modified(then).unwrap();
    project.run(&["--dry-run"]);
    assert_eq!(std::fs::metadata(&model).unwrap().modified().unwrap(), then);
    project.run(&[]);
    assert!(std::fs::metadata(&model).unwrap().modified().unwrap() > then);
}
