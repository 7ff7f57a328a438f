//! Every mistake is told in plain English, at its own token, with the way to mend it.

#[test]
fn ui() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
