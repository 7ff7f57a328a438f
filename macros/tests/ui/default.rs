use windrow::{Date, Decimal, Id, Syncable, Timestamp};

#[derive(Syncable)]
#[syncable(was = farms, default = 1)]
struct A {
    #[syncable(was = "key", default = 1)]
    id: Id<A>,
    #[syncable(default = 128)]
    a: i8,
    #[syncable(default = "1")]
    b: i64,
    #[syncable(default = 1u8)]
    c: i64,
    #[syncable(default = f64::MAX)]
    d: f64,
    #[syncable(default = 1e999)]
    e: f64,
    #[syncable(default = 0.125)]
    f: Decimal<2>,
    #[syncable(default = "2023-02-29")]
    g: Date,
    #[syncable(default = "2023")]
    h: Timestamp,
    #[syncable(default = "a\0b")]
    i: String,
    #[syncable(default = "")]
    j: Vec<u8>,
    #[syncable(json, default = "[1]")]
    k: Vec<i64>,
    #[parent(A)]
    #[syncable(default = 0)]
    l: Option<Id<A>>,
    #[syncable(default = 1, default = 2)]
    m: bool,
    #[syncable(was = "x", was = "y")]
    n: i64,
}

fn main() {}
