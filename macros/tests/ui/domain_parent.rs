use windrow::{Id, Syncable, domain};

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
}

#[derive(Syncable)]
struct Plot {
    id: Id<Plot>,
    #[parent(Farm)]
    farm_id: Id<Farm>,
}

domain!(SURVEY = [Plot]);

fn main() {}
