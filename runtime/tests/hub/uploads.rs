//! A long changeset arrives in chunks: what came is kept, whatever is lost, cut, repeated or out of order.

use crate::Bench;
use crate::device::{Device, Sent, committed};
use windrow::hub::HubStore;
use windrow_protocol::chunk::{Chunk, Gap, Parcel};
use windrow_protocol::clock::DeviceId;
use windrow_protocol::message::{Answer, Digest, ProblemKind, SessionId};

/// A changeset of some kilobytes that can't be compressed to less.
pub(crate) fn long(device: &mut Device) -> Sent {
    let name = |n: u8| (0..40).map(|at| format!("{:x}", Digest::of(&[n, at]).0[0])).collect::<String>();
    let farms: Vec<_> = (0..100).map(|n| device.farm(n, &name(n))).collect();
    device.send(farms)
}

pub(crate) fn chunk(device: &Device, sent: &Sent, from: usize, to: usize) -> Chunk {
    let (digest, total) = (Digest::of(&sent.payload), sent.payload.len() as u32);
    let parcel = Parcel { device: device.id, session: sent.session, digest, total };
    Chunk { parcel, offset: from as u32, bytes: sent.payload[from..to].to_vec() }
}

async fn upload(hub: &dyn HubStore, chunk: Chunk) -> Answer {
    hub.upload(chunk).await.unwrap()
}

/// What the hub answers that lacks these bytes.
fn lacks(from: usize, to: usize) -> Answer {
    all_lacks(&[(from, to)])
}

fn all_lacks(gaps: &[(usize, usize)]) -> Answer {
    Answer::Received(gaps.iter().map(|(from, to)| Gap { from: *from as u32, to: *to as u32 }).collect())
}

pub(crate) async fn chunks_become_a_changeset(bench: &dyn Bench) {
    let hub = bench.open(1_000);
    let mut a = Device::new(1);
    let sent = long(&mut a);
    let end = sent.payload.len();
    assert!(end > 2_500, "{end}");
    let part = |from, to| chunk(&a, &sent, from, to);
    assert_eq!(upload(&*hub, part(0, 0)).await, lacks(0, end), "nothing is here");
    assert_eq!(upload(&*hub, part(0, 1_000)).await, lacks(1_000, end));
    assert_eq!(upload(&*hub, part(0, 1_000)).await, lacks(1_000, end), "repeated");
    assert_eq!(upload(&*hub, part(500, 2_000)).await, lacks(2_000, end), "an overlap");
    drop(hub);
    let hub = bench.open(1_000);
    assert_eq!(upload(&*hub, part(0, 0)).await, lacks(2_000, end), "the program died");
    assert_eq!(hub.commit(sent.commit(&a)).await.unwrap(), Answer::UnknownSession, "not all is here");
    assert_eq!(upload(&*hub, part(2_000, end)).await, Answer::Prepared);
    assert_eq!(upload(&*hub, part(2_000, end)).await, Answer::Prepared, "lost and repeated");
    assert_eq!(upload(&*hub, part(0, 0)).await, Answer::Prepared);
    committed(hub.commit(sent.commit(&a)).await.unwrap());
    assert_eq!(upload(&*hub, part(0, 1_000)).await, Answer::Prepared, "an old one");
    assert_eq!(Device::mirror(&*hub).await.len(), 100);
}

/// A device whose answers were lost had to ask first how far it had come, again and again: of two contacts of 20 seconds over a
/// poor link one brought nothing. Now it sends on, and what came behind a gap is kept.
pub(crate) async fn chunks_come_in_any_order(bench: &dyn Bench) {
    let hub = bench.open(1_000);
    let mut a = Device::new(1);
    let sent = long(&mut a);
    let end = sent.payload.len();
    let part = |from, to| chunk(&a, &sent, from, to);
    assert_eq!(upload(&*hub, part(1_000, 1_200)).await, all_lacks(&[(0, 1_000), (1_200, end)]), "the first was lost");
    let two = [(0, 1_000), (1_200, 1_500), (1_600, end)];
    assert_eq!(upload(&*hub, part(1_500, 1_600)).await, all_lacks(&two), "two gaps");
    let wider = [(0, 1_000), (1_200, 1_400), (1_700, end)];
    assert_eq!(upload(&*hub, part(1_400, 1_700)).await, all_lacks(&wider), "on both sides of what is here");
    let less = [(700, 1_000), (1_200, 1_400), (1_700, end)];
    assert_eq!(upload(&*hub, part(0, 700)).await, all_lacks(&less), "less than the gap");
    drop(hub);
    let hub = bench.open(1_000);
    assert_eq!(upload(&*hub, part(0, 0)).await, all_lacks(&less), "the program died");
    assert_eq!(upload(&*hub, part(600, 1_100)).await, all_lacks(&less[1..]), "more than the gap");
    let beyond = Chunk { offset: u32::MAX, ..part(0, 50) };
    assert_eq!(upload(&*hub, beyond).await, all_lacks(&less[1..]), "behind the end");
    assert_eq!(upload(&*hub, part(0, end - 100)).await, lacks(end - 100, end), "over everything");
    let overlong = Chunk { bytes: vec![7; 300], ..part(end - 100, end) };
    assert_eq!(
        upload(&*hub, overlong).await,
        lacks(0, end),
        "a wrong end, and one that is too long: the whole is wrong"
    );
    let mut gaps = vec![(0, end)];
    for from in (100..1_900).step_by(200) {
        let Some((last, _)) = gaps.pop() else { panic!() };
        gaps.extend([(last, from), (from + 100, end)]);
        assert_eq!(
            upload(&*hub, part(from, from + 100)).await,
            all_lacks(&gaps[..gaps.len().min(8)]),
            "the first eight"
        );
    }
    for from in (200..end).step_by(200).rev() {
        assert_ne!(upload(&*hub, part(from, (from + 200).min(end))).await, Answer::Prepared, "backwards");
    }
    assert_eq!(upload(&*hub, part(0, 200)).await, Answer::Prepared);
    committed(hub.commit(sent.commit(&a)).await.unwrap());
    assert_eq!(Device::mirror(&*hub).await.len(), 100);
}

/// One wrong byte that no checksum told, by an evil chance: the whole is judged by its digest, and comes once more.
pub(crate) async fn a_payload_that_is_not_what_was_promised_begins_anew(bench: &dyn Bench) {
    let hub = bench.open(1_000);
    let mut a = Device::new(1);
    let sent = long(&mut a);
    let end = sent.payload.len();
    let mut wrong = chunk(&a, &sent, 0, 1_000);
    wrong.bytes[77] ^= 1;
    assert_eq!(upload(&*hub, wrong).await, lacks(1_000, end));
    assert_eq!(upload(&*hub, chunk(&a, &sent, 1_000, end)).await, lacks(0, end));
    assert_eq!(upload(&*hub, chunk(&a, &sent, 0, end)).await, Answer::Prepared);
}

pub(crate) async fn an_upload_stands_for_one_payload_and_expires(bench: &dyn Bench) {
    let hub = bench.open(1_000);
    let mut a = Device::new(1);
    let (sent, other) = (long(&mut a), long(&mut a));
    let end = sent.payload.len();
    assert_eq!(upload(&*hub, chunk(&a, &sent, 0, 1_000)).await, lacks(1_000, end));
    let mut same = chunk(&a, &other, 0, 1_000);
    let its_end = other.payload.len();
    same.parcel.session = sent.session;
    assert_eq!(upload(&*hub, same.clone()).await, Answer::Reused);
    bench.clock().pass_days(5);
    assert_eq!(upload(&*hub, chunk(&a, &sent, 1_000, 2_000)).await, lacks(2_000, end));
    bench.clock().pass_days(5);
    assert_eq!(upload(&*hub, chunk(&a, &sent, 0, 0)).await, lacks(2_000, end), "kept since the last chunk");
    bench.clock().pass_days(3);
    assert_eq!(upload(&*hub, same).await, lacks(1_000, its_end), "forgotten, so the id is free");
}

pub(crate) async fn what_is_refused_leaves_no_chunks(bench: &dyn Bench) {
    let hub = bench.open(1_000);
    let mut a = Device::new(1);
    let sent = long(&mut a);
    a.cover = a.hlc;
    let unknown = a.set(
        (crate::domain::FARM, crate::device::id(250)),
        crate::domain::PHONE,
        windrow_protocol::value::Value::Null,
    );
    let refused = a.send(vec![unknown]);
    let end = refused.payload.len();
    assert_ne!(upload(&*hub, chunk(&a, &refused, 0, end)).await, Answer::Prepared);
    assert_eq!(upload(&*hub, chunk(&a, &refused, 0, 0)).await, lacks(0, end));
    drop(sent);
}

/// A device has one changeset on the way. One that begins new ones for ever must not fill the hub's disk.
pub(crate) async fn a_device_has_few_and_short_uploads(bench: &dyn Bench) {
    let hub = bench.open(1_000);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let (sent, others) = (long(&mut a), long(&mut b));
    let (end, its_end) = (sent.payload.len(), others.payload.len());
    let begin = |n: u8, device: &Device, sent: &Sent| {
        let mut chunk = chunk(device, sent, 0, 1_000);
        chunk.parcel.session = SessionId([n; 16]);
        chunk
    };
    assert_eq!(upload(&*hub, begin(1, &b, &others)).await, lacks(1_000, its_end));
    for n in 2..9 {
        bench.clock().pass_days(0);
        assert_eq!(upload(&*hub, begin(n, &a, &sent)).await, lacks(1_000, end));
    }
    let has = async |n, device: &Device, sent: &Sent| {
        let ask = Chunk { bytes: Vec::new(), ..begin(n, device, sent) };
        upload(&*hub, ask).await
    };
    let mut kept = 0;
    for n in 2..9 {
        kept += usize::from(has(n, &a, &sent).await == lacks(1_000, end));
    }
    assert_eq!((kept, has(1, &b, &others).await), (2, lacks(1_000, its_end)), "others' are not touched");

    for total in [0, 33 << 20, u32::MAX] {
        let mut chunk = begin(20, &a, &sent);
        chunk.parcel.total = total;
        let problem = hub.upload(chunk).await.unwrap_err().into_problem();
        assert_eq!(problem.kind, ProblemKind::TooLarge, "{total}");
    }
    let mut room = 0;
    for n in 1..60 {
        let mut chunk = begin(100 + n, &a, &sent);
        (chunk.parcel.device, chunk.parcel.total) = (DeviceId::from_bits(1_000 + u64::from(n)).unwrap(), 32 << 20);
        match hub.upload(chunk).await {
            Ok(_) => room += 1,
            Err(error) => assert_eq!(error.into_problem().kind, ProblemKind::Busy),
        }
    }
    assert_eq!(room, 31, "a gigabyte in all, and what was there before");
}
