//! Requests, answers and stored records as a broken or hostile peer, or disk, gives them: an error, or a value like any
//! other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use windrow_protocol::chunk::{Chunk, Parcel};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Stamp};
use windrow_protocol::id::RecordId;
use windrow_protocol::message::{
    Answer, Commit, Digest, Past, Prepare, Problem, ProblemKind, Pull, Refusal, RefusalCode, SessionId, from_bytes,
    sealed, to_bytes,
};
use windrow_protocol::model::{Deletes, Field, Kind, Strategy, Table};
use windrow_protocol::record::{Former, Record};
use windrow_protocol::told::{Cursor, Reached};

const ABOVE: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

fn body(parts: &[&[u8]]) -> Vec<u8> {
    sealed([&b"WR\x03"[..], &parts.concat()].concat())
}

/// A hub, out of its mind, answered a COMMIT with seq 2^64 - 1. The device kept that as a commit of its own, which SQLite
/// stores as -1; from then on its file could be read by nobody, and it never synced again.
#[test]
fn a_number_above_63_bits_is_no_seq_and_no_stamp() {
    let committed = |seq: &[u8]| body(&[&[5, 1], seq, &[7; 8], &[0]]);
    assert!(matches!(from_bytes::<Answer>(&committed(&[9])), Ok(Answer::Committed { at: Some(_), .. })));
    assert!(from_bytes::<Answer>(&committed(&ABOVE)).is_err());
    let number = |bytes: &[u8]| body(&[bytes]);
    assert!(from_bytes::<Seq>(&number(&ABOVE)).is_err() && from_bytes::<Seq>(&number(&[1])).is_ok());
    assert!(from_bytes::<Hlc>(&number(&ABOVE)).is_err() && from_bytes::<Hlc>(&number(&[1])).is_ok());
    assert!(from_bytes::<DeviceId>(&number(&ABOVE)).is_err() && from_bytes::<DeviceId>(&number(&[1])).is_ok());
    assert!(serde_json::from_str::<Seq>("18446744073709551615").is_err());
}

fn point(n: u64) -> Point {
    Point { seq: Seq::from_bits(n).unwrap(), mark: Mark(n << 40 | n) }
}

fn pull() -> Pull {
    let id = RecordId([7; 16]);
    Pull {
        schema: [1, 2, 3, 4, 5, 6, 7, 8],
        device: DeviceId::from_bits(9).unwrap(),
        checkpoint: point(1000),
        own: vec![point(1001), point(1003)],
        covers: vec![(Origin(5), Hlc::from_millis(1_787_776_361_025))],
        refetch: vec![(1, id)],
        cursor: Some(Cursor { head: point(1002), reached: Reached { seq: point(1001).seq, table: 2, id } }),
        whole_ids: true,
        whole: vec![0, 2],
        verify: true,
        page: u8::MAX,
    }
}

/// Whether these bytes are no such message, or one that comes back when it is sent on.
fn holds<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(message) = from_bytes::<T>(bytes) {
        assert_eq!(from_bytes::<T>(&to_bytes(&message).unwrap()).as_ref(), Ok(&message));
    }
}

/// Cuts a message at every length, and flips each of its bits.
fn every_damage<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let bytes = to_bytes(message).unwrap();
    assert_eq!(from_bytes::<T>(&bytes).as_ref(), Ok(message));
    for len in 0..bytes.len() {
        assert!(from_bytes::<T>(&bytes[..len]).is_err(), "cut to {len}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(from_bytes::<T>(&bytes).is_err(), "bit {bit}");
        // And by a sender that means it.
        bytes.truncate(bytes.len() - 4);
        holds::<T>(&sealed(bytes));
    }
}

#[test]
fn a_message_that_was_cut_or_has_one_wrong_bit_is_an_error_and_one_that_is_sealed_with_it_an_error_or_a_message() {
    let (session, digest) = (SessionId([3; 16]), Digest::of(b"payload"));
    every_damage(&Prepare { session, payload: b"payload".to_vec() });
    every_damage(&Commit { session, digest, pull: pull() });
    every_damage(&pull());
    let refusal = |code| Refusal { key: (2, RecordId([9; 16])), field: Some(3), code, sentence: "no".into() };
    every_damage(&Answer::Refused(vec![refusal(RefusalCode::TooDeep), refusal(RefusalCode::UnknownRecord)]));
    every_damage(&Answer::Committed { at: Some(point(7)), page: vec![1, 2, 3] });
    every_damage(&Answer::Committed { at: None, page: vec![] });
    every_damage(&Answer::News(vec![5; 20]));
    [Answer::Prepared, Answer::WholeIds, Answer::UnknownSession, Answer::Reused].iter().for_each(every_damage);
}

/// Counts and lengths of 2^60 in every place that has one: nothing is allocated for them (`tests/tests/bombs.rs` measures).
#[test]
fn counts_beyond_the_bytes_are_refused() {
    let huge: &[u8] = &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
    let (session, start) = ([3; 16], [&[0; 8][..], &[1, 0], &[0; 8]].concat());
    assert!(from_bytes::<Prepare>(&body(&[&session, huge])).is_err());
    for lists in 0..3 {
        assert!(from_bytes::<Pull>(&body(&[&start, &vec![0; lists], huge])).is_err());
    }
    for answer in [1, 5, 6] {
        assert!(from_bytes::<Answer>(&body(&[&[answer], &[0][..usize::from(answer == 5)], huge])).is_err());
    }
    assert!(from_bytes::<Answer>(&body(&[&[1, 1, 0], &[9; 16], &[0, 0], huge])).is_err());
}

#[test]
fn a_problem_document_may_be_nested_as_it_likes() {
    let problem = Problem::new(ProblemKind::Busy, "Wait.");
    let text = serde_json::to_string(&problem).unwrap();
    assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |n| text.replacen('{', &format!("{{\"more\":{}0{},", open.repeat(n), close.repeat(n)), 1);
        assert_eq!(serde_json::from_str::<Problem>(&nested(20)).unwrap(), problem);
        // What nobody asked for is passed over without recursion.
        assert_eq!(serde_json::from_str::<Problem>(&nested(1 << 20)).unwrap(), problem);
    }
    for len in 0..text.len() {
        assert!(serde_json::from_str::<Problem>(&text[..len]).is_err());
    }
}

/// A pull of 200 KB named 100,000 origins, and the hub compared each with all: seconds for one request, hours for the
/// largest that it took. Ten times as many must not take for ever.
#[test]
fn many_covers_are_compared_once_each() {
    let covers: Vec<_> = (0..1_000_000).map(|n| (Origin(n), Hlc::from_bits(n).unwrap())).collect();
    let past = Past { covers: covers.iter().copied().collect(), ..Past::default() };
    let asked = Pull { checkpoint: Point::START, own: vec![], cursor: None, covers, ..pull() };
    assert!(past.holds(&asked));
}

static FIELDS: [Field; 2] = [
    Field {
        name: "code",
        kind: Kind::Text,
        nullable: true,
        strategy: Strategy::Review,
        parent: None,
        unique: true,
        default: None,
    },
    Field {
        name: "farm",
        kind: Kind::Id,
        nullable: true,
        strategy: Strategy::Lww,
        parent: None,
        unique: false,
        default: None,
    },
];
const TABLE: Table =
    Table { name: "plot", type_name: "Plot", fields: &FIELDS, deletes: Deletes::Keep, whole: false, scope: false };

fn record() -> Record {
    let stamp = Stamp { hlc: Hlc::from_millis(1_787_776_361_025), author: Origin(5) };
    let mut record = Record::new(&TABLE, Seq::from_bits(7).unwrap(), stamp);
    record.clashes.push((0, RecordId([3; 16])));
    record.edits.add(Origin(5), Seq::from_bits(7).unwrap());
    record.fields[1].nulled = true;
    record.fields[0].former =
        vec![Former { value: windrow_protocol::value::Value::Integer(3), stamp, until: Seq::from_bits(6).unwrap() }];
    record
}

/// A hub's file with one wrong bit named a clash of a field that the table does not have. Nobody noticed, and it was told
/// to every device, none of which could read it.
#[test]
fn a_clash_of_no_field_is_damage() {
    let mut damaged = record();
    damaged.clashes[0].0 = 2;
    let shown = || Some(vec![windrow_protocol::value::Value::Null; 2]);
    assert!(Record::unpack(&TABLE, &record().pack().unwrap(), shown()).is_ok());
    assert!(Record::unpack(&TABLE, &damaged.pack().unwrap(), shown()).is_err());
}

#[test]
fn a_stored_record_with_one_wrong_bit_is_an_error_or_a_record() {
    let shown = || Some(vec![windrow_protocol::value::Value::Null; 2]);
    let bytes = record().pack().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(record) = Record::unpack(&TABLE, &bytes, shown()) {
            let again = Record::unpack(&TABLE, &record.pack().unwrap(), record.shown()).unwrap();
            assert_eq!(again, record);
            assert!(record.conflicts(&TABLE).iter().flat_map(|c| &c.fields).all(|f| *f < 2));
        }
    }
    for len in 0..bytes.len() {
        assert!(Record::unpack(&TABLE, &bytes[..len], shown()).is_err());
    }
}

/// Of a chunk that was cut or damaged on the way the blocks before that are kept, and no other byte.
#[test]
fn of_a_damaged_chunk_the_sound_beginning_is_kept() {
    let parcel = Parcel {
        device: DeviceId::from_bits(9).unwrap(),
        session: SessionId([3; 16]),
        digest: Digest([4; 16]),
        total: 9_000,
    };
    let chunk = Chunk { parcel, offset: 1_000, bytes: (0..1_700u32).map(|n| (n * 7) as u8).collect() };
    let body = chunk.to_bytes().unwrap();
    let arrived = |bytes: &[u8], from: usize| match Chunk::arrived(bytes) {
        Ok(found) => {
            assert_eq!((found.parcel, found.offset), (parcel, 1_000), "a head that is not the one that was sent");
            assert!(chunk.bytes.starts_with(&found.bytes));
            assert!(found.bytes.len() == 1_700 || found.bytes.len() % 512 == 0);
            assert!(
                found.bytes.len() + 520 > from.saturating_sub(80).min(1_700) || from < 80,
                "{from}: {}",
                found.bytes.len()
            );
        }
        Err(_) => assert!(from < 60, "{from}"),
    };
    for len in 0..=body.len() {
        arrived(&body[..len], len);
    }
    for bit in 0..body.len() * 8 {
        let mut bytes = body.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        arrived(&bytes, bit / 8);
    }
    assert_eq!(Chunk::arrived(&body), Ok(chunk.clone()));
    let (first, second) = (body.clone(), Chunk { offset: 2_000, ..chunk }.to_bytes().unwrap());
    let mixed = [&second[..second.len() - 1_716], &first[first.len() - 1_716..]].concat();
    assert_eq!(Chunk::arrived(&mixed).unwrap().bytes, [0u8; 0], "blocks of another chunk");
}
