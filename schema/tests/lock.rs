//! What may follow a version, and what is refused, as people read it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_schema::lock::{Choices, Literal, Lock, Plan, Table, compare};
use windrow_schema::sql::migrate::Script;
use windrow_schema::{Domain, Model, Variants};

/// The tables of some structs; `Crop` is this enum.
fn tables(crop: &str, structs: &[&str]) -> Vec<Table> {
    let crop = Variants::read_str(crop).unwrap();
    let models = structs.iter().map(|s| Model::read_str(s).unwrap_or_else(|e| panic!("{e}: {s}")));
    let domain = Domain::new(models.collect()).unwrap();
    Table::all(&domain, |name| (name == "Crop").then_some(&crop)).unwrap()
}

fn start(tables: Vec<Table>) -> Lock {
    let mut lock = Lock::new("SURVEY");
    lock.push(&compare(None, tables, &Choices::default()).unwrap().named("start"));
    lock
}

/// What is said of a change of fields, the crop an enum of these texts before and now.
fn between(crops: (&str, &str), before: &[&str], now: &[&str], flags: &[&str]) -> Result<Plan, String> {
    let lock = start(tables(crops.0, before));
    let mut choices = Choices::default();
    for flag in flags {
        let said = if flag.contains('=') {
            choices.rename(lock.last().unwrap(), flag)
        } else {
            choices.drop(lock.last().unwrap(), flag)
        };
        said.unwrap();
    }
    let plan = compare(lock.last(), tables(crops.1, now), &choices);
    plan.map_err(|refusals| refusals.iter().map(|r| format!("{r}\n")).collect())
}

const CROP: &str = "enum Crop { Maize, Rye }";

fn fields(before: &str, now: &str, flags: &[&str]) -> String {
    let [before, now] = [before, now].map(|fields| format!("struct Farm {{ id: Id<Farm>, {fields} }}"));
    told(between((CROP, CROP), &[&before], &[&now], flags))
}

fn told(plan: Result<Plan, String>) -> String {
    plan.map_or_else(|refused| refused, |plan| plan.steps().iter().map(|step| format!("{step}\n")).collect())
}

#[test]
fn what_would_lose_data_is_refused_with_the_reason_and_a_way() {
    let cases = [
        ("a column that goes", "a: i64, b: String", "a: i64", &[][..]),
        ("a column that goes, or has another name", "a: i64, b: String", "a: i64, c: Option<String>", &[]),
        ("another kind", "a: String", "a: i64", &[]),
        ("narrower bounds", "a: i32", "a: u32", &[]),
        ("other places", "a: Decimal<2>", "a: Decimal<3>", &[]),
        ("a new column that must be filled", "a: i64", "a: i64, b: Date", &[]),
        ("not NULL", "a: Option<String>", "a: String", &[]),
        // What tablets of the first version made was refused by the hub from version 3 on: a column of version 2 had lost
        // the default that they live by.
        ("a default that goes", "#[syncable(default = 2.5)] a: Decimal<1>", "a: Decimal<1>", &[]),
        ("a sum", "a: i64", "#[merge(sum)] a: i64", &[]),
        ("no sum", "#[merge(sum)] a: Decimal<2>", "#[merge(max)] a: Decimal<2>", &[]),
        ("unique by default", "a: i64", "a: i64, #[unique] #[syncable(default = \"x\")] b: String", &[]),
        ("`was` names nothing", "a: i64", "a: i64, #[syncable(was = \"c\")] b: Option<String>", &[]),
        ("`was` names what is there", "a: i64", "a: i64, #[syncable(was = \"a\")] b: i64", &[]),
        ("two were one", "a: i64", "#[syncable(was = \"a\")] b: i64, #[syncable(was = \"a\")] c: i64", &[]),
        ("a name that is taken", "a: i64, b: i64", "#[syncable(was = \"a\")] b: i64", &[]),
        ("the case of letters", "name: String", "#[syncable(rename = \"Name\")] x: String", &[]),
        ("a drop of what stays", "a: i64, b: i64", "a: i64, b: i64", &["farm.b"]),
        ("another name for nothing", "a: i64", "a: i64", &["farm.a=z"]),
        ("all at once", "a: String, b: i64", "a: i64, c: Vec<u8>", &[]),
    ];
    let text: String =
        cases.iter().map(|(what, b, n, flags)| format!("-- {what}\n{}\n", fields(b, n, flags))).collect();
    insta::assert_snapshot!(text);
}

const FARM: &str = "struct Farm { id: Id<Farm>, a: i64 }";
const HOLDING: &str = "struct Holding { id: Id<Holding>, a: i64 }";
const PLOT: &str = "struct Plot { id: Id<Plot>, #[parent(Farm)] of: Id<Farm>, crop: Crop }";
const WORKER: &str = "struct Worker { id: Id<Worker>, n: Option<i64> }";

#[test]
fn what_would_break_tables_is_refused_likewise() {
    let all = [FARM, PLOT, WORKER];
    let cases: [(&str, &str, &[&str], &[&str]); 7] = [
        ("a table that goes", CROP, &[FARM, PLOT], &[]),
        ("a table that goes, or has another name", CROP, &[HOLDING, &PLOT.replace("Farm", "Holding"), WORKER], &[]),
        ("a reference to another table", CROP, &[FARM, &PLOT.replace("Farm", "Worker"), WORKER], &[]),
        (
            "a new reference",
            CROP,
            &[FARM, &PLOT.replace("crop", "#[parent(Worker)] by: Id<Worker>, crop"), WORKER],
            &[],
        ),
        ("texts that go", "enum Crop { Maize, Teff }", &all, &[]),
        ("written as a whole", CROP, &[&format!("#[merge(lww)] {FARM}"), PLOT, WORKER], &[]),
        (
            "a table's name that is taken",
            CROP,
            &["#[syncable(was = \"worker\")] struct Farm { id: Id<Farm>, a: i64 }", PLOT],
            &[],
        ),
    ];
    let said = |crop: &str, now: &[&str], flags: &[&str]| told(between((CROP, crop), &all, now, flags));
    let text: String =
        cases.iter().map(|(what, crop, now, f)| format!("-- {what}\n{}\n", said(crop, now, f))).collect();
    insta::assert_snapshot!(text);
}

#[test]
fn what_can_be_done_is_told_in_plain_words() {
    let before = ["#[merge(review)] struct Farm { id: Id<Farm>, a: i32, b: Option<String>, gone: i64 }", PLOT, WORKER];
    let now = [
        "#[syncable(table = \"holding\", was = \"farm\", deletes = drop, scope)] struct Farm { id: Id<Farm>, \
         #[syncable(default = \"it's\")] b: String, #[index] #[merge(max)] a: i64, #[syncable(default = -1.5)] n: Decimal<2>, \
         #[syncable(default = b\"\\x00'\")] photo: Vec<u8>, #[parent(Farm)] next: Option<Id<Farm>> }",
        "struct Plot { id: Id<Plot>, #[parent(Farm, on_delete = cascade)] of: Option<Id<Farm>>, #[unique] crop: Crop }",
        "struct Visit { id: Id<Visit>, n: i64 }",
    ];
    let plan = between((CROP, "enum Crop { Teff, Rye, Maize }"), &before, &now, &["farm.gone", "worker"]).unwrap();
    let (device, hub) = (Script::device(&plan).unwrap(), Script::hub(&plan).unwrap());
    let rewritten = format!("copied on devices: {:?}\ncopied at the hub: {:?}\n", device.rewrites(), hub.rewrites());
    insta::assert_snapshot!(told(Ok(plan)) + &rewritten);
}

/// A rename alone copies no row: the file of a tablet may be large, and its battery low.
#[test]
fn a_new_name_copies_nothing() {
    let holding = "#[syncable(was = \"farm\")] struct Holding { id: Id<Holding>, #[syncable(was = \"a\")] b: i64 }";
    let plan = between((CROP, CROP), &[FARM, PLOT], &[holding, &PLOT.replace("Farm", "Holding")], &[]).unwrap();
    for script in [Script::device(&plan).unwrap(), Script::hub(&plan).unwrap()] {
        assert_eq!(script.rewrites(), [""; 0]);
    }
    insta::assert_snapshot!(Script::device(&plan).unwrap().text("A rename."));
}

/// `was` and a default may stay where they stand: what they led to is done.
#[test]
fn a_migrated_model_has_nothing_left_to_do() {
    let next = "struct Farm { id: Id<Farm>, #[syncable(was = \"a\")] b: i64, #[syncable(default = 7)] c: i64 }";
    let mut lock = start(tables(CROP, &[FARM]));
    let plan = compare(lock.last(), tables(CROP, &[next]), &Choices::default()).unwrap();
    lock.push(&plan.named("next"));
    let again = compare(lock.last(), tables(CROP, &[next]), &Choices::default()).unwrap();
    assert_eq!(again.steps(), []);
    let column = &lock.last().unwrap().tables[0].columns[1];
    assert_eq!(column.default, Some(Literal::Integer(7)));
    assert_eq!(Lock::read(&lock.write()).unwrap(), lock);
}

/// Names and texts that no format likes.
#[test]
fn a_lock_keeps_every_name_and_every_value() {
    let farm = "#[syncable(table = \"a\\\"b\\n[[version]]\\u{202e}\\\\\")] struct Farm { id: Id<Farm>,
        #[syncable(rename = \"<<<<<<< ' = # ключ\", default = \"\\u{7f}\\t\\r\\n'''\\\"\\\"\\\"\\u{feff}\")] a: String,
        #[syncable(default = -9223372036854775808)] b: i64, #[syncable(default = 5e-324)] c: f64,
        #[syncable(default = b\"\\xff\\x00\")] d: Vec<u8>, #[syncable(default = \"rye\")] e: Crop, #[syncable(default = true)] f: bool,
        #[syncable(default = \"2024-02-29\")] g: Date, #[syncable(default = -0.05)] h: Decimal<2>, #[syncable(json, default = \"[]\")] i: X,
        #[syncable(default = 1e300)] j: f64, #[syncable(default = 3)] k: f64, #[syncable(default = -1)] l: Timestamp }";
    let lock = start(tables(CROP, &[farm]));
    let text = lock.write();
    assert_eq!(Lock::read(&text).unwrap_or_else(|e| panic!("{e}\n{text}")), lock);
    insta::assert_snapshot!(text);
}

/// Columns `a` and `a=`, of which one becomes `b`: the flag that the refusal named was read as the other's, so that nothing that
/// could be typed went through.
#[test]
fn of_several_readings_of_a_flag_the_fitting_one_counts() {
    let farm = |third: &str| {
        let text = "struct Farm { id: Id<Farm>, a: String, #[syncable(rename = \"NAME\")] b: String }";
        tables("enum Crop { Rye }", &[&text.replace("NAME", third)])
    };
    let lock = start(farm("a="));
    let mut choices = Choices::default();
    choices.rename(lock.last().unwrap(), "farm.a==b").unwrap();
    let plan = compare(lock.last(), farm("b"), &choices).unwrap_or_else(|r| panic!("{}", r[0]));
    assert_eq!(plan.now().tables[0].columns[1].was.as_deref(), Some("a="));
}

#[test]
fn a_default_that_no_variant_stores_is_told_of() {
    let crop = Variants::read_str(CROP).unwrap();
    let farm = "struct Farm { id: Id<Farm>, #[syncable(default = \"Maize\")] a: Crop, b: Weather }";
    let domain = Domain::new(vec![Model::read_str(farm).unwrap()]).unwrap();
    let unfit = Table::all(&domain, |name| (name == "Crop").then_some(&crop)).unwrap_err();
    insta::assert_snapshot!(unfit.iter().map(|u| format!("{u}\n")).collect::<String>());
}
