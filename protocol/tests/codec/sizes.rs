//! What messages cost: the figures that the format was made for.

use std::collections::BTreeSet;
use windrow_protocol::change::{Change, What};
use windrow_protocol::codec::{Effort, Limits, decode_page, encode_changeset, encode_page};
use windrow_protocol::id::RecordId;
use windrow_protocol::model::{Deletes, Field, Kind, Schema, Strategy, Table};
use windrow_protocol::told::Told;
use windrow_protocol::value::Value;

use crate::domain::{NOW, change, changeset, hlc, page, text, whole, writes};

const INTEGER: Kind = Kind::Integer { min: i64::MIN, max: i64::MAX };
const BAGS: usize = 5;
const STATUS: usize = 6;

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, nullable: true, strategy: Strategy::Lww, parent: None, unique: false, default: None }
}

static FIELDS: [Field; 11] = [
    field("farm_id", Kind::Text),
    field("worker", Kind::Text),
    field("crop", Kind::Text),
    field("notes", Kind::Text),
    field("yield_kg", Kind::Real),
    Field { strategy: Strategy::Sum, ..field("bags", INTEGER) },
    field("status", Kind::Text),
    field("lat", Kind::Real),
    field("lon", Kind::Real),
    field("recorded_at", INTEGER),
    field("updated_at", INTEGER),
];

/// A survey of farms: one wide table, no enums, no declared kinds of time.
fn schema() -> Schema {
    let visit = Table {
        name: "visit",
        type_name: "Visit",
        fields: &FIELDS,
        deletes: Deletes::Keep,
        whole: false,
        scope: false,
    };
    Schema::new(vec![visit]).unwrap()
}

/// Numbers that look random and never change (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    fn pick(&mut self, words: &[&str]) -> String {
        words[self.below(words.len() as u64) as usize].to_owned()
    }

    /// A UUID of version 4.
    fn uuid(&mut self) -> RecordId {
        let random = u128::from(self.roll()) << 64 | u128::from(self.roll());
        let version = random & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
        RecordId(version.to_be_bytes())
    }
}

const STATUSES: [&str; 4] = ["submitted", "flagged", "verified", "rejected"];

fn edit(dice: &mut Dice, id: RecordId, millis: i64) -> Change {
    let what = match dice.below(2) {
        0 => (BAGS, What::Add(i128::from(dice.below(40)) - 20)),
        _ => (STATUS, What::Set(Value::Text(dice.pick(&STATUSES)))),
    };
    writes(Change { hlc: hlc(millis), ..change(0, id) }, [what])
}

#[test]
fn one_field_of_one_record() {
    let id = Dice(1).uuid();
    let bytes =
        |what| encode_changeset(&schema(), &changeset(vec![writes(change(0, id), [what])]), &[32], Effort::Upload);
    assert_eq!(bytes((BAGS, What::Add(3))).len(), 72);
    assert_eq!(bytes((STATUS, What::Set(text("verified")))).len(), 80);
}

#[test]
fn a_thousand_small_edits() {
    let mut dice = Dice(2);
    let ids: BTreeSet<RecordId> = (0..1000).map(|_| dice.uuid()).collect();
    let mut now = NOW - 90_000_000;
    let mut stamps: Vec<i64> = Vec::new();
    for _ in &ids {
        now += 2_000 + dice.below(88_000) as i64;
        stamps.insert(dice.below(stamps.len() as u64 + 1) as usize, now);
    }
    let changes: Vec<Change> = ids.into_iter().zip(stamps).map(|(id, at)| edit(&mut dice, id, at)).collect();
    let bytes = encode_changeset(&schema(), &changeset(changes), &[26; 1000], Effort::Upload);
    // Ids and stamps alone, shuffled as they are, carry 43 bits of surprise a record.
    assert!(bytes.len() <= 6_400, "{}", bytes.len());
}

const WORDS: [&str; 12] =
    ["maize", "rows", "weighed", "rot", "upper", "terrace", "sacks", "dry", "storage", "neighbour", "lorry", "mulch"];

fn visit(dice: &mut Dice) -> Vec<Value> {
    let at = NOW - dice.below(5_000_000_000) as i64;
    let words = 5 + dice.below(12);
    let notes: Vec<String> = (0..words).map(|_| dice.pick(&WORDS)).collect();
    vec![
        Value::Text(format!("{}-{:04}", dice.pick(&["SYA", "MGR", "NYR"]), dice.below(900))),
        Value::Text(dice.pick(&["esther.rotich", "john.kamau", "samuel.njoroge"])),
        Value::Text(dice.pick(&["maize", "sunflower", "rice"])),
        Value::Text(notes.join(" ")),
        Value::Real(dice.below(10_000) as f64 / 10.0),
        Value::Integer(dice.below(30) as i64),
        Value::Text(dice.pick(&STATUSES)),
        Value::Real(dice.below(2_000_000) as f64 / 1e6 - 1.0),
        Value::Real(34.0 + dice.below(3_000_000) as f64 / 1e6),
        Value::Integer(at),
        Value::Integer(at + dice.below(1_000_000) as i64),
    ]
}

/// The same as JSON lines.
fn json(told: &[(RecordId, Vec<Value>)]) -> String {
    let mut out = String::new();
    for (id, values) in told {
        let mut row = serde_json::Map::from_iter([("id".to_owned(), id.to_string().into())]);
        for (field, value) in FIELDS.iter().zip(values) {
            let value = match value {
                Value::Integer(n) => (*n).into(),
                Value::Real(x) => (*x).into(),
                Value::Text(text) => text.as_str().into(),
                _ => serde_json::Value::Null,
            };
            row.insert(field.name.to_owned(), value);
        }
        out += &serde_json::Value::Object(row).to_string();
    }
    out
}

#[test]
fn a_page_of_whole_records() {
    let mut dice = Dice(3);
    let rows: Vec<_> = (0..5000).map(|_| (dice.uuid(), visit(&mut dice))).collect();
    let told: Vec<Told> = rows.iter().map(|(id, values)| whole(0, *id, values.clone())).collect();
    let bytes = encode_page(&schema(), &page(told), &[], Effort::Page);
    let json = zstd::bulk::compress(json(&rows).as_bytes(), 3).unwrap();
    assert!(bytes.len() * 4 < json.len() * 3, "{} against {}", bytes.len(), json.len());
}

/// Every message was compressed as if it were as short as the names in the schema: what stood more than some kilobytes back was
/// forgotten, and a first sync took an eighth more than need be.
#[test]
fn a_text_is_known_again_however_far_back_it_stands() {
    let mut dice = Dice(4);
    let sentence = |dice: &mut Dice| (0..12).map(|_| format!("{:05}", dice.below(100_000))).collect::<String>();
    let once: Vec<String> = (0..1500).map(|_| sentence(&mut dice)).collect();
    let size = |notes: &[String]| {
        let told = (1..).zip(notes).map(|(n, note)| {
            let mut values = visit(&mut Dice(5));
            values[3] = Value::Text(note.clone());
            whole(0, RecordId(u128::to_be_bytes(n)), values)
        });
        encode_page(&schema(), &page(told.collect()), &[], Effort::Page).len()
    };
    let twice: Vec<String> = (0..2).flat_map(|round| once.iter().map(move |note| format!("{round}{note}"))).collect();
    let (once, twice) = (size(&once), size(&twice));
    assert!(twice * 2 < once * 3, "{once} bytes, and {twice} with each text twice");
}

/// A visit is written down some minutes after it was: both times were paid for whole.
#[test]
fn a_time_beside_another_costs_what_lies_between_them() {
    let mut dice = Dice(6);
    let mut rows: Vec<_> = (0..2000).map(|_| (dice.uuid(), visit(&mut dice))).collect();
    rows.sort_by_key(|(id, _)| *id);
    let size = |rows: &[(RecordId, Vec<Value>)]| {
        let told = page(rows.iter().map(|(id, values)| whole(0, *id, values.clone())).collect());
        let bytes = encode_page(&schema(), &told, &[], Effort::Page);
        let decoded = decode_page(&schema(), &bytes, &Limits::default()).unwrap();
        assert_eq!(decoded.resolve(|_, _, _| None).unwrap(), told);
        bytes.len()
    };
    let near = size(&rows);
    for (_, values) in &mut rows {
        values[10] = Value::Integer(NOW - dice.below(5_000_000_000) as i64);
    }
    // 20 bits tell the minutes and milliseconds between, 32 any time of these two months.
    let far = size(&rows);
    assert!(near + 2000 * 11 / 8 < far, "{near} bytes, and {far} with times that have nothing to do with each other");
}

/// 3,000 of them, by id.
fn visits(dice: &mut Dice) -> Vec<(RecordId, Vec<Value>)> {
    let mut rows: Vec<_> = (0..3000).map(|_| (dice.uuid(), visit(dice))).collect();
    rows.sort_by_key(|(id, _)| *id);
    rows
}

fn page_of(rows: &[(RecordId, Vec<Value>)]) -> usize {
    let told = page(rows.iter().map(|(id, values)| whole(0, *id, values.clone())).collect());
    let bytes = encode_page(&schema(), &told, &[], Effort::Page);
    let decoded = decode_page(&schema(), &bytes, &Limits::default()).unwrap();
    assert_eq!(decoded.resolve(|_, _, _| None).unwrap(), told);
    bytes.len()
}

/// Notes were letters to zstd: it found a word again at the cost of saying how far back it stood.
#[test]
fn a_word_that_repeats_costs_less_than_its_letters() {
    let mut dice = Dice(7);
    let mut rows = visits(&mut dice);
    let words = page_of(&rows);
    for (_, values) in &mut rows {
        let Value::Text(note) = &mut values[3] else { unreachable!() };
        *note = note.replace(' ', "_");
    }
    let letters = page_of(&rows);
    // A word of a dozen is 4 bits of surprise, and a note has 10.
    assert!(words + 3000 * 3 < letters, "{words} bytes, and {letters} where nothing stands between words");
}

/// A visit's place was paid for whole, though it is that of its farm.
#[test]
fn a_place_near_the_last_of_the_same_farm_costs_what_lies_between_them() {
    let mut dice = Dice(8);
    let mut rows = visits(&mut dice);
    let far = page_of(&rows);
    let farms: Vec<i64> = (0..300).map(|_| dice.below(2_000_000) as i64).collect();
    for (_, values) in &mut rows {
        let farm = dice.below(300) as usize;
        values[0] = Value::Text(format!("SYA-{farm:04}"));
        values[7] = Value::Real((farms[farm] + dice.below(1000) as i64) as f64 / 1e6);
    }
    let near = page_of(&rows);
    // 11 bits tell the distance, 21 the place.
    assert!(near + 3000 * 8 / 8 < far, "{near} bytes, and {far} anywhere");
}

/// What most records say cost as much as what few say, and zstd took more for both than an ideal code.
#[test]
fn what_most_records_say_costs_least() {
    let mut dice = Dice(9);
    let mut rows = visits(&mut dice);
    let mut say = |of: fn(u64) -> &'static str| {
        rows.iter_mut().for_each(|(_, values)| values[6] = text(of(dice.below(8))));
        page_of(&rows)
    };
    let nothing = say(|_| "verified");
    let states =
        say(|n| ["verified", "verified", "verified", "verified", "draft", "draft", "submitted", "flagged"][n as usize]);
    // A half, a quarter and two eighths are 1.75 bits of surprise.
    assert!(states < nothing + 3000 * 2 / 8, "{states} bytes, and {nothing} where all say the same");
}
