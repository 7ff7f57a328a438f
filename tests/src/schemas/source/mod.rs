//! A model as Rust: structs, enums and the list of them, over some files, in one of the many ways to write the same.

mod items;
mod literal;
mod spell;

use items::List;
pub(super) use items::{Field, Items};
use spell::{Spell, space};

use super::words;
use fastrand::Rng;
use std::path::PathBuf;
use windrow_schema::lock::Table;

/// A source file.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Where it stands.
    pub(super) path: PathBuf,
    /// What stands in it.
    pub(super) text: String,
}

/// Names that a list of structs may have.
const DOMAINS: [&str; 6] = ["SURVEY", "R", "r#type", "_X", "ÜBERALL", "名前"];

/// The items that declare these tables.
///
/// `told`: defaults that are written as they were told, by table and column.
pub(super) fn items(rng: &mut Rng, tables: &[Table], told: &[(String, String, String)]) -> Items {
    let mut spell = Spell { rng, tables, told, enums: Vec::new() };
    let structs = tables.iter().map(|table| spell.table(table)).collect();
    let enums = spell.enums();
    let mut names: Vec<String> = tables.iter().map(|t| spell.path(&t.type_name)).collect();
    rng.shuffle(&mut names);
    let name = rng.choice(DOMAINS).unwrap_or("R").to_owned();
    Items { structs, enums, lists: vec![List { name, structs: names }], others: Vec::new() }
}

/// What may stand between items, and declares nothing.
const NOISE: [&str; 12] = [
    "use windrow::{Id, Syncable};",
    "// #[derive(Syncable)] struct Farm { \"",
    "/* /* #[derive(Syncable)] */ struct \" */",
    "pub fn main() { let x = r#\"#[derive(Syncable)] struct Farm;\"#; let _ = '\"'; }",
    "#[derive(Debug)] pub struct Farm(i32);",
    "macro_rules! m { ($($t:tt)*) => { #[derive(Syncable)] struct M { $($t)* } } }",
    "m!(#[derive(Syncable)] struct Farm {});",
    "const X: &str = \"domain!(R = [Farm])\";",
    "impl Farm { const Y: i32 = 1; }",
    "mod elsewhere;",
    "mod empty {}",
    "#[cfg(test)] mod tests { #[test] fn it() {} }",
];

/// Lays the items out over files, in any order, some within modules.
pub(super) fn files(rng: &mut Rng, items: Items) -> Vec<File> {
    let mut texts = items.texts(rng);
    for _ in 0..rng.usize(..4) {
        let noise = rng.choice(NOISE).unwrap_or_default();
        texts.push(noise.to_owned());
    }
    rng.shuffle(&mut texts);
    let mut files: Vec<String> = vec![String::new(); rng.choice([1, 1, 2, 4]).unwrap_or(1)];
    for text in texts {
        let at = rng.usize(..files.len());
        let file = &mut files[at];
        let module = rng.u8(..8) == 0;
        *file += &if module { format!("pub mod m{} {{\n{text}\n}}", rng.u32(..)) } else { text };
        *file += rng.choice(["\n", "\n\n", "\n\t\n// it's\n"]).unwrap_or("\n");
    }
    let name = |at: usize| PathBuf::from(format!("src/{}{at}.rs", ["lib", "a b", "ü"][at % 3]));
    files.into_iter().enumerate().map(|(at, text)| File { path: name(at), text: begun(rng, text) }).collect()
}

/// With what may stand at a file's beginning, and with either kind of line's end.
fn begun(rng: &mut Rng, text: String) -> String {
    let text = match rng.u8(..12) {
        0 => format!("\u{feff}{text}"),
        1 => format!("#!/usr/bin/env run\n{text}"),
        2 => format!("#![allow(dead_code)]\n//! A model.\n{text}"),
        3 => format!("\n\n{}{text}", space(rng)),
        _ => text,
    };
    if rng.u8(..10) == 0 { text.replace('\n', "\r\n") } else { text }
}

/// A name that none of these tables' structs has, nor anything that is written beside them.
fn free(rng: &mut Rng, tables: &[Table], taken: &[String]) -> String {
    loop {
        let (name, _) = words::pair(rng, &words::STRUCTS);
        let name = format!("{}Enum", super::draw::bare(&name));
        let is = |other: &str| super::draw::bare(other) == name;
        if !tables.iter().any(|t| is(&t.type_name)) && !taken.iter().any(|other| is(other)) {
            return name;
        }
    }
}
