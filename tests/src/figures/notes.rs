//! What people write in their notes: seen, said, done, counted.

use fastrand::Rng;

const HOW_MUCH: [&str; 16] = [
    "some",
    "a few",
    "many",
    "hardly any",
    "about half of the",
    "two",
    "three",
    "five",
    "a dozen",
    "most of the",
    "one in ten",
    "scattered",
    "mild",
    "heavy",
    "spreading",
    "the first",
];
const WRONG: [&str; 22] = [
    "stem borer",
    "leaf rust",
    "wilt",
    "aphids",
    "grey mould",
    "hoppers",
    "cutworms",
    "smut",
    "yellow leaves",
    "root rot",
    "termites",
    "mildew",
    "striga",
    "armyworm",
    "hail damage",
    "couch grass",
    "stunted plants",
    "empty pods",
    "quelea damage",
    "cracked stems",
    "dry tips",
    "mole rats",
];
const WHERE: [&str; 20] = [
    "by the gate",
    "along the ditch",
    "next to the homestead",
    "below the terrace",
    "at the top of the plot",
    "in the last rows",
    "behind the kraal",
    "beside the path",
    "near the well",
    "in the hollow",
    "on the stony part",
    "under the big tree",
    "by the bridge",
    "along the hedge",
    "at the corner post",
    "in the wet patch",
    "on the far bank",
    "around the anthill",
    "in the seed beds",
    "facing the hill",
];
const WHO: [&str; 14] = [
    "the owner",
    "his wife",
    "her son",
    "the tenant",
    "a neighbour",
    "the chair lady",
    "the herder",
    "the old man",
    "two casuals",
    "the agent",
    "the miller",
    "the whole family",
    "the women's group",
    "nobody",
];
const DID: [&str; 30] = [
    "weeded",
    "sprayed",
    "mulched",
    "ridged",
    "harvested",
    "replanted",
    "fenced",
    "drained",
    "thinned",
    "top dressed",
    "watered",
    "burned",
    "cleared",
    "measured",
    "bagged",
    "threshed",
    "winnowed",
    "sorted",
    "carried",
    "sold",
    "borrowed",
    "paid for",
    "returned",
    "stored",
    "inspected",
    "marked",
    "pruned",
    "staked",
    "tied",
    "dug",
];
const WHAT: [&str; 48] = [
    "cobs",
    "stover",
    "compost",
    "vines",
    "cuttings",
    "seedlings",
    "tubers",
    "straw",
    "husks",
    "pods",
    "poles",
    "wire",
    "tarpaulin",
    "knapsack",
    "hoes",
    "sacks",
    "granary",
    "scale",
    "lime",
    "urea",
    "boma",
    "furrow",
    "bund",
    "nursery",
    "fallow",
    "headland",
    "maize stalks",
    "bean rows",
    "hybrid seed",
    "local seed",
    "rock dust",
    "ash",
    "manure",
    "silage",
    "fodder",
    "oxen",
    "plough",
    "cart",
    "pump",
    "hose",
    "tank",
    "ladder",
    "shed",
    "drying rack",
    "sieve",
    "ledger",
    "receipt",
    "voucher",
];
const LIKE: [&str; 26] = [
    "wet", "dry", "late", "early", "broken", "new", "old", "cheap", "borrowed", "heavy", "light", "sour", "sandy",
    "deep", "shallow", "healthy", "weak", "mixed", "clean", "loose", "short", "tall", "dense", "thin", "spare",
    "shared",
];
const WHEN: [&str; 16] = [
    "yesterday",
    "last week",
    "before the rains",
    "after the storm",
    "this morning",
    "since sunday",
    "twice this month",
    "too late",
    "in good time",
    "on market day",
    "at dusk",
    "during the holidays",
    "since planting",
    "once again",
    "for the second year",
    "as agreed",
];
const SAYS: [&str; 24] = [
    "asks for a visit next month",
    "wants to try a new variety",
    "will call when the lorry comes",
    "showed the receipt",
    "has no store of his own",
    "could not be reached by phone",
    "keeps seed from last season",
    "expects a better price in june",
    "was told to wait with spraying",
    "will join the group",
    "does not trust the scale",
    "lost a cow to sickness",
    "paid the second instalment",
    "needs help with the form",
    "shares the pump with three others",
    "prefers cash",
    "agreed to a second weighing",
    "has rented the lower plot",
    "left early for a funeral",
    "advised to rotate",
    "leaflet handed over",
    "took a photo of the leaves",
    "sample taken for the laboratory",
    "followed the plan so far",
];
const UNITS: [&str; 10] = [
    "kg of",
    "bags of",
    "rows of",
    "metres of",
    "crates of",
    "acres of",
    "percent",
    "debes of",
    "loads of",
    "litres for",
];

/// A note of one to three parts, now and then with a slip of the finger.
pub(super) fn note(rng: &mut Rng) -> String {
    let mut note = format!("{}, {}", first(rng), second(rng));
    while note.len() < 65 + rng.usize(..40) {
        note = format!("{note}{} {}", pick(rng, &[";", ".", ","]), third(rng));
    }
    if rng.bool() {
        capitalise(&mut note);
    }
    if rng.u8(..) < 12 { slip(rng, &note) } else { note }
}

fn first(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => format!("{} {} {}", pick(rng, &HOW_MUCH), pick(rng, &WRONG), pick(rng, &WHERE)),
        1 => format!("{} {} {}", pick(rng, &LIKE), pick(rng, &WHAT), pick(rng, &WHERE)),
        2 => format!("{} {} {} {}", pick(rng, &WHO), pick(rng, &DID), count(rng), pick(rng, &WHAT)),
        _ => format!("{} and {} {}", pick(rng, &WRONG), pick(rng, &LIKE), pick(rng, &WHAT)),
    }
}

fn second(rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => format!("{} {}", pick(rng, &WHO), pick(rng, &SAYS)),
        1 => format!("{} {} {} {}", pick(rng, &DID), pick(rng, &LIKE), pick(rng, &WHAT), pick(rng, &WHEN)),
        _ => pick(rng, &SAYS).to_owned(),
    }
}

fn third(rng: &mut Rng) -> String {
    match rng.u8(..3) {
        0 => format!("{} {}", count(rng), pick(rng, &WHAT)),
        1 => format!("{} {} {}", pick(rng, &WHAT), pick(rng, &LIKE), pick(rng, &WHEN)),
        _ => format!("{} {}", pick(rng, &LIKE), pick(rng, &WHAT)),
    }
}

fn count(rng: &mut Rng) -> String {
    format!("{} {}", rng.u8(2..98), pick(rng, &UNITS))
}

fn pick<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    words[rng.usize(..words.len())]
}

fn capitalise(note: &mut str) {
    if let Some(letter) = note.get_mut(..1) {
        letter.make_ascii_uppercase();
    }
}

/// Two neighbouring letters change places.
fn slip(rng: &mut Rng, note: &str) -> String {
    let mut letters: Vec<char> = note.chars().collect();
    let at = rng.usize(1..letters.len() - 1);
    letters.swap(at, at + 1);
    letters.into_iter().collect()
}
