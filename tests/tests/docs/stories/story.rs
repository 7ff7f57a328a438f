//! A picture together with the script that it draws.

use super::picture::{Line, Sequence, What};
use super::script::Script;
use crate::pages::{Block, Page};

pub(crate) struct Story {
    pub(crate) script: Script,
    pub(crate) picture: Sequence,
}

/// What everyone begins with, and the stories: a picture draws the last script above it.
pub(crate) fn stories(page: &Page) -> (Script, Vec<Story>) {
    let place = |line: usize| format!("{}:{line}", page.path.display());
    let mut scripts = page.of("sql story").map(|(place, text)| Script::read(text, &place));
    let start = scripts.find(Script::is_start).expect("what everyone begins with");
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

/// Whether a block is a picture of a story.
pub(crate) fn is_story(block: &Block) -> bool {
    block.kind == "mermaid" && block.text.starts_with("sequenceDiagram\n")
}

impl Story {
    /// How it ends.
    pub(crate) fn last(&self) -> &Line {
        self.picture.lines.last().expect("a picture with lines")
    }

    /// The name behind a short one.
    pub(crate) fn name(&self, short: &str) -> &str {
        let found = self.picture.people.iter().find(|(s, _)| s == short);
        found.map(|(_, name)| name.as_str()).expect("somebody in the picture")
    }

    /// Whom a line is about: all under a note, the tablet of a message.
    pub(crate) fn about(&self, line: &Line) -> Vec<&str> {
        match &line.what {
            What::Note(over) => over.iter().map(|short| self.name(short)).collect(),
            What::Sends(tablet, _) | What::Answers(_, tablet) => vec![self.name(tablet)],
        }
    }

    /// The first of them.
    pub(crate) fn actor(&self, line: &Line) -> &str {
        self.about(line)[0]
    }

    /// Which of the script's deeds this text tells.
    pub(crate) fn deed(&self, line: &Line, text: &str) -> Option<usize> {
        self.script.deeds.iter().position(|d| d.who == self.actor(line) && d.what == text)
    }

    /// The lines before the first session, and the others.
    pub(crate) fn around_the_first_session(&self) -> (&[Line], &[Line]) {
        let first = self.picture.lines.iter().position(Line::sends);
        self.picture.lines.split_at(first.unwrap_or_default())
    }

    /// Whether nobody does anything any more once somebody has synced.
    pub(crate) fn is_of_deeds_then_sessions(&self) -> bool {
        let acts =
            |line: &Line| line.parts.iter().any(|p| self.deed(line, p.text()).is_some() || p.decision().is_some());
        !self.around_the_first_session().1.iter().any(acts)
    }
}
