//! Columns of reals, exact to the bit.

use super::alike::Manner;
use crate::codec::read::{Reader, Result};
use crate::codec::write::Writer;

/// Decimal places up to which a column is tried as decimals.
const MOST_PLACES: u8 = 12;
/// In place of decimal places: the values are the bits of doubles.
const BITS: u8 = 0xff;
/// Integers below this are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A column as integers. Where every value is a decimal of few places, as people and sensors write them, these are units
/// of the last place; else the bits of each.
#[derive(Debug)]
pub(super) struct Reals {
    places: u8,
    pub(super) integers: Vec<i64>,
}

impl Reals {
    pub(super) fn of(reals: &[f64]) -> Reals {
        let decimals = (0..=MOST_PLACES).find_map(|places| Some((places, scaled(reals, places)?)));
        let bits = || (BITS, reals.iter().map(|x| x.to_bits() as i64).collect());
        let (places, integers) = decimals.unwrap_or_else(bits);
        Reals { places, integers }
    }

    /// Writes what they are in; the integers follow.
    pub(super) fn write_places(&self, w: &mut Writer) {
        w.byte(self.places);
    }
}

/// Reads `n` reals.
pub(super) fn read(r: &mut Reader<'_>, n: usize, manner: Manner<'_>) -> Result<Vec<f64>> {
    let places = r.byte()?;
    if places > MOST_PLACES && places != BITS {
        return r.malformed("too many decimal places");
    }
    let values = manner.read(r, n)?.into_iter();
    Ok(match places {
        BITS => values.map(|bits| f64::from_bits(bits as u64)).collect(),
        _ => values.map(|units| unscaled(units, places)).collect(),
    })
}

fn scaled(reals: &[f64], places: u8) -> Option<Vec<i64>> {
    reals.iter().map(|&x| exact_units(x, places)).collect()
}

fn exact_units(real: f64, places: u8) -> Option<i64> {
    let units = (real * power(places)).round();
    let exact = units.abs() < EXACT && unscaled(units as i64, places).to_bits() == real.to_bits();
    exact.then_some(units as i64)
}

/// Division rounds correctly, so this is the double nearest to the decimal, on every machine.
fn unscaled(units: i64, places: u8) -> f64 {
    units as f64 / power(places)
}

fn power(places: u8) -> f64 {
    10u64.pow(places.into()) as f64
}
