//! Structs and enums, spelled.

use super::items::{Enum, Field, Struct};
use super::literal;
use crate::schemas::words::{self, FIELDS, STRUCTS, VARIANTS};
use fastrand::Rng;
use windrow_schema::lock::{Column, Holds, Table};
use windrow_schema::{Deletes, Strategy};

/// Spells what declares some tables.
pub(super) struct Spell<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) tables: &'a [Table],
    /// Defaults that are written as they were told, by table and column.
    pub(super) told: &'a [(String, String, String)],
    /// The texts of the enums that are needed, and their names.
    pub(super) enums: Vec<(Vec<String>, String)>,
}

/// What may stand between tokens.
pub(super) fn space(rng: &mut Rng) -> &'static str {
    const RARE: [&str; 7] = ["\n", "\t", "  ", " /* ' \" */ ", " // it's \"\n", "\n\n\t", " /*/**/*/ "];
    if rng.u8(..12) == 0 { rng.choice(RARE).unwrap_or(" ") } else { " " }
}

impl Spell<'_> {
    fn pick(&mut self, among: &[&str]) -> String {
        among[self.rng.usize(..among.len())].to_owned()
    }

    /// A path that ends in this name.
    pub(super) fn path(&mut self, name: &str) -> String {
        self.pick(&["", "", "", "crate::", "self::", "super::r#mod::", "crate :: model :: "]) + name
    }

    /// The struct that declares a table.
    pub(super) fn table(&mut self, table: &Table) -> Struct {
        let derive = self.pick(&[
            "#[derive(Syncable)]",
            "#[derive(Debug, windrow::Syncable,)]",
            "#[derive(\n::windrow::Syncable)]",
        ]);
        let mut fields: Vec<Field> = Vec::new();
        for column in &table.columns {
            let field = self.field(table, column, &fields);
            fields.push(field);
        }
        let at = self.rng.usize(..=fields.len());
        let own = self.own(table);
        fields.insert(at, Field { attrs: Vec::new(), name: "id".to_owned(), ty: self.id(&own) });
        Struct { derive, attrs: self.on_struct(table), name: table.type_name.clone(), fields }
    }

    fn own(&mut self, table: &Table) -> String {
        if self.rng.bool() { "Self".to_owned() } else { self.path(&table.type_name) }
    }

    fn id(&mut self, of: &str) -> String {
        let (before, after) = (space(self.rng).to_owned(), space(self.rng));
        let path = self.pick(&["Id", "Id", "windrow::Id", "::windrow::Id", "windrow::types::Id"]);
        format!("{path}<{before}{of}{after}>")
    }

    fn on_struct(&mut self, table: &Table) -> Vec<String> {
        let (mut settings, mut attrs) = (Vec::new(), Vec::new());
        if words::rust(&STRUCTS, &table.name).as_ref() != Some(&table.type_name) || self.rng.u8(..4) == 0 {
            settings.push(format!("table{}= {}", space(self.rng), literal::text(self.rng, &table.name)));
        }
        if table.deletes != Deletes::Keep || self.rng.u8(..4) == 0 {
            settings.push(format!("deletes ={}{}", space(self.rng), table.deletes.word()));
        }
        if table.scope {
            settings.push("scope".to_owned());
        }
        if let Some(was) = &table.was {
            settings.push(format!("was = {}", literal::text(self.rng, was)));
        }
        if table.whole {
            let strategy = table.columns.first().map_or("lww", |c| c.strategy.word());
            attrs.push(format!("#[merge({strategy})]"));
        }
        attrs.extend(self.grouped(settings));
        attrs
    }

    /// Settings in one attribute, or in several.
    fn grouped(&mut self, mut settings: Vec<String>) -> Vec<String> {
        self.rng.shuffle(&mut settings);
        let mut attrs = Vec::new();
        while !settings.is_empty() {
            let some: Vec<String> = settings.drain(..self.rng.usize(1..=settings.len())).collect();
            let comma = self.pick(&["", ","]);
            attrs.push(format!("#[syncable({}{comma})]", some.join(", ")));
        }
        attrs
    }

    fn field(&mut self, table: &Table, column: &Column, before: &[Field]) -> Field {
        let own = words::rust(&FIELDS, &column.name);
        let free = |name: &String| {
            before.iter().all(|f| crate::schemas::draw::bare(&f.name) != crate::schemas::draw::bare(name))
        };
        let own = own.filter(free);
        let renamed = own.is_none() || self.rng.u8(..5) == 0;
        let name = own.filter(|_| !renamed).unwrap_or_else(|| self.field_name(before));
        let mut settings = Vec::new();
        if renamed {
            settings.push(format!("rename = {}", literal::text(self.rng, &column.name)));
        }
        if column.holds == Holds::Json {
            settings.push("json".to_owned());
        }
        if let Some(was) = &column.was {
            settings.push(format!("was = {}", literal::text(self.rng, was)));
        }
        settings.extend(self.default(table, column));
        let mut attrs = self.on_field(table, column);
        attrs.extend(self.grouped(settings));
        Field { attrs, name, ty: self.ty(table, column) }
    }

    /// Any that no field of the struct has.
    fn field_name(&mut self, before: &[Field]) -> String {
        loop {
            let (name, _) = words::pair(self.rng, &FIELDS);
            let bare = crate::schemas::draw::bare;
            if before.iter().all(|f| bare(&f.name) != bare(&name)) {
                return name;
            }
        }
    }

    fn default(&mut self, table: &Table, column: &Column) -> Option<String> {
        let said =
            self.told.iter().find(|(t, c, _)| (t, c) == (&table.name, &column.name)).map(|(.., said)| said.clone());
        let default = column.default.as_ref()?;
        let said = said.unwrap_or_else(|| literal::default(self.rng, &column.holds, default));
        Some(format!("default = {said}"))
    }

    fn on_field(&mut self, table: &Table, column: &Column) -> Vec<String> {
        let mut attrs = Vec::new();
        if !table.whole && (column.strategy != Strategy::Lww || self.rng.u8(..5) == 0) {
            attrs.push(format!("#[merge({})]", column.strategy.word()));
        }
        if let Some(parent) = &column.parent {
            let to = self.parent(table, &parent.table);
            let said = parent.on_delete != windrow_schema::OnDelete::Restrict || self.rng.bool();
            let on_delete = if said { format!(", on_delete = {}", parent.on_delete.word()) } else { String::new() };
            attrs.push(format!("#[parent({to}{on_delete}{})]", self.pick(&["", ","])));
        }
        attrs.extend(column.unique.then(|| "#[unique]".to_owned()));
        attrs.extend(column.indexed.then(|| "#[index]".to_owned()));
        attrs
    }

    /// The struct of a table, as it may be named in another.
    fn parent(&mut self, own: &Table, to: &str) -> String {
        if to == own.name {
            return self.own(own);
        }
        let named = self.tables.iter().find(|t| t.name == to).map(|t| t.type_name.clone()).unwrap_or_default();
        self.path(&named)
    }

    fn ty(&mut self, table: &Table, column: &Column) -> String {
        let ty = match &column.holds {
            Holds::Id => {
                let to = column.parent.as_ref().map(|p| p.table.clone()).unwrap_or_default();
                let of = self.parent(table, &to);
                self.id(&of)
            }
            Holds::Enum(texts) => {
                let name = self.enum_of(texts);
                self.path(&name)
            }
            other => self.plain(other),
        };
        if !column.nullable {
            return ty;
        }
        let option = self.pick(&["Option", "Option", "std::option::Option", "::core::option::Option"]);
        format!("{option}{}<{ty}{}>", space(self.rng), space(self.rng))
    }

    fn plain(&mut self, holds: &Holds) -> String {
        const JSON: [&str; 6] = [
            "Vec<String>",
            "serde_json::Value",
            "std::collections::BTreeMap<String, Option<(i32, [u8; 3])>>",
            "(i32, String)",
            "[Option<u64>; { 1 + 2 }]",
            "String",
        ];
        match holds {
            Holds::Real => "f64".to_owned(),
            Holds::Text => self.pick(&["String", "std::string::String"]),
            Holds::Blob => self.pick(&["Vec<u8>", "std::vec::Vec< u8 >"]),
            Holds::Timestamp => self.pick(&["Timestamp", "windrow::Timestamp"]),
            Holds::Date => self.pick(&["Date", "windrow::types::Date"]),
            Holds::Decimal(places) => {
                let places = if self.rng.bool() { places.to_string() } else { format!("{places:#x}") };
                format!("Decimal<{places}>")
            }
            Holds::Json => self.pick(&JSON),
            Holds::Bool => "bool".to_owned(),
            other => other.word(),
        }
    }

    fn enum_of(&mut self, texts: &[String]) -> String {
        if let Some((_, name)) = self.enums.iter().find(|(has, _)| has == texts) {
            return name.clone();
        }
        let taken: Vec<String> = self.enums.iter().map(|(_, name)| name.clone()).collect();
        let name = super::free(self.rng, self.tables, &taken);
        self.enums.push((texts.to_vec(), name.clone()));
        name
    }

    /// The enums that the structs need.
    pub(super) fn enums(&mut self) -> Vec<Enum> {
        std::mem::take(&mut self.enums).into_iter().map(|(texts, name)| self.variants(&texts, name)).collect()
    }

    fn variants(&mut self, texts: &[String], name: String) -> Enum {
        let mut named: Vec<String> = Vec::new();
        let mut variants = Vec::new();
        for text in texts {
            let own = words::rust(&VARIANTS, text).filter(|own| !named.contains(own) && self.rng.u8(..4) > 0);
            let said = match own {
                Some(own) => {
                    named.push(own.clone());
                    own
                }
                None => {
                    let own = format!("V{}", named.len());
                    named.push(own.clone());
                    format!("#[syncable(rename = {})] {own}", literal::text(self.rng, text))
                }
            };
            variants.push(said);
        }
        let derive = self.pick(&["#[derive(SyncableEnum)]", "#[derive(Clone, Copy)] #[derive(windrow::SyncableEnum)]"]);
        Enum { derive, name, variants }
    }
}
