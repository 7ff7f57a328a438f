use windrow::{Date, Id, Syncable};

/// Where the gate of a farm is. Latitude and longitude are one thing.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[merge(lww)]
pub struct Gate {
    /// Its id.
    pub id: Id<Gate>,
    /// North of the equator, in degrees.
    pub latitude: f64,
    /// East of Greenwich, in degrees.
    pub longitude: f64,
}

/// What a vet prescribed. A medicine and its dose are one decision.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[merge(review)]
pub struct Treatment {
    /// Its id.
    pub id: Id<Treatment>,
    /// Which medicine.
    pub medicine: String,
    /// How much of it.
    pub dose_ml: i64,
}

/// A rainy season.
#[derive(Debug, Clone, PartialEq, Syncable)]
pub struct Season {
    /// Its id.
    pub id: Id<Season>,
    /// In which year.
    pub year: i32,
    /// The first rain that anybody saw.
    #[merge(min)]
    pub first_rain: Option<Date>,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = drop)]
pub struct Task {
    /// Its id.
    pub id: Id<Task>,
    /// What.
    pub what: String,
}
