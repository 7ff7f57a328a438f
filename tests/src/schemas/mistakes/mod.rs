//! Models with mistakes: each is told at its place, and at no other. And sources that were damaged: whatever is said of them,
//! nothing panics, and what the reader takes, the lock and SQLite take too.

mod known;

use super::database::{self, Of};
use super::read::Told;
use super::source::{self, File, Items};
use super::{Counts, Fault, read, travel};
use fastrand::Rng;
use known::{BETWEEN, FIELDS, ITEMS};
use windrow_schema::lock::{Choices, Lock, Table, compare};

/// Stands before each place at which something must be told. No name and no text has it.
const MARK: char = '«';

/// Plants mistakes in a model, and damages it.
///
/// # Errors
/// A mistake that is not told, or is told elsewhere; something else that is told.
pub(super) fn judge(rng: &mut Rng, items: &Items, tables: &[Table], counts: &mut Counts) -> Result<(), Fault> {
    let (wrong, says) = if rng.u8(..3) > 0 { within(rng, items, tables) } else { between(rng, items) };
    let files = source::files(rng, wrong);
    counts.mistakes += says.len() as u64;
    told(&files, &says).map_err(|e| format!("{e}\n{}", super::texts(&files)))?;
    for _ in 0..2 {
        let files = source::files(rng, items.clone());
        let (files, runs) = (damaged(rng, files), rng.u8(..4) == 0);
        still(&files, runs).map_err(|e| format!("{e}\n{}", super::texts(&files)))?;
        counts.damaged += 1;
    }
    Ok(())
}

/// Mistakes in structs, enums and lists.
fn within(rng: &mut Rng, items: &Items, tables: &[Table]) -> (Items, Vec<&'static str>) {
    let (mut items, mut says, mut taken) = (items.clone(), Vec::new(), Vec::new());
    let other = rng.choice(tables).map(|t| t.type_name.clone()).unwrap_or_default();
    for count in 0..rng.usize(1..=3) {
        if rng.u8(..3) == 0 {
            let (text, said) = ITEMS[rng.usize(..ITEMS.len())];
            items.others.push(text.replace("Wrong", &format!("Wrong{count}")).replace("Other", &other));
            says.push(said);
            continue;
        }
        let (attrs, ty, said) = FIELDS[rng.usize(..FIELDS.len())];
        let at = rng.usize(..tables.len());
        // A strategy on the struct is another mistake; to itself it would have to be an `Option`; names may be the same.
        let own = tables[at].type_name == other && ty.contains("Id<");
        if tables[at].whole || own || taken.contains(&at) {
            continue;
        }
        taken.push(at);
        let attrs = if attrs.is_empty() { Vec::new() } else { vec![attrs.replace("Other", &other)] };
        let name = format!("wrong{count}");
        items.structs[at].fields.push(source::Field { attrs, name, ty: ty.replace("Other", &other) });
        says.push(said);
    }
    if says.is_empty() {
        let (text, said) = ITEMS[0];
        items.others.push(text.to_owned());
        says.push(said);
    }
    (items, says)
}

/// A mistake in how things fit together.
fn between(rng: &mut Rng, items: &Items) -> (Items, Vec<&'static str>) {
    let (mut items, (text, listed, said)) = (items.clone(), BETWEEN[rng.usize(..BETWEEN.len())]);
    items.others.push(text.to_owned());
    for list in &mut items.lists {
        list.structs.extend(listed.iter().map(|s| (*s).to_owned()));
        rng.shuffle(&mut list.structs);
        if !text.contains(MARK) && !listed.iter().any(|s| s.contains(MARK)) {
            list.name.insert(0, MARK);
        }
    }
    (items, vec![said])
}

/// What is told must be this, each at its mark.
fn told(files: &[File], says: &[&str]) -> Result<(), Fault> {
    let places: Vec<(String, usize, usize)> = files.iter().flat_map(marks).collect();
    let bare: Vec<File> = files.iter().map(|f| File { text: f.text.replace(MARK, ""), ..f.clone() }).collect();
    let Err(told) = read::declared(&bare) else { return Err(format!("read as sound, and wrong is {says:?}")) };
    let fits = |said: &str, t: &Told| t.3.contains(said) && places.contains(&(t.0.clone(), t.1, t.2));
    match pair(says, &told, &fits) {
        true if told.len() == says.len() => Ok(()),
        true => Err(format!("wrong is {says:?}, and more is told: {told:?}")),
        false => Err(format!("{says:?} are not told at {places:?}, but: {told:?}")),
    }
}

/// Whether each mistake has something of its own that is told of it: what is said of one may be a part of what is said of
/// another.
fn pair(says: &[&str], told: &[Told], fits: &impl Fn(&str, &Told) -> bool) -> bool {
    let Some((said, rest)) = says.split_first() else { return true };
    let without =
        |at: usize| told.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, t)| t.clone()).collect::<Vec<_>>();
    (0..told.len()).any(|at| fits(said, &told[at]) && pair(rest, &without(at), fits))
}

/// The places that are marked in a file, as they are without the marks.
fn marks(file: &File) -> Vec<(String, usize, usize)> {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let place = |(line, text): (usize, &str)| {
        let before = text.split(MARK).scan(0, |at, piece| {
            *at += piece.chars().count();
            Some(*at + 1)
        });
        let count = text.matches(MARK).count();
        before.take(count).map(move |column| (line + 1, column)).collect::<Vec<_>>()
    };
    let path = file.path.display().to_string();
    text.split('\n').enumerate().flat_map(place).map(|(line, column)| (path.clone(), line, column)).collect()
}

/// Files of which one is not what it was.
fn damaged(rng: &mut Rng, mut files: Vec<File>) -> Vec<File> {
    const BITS: [&str; 16] =
        ["\"", "'", "{", "}", "(", ")", "[", "]", "<", "#", "\\", ",", "r#", "#[syncable(x)]", "\u{301}", "Option<"];
    let at = rng.usize(..files.len());
    let mut chars: Vec<char> = files[at].text.chars().collect();
    for _ in 0..rng.usize(1..=3) {
        let from = rng.usize(..=chars.len());
        let to = (from + rng.usize(..8)).min(chars.len());
        match rng.u8(..4) {
            0 => drop(chars.drain(from..to)),
            1 => chars.truncate(from.max(1)),
            2 => chars.extend_from_within(from..to),
            _ => drop(chars.splice(from..from, rng.choice(BITS).unwrap_or_default().chars())),
        }
    }
    files[at].text = chars.into_iter().collect();
    files
}

/// Reads whatever it is, and runs what it declares.
fn still(files: &[File], runs: bool) -> Result<(), Fault> {
    match read::declared(files) {
        Ok(None) => Ok(()),
        Ok(Some(declared)) => {
            let plan = compare(None, declared.tables.clone(), &Choices::default()).map_err(|r| format!("{r:?}"))?;
            travel::push(&mut Lock::new(declared.name.clone()), &plan)?;
            let of: &[Of] = if runs { &[Of::Device, Of::Hub] } else { &[] };
            of.iter().try_for_each(|of| database::fresh(*of, &declared).map(|_| ()))
        }
        Err(told) => told.iter().try_for_each(|told| stands(files, told)),
    }
}

/// The place that is told must be there.
fn stands(files: &[File], (path, line, column, message): &Told) -> Result<(), Fault> {
    let file = files.iter().find(|f| f.path.display().to_string() == *path);
    let text = file.and_then(|f| f.text.split('\n').nth(line.wrapping_sub(1)));
    match text.is_some_and(|text| (1..=text.chars().count() + 1).contains(column)) {
        true => Ok(()),
        false => Err(format!("{path}:{line}:{column} is no place: {message}")),
    }
}
