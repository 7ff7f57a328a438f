use windrow::{Id, Syncable};

struct Place {
    lat: f64,
}

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    #[syncable(json)]
    place: Place,
}

fn main() {}
