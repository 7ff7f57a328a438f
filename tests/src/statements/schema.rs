//! Random schemas: every type, strategy, policy and kind of reference that the language has, under names that break
//! whatever quotes them badly. What the judge knows of a table is written down here beside the struct, not asked of the
//! product.

use super::Fault;
use super::values::Kind;
use fastrand::Rng;
use windrow_schema::sql::{Device, Sql, quoted};
use windrow_schema::{Domain, Model, Variants};

/// What a parent's death does to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnDelete {
    /// It is refused.
    Restrict,
    /// The child dies with it.
    Cascade,
    /// The reference is emptied.
    SetNull,
}

impl OnDelete {
    fn word(self) -> &'static str {
        match self {
            OnDelete::Restrict => "restrict",
            OnDelete::Cascade => "cascade",
            OnDelete::SetNull => "set_null",
        }
    }
}

/// A column, the id excepted.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its name, unquoted.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
    /// Whether it may be NULL.
    pub(super) nullable: bool,
    /// Whether the log holds differences.
    pub(super) sum: bool,
    /// Whether two records must not share a value.
    pub(super) unique: bool,
    /// The position of the table that it refers to.
    pub(super) parent: Option<(usize, OnDelete)>,
}

/// A synced table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its name, unquoted.
    pub(super) name: String,
    /// All columns but the id.
    pub(super) columns: Vec<Column>,
    /// Whether each update is logged with all columns.
    pub(super) whole: bool,
}

impl Table {
    /// Its name, quoted.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }
}

impl Column {
    /// Its name, quoted.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }
}

/// The tables and the SQL that makes them.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// Parents before children.
    pub(super) tables: Vec<Table>,
    /// Tables, indexes and notes.
    pub(super) objects: Vec<String>,
    /// Windrow's own triggers.
    pub(super) capture: Vec<String>,
    /// The view over the log.
    pub(super) changelog: String,
    /// How the judge reads each table.
    pub(super) selects: Vec<String>,
    /// How the judge reads the log: the head of each entry, masks, values.
    pub(super) log: String,
    /// How many masks there are.
    pub(super) masks: usize,
}

const TABLES: [&str; 16] = [
    "farm",
    "select",
    "a b",
    "a\"b",
    "it's",
    "[a]",
    "a;b--",
    "/*",
    "a\nb",
    "ü😀",
    "windrow",
    "log_farm",
    "farm_note",
    "note",
    "main",
    "column1",
];

const COLUMNS: [&str; 24] = [
    "name",
    "order",
    "number",
    "base",
    "applying",
    "old",
    "new",
    "excluded",
    "a b",
    "a\"b",
    "it's",
    "`x`",
    "ü",
    "windrow",
    "null",
    "true",
    "value0",
    "operation",
    "windröw_id",
    "-",
    "%",
    "?1",
    "device",
    "\u{301}",
];

/// The enum of all schemas, as it is declared.
const MOOD: &str = "enum Mood { Good, #[syncable(rename = \"it's\")] Bad }";

impl Schema {
    /// Any.
    ///
    /// # Errors
    /// What the reader says of a struct: the generator is wrong then.
    pub(super) fn draw(rng: &mut Rng) -> Result<Schema, Fault> {
        let count = rng.usize(1..=6);
        let mut names = TABLES.to_vec();
        rng.shuffle(&mut names);
        let mut tables: Vec<Table> = Vec::new();
        let mut structs = Vec::new();
        for (at, name) in names.into_iter().take(count).enumerate() {
            let (table, source) = Draw { rng, at }.table(name);
            tables.push(table);
            structs.push(source);
        }
        let models = structs.iter().map(|s| Model::read_str(s).map_err(|e| format!("{e}: {s}")));
        let domain = Domain::new(models.collect::<Result<_, _>>()?).map_err(|e| format!("{e:?}"))?;
        Ok(Schema::of(&domain, tables, &Variants::read_str(MOOD).map_err(|e| e.to_string())?))
    }

    fn of(domain: &Domain, tables: Vec<Table>, mood: &Variants) -> Schema {
        let devices: Vec<Device> = domain.models().iter().map(Device::of).collect();
        let text = |sql: &Sql| domain.render(sql, |_| mood.sql_list());
        let parts: Vec<String> = devices.iter().map(|d| text(&d.changelog)).collect();
        let takes_along = |at: usize| domain.takes_along(&domain.models()[at]);
        let leave = |at: usize| if takes_along(at) { &devices[at].leave[..] } else { &[] };
        let capture = (0..tables.len()).flat_map(|at| devices[at].triggers.iter().chain(leave(at)));
        let capture = capture.map(|o| text(&o.sql)).collect();
        let widest = tables.iter().map(|t| t.columns.len()).max().unwrap_or_default();
        let masks = widest.div_ceil(63);
        let columns = (0..masks).map(|m| format!(", mask{m}")).chain((0..widest).map(|v| format!(", value{v}")));
        let columns: String = columns.collect();
        Schema {
            selects: tables.iter().map(|t| format!("SELECT * FROM main.{}", t.quoted())).collect(),
            log: format!(
                "SELECT number, at, \"table\", operation, record, base{columns} FROM main.windrow_log ORDER BY number"
            ),
            masks,
            tables,
            objects: devices.iter().flat_map(|d| &d.objects).map(|o| text(&o.sql)).collect(),
            capture,
            changelog: windrow::store::changelog_view(&parts),
        }
    }
}

/// One table in the making.
struct Draw<'a> {
    rng: &'a mut Rng,
    /// Its position; its struct is `S0`, `S1` and so on.
    at: usize,
}

impl Draw<'_> {
    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.rng.usize(..among.len())]
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// A table and the struct that declares it.
    fn table(mut self, name: &str) -> (Table, String) {
        let whole = self.chance(20);
        // Now and then more than the 63 that one mask holds.
        let count = if self.chance(2) { self.rng.usize(62..=70) } else { self.rng.usize(1..=6) };
        let mut names: Vec<String> =
            COLUMNS.iter().map(|c| (*c).to_owned()).chain((0..60).map(|i| format!("c{i}"))).collect();
        self.rng.shuffle(&mut names[..24]);
        let drawn = names.into_iter().take(count).enumerate().map(|(at, name)| self.column(name, at, whole));
        let (columns, fields): (Vec<_>, Vec<_>) = drawn.collect();
        let fields = fields.concat();
        let deletes = self.pick(&["keep", "drop", "review"]);
        let merge = if whole { self.pick(&["#[merge(lww)] ", "#[merge(review)] "]) } else { "" };
        let own = format!("S{}", self.at);
        let source = format!(
            "#[syncable(table = {name:?}, deletes = {deletes})] {merge}struct {own} {{ id: Id<{own}>, {fields} }}"
        );
        (Table { name: name.to_owned(), columns, whole }, source)
    }

    /// A column and the field that declares it.
    fn column(&mut self, name: String, at: usize, whole: bool) -> (Column, String) {
        let parent = (at < 4 && self.chance(45)).then(|| self.rng.usize(..=self.at));
        let kind = if parent.is_some() { Kind::Id } else { self.pick(&Kind::ALL) };
        let strategy = self.strategy(kind, whole);
        let sum = strategy == "sum";
        // A record may refer to its like only if it need not.
        let nullable = !sum && (parent == Some(self.at) || self.rng.bool());
        let parent = parent.map(|p| (p, self.on_delete(nullable)));
        let unique = !sum && kind != Kind::Json && self.chance(if parent.is_some() { 5 } else { 15 });
        let column = Column { name, kind, nullable, sum, unique, parent };
        let field = self.field(&column, at, strategy);
        (column, field)
    }

    fn strategy(&mut self, kind: Kind, whole: bool) -> &'static str {
        match kind {
            _ if whole => "",
            Kind::I64 | Kind::Decimal => self.pick(&["", "sum", "sum", "max", "min", "review", "lww"]),
            _ if kind.ordered() => self.pick(&["", "max", "min", "review", "lww"]),
            _ => self.pick(&["", "", "review", "lww"]),
        }
    }

    fn on_delete(&mut self, nullable: bool) -> OnDelete {
        match nullable {
            true => self.pick(&[OnDelete::Restrict, OnDelete::Cascade, OnDelete::SetNull, OnDelete::SetNull]),
            false => self.pick(&[OnDelete::Restrict, OnDelete::Cascade, OnDelete::Cascade]),
        }
    }

    fn field(&mut self, column: &Column, at: usize, strategy: &str) -> String {
        let mut attrs = format!("#[syncable(rename = {:?})] ", column.name);
        if !strategy.is_empty() {
            attrs += &format!("#[merge({strategy})] ");
        }
        let indexed = self.chance(10);
        for (said, attr) in
            [(column.kind == Kind::Json, "#[syncable(json)] "), (column.unique, "#[unique] "), (indexed, "#[index] ")]
        {
            attrs += if said { attr } else { "" };
        }
        let mut ty = column.kind.rust().to_owned();
        if let Some((parent, on_delete)) = column.parent {
            attrs += &format!("#[parent(S{parent}, on_delete = {})] ", on_delete.word());
            ty = format!("Id<S{parent}>");
        }
        let ty = if column.nullable { format!("Option<{ty}>") } else { ty };
        format!("{attrs}f{at}: {ty}, ")
    }
}
