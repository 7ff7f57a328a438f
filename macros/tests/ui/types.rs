use std::collections::HashMap;
use windrow::{Decimal, Id, Syncable};

const PLACES: u8 = 2;

#[derive(Syncable)]
struct Farm {
    id: Id<Farm>,
    a: u64,
    b: Option<usize>,
    c: f32,
    d: char,
    e: &'static str,
    f: Vec<String>,
    g: HashMap<String, i64>,
    h: (f64, f64),
    i: Option<Option<i64>>,
    j: Decimal<19>,
    k: Decimal<PLACES>,
    l: [u8; 4],
    m: Vec,
    n: Id,
    o: Decimal,
    p: i128,
}

fn main() {}
