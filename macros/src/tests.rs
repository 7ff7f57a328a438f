//! Expansions, as a person would read them.

#![allow(clippy::expect_used, clippy::panic)]

use insta::assert_snapshot;
use proc_macro2::TokenStream;
use quote::quote;
use windrow_schema::Model;

use crate::{domain, model, syncable, variants};

fn pretty(tokens: TokenStream) -> String {
    let file = syn::parse2(tokens.clone()).unwrap_or_else(|e| panic!("{e}: {tokens}"));
    prettyplease::unparse(&file)
}

fn derived(input: TokenStream) -> String {
    pretty(syncable::expand(&syn::parse2(input).expect("a struct")))
}

/// What a field of each kind makes: its descriptor, and how it is stored and read back.
fn field(declaration: TokenStream) -> String {
    let model = Model::read(&syn::parse2(quote!(struct Plot { id: Id<Plot>, #declaration })).expect("a struct"))
        .expect("valid");
    let field = &model.fields()[0];
    let (descriptor, write, read) = (model::field(field), syncable::write(field), syncable::read(field));
    pretty(quote! {
        const DESCRIPTOR: Field = #descriptor;
        fn write() { #write }
        fn read() { Plot { #read } }
    })
}

macro_rules! each_kind {
    ($($name:ident: { $($declaration:tt)+ })+) => {$(
        #[test]
        fn $name() {
            assert_snapshot!(field(quote!($($declaration)+)));
        }
    )+};
}

each_kind! {
    kind_bool: { dry: bool }
    kind_integer: { #[merge(min)] year: i16 }
    kind_sum: { #[merge(sum)] bags: i64 }
    kind_real: { #[merge(max)] best: Option<f64> }
    kind_text: { #[unique] #[syncable(rename = "na\"me")] name: String }
    kind_blob: { photo: Vec<u8> }
    kind_reference: { #[parent(crate::Farm, on_delete = set_null)] farm_id: Option<Id<Farm>> }
    kind_own_reference: { #[parent(Self)] part_of: Option<Id<Self>> }
    kind_timestamp: { #[merge(review)] seen: Timestamp }
    kind_date: { sown: Option<windrow::Date> }
    kind_decimal: { paid: Decimal<2> }
    kind_enum: { crop: Crop }
    kind_enum_option: { crop: Option<plants::Crop> }
    kind_json: { #[syncable(json)] tags: Vec<String> }
    kind_json_option: { #[syncable(json)] place: Option<Place> }
}

#[test]
fn a_struct() {
    assert_snapshot!(derived(quote! {
        #[syncable(deletes = drop)]
        pub struct Plot {
            pub id: Id<Plot>,
            #[parent(Farm, on_delete = cascade)]
            pub farm_id: Id<Farm>,
            #[merge(sum)]
            pub bags: i64,
            pub crop: Option<Crop>,
        }
    }));
}

#[test]
fn a_struct_with_errors() {
    assert_snapshot!(derived(quote! {
        pub struct Plot {
            pub size: f32,
        }
    }));
}

#[test]
fn an_enum() {
    let input = quote! {
        enum Crop {
            Maize,
            #[syncable(rename = "it's \"rice\"")]
            Rice,
        }
    };
    assert_snapshot!(pretty(variants::expand(&syn::parse2(input).expect("an enum"))));
}

#[test]
fn a_domain() {
    let input = quote!(
        /// All of it.
        pub(crate) SURVEY = [Farm, crate::field::Plot,]
    );
    assert_snapshot!(pretty(domain::expand(&syn::parse2(input).expect("a domain"), "".as_ref())));
}

/// A lock of two versions stands in a folder above the crate's.
#[test]
fn a_domain_with_a_lock() {
    let clinic = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/clinic");
    let clinic = clinic.canonicalize().expect("the guide's clinic");
    let input = quote!(pub CLINIC = [Household, Patient, Dose]);
    let list = syn::parse2(input).expect("a domain");
    let told = pretty(domain::expand(&list, &clinic.join("src")));
    assert_snapshot!(told.replace(clinic.to_str().expect("Unicode"), "[clinic]"));
}

/// What is wrong with a lock is told where the domain is named, and the rest of the code still compiles.
#[test]
fn a_lock_that_can_not_be_used_is_told_of() {
    let folder = std::env::temp_dir().join(format!("windrow-macros-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let expanded = |lock: &str| {
        std::fs::write(folder.join("windrow.lock"), lock).expect("a file");
        let list = syn::parse2(quote!(pub CLINIC = [Household])).expect("a domain");
        pretty(domain::expand(&list, &folder)).replace(folder.to_str().expect("Unicode"), "[folder]")
    };
    let clinic = include_str!("../../docs/guide/clinic/windrow.lock");
    assert_snapshot!("a_lock_without_its_migrations", expanded(clinic));
    assert_snapshot!("a_lock_with_both_branches", expanded(&format!("<<<<<<< ours\n{clinic}")));
    assert!(
        !expanded(&clinic.replace("CLINIC", "OTHER")).contains("compile_error"),
        "another domain's is none of ours"
    );
    std::fs::remove_dir_all(&folder).expect("the folder");
}
