use windrow::{Id, Syncable};

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    #[unique]
    #[merge(sum)]
    cattle: i64,
    #[unique]
    #[syncable(json)]
    tags: Vec<String>,
}

fn main() {}
