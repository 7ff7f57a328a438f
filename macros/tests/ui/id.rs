use windrow::{Id, Syncable};

#[derive(Syncable)]
struct Farm {
    #[index]
    #[syncable(rename = "key")]
    id: u64,
    name: String,
}

#[derive(Syncable)]
struct Plot {
    id: Id<Farm>,
    name: String,
}

fn main() {}
