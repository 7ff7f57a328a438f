//! The figures run, and bytes keep what is promised of them. Of speeds nothing is tested: machines differ.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use indicatif::ProgressBar;
use windrow_tests::figures::apply::Apply;
use windrow_tests::figures::capture::Capture;
use windrow_tests::figures::hub::Hub;
use windrow_tests::figures::page;
use windrow_tests::figures::report::{Figure, write_json, write_table};
use windrow_tests::figures::sections::{COMPARED, PEERS, SECTIONS};
use windrow_tests::figures::wire::Wire;
use windrow_tests::figures::workload::Workload;
use windrow_tests::figures::{Wanted, sections};

/// A workload of so many records, in which a day's work is a thousand changes.
fn workload(records: usize) -> Workload {
    let made = Workload::made(1, records);
    Workload { w3b: made.w2.iter().take(1_000).cloned().collect(), ..made }
}

fn wire(workload: &Workload) -> Vec<Figure> {
    let dir = tempfile::tempdir().unwrap();
    let wire = Wire { workload, dir: dir.path(), progress: ProgressBar::hidden() };
    let figures = tokio::runtime::Runtime::new().unwrap().block_on(wire.measure()).unwrap();
    assert_eq!(wire.progress.position(), Wire::STEPS);
    figures
}

fn find<'a>(figures: &'a [Figure], name: &str) -> &'a Figure {
    figures.iter().find(|f| f.figure == name).unwrap_or_else(|| panic!("no figure {name}"))
}

fn names(figures: &[Figure]) -> Vec<&'static str> {
    sorted(figures.iter().map(|f| f.figure).collect())
}

fn sorted(mut names: Vec<&'static str>) -> Vec<&'static str> {
    names.sort_unstable();
    names
}

#[test]
fn sessions_cost_no_more_bytes_than_promised() {
    let workload = workload(2_500);
    let figures = wire(&workload);
    for figure in &figures {
        assert!(figure.is_kept(), "{figure:?}");
    }
    let promises = figures.iter().filter(|f| f.promise.is_some()).count();
    assert_eq!(promises, 4, "{figures:?}");
    assert_eq!(names(&figures), sorted(sections::figures(&["bytes"])));
    // A change alone is some of its changeset, and not all of it.
    let value = |name| find(&figures, name).value;
    assert!(value("w3a_change") > 4.0 && value("w3a_change") < value("w3a") - 8.0, "{figures:?}");
    // What travels is smaller than what a generic compressor makes of the records.
    let ratio = |name| find(&figures, name).ratio.unwrap();
    assert!(ratio("w3d_up") < ratio("w3d_zstd"));
    assert!(ratio("w3d") < ratio("w3d_zstd"));
    assert!(ratio("w3b_socket") < ratio("w3b_zstd") / 5.0);
    assert!(ratio("w3b_down") < ratio("w3b_up"));
}

/// Names that somebody looks for in a table, and a floor that is compared with something else than it says.
#[test]
fn capture_is_measured_on_logs_that_hold_every_write() {
    let dir = tempfile::tempdir().unwrap();
    let workload = Workload::made(1, 1_500);
    let (dir, progress) = (dir.path(), ProgressBar::hidden());
    let capture = Capture { workload: &workload, rounds: 2, dir, disk: dir, wanted: Wanted(""), progress };
    let figures = capture.measure().unwrap();
    assert_eq!(capture.progress.position(), Capture::steps(2));
    for figure in &figures {
        let (least, most) = figure.spread.unwrap();
        assert!(figure.value > 0.0 && least <= figure.ratio.unwrap() && figure.ratio.unwrap() <= most, "{figure:?}");
    }
    assert_eq!(names(&figures), sorted(sections::figures(&["capture", "floors"])));
}

/// Whoever asks for one figure does not wait for the others.
#[test]
fn a_name_chooses_what_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let workload = Workload::made(1, 1_000);
    let (dir, progress) = (dir.path(), ProgressBar::hidden());
    let capture = Capture { workload: &workload, rounds: 1, dir, disk: dir, wanted: Wanted("w1_t"), progress };
    assert_eq!(names(&capture.measure().unwrap()), ["w1_text"]);
}

/// What is applied is there afterwards: a device that does nothing would be fast.
#[test]
fn applying_is_measured_on_devices_that_hear_everything() {
    let dir = tempfile::tempdir().unwrap();
    let workload = workload(1_500);
    let apply = Apply { workload: &workload, rounds: 2, dir: dir.path(), progress: ProgressBar::hidden() };
    let figures = apply.measure().unwrap();
    assert_eq!(apply.progress.position(), Apply::steps(2));
    assert_eq!(names(&figures), sorted(sections::figures(&["applying", "files"])));
    assert!(figures.iter().all(|f| f.value > 0.0 && f.ratio.is_some()), "{figures:?}");
}

/// The hub's figures of this name, of a hub of a few hundred records.
fn hub(name: &str, plots: Option<&std::path::Path>) -> Vec<Figure> {
    let dir = tempfile::tempdir().unwrap();
    let hub = Hub {
        name,
        workload: &workload(500),
        program: env!("CARGO_BIN_EXE_figures").as_ref(),
        dir: dir.path(),
        sessions: 8,
        most: 2_000,
        plots,
        progress: ProgressBar::hidden(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let figures = runtime.block_on(hub.measure()).unwrap();
    assert_eq!(hub.progress.position(), Hub::STEPS);
    assert!(figures.iter().all(|figure| figure.value > 0.0), "{figures:?}");
    figures
}

/// A session that the hub does not commit would be fast; the devices here look at every answer.
#[test]
fn a_hub_is_measured_on_sessions_that_it_commits() {
    let names = |figures: Vec<Figure>| figures.iter().map(|f| f.figure).collect::<Vec<_>>();
    assert_eq!(names(hub("hub_upload", None)), ["hub_upload"]);
    assert_eq!(names(hub("hub_kept", None)), ["hub_kept"]);
    assert_eq!(names(hub("hub_least", None)), ["hub_least"]);
    assert_eq!(names(hub("hub_team_1", None)).len(), 4);
    assert!(names(hub("hub_pull", None)).contains(&"hub_pull_10"));
}

/// A pull that brings other than what was committed would be no measure of it: each is counted.
#[test]
fn the_growth_of_a_hub_is_measured_and_drawn() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(hub("hub_growth", Some(dir.path())).len(), 8, "two figures for each number of devices");
    let plot = std::fs::read_to_string(dir.path().join("hub-devices.svg")).unwrap();
    assert!(plot.contains("devices that the hub knows") && plot.matches("<polyline").count() == 2, "{plot}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_measured_in_processes_that_do_the_work() {
    let names: Vec<_> = hub("memory", None).iter().map(|f| f.figure).collect();
    assert_eq!(names, ["memory_first", "memory_hub_first", "memory_upload", "memory_hub_upload"]);
}

#[test]
fn json_is_one_object_a_line() {
    let figures = [Figure::new("a.b", 12.0, "bytes", "").ratio(0.5), Figure::new("c", 0.25, "µs/row", "")];
    let mut out = Vec::new();
    write_json(&mut out, &figures).unwrap();
    let lines = "{\"figure\":\"a.b\",\"peer\":\"ours\",\"value\":12.0,\"unit\":\"bytes\",\"ratio\":0.5}\n\
                 {\"figure\":\"c\",\"peer\":\"ours\",\"value\":0.25,\"unit\":\"µs/row\",\"ratio\":null}\n";
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

/// A table of the page loses a figure, or shows one that nobody can measure any more. Which numbers it shows is not tested.
#[test]
fn the_page_shows_every_table_with_every_figure() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md")).unwrap();
    let mut blocks = page::blocks(&page).unwrap();
    let peers = blocks.pop().unwrap();
    assert_eq!(peers.name, PEERS);
    let head = page[peers.inside].lines().find_map(cells).unwrap();
    let compared: Vec<&str> = head[1..].iter().map(|name| name.trim_matches('`')).collect();
    assert_eq!(compared, COMPARED);
    let found: Vec<&str> = blocks.iter().map(|block| block.name.as_str()).collect();
    let all: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    assert_eq!(found, all);
    for (block, section) in blocks.iter().zip(SECTIONS) {
        let rows: Vec<Vec<&str>> = page[block.inside.clone()].lines().filter_map(cells).collect();
        let names: Vec<&str> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
        assert_eq!(names, section.figures, "{}", section.name);
        for row in rows {
            let number = row[2].split(' ').next().unwrap().replace(',', "");
            assert!(number.parse::<f64>().unwrap() > 0.0, "{row:?}");
        }
    }
}

/// The cells of a table's row that is neither its head nor the line under it.
fn cells(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    cells[1].starts_with('`').then_some(cells)
}
