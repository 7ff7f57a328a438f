//! Pages that tell stories with pictures: every picture is played on a hub and tablets.

// As an application has them, and as the page shows them.
#[allow(unreachable_pub)]
mod domain;
mod picture;
mod play;
mod script;
mod stage;

use crate::pages::{Block, Page, pages};
use crate::support::read;
use picture::{Sequence, flowchart};
use play::Play;
use script::Script;
use std::path::Path;

const PAGE: &str = "docs/guide/05-merging.md";

/// A picture with the script that it draws.
struct Story {
    script: Script,
    picture: Sequence,
}

/// What everyone begins with, and the stories: a picture draws the last script above it.
fn stories(page: &Page) -> (Script, Vec<Story>) {
    let place = |line: usize| format!("{}:{line}", page.path.display());
    let scripts = page.of("sql story").map(|(place, text)| Script::read(text, &place));
    let start = scripts.into_iter().find(Script::is_start).expect("what everyone begins with");
    let (mut script, mut stories) = (start.clone(), Vec::new());
    for block in &page.blocks {
        if block.kind == "sql story" {
            script = Script::read(&block.text, &place(block.line)).under(&start);
        } else if is_story(block) {
            let picture = Sequence::read(&block.text, &place(block.line));
            stories.push(Story { script: script.clone(), picture });
        }
    }
    (start, stories)
}

fn is_story(block: &Block) -> bool {
    block.kind == "mermaid" && block.text.starts_with("sequenceDiagram\n")
}

#[test]
fn every_story_ends_as_its_picture_shows() {
    let (start, stories) = stories(&Page::read(PAGE.into()));
    for Story { script, picture } in &stories {
        Play::new(&start, script, picture).as_drawn();
    }
}

#[test]
fn it_does_not_matter_who_syncs_first() {
    let (start, stories) = stories(&Page::read(PAGE.into()));
    let other = stories.iter().filter(|s| Play::new(&start, &s.script, &s.picture).other_way_round()).count();
    assert!(other * 2 > stories.len(), "only {other} of {} stories can be told the other way round", stories.len());
}

#[test]
fn every_script_is_drawn() {
    let page = Page::read(PAGE.into());
    let told: Vec<_> = page.blocks.iter().filter(|b| b.kind == "sql story" || is_story(b)).collect();
    for (block, next) in told.iter().zip(told.iter().skip(1).map(Some).chain([None])) {
        let drawn = is_story(block) || next.is_some_and(|next| is_story(next));
        let start = || Script::read(&block.text, PAGE).is_start();
        assert!(drawn || start(), "{PAGE}:{}: no picture draws it", block.line);
    }
}

#[test]
fn pictures_are_of_a_form_that_is_known_to_render() {
    for page in pages() {
        for (place, text) in page.of("mermaid") {
            match text.lines().next().unwrap_or_default() {
                "sequenceDiagram" => {
                    assert!(!Sequence::read(text, &place).lines.is_empty(), "{place}: nothing happens")
                }
                "flowchart TD" | "flowchart LR" => {
                    assert!(flowchart(text, &place).len() > 1, "{place}: nothing to choose")
                }
                other => panic!("{place}: {other:?} is a kind of picture that nobody checks"),
            }
        }
    }
}

/// What an application may declare; the page must help to choose it, and have a story of it.
const CHOICES: [&str; 10] = ["lww", "sum", "max", "min", "review", "keep", "drop", "restrict", "cascade", "set_null"];

#[test]
fn every_choice_is_in_a_flowchart_and_has_a_story() {
    let page = Page::read(PAGE.into());
    let charts = page.of("mermaid").filter(|(_, text)| text.starts_with("flowchart"));
    let boxes: Vec<_> = charts.flat_map(|(place, text)| flowchart(text, &place).into_values()).collect();
    let headings: Vec<_> = page.prose.iter().map(|(_, line)| line).filter(|line| line.starts_with('#')).collect();
    for choice in CHOICES {
        assert!(boxes.iter().any(|text| text.contains(choice)), "no flowchart leads to {choice}");
        assert!(headings.iter().any(|text| text.contains(choice)), "no heading names {choice}");
    }
}

#[test]
fn the_pages_own_structs_are_those_that_play() {
    let page = Page::read(PAGE.into());
    let (_, shown) = page.of("rust").next().expect("structs");
    assert_eq!(shown, read(Path::new("tests/tests/docs/stories/domain.rs")));
}
