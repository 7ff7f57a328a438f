//! The figures run, and bytes keep what is promised of them. Of speeds nothing is tested: machines differ.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use indicatif::ProgressBar;
use windrow_tests::figures::capture::Capture;
use windrow_tests::figures::report::{Figure, write_json, write_table};
use windrow_tests::figures::wire::Wire;

fn wire(rows: usize) -> Vec<Figure> {
    let dir = tempfile::tempdir().unwrap();
    let wire = Wire { rows, changes: 1_000, dir: dir.path(), progress: ProgressBar::hidden() };
    let figures = tokio::runtime::Runtime::new().unwrap().block_on(wire.measure()).unwrap();
    assert_eq!(wire.progress.position(), Wire::STEPS);
    figures
}

fn find<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
    figures.iter().find(|f| f.figure == name).unwrap_or_else(|| panic!("no figure {name}"))
}

#[test]
fn sessions_cost_no_more_bytes_than_promised() {
    let figures = wire(2_500);
    for figure in &figures {
        assert!(figure.is_kept(), "{figure:?}");
    }
    let promises = figures.iter().filter(|f| f.promise.is_some()).count();
    assert_eq!(promises, 4, "{figures:?}");
    // What travels is smaller than what a generic compressor makes of the records.
    let ratio = |name| find(&figures, name).ratio.unwrap();
    assert!(ratio("wire.all.changeset") < ratio("wire.all.zstd"));
    assert!(ratio("wire.all.pages") < ratio("wire.all.zstd"));
    assert!(ratio("wire.thousand.socket") < ratio("wire.thousand.zstd") / 5.0);
    assert!(ratio("wire.thousand.page") < ratio("wire.thousand.changeset"));
}

#[test]
fn capture_is_measured_on_a_log_that_holds_every_write() {
    let dir = tempfile::tempdir().unwrap();
    let capture = Capture { rows: 1_500, rounds: 2, dir: dir.path(), progress: ProgressBar::hidden() };
    let figures = capture.measure().unwrap();
    assert_eq!(capture.progress.position(), 2 * Capture::STEPS);
    for figure in &figures {
        let (least, most) = figure.spread.unwrap();
        assert!(figure.value > 0.0 && least <= figure.ratio.unwrap() && figure.ratio.unwrap() <= most, "{figure:?}");
    }
    let names: Vec<_> = figures.iter().map(|f| f.figure).collect();
    assert_eq!(names, ["capture.insert.random", "capture.insert.sorted", "capture.update"]);
}

#[test]
fn json_is_one_object_a_line() {
    let figures = [Figure::new("a.b", 12.0, "bytes", "").ratio(0.5), Figure::new("c", 0.25, "µs/row", "")];
    let mut out = Vec::new();
    write_json(&mut out, &figures).unwrap();
    let lines = "{\"figure\":\"a.b\",\"value\":12.0,\"unit\":\"bytes\",\"ratio\":0.5}\n\
                 {\"figure\":\"c\",\"value\":0.25,\"unit\":\"µs/row\",\"ratio\":null}\n";
    assert_eq!(String::from_utf8(out).unwrap(), lines);
}

#[test]
fn a_missed_promise_is_seen_in_the_table() {
    use windrow_tests::figures::report::Promise;
    let figure = |value| Figure::new("a", value, "bytes", "something").promise(Promise::Value(90.0));
    let mut out = Vec::new();
    write_table(&mut out, &[figure(90.0), figure(91.0)]).unwrap();
    let table = String::from_utf8(out).unwrap();
    let missed: Vec<bool> = table.lines().map(|line| line.contains("MISSED")).collect();
    assert_eq!(missed, [false, false, true], "{table}");
}
