//! What the macros make of structs, as an application sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use windrow::domain::{Object, Sql};
use windrow::store::{changelog_view, log_table};
use windrow::{Date, Decimal, Id, Syncable, SyncableEnum, Timestamp, domain};

#[derive(Debug, Clone, Copy, PartialEq, SyncableEnum)]
enum Status {
    Draft,
    #[syncable(rename = "It's \"done\"")]
    Done,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    lat: f64,
    lon: f64,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Farm {
    name: String,
    id: Id<Self>,
    #[parent(Self, on_delete = set_null)]
    part_of: Option<Id<Farm>>,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(table = "the \"plots\"", deletes = review, scope)]
struct Plot {
    id: Id<Plot>,
    #[parent(Farm, on_delete = cascade)]
    farm_id: Id<Farm>,
    #[unique]
    code: Option<String>,
    irrigated: bool,
    #[merge(min)]
    year: i16,
    #[merge(max)]
    best: Option<f64>,
    #[merge(sum)]
    paid: Decimal<2>,
    #[merge(review)]
    status: Status,
    photo: Vec<u8>,
    sown: Option<Date>,
    #[index]
    seen: Timestamp,
    #[syncable(json, rename = "pläce")]
    place: Option<Place>,
    #[syncable(json)]
    tags: Vec<String>,
}

domain!(
    /// Declared out of order.
    pub SURVEY = [Plot, Farm]
);

fn text(sql: Sql) -> String {
    sql.concat()
}

fn create(objects: &[Object], db: &Connection) {
    for object in objects {
        db.execute_batch(&text(object.sql)).unwrap_or_else(|e| panic!("{e}: {}", text(object.sql)));
    }
}

fn plot() -> Plot {
    Plot {
        id: Id::new(),
        farm_id: Id::new(),
        code: Some("A1".into()),
        irrigated: true,
        year: -3,
        best: Some(2.5),
        paid: "12.34".parse().unwrap(),
        status: Status::Done,
        photo: vec![0, 255],
        sown: Some("2026-03-01".parse().unwrap()),
        seen: Timestamp::from_millis(-1),
        place: Some(Place { lat: 0.1, lon: -0.0 }),
        tags: vec!["dry".into()],
    }
}

#[test]
fn tables_stand_in_dependency_order() {
    let names: Vec<_> = SURVEY.tables.iter().map(|t| t.model.name).collect();
    assert_eq!((SURVEY.name, names), ("SURVEY", vec!["farm", "the \"plots\""]));
    let shapes = SURVEY.tables.iter().map(|t| t.model).collect();
    assert!(windrow_protocol::model::Schema::new(shapes).is_ok());
}

#[test]
fn values_give_the_record_back() {
    let plot = plot();
    let values = plot.to_values().unwrap();
    assert_eq!(values.len(), Plot::TABLE.model.fields.len());
    for (field, value) in Plot::TABLE.model.fields.iter().zip(&values) {
        assert!(field.kind.admits(value), "{}", field.name);
    }
    assert_eq!(Plot::from_values(plot.id, values).unwrap(), plot);
}

#[test]
fn values_that_do_not_fit_are_named() {
    let plot = plot();
    let mut values = plot.to_values().unwrap();
    values[10] = windrow_protocol::value::Value::Text("{".into());
    let error = Plot::from_values(plot.id, values.clone()).unwrap_err();
    assert_eq!(error.to_string(), "the \"plots\".pläce: the JSON document doesn't fit its type (line 1, column 1)");
    values.pop();
    let error = Plot::from_values(plot.id, values).unwrap_err();
    assert_eq!(error.to_string(), "the \"plots\".*: 11 values for 12 fields");
}

#[test]
fn sqlite_takes_every_statement() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(
        "CREATE TABLE windrow_state (base INTEGER, applying INTEGER, device INTEGER);
         CREATE TABLE windrow_origins (first INTEGER, origin INTEGER);
         CREATE TABLE windrow_clock (stamp INTEGER, number INTEGER, clock INTEGER)",
    )
    .unwrap();
    let fields = SURVEY.tables.iter().map(|table| table.model.fields.len()).max().unwrap();
    db.execute_batch(&log_table(fields)).unwrap();
    for table in SURVEY.tables {
        create(table.device.objects, &db);
        create(table.device.leave, &db);
        create(table.device.triggers, &db);
        let d = &table.device;
        let statements =
            [d.select, d.insert, d.patch, d.edit, d.upsert, d.delete, d.neighbours, d.between, d.forget_notes];
        for sql in statements.iter().chain(d.put).chain(d.referring).chain([&d.forget_leaving]) {
            db.prepare(&text(sql)).unwrap_or_else(|e| panic!("{e}: {}", text(sql)));
        }
    }
    let changelog: Vec<String> = SURVEY.tables.iter().map(|table| text(table.device.changelog)).collect();
    db.execute_batch(&changelog_view(&changelog)).unwrap();
    db.prepare("SELECT * FROM windrow_changelog").unwrap();
    let hub = Connection::open_in_memory().unwrap();
    for table in SURVEY.tables {
        create(table.hub.objects, &hub);
        let h = &table.hub;
        let statements = [h.load, h.save, h.upsert, h.delete, h.scan, h.scope, h.neighbours, h.between];
        for sql in statements.iter().chain(h.referring).chain(h.same) {
            hub.prepare(&text(sql)).unwrap_or_else(|e| panic!("{e}: {}", text(sql)));
        }
    }
}
