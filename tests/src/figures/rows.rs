//! Rows for the figures: random, and the same for a seed on every machine.
//!
//! They are made like those of a real survey in what makes data small or large: a long tail of repeated farms, workers
//! and crops, notes that people wrote, amounts that cluster, places near their farm, times that ascend.

use super::notes;
use super::visit::Visit;
use fastrand::Rng;
use windrow::Id;
use windrow::rusqlite::types::Value;

const FARMS: usize = 2_400;
const WORKERS: usize = 70;
/// From where on visits happen: 1 March 2026.
const START: i64 = 1_772_323_200_000;
/// The mean time between two visits, in milliseconds. 100,000 take half a year.
const BETWEEN: f64 = 154_000.0;
/// The mean time from a visit to its report, in milliseconds.
const REPORTED_AFTER: f64 = 900_000.0;

const DISTRICTS: [(&str, f64, f64); 8] = [
    ("ALD", -0.47, 37.45),
    ("BRK", 0.56, 34.55),
    ("CNR", -3.55, 39.85),
    ("DEN", 1.02, 35.01),
    ("FLO", -1.07, 34.47),
    ("GRA", -1.50, 37.27),
    ("HOL", -0.42, 36.95),
    ("LIM", 0.15, 34.27),
];
const FIRST_NAMES: [&str; 14] = [
    "abel", "beth", "cyrus", "dinah", "elim", "fridah", "gideon", "halima", "isaac", "judith", "kevin", "lydia",
    "moses", "naomi",
];
const LAST_NAMES: [&str; 10] =
    ["achieng", "cheruiyot", "juma", "karanja", "kimani", "mwende", "ndungu", "onyango", "wafula", "wekesa"];
const CROPS: [(&str, u32); 15] = [
    ("maize", 29),
    ("cassava", 12),
    ("sorghum", 9),
    ("groundnut", 8),
    ("beans", 8),
    ("cowpea", 6),
    ("sweet potato", 6),
    ("pigeon pea", 5),
    ("finger millet", 4),
    ("rice", 3),
    ("sunflower", 3),
    ("green gram", 3),
    ("cotton", 2),
    ("sesame", 1),
    ("banana", 1),
];
const STATUSES: [(&str, u32); 5] =
    [("submitted", 48), ("verified", 30), ("draft", 12), ("flagged", 7), ("rejected", 3)];

/// A farm: where it is, who visits it, what it grows.
#[derive(Debug)]
struct Farm {
    code: String,
    lat: f64,
    lon: f64,
    workers: [usize; 2],
    crops: [&'static str; 3],
}

/// Visits without end, in order of time.
#[derive(Debug)]
pub struct Rows {
    rng: Rng,
    workers: Vec<String>,
    farms: Vec<Farm>,
    now: i64,
}

impl Rows {
    /// The rows of a seed.
    pub fn new(seed: u64) -> Rows {
        let mut rng = Rng::with_seed(seed);
        let names = FIRST_NAMES.iter().flat_map(|first| LAST_NAMES.iter().map(move |last| format!("{first}.{last}")));
        let workers = rng.choose_multiple(names, WORKERS);
        let farms = (0..FARMS).map(|number| farm(&mut rng, number)).collect();
        Rows { rng, workers, farms, now: START }
    }

    /// The time of the last visit, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Gives a visit another status or another number of bags.
    pub(super) fn other_state(&mut self, visit: &mut Visit) -> (&'static str, Value) {
        let which = self.rng.u8(..2) * 60;
        self.value_of(which, visit)
    }

    /// Gives one field of a visit another value: mostly its status or its bags, now and then its yield or its notes.
    pub(super) fn other_value(&mut self, visit: &mut Visit) -> (&'static str, Value) {
        let which = self.rng.u8(..100);
        self.value_of(which, visit)
    }

    /// `which`, of 100, says what.
    fn value_of(&mut self, which: u8, visit: &mut Visit) -> (&'static str, Value) {
        match which {
            0..47 => {
                let before = std::mem::take(&mut visit.status);
                while visit.status.is_empty() || visit.status == before {
                    visit.status = weighted(&mut self.rng, &STATUSES).to_owned();
                }
                ("status", Value::Text(visit.status.clone()))
            }
            47..80 => {
                let other = visit.bags + self.rng.i64(-3..3);
                visit.bags = if other >= visit.bags { other + 1 } else { other };
                ("bags", Value::Integer(visit.bags))
            }
            80..90 => {
                visit.yield_kg = round(visit.yield_kg + 0.1 + spread(&mut self.rng, 50.0), 1);
                ("yield_kg", Value::Real(visit.yield_kg))
            }
            _ => {
                visit.notes = notes::note(&mut self.rng);
                ("notes", Value::Text(visit.notes.clone()))
            }
        }
    }

    /// So many of these, none twice, in random order.
    pub(super) fn choose<'a, T>(&mut self, from: &'a mut [T], count: usize) -> Vec<&'a mut T> {
        let mut chosen: Vec<_> = from.iter_mut().collect();
        self.rng.shuffle(&mut chosen);
        chosen.truncate(count);
        chosen
    }

    /// A random number below `end`, from the rows' own source.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.rng.usize(..end)
    }
}

impl Iterator for Rows {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let farm = &self.farms[self.rng.usize(..FARMS)];
        let rng = &mut self.rng;
        self.now += spread(rng, BETWEEN) as i64;
        let yield_kg = round(spread(rng, 440.0) + spread(rng, 440.0), 1);
        Some(Visit {
            id: id(rng),
            farm_id: farm.code.clone(),
            // Most visits to a farm are its first worker's, and of its first crop.
            worker: self.workers[farm.workers[usize::from(rng.u8(..) < 40)]].clone(),
            crop: farm.crops[rng.usize(..3).min(rng.usize(..3))].to_owned(),
            notes: notes::note(rng),
            yield_kg,
            bags: (yield_kg / (85.0 + 20.0 * rng.f64())).round() as i64,
            status: weighted(rng, &STATUSES).to_owned(),
            lat: near(rng, farm.lat, 0.0015),
            lon: near(rng, farm.lon, 0.0008),
            recorded_at: self.now,
            updated_at: self.now + spread(rng, REPORTED_AFTER) as i64,
        })
    }
}

fn farm(rng: &mut Rng, number: usize) -> Farm {
    let (district, lat, lon) = DISTRICTS[rng.usize(..DISTRICTS.len())];
    Farm {
        code: format!("{district}-{number:04}"),
        lat: near(rng, lat, 0.35),
        lon: near(rng, lon, 0.35),
        workers: [rng.usize(..WORKERS), rng.usize(..WORKERS)],
        crops: [weighted(rng, &CROPS), weighted(rng, &CROPS), weighted(rng, &CROPS)],
    }
}

/// An id that tells nothing: a UUID of version 4.
fn id(rng: &mut Rng) -> Id<Visit> {
    let random = rng.u128(..) & !(0xf << 76) & !(0b11 << 62);
    Id::from_bytes((random | 4 << 76 | 0b10 << 62).to_be_bytes())
}

/// One of these, each as often as its weight says.
fn weighted(rng: &mut Rng, choices: &[(&'static str, u32)]) -> &'static str {
    let all: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.u32(..all);
    for (choice, weight) in choices {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return choice,
        }
    }
    ""
}

/// An amount around this mean: exponentially distributed.
fn spread(rng: &mut Rng, mean: f64) -> f64 {
    -mean * (1.0 - rng.f64()).ln()
}

/// Degrees around a middle, with six decimals: about ten centimetres.
fn near(rng: &mut Rng, middle: f64, within: f64) -> f64 {
    round(middle + within * (2.0 * rng.f64() - 1.0), 6)
}

fn round(x: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (x * unit).round() / unit
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::figures::visit::json;
    use std::collections::HashSet;

    #[test]
    fn rows_are_the_same_for_a_seed() {
        let of = |seed| Rows::new(seed).take(50).collect::<Vec<_>>();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn rows_are_as_wide_and_as_various_as_a_survey() {
        let rows: Vec<Visit> = Rows::new(7).take(20_000).collect();
        let count = |of: fn(&Visit) -> &str| rows.iter().map(of).collect::<HashSet<_>>().len();
        assert_eq!((count(|v| &v.crop), count(|v| &v.status), count(|v| &v.worker)), (15, 5, WORKERS));
        assert!((2_350..=FARMS).contains(&count(|v| &v.farm_id)));
        assert!(count(|v| &v.notes) > 19_900);
        let note = rows.iter().map(|v| v.notes.len()).sum::<usize>() / rows.len();
        assert!((88..98).contains(&note), "{note}");
        let width = json(&rows).unwrap().len() / rows.len();
        assert!((330..360).contains(&width), "{width}");
    }
}
