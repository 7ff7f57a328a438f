use windrow::{Decimal, Id, Syncable};

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    #[merge]
    a: i64,
    #[merge(summ)]
    b: i64,
    #[merge("sum")]
    c: i64,
    #[merge(sum)]
    d: i32,
    #[merge(sum)]
    e: f64,
    #[merge(sum)]
    f: String,
    #[merge(sum)]
    g: Option<Decimal<2>>,
    #[merge(max)]
    h: String,
    #[merge(min)]
    i: Vec<u8>,
}

#[derive(Syncable)]
#[merge(sum)]
struct Plot {
    id: Id<Plot>,
    bags: i64,
}

#[derive(Syncable)]
#[merge(review)]
struct Visit {
    id: Id<Visit>,
    #[merge(max)]
    bags: i64,
}

fn main() {}
