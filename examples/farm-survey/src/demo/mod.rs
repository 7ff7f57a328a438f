//! `farm-survey demo`: a day with three tablets and a hub, on real files and real sockets, every promise checked.

mod account;
mod cast;
mod decision;
mod field;
mod ledger;
mod merged;
mod morning;
mod network;
mod shell;
mod tables;

use crate::cli;
use crate::fault::Fault;
use crate::report::Report;
use crate::said::Said;
use cast::Stage;
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Tells the story; with `json` only its facts.
pub(crate) async fn run(args: cli::Demo, json: bool) -> Result<Option<Said>, Fault> {
    let folder = Folder::of(args.keep)?;
    let mut stage = Stage::set(Report::new(json), folder.path()).await?;
    opening(&stage);
    morning::play(&mut stage).await?;
    let morning = account::so_far(&mut stage);
    field::play(&mut stage).await?;
    network::play(&mut stage).await?;
    merged::play(&mut stage).await?;
    decision::play(&mut stage).await?;
    account::play(&mut stage, morning).await?;
    let Stage { mut report, hub, .. } = stage;
    hub.running.shutdown().await;
    folder.leave(&mut report);
    Ok(Some(report.finish()))
}

fn opening(stage: &Stage) {
    let report = &stage.report;
    report.title("Windrow: a farm survey on three tablets");
    report.note(&format!(
        "A hub on {}, and the tablets of Ada, Ben and Cleo: four SQLite files, three links that",
        stage.hub.running.local_addr()
    ));
    report.note("this program can cut. What it tells is checked as it happens: ✓ a promise kept, ✗ one broken.");
}

/// Where the four files are.
#[derive(Debug)]
enum Folder {
    /// Gone at the end.
    Temporary(TempDir),
    /// To be looked at.
    Kept(PathBuf),
}

impl Folder {
    fn of(keep: Option<PathBuf>) -> Result<Folder, Fault> {
        let Some(folder) = keep else { return Ok(Folder::Temporary(tempfile::tempdir()?)) };
        let trouble = |why: String| Fault::File(format!("{}: {why}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(|e| trouble(e.to_string()))?;
        let mut entries = std::fs::read_dir(&folder).map_err(|e| trouble(e.to_string()))?;
        match entries.next() {
            None => Ok(Folder::Kept(folder)),
            Some(_) => Err(trouble("this folder is not empty; name a new one".to_owned())),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Folder::Temporary(folder) => folder.path(),
            Folder::Kept(folder) => folder,
        }
    }

    fn leave(&self, report: &mut Report) {
        match self {
            Folder::Kept(folder) => {
                report.note(&format!(
                    "The four files are in {}: look at them with any SQLite program.",
                    folder.display()
                ));
                report.fact("files", json!(folder));
            }
            Folder::Temporary(_) => {
                report.note("With --keep DIR the four files stay, to be looked at with any SQLite program.");
                report.fact("files", json!(null));
            }
        }
    }
}
