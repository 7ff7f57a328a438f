//! The tables of a page: what stands between `<!-- figures:NAME -->` and `<!-- /figures -->` is written here, what stands
//! outside by people.

use super::Failure;
use super::report::{Figure, OURS, Promise, grouped};
use super::sections::{COMPARED, Compared, PEERS, SECTIONS, Section, aim};
use std::fmt::{Display, Formatter};
use std::ops::Range;
use windrow::Timestamp;

const BEGIN: &str = "<!-- figures:";
const BEGUN: &str = " -->\n";
const END: &str = "<!-- /figures -->";

/// When, where and how figures were measured.
#[derive(Debug)]
pub struct Run {
    /// How often what is timed was repeated.
    pub rounds: usize,
    /// On which records.
    pub records: usize,
}

impl Display for Run {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cpu = read("/proc/cpuinfo");
        let cpu = cpu.lines().filter_map(|l| l.split_once(": ")).find(|(name, _)| name.starts_with("model name"));
        let day = Timestamp::now().to_string();
        write!(f, "{}, ", day.split('T').next().unwrap_or_default())?;
        write!(f, "{cores} cores of {}, ", cpu.map_or(std::env::consts::ARCH, |(_, name)| name.trim()))?;
        write!(f, "{} {}, ", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim())?;
        write!(
            f,
            "SQLite {}, {} rounds, {} records",
            windrow::rusqlite::version(),
            self.rounds,
            grouped(self.records as f64)
        )
    }
}

/// A pair of markers, and where it is in its page.
#[derive(Debug)]
pub struct Block {
    /// The table's name.
    pub name: String,
    /// What stands between the markers.
    pub inside: Range<usize>,
}

/// The blocks of a page.
///
/// # Errors
/// A marker without its other half: its line.
pub fn blocks(page: &str) -> Result<Vec<Block>, Failure> {
    let (mut blocks, mut from) = (Vec::new(), 0);
    while let Some(begin) = page[from..].find(BEGIN).map(|at| from + at) {
        let line = page[..begin].lines().count() + 1;
        let torn = || Failure::from(format!("line {line}: this marker has no `{END}`"));
        let name = begin + BEGIN.len();
        let inside = page[name..].find(BEGUN).map(|at| name + at).ok_or_else(torn)?;
        let start = inside + BEGUN.len();
        let end = page[start..].find(END).map(|at| start + at).ok_or_else(torn)?;
        if page[start..end].contains(BEGIN) {
            return Err(torn());
        }
        blocks.push(Block { name: page[name..inside].to_owned(), inside: start..end });
        from = end + END.len();
    }
    Ok(blocks)
}

/// The page, with these figures in its tables. A table of which not all was measured stays as it is.
///
/// # Errors
/// A marker without its other half, or with a name that no table has.
pub fn written(page: &str, figures: &[Figure], run: &Run) -> Result<String, Failure> {
    let mut text = page.to_owned();
    for block in blocks(page)?.into_iter().rev() {
        let section = SECTIONS.iter().find(|s| s.name == block.name);
        let table = match section {
            Some(section) => table(section, figures),
            None if block.name == PEERS => beside(figures),
            None => return Err(format!("there is no table {:?}", block.name).into()),
        };
        if let Some(table) = table {
            text.replace_range(block.inside, &format!("\n{table}\n*{run}.*\n\n"));
        }
    }
    Ok(text)
}

/// The table, if all of it was measured.
fn table(section: &Section, figures: &[Figure]) -> Option<String> {
    let find = |name: &&str| figures.iter().find(|f| f.figure == *name && f.peer == OURS);
    let rows: Vec<&Figure> = section.figures.iter().map(find).collect::<Option<_>>()?;
    let head = format!(
        "| | figure | ours | {} | promised | aim |\n|---|---|---|---|---|---|\n",
        match section.compared {
            Compared::Plain => "against plain",
            Compared::Json => "of full JSON",
        }
    );
    Some(head + &rows.into_iter().map(|figure| row(section, figure)).collect::<String>())
}

/// The table in which others stand beside us, each in a row, if they were measured: ratios of times and files, then bytes.
fn beside(figures: &[Figure]) -> Option<String> {
    let mut peers: Vec<&str> = Vec::new();
    for figure in figures.iter().filter(|f| COMPARED.contains(&f.figure)) {
        if !peers.contains(&&*figure.peer) {
            peers.push(&figure.peer);
        }
    }
    let cell = |peer: &str, name: &str| {
        let figure = figures.iter().find(|f| f.figure == name && f.peer == peer);
        figure.map_or_else(String::new, |figure| match name.starts_with("w3") {
            true => grouped(figure.value),
            false => figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        })
    };
    let line = |first: &str, cells: Vec<String>| format!("| {first} | {} |\n", cells.join(" | "));
    let head = line("", COMPARED.iter().map(|name| format!("`{name}`")).collect());
    let rows = peers.iter().map(|peer| line(peer, COMPARED.iter().map(|name| cell(peer, name)).collect()));
    let rule = format!("|---{}|\n", "|---".repeat(COMPARED.len()));
    (peers.len() > 1).then(|| head + &rule + &rows.collect::<String>())
}

fn row(section: &Section, figure: &Figure) -> String {
    let promised = figure.promise.map_or_else(String::new, |p| format!("at most {}", bound(p)));
    let aim = aim(figure.figure).map_or_else(String::new, |aim| match figure.is_within(aim) {
        true => bound(aim),
        false => format!("{}, not yet", bound(aim)),
    });
    let (name, ratio) = (figure.figure, ratio(section, figure));
    format!("| {} | `{name}` | {} | {ratio} | {promised} | {aim} |\n", figure.meaning, value(figure))
}

fn value(figure: &Figure) -> String {
    match figure.unit {
        "bytes" => grouped(figure.value),
        unit => format!("{:.1} {unit}", figure.value),
    }
}

fn ratio(section: &Section, figure: &Figure) -> String {
    match (figure.ratio, figure.spread, &section.compared) {
        (None, _, _) => String::new(),
        (Some(ratio), Some((least, most)), _) => format!("{ratio:.2} ({least:.2} to {most:.2})"),
        (Some(ratio), None, Compared::Json) => format!("{:.1} %", ratio * 100.0),
        (Some(ratio), None, Compared::Plain) => format!("{ratio:.2}"),
    }
}

fn bound(promise: Promise) -> String {
    match promise {
        Promise::Value(most) => grouped(most),
        Promise::Ratio(most) => most.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const RUN: Run = Run { rounds: 3, records: 1_000 };

    fn files() -> Vec<Figure> {
        let figure = |name, value: f64| Figure::new(name, value, "bytes", "a file");
        vec![
            figure("w5", 20_578_304.0).ratio(1.0).promise(Promise::Ratio(1.1)),
            figure("w5_logged", 987.0).ratio(1.934),
        ]
    }

    /// Prose that somebody wrote is lost, or a table is written twice.
    #[test]
    fn what_stands_outside_the_markers_stays() {
        let page = "# Page\n\n<!-- figures:files -->\nold\n<!-- /figures -->\n\nProse.\n";
        let text = written(page, &files(), &RUN).unwrap();
        assert!(text.starts_with("# Page\n\n<!-- figures:files -->\n\n| | figure |"), "{text}");
        assert!(text.ends_with(" 3 rounds, 1,000 records.*\n\n<!-- /figures -->\n\nProse.\n"), "{text}");
        assert!(text.contains("| a file | `w5` | 20,578,304 | 1.00 | at most 1.1 | 1.02 |\n"), "{text}");
        assert!(text.contains("| a file | `w5_logged` | 987 | 1.93 |  | 1.9, not yet |\n"), "{text}");
        assert_eq!(written(&text, &files(), &RUN).unwrap(), text);
    }

    /// Others' figures get into our tables, or ours into theirs.
    #[test]
    fn others_stand_beside_us() {
        let page = "<!-- figures:peers -->\n<!-- /figures -->\n<!-- figures:files -->\n<!-- /figures -->\n";
        let other = Figure { peer: "loro".into(), ..Figure::new("w3a", 112.0, "bytes", "") };
        let ours = Figure::new("w5", 99.0, "bytes", "").ratio(1.004);
        let text = written(page, &[ours, other], &RUN).unwrap();
        assert!(
            text.contains("\n| ours |  |  |  | 1.00 |  |  |  |  |\n| loro |  |  |  |  | 112 |  |  |  |\n"),
            "{text}"
        );
        assert!(text.ends_with("<!-- figures:files -->\n<!-- /figures -->\n"), "{text}");
    }

    /// A run of one figure empties the table in which it stands.
    #[test]
    fn a_table_of_which_not_all_was_measured_stays() {
        let page = "<!-- figures:files -->\nold\n<!-- /figures -->\n";
        assert_eq!(written(page, &files()[1..], &RUN).unwrap(), page);
    }

    /// A marker that somebody mistyped swallows the rest of the page.
    #[test]
    fn a_marker_without_its_other_half_is_an_error() {
        let said = |page: &str| written(page, &files(), &RUN).unwrap_err().to_string();
        assert!(said("a\n\n<!-- figures:files -->\nb\n").starts_with("line 3: "));
        let two = "<!-- figures:files -->\n<!-- figures:files -->\n<!-- /figures -->\n";
        assert!(said(two).starts_with("line 1: "));
        assert_eq!(said("<!-- figures:fils -->\n<!-- /figures -->\n"), "there is no table \"fils\"");
    }
}
