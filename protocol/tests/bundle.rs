//! Bundles, without what seals them: what an errand asks at a hub, and which answers a device is given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use windrow_protocol::bundle::{Answers, Asked, Errand, Question, Told};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Point, Seq};
use windrow_protocol::codec::{Effort, encode_page};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Commit, Digest, MessageError, Prepare, Pull, SessionId};
use windrow_protocol::model::Schema;
use windrow_protocol::session::{Inbox, Loaded, Outbox, Request};
use windrow_protocol::told::{Cursor, Page, Reached};

const SESSION: SessionId = SessionId([7; 16]);
const ENOUGH: usize = 1 << 20;

fn point(seq: u64) -> Point {
    Point { seq: Seq::from_bits(seq).unwrap(), mark: Mark(seq + 100) }
}

fn pull() -> Pull {
    Pull {
        schema: [1; 8],
        device: DeviceId::from_bits(1).unwrap(),
        checkpoint: point(4),
        own: vec![point(5)],
        covers: vec![],
        refetch: vec![],
        cursor: None,
        whole_ids: false,
        whole: Vec::new(),
        verify: false,
        page: 5,
    }
}

fn outbox() -> Outbox {
    Outbox { session: SESSION, payload: vec![1, 2, 3], prepared: false }
}

fn asked(outbox: Option<Outbox>) -> Asked {
    Asked::of(Loaded { outbox, stored_before: true, behind: true, inbox: Inbox::Empty, pull: pull() }, [9; 32])
}

/// A page that goes on there; the last goes on nowhere.
fn page(next: Option<u64>) -> Vec<u8> {
    let next = next.map(|seq| Reached { seq: point(seq).seq, table: 0, id: RecordId([3; 16]) });
    let page = Page { told: vec![], at: point(20), next, highest: Hlc::ZERO, digests: None };
    encode_page(&Schema::new(vec![]).unwrap(), &page, &[], Effort::Page)
}

fn cursor(seq: u64) -> Option<Cursor> {
    let reached = Reached { seq: point(seq).seq, table: 0, id: RecordId([3; 16]) };
    Some(Cursor { head: point(20), reached })
}

/// Leads an errand through these answers; what it asked.
fn asks(asked: Asked, most: usize, answers: Vec<Answer>) -> (Vec<Request>, Told) {
    let (mut errand, first) = Errand::start(asked, most);
    let (mut requests, mut given) = (vec![first], 0);
    for answer in answers {
        given += 1;
        match errand.on(answer).unwrap() {
            Some(next) => requests.push(next),
            None => break,
        }
    }
    assert!(given >= requests.len(), "it asks for more than there was: {requests:?}");
    (requests, errand.told())
}

fn committed() -> Vec<Answer> {
    vec![
        Answer::Prepared,
        Answer::Committed { at: Some(point(20)), page: page(Some(8)) },
        Answer::News(page(Some(12))),
        Answer::News(page(None)),
    ]
}

/// What a device would hear in four exchanges must not take it four journeys.
#[test]
fn an_errand_goes_on_as_far_as_no_word_of_the_device_is_needed() {
    let (requests, told) = asks(asked(Some(outbox())), ENOUGH, committed());
    let [Request::Prepare(prepare), Request::Commit(commit), Request::Pull(second), Request::Pull(third)] =
        &requests[..]
    else {
        panic!("{requests:?}");
    };
    assert_eq!((prepare.session, &prepare.payload), (SESSION, &vec![1, 2, 3]));
    assert_eq!((commit.session, commit.digest), (SESSION, Digest::of(&[1, 2, 3])));
    // An ambiguous id would cost a journey.
    assert!(commit.pull.whole_ids && commit.pull.cursor.is_none());
    assert_eq!((second.cursor, third.cursor), (cursor(8), cursor(12)));
    // Its own commit is not told to the device as news.
    assert_eq!((&commit.pull.own, &second.own), (&vec![point(5)], &vec![point(5), point(20)]));
    assert_eq!(told.answers, committed());
}

/// The rest is the device's to say.
#[test]
fn an_errand_ends_where_the_device_must_decide() {
    let known = Answer::Known { covers: vec![], missing: vec![] };
    for answer in [Answer::Refused(vec![]), Answer::WholeIds, Answer::Reused, Answer::Astray, known.clone()] {
        assert_eq!(asks(asked(Some(outbox())), ENOUGH, vec![answer.clone()]).0.len(), 1, "{answer:?}");
        let (requests, told) = asks(asked(Some(outbox())), ENOUGH, vec![Answer::Prepared, answer.clone()]);
        assert_eq!((requests.len(), told.answers.len()), (2, 2), "{answer:?}");
    }
    assert_eq!(asks(asked(None), ENOUGH, vec![Answer::Astray]).0.len(), 1);
}

/// A courier's stick is full, or a device that asks from the beginning keeps the hub busy.
#[test]
fn an_errand_brings_no_more_than_there_is_room_for() {
    let endless = (0..1_000).map(|n| Answer::News(page(Some(100 + n)))).collect();
    let (requests, told) = asks(asked(None), 20_000, endless);
    assert!((5..20).contains(&requests.len()) && told.answers.len() == requests.len(), "{}", requests.len());
    assert_eq!(asks(asked(None), 0, vec![Answer::News(page(Some(8)))]).0.len(), 1, "the first page comes in any case");
}

fn answers(outbox: Option<Outbox>, told: Vec<Answer>) -> Answers {
    Answers::new(asked(outbox).question(), Told { answers: told }).unwrap()
}

fn prepare() -> Request {
    Request::Prepare(Prepare { session: SESSION, payload: vec![1, 2, 3] })
}

fn commit(pull: Pull) -> Request {
    Request::Commit(Commit { session: SESSION, digest: Digest::of(&[1, 2, 3]), pull })
}

fn news(cursor: Option<Cursor>, own: Vec<Point>) -> Request {
    Request::Pull(Pull { cursor, own, ..pull() })
}

#[test]
fn a_session_is_given_all_that_its_bundle_asked_and_each_once() {
    let mut all = answers(Some(outbox()), committed());
    let since = vec![point(5), point(20)];
    let asked = [prepare(), commit(pull()), news(cursor(8), since.clone()), news(cursor(12), since)];
    let given: Vec<_> = asked.iter().map(|request| all.give(request).unwrap()).collect();
    assert_eq!((given, all.left()), (committed(), 0));
    assert!(asked.iter().all(|request| all.give(request).is_none()));
    // The program died when it had the first page: it goes on with the second.
    let mut all = answers(Some(outbox()), committed());
    assert_eq!(all.give(&news(cursor(8), vec![point(20)])), Some(committed()[2].clone()));
    // A network's session had it prepared before.
    let mut all = answers(Some(outbox()), committed());
    assert_eq!(all.give(&commit(pull())), Some(committed()[1].clone()));
    // And what the hub says of a changeset that it does not take is said to a COMMIT as well.
    let mut all = answers(Some(outbox()), vec![Answer::Reused]);
    assert_eq!(all.give(&commit(pull())), Some(Answer::Reused));
}

/// A device that has moved on took an answer to what it had asked a week ago for one to what it asks now, and skipped a week of
/// others' work.
#[test]
fn an_answer_is_given_to_its_own_question_alone() {
    let moved = [
        Pull { schema: [2; 8], ..pull() },
        Pull { device: DeviceId::from_bits(2).unwrap(), ..pull() },
        Pull { checkpoint: point(6), ..pull() },
        Pull { own: vec![], ..pull() },
        Pull { covers: vec![(windrow_protocol::clock::Origin(1), Hlc::ZERO)], ..pull() },
        Pull { refetch: vec![(0, RecordId([1; 16]))], ..pull() },
        Pull { whole: vec![0], ..pull() },
    ];
    for pull in moved {
        let mut all = answers(None, vec![Answer::News(page(None))]);
        assert_eq!(all.give(&Request::Pull(pull.clone())), None, "{pull:?}");
        let mut all = answers(Some(outbox()), committed());
        assert_eq!(all.give(&commit(pull.clone())), None, "{pull:?}");
    }
    let mut all = answers(None, vec![Answer::News(page(None))]);
    assert!(all.give(&prepare()).is_none() && all.give(&commit(pull())).is_none());
    assert!(all.give(&news(cursor(8), vec![point(5)])).is_none());
    // How it is told is another matter.
    let other = Pull { whole_ids: true, page: 12, verify: true, ..pull() };
    assert!(all.give(&Request::Pull(other)).is_some());
    let mut all = answers(Some(outbox()), committed());
    let reused = Request::Prepare(Prepare { session: SESSION, payload: vec![4] });
    let other = Request::Commit(Commit { session: SessionId([8; 16]), digest: Digest::of(&[1, 2, 3]), pull: pull() });
    assert!([reused, other, news(None, vec![point(5)])].iter().all(|request| all.give(request).is_none()));
    assert_eq!(all.left(), 4);
}

/// A hub that says too little, too much or nothing that fits is believed in nothing of it.
#[test]
fn answers_that_fit_nothing_are_given_to_nobody() {
    for told in [vec![], vec![Answer::Prepared], vec![Answer::News(page(None))]] {
        let mut all = answers(Some(outbox()), told.clone());
        assert_eq!(all.give(&commit(pull())).filter(|answer| *answer == Answer::Prepared), None, "{told:?}");
    }
    let mut all = answers(None, vec![Answer::Astray, Answer::Astray]);
    assert!(all.give(&news(None, vec![point(5)])).is_some() && all.give(&news(None, vec![point(5)])).is_none());
    let broken = Told { answers: vec![Answer::News(vec![1, 2, 3])] };
    assert!(Answers::new(asked(None).question(), broken).is_err());
}

/// Pages received before a commit are void; a bundle that brings nothing goes on behind them.
#[test]
fn a_bundle_goes_on_where_pages_were_received() {
    let partial = |outbox| Loaded {
        outbox,
        stored_before: true,
        behind: true,
        inbox: Inbox::Partial(cursor(8).unwrap()),
        pull: pull(),
    };
    let Asked { pull: goes_on, .. } = Asked::of(partial(None), [0; 32]);
    assert_eq!(goes_on.cursor, cursor(8));
    let asked = Asked::of(partial(Some(outbox())), [0; 32]);
    assert_eq!(asked.pull.cursor, None);
    let Question { session, .. } = asked.question();
    assert_eq!(session, Some((SESSION, Digest::of(&[1, 2, 3]))));
    let mut all = Answers::new(Question { session: None, pull: goes_on }, Told { answers: committed()[2..].to_vec() });
    let given = all.as_mut().unwrap().give(&news(cursor(8), vec![point(5)]));
    assert_eq!(given, Some(committed()[2].clone()));
}

/// A device that had enrolled named so many small numbers that they took a gigabyte of the hub's memory.
#[test]
fn a_bundle_is_read_as_it_was_written_and_its_pull_is_bounded() {
    let asked = asked(Some(outbox()));
    let bytes = asked.to_bytes().unwrap();
    assert_eq!(Asked::from_bytes(&bytes), Ok(asked.clone()));
    for length in 0..bytes.len() {
        assert!(Asked::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    let long = Pull { own: vec![point(0); 1 << 20], ..pull() };
    let long = Asked { pull: long, ..asked }.to_bytes().unwrap();
    assert!(
        matches!(Asked::from_bytes(&long), Err(MessageError::Damaged(why)) if why.contains("too long") || why.contains("longer"))
    );
}
