use windrow::{Id, Syncable, domain};

#[derive(Syncable)]
struct Visit {
    id: Id<Visit>,
    #[parent(Plot)]
    plot_id: Id<Plot>,
}

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    #[parent(Farm)]
    part_of: Option<Id<Farm>>,
    #[parent(Plot)]
    best: Option<Id<Plot>>,
}

#[derive(Syncable)]
struct Plot {
    id: Id<Plot>,
    #[parent(Farm)]
    farm_id: Id<Farm>,
}

domain!(SURVEY = [Visit, Farm, Plot]);

fn main() {}
