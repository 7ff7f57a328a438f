//! Which name now was which before.

use super::Why;

/// Something with a name, and perhaps an earlier one.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) was: Option<&'a str>,
}

/// For each thing now its position before, and what is wrong with its name, by its position now.
pub(super) struct Paired {
    pub(super) from: Vec<Option<usize>>,
    pub(super) faults: Vec<(usize, Why)>,
    /// Positions before of which a fault speaks: nothing else need be said of them.
    spoken_of: Vec<usize>,
}

impl Paired {
    /// The positions before, of so many, of what is no more.
    pub(super) fn gone(&self, before: usize) -> impl Iterator<Item = usize> {
        (0..before).filter(|at| !self.from.contains(&Some(*at)) && !self.spoken_of.contains(at))
    }

    /// Whether the thing at this position now is new, as far as one can tell.
    pub(super) fn is_new(&self, now: usize) -> bool {
        self.from.get(now) == Some(&None) && !self.faults.iter().any(|(at, _)| *at == now)
    }
}

/// Pairs things by their names. `renames`: what was chosen, old and new; it goes before `was`.
pub(super) fn pair(before: &[&str], now: &[Named<'_>], renames: &[(&str, &str)]) -> Paired {
    let mut paired = Paired { from: Vec::with_capacity(now.len()), faults: Vec::new(), spoken_of: Vec::new() };
    for (at, thing) in now.iter().enumerate() {
        let from = match one(before, now, renames, thing) {
            Ok(Some(from)) if paired.from.contains(&Some(from)) => Err(Why::WasTaken(before[from].to_owned())),
            other => other,
        };
        let from = from.unwrap_or_else(|why| {
            let about = |name: &str| match &why {
                Why::Case(old) => name == old,
                Why::Occupied(was) => name == was || name == thing.name,
                _ => false,
            };
            paired.spoken_of.extend(before.iter().enumerate().filter(|(_, name)| about(name)).map(|(at, _)| at));
            paired.faults.push((at, why));
            None
        });
        paired.from.push(from);
    }
    paired
}

fn one(before: &[&str], now: &[Named<'_>], renames: &[(&str, &str)], thing: &Named<'_>) -> Result<Option<usize>, Why> {
    let stays = |name: &str| now.iter().any(|n| n.name == name);
    let chosen = renames.iter().find(|(_, new)| *new == thing.name).map(|(old, _)| *old);
    let was = chosen.or(thing.was);
    if let Some(from) = before.iter().position(|b| *b == thing.name) {
        // What `was` says is done with, unless that is there still and about to go.
        return match was.filter(|was| *was != thing.name && before.contains(was) && !stays(was)) {
            Some(was) => Err(Why::Occupied(was.to_owned())),
            None => Ok(Some(from)),
        };
    }
    if let Some(same) = before.iter().find(|b| b.eq_ignore_ascii_case(thing.name)) {
        return Err(Why::Case((*same).to_owned()));
    }
    let Some(was) = was else { return Ok(None) };
    if stays(was) {
        return Err(Why::WasThere(was.to_owned()));
    }
    let from = before.iter().position(|b| *b == was);
    from.map(Some).ok_or_else(|| Why::WasNothing(was.to_owned()))
}
