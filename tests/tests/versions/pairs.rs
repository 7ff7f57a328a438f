//! Every pair of versions, the hub's the later.

use crate::world::{Device, World, id, text};
use windrow::rusqlite::types::Value;

/// A farm and a visit there, in whatever words.
fn found(device: &Device, version: usize, n: u8) {
    device.run(&format!("INSERT INTO FARM (id, name, cattle) VALUES ({}, 'farm {n}', 10)", id(n)));
    let weather = if version > 1 { ("weather, ", "'rain', ") } else { ("", "") };
    device.run(&format!(
        "INSERT INTO visit (id, farm_id, {} NOTES, score) VALUES ({}, {}, {} 'seen {n}', {n})",
        weather.0,
        id(100 + n),
        id(n),
        weather.1
    ));
}

#[test]
fn what_each_writes_reaches_the_other() {
    for hub in 1..=5 {
        for old in 1..=hub {
            let world = World::new(hub);
            let (a, b) = (world.device(old), world.device(hub));
            found(&a, old, 1);
            found(&b, hub, 2);
            world.quiet(&[&a, &b]);
            // Both work on both, offline.
            for (n, device) in [(1, &a), (2, &b)] {
                device.run(&format!("UPDATE FARM SET cattle = cattle + {n}"));
                device.run(&format!("UPDATE visit SET NOTES = 'noted by {n}' WHERE id = {}", id(100 + n)));
                device.run(&format!("UPDATE FARM SET name = 'named by {n}' WHERE id = {}", id(3 - n)));
            }
            world.quiet(&[&a, &b]);
            let farms = "SELECT id, name, cattle FROM FARM ORDER BY id";
            let visits = "SELECT id, farm_id, NOTES, score FROM visit ORDER BY id";
            for sql in [farms, visits] {
                assert_eq!(a.shows(sql), b.shows(sql), "version {old}, and the hub's {hub}");
            }
            let farm = |n: u8, name: &str| vec![Value::Blob(vec![n; 16]), text(name), Value::Integer(13)];
            assert_eq!(a.shows(farms), [farm(1, "named by 2"), farm(2, "named by 1")]);
            if hub > 1 {
                let weather = |n: u8| world.hub_shows(&format!("SELECT weather FROM visit WHERE id = {}", id(100 + n)));
                let unknown = if old == 1 { "unknown" } else { "rain" };
                assert_eq!((weather(1), weather(2)), (vec![vec![text(unknown)]], vec![vec![text("rain")]]));
            }
            // What dies on the one is dead on the other.
            a.run(&format!("DELETE FROM visit WHERE id = {}; DELETE FROM FARM WHERE id = {}", id(102), id(2)));
            world.quiet(&[&a, &b]);
            assert_eq!((a.shows(farms).len(), b.shows(farms).len()), (1, 1));
        }
    }
}

#[test]
fn conflicts_are_told_and_decided_in_each_ones_words() {
    for hub in 1..=5 {
        for old in 1..=hub {
            let world = World::new(hub);
            let (a, b) = (world.device(old), world.device(hub));
            found(&a, old, 1);
            world.quiet(&[&a, &b]);
            a.run("UPDATE visit SET NOTES = 'dry'");
            b.run("UPDATE visit SET NOTES = 'wet'");
            world.quiet(&[&a, &b]);
            for (decider, chosen) in [(&a, "damp"), (&b, "moist")] {
                for device in [&a, &b] {
                    let conflicts = device.store.conflicts().unwrap();
                    assert_eq!(conflicts.len(), usize::from(chosen == "damp"), "version {old}, and the hub's {hub}");
                }
                let Some(conflict) = decider.store.conflicts().unwrap().pop() else { continue };
                let value = windrow_protocol::value::Value::Text(chosen.into());
                decider.store.resolve(&conflict, windrow::store::Answer::Values(vec![value])).unwrap();
                world.quiet(&[&a, &b]);
            }
            for device in [&a, &b] {
                assert_eq!(device.shows("SELECT NOTES FROM visit"), [[text("damp")]]);
            }
        }
    }
}
