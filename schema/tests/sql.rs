//! The SQL of a device and of a hub, as a person would read it, and as SQLite plans it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rusqlite::Connection;
use windrow_schema::sql::{Device, Hub, Object, Sql};
use windrow_schema::{Domain, Model};

const FARM: &str = "struct Farm { id: Id<Farm>, #[unique] name: String, #[merge(sum)] cattle: i64 }";
const WORKER: &str = "struct Worker { id: Id<Worker>, name: Option<String> }";
const PLOT: &str = "#[syncable(table = \"field's \\\"plot\\\"\")] struct Plot {
    id: Id<Plot>,
    #[parent(Farm, on_delete = cascade)] farm_id: Id<Farm>,
    #[parent(Worker, on_delete = set_null)] worker_id: Option<Id<Worker>>,
    #[parent(Plot)] next: Option<Id<Plot>>,
    dry: bool, year: i16, best: Option<f64>, photo: Vec<u8>, #[index] seen: Timestamp, sown: Option<Date>,
    #[merge(sum)] paid: Decimal<2>, crop: Crop, #[syncable(json)] tags: Option<Tags>, #[syncable(rename = \"order\")] place: u32 }";
const PRICE: &str = "#[merge(review)] struct Price { id: Id<Price>, amount: i64, per: String,
    #[parent(Worker, on_delete = set_null)] by_id: Option<Id<Worker>> }";

fn domain() -> Domain {
    let models = [PRICE, PLOT, WORKER, FARM].map(|s| Model::read_str(s).unwrap());
    Domain::new(models.to_vec()).unwrap()
}

fn text(sql: &Sql) -> String {
    domain().render(sql, |_| "'maize', 'rice'".into())
}

fn model(name: &str) -> Model {
    domain().models().iter().find(|m| m.name() == name).unwrap().clone()
}

fn schema(objects: &[Object]) -> String {
    objects.iter().map(|o| format!("-- {}\n{};\n\n", o.name, text(&o.sql))).collect()
}

fn listed(statements: &[(&str, Sql)]) -> String {
    statements.iter().map(|(name, sql)| format!("-- {name}\n{}\n\n", text(sql))).collect()
}

fn device(model: &Model) -> Vec<(&'static str, Sql)> {
    let d = Device::of(model);
    let mut all = vec![
        ("changelog", d.changelog),
        ("select", d.select),
        ("insert", d.insert),
        ("patch", d.patch),
        ("edit", d.edit),
        ("upsert", d.upsert),
        ("delete", d.delete),
        ("neighbours", d.neighbours),
        ("between", d.between),
        ("forget_notes", d.forget_notes),
        ("forget_leaving", d.forget_leaving),
    ];
    all.extend(d.referring.into_iter().map(|sql| ("referring", sql)));
    all
}

fn hub(model: &Model) -> Vec<(&'static str, Sql)> {
    let h = Hub::of(model);
    let mut all = vec![
        ("load", h.load),
        ("save", h.save),
        ("upsert", h.upsert),
        ("delete", h.delete),
        ("scan", h.scan),
        ("scope", h.scope),
        ("neighbours", h.neighbours),
        ("between", h.between),
    ];
    all.extend(h.referring.into_iter().map(|sql| ("referring", sql)));
    all.extend(h.same.into_iter().map(|sql| ("same", sql)));
    all
}

#[test]
fn a_device_s_tables_and_triggers() {
    let device = Device::of(&model("Plot"));
    insta::assert_snapshot!("device_tables", schema(&device.objects));
    insta::assert_snapshot!("device_triggers", schema(&device.triggers));
    insta::assert_snapshot!("device_leave", schema(&device.leave));
}

#[test]
fn triggers_of_a_unique_field_and_of_a_whole_record() {
    insta::assert_snapshot!("triggers_unique", schema(&Device::of(&model("Farm")).triggers));
    insta::assert_snapshot!("triggers_whole", schema(&Device::of(&model("Price")).triggers));
}

#[test]
fn statements() {
    insta::assert_snapshot!("device_statements", listed(&device(&model("Plot"))));
    insta::assert_snapshot!("hub_tables", schema(&Hub::of(&model("Plot")).objects));
    insta::assert_snapshot!("hub_statements", listed(&hub(&model("Plot"))) + &listed(&hub(&model("Farm"))));
}

fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|e| panic!("{e}: {sql}"));
    statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap()
}

/// Whatever names a record, a range of stamps or a value finds it by an index.
#[test]
fn no_statement_walks_a_table_that_it_need_not() {
    let (client, server) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
    client
        .execute_batch(
            "CREATE TABLE windrow_state (base, applying, device);
             CREATE TABLE windrow_origins (first INTEGER PRIMARY KEY, origin)",
        )
        .unwrap();
    let values: String = (0..domain().widest()).map(|at| format!(", value{at}")).collect();
    let log = "CREATE TABLE windrow_log (number INTEGER PRIMARY KEY, at, \"table\", operation, record, base, mask0";
    client.execute_batch(&format!("{log}{values})")).unwrap();
    for model in domain().models() {
        let (d, h) = (Device::of(model), Hub::of(model));
        client.execute_batch(&schema(&d.objects)).unwrap();
        client.execute_batch(&schema(&d.triggers)).unwrap();
        client.execute_batch(&schema(&d.leave)).unwrap();
        server.execute_batch(&schema(&h.objects)).unwrap();
    }
    for model in domain().models() {
        // The changelog is a part of a view, and reads what that view makes of the log.
        let whole = ["select", "changelog", "forget_notes", "forget_leaving"];
        for (db, statements) in [(&client, device(model)), (&server, hub(model))] {
            for (name, sql) in statements.iter().filter(|(name, _)| !whole.contains(name)) {
                let steps = plan(db, &text(sql));
                let walks = |step: &String| {
                    step.starts_with("SCAN") && step != "SCAN CONSTANT ROW" || step.contains("TEMP B-TREE")
                };
                assert!(!steps.iter().any(walks), "{} {name}: {steps:#?}", model.table());
            }
        }
    }
}
