//! A story, played line by line: what people do is done, a message to the hub is a session, and whatever has the form
//! `name = value` must be so, there and then.

use super::picture::{Line, Part, What};
use super::script::{EVERYONE, Script};
use super::stage::Stage;
use super::story::Story;

pub(crate) struct Play<'a> {
    story: &'a Story,
    stage: Stage,
    done: Vec<bool>,
    /// Who was the last to begin a session.
    talks: String,
}

/// Its name in pictures.
const HUB: &str = "Hub";

impl<'a> Play<'a> {
    /// The stage as `start` leaves it, everyone having synced. It is six in the morning.
    pub(crate) fn new(start: &Script, story: &'a Story) -> Play<'a> {
        let mut stage = Stage::new();
        stage.set_now(6 * 60);
        stage.enter(EVERYONE);
        for deed in &start.deeds {
            stage.run(EVERYONE, &deed.sql).unwrap_or_else(|e| panic!("{}: {e}", deed.what));
        }
        stage.sync(EVERYONE);
        for (_, name) in story.picture.people.iter().filter(|(_, name)| name != HUB) {
            stage.enter(name);
            stage.sync(name);
        }
        Play { story, stage, done: vec![false; story.script.deeds.len()], talks: String::new() }
    }

    /// As it is drawn.
    pub(crate) fn play(mut self) {
        let (story, last) = (self.story, self.story.last());
        story.picture.lines.iter().for_each(|line| self.line(line));
        for (deed, done) in story.script.deeds.iter().zip(&self.done) {
            assert!(done, "{}: the picture leaves out that {} {}", last.place, deed.who, deed.what);
        }
        let all = story.about(last).len() == story.picture.people.len();
        let told = last.parts.iter().any(|part| part.value().is_some());
        assert!(all && told && matches!(last.what, What::Note(_)), "{}: how does it end for all?", last.place);
    }

    /// The same deeds, and then the sessions the other way round: the end must be the same.
    pub(crate) fn play_turned(mut self) {
        let (deeds, sessions) = self.story.around_the_first_session();
        deeds.iter().for_each(|line| self.line(line));
        let sessions = sessions.iter().filter(|line| line.sends());
        let senders: Vec<_> = sessions.map(|line| self.story.actor(line)).rev().collect();
        senders.iter().chain(&senders).for_each(|who| self.stage.sync(who));
        self.line(self.story.last());
    }

    /// Each takes a minute.
    fn line(&mut self, line: &Line) {
        self.stage.set_now(self.stage.now() + 1);
        match &line.what {
            What::Note(_) => line.parts.iter().for_each(|part| self.note(line, part)),
            What::Sends(_, to) => {
                assert_eq!(self.story.name(to), HUB, "{}: tablets talk to the hub alone", line.place);
                self.send(line);
                self.talks = self.story.actor(line).to_owned();
            }
            What::Answers(from, to) => {
                assert_eq!(self.story.name(from), HUB, "{}: only the hub answers", line.place);
                assert_eq!(self.story.name(to), self.talks, "{}: and whoever asked", line.place);
                line.parts.iter().for_each(|part| self.check(line, part));
            }
        }
    }

    fn note(&mut self, line: &Line, part: &Part) {
        if let Some(time) = part.time {
            assert!(time >= self.stage.now(), "{}: time goes back", line.place);
            self.stage.set_now(time);
        }
        let who = self.story.actor(line);
        if let Some(at) = self.story.deed(line, part.text()) {
            self.done[at] = true;
            let sql = &self.story.script.deeds[at].sql;
            self.stage.run(who, sql).unwrap_or_else(|e| panic!("{}: {e}", line.place));
        } else if let Some(answer) = part.decision() {
            self.stage.decide(who, answer);
        } else if let Some(fast) = part.wrong_clock() {
            self.stage.set_clock(who, fast);
        } else {
            assert!(part.value().is_some(), "{}: nobody knows what {:?} is", line.place, part.text());
            self.check(line, part);
        }
    }

    /// A session. What is said to be sent as a difference must make that difference at the hub.
    fn send(&self, line: &Line) {
        let differences: Vec<_> = line.parts.iter().filter_map(Part::difference).collect();
        let hub_has = |name: &str| self.stage.shows(HUB, self.query(name, line)).parse::<i64>().unwrap();
        let before: Vec<_> = differences.iter().map(|(name, _)| hub_has(name)).collect();
        line.parts.iter().for_each(|part| self.check(line, part));
        self.stage.sync(self.story.actor(line));
        for ((name, by), before) in differences.iter().zip(before) {
            assert_eq!(hub_has(name) - before, *by, "{}: what it brought the hub", line.place);
        }
    }

    fn query(&self, name: &str, line: &Line) -> &str {
        let found = self.story.script.shown.get(name);
        found.unwrap_or_else(|| panic!("{}: what is {name:?}?", line.place))
    }

    /// Whatever says `name = value`; other words are words.
    fn check(&self, line: &Line, part: &Part) {
        let Some((name, value)) = part.value() else { return };
        for who in self.story.about(line) {
            if name == "conflict" {
                let asked = self.stage.asked(who);
                assert!(asked.is(value), "{}: {who} has {asked:?}", line.place);
            } else {
                let shown = self.stage.shows(who, self.query(name, line));
                assert_eq!(shown, value, "{}: {name} of {who}", line.place);
            }
        }
    }
}
