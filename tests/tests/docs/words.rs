//! One word for one thing: the glossary, and that nothing else is said.

use crate::pages::{Page, pages};
use crate::support::{files, read};
use std::path::Path;

/// The entries of a list of the glossary: the word, and what is said of it.
fn glossary(heading: &str) -> Vec<(String, String)> {
    let page = Page::read("docs/glossary.md".into());
    let lines = page.prose.into_iter().map(|(_, line)| line);
    let list = lines.skip_while(|l| l != &format!("## {heading}")).skip(1).take_while(|l| !l.starts_with("## "));
    let entries = list.filter_map(|l| {
        let (word, said) = l.strip_prefix("- **")?.split_once("**: ")?;
        Some((word.to_owned(), said.to_owned()))
    });
    entries.collect()
}

/// The words without which the other pages can't be read.
const NEEDED: &str = "device, hub, record, field, stamp, HLC, base, checkpoint, seq, net change, changeset, changelog, outbox, \
    inbox, candidate, conflict, resolve, refused, tombstone, history, scope, origin, author, span, session, cover, mark, server";

#[test]
fn the_glossary_says_one_sentence_of_each_word_in_order() {
    let words = glossary("Words");
    for needed in NEEDED.split(", ") {
        assert!(words.iter().any(|(word, _)| word == needed), "the glossary lacks {needed}");
    }
    let lower: Vec<_> = words.iter().map(|(w, _)| w.to_lowercase()).collect();
    assert!(lower.is_sorted(), "the glossary is out of order");
    for (word, said) in &words {
        assert!(said.ends_with('.') && !said.contains(". "), "{word}: one sentence, not {said:?}");
    }
}

#[test]
fn pages_and_messages_use_no_other_words() {
    let banned = glossary("Not used");
    assert!(!banned.is_empty());
    for page in pages().iter().filter(|p| p.path != Path::new("docs/glossary.md")) {
        for (line, text) in &page.prose {
            let plain: String = text.split('`').step_by(2).collect();
            judge(&banned, &plain, &format!("{}:{line}", page.path.display()));
        }
    }
    let ours = ["schema/src", "protocol/src", "macros/src", "runtime/src", "codegen-cli/src", "examples", "templates"];
    for file in files(&["rs"]).iter().filter(|f| ours.iter().any(|o| f.starts_with(o))) {
        for (line, text) in read(file).lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            let said = text.split('"').skip(1).step_by(2).filter(|s| s.contains(' '));
            said.for_each(|s| judge(&banned, s, &format!("{}:{}", file.display(), line + 1)));
        }
    }
}

fn judge(banned: &[(String, String)], text: &str, place: &str) {
    let text = format!(" {} ", text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " "));
    for (word, instead) in banned {
        let used = [format!(" {word} "), format!(" {word}s ")].iter().any(|w| text.contains(w));
        assert!(!used, "{place} says {word}: say {instead}");
    }
}
