//! Every mistake is told in plain English, at its own token, with the way to mend it.

#![allow(clippy::expect_used)]

#[test]
fn ui() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Tools that read structs through the library say what the compiler says.
#[test]
fn the_library_finds_what_the_compiler_finds() {
    for (name, domain) in [
        ("domain_parent", &["Plot"][..]),
        ("domain_cycle", &["Visit", "Farm", "Plot"]),
        ("domain_table", &["Farm", "Plot"]),
        ("domain_table", &["Farm", "Farm"]),
    ] {
        let file = |ending: &str| std::fs::read_to_string(format!("tests/ui/{name}.{ending}")).expect("a test");
        let source = syn::parse_file(&file("rs")).expect("Rust");
        let models = domain.iter().map(|name| model(&source, name)).collect();
        let faults = windrow_schema::Domain::new(models).expect_err(name);
        for fault in &faults {
            assert!(file("stderr").contains(&format!("panicked: {fault}\n")), "{name}: {fault}");
        }
        assert_eq!(faults.len(), 1);
    }
}

fn model(source: &syn::File, name: &str) -> windrow_schema::Model {
    let found = source.items.iter().find_map(|item| match item {
        syn::Item::Struct(item) if item.ident == name => Some(item.clone().into()),
        _ => None,
    });
    windrow_schema::Model::read(&found.expect(name)).expect("a valid struct")
}
