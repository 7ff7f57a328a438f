use windrow::{Id, Syncable};

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    windrow_base: i64,
    #[syncable(rename = "ID")]
    key: String,
    rowid: i64,
    name: String,
    #[syncable(rename = "NAME")]
    title: String,
    #[syncable(rename = "")]
    empty: String,
}

fn main() {}
