//! What merged, and how: every field that more than one of them touched.

use super::cast::Stage;
use super::tables::ask;
use crate::fault::Fault;
use crate::report::columns;
use serde_json::{Value as Json, json};

const WIDTHS: [usize; 6] = [8, 24, 14, 18, 10, 20];

/// What they did to one thing, and what all four files must say of it.
struct Contest {
    rule: &'static str,
    what: &'static str,
    did: [&'static str; 3],
    sql: &'static str,
    result: &'static str,
    shown: &'static str,
    why: &'static str,
}

const CONTESTS: [Contest; 5] = [
    Contest {
        rule: "sum",
        what: "cattle at Morris, 40",
        did: ["+12", "-5", "+2, +1"],
        sql: "SELECT cattle FROM farm WHERE name = 'Morris'",
        result: "50",
        shown: "50",
        why: "what was counted apart all counts",
    },
    Contest {
        rule: "max",
        what: "Trebi's yield at Morris",
        did: ["47.1", "48.9", "47.7"],
        sql: "SELECT best_yield FROM plot WHERE variety = 'Trebi' AND year = 1932
                AND farm_id = (SELECT id FROM farm WHERE name = 'Morris')",
        result: "48.9",
        shown: "48.9",
        why: "the best one stays, whoever comes last",
    },
    Contest {
        rule: "lww",
        what: "the name of Duluth",
        did: ["Duluth Station", "Duluth North Shore", ""],
        sql: "SELECT name FROM farm WHERE name LIKE 'Duluth%'",
        result: "Duluth North Shore",
        shown: "Duluth North Shore",
        why: "the later write wins, not the one that syncs last",
    },
    Contest {
        rule: "keep",
        what: "the farm Grand Rapids",
        did: ["", "deleted", "+4 cattle"],
        sql: "SELECT cattle || ', ' || (SELECT count(*) FROM plot WHERE farm_id = farm.id) FROM farm WHERE name = 'Grand Rapids'",
        result: "44, 20",
        shown: "44 cattle, 20 plots",
        why: "Ben did not know of Cleo's count: the farm is back, and by cascade its plots",
    },
    Contest {
        rule: "set_null",
        what: "visits with Olaf",
        did: ["", "20 visits", "Olaf left"],
        sql: "SELECT count(*) FROM visit WHERE worker_id IS NULL AND (SELECT count(*) FROM worker WHERE name = 'Olaf') = 0",
        result: "20",
        shown: "20, of nobody",
        why: "the visits stay, the reference is empty",
    },
];

pub(super) async fn play(stage: &mut Stage) -> Result<(), Fault> {
    stage.report.chapter("What merged, and how");
    for at in [0, 1] {
        stage.tablets()[at].sync().await??;
    }
    stage
        .report
        .note("Ada and Ben sync once more. What more than one of them had touched, and what all four files say now:");
    stage.report.head(&columns(WIDTHS, ["rule", "what", "Ada", "Ben", "Cleo", "now"]));
    let mut facts = Vec::new();
    for contest in &CONTESTS {
        facts.push(judge(stage, contest)?);
    }
    stage.report.fact("merged", Json::Array(facts));
    Ok(())
}

fn judge(stage: &mut Stage, contest: &Contest) -> Result<Json, Fault> {
    let Contest { rule, what, did: [ada, ben, cleo], sql, result, shown, why } = contest;
    let kept = stage.all_say(sql, result)?;
    stage.report.check_row(
        kept,
        &columns(WIDTHS, [rule, what, ada, ben, cleo, shown]),
        format!("{rule}: {what}: {why}"),
    );
    stage.report.head(&columns([WIDTHS[0], 0], ["", why]));
    Ok(json!({ "what": what, "rule": rule, "result": ask(&stage.hub.file, sql)? }))
}
