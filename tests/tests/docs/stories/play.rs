//! A story's picture, played line by line: what people do is done, a message to the hub is a session, and whatever has the form
//! `name = value` must be so, there and then.

use super::picture::{Line, Sequence, What};
use super::script::{EVERYONE, Script};
use super::stage::{MINUTE, Stage};

pub(crate) struct Play<'a> {
    script: &'a Script,
    picture: &'a Sequence,
    stage: Stage,
    done: Vec<bool>,
}

/// Its name in pictures.
const HUB: &str = "Hub";

impl<'a> Play<'a> {
    /// The stage as `start` leaves it, everyone having synced.
    pub(crate) fn new(start: &'a Script, script: &'a Script, picture: &'a Sequence) -> Play<'a> {
        let mut stage = Stage::new();
        stage.set_now(6 * 60 * MINUTE);
        stage.enter(EVERYONE);
        for deed in &start.deeds {
            stage.run(EVERYONE, &deed.sql).unwrap_or_else(|e| panic!("{}: {e}", deed.what));
        }
        stage.sync(EVERYONE);
        for (_, name) in picture.people.iter().filter(|(_, name)| name != HUB) {
            stage.enter(name);
            stage.sync(name);
        }
        Play { script, picture, stage, done: vec![false; script.deeds.len()] }
    }

    /// As it is drawn.
    pub(crate) fn as_drawn(mut self) {
        for line in &self.picture.lines {
            self.line(line);
        }
        let open = self.script.deeds.iter().zip(&self.done).find(|(_, done)| !**done);
        assert!(open.is_none(), "{}: the picture leaves {:?} out", self.last().place, open.map(|(d, _)| &d.what));
        let names: Vec<_> = self.picture.people.iter().map(|(short, _)| short.clone()).collect();
        let checks = self.last().parts.iter().any(|p| p.contains(" = "));
        assert!(self.last().what == What::Note(names) && checks, "{}: how does it end for all?", self.last().place);
    }

    /// The same deeds, and then the sessions the other way round: the end must be the same. Only where all deeds come first;
    /// says whether they do.
    pub(crate) fn other_way_round(mut self) -> bool {
        let sends = |line: &Line| matches!(line.what, What::Sends(..));
        let first = self.picture.lines.iter().position(sends).unwrap_or_default();
        let (before, after) = self.picture.lines.split_at(first);
        if after.iter().any(|line| line.parts.iter().any(|part| self.acts(line, part))) {
            return false;
        }
        before.iter().for_each(|line| self.line(line));
        let mut senders: Vec<_> = after.iter().filter(|line| sends(line)).map(|line| self.actor(line)).collect();
        senders.reverse();
        for who in senders.iter().chain(&senders) {
            self.stage.sync(who);
        }
        self.line(self.last());
        true
    }

    fn last(&self) -> &'a Line {
        self.picture.lines.last().unwrap()
    }

    fn line(&mut self, line: &Line) {
        self.stage.set_now(self.stage.now() + MINUTE);
        match &line.what {
            What::Note(_) => line.parts.iter().for_each(|part| self.note(line, part)),
            What::Sends(_, to) => {
                assert_eq!(self.name(to), HUB, "{}: tablets talk to the hub alone", line.place);
                self.send(line);
            }
            What::Answers(from, _) => {
                assert_eq!(self.name(from), HUB, "{}: only the hub answers", line.place);
                line.parts.iter().for_each(|part| self.check(line, part));
            }
        }
    }

    fn name(&self, short: &str) -> String {
        let found = self.picture.people.iter().find(|(s, _)| s == short);
        found.map(|(_, name)| name.clone()).unwrap()
    }

    /// Whom a line is about: all under a note, the tablet of a message.
    fn about(&self, line: &Line) -> Vec<String> {
        match &line.what {
            What::Note(over) => over.iter().map(|short| self.name(short)).collect(),
            What::Sends(tablet, _) | What::Answers(_, tablet) => vec![self.name(tablet)],
        }
    }

    fn actor(&self, line: &Line) -> String {
        self.about(line).into_iter().next().unwrap()
    }

    /// Whether somebody does something in this part of a line.
    fn acts(&self, line: &Line, part: &str) -> bool {
        let (_, text) = time(part);
        self.deed(line, text).is_some() || text.starts_with("decides: ")
    }

    fn deed(&self, line: &Line, text: &str) -> Option<usize> {
        let who = self.actor(line);
        self.script.deeds.iter().position(|d| d.who == who && d.what == text)
    }

    fn note(&mut self, line: &Line, part: &str) {
        let (clock, text) = time(part);
        if let Some(clock) = clock {
            assert!(clock >= self.stage.now(), "{}: time goes back", line.place);
            self.stage.set_now(clock);
        }
        let who = self.actor(line);
        if let Some(at) = self.deed(line, text) {
            self.done[at] = true;
            self.stage.run(&who, &self.script.deeds[at].sql).unwrap_or_else(|e| panic!("{}: {e}", line.place));
        } else if let Some(answer) = text.strip_prefix("decides: ") {
            self.stage.decide(&who, answer);
        } else if let Some(fast) = wrong_clock(text) {
            self.stage.set_clock(&who, fast);
        } else {
            self.check(line, text);
        }
    }

    /// A session. What is said to be sent as a difference must make that difference at the hub.
    fn send(&self, line: &Line) {
        let who = self.actor(line);
        let differences: Vec<_> = line.parts.iter().filter_map(|part| self.difference(part)).collect();
        let before: Vec<_> = differences.iter().map(|(sql, _)| self.number(sql)).collect();
        line.parts.iter().for_each(|part| self.check(line, part));
        self.stage.sync(&who);
        for ((sql, by), before) in differences.iter().zip(before) {
            assert_eq!(self.number(sql) - before, *by, "{}: what it brought the hub", line.place);
        }
    }

    /// `cattle +2`: the query behind the name, and the number.
    fn difference(&self, part: &str) -> Option<(String, i64)> {
        let (name, by) = part.rsplit_once(' ')?;
        let by = by.starts_with(['+', '-']).then(|| by.parse().ok())??;
        Some((self.script.shown.get(name)?.clone(), by))
    }

    fn number(&self, sql: &str) -> i64 {
        self.stage.shows(HUB, sql).parse().unwrap()
    }

    /// Whatever says `name = value`; other words are words.
    fn check(&self, line: &Line, part: &str) {
        let Some((name, value)) = part.split_once(" = ") else { return };
        for who in self.about(line) {
            if name == "conflict" {
                let asked = self.stage.asked(&who);
                assert!(asked.is(value), "{}: {who} has {asked:?}", line.place);
                continue;
            }
            let sql = self.script.shown.get(name).unwrap_or_else(|| panic!("{}: what is {name:?}?", line.place));
            assert_eq!(self.stage.shows(&who, sql), value, "{}: {name} of {who}", line.place);
        }
    }
}

/// `09:30 text`: milliseconds since midnight, and the text.
fn time(part: &str) -> (Option<i64>, &str) {
    let read = || {
        let (clock, text) = part.split_once(' ')?;
        let (hours, minutes) = clock.split_once(':')?;
        Some(((hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * MINUTE, text))
    };
    read().map_or((None, part), |(clock, text)| (Some(clock), text))
}

/// `a clock 3 hours fast`: by how many milliseconds.
fn wrong_clock(text: &str) -> Option<i64> {
    let mut words = text.strip_prefix("a clock ")?.split(' ');
    let (many, unit, way) = (words.next()?.parse::<i64>().ok()?, words.next()?, words.next()?);
    let unit = match unit.trim_end_matches('s') {
        "hour" => 60 * MINUTE,
        "day" => 24 * 60 * MINUTE,
        _ => return None,
    };
    (way == "fast" || way == "slow").then_some(if way == "fast" { many * unit } else { -many * unit })
}
