//! The golden files, damaged in every small way: whatever is accepted is a message like any other.

use crate::domain::schema;
use crate::hostile::{decode, is_message};
use std::path::Path;
use windrow_protocol::codec::FORMAT;

fn golden() -> Vec<Vec<u8>> {
    let folder = |format: u8| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{format}"));
    let named = |file: std::fs::DirEntry| {
        let mut bytes = std::fs::read(file.path()).unwrap();
        bytes[3..11].copy_from_slice(&schema().digest());
        bytes
    };
    let files: Vec<_> = (1..=FORMAT)
        .flat_map(|format| std::fs::read_dir(folder(format)).unwrap())
        .map(|file| named(file.unwrap()))
        .collect();
    assert!(files.len() >= 16);
    files
}

#[test]
fn no_beginning_of_a_golden_file_is_a_message() {
    for bytes in golden() {
        assert!(is_message(&bytes));
        (0..bytes.len()).for_each(|len| assert!(!is_message(&bytes[..len]), "cut to {len}"));
    }
}

#[test]
fn every_wrong_bit_is_an_error_or_another_message() {
    for bytes in golden() {
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            decode(&bytes);
        }
    }
}

#[test]
fn every_byte_may_be_the_greatest_or_the_least() {
    for bytes in golden() {
        for at in 0..bytes.len() {
            for byte in [0, 0x7f, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] = byte;
                decode(&bytes);
            }
        }
    }
}
