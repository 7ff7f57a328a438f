//! What the demo tells: a story for people, facts for programs, and the promises that it checks on the way.

use crate::said::Said;
use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value as Json, json};
use std::time::Instant;

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const KEPT: Style = AnsiColor::Green.on_default();
const BROKEN: Style = AnsiColor::Red.on_default().bold();

/// The story so far. Without a listener it only keeps count.
#[derive(Debug)]
pub(crate) struct Report {
    quiet: bool,
    chapters: u32,
    checks: Vec<(String, bool)>,
    facts: Map<String, Json>,
    started: Instant,
}

impl Report {
    /// A story for people, or, where it is to be quiet, facts alone.
    pub(crate) fn new(quiet: bool) -> Report {
        Report { quiet, chapters: 0, checks: Vec::new(), facts: Map::new(), started: Instant::now() }
    }

    fn line(&self, line: impl AsRef<str>) {
        if !self.quiet {
            anstream::println!("{}", line.as_ref().trim_end());
        }
    }

    /// The heading of it all.
    pub(crate) fn title(&self, title: &str) {
        self.line(format!("{BOLD}{title}{BOLD:#}"));
    }

    /// A new chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.chapters += 1;
        self.line(format!("\n{BOLD}{}  {title}{BOLD:#}", self.chapters));
    }

    /// A line of explanation.
    pub(crate) fn note(&self, note: &str) {
        self.line(format!("   {FAINT}{note}{FAINT:#}"));
    }

    /// What somebody did.
    pub(crate) fn did(&self, who: &str, what: impl AsRef<str>) {
        self.line(format!("   {}{who:<6}{:#} {}", color(who), color(who), what.as_ref()));
    }

    /// The line above a table.
    pub(crate) fn head(&self, cells: &str) {
        self.line(format!("     {FAINT}{cells}{FAINT:#}"));
    }

    /// A promise, kept or not.
    pub(crate) fn check(&mut self, kept: bool, promise: impl Into<String>) {
        let promise = promise.into();
        self.check_row(kept, &promise, promise.clone());
    }

    /// A promise, kept or not, shown as a line of a table.
    pub(crate) fn check_row(&mut self, kept: bool, row: &str, promise: impl Into<String>) {
        let (style, mark) = if kept { (KEPT, '✓') } else { (BROKEN, '✗') };
        self.line(format!("   {style}{mark}{style:#} {row}"));
        self.checks.push((promise.into(), kept));
    }

    /// A fact for programs.
    pub(crate) fn fact(&mut self, name: &str, fact: Json) {
        self.facts.insert(name.to_owned(), fact);
    }

    /// The end of it.
    pub(crate) fn finish(mut self) -> Said {
        let (all, broken) = (self.checks.len(), self.checks.iter().filter(|(_, kept)| !kept).count());
        let seconds = self.started.elapsed().as_secs_f64();
        let checks = self.checks.iter().map(|(name, ok)| json!({ "name": name, "ok": ok })).collect();
        self.fact("ok", json!(broken == 0));
        self.fact("checks", Json::Array(checks));
        self.fact("seconds", json!((seconds * 10.0).round() / 10.0));
        let text = match broken {
            0 => format!("\n{KEPT}All {all} promises were kept{KEPT:#}, in {seconds:.1} s."),
            _ => format!("\n{BROKEN}{broken} of {all} promises were broken{BROKEN:#}, in {seconds:.1} s."),
        };
        Said::new(text, Json::Object(self.facts)).only_if(broken == 0)
    }
}

/// Cells side by side, each as wide as is said.
pub(crate) fn columns<const N: usize>(widths: [usize; N], cells: [&str; N]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A number of bytes or records, its thousands apart.
pub(crate) fn thousands(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", thousands(n / 1000), n % 1000) }
}

/// Each of the cast has a colour.
fn color(who: &str) -> Style {
    match who {
        "Ada" => AnsiColor::Cyan.on_default(),
        "Ben" => AnsiColor::Yellow.on_default(),
        "Cleo" => AnsiColor::Magenta.on_default(),
        _ => BOLD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_promise_fails_the_whole() {
        let mut report = Report::new(true);
        report.check(true, "this");
        report.check(false, "that");
        let said = report.finish();
        assert!(!said.ok && said.text.contains("1 of 2 promises were broken"));
        assert_eq!(said.json["ok"], false);
        assert_eq!(said.json["checks"][1], json!({ "name": "that", "ok": false }));
    }

    #[test]
    fn numbers_are_written_with_their_thousands_apart() {
        let all = [0, 999, 1000, 1_002_003].map(thousands);
        assert_eq!(all, ["0", "999", "1,000", "1,002,003"]);
    }
}
