//! Two devices write apart from each other and sync: what each strategy makes of it.

mod team;

use model::{Depot, Goods, Scan, Shipment, State};
use team::{Team, edit};
use windrow::protocol::value::Value;
use windrow::store::Answer;
use windrow::{Id, Store, Timestamp};

fn depot(code: &str) -> Depot {
    Depot {
        id: Id::new(),
        code: code.into(),
        name: "Mwanza".into(),
        contact: None,
        pallets: 40,
    }
}

fn shipment(from: &Depot, to: &Depot) -> Shipment {
    Shipment {
        id: Id::new(),
        number: "S-1".into(),
        goods: Goods::Water,
        pallets: 5,
        from_id: from.id,
        to_id: Some(to.id),
        state: State::Packed,
        expected: None,
    }
}

fn scan(shipment: &Shipment) -> Scan {
    let (id, place) = (Id::new(), "Kahama".into());
    Scan {
        id,
        shipment_id: shipment.id,
        place,
        scanned_at: Timestamp::now(),
        warmest: None,
    }
}

/// Two depots, and a shipment from the first to the second, on both devices.
async fn sent(team: &Team, one: &Store, two: &Store) -> (Depot, Depot, Shipment) {
    let (from, to) = (depot("D-1"), depot("D-2"));
    let shipment = shipment(&from, &to);
    one.insert(&from).unwrap();
    one.insert(&to).unwrap();
    one.insert(&shipment).unwrap();
    team.sync(&[one, two]).await;
    (from, to, shipment)
}

#[tokio::test]
async fn what_came_and_what_went_all_counts() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (from, ..) = sent(&team, &one, &two).await;

    for (store, change) in [(&one, 12), (&two, -5)] {
        edit(store, from.id, |depot| depot.pallets += change);
    }
    team.sync(&[&one, &two]).await;
    for store in [&one, &two] {
        assert_eq!(store.get(from.id).unwrap().unwrap().pallets, 47);
    }
}

#[tokio::test]
async fn delivered_or_lost_is_a_question() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (.., shipment) = sent(&team, &one, &two).await;

    for (store, state, day) in [
        (&one, State::Delivered, "2026-03-04"),
        (&two, State::Lost, "2026-03-02"),
    ] {
        edit(store, shipment.id, |shipment| {
            shipment.state = state;
            shipment.expected = day.parse().ok();
        });
    }
    team.sync(&[&one, &two]).await;

    let conflicts = two.conflicts().unwrap();
    assert_eq!((conflicts.len(), conflicts[0].candidates.len()), (1, 2));
    let answer = vec![Value::Text("delivered".into())];
    two.resolve(&conflicts[0], Answer::Values(answer)).unwrap();
    team.sync(&[&two, &one]).await;

    let shipment = one.get(shipment.id).unwrap().unwrap();
    assert_eq!(shipment.state, State::Delivered);
    assert_eq!(shipment.expected.unwrap().to_string(), "2026-03-02");
    assert!(one.conflicts().unwrap().is_empty());
}

#[tokio::test]
async fn a_shipment_outlives_where_it_goes_and_holds_where_it_came_from() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (from, to, shipment) = sent(&team, &one, &two).await;

    assert!(one.delete(from.id).is_err(), "shipments came from there");
    one.delete(to.id).unwrap();
    team.sync(&[&one, &two]).await;
    for store in [&one, &two] {
        assert_eq!(store.get(shipment.id).unwrap().unwrap().to_id, None);
    }
}

#[tokio::test]
async fn the_warmest_scan_stands_and_goes_with_its_shipment() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (.., shipment) = sent(&team, &one, &two).await;
    let first = scan(&shipment);
    one.insert(&first).unwrap();
    team.sync(&[&one, &two]).await;

    for (store, warmest) in [(&one, "7.5"), (&two, "4.0")] {
        edit(store, first.id, |scan| scan.warmest = warmest.parse().ok());
    }
    team.sync(&[&one, &two]).await;
    let warmest = two.get(first.id).unwrap().unwrap().warmest;
    assert_eq!(warmest.unwrap().to_string(), "7.5");

    one.delete(shipment.id).unwrap();
    team.sync(&[&one, &two]).await;
    assert!(two.get(first.id).unwrap().is_none());
}
