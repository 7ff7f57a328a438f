use super::*;
use windrow_protocol::change::What;

/// A device whose farm the hub has.
fn synced() -> (Device, Id<Farm>) {
    let device = Device::new();
    let id = device.farm("Kibo", 10);
    assert_eq!(device.sync(1, vec![]), Applied::Applied);
    (device, id)
}

/// A session that is answered with `told` at seq 2, `meanwhile` happening before the answer is applied.
fn answered(device: &Device, told: Vec<Told>, meanwhile: impl FnOnce()) -> Result<Applied, StoreError> {
    let session = device.store.session();
    let loaded = session.load(true, false)?;
    meanwhile();
    let page = device.page(&last(2, told));
    match loaded.outbox {
        Some(_) => session.acknowledge(Some(point(2)), &page)?,
        None => session.keep(&page)?,
    };
    session.apply()
}

fn pending_log(device: &Device) -> usize {
    device.store.pending().unwrap() as usize
}

#[test]
fn whole_records_patches_and_deaths_are_applied_silently() {
    let (device, kibo) = synced();
    let (mara, plot) = (Id::new(), Id::new());
    let told = vec![
        whole(&Plot { id: plot, farm_id: mara, variety: "x".into(), best_yield: Some(1.5) }),
        whole(&Farm { id: mara, name: "Mara".into(), phone: Some("5".into()), cattle: -3 }),
        patch(kibo, vec![(0, text("Mawenzi")), (2, Value::Integer(11))]),
    ];
    assert_eq!(answered(&device, told, || {}).unwrap(), Applied::Applied);
    assert_eq!(device.get(kibo).unwrap().name, "Mawenzi");
    assert_eq!(device.get(plot).unwrap().best_yield, Some(1.5));
    assert_eq!((pending_log(&device), device.store.changelog().unwrap().len()), (0, 1));
    assert_eq!(answered(&device, vec![gone(kibo)], || {}).unwrap(), Applied::Applied);
    assert_eq!(device.get(kibo), None);
    assert_eq!(pending_log(&device), 0);
    assert_eq!(device.scalar::<i64>("SELECT applying FROM windrow_state"), 0);
}

#[test]
fn foreign_keys_do_not_act_on_what_the_hub_says() {
    let device = Device::new();
    let farm = device.farm("Kibo", 0);
    let plot = device.plot(farm);
    device.sync(1, vec![]);
    // The plot moved to another farm before its own died: SQLite's cascade must not take it.
    let other = Farm { id: Id::new(), name: "Mara".into(), phone: None, cattle: 0 };
    let mut moved = vec![Value::Blob(other.id.as_bytes().to_vec())];
    let told = vec![gone(farm), whole(&other), patch(plot, vec![(0, moved.remove(0))])];
    assert_eq!(answered(&device, told, || {}).unwrap(), Applied::Applied);
    assert_eq!(device.get(plot).unwrap().farm_id, other.id);
}

#[test]
fn a_pending_value_stays_on_top_and_a_sum_adds_up() {
    let (device, id) = synced();
    let meanwhile = || {
        device.edit(id, |f| {
            f.name = "mine".into();
            f.cattle += 5;
        });
    };
    let told = vec![patch(id, vec![(0, text("theirs")), (1, text("7")), (2, Value::Integer(100))])];
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Applied);
    let farm = device.get(id).unwrap();
    assert_eq!((farm.name.as_str(), farm.phone.as_deref(), farm.cattle), ("mine", Some("7"), 105));
    let changeset = device.changeset().unwrap();
    assert_eq!(change_of(&changeset, id).writes[1].what, What::Add(5));
    assert_eq!(change_of(&changeset, id).base, point(1).seq, "what the hub sent since was hidden");
}

#[test]
fn a_whole_record_comes_under_pending_values_too() {
    let (device, id) = synced();
    let told = vec![whole(&Farm { id, name: "theirs".into(), phone: None, cattle: 50 })];
    let meanwhile = || device.edit(id, |f| f.cattle -= 1);
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Applied);
    let farm = device.get(id).unwrap();
    assert_eq!((farm.name.as_str(), farm.cattle), ("theirs", 49));
}

#[test]
fn an_edit_of_what_the_answer_deletes_collides() {
    let (device, id) = synced();
    let meanwhile = || device.edit(id, |f| f.cattle += 1);
    assert_eq!(answered(&device, vec![gone(id)], meanwhile).unwrap(), Applied::Collided);
    assert_eq!(device.get(id).unwrap().cattle, 11, "the answer is dropped whole");
    let loaded = device.store.session().load(true, false).unwrap();
    assert_eq!((loaded.inbox, loaded.pull.checkpoint), (Inbox::Empty, point(1)));
    assert!(loaded.outbox.is_some());
}

#[test]
fn a_record_inserted_meanwhile_under_an_id_of_the_answer_collides() {
    let (device, _) = synced();
    let farm = Farm { id: Id::new(), name: "Mara".into(), phone: None, cattle: 0 };
    let meanwhile = || device.store.insert(&farm).unwrap();
    assert_eq!(answered(&device, vec![whole(&farm)], meanwhile).unwrap(), Applied::Collided);
}

#[test]
fn what_was_deleted_meanwhile_stays_so_until_the_hub_has_heard() {
    let (device, id) = synced();
    let meanwhile = || assert!(device.store.delete(id).unwrap());
    let told = vec![patch(id, vec![(0, text("theirs"))])];
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Applied);
    assert_eq!(device.get(id), None);
    assert_eq!(pending_log(&device), 1);
}

#[test]
fn a_reference_that_would_dangle_collides() {
    let (device, id) = synced();
    let meanwhile = || {
        device.plot(id);
    };
    assert_eq!(answered(&device, vec![gone(id)], meanwhile).unwrap(), Applied::Collided);
    let (device, id) = synced();
    let told = vec![whole(&Plot { id: Id::new(), farm_id: id, variety: String::new(), best_yield: None })];
    let meanwhile = || assert!(device.store.delete(id).unwrap());
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Collided);
}

#[test]
fn what_dangled_before_does_not_block() {
    let (device, id) = synced();
    let plot = device.plot(id);
    device.sync(2, vec![]);
    let conn = device.store.connection().unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; UPDATE plot SET farm_id = randomblob(16)").unwrap();
    let told = vec![patch(plot, vec![(1, text("new"))]), patch(id, vec![(0, text("Mara"))])];
    let session = device.store.session();
    session.load(true, false).unwrap();
    session.keep(&device.page(&last(3, told))).unwrap();
    assert_eq!(session.apply().unwrap(), Applied::Applied);
    assert_eq!(device.get(plot).unwrap().variety, "new");
}

#[test]
fn later_pages_override_earlier_ones() {
    let (device, id) = synced();
    let plot = Plot { id: Id::new(), farm_id: Id::new(), variety: String::new(), best_yield: None };
    let session = device.store.session();
    session.load(true, false).unwrap();
    let reached = Reached { seq: point(2).seq, table: 0, id: id.record() };
    // Between the pages the plot's farm changed, and the first one went.
    let first = vec![patch(id, vec![(0, text("a")), (1, text("1"))]), whole(&plot)];
    session.keep(&device.page(&Page { next: Some(reached), ..last(2, first) })).unwrap();
    let moved = Plot { farm_id: id, ..plot.clone() };
    let second = vec![patch(id, vec![(0, text("b"))]), whole(&moved)];
    session
        .keep(&device.page(&Page { highest: Hlc::from_bits(i64::MAX as u64 >> 1).unwrap(), ..last(3, second) }))
        .unwrap();
    assert_eq!(session.apply().unwrap(), Applied::Applied);
    let farm = device.get(id).unwrap();
    assert_eq!((farm.name.as_str(), farm.phone.as_deref()), ("b", Some("1")));
    assert_eq!(device.get(plot.id).unwrap().farm_id, id);
    let status = device.store.status().unwrap();
    assert_eq!((status.checkpoint, status.clock.bits()), (point(3), i64::MAX as u64 >> 1));
    assert_eq!(device.scalar::<String>("SELECT group_concat(seq) FROM windrow_checkpoints"), "1");
}

/// A row was gone from a device's file, the hub believed it there, and every answer failed at it: the device was blocked
/// for good. It asks for the whole record now.
#[test]
fn a_patch_of_a_record_that_is_not_here_makes_the_device_ask_for_all_of_it() {
    let (device, id) = synced();
    let stranger = Id::<Farm>::new();
    let told = vec![patch(id, vec![(0, text("x"))]), patch(stranger, vec![(0, text("y"))])];
    assert_eq!(answered(&device, told, || {}).unwrap(), Applied::More);
    assert_eq!(device.get(id).unwrap().name, "Kibo");
    let loaded = device.store.session().load(true, false).unwrap();
    assert_eq!((loaded.inbox, loaded.pull.refetch), (Inbox::Empty, vec![(0, stranger.record())]));
}

#[test]
fn a_value_that_the_table_refuses_is_the_hubs_fault() {
    let (device, id) = synced();
    let error = answered(&device, vec![patch(id, vec![(0, Value::Null)])], || {}).unwrap_err();
    assert!(matches!(error, StoreError::Answer(AnswerError::Unfit { table: "farm", .. })), "{error}");
    let error = error.to_string();
    assert!(error.contains("farm.name") && error.contains(&id.to_string()), "{error}");
}

#[test]
fn a_pending_difference_that_overflows_with_the_total_is_refused() {
    let (device, id) = synced();
    let meanwhile = || {
        device.edit(id, |f| f.cattle += 6);
        device.edit(id, |f| {
            f.cattle += 1;
            f.name = "mine".into();
        });
    };
    let told = vec![patch(id, vec![(2, Value::Integer(i64::MAX - 3))])];
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Applied);
    let farm = device.get(id).unwrap();
    assert_eq!((farm.name.as_str(), farm.cattle), ("mine", i64::MAX - 3));
    let refused = device.store.refused().unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].code.as_str(), refused[0].field.as_deref()), ("overflow", Some("cattle")));
    assert_eq!(refused[0].change, serde_json::json!({"operation": "update", "added": {"cattle": 7}}));
    let changeset = device.changeset().unwrap();
    let change = change_of(&changeset, id);
    assert_eq!(change.writes.iter().map(|w| w.field).collect::<Vec<_>>(), [0]);
    assert_eq!(device.store.pending().unwrap(), 1, "the entry with nothing but the difference is gone");
}

#[test]
fn an_overflow_of_a_record_deleted_and_inserted_again_is_refused_too() {
    let (device, id) = synced();
    let again = Farm { id, name: "again".into(), phone: None, cattle: 60 };
    let meanwhile = || {
        device.store.delete(id).unwrap();
        device.store.insert(&again).unwrap();
    };
    let told = vec![patch(id, vec![(2, Value::Integer(i64::MAX))])];
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Applied);
    assert_eq!(device.get(id).unwrap().cattle, i64::MAX);
    assert_eq!(device.store.refused().unwrap()[0].change["added"]["cattle"], 50);
    let changeset = device.changeset().unwrap();
    let sum = change_of(&changeset, id).writes.iter().find(|w| w.field == 2).unwrap();
    assert_eq!(sum.what, What::Add(0));
}

/// A herd stood at the end of its range. Ann's phone had one more head to add, and its pull came in two pages; before the second,
/// somebody had taken many away, and it told of the herd again. Her head, which fits, was moved to what is refused, because
/// it had not fitted under the first. (Simulator, world 301.)
#[test]
fn an_overflow_that_a_later_page_takes_back_is_none() {
    let (device, id) = synced();
    let session = device.store.session();
    session.load(true, false).unwrap();
    device.edit(id, |f| f.cattle += 7);
    let told = |cattle: i64| vec![patch(id, vec![(2, Value::Integer(cattle))])];
    let reached = Reached { seq: point(2).seq, table: 0, id: id.record() };
    session.keep(&device.page(&Page { next: Some(reached), ..last(2, told(i64::MAX - 3)) })).unwrap();
    session.keep(&device.page(&last(3, told(100)))).unwrap();
    assert_eq!(session.apply().unwrap(), Applied::Applied);
    assert_eq!((device.get(id).unwrap().cattle, device.store.refused().unwrap()), (107, vec![]));
    assert_eq!(change_of(&device.changeset().unwrap(), id).writes[0].what, What::Add(7));
}

#[test]
fn a_reference_that_was_emptied_here_is_not_filled_again_by_an_old_answer() {
    let device = Device::new();
    let farm = device.farm("Kibo", 0);
    let plot = device.plot(farm);
    let worker = Worker { id: Id::new(), badge: "7".into() };
    device.store.insert(&worker).unwrap();
    let visit = device.visit(plot, Some(worker.id));
    device.sync(1, vec![]);
    let record = Visit { id: visit, plot_id: plot, worker_id: Some(worker.id), notes: "theirs".into() };
    let meanwhile = || assert!(device.store.delete(worker.id).unwrap());
    assert_eq!(answered(&device, vec![whole(&record)], meanwhile).unwrap(), Applied::Applied);
    let visit = device.get(visit).unwrap();
    assert_eq!((visit.worker_id, visit.notes.as_str()), (None, "theirs"));
}

#[test]
fn shortened_ids_are_found_among_the_records_here() {
    let (device, id) = synced();
    let send = |short: Vec<u8>, told: Vec<Told>| {
        let session = device.store.session();
        session.load(false, false).unwrap();
        let page = codec::encode_page(&device.store.plan().schema, &last(2, told), &short, Effort::Page);
        session.keep(&page).unwrap();
        session.apply().unwrap()
    };
    assert_eq!(send(vec![56], vec![patch(id, vec![(0, text("a"))])]), Applied::Applied);
    assert_eq!(device.get(id).unwrap().name, "a");
    let mut near = *id.as_bytes();
    near[15] ^= 1;
    let near = Farm { id: Id::from_bytes(near), name: "near".into(), phone: None, cattle: 0 };
    device.store.insert(&near).unwrap();
    // Nothing is pending any more, so the session keeps the page; the two ids differ only in their last byte.
    device.sync(2, vec![]);
    assert_eq!(send(vec![56], vec![patch(id, vec![(0, text("b"))])]), Applied::Ambiguous);
    assert_eq!(device.get(id).unwrap().name, "a");
    assert_eq!(device.store.session().load(true, false).unwrap().inbox, Inbox::Empty);
    device.store.delete(near.id).unwrap();
    let other = send(vec![56], vec![patch(near.id, vec![(0, text("c"))])]);
    assert_eq!(other, Applied::Ambiguous, "two are named: one here, one deleted and pending");
}

#[test]
fn own_commits_are_kept_while_a_pending_base_is_below_them() {
    let (device, id) = synced();
    let session = device.store.session();
    device.edit(id, |f| f.cattle += 1);
    session.load(true, false).unwrap();
    device.edit(id, |f| f.cattle += 1);
    session.acknowledge(Some(point(5)), &device.page(&last(6, vec![]))).unwrap();
    session.apply().unwrap();
    assert_eq!(session.load(true, false).unwrap().pull.own, [point(5)]);
    session.acknowledge(Some(point(7)), &device.page(&last(8, vec![]))).unwrap();
    session.apply().unwrap();
    assert_eq!(session.load(true, false).unwrap().pull.own, []);
}

#[test]
fn a_users_trigger_may_run_while_applying() {
    let (device, id) = synced();
    device.store.connection().unwrap().execute_batch(
        "CREATE TABLE search (id BLOB PRIMARY KEY, name TEXT);
         CREATE TRIGGER indexed AFTER UPDATE ON farm BEGIN INSERT OR REPLACE INTO search VALUES (NEW.id, NEW.name); END;",
    ).unwrap();
    assert_eq!(answered(&device, vec![patch(id, vec![(0, text("Mara"))])], || {}).unwrap(), Applied::Applied);
    assert_eq!(device.scalar::<String>("SELECT name FROM search"), "Mara");
}

#[test]
fn a_clock_that_no_stamp_could_follow_is_refused() {
    let (device, id) = synced();
    let session = device.store.session();
    session.load(true, false).unwrap();
    let highest = Hlc::from_bits(i64::MAX as u64).unwrap();
    session.keep(&device.page(&Page { highest, ..last(2, vec![]) })).unwrap();
    let error = session.apply().unwrap_err();
    assert!(matches!(error, StoreError::Answer(AnswerError::Clock)), "{error}");
    device.edit(id, |f| f.cattle += 1);
}

/// A visit was given a worker, who was then deleted, all while an answer was under way. The answer told of the visit's
/// worker too, and the value written before the delete was shown again: a reference to a worker who is not here.
#[test]
fn a_reference_that_was_written_and_then_emptied_stays_empty() {
    let device = Device::new();
    let plot = device.plot(device.farm("Kibo", 0));
    let worker = |badge: &str| {
        let id = Id::new();
        device.store.insert(&Worker { id, badge: badge.into() }).unwrap();
        id
    };
    let (asha, juma) = (worker("1"), worker("2"));
    let visit = device.visit(plot, None);
    device.sync(1, vec![]);
    let meanwhile = || {
        device.edit(visit, |v| v.worker_id = Some(asha));
        device.store.delete(asha).unwrap();
    };
    let told = vec![patch(visit, vec![(1, Value::Blob(juma.as_bytes().to_vec()))])];
    assert_eq!(answered(&device, told, meanwhile).unwrap(), Applied::Applied);
    assert_eq!(device.get(visit).unwrap().worker_id, None);
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}
