//! Five successive versions of one model.

use windrow::Domain;
use windrow::domain::{Earlier, Migration};
use windrow_protocol::model::{Literal, Table};
use windrow_protocol::versions::{self as wire, Renamed};

/// Where it began.
pub(crate) mod v1 {
    use windrow::{Id, Syncable};

    /// A farm.
    #[derive(Debug, Syncable)]
    pub(crate) struct Farm {
        /// Its id.
        pub id: Id<Farm>,
        /// Its name.
        pub name: String,
        /// Heads.
        #[merge(sum)]
        pub cattle: i64,
    }

    /// A visit.
    #[derive(Debug, Syncable)]
    pub(crate) struct Visit {
        /// Its id.
        pub id: Id<Visit>,
        /// The farm.
        #[parent(Farm)]
        pub farm_id: Id<Farm>,
        /// From before there was Windrow.
        pub legacy: Option<String>,
        /// What was seen.
        #[merge(review)]
        pub notes: Option<String>,
        /// Out of 255.
        pub score: u8,
    }

    windrow::domain!(pub(crate) V1 = [Farm, Visit]);
}

/// A field and a table came.
pub(crate) mod v2 {
    use windrow::{Id, Syncable};

    pub(crate) use super::v1::Farm;

    /// A visit.
    #[derive(Debug, Syncable)]
    pub(crate) struct Visit {
        /// Its id.
        pub id: Id<Visit>,
        /// What it was like.
        pub weather: String,
        /// The farm.
        #[parent(Farm)]
        pub farm_id: Id<Farm>,
        /// From before there was Windrow.
        pub legacy: Option<String>,
        /// What was seen.
        #[merge(review)]
        pub notes: Option<String>,
        /// Out of 255.
        pub score: u8,
    }

    /// A photograph.
    #[derive(Debug, Syncable)]
    pub(crate) struct Photo {
        /// Its id.
        pub id: Id<Photo>,
        /// When.
        #[parent(Visit, on_delete = cascade)]
        pub visit_id: Id<Visit>,
    }

    windrow::domain!(pub(crate) V2 = [Farm, Visit, Photo]);
}

/// A table and a field have other names.
pub(crate) mod v3 {
    use windrow::{Id, Syncable};

    /// A holding, once a farm.
    #[derive(Debug, Syncable)]
    pub(crate) struct Holding {
        /// Its id.
        pub id: Id<Holding>,
        /// Its name.
        pub name: String,
        /// Heads.
        #[merge(sum)]
        pub cattle: i64,
    }

    /// A visit.
    #[derive(Debug, Syncable)]
    pub(crate) struct Visit {
        /// Its id.
        pub id: Id<Visit>,
        /// What it was like.
        pub weather: String,
        /// The holding.
        #[parent(Holding)]
        pub farm_id: Id<Holding>,
        /// From before there was Windrow.
        pub legacy: Option<String>,
        /// What was seen.
        #[merge(review)]
        pub remarks: Option<String>,
        /// Out of 255.
        pub score: u8,
    }

    /// A photograph.
    #[derive(Debug, Syncable)]
    pub(crate) struct Photo {
        /// Its id.
        pub id: Id<Photo>,
        /// When.
        #[parent(Visit, on_delete = cascade)]
        pub visit_id: Id<Visit>,
    }

    windrow::domain!(pub(crate) V3 = [Photo, Visit, Holding]);
}

/// A field went, another holds more, and their order is another.
pub(crate) mod v4 {
    use windrow::{Id, Syncable};

    pub(crate) use super::v3::Holding;

    /// A visit.
    #[derive(Debug, Syncable)]
    pub(crate) struct Visit {
        /// Its id.
        pub id: Id<Visit>,
        /// Out of as many as one likes.
        pub score: i32,
        /// What was seen.
        #[merge(review)]
        pub remarks: Option<String>,
        /// What it was like.
        pub weather: String,
        /// The holding.
        #[parent(Holding)]
        pub farm_id: Id<Holding>,
    }

    /// A photograph.
    #[derive(Debug, Syncable)]
    pub(crate) struct Photo {
        /// Its id.
        pub id: Id<Photo>,
        /// When.
        #[parent(Visit, on_delete = cascade)]
        pub visit_id: Id<Visit>,
    }

    windrow::domain!(pub(crate) V4 = [Photo, Visit, Holding]);
}

/// A table went, and what had to be said may be left open.
pub(crate) mod v5 {
    use windrow::{Id, Syncable};

    pub(crate) use super::v3::Holding;

    /// A visit.
    #[derive(Debug, Syncable)]
    pub(crate) struct Visit {
        /// Its id.
        pub id: Id<Visit>,
        /// Out of as many as one likes.
        pub score: i32,
        /// What was seen.
        #[merge(review)]
        pub remarks: Option<String>,
        /// What it was like, if somebody knows.
        pub weather: Option<String>,
        /// The holding.
        #[parent(Holding)]
        pub farm_id: Id<Holding>,
    }

    windrow::domain!(pub(crate) V5 = [Visit, Holding]);
}

/// The versions, oldest first.
fn versions() -> [&'static Domain; 5] {
    [&v1::V1, &v2::V2, &v3::V3, &v4::V4, &v5::V5]
}

/// What the version after calls otherwise.
fn renamed(version: usize) -> &'static [Renamed] {
    match version {
        2 => &[
            Renamed { table: "farm", field: None, to: "holding" },
            Renamed { table: "visit", field: Some("notes"), to: "remarks" },
        ],
        _ => &[],
    }
}

/// What a migration would know of the default of a field that came.
fn with_default(table: &Table) -> Table {
    let mut fields = table.fields.to_vec();
    for field in fields.iter_mut().filter(|f| f.name == "weather") {
        field.default = Some(Literal::Text("unknown"));
    }
    Table { fields: fields.leak(), ..*table }
}

/// A version, 1 to 5, with those before it.
pub(crate) fn version(number: usize) -> &'static Domain {
    let domain = versions()[number - 1];
    let tables = domain.tables.iter().map(|t| &*Box::leak(Box::new(with_defaults(t)))).collect::<Vec<_>>().leak();
    // No file migrates here.
    let migration = Migration { name: "", device: "", hub: "", copies: false };
    let earlier = (1..number).map(|n| {
        let tables = versions()[n - 1].tables.iter().map(|t| t.model).collect::<Vec<_>>().leak();
        Earlier { model: wire::Earlier { tables, renamed: renamed(n) }, migration }
    });
    Box::leak(Box::new(Domain { name: domain.name, tables, earlier: earlier.collect::<Vec<_>>().leak() }))
}

fn with_defaults(table: &windrow::domain::Table) -> windrow::domain::Table {
    windrow::domain::Table { model: with_default(&table.model), ..*table }
}
