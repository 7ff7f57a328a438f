//! The statements that make the users' tables. Our own tables, which the triggers write to, come first.

use crate::args::Side;
use std::fmt::Write;
use windrow::{hub, store};
use windrow_schema::Declared;
use windrow_schema::sql::{Device, Hub, Object};

pub(super) fn write(declared: &Declared, of: Side) -> String {
    let mut text = String::new();
    match of {
        Side::Device => {
            store::SYSTEM_TABLES.iter().for_each(|(_, sql)| statement(&mut text, sql));
            statement(&mut text, &store::log_table(declared.domain.widest()));
        }
        Side::Hub => statement(&mut text, hub::SYSTEM_TABLES.trim().trim_end_matches(';')),
    }
    let (mut triggers, mut logs) = (Vec::new(), Vec::new());
    for model in declared.domain.models() {
        let objects = match of {
            Side::Hub => Hub::of(model).objects,
            Side::Device => {
                let device = Device::of(model);
                triggers.extend(device.triggers);
                if declared.domain.takes_along(model) {
                    triggers.extend(device.leave);
                }
                logs.push(declared.render(&device.changelog));
                device.objects
            }
        };
        objects.iter().for_each(|object| statement(&mut text, &sql(declared, object)));
    }
    if !logs.is_empty() {
        statement(&mut text, &store::changelog_view(&logs));
    }
    triggers.iter().for_each(|trigger| statement(&mut text, &sql(declared, trigger)));
    text
}

fn sql(declared: &Declared, object: &Object) -> String {
    declared.render(&object.sql)
}

fn statement(text: &mut String, sql: &str) {
    writeln!(text, "{sql};\n").ok();
}
