//! Random messages, of any form that the types can hold.

use crate::domain::{id, schema};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeMap;
use windrow_protocol::change::{Change, Changeset, End, Held, Recovery, Resolve, What, Write};
use windrow_protocol::clock::{DeviceId, Hlc, Mark, Origin, Point, Seq, Span};
use windrow_protocol::digest::TableDigest;
use windrow_protocol::id::RecordId;
use windrow_protocol::log::About;
use windrow_protocol::model::{FieldIx, TableIx};
use windrow_protocol::told::{Choice, Conflict, News, Page, Reached, Told};
use windrow_protocol::value::Value;

/// Numbers that are often near each other, and sometimes anywhere.
fn near() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..5u64, 1000..1100u64, any::<u64>()]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![near().prop_map(|n| n as i64), -3..3i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
}

fn hlc() -> impl Strategy<Value = Hlc> {
    prop_oneof![
        Just(Hlc::ZERO),
        (1_787_000_000_000..1_787_000_900_000i64, 0..3u64)
            .prop_map(|(ms, n)| Hlc::from_bits(Hlc::from_millis(ms).bits() | n).unwrap()),
        (0..=i64::MAX).prop_map(|bits| Hlc::from_i64(bits).unwrap()),
    ]
}

fn seq() -> impl Strategy<Value = Seq> {
    near().prop_map(|n| Seq::from_bits(n >> 1).unwrap())
}

fn point() -> impl Strategy<Value = Point> {
    prop_oneof![Just(Point::START), (seq(), any::<u64>()).prop_map(|(seq, mark)| Point { seq, mark: Mark(mark) })]
}

fn record_id() -> impl Strategy<Value = RecordId> {
    prop_oneof![
        (0..40u128).prop_map(id),
        (0..40u128).prop_map(|n| id(0x0191_0000_0000_7000_8000_0000_0000_0000 | n << 64 | n)),
        any::<u128>().prop_map(id),
    ]
}

fn real() -> impl Strategy<Value = f64> {
    prop_oneof![(-2000..2000i64).prop_map(|n| n as f64 / 100.0), any::<u64>().prop_map(f64::from_bits), Just(-0.0)]
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-c]{1,2}", Just("verified".to_owned()), Just("draft".to_owned()), ".{0,40}"]
}

/// Words that repeat, others, and spaces too many.
fn prose() -> impl Strategy<Value = String> {
    "((maize|rows|weighed|) ){0,80}[a-z]{0,3}"
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        number().prop_map(Value::Integer),
        real().prop_map(Value::Real),
        string().prop_map(Value::Text),
        vec(any::<u8>(), 0..20).prop_map(Value::Blob),
        record_id().prop_map(|id| Value::Blob(id.0.to_vec())),
    ]
}

/// What one field holds in several records: usually all of one class, sometimes anything.
fn column(n: usize) -> BoxedStrategy<Vec<Value>> {
    let nulls = |one: BoxedStrategy<Value>| prop_oneof![3 => one, 1 => Just(Value::Null)].boxed();
    let classes = prop_oneof![
        Just(number().prop_map(Value::Integer).boxed()),
        Just(real().prop_map(Value::Real).boxed()),
        Just((-2000..2000i64).prop_map(|n| Value::Real(n as f64 / 100.0)).boxed()),
        Just(string().prop_map(Value::Text).boxed()),
        Just(prose().prop_map(Value::Text).boxed()),
        Just(vec(any::<u8>(), 0..3).prop_map(Value::Blob).boxed()),
        Just(record_id().prop_map(|id| Value::Blob(id.0.to_vec())).boxed()),
        Just(value().boxed()),
    ];
    classes.prop_flat_map(move |one| prop_oneof![vec(one.clone(), n), vec(nulls(one), n)]).boxed()
}

fn sum() -> impl Strategy<Value = What> {
    prop_oneof![3 => number().prop_map(|n| What::Add(n.into())), 1 => any::<i128>().prop_map(What::Add)]
}

fn fields_of(table: TableIx) -> usize {
    schema().table(table).fields.len()
}

fn fields(table: TableIx) -> BoxedStrategy<Vec<FieldIx>> {
    let n = fields_of(table);
    btree_set(0..n.max(1), 0..=n).prop_map(move |set| set.into_iter().filter(|f| *f < n).collect()).boxed()
}

fn about(table: TableIx) -> BoxedStrategy<About> {
    let plain = prop_oneof![Just(About::Fields), Just(About::Delete)];
    match fields_of(table) {
        0 => plain.boxed(),
        n => prop_oneof![plain, (0..n).prop_map(About::Unique)].boxed(),
    }
}

fn resolve(table: TableIx) -> impl Strategy<Value = Resolve> {
    let chosen = fields(table).prop_flat_map(|fields| {
        vec(value(), fields.len()).prop_map(move |values| fields.iter().copied().zip(values).collect())
    });
    (about(table), chosen, hlc(), seq()).prop_map(|(about, chosen, hlc, base)| Resolve { about, chosen, hlc, base })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Alive), 1 => Just(End::Delete), 1 => Just(End::Cascade)]
}

/// Several changes of one shape.
fn group(table: TableIx, n: usize) -> BoxedStrategy<Vec<Change>> {
    let shape = (fields(table), vec(any::<bool>(), 12), fields(table), any::<(bool, bool, bool)>(), end());
    let body = shape.prop_flat_map(move |(fields, adds, stale, (born, again, stamped), end)| {
        let columns: Vec<_> = fields
            .iter()
            .map(|field| match adds[*field] {
                true => vec(sum(), n).boxed(),
                false => column(n).prop_map(|values| values.into_iter().map(What::Set).collect()).boxed(),
            })
            .collect();
        let when = vec((hlc(), seq()), n);
        let own = vec(vec((hlc(), seq()), fields.len()), n);
        (columns, when, own, Just((fields, stale, born, again, stamped, end)))
    });
    body.prop_map(move |(columns, when, own, (fields, stale, born, again, stamped, end))| {
        let row = |i: usize| {
            let write = |(place, field): (usize, &FieldIx)| {
                let (hlc, base) = if stamped { own[i][place] } else { when[i] };
                Write { field: *field, what: columns[place][i].clone(), hlc, base }
            };
            let writes = fields.iter().enumerate().map(write).collect();
            let (hlc, base) = when[i];
            let (stale, id) = (stale.clone(), id(0));
            Change { table, id, resolves: Vec::new(), writes, hlc, base, born, end, again, stale }
        };
        (0..n).map(row).collect()
    })
    .boxed()
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let groups = vec((0..3usize, 0..12usize).prop_flat_map(|(table, n)| group(table, n)), 0..5);
    groups.prop_flat_map(|groups| {
        let changes: Vec<Change> = groups.into_iter().flatten().collect();
        let one = prop_oneof![6 => Just(None), 1 => (0..3usize).prop_flat_map(resolve).prop_map(Some)];
        let more = vec((record_id(), one), changes.len());
        (Just(changes), more).prop_map(|(changes, more)| {
            let named = changes.into_iter().zip(more).map(|(mut change, (id, resolve))| {
                change.id = id;
                change.resolves = resolve.into_iter().filter(|resolve| fits(resolve, change.table)).collect();
                (change.key(), change)
            });
            BTreeMap::from_iter(named).into_values().collect()
        })
    })
}

fn fits(resolve: &Resolve, table: TableIx) -> bool {
    let about = match resolve.about {
        About::Unique(field) => field < fields_of(table),
        _ => true,
    };
    about && resolve.chosen.iter().all(|(field, _)| *field < fields_of(table))
}

fn span() -> impl Strategy<Value = Span> {
    (any::<u64>(), hlc(), hlc()).prop_map(|(origin, after, upto)| Span { origin: Origin(origin), after, upto })
}

/// Any changeset over the test's domain.
pub(crate) fn changeset() -> impl Strategy<Value = Changeset> {
    let head = (any::<u64>(), any::<u64>(), point(), vec(point(), 0..3), vec(span(), 0..3), hlc(), any::<bool>());
    let recovery = prop_oneof![4 => Just(Recovery::default()), 1 => recovery()];
    (head, changes(), recovery).prop_map(
        |((device, author, checkpoint, own, mut spans, upto, usual), changes, recovery)| {
            let (device, author) = (DeviceId::from_bits(device >> 1).unwrap(), Origin(author));
            if usual {
                spans = vec![Span { origin: author, after: Hlc::ZERO, upto }];
            }
            Changeset { device, author, checkpoint, own, spans, upto, changes, recovery }
        },
    )
}

/// Records asked about, some of them offered, of some of these the values.
fn recovery() -> impl Strategy<Value = Recovery> {
    (option::of(vec(point(), 0..4)), told()).prop_map(|(past, told)| {
        let mut recovery = Recovery { past, ..Recovery::default() };
        for Told { table, id, held, what, .. } in told {
            recovery.ask.push((table, id));
            let values = match what {
                News::Gone => continue,
                News::Whole(values) => values.into_iter().enumerate().collect(),
                News::Patch(values) => values,
            };
            recovery.missing.push((table, id));
            if held {
                recovery.held.push(Held { table, id, values });
            }
        }
        recovery
    })
}

fn conflict(table: TableIx) -> impl Strategy<Value = Conflict> {
    let choice = |n| {
        (vec(value(), n), any::<u64>(), hlc()).prop_map(|(values, device, hlc)| Choice {
            values,
            device: DeviceId::from_bits(device >> 1).unwrap(),
            hlc,
        })
    };
    let named = fields(table).prop_flat_map(move |fields| (vec(choice(fields.len()), 0..3), Just(fields)));
    (about(table), named, seq(), option::of(record_id()))
        .prop_map(|(about, (candidates, fields), seq, other)| Conflict { about, fields, seq, candidates, other })
}

fn news(table: TableIx, n: usize) -> BoxedStrategy<Vec<News>> {
    let rows = move |fields: Vec<FieldIx>, patch: bool| {
        let columns: Vec<_> = fields.iter().map(|_| column(n)).collect();
        columns.prop_map(move |columns| {
            let row = |i: usize| columns.iter().map(move |column| column[i].clone());
            let patched = |i| News::Patch(fields.iter().copied().zip(row(i)).collect());
            (0..n).map(|i| if patch { patched(i) } else { News::Whole(row(i).collect()) }).collect()
        })
    };
    prop_oneof![
        rows((0..fields_of(table)).collect(), false),
        fields(table).prop_flat_map(move |fields| rows(fields, true)),
        Just(vec![News::Gone; n]),
    ]
    .boxed()
}

fn told_group(table: TableIx, n: usize) -> BoxedStrategy<Vec<Told>> {
    let conflicts = vec(prop_oneof![3 => Just(None), 1 => vec(conflict(table), 0..3).prop_map(Some)], n);
    (news(table, n), conflicts, any::<bool>())
        .prop_map(move |(news, conflicts, held)| {
            let told = news.into_iter().zip(conflicts);
            told.map(|(what, conflicts)| Told { table, id: id(0), held, what, conflicts }).collect()
        })
        .boxed()
}

fn told() -> impl Strategy<Value = Vec<Told>> {
    let groups = vec((0..3usize, 0..12usize).prop_flat_map(|(table, n)| told_group(table, n)), 0..5);
    groups.prop_flat_map(|groups| {
        let told: Vec<Told> = groups.into_iter().flatten().collect();
        let ids = vec(record_id(), told.len());
        (Just(told), ids).prop_map(|(told, ids)| {
            let named = told.into_iter().zip(ids).map(|(told, id)| ((told.table, id), Told { id, ..told }));
            BTreeMap::from_iter(named).into_values().collect()
        })
    })
}

/// Any page over the test's domain.
pub(crate) fn page() -> impl Strategy<Value = Page> {
    let reached = (seq(), 0..3usize, record_id()).prop_map(|(seq, table, id)| Reached { seq, table, id });
    let digest = (any::<u64>(), any::<u128>()).prop_map(|(rows, sum)| TableDigest { rows, sum });
    let digests = prop_oneof![4 => Just(None), 1 => vec(digest, schema().tables().len()).prop_map(Some)];
    (told(), point(), option::of(reached), hlc(), digests).prop_map(|(told, at, next, highest, digests)| Page {
        told,
        at,
        next,
        highest,
        digests,
    })
}
