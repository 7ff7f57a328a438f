//! The network comes back, at its worst: an answer is lost, a program is killed, a link stays away for a while.

use super::cast::Stage;
use super::tables::ask;
use crate::fault::Fault;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;
use windrow::SyncWorker;
use windrow::sync::{Activity, Options, SyncState};

/// What nothing here takes.
const LONG: Duration = Duration::from_secs(10);

/// What the sum at Morris is at the hub: 40 in the morning, and each of these once.
const CATTLE: &str = "SELECT cattle FROM farm WHERE name = 'Morris'";

pub(super) async fn play(stage: &mut Stage) -> Result<(), Fault> {
    stage.report.chapter("The network comes back, at its worst");
    an_answer_is_lost(stage).await?;
    a_program_is_killed(stage).await?;
    a_link_stays_away(stage).await
}

/// The hub has committed, and the tablet doesn't know.
async fn an_answer_is_lost(stage: &mut Stage) -> Result<(), Fault> {
    stage.ada.link.mend();
    stage.ada.link.lose_an_answer();
    let lost = stage.ada.sync().await?;
    let cattle = ask(&stage.hub.file, CATTLE)?;
    let pending = stage.ada.open()?.pending()?;
    stage.report.did("Ada", "syncs, and the answer is lost on its way, after the hub has committed");
    let unaware = lost.is_err() && pending > 0 && cattle == "52";
    let line = format!("the hub counts {cattle} cattle at Morris; Ada's {pending} log entries still wait");
    stage.report.check_row(unaware, &line, "a lost answer: the hub has committed, the tablet does not know");
    let again = stage.ada.sync().await?;
    let (cattle, pending) = (ask(&stage.hub.file, CATTLE)?, stage.ada.open()?.pending()?);
    stage.report.did("Ada", "tries again: the same bytes under the same session id");
    let once = again.is_ok() && pending == 0 && cattle == "52";
    let line = format!("committed once: still {cattle} cattle, and {pending} entries wait");
    stage.report.check_row(once, &line, "a lost answer: committed once");
    Ok(())
}

/// SIGKILL, in the middle of a session.
async fn a_program_is_killed(stage: &mut Stage) -> Result<(), Fault> {
    stage.ben.link.mend();
    stage.ben.link.hold_an_answer();
    stage.ben.ledger.sends(&stage.ben.contents()?);
    let mut child = sync_program(stage)?;
    let held = timeout(LONG, stage.ben.link.held()).await.is_ok();
    let running = child.try_wait()?.is_none();
    child.kill().await?;
    let cattle = ask(&stage.hub.file, CATTLE)?;
    stage.report.did(
        "Ben",
        "syncs by `farm-survey device sync`, a program of its own; kill -9 hits it as it waits for the answer",
    );
    let committed = held && running && cattle == "47";
    let line = format!("the hub has committed: {cattle} cattle");
    stage.report.check_row(committed, &line, "a kill: the hub has committed, the tablet does not know");
    let status =
        timeout(LONG, sync_program(stage)?.wait()).await.map_err(|_| Fault::Failed("Ben's sync hangs".into()))??;
    let received = stage.ben.ledger.received(&stage.ben.contents()?);
    let (cattle, pending) = (ask(&stage.hub.file, CATTLE)?, stage.ben.open()?.pending()?);
    stage
        .report
        .did("Ben", format!("starts it again: it goes on from what is in the file, and {received} records arrive"));
    let once = status.success() && pending == 0 && cattle == "47";
    let line = format!("committed once: still {cattle} cattle, and {pending} entries wait");
    stage.report.check_row(once, &line, "a kill: committed once");
    Ok(())
}

fn sync_program(stage: &Stage) -> Result<Child, Fault> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(["device", "--db"]).arg(&stage.ben.file).args(["sync", "--hub", &stage.ben.link.url()]);
    Ok(program.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn()?)
}

/// The worker waits for the link, and nobody tells it that it is back.
async fn a_link_stays_away(stage: &mut Stage) -> Result<(), Fault> {
    stage.cleo.ledger.sends(&stage.cleo.contents()?);
    let store = stage.cleo.open()?;
    let worker = SyncWorker::start_with(&store, stage.cleo.hub(&store)?, impatient());
    let mut state = worker.state();
    let waited = until(&mut state, |s| matches!(s.activity, Activity::Waiting { failures, .. } if failures >= 2)).await;
    stage.report.did("Cleo", "starts her application, and its background worker, while her link is still cut");
    let write = Instant::now();
    store.connection()?.execute("UPDATE farm SET cattle = cattle + 1 WHERE name = 'Morris'", [])?;
    let write = write.elapsed();
    let line = format!("the worker waits and tries again; a write meanwhile takes {} µs", write.as_micros());
    stage.report.check_row(waited, &line, "a cut link: the worker waits and tries again");
    let mended = Instant::now();
    stage.cleo.link.mend();
    let recovered =
        until(&mut state, |s| s.activity == Activity::Idle && s.last_contact.is_some() && s.pending == 0).await;
    let took = mended.elapsed();
    worker.stop().await;
    let received = stage.cleo.ledger.received(&stage.cleo.contents()?);
    stage.report.did("Cleo", format!("has her link back: {received} records arrive, nobody touched anything"));
    let line = format!("the worker found the hub by itself, in {} ms", took.as_millis());
    stage.report.check_row(recovered, &line, "a cut link: the worker finds the hub by itself");
    Ok(())
}

/// A worker whose minutes are tenths of a second.
fn impatient() -> Options {
    Options {
        interval: Duration::from_secs(60),
        debounce: Duration::from_millis(50),
        watch: Duration::from_millis(100),
        probe: Duration::from_millis(100),
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_millis(400),
        ..Options::default()
    }
}

/// Whether the worker comes to this state in time.
async fn until(state: &mut watch::Receiver<SyncState>, reached: impl FnMut(&SyncState) -> bool) -> bool {
    timeout(LONG, state.wait_for(reached)).await.is_ok_and(|state| state.is_ok())
}
