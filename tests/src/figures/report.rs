//! How figures are shown: a table for people, JSON for programs.

use super::sections::aim;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured, by a name that stays: `w3b_up`.
    pub figure: &'static str,
    /// Of whom: `ours`, or another's name.
    pub peer: Cow<'static, str>,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// Against what it is compared with: the plain table, or full JSON. None where there is nothing to compare.
    pub ratio: Option<f64>,
    /// The least and the greatest ratio of the rounds, where there were several.
    #[serde(skip)]
    pub spread: Option<(f64, f64)>,
    /// What was measured, in words.
    #[serde(skip)]
    pub meaning: &'static str,
    /// What is promised, if anything is.
    #[serde(skip)]
    pub promise: Option<Promise>,
}

/// The peer that is Windrow.
pub const OURS: &str = "ours";

/// What a figure must not exceed: what is promised of it, or where we want it to be.
#[derive(Debug, Clone, Copy)]
pub enum Promise {
    /// Its value.
    Value(f64),
    /// Its ratio.
    Ratio(f64),
}

impl Figure {
    /// A figure that is compared with nothing and promises nothing.
    pub fn new(figure: &'static str, value: f64, unit: &'static str, meaning: &'static str) -> Figure {
        Figure { figure, peer: Cow::Borrowed(OURS), value, unit, ratio: None, spread: None, meaning, promise: None }
    }

    /// With this ratio.
    pub fn ratio(self, ratio: f64) -> Figure {
        Figure { ratio: Some(ratio), ..self }
    }

    /// With a promise.
    pub fn promise(self, promise: Promise) -> Figure {
        Figure { promise: Some(promise), ..self }
    }

    /// Whether it keeps what it promises. One that promises nothing does.
    pub fn is_kept(&self) -> bool {
        self.promise.is_none_or(|promise| self.is_within(promise))
    }

    /// Whether it does not exceed this.
    pub fn is_within(&self, promise: Promise) -> bool {
        match promise {
            Promise::Value(most) => self.value <= most,
            Promise::Ratio(most) => self.ratio.is_some_and(|ratio| ratio <= most),
        }
    }
}

/// Writes one JSON object a line: `figure`, `peer`, `value`, `unit`, `ratio` (null where there is none).
///
/// # Errors
/// An output that takes no more.
pub fn write_json(out: &mut impl Write, figures: &[Figure]) -> io::Result<()> {
    for figure in figures {
        writeln!(out, "{}", serde_json::to_string(figure)?)?;
    }
    Ok(())
}

/// Writes a table.
///
/// # Errors
/// An output that takes no more.
pub fn write_table(out: &mut impl Write, figures: &[Figure]) -> io::Result<()> {
    let lines: Vec<[String; 6]> =
        std::iter::once(["figure", "value", "ratio", "promised", "aim", "what it is"].map(str::to_owned))
            .chain(figures.iter().map(line))
            .collect();
    let width = |column: usize| lines.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(width);
    lines.iter().try_for_each(|[figure, value, ratio, promise, aim, meaning]| {
        writeln!(out, "{figure:a$}  {value:>b$}  {ratio:>c$}  {promise:>d$}  {aim:>e$}  {meaning}")
    })
}

fn line(figure: &Figure) -> [String; 6] {
    let name = figure.figure.to_owned();
    let meaning = if figure.peer == OURS { figure.meaning } else { &figure.peer };
    [name, value(figure), ratio(figure), promise(figure), aimed(figure), meaning.to_owned()]
}

fn value(figure: &Figure) -> String {
    match figure.unit {
        "bytes" => format!("{:.0} bytes", figure.value),
        unit => format!("{:.2} {unit}", figure.value),
    }
}

fn ratio(figure: &Figure) -> String {
    match (figure.ratio, figure.spread) {
        (None, _) => String::new(),
        (Some(ratio), None) => format!("{ratio:.4}"),
        (Some(ratio), Some((least, most))) => format!("{ratio:.2} ({least:.2} to {most:.2})"),
    }
}

fn promise(figure: &Figure) -> String {
    figure.promise.map_or_else(String::new, |promise| bound(figure, promise, "MISSED"))
}

/// Where we want it to be. Others are not ours to move.
fn aimed(figure: &Figure) -> String {
    let aim = aim(figure.figure).filter(|_| figure.peer == OURS);
    aim.map_or_else(String::new, |aim| bound(figure, aim, "not yet"))
}

/// A whole number, its thousands apart.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap_or_default()).collect();
    parts.join(",")
}

/// What it must not exceed, and a word where it does.
fn bound(figure: &Figure, promise: Promise, exceeded: &str) -> String {
    let most = match promise {
        Promise::Value(most) => format!("<= {most} {}", figure.unit),
        Promise::Ratio(most) => format!("<= {most}"),
    };
    if figure.is_within(promise) { most } else { format!("{most} {exceeded}") }
}
