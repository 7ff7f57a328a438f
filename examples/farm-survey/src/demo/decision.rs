//! A question that no rule may answer: a conflict, and the person who decides it.

use super::cast::Stage;
use super::field::PHONES;
use crate::fault::Fault;
use crate::values;
use serde_json::json;
use windrow::store::{Answer, Candidate, Conflict};

const PHONE: &str = "SELECT owner_phone FROM farm WHERE name = 'Morris'";

pub(super) async fn play(stage: &mut Stage) -> Result<(), Fault> {
    stage.report.chapter("A question for a person");
    let conflict = open_everywhere(stage)?;
    show(stage, &conflict);
    decide(stage, &conflict).await?;
    closed_everywhere(stage).await
}

/// The conflict, the same on all tablets.
fn open_everywhere(stage: &mut Stage) -> Result<Conflict, Fault> {
    let mut all = Vec::new();
    for tablet in stage.tablets() {
        all.push(tablet.open()?.conflicts()?);
    }
    let conflict = all.concat().pop().ok_or_else(|| Fault::Failed("no conflict opened on the phone number".into()))?;
    stage.report.note("review: two people were told two phone numbers of Morris, and no rule knows better.");
    let same = |open: &Vec<Conflict>| open.len() == 1 && open.iter().all(|c| c.candidates == conflict.candidates);
    let expected = [(stage.ada.device, PHONES[0]), (stage.ben.device, PHONES[1])];
    let found: Vec<_> = conflict.candidates.iter().map(|c| (c.device, phone(c))).collect();
    let right = found.iter().map(|(device, phone)| (*device, phone.as_str())).eq(expected);
    stage
        .report
        .check(all.iter().all(same) && right, "one conflict is open, with the same candidates on all three tablets:");
    Ok(conflict)
}

fn phone(candidate: &Candidate) -> String {
    candidate.values.first().map_or_else(String::new, values::to_text)
}

fn show(stage: &mut Stage, conflict: &Conflict) {
    let line = |c: &Candidate| json!({ "device": stage.name(c.device), "at": c.at, "value": phone(c) });
    let candidates: Vec<_> = conflict.candidates.iter().map(line).collect();
    for candidate in &conflict.candidates {
        let (who, at) = (stage.name(candidate.device), candidate.at.to_string());
        stage.report.did(who, format!("wrote {} at {at}", phone(candidate)));
    }
    stage.report.fact(
        "conflict",
        json!({
            "table": conflict.table,
            "id": conflict.record.to_string(),
            "field": conflict.fields.first(),
            "candidates": candidates,
            "chosen": PHONES[1],
        }),
    );
}

/// Cleo rings both.
async fn decide(stage: &mut Stage, conflict: &Conflict) -> Result<(), Fault> {
    let chosen = conflict.candidates.iter().position(|c| phone(c) == PHONES[1]).unwrap_or_default();
    stage.cleo.open()?.resolve(conflict, Answer::Candidate(chosen))?;
    stage
        .report
        .did("Cleo", format!("rings both, and decides: {}. Her decision travels like any other write.", PHONES[1]));
    for at in [2, 0, 1] {
        stage.tablets()[at].sync().await??;
    }
    Ok(())
}

async fn closed_everywhere(stage: &mut Stage) -> Result<(), Fault> {
    let hub = stage.hub.running.store().conflicts(None, 1).await;
    let mut open = hub.map_err(|e| Fault::Hub(e.to_string()))?.open.len();
    for tablet in stage.tablets() {
        open += tablet.open()?.conflicts()?.len();
    }
    let agreed = stage.all_say(PHONE, PHONES[1])?;
    stage
        .report
        .check(open == 0 && agreed, "the conflict is closed at the hub and on all tablets, and all show her choice");
    Ok(())
}
