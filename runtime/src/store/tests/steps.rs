use super::*;
use windrow_protocol::told::Cursor;

fn outbox(device: &Device) -> Loaded {
    device.store.session().load(true, false).unwrap()
}

fn partial(device: &Device, seq: u64, told: Vec<Told>) -> (Vec<u8>, Cursor) {
    let reached = Reached { seq: point(seq).seq, table: 0, id: Id::<Farm>::new().record() };
    let page = Page { next: Some(reached), ..last(seq, told) };
    (device.page(&page), page.cursor().unwrap())
}

#[test]
fn with_nothing_pending_there_is_nothing_to_send() {
    let device = Device::new();
    let loaded = outbox(&device);
    assert_eq!((loaded.outbox, loaded.inbox), (None, Inbox::Empty));
    assert_eq!(loaded.pull.checkpoint, Point::START);
    assert_eq!(loaded.pull.device, device.store.device_id());
    assert_eq!(loaded.pull.schema, device.store.plan().schema.digest());
}

#[test]
fn a_changeset_is_repeated_byte_for_byte_whatever_was_written_since() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    let first = outbox(&device).outbox.unwrap();
    device.edit(id, |f| f.cattle += 1);
    let device = device.reopened();
    device.edit(id, |f| f.cattle += 1);
    assert_eq!(outbox(&device).outbox.unwrap(), first);
    let session = device.store.session();
    session.mark_prepared().unwrap();
    let device = device.reopened();
    assert!(outbox(&device).outbox.unwrap().prepared);
    device.store.session().discard().unwrap();
    let again = outbox(&device).outbox.unwrap();
    assert_ne!(again.session, first.session);
    assert!(!again.prepared);
    assert_eq!(device.decode(&again.payload).changes[0].writes.len(), 3);
}

#[test]
fn spans_name_each_origin_with_pending_entries() {
    let device = Device::new();
    device.farm("Kibo", 1);
    let device = device.reopened();
    device.farm("Mara", 1);
    device.farm("Meru", 1);
    let log = device.store.changelog().unwrap();
    let changeset = device.changeset().unwrap();
    let spans: Vec<_> = changeset.spans.iter().map(|s| (s.origin, s.after, s.upto)).collect();
    assert_eq!(spans, [(log[0].origin, Hlc::ZERO, log[0].stamp), (log[2].origin, Hlc::ZERO, log[2].stamp)]);
    assert_eq!((changeset.author, changeset.upto), (log[2].origin, log[2].stamp));
}

#[test]
fn an_acknowledged_log_is_not_sent_again() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    let session = device.store.session();
    let loaded = session.load(false, false).unwrap();
    let upto = device.decode(&loaded.outbox.unwrap().payload).upto;
    device.edit(id, |f| f.cattle += 4);
    let page = device.page(&last(1, vec![]));
    let (inbox, pull) = session.acknowledge(Some(point(1)), &page).unwrap();
    assert_eq!((inbox, &pull.own), (Inbox::Complete, &vec![point(1)]));
    let origin = device.store.changelog().unwrap()[0].origin;
    assert_eq!(pull.covers, [(origin, upto)]);
    assert_eq!(session.apply().unwrap(), Applied::Applied);
    let loaded = outbox(&device);
    assert_eq!(loaded.pull.covers, []);
    let changeset = device.decode(&loaded.outbox.unwrap().payload);
    assert_eq!(changeset.spans[0].after, upto);
    assert_eq!(changeset.own, [point(1)], "the pending base is below this commit");
    assert_eq!(changeset.changes.len(), 1);
    assert!(!changeset.changes[0].born);
}

#[test]
fn a_net_change_of_nothing_still_moves_the_cover() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    device.store.delete(id).unwrap();
    let changeset = device.changeset().unwrap();
    assert_eq!((changeset.changes.len(), changeset.spans.len()), (0, 1));
    device.sync(1, vec![]);
    assert_eq!(device.store.pending().unwrap(), 0);
}

#[test]
fn every_step_survives_a_crash_after_it() {
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    let loaded = outbox(&device);
    let device = device.reopened();
    assert_eq!(outbox(&device).outbox, loaded.outbox);
    let (page, cursor) = partial(&device, 1, vec![patch(id, vec![(0, text("Mara"))])]);
    device.store.session().acknowledge(Some(point(1)), &page).unwrap();

    let device = device.reopened();
    let loaded = outbox(&device);
    assert_eq!((loaded.outbox, loaded.inbox), (None, Inbox::Partial(cursor)));
    assert_eq!(device.get(id).unwrap().name, "Kibo", "half an answer shows nothing");
    let page = device.page(&last(2, vec![patch(id, vec![(2, Value::Integer(9))])]));
    device.store.session().keep(&page).unwrap();

    let device = device.reopened();
    assert_eq!(outbox(&device).inbox, Inbox::Complete);
    assert_eq!(device.store.session().apply().unwrap(), Applied::Applied);

    let device = device.reopened();
    let farm = device.get(id).unwrap();
    assert_eq!((farm.name.as_str(), farm.cattle), ("Mara", 9));
    assert_eq!(device.store.status().unwrap().checkpoint, point(2));
    assert_eq!(outbox(&device).inbox, Inbox::Empty);
}

#[test]
fn pages_from_before_a_commit_of_ones_own_are_void() {
    let device = Device::new();
    let (page, cursor) = partial(&device, 5, vec![]);
    let session = device.store.session();
    session.load(false, false).unwrap();
    assert_eq!(session.keep(&page).unwrap().0, Inbox::Partial(cursor));
    device.farm("Kibo", 1);
    assert!(session.load(false, false).unwrap().outbox.is_some());
    let (page, other) = partial(&device, 6, vec![]);
    assert_eq!(session.acknowledge(Some(point(6)), &page).unwrap().0, Inbox::Partial(other));
    assert_eq!(device.scalar::<i64>("SELECT count(*) FROM windrow_inbox"), 1);
}

#[test]
fn an_answer_that_is_not_complete_is_not_applied() {
    let device = Device::new();
    let (page, _) = partial(&device, 5, vec![]);
    let session = device.store.session();
    session.load(false, false).unwrap();
    session.keep(&page).unwrap();
    let error = session.apply().unwrap_err();
    assert!(matches!(error, StoreError::Answer(AnswerError::Incomplete)), "{error}");
}

#[test]
fn bytes_that_are_no_page_change_nothing() {
    let device = Device::new();
    device.farm("Kibo", 1);
    let session = device.store.session();
    let loaded = session.load(false, false).unwrap();
    for bytes in [&b""[..], b"WR", &[0xff; 200]] {
        let error = session.acknowledge(Some(point(1)), bytes).unwrap_err();
        assert!(matches!(error, StoreError::Answer(AnswerError::Decode(_))), "{error}");
        assert!(!error.is_retryable());
    }
    assert_eq!(session.load(false, false).unwrap().outbox, loaded.outbox);
}

#[test]
fn a_session_that_another_one_overtook_gives_way() {
    let device = Device::new();
    device.farm("Kibo", 1);
    let (one, two) = (device.store.session(), device.store.session());
    one.load(false, false).unwrap();
    // It goes on with what the other one stored, and syncs that to disk: a step of its own.
    two.load(false, false).unwrap();
    let overtaken = one.mark_prepared().unwrap_err();
    assert!(matches!(overtaken, StoreError::Overtaken) && overtaken.is_retryable());
    two.mark_prepared().unwrap();
    one.load(false, false).unwrap();
    one.clone().discard().unwrap();
    assert!(matches!(two.discard(), Err(StoreError::Overtaken)));
}

#[test]
fn ids_are_named_by_as_many_bits_as_tell_them_apart_and_seven_more() {
    let device = Device::new();
    let ids = [[0; 16], [1; 16], {
        let mut id = [1; 16];
        id[3] = 9;
        id
    }]
    .map(Id::<Farm>::from_bytes);
    for id in ids {
        device.store.insert(&Farm { id, name: String::new(), phone: None, cattle: 0 }).unwrap();
    }
    let lengths = |whole: bool| {
        let loaded = device.store.session().load(whole, false).unwrap();
        let payload = loaded.outbox.unwrap().payload;
        device.store.session().discard().unwrap();
        let schema = &device.store.plan().schema;
        let encoded = codec::decode_changeset(schema, &payload, &Limits::default()).unwrap();
        encoded.shortened().map(|(_, id)| id.len).collect::<Vec<_>>()
    };
    assert!(lengths(false).is_empty(), "the hub has none of them");
    device.sync(1, vec![]);
    ids.iter().for_each(|id| device.edit(*id, |f| f.cattle += 1));
    // One length for all is shorter than another group for the first, which 15 bits would name.
    assert_eq!(lengths(false), [36, 36, 36]);
    assert!(lengths(true).is_empty());
    device.store.delete(ids[2]).unwrap();
    assert_eq!(lengths(false), [36, 36, 36], "what is sent counts, though it is not here any more");
}

#[test]
fn the_machine_drives_the_file_through_a_whole_session() {
    use windrow_protocol::message::Answer;
    use windrow_protocol::pace::Pace;
    use windrow_protocol::session::{Event, Finish, Request, Session};
    let device = Device::new();
    let id = device.farm("Kibo", 1);
    let actions = device.store.session();
    let (mut session, mut action) = Session::start(Pace::default());
    let mut sent = Vec::new();
    let finish = loop {
        action = match actions.perform(action).unwrap() {
            Next::Event(event) => session.on(event).unwrap(),
            Next::Finish(finish) => break finish,
            Next::Send(request) => {
                let (name, answer) = match request {
                    Request::Prepare(_) | Request::Upload(_) => ("prepare", Answer::Prepared),
                    Request::Commit(_) => {
                        ("commit", Answer::Committed { at: Some(point(1)), page: partial(&device, 1, vec![]).0 })
                    }
                    Request::Pull(pull) => {
                        assert!(pull.cursor.is_some());
                        ("pull", Answer::News(device.page(&last(2, vec![patch(id, vec![(2, Value::Integer(5))])]))))
                    }
                };
                sent.push(name);
                session.on(Event::Answered(answer)).unwrap()
            }
        };
    };
    assert_eq!((finish, sent), (Finish::InSync, vec!["prepare", "commit", "pull"]));
    assert_eq!(device.get(id).unwrap().cattle, 5);
    let status = device.store.status().unwrap();
    assert!(status.last_contact.is_some());
    assert_eq!((status.pending_entries, status.checkpoint), (0, point(2)));
    assert!(status.bytes > 0);
}
