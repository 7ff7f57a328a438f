//! What a team would use instead, measured on the same workload: `tests/peers/setup.sh` sets them up.

use super::Failure;
use super::report::Figure;
use super::sections::SECTIONS;
use serde::Deserialize;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Rounds of what is timed: some peers take twenty times as long as a plain table.
const ROUNDS: usize = 3;

/// Measures the peers that are set up.
#[derive(Debug)]
pub struct Peers<'a> {
    /// The folder with the workload's files.
    pub workload: &'a Path,
    /// Where their files are for so long.
    pub dir: &'a Path,
    /// How often what is timed is repeated; three times at most.
    pub rounds: usize,
}

/// What a program of peers says in a line.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    Figure {
        figure: String,
        peer: String,
        value: f64,
        unit: String,
        ratio: Option<f64>,
        least: Option<f64>,
        most: Option<f64>,
    },
    Missing {
        missing: String,
        why: String,
    },
}

impl Peers<'_> {
    /// Measures. Peers that can't be run are said on standard error; the rest runs.
    ///
    /// # Errors
    /// A program that can't be started, or says what is no figure.
    pub fn measure(&self) -> Result<Vec<Figure>, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (set_up, driver) = (root.join("../target/peers"), root.join("peers/driver.py"));
        let rounds = self.rounds.min(ROUNDS).to_string();
        let args = [
            driver.as_os_str(),
            "--workload".as_ref(),
            self.workload.as_os_str(),
            "--dir".as_ref(),
            self.dir.as_os_str(),
            "--rounds".as_ref(),
            rounds.as_ref(),
        ];
        let mut figures = said_by(&set_up.join("python/bin/python"), &args)?;
        let documents = set_up.join("documents/release/windrow-peers-documents");
        figures.extend(said_by(&documents, &[self.workload.as_os_str()])?);
        Ok(figures)
    }
}

/// The figures that a program says; none where it was not set up.
fn said_by(program: &Path, args: &[&OsStr]) -> Result<Vec<Figure>, Failure> {
    if !program.exists() {
        eprintln!("missing: {} (tests/peers/setup.sh sets it up)", program.display());
        return Ok(Vec::new());
    }
    let output = Command::new(program).args(args).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        eprintln!("missing: what {} did not come to: {}", program.display(), output.status);
    }
    let figures = String::from_utf8(output.stdout)?.lines().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(figures.into_iter().flatten().collect())
}

/// The figure in a line, unless it says that a peer is missing.
fn read(line: &str) -> Result<Option<Figure>, Failure> {
    let said = serde_json::from_str(line).map_err(|error| format!("{line:?} is no figure: {error}"))?;
    let (figure, peer, value, unit, ratio, spread) = match said {
        Said::Figure { figure, peer, value, unit, ratio, least, most } => {
            (figure, peer, value, unit, ratio, least.zip(most))
        }
        Said::Missing { missing, why } => {
            eprintln!("missing: {missing}: {why}");
            return Ok(None);
        }
    };
    let mut names = SECTIONS.iter().flat_map(|section| section.figures);
    let name = names.find(|name| **name == figure).ok_or_else(|| format!("there is no figure {figure:?}"))?;
    let unit = ["bytes", "µs/row"].into_iter().find(|known| *known == unit);
    let unit = unit.ok_or_else(|| format!("{line:?} has a unit that no figure has"))?;
    Ok(Some(Figure { peer: peer.into(), ratio, spread, ..Figure::new(name, value, unit, "") }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A peer's figure gets into a table under another name, or its ratio gets lost.
    #[test]
    fn what_a_peer_says_is_a_figure_of_its_own() {
        let line = r#"{"figure": "w2", "peer": "loro", "value": 2.5, "unit": "µs/row", "ratio": 1.5, "least": 1.4, "most": 1.6}"#;
        let figure = read(line).unwrap().unwrap();
        assert_eq!((figure.figure, &*figure.peer, figure.value, figure.unit), ("w2", "loro", 2.5, "µs/row"));
        assert_eq!((figure.ratio, figure.spread), (Some(1.5), Some((1.4, 1.6))));
        assert!(read(r#"{"missing": "yrs", "why": "not built"}"#).unwrap().is_none());
        assert!(read(&line.replace("w2", "w9")).unwrap_err().to_string().ends_with("there is no figure \"w9\""));
        assert!(read("{}").is_err());
    }
}
