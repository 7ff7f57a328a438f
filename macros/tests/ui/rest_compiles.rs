//! One mistake, one message: whatever uses the struct still compiles.

use windrow::{Id, Syncable, SyncableEnum, domain};

#[derive(Clone, Copy, SyncableEnum)]
enum Status {
    Draft,
    Sent(u8),
}

#[derive(Clone, Syncable)]
struct Farm {
    id: Id<Farm>,
    status: Status,
    size: f32,
}

#[derive(Syncable)]
struct Plot {
    id: Id<Plot>,
    #[parent(Farm)]
    farm_id: Id<Farm>,
    status: Status,
}

domain!(SURVEY = [Farm, Plot]);

fn main() {
    let farm = Farm { id: Id::new(), status: Status::Draft, size: 1.0 };
    let _ = (farm.to_values(), farm.id(), Farm::TABLE, Plot::from_values(Id::new(), vec![]), SURVEY.tables);
}
