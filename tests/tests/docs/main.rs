//! What the pages say is compiled, run or looked up, so that it stays true.
//!
//! Code in Rust is compiled as doctests of the runtime (`runtime/src/doctests.rs`); everything else is checked here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod field;
mod pages;
mod runs;
mod stories;
#[path = "../support/mod.rs"]
mod support;
mod words;

use pages::{Page, pages, target};
use std::path::{Path, PathBuf};
use support::{read, root};

/// What a fence may say. `rust,no_run` and `rust,compile_fail` are compiled too.
const KINDS: [&str; 10] =
    ["rust", "rust,no_run", "rust,compile_fail", "sql", "sql story", "mermaid", "sh", "json", "toml", "text"];

#[test]
fn every_block_is_of_a_kind_that_is_checked() {
    for page in pages() {
        for block in &page.blocks {
            let place = format!("{}:{}", page.path.display(), block.line);
            assert!(KINDS.contains(&block.kind.as_str()), "{place}: {:?} is none of {KINDS:?}", block.kind);
            if block.kind == "json" {
                serde_json::from_str::<serde_json::Value>(&block.text).unwrap_or_else(|e| panic!("{place}: {e}"));
            }
        }
    }
}

#[test]
fn every_page_with_rust_is_compiled() {
    let compiled = read(Path::new("runtime/src/doctests.rs"));
    assert!(
        read(Path::new("runtime/src/lib.rs")).contains("#[cfg(doctest)]\nmod doctests;"),
        "nobody compiles the pages"
    );
    for page in pages().iter().filter(|p| p.blocks.iter().any(|b| b.kind.starts_with("rust"))) {
        let name = page.path.display().to_string();
        assert!(
            compiled.contains(&format!("include_str!(\"../../{name}\")")),
            "{name} is not in runtime/src/doctests.rs"
        );
    }
}

#[test]
fn the_guides_domain_is_the_one_it_shows() {
    let page = Page::read("docs/guide/01-declare.md".into());
    let (_, shown) = page.of("rust").next().expect("a domain");
    let source = read(Path::new("docs/guide/survey/src/lib.rs"));
    let (_, declared) = source.split_once("\n\n").expect("a comment on the crate, then the domain");
    assert_eq!(shown, declared, "docs/guide/01-declare.md and docs/guide/survey/src/lib.rs differ");
}

#[test]
fn every_link_leads_somewhere() {
    let all = pages();
    for page in &all {
        for (line, link) in page.links().filter(|(_, l)| !l.starts_with("http")) {
            let place = format!("{}:{line}: {link}", page.path.display());
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if path.is_empty() { page.path.clone() } else { target(&page.path, path) };
            assert!(root().join(&to).exists(), "{place} leads nowhere");
            let found = all.iter().find(|p| p.path == to);
            let named = anchor.is_empty() || found.is_some_and(|p| p.anchors().iter().any(|a| a == anchor));
            assert!(named, "{place}: no such heading");
        }
    }
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let source = |word: &str| word.contains('/') && [".rs", ".md", ".toml"].iter().any(|e| word.ends_with(e));
    for page in pages() {
        for (line, text) in &page.prose {
            for name in text.split('`').skip(1).step_by(2).flat_map(spread).filter(|w| source(w)) {
                let here = [PathBuf::from(&name), target(&page.path, &name)];
                let there = here.iter().any(|p| root().join(p).exists()) || rendered(&name);
                assert!(there, "{}:{line}: there is no {name}", page.path.display());
            }
        }
    }
}

/// Whether a new project has a file of this name.
fn rendered(name: &str) -> bool {
    let folders = ["common", "survey", "generated/server", "generated/device"]
        .map(|folder| root().join("templates").join(folder));
    folders.iter().any(|folder| ["", ".j2"].iter().any(|end| folder.join(format!("{name}{end}")).is_file()))
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn spread(name: &str) -> Vec<String> {
    let parts = name.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    match parts {
        Some((head, (each, tail))) => each.split(',').map(|one| format!("{head}{one}{tail}")).collect(),
        None => vec![name.to_owned()],
    }
}

/// Bounds that a page tells people: where the code has them, and in which words the page does.
const BOUNDS: [(&str, &str, &str, &str); 22] = [
    ("protocol/src/merge/settle.rs", "const DEEPEST: usize = 200;", "merging", "more than 200 references"),
    ("protocol/src/merge/restamp.rs", "const AHEAD_MS: i64 = 5 * 60 * 1000;", "merging", "at most five minutes ahead"),
    (
        "protocol/src/merge/restamp.rs",
        "const AHEAD_MS: i64 = 5 * 60 * 1000;",
        "guide/05-merging",
        "more than five minutes ahead",
    ),
    ("protocol/src/codec/mod.rs", "bytes: 64 << 20, memory: 256 << 20", "protocol", "64 MiB unless set otherwise"),
    ("protocol/src/codec/mod.rs", "bytes: 64 << 20, memory: 256 << 20", "protocol", "256 MiB"),
    ("runtime/src/hub/sqlite/sessions.rs", "outcomes: Self::DAY.saturating_mul(30)", "protocol", "kept for 30 days"),
    ("runtime/src/hub/sqlite/sessions.rs", "staged: Self::DAY.saturating_mul(7)", "databases", "(for 7 days)"),
    ("runtime/src/store/prune.rs", "from_secs(30 * 24 * 60 * 60)", "databases", "kept for 30 days"),
    ("runtime/src/server/limits.rs", "body: 32 << 20,", "guide/06-server", "32 MiB"),
    ("runtime/src/server/limits.rs", "connections: 2_048,", "guide/06-server", "**Connections**, 2,048."),
    ("runtime/src/server/limits.rs", "requests: 2_048,", "guide/06-server", "2,048 requests are worked on at once"),
    ("runtime/src/server/limits.rs", "bytes: 32 << 20,", "guide/06-server", "32 MiB in all"),
    (
        "runtime/src/server/limits.rs",
        "first_byte: Duration::from_secs(5)",
        "guide/06-server",
        "5 seconds for its first byte",
    ),
    (
        "runtime/src/server/limits.rs",
        "head: Duration::from_secs(10)",
        "guide/06-server",
        "10 for a handshake and the head",
    ),
    ("runtime/src/server/limits.rs", "idle: Duration::from_secs(60)", "guide/06-server", "60 between requests"),
    ("runtime/src/server/limits.rs", "news: 512,", "guide/06-server", "512 connections on which devices listen"),
    ("runtime/src/server/limits.rs", "news_alive: Duration::from_secs(45)", "protocol", "After 45 seconds without"),
    ("runtime/src/server/limits.rs", "pace: 256,", "guide/06-server", "256 bytes a second"),
    ("runtime/src/server/limits.rs", "device_a_minute: 600,", "guide/06-server", "600 requests a minute"),
    ("runtime/src/sync/options.rs", "interval: Duration::from_secs(300)", "guide/03-sync", "every five minutes"),
    ("runtime/src/sync/options.rs", "debounce: Duration::from_secs(2)", "guide/03-sync", "two seconds after the last"),
    ("runtime/src/sync/options.rs", "longest_wait: Duration::from_secs(300)", "guide/03-sync", "to five minutes"),
];

#[test]
fn bounds_are_those_of_the_code() {
    for (file, bound, page, words) in BOUNDS {
        assert!(
            read(Path::new(file)).contains(bound),
            "{file} has no {bound:?} any more: docs/{page}.md says {words:?}"
        );
        let page = PathBuf::from(format!("docs/{page}.md"));
        assert!(read(&page).replace('\n', " ").contains(words), "{} does not say {words:?}", page.display());
    }
}

/// The variants of an enum that `name()` names, as `A::B => "name"`.
fn names(file: &str) -> Vec<String> {
    let named = |line: &str| Some(line.split_once("=> \"")?.1.split_once('"')?.0.to_owned());
    read(Path::new(file)).lines().filter(|l| l.contains("RefusalCode::")).filter_map(named).collect()
}

#[test]
fn the_protocols_tables_have_every_code_and_problem() {
    let page = read(Path::new("docs/protocol.md"));
    let codes = names("protocol/src/message.rs");
    assert!(codes.len() >= 7, "{codes:?}");
    for (number, code) in codes.iter().enumerate() {
        assert!(page.contains(&format!("| {} | `{code}` |", number + 1)), "docs/protocol.md lacks {code}");
    }
    use windrow::protocol::message::{Problem, ProblemKind::*};
    for kind in [Malformed, UnknownVersion, TooLarge, NotFound, Unauthenticated, Revoked, Forbidden, Busy, Internal] {
        let document = serde_json::to_value(Problem::new(kind, "")).unwrap();
        let said = |key: &str| document[key].to_string().replace('"', "");
        let row = format!("| `{}` | {} | {} |", said("type"), said("status"), said("retry"));
        assert!(page.contains(&row), "docs/protocol.md lacks {row}");
    }
}
