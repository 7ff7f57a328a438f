use windrow::Syncable;

#[derive(Syncable)]
struct Farm {
    name: String,
}

fn main() {}
