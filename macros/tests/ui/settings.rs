use windrow::{Id, Syncable};

#[derive(Syncable)]
#[syncable(tabel = "farms", deletes = kep, scop)]
struct A {
    id: Id<A>,
    #[syncable(renam = "x", jsn)]
    name: String,
}

#[derive(Syncable)]
#[syncable(deletes = "keep", json, rename = "x")]
#[parent(A)]
#[unique]
#[index]
struct B {
    id: Id<B>,
    #[syncable(table = "x", deletes = drop, scope)]
    name: String,
    #[syncable(anything)]
    other: String,
}

#[derive(Syncable)]
#[syncable(scope, scope)]
#[syncable(deletes = drop)]
#[syncable(deletes = keep)]
struct C {
    id: Id<C>,
    #[index]
    #[index]
    #[merge(lww)]
    #[merge(lww)]
    name: String,
    #[unique(yes)]
    code: String,
}

fn main() {}
