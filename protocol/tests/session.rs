//! The device's machine, fed with what a broken hub may say.

#![allow(clippy::unwrap_used, clippy::panic)]

use windrow_protocol::chunk::Chunk;
use windrow_protocol::clock::{DeviceId, Mark, Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Pull, SessionId};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Inbox, Loaded, Outbox, Request, Session, Unexpected};
use windrow_protocol::told::{Cursor, Reached};

fn pull() -> Pull {
    Pull {
        schema: [0; 8],
        device: DeviceId::from_bits(1).unwrap(),
        checkpoint: Point::START,
        own: vec![],
        covers: vec![],
        refetch: vec![],
        cursor: None,
        whole_ids: false,
        whole: Vec::new(),
        verify: false,
        page: u8::MAX,
    }
}

fn place(seq: u64, table: usize, id: u8) -> Cursor {
    let head = Point { seq: Seq::from_bits(seq).unwrap(), mark: Mark(seq) };
    Cursor { head, reached: Reached { seq: head.seq, table, id: RecordId([id; 16]) } }
}

/// What the machine does when the pages that follow one another name these places to go on at.
fn after(places: &[Cursor]) -> Result<Action, Unexpected> {
    let (mut session, _) = Session::start(Pace::default());
    let loaded = Loaded { outbox: None, stored_before: false, inbox: Inbox::Empty, pull: pull() };
    let mut action = session.on(Event::Loaded(Box::new(loaded)));
    for place in places {
        assert!(matches!(action, Ok(Action::Send(_))), "{action:?}");
        session.on(Event::Answered(Answer::News(vec![]))).unwrap();
        action = session.on(Event::Kept(Inbox::Partial(*place), Box::new(pull())));
    }
    action
}

/// A hub whose pages led back to where they came from kept a device asking, and its file growing, for ever.
#[test]
fn pages_that_do_not_lead_on_end_the_session() {
    assert!(after(&[place(3, 0, 1), place(3, 0, 2), place(3, 1, 0), place(4, 0, 0)]).is_ok());
    assert_eq!(after(&[place(3, 0, 1), place(3, 0, 1)]), Err(Unexpected));
    assert_eq!(after(&[place(3, 1, 1), place(3, 0, 2)]), Err(Unexpected));
    assert_eq!(after(&[place(4, 0, 0), place(3, 5, 5)]), Err(Unexpected));
}

#[test]
fn nor_does_a_page_lead_on_that_repeats_what_was_kept_before_a_restart() {
    let (mut session, _) = Session::start(Pace::default());
    let loaded = Loaded { outbox: None, stored_before: false, inbox: Inbox::Partial(place(3, 0, 1)), pull: pull() };
    session.on(Event::Loaded(Box::new(loaded))).unwrap();
    session.on(Event::Answered(Answer::News(vec![]))).unwrap();
    let kept = Event::Kept(Inbox::Partial(place(3, 0, 1)), Box::new(pull()));
    assert_eq!(session.on(kept), Err(Unexpected));
}

/// A long changeset, the machine that sends it, and a hub that has some of its bytes.
fn uploading(stored_before: bool) -> (Session, Action, Vec<u8>) {
    let payload: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
    let outbox = Outbox { session: SessionId([1; 16]), payload: payload.clone(), prepared: false };
    let (mut session, _) = Session::start(Pace::fixed(3_000, 6));
    let loaded = Loaded { outbox: Some(outbox), stored_before, inbox: Inbox::Empty, pull: pull() };
    let action = session.on(Event::Loaded(Box::new(loaded))).unwrap();
    (session, action, payload)
}

fn chunk(action: &Action) -> &Chunk {
    match action {
        Action::Send(Request::Upload(chunk)) => chunk,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_long_changeset_goes_in_chunks_from_where_the_hub_is() {
    let (mut session, mut action, payload) = uploading(true);
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (0, 0), "it asks first");
    let mut has = 1_234;
    while has < payload.len() {
        action = session.on(Event::Answered(Answer::Received(has as u32))).unwrap();
        let sent = chunk(&action);
        assert_eq!(session.progress().map(|p| (p.sent, p.total)), Some((has as u32, 10_000)));
        assert_eq!((sent.offset as usize, &sent.bytes[..]), (has, &payload[has..(has + 3_000).min(10_000)]));
        has += sent.bytes.len();
    }
    assert_eq!(session.on(Event::Answered(Answer::Prepared)), Ok(Action::MarkPrepared));
    assert_eq!(session.progress(), None);

    // On a link that has become better all of it would fit into one: the hub has some of it all the same.
    let outbox = Outbox { session: SessionId([1; 16]), payload, prepared: false };
    let (mut session, _) = Session::start(Pace::fixed(60_000, 6));
    let loaded = Loaded { outbox: Some(outbox), stored_before: true, inbox: Inbox::Empty, pull: pull() };
    let action = session.on(Event::Loaded(Box::new(loaded))).unwrap();
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (0, 0));
    let action = session.on(Event::Answered(Answer::Received(9_000))).unwrap();
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (9_000, 1_000));

    let (_, action, _) = uploading(false);
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (0, 3_000), "nobody has any of a new one");
}

/// A hub that loses what it said it had, or has never enough, is not sent to for ever; one that has more than all is broken.
#[test]
fn an_upload_that_gets_nowhere_ends() {
    let (mut session, mut action, _) = uploading(false);
    let mut sent = 0;
    while let Action::Send(_) = action {
        sent += 1;
        action = session.on(Event::Answered(Answer::Received(0))).unwrap();
        assert!(sent < 100);
    }
    assert_eq!(action, Action::Finish(windrow_protocol::session::Finish::Unsettled));
    let (mut session, _, _) = uploading(false);
    assert_eq!(session.on(Event::Answered(Answer::Received(10_000))), Err(Unexpected));
    let (mut session, _, _) = uploading(false);
    assert_eq!(session.on(Event::Answered(Answer::News(vec![]))), Err(Unexpected));
}
