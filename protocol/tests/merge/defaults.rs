//! Fields with a default: what a record holds that was made by who did not know the field.

use crate::hub::{GAUGE, Hub, Say, at, change, int, key, schema, sent};
use windrow_protocol::change::Change;
use windrow_protocol::model::{Field, Literal, Schema, Table};

const HIGH: usize = 0;
const LOW: usize = 1;
const NOTE: usize = 2;

/// A hub whose gauges are as high as 100 and as low as -100 until somebody looks.
fn hub() -> Hub {
    let mut tables: Vec<Table> = schema().tables().to_vec();
    let fields = [(HIGH, Some(100)), (LOW, Some(-100)), (NOTE, None)].map(|(at, n)| {
        let default = n.map(Literal::Integer);
        Field { default, ..tables[GAUGE].fields[at] }
    });
    tables[GAUGE].fields = fields.to_vec().leak();
    Hub { schema: Schema::new(tables).unwrap(), ..Hub::new() }
}

fn measured(second: i64, value: i64) -> Change {
    change(key(GAUGE, 1), 0, at(second)).set(HIGH, int(value)).set(LOW, int(value))
}

fn shown(hub: &Hub) -> (windrow_protocol::value::Value, windrow_protocol::value::Value) {
    (hub.shows(key(GAUGE, 1), HIGH), hub.shows(key(GAUGE, 1), LOW))
}

/// A gauge was made with 30 by a program that knew the field. The hub said 100, which nobody had ever measured: the default
/// counted as if it were a write, and was the greater.
#[test]
fn a_default_is_no_write_that_an_extreme_must_beat() {
    let mut hub = hub();
    hub.commit(sent(1, 0, vec![measured(1, 30).born()]));
    assert_eq!(shown(&hub), (int(30), int(30)));
}

/// What nobody measured is the default, and the first who does sets it, whoever comes first.
#[test]
fn whoever_writes_first_replaces_it() {
    for order in [[1, 2], [2, 1]] {
        let mut hub = hub();
        let unaware = change(key(GAUGE, 1), 0, at(0)).born().set(NOTE, int(7));
        hub.commit(sent(9, 0, vec![unaware]));
        assert_eq!(shown(&hub), (int(100), int(-100)));
        for device in order {
            hub.commit(sent(device, 1, vec![measured(1, 20 * device as i64)]));
        }
        assert_eq!(shown(&hub), (int(40), int(20)), "{order:?}");
    }
}

/// Started afresh over a default, and then edited by who had not seen that: the default does not come back for it.
#[test]
fn nor_does_it_come_back_as_a_former_life() {
    let mut hub = hub();
    hub.commit(sent(9, 0, vec![change(key(GAUGE, 1), 0, at(0)).born().set(NOTE, int(7))]));
    let anew = Change { again: true, base: windrow_protocol::clock::Seq::ZERO.next(), ..measured(1, 30) };
    hub.commit(sent(1, 1, vec![anew]));
    assert_eq!(shown(&hub), (int(30), int(30)));
    hub.commit(sent(2, 1, vec![change(key(GAUGE, 1), 1, at(2)).set(HIGH, int(20))]));
    assert_eq!(shown(&hub), (int(30), int(30)));
}
