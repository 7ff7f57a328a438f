//! The tables of figures: which stand together, and where we want each of them to be.

use super::report::Promise::{self, Ratio, Value};

/// A table of `docs/performance.md`.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// What its ratios are against.
    pub compared: Compared,
    /// Its figures, in order.
    pub figures: &'static [&'static str],
}

/// What figures are compared with.
#[derive(Debug)]
pub enum Compared {
    /// The same in a plain table.
    Plain,
    /// The full JSON of the records.
    Json,
}

/// All tables.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "capture",
        compared: Compared::Plain,
        figures: &["w1", "w1_sorted", "w2", "w1_text", "w1_single", "w2_single", "w1_disk"],
    },
    Section {
        name: "floors",
        compared: Compared::Plain,
        figures: &[
            "w1_floor_nothing",
            "w1_floor_empty",
            "w1_floor_simple",
            "w1_over_floor",
            "w2_floor",
            "w1_single_floor",
            "w2_single_floor",
        ],
    },
    Section {
        name: "bytes",
        compared: Compared::Json,
        figures: &[
            "w3a",
            "w3a_change",
            "w3a_prepare",
            "w3a_prepared",
            "w3a_commit",
            "w3a_committed",
            "w3a_socket",
            "w3b_up",
            "w3b_down",
            "w3b_socket",
            "w3b_zstd",
            "w3c",
            "w3c_down",
            "w3_nothing",
            "w3d",
            "w3d_up",
            "w3d_socket",
            "w3d_zstd",
        ],
    },
    Section { name: "applying", compared: Compared::Plain, figures: &["w4d", "w4b", "w4c"] },
    Section {
        name: "locks",
        compared: Compared::Plain,
        figures: &[
            "lock_some",
            "lock_some_others",
            "lock_first",
            "lock_first_decoding",
            "lock_first_others",
            "lock_first_all",
        ],
    },
    Section { name: "files", compared: Compared::Plain, figures: &["w5", "w5_logged"] },
];

/// The table in which others stand beside us.
pub const PEERS: &str = "peers";

/// The figures in it: where a ratio is compared, and where bytes are.
pub const COMPARED: &[&str] = &["w1_text", "w2", "w5_logged", "w5", "w3a", "w3b_up", "w3c", "w3d"];

/// Where we want figures to be.
const AIMS: &[(&str, Promise)] = &[
    ("w1", Ratio(1.5)),
    ("w1_sorted", Ratio(2.4)),
    ("w2", Ratio(1.4)),
    ("w1_text", Ratio(1.8)),
    ("w1_single", Ratio(1.6)),
    ("w2_single", Ratio(1.4)),
    ("w1_disk", Ratio(1.4)),
    ("w1_over_floor", Ratio(1.4)),
    ("w3a", Value(64.0)),
    ("w3a_change", Value(32.0)),
    ("w3b_up", Value(6_500.0)),
    ("w3b_down", Value(3_500.0)),
    ("w3c", Value(180_000.0)),
    ("w3d", Value(4_400_000.0)),
    ("w4d", Ratio(1.1)),
    ("w4c", Ratio(1.3)),
    ("w4b", Ratio(1.5)),
    ("w5", Ratio(1.02)),
    ("w5_logged", Ratio(1.9)),
];

/// Where we want this figure to be, if anywhere.
pub fn aim(figure: &str) -> Option<Promise> {
    AIMS.iter().find(|(name, _)| *name == figure).map(|(_, aim)| *aim)
}

/// The figures of these tables.
pub fn figures(tables: &[&str]) -> Vec<&'static str> {
    SECTIONS.iter().filter(|s| tables.contains(&s.name)).flat_map(|s| s.figures).copied().collect()
}
