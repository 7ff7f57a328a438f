//! The envelopes: lists of small things that are larger in memory.

use crate::{MIB, alone, varint};
use windrow_protocol::chunk::{Chunk, Parcel};
use windrow_protocol::clock::DeviceId;
use windrow_protocol::message::{Answer, Digest, Prepare, Pull, SessionId, from_bytes, sealed};

fn body(parts: &[&[u8]]) -> Vec<u8> {
    sealed([&b"WR\x03"[..], &parts.concat()].concat())
}

fn list(n: usize, one: &[u8]) -> Vec<u8> {
    [varint(n as u64), one.repeat(n)].concat()
}

#[test]
fn lists_of_small_things_take_a_few_times_their_bytes() {
    let memory = alone();
    let start = [&[0; 8][..], &[1, 0], &[0; 8]].concat();
    let size = 4 * MIB;
    let pull = |own: &[u8], covers: &[u8], refetch: &[u8]| body(&[&start, own, covers, refetch, &[0; 5]]);
    let cases = [
        ("own", pull(&list(size / 9, &[1; 9]), &[0], &[0])),
        ("covers", pull(&[0], &list(size / 2, &[1, 1]), &[0])),
        ("refetch", pull(&[0], &[0], &list(size / 17, &[1; 17]))),
    ];
    for (name, bytes) in cases {
        let (read, peak) = memory.peak(|| from_bytes::<Pull>(&bytes).is_ok());
        assert!(read && peak <= 16 * bytes.len(), "{name}: {} bytes take {peak}", bytes.len());
    }
    let refusals = body(&[&[1], &list(size / 20, &[&[1; 17][..], &[0, 0, 0]].concat())]);
    let (read, peak) = memory.peak(|| from_bytes::<Answer>(&refusals).is_ok());
    assert!(read && peak <= 8 * refusals.len(), "{} bytes take {peak}", refusals.len());
    let parcel =
        Parcel { device: DeviceId::ZERO, session: SessionId([1; 16]), digest: Digest([2; 16]), total: u32::MAX };
    let chunk = Chunk { parcel, offset: u32::MAX, bytes: vec![1; 4 * MIB] }.to_bytes().unwrap();
    let (read, peak) = memory.peak(|| Chunk::arrived(&chunk).is_ok());
    assert!(read && peak <= 2 * chunk.len(), "{} bytes take {peak}", chunk.len());
    let payload = body(&[&[3; 16], &list(size, &[1])]);
    let (read, peak) = memory.peak(|| from_bytes::<Prepare>(&payload).is_ok());
    assert!(read && peak <= 4 * payload.len(), "{} bytes take {peak}", payload.len());
}

/// Counts of 2^60 before a few bytes, in every list there is.
#[test]
fn counts_that_lie_take_no_memory() {
    let memory = alone();
    let (start, huge) = ([&[0; 8][..], &[1, 0], &[0; 8]].concat(), varint(1 << 60));
    for lists in 0..3 {
        let lie = body(&[&start, &vec![0; lists], &huge, &[1; 100]]);
        let (read, peak) = memory.peak(|| from_bytes::<Pull>(&lie).is_ok());
        assert!(!read && peak <= 2 * MIB, "{lists}: {peak}");
    }
    for lie in [[&[1], &huge[..]].concat(), [&[5, 0], &huge[..]].concat(), [&[6], &huge[..]].concat()] {
        let lie = body(&[&lie, &[1; 100]]);
        let (read, peak) = memory.peak(|| from_bytes::<Answer>(&lie).is_ok());
        assert!(!read && peak <= 2 * MIB, "{peak}");
    }
}
