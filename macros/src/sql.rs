//! The statements, as constants.

use proc_macro2::TokenStream;
use quote::quote;
use windrow_schema::Model;
use windrow_schema::sql::{Device, Hub, Object, Part, Sql};

use crate::model;

pub(crate) fn device(model: &Model) -> TokenStream {
    let device = Device::of(model);
    let [objects, triggers, leave] = [&device.objects, &device.triggers, &device.leave].map(|o| objects(o));
    let [changelog, select, insert] = [&device.changelog, &device.select, &device.insert].map(sql);
    let [patch, edit, upsert, delete] = [&device.patch, &device.edit, &device.upsert, &device.delete].map(sql);
    let [neighbours, between] = [&device.neighbours, &device.between].map(sql);
    let [notes, leaving] = [&device.forget_notes, &device.forget_leaving].map(sql);
    let (put, referring) = (device.put.iter().map(sql), device.referring.iter().map(sql));
    quote! {
        ::windrow::__private::DeviceSql {
            objects: #objects,
            triggers: #triggers,
            leave: #leave,
            changelog: #changelog,
            select: #select,
            insert: #insert,
            put: &[#(#put),*],
            patch: #patch,
            edit: #edit,
            upsert: #upsert,
            delete: #delete,
            neighbours: #neighbours,
            between: #between,
            referring: &[#(#referring),*],
            forget_notes: #notes,
            forget_leaving: #leaving,
        }
    }
}

pub(crate) fn hub(model: &Model) -> TokenStream {
    let hub = Hub::of(model);
    let objects = objects(&hub.objects);
    let [load, save, upsert, delete] = [&hub.load, &hub.save, &hub.upsert, &hub.delete].map(sql);
    let [scan, scope, neighbours, between] = [&hub.scan, &hub.scope, &hub.neighbours, &hub.between].map(sql);
    let (referring, same) = (hub.referring.iter().map(sql), hub.same.iter().map(sql));
    quote! {
        ::windrow::__private::HubSql {
            objects: #objects,
            load: #load,
            save: #save,
            upsert: #upsert,
            delete: #delete,
            scan: #scan,
            referring: &[#(#referring),*],
            same: &[#(#same),*],
            scope: #scope,
            neighbours: #neighbours,
            between: #between,
        }
    }
}

fn objects(objects: &[Object]) -> TokenStream {
    let objects = objects.iter().map(|object| {
        let (name, sql) = (&object.name, sql(&object.sql));
        quote!(::windrow::__private::Object { name: #name, sql: #sql })
    });
    quote!(&[#(#objects),*])
}

fn sql(sql: &Sql) -> TokenStream {
    let parts = sql.parts().iter().map(|part| match part {
        Part::Text(text) => quote!(#text),
        Part::Table(path) => quote!(<#path as ::windrow::Syncable>::QUOTED),
        Part::Leaving(path) => quote!(<#path as ::windrow::Syncable>::LEAVING),
        Part::Variants(path) => model::of_enum(path, "SQL_LIST"),
    });
    quote!(&[#(#parts),*])
}
