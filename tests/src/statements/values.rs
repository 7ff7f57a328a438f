//! What columns hold, as SQL literals: ordinary, at the ends, nearly equal, and now and then wrong.

use fastrand::Rng;

/// A type of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Kind {
    Bool,
    I8,
    I32,
    U32,
    I64,
    Real,
    Text,
    Blob,
    Id,
    Timestamp,
    Date,
    Decimal,
    Mood,
    Json,
}

const BOOL: [&str; 5] = ["0", "1", "1", "'1'", "1.0"];
const SMALL: [&str; 8] = ["0", "1", "2", "-1", "127", "'7'", "5.0", "3"];
const NARROW: [&str; 6] = ["0", "1", "2", "-2147483648", "2147483647", "'12'"];
const NATURAL: [&str; 5] = ["0", "1", "2", "4294967295", "3"];
const WIDE: [&str; 12] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "9223372036854775807",
    "-9223372036854775808",
    "9007199254740993",
    "9007199254740992",
    "'5'",
    "4.0",
];
const REAL: [&str; 12] = [
    "0.0",
    "-0.0",
    "0.1",
    "0.1 + 1e-17",
    "0.1 + 2e-17",
    "5e-324",
    "1.7976931348623157e308",
    "9e999",
    "-9e999",
    "3",
    "'2.5'",
    "9007199254740993",
];
const TEXT: [&str; 14] = [
    "''",
    "'a'",
    "'A'",
    "'a '",
    "'b'",
    "'é'",
    "'e' || char(769)",
    "'😀'",
    "char(0)",
    "'a' || char(0) || 'b'",
    "'it''s'",
    "'12'",
    "12",
    "CAST(x'ff61' AS TEXT)",
];
const BLOB: [&str; 6] = ["x''", "x'00'", "x'ff00'", "CAST('a' AS BLOB)", "zeroblob(300)", "x'61'"];
const DATE: [&str; 4] = ["'2024-02-29'", "'0000-01-01'", "'9999-12-31'", "'2024-03-01'"];
const MOOD: [&str; 2] = ["'good'", "'it''s'"];
const JSON: [&str; 6] = ["'{}'", "'{\"a\":1}'", "'{ \"a\" : 1 }'", "'null'", "'[1, 2]'", "'\"ü\"'"];
/// What some type can't hold: each breaks one check or another.
const WRONG: [&str; 12] =
    ["2", "-129", "1.5", "'x'", "''", "x'01'", "NULL", "'2023-02-29'", "'{'", "zeroblob(17)", "1e300", "99999999999"];

/// Ids so few that statements often meet.
pub(super) const IDS: u8 = 5;

impl Kind {
    /// All but references.
    pub(super) const ALL: [Kind; 13] = [
        Kind::Bool,
        Kind::I8,
        Kind::I32,
        Kind::U32,
        Kind::I64,
        Kind::Real,
        Kind::Text,
        Kind::Blob,
        Kind::Timestamp,
        Kind::Date,
        Kind::Decimal,
        Kind::Mood,
        Kind::Json,
    ];

    /// The type in the struct.
    pub(super) fn rust(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::I8 => "i8",
            Kind::I32 => "i32",
            Kind::U32 => "u32",
            Kind::I64 => "i64",
            Kind::Real => "f64",
            Kind::Text => "String",
            Kind::Blob => "Vec<u8>",
            Kind::Id => "Id<Self>",
            Kind::Timestamp => "Timestamp",
            Kind::Date => "Date",
            Kind::Decimal => "Decimal<2>",
            Kind::Mood => "Mood",
            Kind::Json => "Doc",
        }
    }

    /// Whether `max` and `min` mean something.
    pub(super) fn ordered(self) -> bool {
        self.counts() || matches!(self, Kind::Real | Kind::Date)
    }

    /// Whether it is stored as an integer that may take any small value.
    pub(super) fn counts(self) -> bool {
        matches!(self, Kind::I8 | Kind::I32 | Kind::U32 | Kind::I64 | Kind::Timestamp | Kind::Decimal)
    }

    /// A value that the column takes, in most cases.
    pub(super) fn draw(self, rng: &mut Rng) -> String {
        if self == Kind::Id {
            return id(rng);
        }
        let values: &[&str] = match self {
            Kind::Bool => &BOOL,
            Kind::I8 => &SMALL,
            Kind::I32 => &NARROW,
            Kind::U32 => &NATURAL,
            Kind::I64 | Kind::Timestamp | Kind::Decimal => &WIDE,
            Kind::Real => &REAL,
            Kind::Text => &TEXT,
            Kind::Date => &DATE,
            Kind::Mood => &MOOD,
            Kind::Json => &JSON,
            Kind::Blob | Kind::Id => &BLOB,
        };
        values[rng.usize(..values.len())].to_owned()
    }
}

/// A value that most columns refuse.
pub(super) fn wrong(rng: &mut Rng) -> String {
    WRONG[rng.usize(..WRONG.len())].to_owned()
}

/// One of the few ids; hardly ever what is none.
pub(super) fn id(rng: &mut Rng) -> String {
    match rng.u8(..200) {
        0 => wrong(rng),
        _ => format!("x'{:032x}'", rng.u8(1..=IDS)),
    }
}
