//! Pages that tell stories with pictures: every picture is played on a hub and tablets.

// As an application has them, and as the page shows them.
#[allow(unreachable_pub)]
mod domain;
mod picture;
mod play;
mod script;
mod stage;
mod story;

use crate::pages::{Page, pages};
use crate::support::read;
use picture::{Sequence, flowchart};
use play::Play;
use script::Script;
use std::path::Path;
use story::{is_story, stories};

/// The page with the pictures.
const PAGE: &str = "docs/guide/05-merging.md";

/// A page that shows a merge as somebody wished it, or as it once was, teaches what does not happen.
#[test]
fn every_story_ends_as_its_picture_shows() {
    for page in pages().iter().filter(|page| page.of("sql story").count() > 0) {
        let (start, stories) = stories(page);
        stories.iter().for_each(|story| Play::new(&start, story).play());
    }
}

/// A page that tells people not to care who syncs first, with a story in which it matters.
#[test]
fn it_does_not_matter_who_syncs_first() {
    let (start, stories) = stories(&Page::read(PAGE.into()));
    let turned: Vec<_> = stories.iter().filter(|story| story.is_of_deeds_then_sessions()).collect();
    assert!(turned.len() * 2 > stories.len(), "only {} of {} can be turned", turned.len(), stories.len());
    turned.into_iter().for_each(|story| Play::new(&start, story).play_turned());
}

/// SQL without a picture would be run by nobody.
#[test]
fn every_script_is_drawn() {
    for page in pages() {
        let told: Vec<_> = page.blocks.iter().filter(|b| b.kind == "sql story" || is_story(b)).collect();
        for (block, next) in told.iter().zip(told.iter().skip(1).map(Some).chain([None])) {
            let place = format!("{}:{}", page.path.display(), block.line);
            let drawn = is_story(block) || next.is_some_and(|next| is_story(next));
            assert!(drawn || Script::read(&block.text, &place).is_start(), "{place}: no picture draws it");
        }
    }
}

/// Where a page is shown, Mermaid that is wrong is a box with an error, and nobody but the reader sees it.
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

/// What an application may declare.
const CHOICES: [&str; 10] = ["lww", "sum", "max", "min", "review", "keep", "drop", "restrict", "cascade", "set_null"];

/// A strategy that is new, and that the page does not know.
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

/// Stories played on other structs than the reader sees.
#[test]
fn the_pages_own_structs_are_those_that_play() {
    let page = Page::read(PAGE.into());
    let (_, shown) = page.of("rust").next().expect("structs");
    assert_eq!(shown, read(Path::new("tests/tests/docs/stories/domain.rs")));
}
