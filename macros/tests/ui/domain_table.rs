use windrow::{Id, Syncable, domain};

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
}

#[derive(Syncable)]
#[syncable(table = "FARM")]
struct Plot {
    id: Id<Plot>,
    name: String,
}

domain!(SURVEY = [Farm, Plot]);
domain!(TWICE = [Farm, Farm]);

fn main() {}
