//! Two devices write apart from each other and sync: what each strategy makes of it.

mod team;

use model::{Farm, Surveyor, Visit, Water};
use team::{Team, edit};
use windrow::protocol::value::Value;
use windrow::store::Answer;
use windrow::{Id, Timestamp};

fn kibo() -> Farm {
    Farm {
        id: Id::new(),
        name: "Kibo".into(),
        water: Water::Rain,
        phone: None,
        cattle: 12,
    }
}

fn visit(farm: &Farm, surveyor: &Surveyor) -> Visit {
    Visit {
        id: Id::new(),
        farm_id: farm.id,
        surveyor_id: Some(surveyor.id),
        visited_at: Timestamp::now(),
        tallest_cm: None,
        notes: String::new(),
    }
}

#[tokio::test]
async fn fields_merge_each_by_its_own_rule() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let farm = kibo();
    one.insert(&farm).unwrap();
    team.sync(&[&one, &two]).await;

    edit(&one, farm.id, |farm| {
        (farm.cattle, farm.water) = (farm.cattle + 3, Water::Well)
    });
    edit(&two, farm.id, |farm| {
        (farm.cattle, farm.name) = (farm.cattle - 1, "Kibo East".into())
    });
    team.sync(&[&one, &two]).await;

    for store in [&one, &two] {
        let farm = store.get(farm.id).unwrap().unwrap();
        assert_eq!(
            (farm.cattle, farm.water, farm.name.as_str()),
            (14, Water::Well, "Kibo East")
        );
    }
}

#[tokio::test]
async fn two_telephone_numbers_are_a_question() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let farm = kibo();
    one.insert(&farm).unwrap();
    team.sync(&[&one, &two]).await;

    edit(&one, farm.id, |farm| {
        farm.phone = Some("+255 700 000 001".into())
    });
    edit(&two, farm.id, |farm| {
        farm.phone = Some("+255 700 000 002".into())
    });
    team.sync(&[&one, &two]).await;

    // Whoever sees both numbers first decides, on any device.
    let conflicts = one.conflicts().unwrap();
    assert_eq!((conflicts.len(), conflicts[0].candidates.len()), (1, 2));
    let chosen = conflicts[0].candidates[1].values[0].clone();
    one.resolve(&conflicts[0], Answer::Candidate(1)).unwrap();
    team.sync(&[&one, &two]).await;

    assert!(two.conflicts().unwrap().is_empty());
    let phone = two.get(farm.id).unwrap().unwrap().phone.clone();
    assert_eq!(phone.map(Value::Text), Some(chosen));
}

#[tokio::test]
async fn visits_go_with_their_farm_and_stay_without_their_surveyor() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (kept, sold) = (kibo(), kibo());
    let neema = Surveyor {
        id: Id::new(),
        name: "Neema".into(),
        badge: "W-1".into(),
    };
    let (first, second) = (visit(&kept, &neema), visit(&sold, &neema));
    one.insert(&kept).unwrap();
    one.insert(&sold).unwrap();
    one.insert(&neema).unwrap();
    one.insert(&first).unwrap();
    one.insert(&second).unwrap();
    team.sync(&[&one, &two]).await;

    one.delete(sold.id).unwrap();
    two.delete(neema.id).unwrap();
    team.sync(&[&one, &two]).await;

    for store in [&one, &two] {
        assert!(store.get(second.id).unwrap().is_none());
        assert_eq!(store.get(first.id).unwrap().unwrap().surveyor_id, None);
    }
}

#[tokio::test]
async fn the_tallest_plant_stands() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (farm, neema) = (
        kibo(),
        Surveyor {
            id: Id::new(),
            name: "Neema".into(),
            badge: "W-1".into(),
        },
    );
    let first = visit(&farm, &neema);
    one.insert(&farm).unwrap();
    one.insert(&neema).unwrap();
    one.insert(&first).unwrap();
    team.sync(&[&one, &two]).await;

    for (store, tallest) in [(&one, 180), (&two, 145)] {
        edit(store, first.id, |visit| visit.tallest_cm = Some(tallest));
    }
    team.sync(&[&one, &two]).await;
    assert_eq!(two.get(first.id).unwrap().unwrap().tallest_cm, Some(180));
}
