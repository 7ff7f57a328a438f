//! The device's machine, fed with what a broken hub may say.

#![allow(clippy::unwrap_used, clippy::panic)]

use windrow_protocol::chunk::{Chunk, Gap};
use windrow_protocol::clock::{DeviceId, Mark, Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Pull, Refusal, RefusalCode, SessionId};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Event, Finish, Inbox, Loaded, Outbox, Request, Session, Unexpected};
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
    let loaded = Loaded { outbox: None, stored_before: false, behind: false, inbox: Inbox::Empty, pull: pull() };
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
    let loaded = Loaded {
        outbox: None,
        stored_before: false,
        behind: false,
        inbox: Inbox::Partial(place(3, 0, 1)),
        pull: pull(),
    };
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
    let loaded =
        Loaded { outbox: Some(outbox), stored_before, behind: stored_before, inbox: Inbox::Empty, pull: pull() };
    let action = session.on(Event::Loaded(Box::new(loaded))).unwrap();
    (session, action, payload)
}

fn chunk(action: &Action) -> &Chunk {
    match action {
        Action::Send(Request::Upload(chunk)) => chunk,
        other => panic!("{other:?}"),
    }
}

fn lacks(from: u32, to: u32) -> Answer {
    all_lacks(&[(from, to)])
}

fn all_lacks(gaps: &[(u32, u32)]) -> Answer {
    Answer::Received(gaps.iter().map(|(from, to)| Gap { from: *from, to: *to }).collect())
}

#[test]
fn a_long_changeset_goes_in_chunks_from_where_the_hub_is() {
    let (mut session, mut action, payload) = uploading(true);
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (0, 0), "it asks first");
    let mut has = 1_234;
    while has < payload.len() {
        action = session.on(Event::Answered(lacks(has as u32, 10_000))).unwrap();
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
    let loaded = Loaded { outbox: Some(outbox), stored_before: true, behind: true, inbox: Inbox::Empty, pull: pull() };
    let action = session.on(Event::Loaded(Box::new(loaded))).unwrap();
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (0, 0));
    let action = session.on(Event::Answered(lacks(9_000, 10_000))).unwrap();
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (9_000, 1_000));

    let (_, action, _) = uploading(false);
    assert_eq!((chunk(&action).offset, chunk(&action).bytes.len()), (0, 3_000), "nobody has any of a new one");
}

/// Chunks once had 64 KiB at most, over the best of links too: where each exchange takes half a second for the way, 5 MB took 40
/// seconds. Longer ones must not bring back what they are for: of a long changeset that is cut off something is kept.
#[test]
fn over_a_good_link_a_long_changeset_goes_in_one_chunk_but_never_by_prepare() {
    let mut pace = Pace::default();
    (0..20).for_each(|_| pace.took(1 << 20, 500));
    let first = |bytes: usize| {
        let outbox = Outbox { session: SessionId([1; 16]), payload: vec![7; bytes], prepared: false };
        let (mut session, _) = Session::start(pace.clone());
        let loaded =
            Loaded { outbox: Some(outbox), stored_before: false, behind: false, inbox: Inbox::Empty, pull: pull() };
        session.on(Event::Loaded(Box::new(loaded))).unwrap()
    };
    assert_eq!(chunk(&first(700_000)).bytes.len(), 700_000);
    assert_eq!(chunk(&first(70_000)).bytes.len(), 70_000);
    assert!(matches!(first(60_000), Action::Send(Request::Prepare(_))));
}

/// Over a link that loses a third of the answers, whoever asked first what the hub has brought nothing in every other contact.
#[test]
fn a_session_goes_on_with_what_was_not_sent_yet() {
    let outbox =
        || Outbox { session: SessionId([1; 16]), payload: (0..100u8).cycle().take(10_000).collect(), prepared: false };
    let begun = |pace: Pace, outbox: Outbox| {
        let (mut session, _) = Session::start(pace);
        let loaded =
            Loaded { outbox: Some(outbox), stored_before: true, behind: true, inbox: Inbox::Empty, pull: pull() };
        let action = session.on(Event::Loaded(Box::new(loaded))).unwrap();
        (session, action)
    };
    let place = |action: &Action| (chunk(action).offset, chunk(action).bytes.len());
    let (session, action) = begun(Pace::fixed(3_000, 6), outbox());
    assert_eq!(place(&action), (0, 0), "nobody remembers");
    let (mut session, action) = begun(session.pace, outbox());
    assert_eq!(place(&action), (0, 0), "a question tells nothing");
    let action = session.on(Event::Answered(lacks(1_000, 10_000))).unwrap();
    assert_eq!(place(&action), (1_000, 3_000));
    let (session, action) = begun(session.pace, outbox());
    assert_eq!(place(&action), (4_000, 3_000), "what was sent last may have arrived");
    assert_eq!(chunk(&action).bytes, outbox().payload[4_000..7_000]);
    assert_eq!(session.progress().map(|p| p.sent), Some(0), "nor is it counted yet");
    let (mut session, action) = begun(session.pace, outbox());
    assert_eq!(place(&action), (7_000, 3_000));
    let other = Outbox { session: SessionId([2; 16]), ..outbox() };
    assert_eq!(place(&begun(session.pace.clone(), other).1), (0, 0), "another changeset");
    let action = session.on(Event::Answered(all_lacks(&[(1_512, 6_000), (7_000, 7_100)]))).unwrap();
    assert_eq!(place(&action), (1_512, 3_000), "a gap of more than a chunk");
    let (session, action) = begun(session.pace, outbox());
    assert_eq!(place(&action), (4_512, 1_488), "no more than the gap");
    let (session, action) = begun(session.pace, outbox());
    assert_eq!(place(&action), (7_000, 100));
    let (mut session, action) = begun(session.pace, outbox());
    assert_eq!(place(&action), (0, 0), "all is on the way: what is lacking?");
    assert_eq!(session.on(Event::Answered(Answer::Prepared)), Ok(Action::MarkPrepared));
    let wrong: [&[(u32, u32)]; 5] = [&[], &[(5, 5)], &[(6, 5)], &[(0, 10_001)], &[(0, 9), (9, 20)]];
    for gaps in wrong {
        let (mut session, _) = begun(Pace::fixed(3_000, 6), outbox());
        assert_eq!(session.on(Event::Answered(all_lacks(gaps))), Err(Unexpected), "{gaps:?}");
    }
}

/// A hub that loses what it said it had, or has never enough, is not sent to for ever; one that has more than all is broken.
#[test]
fn an_upload_that_gets_nowhere_ends() {
    let (mut session, mut action, _) = uploading(false);
    let mut sent = 0;
    while let Action::Send(_) = action {
        sent += 1;
        action = session.on(Event::Answered(lacks(0, 10_000))).unwrap();
        assert!(sent < 100);
    }
    assert_eq!(action, Action::Finish(Finish::Unsettled));
    let (mut session, _, _) = uploading(false);
    assert_eq!(session.on(Event::Answered(lacks(10_000, 10_000))), Err(Unexpected));
    let (mut session, _, _) = uploading(false);
    assert_eq!(session.on(Event::Answered(Answer::News(vec![]))), Err(Unexpected));
}

/// A session finds a small changeset in the file.
fn finds(session: &mut Session, prepared: bool, behind: bool) -> Action {
    let outbox = Some(Outbox { session: SessionId([1; 16]), payload: vec![1; 100], prepared });
    let loaded = Loaded { outbox, stored_before: false, behind, inbox: Inbox::Empty, pull: pull() };
    session.on(Event::Loaded(Box::new(loaded))).unwrap()
}

/// A session commits a slice, and hears this: what it does next.
fn commit(session: &mut Session, behind: bool, inbox: Inbox, ends: Event) -> Action {
    let action = finds(session, true, behind);
    assert!(matches!(action, Action::Send(Request::Commit(_))), "{action:?}");
    session.on(Event::Answered(Answer::Committed { at: Some(Point::START), page: vec![] })).unwrap();
    match session.on(Event::Kept(inbox, Box::new(pull()))).unwrap() {
        Action::Apply => session.on(ends).unwrap(),
        action => action,
    }
}

/// A session sends a slice of which something is refused.
fn refused(session: &mut Session) {
    let action = finds(session, false, true);
    assert!(matches!(action, Action::Send(Request::Prepare(_))), "{action:?}");
    let key = (0, RecordId([1; 16]));
    let refusal = Refusal { key, field: None, code: RefusalCode::WrongType, sentence: "no".into() };
    let action = session.on(Event::Answered(Answer::Refused(vec![refusal.clone()]))).unwrap();
    assert_eq!(action, Action::Refuse(vec![refusal]));
    assert!(matches!(session.on(Event::Done), Ok(Action::Load { .. })));
}

/// Of a long log each slice's answer may collide with what a later slice says (a record that was born here twice, say), and a device
/// gave up after twelve of them, told its user that local writes kept colliding, and waited, though each slice had been a step on
/// (`simulate --poor`, world 515). It goes on to the last one; what collides behind that counts, as it did. Nor is all news
/// told once more for each slice: in that world a hundred pages, thirty times. Refusals in many slices ended it too.
#[test]
fn a_long_log_is_sent_to_its_end_though_each_answer_collides() {
    let (mut session, load) = Session::start(Pace::default());
    let part = Inbox::Partial(place(3, 0, 1));
    for slice in 0..100 {
        let inbox = if slice % 3 == 1 { part } else { Inbox::Complete };
        let ends = if slice % 9 == 0 { Event::More } else { Event::Collided };
        assert_eq!(commit(&mut session, true, inbox, ends), load, "slice {slice}");
    }
    for slice in 0..100 {
        refused(&mut session);
        assert_eq!(
            commit(&mut session, true, Inbox::Complete, Event::Collided),
            load,
            "slice {slice} without what was refused"
        );
    }
    let mut last = 0;
    while commit(&mut session, false, Inbox::Complete, Event::Collided) == load {
        last += 1;
        assert!(last < 20, "it never ends");
    }
    assert_eq!(last, 11, "twelve with the last slice's");
}

#[test]
fn behind_the_last_slice_all_news_is_asked_for() {
    let (mut session, load) = Session::start(Pace::default());
    let part = Inbox::Partial(place(3, 0, 1));
    assert!(
        matches!(commit(&mut session, true, part, Event::Collided), Action::Send(Request::Pull(_))),
        "none has collided"
    );
    let (mut session, _) = Session::start(Pace::default());
    assert_eq!(commit(&mut session, true, Inbox::Complete, Event::Collided), load);
    assert_eq!(commit(&mut session, true, part, Event::Collided), load);
    assert!(matches!(commit(&mut session, false, part, Event::Collided), Action::Send(Request::Pull(_))));
}

/// Of a hub that was put back from a backup the answer would delete most of a table. A person was asked, and the rest of a long log
/// stayed on the device meanwhile, a slice a session, though sending never waits for that.
#[test]
fn the_rest_of_a_long_log_does_not_wait_for_a_person() {
    let (mut session, load) = Session::start(Pace::default());
    for slice in 0..100 {
        assert_eq!(commit(&mut session, true, Inbox::Complete, Event::Waits), load, "slice {slice}");
    }
    assert_eq!(commit(&mut session, false, Inbox::Complete, Event::Waits), Action::Finish(Finish::Waits));
    // Nothing was behind the slice after all: the answer that is there is asked about, and no other.
    let (mut session, load) = Session::start(Pace::default());
    assert_eq!(commit(&mut session, true, Inbox::Complete, Event::Waits), load);
    let loaded = Loaded { outbox: None, stored_before: false, behind: false, inbox: Inbox::Complete, pull: pull() };
    assert_eq!(session.on(Event::Loaded(Box::new(loaded))), Ok(Action::Apply));
    assert_eq!(session.on(Event::Waits), Ok(Action::Finish(Finish::Waits)));
}
