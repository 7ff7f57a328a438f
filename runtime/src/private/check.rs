//! What `domain!` checks while it compiles: all that a derive macro can't see, because it sees one struct alone.
//!
//! These functions run in constants. They track their caller, so that the compiler points at the struct's name.

use crate::domain::Table;

/// A struct in a domain.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its table.
    pub table: &'static Table,
    /// Its parents, in order of fields.
    pub parents: &'static [ParentName],
}

/// A reference, by names.
#[derive(Debug, Clone, Copy)]
pub struct ParentName {
    /// The field.
    pub field: &'static str,
    /// The parent's table.
    pub table: &'static str,
    /// The parent's struct.
    pub type_name: &'static str,
}

/// Checks the struct at one place of a domain.
#[track_caller]
pub const fn check<const N: usize>(entries: &[Entry; N], at: usize) {
    check_table(entries, at);
    check_parents(entries, at);
    check_cycle(entries, at);
}

/// The tables in dependency order: of those whose parents are all placed, always the one named first. Where a check
/// fails, the order means nothing.
pub const fn sorted<const N: usize>(entries: &[Entry; N]) -> [&'static Table; N] {
    let (order, placed) = placed(entries);
    let mut tables = [entries[0].table; N];
    let mut i = 0;
    while i < placed {
        tables[i] = entries[order[i]].table;
        i += 1;
    }
    tables
}

#[track_caller]
const fn check_table<const N: usize>(entries: &[Entry; N], at: usize) {
    let second = &entries[at].table.model;
    let mut i = 0;
    while i < at {
        let first = &entries[i].table.model;
        if same(first.name, second.name) {
            let message = Message::new().and(first.type_name).and(" and ").and(second.type_name);
            let message = message.and(" have the same table, ").and(second.name);
            message.and(": rename one with #[syncable(table = \"...\")]").fail();
        }
        i += 1;
    }
}

#[track_caller]
const fn check_parents<const N: usize>(entries: &[Entry; N], at: usize) {
    let Entry { table, parents } = entries[at];
    let mut i = 0;
    while i < parents.len() {
        let ParentName { field, table: parent, type_name } = parents[i];
        if find(entries, parent).is_none() {
            let message = Message::new().and("the parent of ").and(table.model.type_name).and(".").and(field);
            message.and(" is not in this domain: add ").and(type_name).and(" to the list").fail();
        }
        i += 1;
    }
}

/// Reports a cycle at the first of its structs.
#[track_caller]
const fn check_cycle<const N: usize>(entries: &[Entry; N], at: usize) {
    let (order, placed) = placed(entries);
    let mut waiting = [true; N];
    let mut i = 0;
    while i < placed {
        waiting[order[i]] = false;
        i += 1;
    }
    let Some(first) = first_of_cycle(entries, &waiting) else { return };
    if first == at {
        let mut message = Message::new().and("references lead in a circle: ").and(entries[first].table.model.type_name);
        let mut next = next_waiting(entries, &waiting, first);
        while let Some(i) = next {
            message = message.and(" -> ").and(entries[i].table.model.type_name);
            next = if i == first { None } else { next_waiting(entries, &waiting, i) };
        }
        message.and("; remove one of them").fail();
    }
}

/// Each struct that waits has a parent that waits, so going from one to the next ends on a cycle.
const fn first_of_cycle<const N: usize>(entries: &[Entry; N], waiting: &[bool; N]) -> Option<usize> {
    let mut at = 0;
    while at < N && !waiting[at] {
        at += 1;
    }
    if at == N {
        return None;
    }
    let mut steps = 0;
    let mut first = N;
    // After N steps we stand on the cycle; N more go round it at least once.
    while steps < 2 * N {
        match next_waiting(entries, waiting, at) {
            Some(next) => at = next,
            None => return None,
        }
        if steps >= N && at < first {
            first = at;
        }
        steps += 1;
    }
    Some(first)
}

const fn next_waiting<const N: usize>(entries: &[Entry; N], waiting: &[bool; N], at: usize) -> Option<usize> {
    let parents = entries[at].parents;
    let mut i = 0;
    while i < parents.len() {
        if let Some(parent) = find(entries, parents[i].table)
            && parent != at
            && waiting[parent]
        {
            return Some(parent);
        }
        i += 1;
    }
    None
}

/// The places that can be ordered, and how many they are.
const fn placed<const N: usize>(entries: &[Entry; N]) -> ([usize; N], usize) {
    let (mut order, mut count) = ([0; N], 0);
    let mut done = [false; N];
    let mut at = 0;
    while at < N {
        if !done[at] && ready(entries, &done, at) {
            done[at] = true;
            order[count] = at;
            count += 1;
            at = 0;
        } else {
            at += 1;
        }
    }
    (order, count)
}

const fn ready<const N: usize>(entries: &[Entry; N], done: &[bool; N], at: usize) -> bool {
    let mut waiting = [true; N];
    let mut i = 0;
    while i < N {
        waiting[i] = !done[i];
        i += 1;
    }
    next_waiting(entries, &waiting, at).is_none()
}

/// Where the struct of this table stands.
pub(super) const fn find<const N: usize>(entries: &[Entry; N], table: &str) -> Option<usize> {
    let mut i = 0;
    while i < N {
        if same(entries[i].table.model.name, table) {
            return Some(i);
        }
        i += 1;
    }
    None
}

/// SQLite folds the case of ASCII letters in names.
const fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// A sentence put together in a constant. What is beyond its room is left out.
#[derive(Clone, Copy)]
pub(super) struct Message {
    bytes: [u8; 1024],
    len: usize,
}

impl Message {
    pub(super) const fn new() -> Message {
        Message { bytes: [0; 1024], len: 0 }
    }

    pub(super) const fn and(mut self, text: &str) -> Message {
        let text = text.as_bytes();
        if self.len + text.len() <= self.bytes.len() {
            let mut i = 0;
            while i < text.len() {
                self.bytes[self.len] = text[i];
                self.len += 1;
                i += 1;
            }
        }
        self
    }

    /// Stops the compilation with this message.
    #[track_caller]
    #[allow(clippy::panic)]
    pub(super) const fn fail(self) -> ! {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("this domain can't be made"),
        }
    }
}
