//! What is told of a project that was made.

use super::Project;
use crate::args::NewArgs;
use crate::print::{facts, heading};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What stands where, in few words.
const ROOMS: [(&str, &str); 5] = [
    ("model/", "the structs: what is kept, and how it merges"),
    ("device/", "the application"),
    ("server/", "the hub, with its Dockerfile and systemd unit"),
    ("migrations/", "what leads from one version of the model to the next"),
    ("windrow.lock", "all versions of the model"),
];

pub(super) fn made(args: &NewArgs, project: &Project, place: &Path, files: &[PathBuf], locked: bool) -> String {
    let place = place.strip_prefix(".").unwrap_or(place);
    let next =
        [format!("cd {}", place.display()), "cargo test".to_owned(), format!("cargo run -p {}-server", project.name)];
    if args.json {
        let told = json!({
            "name": project.name,
            "template": project.from,
            "folder": place,
            "windrow": project.windrow,
            "files": files,
            "locked": locked,
            "next": next,
        });
        return format!("{told:#}\n");
    }
    let rooms = ROOMS.map(|(name, what)| (name, what.to_owned()));
    let mut text = heading(&format!("{}: {} files", place.display(), files.len()));
    text += &facts(&rooms);
    if !locked {
        text += "\nCargo.lock is completed by the first build: cargo could not do it without a network\n";
    }
    text + &format!("\nnext:\n  {} && {}\n  {}\n", next[0], next[1], next[2])
}
