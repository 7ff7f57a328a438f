//! Pictures in Mermaid, as far as our pages use it. What is not understood here is a mistake.

use std::collections::BTreeMap;

/// A sequence diagram.
pub(crate) struct Sequence {
    /// From left to right: the short name, and the one that is shown.
    pub(crate) people: Vec<(String, String)>,
    pub(crate) lines: Vec<Line>,
}

/// A line of it. `parts` are the lines of its text.
pub(crate) struct Line {
    pub(crate) place: String,
    pub(crate) what: What,
    pub(crate) parts: Vec<Part>,
}

/// A line of a text: what may stand in front of it is the time of the day.
pub(crate) struct Part {
    /// In minutes since midnight.
    pub(crate) time: Option<i64>,
    text: String,
}

impl Part {
    fn read(part: &str) -> Part {
        let (time, text) = Part::clock(part).map_or((None, part), |(time, text)| (Some(time), text));
        Part { time, text: text.trim().to_owned() }
    }

    fn clock(part: &str) -> Option<(i64, &str)> {
        let (clock, text) = part.split_once(' ')?;
        let (hours, minutes) = clock.split_once(':')?;
        Some((hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?, text))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// `decides: keep`: what.
    pub(crate) fn decision(&self) -> Option<&str> {
        self.text.strip_prefix("decides: ")
    }

    /// `cattle = 12`: of what the value is told, and the value.
    pub(crate) fn value(&self) -> Option<(&str, &str)> {
        self.text.split_once(" = ")
    }

    /// `cattle +2`: of what the difference is told, and the difference.
    pub(crate) fn difference(&self) -> Option<(&str, i64)> {
        let (name, by) = self.text.rsplit_once(' ')?;
        let by = by.starts_with(['+', '-']).then(|| by.parse().ok())??;
        Some((name, by))
    }

    /// `a clock 3 hours fast`: by how many minutes.
    pub(crate) fn wrong_clock(&self) -> Option<i64> {
        let mut words = self.text.strip_prefix("a clock ")?.split(' ');
        let (many, unit, way) = (words.next()?.parse::<i64>().ok()?, words.next()?, words.next()?);
        let unit = match unit.trim_end_matches('s') {
            "hour" => 60,
            "day" => 24 * 60,
            _ => return None,
        };
        match way {
            "fast" => Some(many * unit),
            "slow" => Some(-many * unit),
            _ => None,
        }
    }
}

impl Line {
    /// Whether a session begins here.
    pub(crate) fn sends(&self) -> bool {
        matches!(self.what, What::Sends(..))
    }
}

/// What a line is, with short names.
#[derive(Debug, PartialEq)]
pub(crate) enum What {
    /// A note over all of these.
    Note(Vec<String>),
    /// The first sends something to the second.
    Sends(String, String),
    /// The first answers the second.
    Answers(String, String),
}

impl Sequence {
    /// Reads a block that begins with `sequenceDiagram`, at this line of this page.
    pub(crate) fn read(text: &str, place: &str) -> Sequence {
        let mut read = Sequence { people: Vec::new(), lines: Vec::new() };
        for (at, line) in text.lines().enumerate().skip(1) {
            let (line, place) = (line.trim(), format!("{place}, line {at} of the picture"));
            if let Some(person) = line.strip_prefix("participant ") {
                let (short, name) = person.split_once(" as ").unwrap_or_else(|| panic!("{place}: who is {person}?"));
                read.people.push((short.into(), name.into()));
            } else {
                let line = read.line(line, place);
                read.lines.push(line);
            }
        }
        read
    }

    fn line(&self, line: &str, place: String) -> Line {
        let (head, text) = line.split_once(": ").unwrap_or_else(|| panic!("{place}: {line:?} says nothing"));
        // Both have a meaning of their own in Mermaid.
        assert!(!text.contains([';', '#']), "{place}: Mermaid would cut {text:?}");
        let what = if let Some(over) = head.strip_prefix("Note over ") {
            What::Note(self.between(over, &place))
        } else if let Some((from, to)) = head.split_once("-->>") {
            What::Answers(self.known(from, &place), self.known(to, &place))
        } else if let Some((from, to)) = head.split_once("->>") {
            What::Sends(self.known(from, &place), self.known(to, &place))
        } else {
            panic!("{place}: {head:?} is neither a note nor a message")
        };
        Line { what, parts: text.split("<br/>").map(Part::read).collect(), place }
    }

    fn known(&self, short: &str, place: &str) -> String {
        assert!(self.people.iter().any(|(s, _)| s == short), "{place}: nobody is called {short:?}");
        short.to_owned()
    }

    /// Over whom a note lies: `A,C` is drawn over whoever stands between the two, too.
    fn between(&self, over: &str, place: &str) -> Vec<String> {
        let ends: Vec<_> = over.split(',').map(|short| self.known(short, place)).collect();
        let at = |short: &String| self.people.iter().position(|(s, _)| s == short);
        let (first, last) = (ends.iter().filter_map(at).min(), ends.iter().filter_map(at).max());
        let within = first.zip(last).map(|(first, last)| &self.people[first..=last]).unwrap_or_default();
        within.iter().map(|(short, _)| short.clone()).collect()
    }
}

/// The boxes of a flowchart by their ids: what each says. Every box that an arrow names must have said something.
pub(crate) fn flowchart(text: &str, place: &str) -> BTreeMap<String, String> {
    let (mut boxes, mut named) = (BTreeMap::new(), Vec::new());
    for (at, line) in text.lines().enumerate().skip(1) {
        let place = format!("{place}, line {at} of the picture");
        for end in line.trim().split(" -->") {
            let end = end.strip_prefix('|').and_then(|e| e.split_once('|')).map_or(end, |(_, end)| end).trim();
            let id: String = end.chars().take_while(char::is_ascii_alphanumeric).collect();
            let text = &end[id.len()..];
            if !text.is_empty() {
                let quoted = within(text, "[\"", "\"]").or_else(|| within(text, "{{\"", "\"}}"));
                let said = quoted.filter(|t| !t.contains(['"', '#', ';']));
                let said = said.unwrap_or_else(|| panic!("{place}: {text:?} is no box with a text in quotes"));
                assert!(boxes.insert(id.clone(), said.to_owned()).is_none(), "{place}: {id} is there twice");
            }
            named.push((place.clone(), id));
        }
    }
    for (place, id) in named {
        assert!(boxes.contains_key(&id), "{place}: the box {id:?} says nothing");
    }
    boxes
}

fn within<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.strip_prefix(open)?.strip_suffix(close)
}
