use super::*;
use serde_json::json;

#[test]
fn a_refused_insert_and_what_depends_on_it_are_kept_apart_and_the_rest_goes_on() {
    let device = Device::new();
    let (bad, good) = (device.farm("bad", 1), device.farm("good", 2));
    let plot = device.plot(bad);
    let visit = device.visit(plot, None);
    let session = device.store.session();
    session.load(true, false).unwrap();
    device.edit(bad, |f| f.cattle += 1);
    session.refuse(&[refusal(bad, Some(0))]).unwrap();

    let refused = device.store.refused().unwrap();
    let told: Vec<_> = refused.iter().map(|r| (r.table.as_str(), r.record)).collect();
    assert_eq!(told, [("farm", bad.record()), ("plot", plot.record()), ("visit", visit.record())]);
    assert_eq!(
        refused[0].change,
        json!({"operation": "insert", "values": {"name": "bad", "phone": null}, "added": {"cattle": 2}})
    );
    assert_eq!((refused[0].code.as_str(), refused[0].field.as_deref()), ("unknown-parent", Some("name")));
    assert_eq!(refused[1].change["values"]["farm_id"], bad.to_string());
    assert!(refused[1].sentence.contains(&bad.to_string()), "{}", refused[1].sentence);

    let device = device.reopened();
    let loaded = device.store.session().load(true, false).unwrap();
    let changeset = device.decode(&loaded.outbox.unwrap().payload);
    assert_eq!(changeset.changes.iter().map(|c| c.id).collect::<Vec<_>>(), [good.record()]);
    assert_eq!(loaded.pull.refetch.len(), 3);
    assert_eq!(device.sync(1, vec![gone(visit), gone(plot), gone(bad)]), Applied::Applied);
    assert_eq!((device.get(bad), device.get(plot), device.get(visit)), (None, None, None));
    assert!(device.get(good).is_some());
    let status = device.store.status().unwrap();
    assert_eq!((status.refused, status.pending_entries), (3, 0));
    assert_eq!(device.store.session().load(true, false).unwrap().pull.refetch, []);
    device.store.dismiss(&refused[0]).unwrap();
    assert_eq!(device.store.refused().unwrap(), refused[1..]);
}

#[test]
fn a_refused_edit_is_restored_from_the_hub() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    device.sync(1, vec![]);
    device.edit(id, |f| f.cattle = i64::MAX);
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.refuse(&[refusal(id, Some(2))]).unwrap();
    let loaded = session.load(true, false).unwrap();
    assert_eq!((loaded.outbox, loaded.pull.refetch.len()), (None, 1));
    session
        .keep(&device.page(&last(2, vec![whole(&Farm { id, name: "Kibo".into(), phone: None, cattle: 1 })])))
        .unwrap();
    assert_eq!(session.apply().unwrap(), Applied::Applied);
    assert_eq!(device.get(id).unwrap().cattle, 1);
    assert_eq!(
        device.store.refused().unwrap()[0].change,
        json!({"operation": "update", "added": {"cattle": i64::MAX - 1}})
    );
}

#[test]
fn an_answer_received_before_a_refusal_is_void() {
    let device = Device::new();
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.keep(&device.page(&last(1, vec![]))).unwrap();
    let id = device.farm("bad", 1);
    session.load(true, false).unwrap();
    session.refuse(&[refusal(id, None)]).unwrap();
    let loaded = session.load(true, false).unwrap();
    assert_eq!((loaded.outbox, loaded.inbox), (None, Inbox::Empty));
    assert_eq!(loaded.pull.refetch, [(0, id.record())]);
}

#[test]
fn an_edit_that_refers_to_a_refused_record_depends_on_it_and_other_records_do_not() {
    let device = Device::new();
    let home = device.farm("home", 1);
    let (moved, stays) = (device.plot(home), device.plot(home));
    device.sync(1, vec![]);
    let bad = device.farm("bad", 1);
    device.edit(moved, |p| p.farm_id = bad);
    device.edit(stays, |p| p.variety = "new".into());
    device.edit(home, |f| f.cattle += 1);
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.refuse(&[refusal(bad, None)]).unwrap();
    let changeset = device.changeset().unwrap();
    let mut sent: Vec<_> = changeset.changes.iter().map(|c| c.id).collect();
    sent.sort_unstable();
    let mut expected = [stays.record(), home.record()];
    expected.sort_unstable();
    assert_eq!(sent, expected);
}

#[test]
fn entries_of_earlier_origins_are_refused_too() {
    let device = Device::new();
    let id = device.farm("bad", 1);
    let device = device.reopened();
    device.edit(id, |f| f.cattle += 1);
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.refuse(&[refusal(id, None)]).unwrap();
    assert_eq!(device.store.pending().unwrap(), 0);
    assert_eq!(device.store.refused().unwrap()[0].change["added"]["cattle"], 2);
}

#[test]
fn what_foreign_keys_did_after_a_refused_delete_is_undone_with_it() {
    let device = Device::new();
    let farm = device.farm("Kibo", 1);
    let plot = device.plot(farm);
    let worker = Worker { id: Id::new(), badge: "7".into() };
    device.store.insert(&worker).unwrap();
    let other = device.plot(device.farm("Mara", 1));
    let visit = device.visit(other, Some(worker.id));
    device.sync(1, vec![]);
    device.store.delete(farm).unwrap();
    device.store.delete(worker.id).unwrap();
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.refuse(&[refusal(farm, None), refusal(worker.id, None)]).unwrap();
    let loaded = session.load(true, false).unwrap();
    assert_eq!(loaded.outbox, None, "no delete of the plot, no emptied reference");
    let wanted: Vec<_> = loaded.pull.refetch.iter().map(|(_, id)| *id).collect();
    assert_eq!(wanted, [farm.record(), plot.record(), worker.id.record(), visit.record()]);
}

/// A hub that is broken, or another program at its address, may name anything: a table's number was taken on trust.
#[test]
fn a_refusal_of_a_table_that_is_none_is_an_error_and_changes_nothing() {
    let device = Device::new();
    let farm = device.farm("Kibo", 1);
    let session = device.store.session();
    session.load(true, false).unwrap();
    let nowhere = Refusal { key: (99, farm.record()), ..refusal(farm, None) };
    let refused = session.refuse(&[refusal(farm, None), nowhere]);
    assert!(matches!(refused, Err(StoreError::Answer(AnswerError::Refusal))), "{refused:?}");
    assert_eq!((device.store.refused().unwrap(), device.store.pending().unwrap()), (vec![], 1));
    assert!(session.load(true, false).unwrap().outbox.is_some());
}

/// What is not in the changeset can't be taken out of it: the same would be sent and refused for ever, and nobody told.
#[test]
fn a_refusal_of_nothing_that_was_sent_is_an_error_that_names_it() {
    let device = Device::new();
    device.farm("Kibo", 1);
    let session = device.store.session();
    session.load(true, false).unwrap();
    let error = session.refuse(&[refusal(Id::<Farm>::new(), None)]).unwrap_err();
    assert!(error.to_string().contains("can't be") && !error.is_retryable(), "{error}");
    assert_eq!(device.store.pending().unwrap(), 1);
}
