//! The commands as scripts use them: documents, exit statuses, mistakes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::json;
use std::process::Stdio;
use support::programs::Program::Bundled;
use support::{Folder, Hub, assert_equal, barley, eventually, keys, number, program, run, run_json, send, wait};

#[test]
fn a_device_is_created_once() {
    let folder = Folder::new();
    let device = support::Device { file: folder.file("a.db") };
    let (first, second) = (device.ok(["init"]), device.ok(["init"]));
    assert_eq!(keys(&first), ["created", "db", "device", "warnings"]);
    assert_eq!((&first["created"], &second["created"]), (&json!(true), &json!(false)));
    assert_eq!(first["device"], second["device"]);
    assert_eq!(first["device"].as_str().unwrap().len(), 16);
}

#[test]
fn a_mistyped_file_makes_no_new_device() {
    let folder = Folder::new();
    let device = support::Device { file: folder.file("a.db") };
    for args in [["status"], ["conflicts"], ["refused"], ["log"]] {
        assert!(device.fails(args, "file").contains("init"));
    }
    device.fails(["load", &barley()], "file");
    device.fails(["sync", "--hub", "http://127.0.0.1:1"], "file");
    assert!(!device.file.exists());
}

#[test]
fn another_programs_file_is_left_alone() {
    let folder = Folder::new();
    let device = support::Device { file: folder.file("other.db") };
    Bundled.writes(&device.file, false, "CREATE TABLE their_own (x)");
    let before = std::fs::read(&device.file).unwrap();
    assert!(device.fails(["init"], "file").contains("their_own"));
    assert_eq!(std::fs::read(&device.file).unwrap(), before);
}

#[test]
fn the_trial_is_loaded_once_however_often_it_is_loaded() {
    let folder = Folder::new();
    let (a, b, hub) = (folder.device("a"), folder.device("b"), folder.hub());
    let first = a.ok(["load", &barley()]);
    assert_eq!(keys(&first), ["farms", "file", "plots"]);
    assert_eq!(first["farms"], json!({ "inserted": 6, "present": 0 }));
    assert_eq!(first["plots"], json!({ "inserted": 120, "present": 0 }));
    let second = a.ok(["load", &barley()]);
    assert_eq!(second["farms"], json!({ "inserted": 0, "present": 6 }));
    assert_eq!(second["plots"], json!({ "inserted": 0, "present": 120 }));

    b.ok(["load", &barley()]);
    hub.serves(&[&a, &b, &a]);
    assert_equal(&[&a.file, &b.file, &hub.file]);
    assert_eq!(number(&a.file, "SELECT count(*) FROM plot"), 120);
    assert_eq!(number(&a.file, "SELECT sum(bags) FROM plot"), 0);
    assert_eq!(a.ok(["conflicts"]), json!({ "conflicts": [] }));
}

#[test]
fn a_file_that_is_no_trial_changes_nothing() {
    let folder = Folder::new();
    let a = folder.device("a");
    let file = folder.file("half.json");
    std::fs::write(&file, r#"[{"site":"Morris","variety":"Trebi","year":1931,"yield":1.5},{"site":"Morris"}]"#)
        .unwrap();
    assert!(a.fails(["load", file.to_str().unwrap()], "file").contains("missing field"));
    assert!(a.fails(["load", "/nowhere.json"], "file").contains("/nowhere.json"));
    assert_eq!(a.ok(["status"])["pending_entries"], 0);
}

#[test]
fn the_status_tells_how_it_stands() {
    let folder = Folder::new();
    let (a, hub) = (folder.device("a"), folder.hub());
    a.ok(["load", &barley()]);
    let before = a.ok(["status"]);
    let names = [
        "bytes",
        "checkpoint",
        "clock",
        "conflicts",
        "db",
        "device",
        "last_contact",
        "pending_entries",
        "pending_records",
        "records",
        "refused",
        "warnings",
    ];
    assert_eq!(keys(&before), names);
    assert_eq!(before["records"], json!({ "farm": 6, "plot": 120, "worker": 0, "visit": 0 }));
    assert_eq!((&before["pending_records"], &before["last_contact"]), (&json!(126), &json!(null)));

    let synced = a.sync(&hub);
    assert_eq!(keys(&synced), ["checkpoint", "conflicts", "in_sync", "pending", "refused", "sent"]);
    assert_eq!((&synced["in_sync"], &synced["sent"]), (&json!(true), &json!(126)));
    let after = a.ok(["status"]);
    assert_eq!((&after["pending_records"], &after["checkpoint"]), (&json!(0), &json!(1)));
    assert!(after["last_contact"].as_str().unwrap().ends_with('Z'));
    assert!(a.text(["status"]).contains("6 farms, 120 plots"));
}

#[test]
fn the_log_names_every_write() {
    let folder = Folder::new();
    let a = folder.device("a");
    a.ok(["load", &barley()]);
    Bundled.writes(&a.file, true, "UPDATE farm SET cattle = 7, name = 'Mora' WHERE name = 'Morris'");
    let log = a.ok(["log"]);
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 127);
    let last = &entries[126];
    assert_eq!(keys(last), ["at", "base", "device", "fields", "id", "operation", "origin", "stamp", "table"]);
    assert_eq!((&last["table"], &last["operation"]), (&json!("farm"), &json!("update")));
    assert_eq!(last["fields"], json!(["name", "cattle"]));
    assert_eq!(a.text(["log"]).lines().count(), 127);
}

#[test]
fn a_conflict_is_shown_and_decided() {
    let folder = Folder::new();
    let (a, b, hub) = (folder.device("a"), folder.device("b"), folder.hub());
    a.ok(["load", &barley()]);
    hub.serves(&[&a, &b]);
    Bundled.writes(&a.file, true, "UPDATE farm SET owner_phone = '1' WHERE name = 'Morris'");
    Bundled.writes(&b.file, true, "UPDATE farm SET owner_phone = '2' WHERE name = 'Morris'");
    hub.serves(&[&a, &b, &a]);
    let open = a.ok(["conflicts"]);
    assert_eq!(open, b.ok(["conflicts"]));
    let conflict = &open["conflicts"][0];
    assert_eq!(keys(conflict), ["about", "candidates", "fields", "id", "other", "table"]);
    assert_eq!((&conflict["about"], &conflict["fields"]), (&json!("fields"), &json!(["owner_phone"])));
    let candidates = conflict["candidates"].as_array().unwrap();
    assert_eq!(keys(&candidates[0]), ["at", "device", "number", "values"]);
    let values: Vec<_> = candidates.iter().map(|c| (&c["number"], &c["values"])).collect();
    assert_eq!(values, [(&json!(1), &json!({ "owner_phone": "1" })), (&json!(2), &json!({ "owner_phone": "2" }))]);
    assert_eq!(candidates[1]["device"], b.ok(["status"])["device"]);
    assert!(a.text(["conflicts"]).contains("owner_phone"));

    let id = conflict["id"].as_str().unwrap();
    a.fails(["resolve", "plot", id, "--keep"], "refused");
    a.fails(["resolve", "farm", id, "--candidate", "3"], "refused");
    a.fails(["resolve", "farm", id, "--candidate", "0"], "refused");
    let done = a.ok(["resolve", "farm", id, "--candidate", "1"]);
    assert_eq!(keys(&done), ["about", "decision", "fields", "id", "table", "values"]);
    assert_eq!((&done["decision"], &done["values"]), (&json!("candidate"), &json!({ "owner_phone": "1" })));
    assert_eq!(a.ok(["conflicts"]), json!({ "conflicts": [] }));
    hub.serves(&[&a, &b]);
    assert_eq!(b.ok(["conflicts"]), json!({ "conflicts": [] }));
    assert_equal(&[&a.file, &b.file, &hub.file]);
    assert_eq!(number(&b.file, "SELECT owner_phone = '1' FROM farm WHERE name = 'Morris'"), 1);
    b.fails(["resolve", "farm", id, "--keep"], "refused");
}

#[test]
fn a_conflict_takes_another_value_or_none() {
    let folder = Folder::new();
    let (a, b, hub) = (folder.device("a"), folder.device("b"), folder.hub());
    a.ok(["load", &barley()]);
    let visits =
        "INSERT INTO visit (id, plot_id, notes, visited_at) SELECT randomblob(16), id, 'a visit', 0 FROM plot LIMIT 3";
    Bundled.writes(&a.file, true, visits);
    hub.serves(&[&a, &b]);
    Bundled.writes(&a.file, true, "UPDATE visit SET spray_ml = 100");
    Bundled.writes(&b.file, true, "UPDATE visit SET spray_ml = 200");
    hub.serves(&[&a, &b, &a]);
    let open = a.ok(["conflicts"]);
    let ids: Vec<_> = open["conflicts"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3);
    a.fails(["resolve", "visit", ids[0], "--value", "plenty"], "refused");
    let done = a.ok(["resolve", "visit", ids[0], "--value", "-150"]);
    assert_eq!((&done["decision"], &done["values"]), (&json!("value"), &json!({ "spray_ml": -150 })));
    a.ok(["resolve", "visit", ids[1], "--null"]);
    a.ok(["resolve", "visit", ids[2], "--keep"]);
    hub.serves(&[&a, &b]);
    assert_equal(&[&a.file, &b.file, &hub.file]);
    assert_eq!(b.ok(["status"])["conflicts"], 0);
    let counts = "SELECT sum(spray_ml = -150) * 100 + sum(spray_ml IS NULL) * 10 + sum(spray_ml = 200) FROM visit";
    assert_eq!(number(&b.file, counts), 111);
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = Folder::new();
    let a = folder.device("a");
    let id = "018f3a00-0000-7000-8000-0000000000ff";
    let wrong: [&[&str]; 5] = [
        &["frobnicate"],
        &["sync"],
        &["resolve", "farm", "no-uuid", "--keep"],
        &["resolve", "farm", id],
        &["resolve", "farm", id, "--keep", "--null"],
    ];
    for args in wrong {
        let (status, document) = run_json(a.args(args));
        assert_eq!((status, &document["error"]["kind"]), (2, &json!("usage")), "{args:?}: {document}");
        let output = run(a.args(args));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(run(["--help"]).status.code(), Some(0));
    assert_eq!(run(["device", "status"]).status.code(), Some(2));
}

#[test]
fn a_hub_that_is_not_there_is_said_so() {
    let folder = Folder::new();
    let a = folder.device("a");
    a.ok(["load", &barley()]);
    assert!(a.fails(["sync", "--hub", "http://127.0.0.1:1"], "hub").contains("127.0.0.1:1"));
    assert!(a.fails(["sync", "--hub", "the hub"], "hub").contains("write it like http://"));
    assert_eq!(a.ok(["status"])["pending_entries"], 126);
    let output = run(a.args(&["sync", "--hub", "http://127.0.0.1:1"]));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("farm-survey: "));
}

#[test]
fn a_hub_says_where_it_listens_and_stops_when_it_is_told() {
    let folder = Folder::new();
    let file = folder.file("hub.db");
    let hub = Hub::start(&file, "127.0.0.1:0");
    assert_eq!(keys(&hub.announced), ["address", "db", "url"]);
    assert!(hub.url.starts_with("http://127.0.0.1:") && !hub.url.ends_with(":0"));
    let a = folder.device("a");
    a.ok(["load", &barley()]);
    a.sync(&hub);
    assert_eq!(hub.stop("-TERM"), Some(0));
    let again = Hub::start(&file, "127.0.0.1:0");
    assert_eq!(a.sync(&again)["checkpoint"], 1);
    assert_eq!(again.stop("-INT"), Some(0));
    assert_equal(&[&a.file, &file]);
}

#[test]
fn a_hub_that_cannot_start_says_why() {
    let folder = Folder::new();
    let (file, hub) = (folder.file("other.db"), folder.hub());
    let start =
        |listen: &str, file: &std::path::Path| run_json(["hub", "--listen", listen, "--db", file.to_str().unwrap()]);
    let kind = |(status, document): (i32, serde_json::Value)| (status, document["error"]["kind"].clone());
    assert_eq!(kind(start(hub.announced["address"].as_str().unwrap(), &file)), (1, json!("hub")));
    let open = ["hub", "--open-to-all", "--listen", "0.0.0.0:0", "--db", file.to_str().unwrap()];
    assert_eq!(kind(run_json(open)), (1, json!("hub")));
    let device = folder.device("a");
    assert_eq!(kind(start("127.0.0.1:0", &device.file)), (1, json!("file")));
}

#[test]
fn a_watcher_sends_what_others_write_and_stops_when_it_is_told() {
    let folder = Folder::new();
    let (a, hub) = (folder.device("a"), folder.hub());
    a.ok(["load", &barley()]);
    hub.enrols(&a);
    let mut command = program();
    command.args(a.args(&["watch", "--hub", &hub.url, "--json"])).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut watcher = command.spawn().unwrap();
    eventually("the first session", || number(&hub.file, "SELECT count(*) FROM plot") == 120);
    Bundled.writes(&a.file, false, "UPDATE farm SET cattle = cattle + 1");
    eventually("another program's write", || number(&hub.file, "SELECT sum(cattle) FROM farm") == 6);
    eventually("the answer", || a.ok(["status"])["pending_entries"] == 0);
    send(&watcher, "-TERM");
    assert_eq!(wait(&mut watcher), Some(0));
    let said = std::io::read_to_string(watcher.stdout.take().unwrap()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(keys(&document), ["error", "failures", "last_contact", "pending", "sessions"]);
    assert_eq!((&document["error"], &document["pending"]), (&json!(null), &json!(0)));
}

/// A tablet was lost in a bus. Whoever found it must not read the farmers' telephone numbers, and what Ada had written on it
/// must not be lost if it comes back.
#[test]
fn a_device_is_let_in_turned_away_and_let_in_again() {
    let folder = Folder::new();
    let (a, hub) = (folder.device("a"), folder.hub());
    a.ok(["load", &barley()]);
    assert!(a.fails(["sync", "--hub", &hub.url], "hub").contains("enrol it with a code"));
    let invited = hub.ok(["invite", "Ada", "--role", "reviewer", "--hub", &hub.url]);
    assert_eq!(keys(&invited), ["code", "expires", "invitation", "role", "user"]);
    let code = invited["code"].as_str().unwrap();
    assert_eq!(invited["invitation"], format!("windrow:enrol?code={code}&hub={}", hub.url));
    assert!(a.fails(["enrol", "--hub", &hub.url, "no code"], "hub").contains("20 letters and digits"));
    let enrolled = a.ok(["enrol", "--hub", &hub.url, code]);
    assert_eq!(enrolled, json!({ "role": "reviewer", "user": "Ada" }));
    a.sync(&hub);

    let told = hub.ok(["devices"]);
    let device = &told["devices"][0];
    assert_eq!(keys(device), ["device", "ended", "enrolled", "role", "seen", "user"]);
    assert_eq!(device["device"], a.ok(["status"])["device"]);
    assert_eq!(hub.ok(["revoke", device["device"].as_str().unwrap()]), json!({ "ended": 1 }));
    Bundled.writes(&a.file, true, "UPDATE farm SET cattle = cattle + 1 WHERE name = 'Morris'");
    assert!(a.fails(["sync", "--hub", &hub.url], "hub").contains("revoked"));
    assert_eq!(number(&hub.file, "SELECT cattle FROM farm WHERE name = 'Morris'"), 0);

    hub.enrols(&a);
    a.sync(&hub);
    assert_eq!(number(&hub.file, "SELECT cattle FROM farm WHERE name = 'Morris'"), 1);
    let (status, document) = run_json(["hub", "--db", hub.file.to_str().unwrap(), "revoke", "Eve"]);
    assert_eq!((status, &document["error"]["kind"]), (1, &json!("refused")));
}

/// The hub's disk died. The copy that was put back knew nothing of the tablet that had been lost since.
#[test]
fn a_copy_of_a_hub_that_serves_knows_the_devices_and_lets_no_lost_one_in() {
    let folder = Folder::new();
    let (a, b, hub) = (folder.device("a"), folder.device("b"), folder.hub());
    a.ok(["load", &barley()]);
    hub.serves(&[&a, &b]);
    let copy = folder.file("copy.db");
    let copied = hub.ok(["backup", copy.to_str().unwrap()]);
    assert_eq!(keys(&copied), ["bytes", "copy", "seq"]);
    assert_eq!(copied["seq"], 1);
    hub.ok(["revoke", "b"]);
    let file = hub.file.clone();
    assert_eq!(hub.stop("-TERM"), Some(0));

    std::fs::rename(&copy, &file).unwrap();
    let again = Hub::start(&file, "127.0.0.1:0");
    a.sync(&again);
    assert!(b.fails(["sync", "--hub", &again.url], "hub").contains("revoked"));
    let taken = run_json(["hub", "--db", file.to_str().unwrap(), "backup", a.file.to_str().unwrap()]);
    assert_eq!((taken.0, &taken.1["error"]["kind"]), (1, &json!("file")));
}
