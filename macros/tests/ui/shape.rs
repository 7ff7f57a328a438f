use windrow::{Id, Syncable};

#[derive(Syncable)]
struct Farm<T> {
    id: Id<Farm<T>>,
    name: T,
}

#[derive(Syncable)]
struct Pair(Id<Pair>, String);

#[derive(Syncable)]
enum Crop {
    Maize,
}

#[derive(Syncable)]
union Either {
    id: u64,
    other: f64,
}

#[derive(Syncable)]
struct Nothing {
    id: Id<Nothing>,
}

fn main() {}
