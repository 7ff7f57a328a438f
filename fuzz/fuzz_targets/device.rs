//! A device's file that somebody else has written to, and a hub that answers anything: see `windrow_fuzz::device`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| windrow_fuzz::within(768, || windrow_fuzz::device::lives(bytes)));
