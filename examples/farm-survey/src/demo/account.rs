//! The account at the end of the day: are all equal, and what did it cost?

use super::cast::Stage;
use super::ledger::Account;
use super::tables::{Contents, TABLES};
use crate::fault::Fault;
use crate::report::{Report, columns, thousands};
use serde_json::{Map, json};

const WIDTHS: [usize; 5] = [22, 9, 20, 18, 6];

pub(super) async fn play(stage: &mut Stage, morning: Account) -> Result<(), Fault> {
    stage.report.chapter("The account");
    nothing_waits(stage)?;
    let same = stage.same()?;
    equal(&mut stage.report, same.as_ref());
    let all = so_far(stage);
    costs(&mut stage.report, morning, all.since(morning));
    Ok(())
}

/// What all tablets' sessions have cost until now.
pub(super) fn so_far(stage: &mut Stage) -> Account {
    let mut account = Account::default();
    for tablet in stage.tablets() {
        account.add(tablet.link.carried(), &tablet.ledger);
    }
    account
}

fn nothing_waits(stage: &mut Stage) -> Result<(), Fault> {
    let mut waits = 0;
    for tablet in stage.tablets() {
        let status = tablet.open()?.status()?;
        waits += status.pending_entries + status.refused + status.conflicts;
    }
    stage.report.check(waits == 0, "nothing is pending, nothing was refused, no conflict is open");
    Ok(())
}

fn equal(report: &mut Report, same: Option<&Contents>) {
    let Some(contents) = same else { return report.check(false, "all four databases are equal") };
    let counts = TABLES.iter().zip(&contents.rows);
    let rows: Vec<String> = counts.clone().map(|(table, rows)| format!("{rows} {table}s")).collect();
    report.check(true, format!("all four databases are equal, byte for byte: {}", rows.join(", ")));
    let fact: Map<_, _> = counts.map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
    report.fact("equal", fact.into());
}

fn costs(report: &mut Report, morning: Account, day: Account) {
    report.head(&columns(WIDTHS, ["", "records", "as full JSON records", "through the links", ""]));
    cost(report, "the morning's load", morning);
    cost(report, "the rest of the day", day);
    report.note("Through the links: every byte both ways, HTTP headers, the lost answer and all retries included.");
    report.fact("bytes", json!({ "first_load": morning.fact(), "day": day.fact() }));
}

fn cost(report: &mut Report, what: &str, account: Account) {
    let percent = format!("{:.0} %", account.ratio() * 100.0);
    let [records, json, bytes] = [account.records(), account.full_json(), account.bytes()].map(thousands);
    let cells = [what, &format!("{records:>7}"), &format!("{json:>18} B"), &format!("{bytes:>15} B"), &percent];
    let less = account.ratio() < 0.5;
    report.check_row(less, &columns(WIDTHS, cells), format!("{what}: less than half of the bare JSON"));
}
