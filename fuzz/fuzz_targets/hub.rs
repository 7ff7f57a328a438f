//! A hub that answers whatever a device may send: see `windrow_fuzz::hub`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| windrow_fuzz::within(768, || windrow_fuzz::hub::answers(bytes)));
