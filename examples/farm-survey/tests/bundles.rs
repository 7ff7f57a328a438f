//! Files instead of a link, as scripts use them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::json;
use support::{Folder, assert_equal, barley, keys, number, run_json};

/// A tablet in a village without a mast: it enrolled in town, and a driver takes its files. One stick went to the hub's own
/// machine, one to whoever had a link; the same stick was handed in twice.
#[test]
fn a_driver_carries_a_trial_to_the_hub_and_news_back() {
    let folder = Folder::new();
    let (a, b, hub) = (folder.device("a"), folder.device("b"), folder.hub());
    hub.enrols(&a);
    hub.serves(&[&b]);
    a.ok(["load", &barley()]);
    let (bundle, answer) = (folder.file("a.bundle"), folder.file("a.answer"));
    let (bundle, answer) = (bundle.to_str().unwrap(), answer.to_str().unwrap());
    let exported = a.ok(["export", bundle]);
    assert_eq!(keys(&exported), ["bundle", "bytes", "pending"]);
    assert_eq!(exported["pending"], json!(126));
    for _ in 0..2 {
        let (status, carried) = run_json(["carry", bundle, "--hub", &hub.url, "--out", answer]);
        assert_eq!((status, keys(&carried)), (0, vec!["answer", "bytes"]), "{carried}");
    }
    let imported = a.ok(["import", answer]);
    assert_eq!(keys(&imported), ["checkpoint", "conflicts", "imported", "pending", "refused"]);
    assert_eq!((&imported["imported"], &imported["pending"]), (&json!("all"), &json!(0)));
    assert_eq!(a.ok(["import", answer])["imported"], json!("nothing"));
    assert_eq!(number(&hub.file, "SELECT count(*) FROM plot"), 120);

    b.sync(&hub);
    support::programs::Program::Bundled.writes(&b.file, true, "UPDATE farm SET cattle = cattle + 3");
    b.sync(&hub);
    a.ok(["export", bundle]);
    let answered = hub.ok(["bundle", bundle, "--out", answer]);
    assert_eq!(keys(&answered), ["answer", "bytes"]);
    assert_eq!(a.ok(["import", answer])["imported"], json!("all"));
    assert_equal(&[&a.file, &b.file, &hub.file]);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = Folder::new();
    let (a, hub) = (folder.device("a"), folder.hub());
    let (bundle, answer) = (folder.file("a.bundle"), folder.file("a.answer"));
    let (bundle, answer) = (bundle.to_str().unwrap(), answer.to_str().unwrap());
    assert!(a.fails(["export", bundle], "hub").contains("enrol it with a code"));
    hub.enrols(&a);
    a.ok(["export", bundle]);
    assert!(a.fails(["import", bundle], "file").contains("carry it to the hub"));
    std::fs::write(answer, std::fs::read(bundle).unwrap().split_last().unwrap().1).unwrap();
    let (status, said) = run_json(["carry", answer, "--hub", &hub.url, "--out", "/nowhere/x"]);
    assert_eq!((status, &said["error"]["kind"]), (1, &json!("hub")));
    assert!(said["error"]["message"].as_str().unwrap().contains("copy it again"), "{said}");
    let key = hub.ok(["key"])["key"].as_str().unwrap().to_owned();
    a.ok(["export", bundle, "--key", &key]);
    hub.ok(["bundle", bundle, "--out", answer]);
    a.ok(["import", answer]);
}

/// One hub in 64 has a key that begins with `-`. As `hub key` says it, it was taken for an option that the command does not have.
#[test]
fn a_key_may_begin_like_an_option() {
    let folder = Folder::new();
    let (a, hub) = (folder.device("a"), folder.hub());
    hub.enrols(&a);
    a.ok(["export", folder.file("a.bundle").to_str().unwrap(), "--key", "-leYtRnJIy2X2ceaQXZkctXOXEs-_JZBuZL3zceDOnA"]);
}
