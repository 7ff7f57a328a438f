//! The tables of random histories: all strategies, policies and kinds of reference.

use crate::oracle::schema::{Deletes, Field, OnDelete, Schema, Strategy, Table};
use fastrand::Rng;

const DELETES: [Deletes; 3] = [Deletes::Keep, Deletes::Drop, Deletes::Review];
const REQUIRED: [OnDelete; 2] = [OnDelete::Restrict, OnDelete::Cascade];
const OPTIONAL: [OnDelete; 3] = [OnDelete::Restrict, OnDelete::Cascade, OnDelete::SetNull];

/// What makes one domain different from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies {
    /// Of farm, worker, plot, visit, slip, sample and part, in this order.
    pub deletes: [Deletes; 7],
    /// What a farm's death does to its plots.
    pub plot_farm: OnDelete,
    /// What a plot's death does to its visits.
    pub visit_plot: OnDelete,
    /// What a worker's death does to the visits.
    pub visit_worker: OnDelete,
    /// What the death of a visit, and what that of a plot does to the samples; without it there are none.
    pub sample: Option<[OnDelete; 2]>,
    /// What a part's death does to the parts within it; without it there are no parts.
    pub part_within: Option<OnDelete>,
}

impl Policies {
    /// Any; half of them with one policy for all deletes.
    pub fn draw(rng: &mut Rng) -> Policies {
        let one = pick(rng, &DELETES);
        let mixed = rng.bool();
        Policies {
            deletes: std::array::from_fn(|_| if mixed { pick(rng, &DELETES) } else { one }),
            plot_farm: pick(rng, &REQUIRED),
            visit_plot: pick(rng, &REQUIRED),
            visit_worker: pick(rng, &OPTIONAL),
            sample: rng.bool().then(|| [pick(rng, &REQUIRED), pick(rng, &REQUIRED)]),
            part_within: rng.bool().then(|| pick(rng, &OPTIONAL)),
        }
    }

    /// The tables: a farm's plots, the visits of workers to them, a ledger that is never deleted from, slips that are
    /// alone, samples that hang on a plot twice, and parts within parts.
    pub fn schema(&self) -> Schema {
        let [farm, worker, plot, visit, slip, sample, part] = self.deletes;
        let mut tables = vec![
            table("farm", farm, &[("name", Strategy::Lww), ("herd", Strategy::Sum), ("owner", Strategy::Review)], &[]),
            table("worker", worker, &[("name", Strategy::Lww)], &[]),
            table("plot", plot, &PLOT, &[("farm_id", "farm", self.plot_farm)]),
            table(
                "visit",
                visit,
                &VISIT,
                &[("plot_id", "plot", self.visit_plot), ("worker_id", "worker", self.visit_worker)],
            ),
            table("ledger", Deletes::Keep, &[("total", Strategy::Sum), ("last", Strategy::Lww)], &[]),
            table("slip", slip, &[("last", Strategy::Lww)], &[]),
        ];
        let samples = |[by_visit, by_plot]: [OnDelete; 2]| {
            table("sample", sample, &SAMPLE, &[("visit_id", "visit", by_visit), ("plot_id", "plot", by_plot)])
        };
        tables.extend(self.sample.map(samples));
        let parts = |on_delete| table("part", part, &[("name", Strategy::Lww)], &[("within_id", "part", on_delete)]);
        tables.extend(self.part_within.map(parts));
        Schema::new(tables)
    }
}

const PLOT: [(&str, Strategy); 4] =
    [("crop", Strategy::Lww), ("bags", Strategy::Sum), ("peak", Strategy::Max), ("least", Strategy::Min)];
const VISIT: [(&str, Strategy); 3] = [("note", Strategy::Lww), ("dose", Strategy::Review), ("n", Strategy::Sum)];
const SAMPLE: [(&str, Strategy); 2] = [("label", Strategy::Lww), ("grams", Strategy::Max)];

fn table(
    name: &'static str,
    deletes: Deletes,
    numbers: &[(&'static str, Strategy)],
    references: &[(&'static str, &'static str, OnDelete)],
) -> Table {
    let references = references.iter().map(|(field, parent, on_delete)| Field::reference(field, parent, *on_delete));
    let numbers = numbers.iter().map(|(field, strategy)| Field::number(field, *strategy));
    Table { name, fields: references.chain(numbers).collect(), deletes }
}

/// One of them.
pub(super) fn pick<T: Copy>(rng: &mut Rng, among: &[T]) -> T {
    among[rng.usize(..among.len())]
}
