use windrow::{Id, Syncable};

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
}

#[derive(Syncable)]
struct Plot {
    id: Id<Plot>,
    a: Id<Farm>,
    #[parent(Farm)]
    b: Id<Plot>,
    #[parent(Farm)]
    c: String,
    #[parent(Farm, on_delete = set_null)]
    d: Id<Farm>,
    #[parent(Plot)]
    e: Id<Plot>,
    #[parent]
    f: Id<Farm>,
    #[parent()]
    g: Id<Farm>,
    #[parent(Farm, on_delete = cascde)]
    h: Id<Farm>,
    #[parent(Farm, ondelete = cascade)]
    i: Id<Farm>,
    #[parent(Farm)]
    #[merge(max)]
    j: Id<Farm>,
}

fn main() {}
