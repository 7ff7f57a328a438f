//! The written pages, taken apart.

use crate::support::{files, read};
use std::path::{Path, PathBuf};

/// A page in Markdown.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) blocks: Vec<Block>,
    /// The lines outside of code, with their numbers.
    pub(crate) prose: Vec<(usize, String)>,
}

/// A fenced block of code.
pub(crate) struct Block {
    /// The line on which it begins.
    pub(crate) line: usize,
    /// What stands behind the fence.
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// All pages that tell people how things are: those of the root and of `docs/`.
pub(crate) fn pages() -> Vec<Page> {
    let told = |file: &PathBuf| file.components().count() == 1 || file.starts_with("docs");
    files(&["md"]).into_iter().filter(told).map(Page::read).collect()
}

impl Page {
    pub(crate) fn read(path: PathBuf) -> Page {
        let (mut blocks, mut prose): (Vec<Block>, Vec<_>) = (Vec::new(), Vec::new());
        let mut within = false;
        for (number, line) in read(&path).lines().enumerate() {
            match (line.strip_prefix("```"), within) {
                (Some(kind), false) => {
                    blocks.push(Block { line: number + 1, kind: kind.to_owned(), text: String::new() });
                    within = true;
                }
                (Some(_), true) => within = false,
                (None, true) => blocks.iter_mut().last().into_iter().for_each(|b| b.text += &format!("{line}\n")),
                (None, false) => prose.push((number + 1, line.to_owned())),
            }
        }
        assert!(!within, "{}: a block that does not end", path.display());
        Page { path, blocks, prose }
    }

    /// Blocks of one kind, their first line for messages.
    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = (String, &str)> {
        let place = |line: usize| format!("{}:{line}", self.path.display());
        self.blocks.iter().filter(move |b| b.kind == kind).map(move |b| (place(b.line), b.text.as_str()))
    }

    /// Where its links lead, with the lines on which they stand.
    pub(crate) fn links(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose.iter().flat_map(|(number, line)| {
            line.match_indices("](").filter_map(|(at, _)| Some((*number, line[at + 2..].split_once(')')?.0)))
        })
    }

    /// What a `#` in a link to this page may name.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = self.prose.iter().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| slug(line.trim_start_matches('#').trim())).collect()
    }
}

/// The anchor that a heading gets where the pages are shown.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The page that a link on this one leads to.
pub(crate) fn target(from: &Path, link: &str) -> PathBuf {
    let mut path = from.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            std::path::Component::ParentDir => {
                assert!(path.pop(), "{link} leads out of the project");
            }
            std::path::Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}
