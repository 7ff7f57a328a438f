//! What a hub takes on for the largest request.

use crate::{MIB, alone, varint};
use std::sync::Arc;
use windrow::hub::{HubError, HubStore, OpenHub, SqliteHub};
use windrow_protocol::change::{Changeset, Recovery};
use windrow_protocol::clock::{DeviceId, Hlc, Origin, Point, Span};
use windrow_protocol::codec::{Effort, encode_changeset};
use windrow_protocol::id::RecordId;
use windrow_protocol::merge::MOST_REFUSALS;
use windrow_protocol::message::{Answer, MOST_NAMED, Prepare, ProblemKind, Pull, SessionId};

fn hub() -> (tempfile::TempDir, Arc<dyn HubStore>) {
    let dir = tempfile::tempdir().unwrap();
    let hub = SqliteHub::open(dir.path().join("hub.db")).unwrap().open_for(&survey::SURVEY).unwrap();
    (dir, hub)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn id(n: u64) -> RecordId {
    RecordId((u128::from(n) << 64).to_be_bytes())
}

fn pull(hub: &dyn HubStore) -> Pull {
    Pull {
        schema: hub.schema().digest(),
        device: DeviceId::from_bits(1).unwrap(),
        checkpoint: Point::START,
        own: vec![],
        covers: vec![],
        refetch: vec![],
        cursor: None,
        whole_ids: false,
        whole: vec![],
        verify: false,
        page: u8::MAX,
    }
}

fn too_large(answer: Result<Answer, HubError>) {
    let problem = match answer {
        Err(HubError::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem.kind, ProblemKind::TooLarge);
    assert!(problem.detail.contains(&MOST_NAMED.to_string()), "{}", problem.detail);
}

/// A pull of 32 MiB named sixteen million commits: half a gigabyte of memory, a minute of one of four readers, and four of
/// them stopped the hub. Now it names as many as a hub looks up in about a second.
#[test]
fn a_pull_names_no_more_than_a_hub_looks_up_at_once() {
    let memory = alone();
    let (_dir, hub) = hub();
    let head = block_on(hub.head()).unwrap();
    let own = |n| Pull { own: vec![head; n], ..pull(&*hub) };
    let covers = |n: usize| Pull { covers: (0..n as u64).map(|n| (Origin(n), Hlc::ZERO)).collect(), ..pull(&*hub) };
    let refetch = |n: usize| Pull { refetch: (0..n as u64).map(|n| (0, id(n))).collect(), ..pull(&*hub) };
    for (name, of) in [("own", &own as &dyn Fn(usize) -> Pull), ("covers", &covers), ("refetch", &refetch)] {
        too_large(block_on(hub.pull(of(MOST_NAMED + 1))));
        let most = of(MOST_NAMED);
        let (answer, peak) = memory.peak(|| block_on(hub.pull(most)));
        println!("{name}: {peak} bytes for {MOST_NAMED}");
        assert!(matches!(answer, Ok(Answer::News(_))) && peak <= 100 * MIB, "{name}: {peak}");
    }
    too_large(block_on(hub.pull(own(1 << 20))));
}

#[test]
fn a_changeset_names_no_more_commits_either() {
    let _memory = alone();
    let (_dir, hub) = hub();
    let head = block_on(hub.head()).unwrap();
    let changeset = Changeset {
        device: DeviceId::from_bits(1).unwrap(),
        author: Origin(1),
        checkpoint: head,
        own: vec![head; MOST_NAMED + 1],
        spans: vec![],
        upto: Hlc::ZERO,
        changes: vec![],
        recovery: Recovery::default(),
    };
    let payload = encode_changeset(hub.schema(), &changeset, &[], Effort::Page);
    too_large(block_on(hub.prepare(Prepare { session: SessionId([1; 16]), payload })));
}

/// A hundred bytes that stand for a hundred thousand deletes of records that nobody knows: each is looked up and refused,
/// each with its sentence. What that takes is bounded by what a changeset's records may take.
#[test]
fn a_few_bytes_that_stand_for_many_changes_take_what_they_would_at_full_length() {
    let memory = alone();
    let (_dir, hub) = hub();
    let upto = Hlc::from_millis(1_787_776_361_025);
    let changeset = Changeset {
        device: DeviceId::from_bits(1).unwrap(),
        author: Origin(1),
        checkpoint: Point::START,
        own: vec![],
        spans: vec![Span { origin: Origin(1), after: Hlc::ZERO, upto }],
        upto,
        changes: vec![],
        recovery: Recovery::default(),
    };
    // Without changes it ends with the length of its body, 0. Farms, deleted, whole ids a step apart, no fields.
    let mut payload = encode_changeset(hub.schema(), &changeset, &[], Effort::Page);
    let group = [&[0, 2][..], &varint(100_000 << 4 | 15), &[0, 0x11, 0, 2, 0, 0, 0, 0, 0]].concat();
    assert_eq!(payload.pop(), Some(0));
    payload.extend([varint(group.len() as u64), group].concat());
    assert!(payload.len() < 100);
    let request = Prepare { session: SessionId([1; 16]), payload };
    let (answer, peak) = memory.peak(|| block_on(hub.prepare(request)));
    match answer {
        Ok(Answer::Refused(all)) => assert_eq!(all.len(), MOST_REFUSALS),
        other => panic!("{other:?}"),
    }
    println!("{peak} bytes for 100000 changes");
    assert!(peak <= 150 * MIB, "{peak}");
}
