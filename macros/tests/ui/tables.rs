use windrow::{Id, Syncable};

#[derive(Syncable)]
#[syncable(table = "Windrow_farm")]
struct A {
    id: Id<A>,
    name: String,
}

#[derive(Syncable)]
#[syncable(table = "sqlite_farm")]
struct B {
    id: Id<B>,
    name: String,
}

#[derive(Syncable)]
#[syncable(table = "")]
struct C {
    id: Id<C>,
    name: String,
}

#[derive(Syncable)]
#[syncable(table = "a\0b")]
struct D {
    id: Id<D>,
    name: String,
}

#[derive(Syncable)]
struct Old {
    id: Id<Old>,
    name: String,
}

fn main() {}
