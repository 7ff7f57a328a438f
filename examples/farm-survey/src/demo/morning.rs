//! The morning: one tablet loads the survey, the hub hands it on.

use super::cast::Stage;
use crate::barley;
use crate::fault::Fault;
use crate::model::Worker;
use serde_json::json;
use windrow::sync::{Failure, FailureKind, SyncError};
use windrow::{Endpoint, Id};

/// Who visits plots.
const WORKERS: [&str; 3] = ["Olaf", "Ingrid", "Nels"];

pub(super) async fn play(stage: &mut Stage) -> Result<(), Fault> {
    stage.report.chapter("Morning: everybody gets everything");
    strangers(stage).await?;
    load(stage)?;
    for at in 0..3 {
        let tablet = &mut stage.tablets()[at];
        let (name, received) = (tablet.name, tablet.sync().await??);
        let what = if received == 0 {
            "syncs: the hub has it all".to_owned()
        } else {
            format!("syncs: {received} records arrive")
        };
        stage.report.did(name, what);
    }
    let same = stage.same()?;
    stage.report.check(same.is_some(), "the hub and all three tablets hold the same tables");
    Ok(())
}

/// The three have enrolled, each with a code from the hub. Nobody else is served.
async fn strangers(stage: &mut Stage) -> Result<(), Fault> {
    let store = stage.ada.open()?;
    let turned_away = windrow::sync(&store, &Endpoint::new(&stage.ada.link.url())?).await;
    let unauthorised = |failure: &Failure| failure.kind == FailureKind::Unauthorised;
    let kept_out = matches!(&turned_away, Err(SyncError::Transport(failure)) if unauthorised(failure));
    stage.report.check(kept_out, "each has enrolled with a code from the hub; without a token it answers nobody");
    Ok(())
}

fn load(stage: &mut Stage) -> Result<(), Fault> {
    let store = stage.ada.open()?;
    let yields = barley::parse(barley::TRIAL).map_err(|e| Fault::Failed(format!("barley.json: {e}")))?;
    let loaded = barley::load(&store, &yields)?;
    stage.report.did(
        "Ada",
        format!(
            "loads the barley trial of 1931 and 1932: {} farms, {} plots, in one transaction",
            loaded.farms, loaded.plots
        ),
    );
    for name in WORKERS {
        store.insert(&Worker { id: Id::new(), name: name.to_owned() })?;
    }
    store.connection()?.execute("UPDATE farm SET cattle = 40", [])?;
    stage
        .report
        .did("Ada", format!("adds the workers {}; and, by a line of SQL, 40 cattle to every farm", WORKERS.join(", ")));
    stage.report.fact("barley", json!({ "farms": loaded.farms, "plots": loaded.plots }));
    let all = (loaded.farms, loaded.plots) == (6, 120);
    stage.report.check(all, "the trial's 6 farms and 120 plots are in Ada's file");
    Ok(())
}
