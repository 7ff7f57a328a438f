//! Columns of texts word by word: what people write repeats words far more often than sentences.
//!
//! A text is split at each space, so that it is its words with a space between. Words that repeat are listed, the most
//! frequent first; each text is then a byte or two a word. zstd gains on these more than on letters, and is sooner done.

use crate::codec::read::{Reader, Result};
use crate::codec::rows;
use crate::codec::write::Writer;
use crate::value::Value;
use std::collections::HashMap;

/// What stands between words.
const SPACE: u8 = b' ';

/// The text ends.
const END: u8 = 0;
/// The next of the words that are spelled.
const SPELLED: u8 = 1;
/// The first listed word.
const FIRST: usize = 2;
/// Bytes that can be a listed word, or begin one of two bytes.
const BYTES: usize = 256 - FIRST;

/// How many words are one byte where so many are listed. The other bytes begin words of two: no more than must.
fn short(listed: usize) -> usize {
    BYTES - listed.saturating_sub(BYTES).div_ceil(255).min(BYTES)
}

/// Fewer bytes of text than this are not worth the search.
const LEAST: usize = 1 << 10;
/// Words repeat enough if those written out are at most this part of the text: measured, up to a sixth is shorter.
const PART: usize = 8;

/// Texts as they will be written.
#[derive(Debug)]
pub(super) struct Words<'a> {
    /// Words that repeat.
    listed: Vec<&'a [u8]>,
    /// The others, as they come.
    spelled: Vec<&'a [u8]>,
    /// Which words stand where.
    codes: Vec<u8>,
}

impl<'a> Words<'a> {
    /// Nothing where words do not repeat enough.
    pub(super) fn of(texts: &[&'a [u8]]) -> Option<Words<'a>> {
        let size: usize = texts.iter().map(|text| text.len()).sum();
        if size < LEAST {
            return None;
        }
        let words = Split::of(texts).coded();
        let spelled_out: usize = words.listed.iter().chain(&words.spelled).map(|word| word.len() + 1).sum();
        (spelled_out <= size / PART).then_some(words)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        write_list(w, &self.listed);
        write_list(w, &self.spelled);
        w.slice(&self.codes);
    }

    fn put(&mut self, word: &'a [u8], listed: Option<usize>) {
        let Some(place) = listed else {
            self.codes.push(SPELLED);
            return self.spelled.push(word);
        };
        let short = short(self.listed.len());
        match place.checked_sub(short) {
            None => self.codes.push((FIRST + place) as u8),
            Some(far) => self.codes.extend([(FIRST + short + far / 256) as u8, far as u8]),
        }
    }
}

/// Texts taken apart.
#[derive(Debug)]
struct Split<'a> {
    /// Distinct words in the order in which they come, and how often.
    distinct: Vec<(&'a [u8], usize)>,
    /// The words of all texts, by their places among the distinct ones; nothing where a text ends.
    words: Vec<Option<usize>>,
}

impl<'a> Split<'a> {
    fn of(texts: &[&'a [u8]]) -> Split<'a> {
        let mut split = Split { distinct: Vec::new(), words: Vec::new() };
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        for text in texts {
            for word in text.split(|&byte| byte == SPACE) {
                let place = *places.entry(word).or_insert(split.distinct.len());
                split.take(word, place);
            }
            split.words.push(None);
        }
        split
    }

    fn take(&mut self, word: &'a [u8], place: usize) {
        match self.distinct.get_mut(place) {
            Some((_, often)) => *often += 1,
            None => self.distinct.push((word, 1)),
        }
        self.words.push(Some(place));
    }

    /// The places of the words that are listed, the most frequent first.
    fn listed(&self) -> Vec<usize> {
        let often = |place: &usize| self.distinct[*place].1;
        let mut listed: Vec<usize> = (0..self.distinct.len()).filter(|place| often(place) > 1).collect();
        listed.sort_by_key(|place| std::cmp::Reverse(often(place)));
        listed.truncate(BYTES * 256);
        listed
    }

    fn coded(&self) -> Words<'a> {
        let listed = self.listed();
        let mut rank = vec![None; self.distinct.len()];
        listed.iter().enumerate().for_each(|(at, &place)| rank[place] = Some(at));
        let listed = listed.iter().map(|&place| self.distinct[place].0).collect();
        let mut words = Words { listed, spelled: Vec::new(), codes: Vec::with_capacity(self.words.len()) };
        for word in &self.words {
            match *word {
                Some(place) => words.put(self.distinct[place].0, rank[place]),
                None => words.codes.push(END),
            }
        }
        words
    }
}

fn write_list(w: &mut Writer, words: &[&[u8]]) {
    w.count(words.len());
    for word in words {
        w.slice(word);
        w.byte(SPACE);
    }
}

/// Reads `n` texts.
pub(super) fn read(r: &mut Reader<'_>, n: usize) -> Result<Vec<Value>> {
    let listed = read_list(r)?;
    let mut spelled = read_list(r)?.into_iter();
    let mut text = Vec::new();
    r.need_bytes(n)?;
    (0..n).map(|_| read_text(r, &listed, &mut spelled, &mut text)).collect()
}

fn read_list<'a>(r: &mut Reader<'a>) -> Result<Vec<&'a [u8]>> {
    let n = r.count()?;
    r.charge(n, size_of::<&[u8]>())?;
    (0..n).map(|_| r.before(SPACE)).collect()
}

/// `text` is used for each in turn.
fn read_text<'a>(
    r: &mut Reader<'a>,
    listed: &[&'a [u8]],
    spelled: &mut impl Iterator<Item = &'a [u8]>,
    text: &mut Vec<u8>,
) -> Result<Value> {
    let short = short(listed.len());
    text.clear();
    loop {
        let word = match r.byte()? {
            END => break,
            SPELLED => spelled.next(),
            byte => listed.get(place(r, usize::from(byte) - FIRST, short)?).copied(),
        };
        let Some(word) = word else { return r.malformed("a word that is not there") };
        r.need_room(text.len() + word.len() + 1)?;
        text.extend_from_slice(word);
        text.push(SPACE);
    }
    text.pop();
    rows::text(r, text)
}

/// The place of a listed word that begins with this byte, `short` of them being one byte.
fn place(r: &mut Reader<'_>, first: usize, short: usize) -> Result<usize> {
    match first.checked_sub(short) {
        None => Ok(first),
        Some(far) => Ok(short + far * 256 + usize::from(r.byte()?)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::error::Part;

    fn back(texts: &[String]) {
        let bytes: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let mut w = Writer::default();
        Split::of(&bytes).coded().write(&mut w);
        let (bytes, _) = w.finish();
        let mut r = Reader::new(&bytes, &[], 1 << 30, Part::Body);
        let read = read(&mut r, texts.len()).unwrap();
        assert!(read.iter().eq(&texts.iter().cloned().map(Value::Text).collect::<Vec<_>>()));
        r.finish().unwrap();
    }

    /// However many words there are, each has its code: where two bytes begin, and where there are too many.
    #[test]
    fn any_number_of_words_comes_back() {
        for words in [0, 1, 253, 254, 255, 509, 510, 765, 5_000, 64_769, 65_023, 65_024, 65_025, 66_000] {
            let text: Vec<String> = (0..words).map(|n| format!("w{n}")).collect();
            back(&[text.join(" "), "once".to_owned(), text.join(" "), String::new(), "  twice ".to_owned()]);
        }
    }
}
