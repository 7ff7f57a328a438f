//! The device's machine, fed with what a broken hub may say.

#![allow(clippy::unwrap_used, clippy::panic)]

use windrow_protocol::clock::{DeviceId, Mark, Point, Seq};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{Answer, Pull};
use windrow_protocol::session::{Action, Event, Inbox, Loaded, Session, Unexpected};
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
    }
}

fn place(seq: u64, table: usize, id: u8) -> Cursor {
    let head = Point { seq: Seq::from_bits(seq).unwrap(), mark: Mark(seq) };
    Cursor { head, reached: Reached { seq: head.seq, table, id: RecordId([id; 16]) } }
}

/// What the machine does when the pages that follow one another name these places to go on at.
fn after(places: &[Cursor]) -> Result<Action, Unexpected> {
    let (mut session, _) = Session::start();
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
    let (mut session, _) = Session::start();
    let loaded = Loaded { outbox: None, stored_before: false, inbox: Inbox::Partial(place(3, 0, 1)), pull: pull() };
    session.on(Event::Loaded(Box::new(loaded))).unwrap();
    session.on(Event::Answered(Answer::News(vec![]))).unwrap();
    let kept = Event::Kept(Inbox::Partial(place(3, 0, 1)), Box::new(pull()));
    assert_eq!(session.on(kept), Err(Unexpected));
}
