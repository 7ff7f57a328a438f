//! Two devices write apart from each other and sync: what each strategy makes of it.

mod team;

use model::{Batch, Dose, Household, Patient, Stays, Vaccine};
use team::{Team, edit};
use windrow::protocol::value::Value;
use windrow::store::Answer;
use windrow::{Id, Store, Timestamp};

fn household() -> Household {
    Household {
        id: Id::new(),
        number: "17".into(),
        village: "Mlowo".into(),
        last_visit: None,
    }
}

fn patient(home: &Household) -> Patient {
    Patient {
        id: Id::new(),
        household_id: home.id,
        card: "P-1".into(),
        name: "Neema".into(),
        allergies: None,
        stays: Stays::Here,
    }
}

fn batch() -> Batch {
    Batch {
        id: Id::new(),
        number: "M-17".into(),
        vaccine: Vaccine::Measles,
        expires: "2027-06-30".parse().unwrap(),
        doses_left: 20,
    }
}

/// A patient gets a dose: the record and the count, or neither.
fn give(store: &Store, patient: Id<Patient>, batch: Id<Batch>) -> Dose {
    let done = store.transaction(|tx| {
        let mut batch = tx.get(batch)?.unwrap();
        batch.doses_left -= 1;
        tx.update(&mut batch)?;
        let dose = Dose {
            id: Id::new(),
            patient_id: patient,
            batch_id: Some(batch.id),
            vaccine: batch.vaccine,
            given_at: Timestamp::now(),
        };
        tx.insert(&dose)?;
        Ok::<_, windrow::StoreError>(dose)
    });
    done.unwrap()
}

#[tokio::test]
async fn doses_that_were_given_apart_all_count() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (home, batch) = (household(), batch());
    let neema = patient(&home);
    one.insert(&home).unwrap();
    one.insert(&neema).unwrap();
    one.insert(&batch).unwrap();
    team.sync(&[&one, &two]).await;

    give(&one, neema.id, batch.id);
    give(&two, neema.id, batch.id);
    give(&two, neema.id, batch.id);
    team.sync(&[&one, &two]).await;

    for store in [&one, &two] {
        assert_eq!(store.get(batch.id).unwrap().unwrap().doses_left, 17);
        assert_eq!(store.count::<Dose>("", []).unwrap(), 3);
    }
}

#[tokio::test]
async fn the_earliest_expiry_and_the_latest_visit_stand() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (home, batch) = (household(), batch());
    one.insert(&home).unwrap();
    one.insert(&batch).unwrap();
    team.sync(&[&one, &two]).await;

    for (store, expires, visit) in [
        (&one, "2027-05-31", "2026-03-02"),
        (&two, "2027-06-01", "2026-03-01"),
    ] {
        edit(store, batch.id, |batch| {
            batch.expires = expires.parse().unwrap()
        });
        edit(store, home.id, |home| home.last_visit = visit.parse().ok());
    }
    team.sync(&[&one, &two]).await;

    for store in [&one, &two] {
        let expires = store.get(batch.id).unwrap().unwrap().expires;
        let visit = store.get(home.id).unwrap().unwrap().last_visit;
        assert_eq!(expires.to_string(), "2027-05-31");
        assert_eq!(visit.unwrap().to_string(), "2026-03-02");
    }
}

#[tokio::test]
async fn two_answers_about_allergies_are_a_question() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let home = household();
    let neema = patient(&home);
    one.insert(&home).unwrap();
    one.insert(&neema).unwrap();
    team.sync(&[&one, &two]).await;

    for (store, answer) in [(&one, "penicillin"), (&two, "none")] {
        edit(store, neema.id, |neema| {
            neema.allergies = Some(answer.into())
        });
    }
    team.sync(&[&one, &two]).await;

    let conflicts = two.conflicts().unwrap();
    assert_eq!((conflicts.len(), conflicts[0].candidates.len()), (1, 2));
    let answer = vec![Value::Text("penicillin".into())];
    two.resolve(&conflicts[0], Answer::Values(answer)).unwrap();
    team.sync(&[&two, &one]).await;

    assert!(one.conflicts().unwrap().is_empty());
    let allergies = one.get(neema.id).unwrap().unwrap().allergies.clone();
    assert_eq!(allergies.as_deref(), Some("penicillin"));
}

#[tokio::test]
async fn a_patient_who_was_deleted_and_edited_stays_until_a_person_decides() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    let (home, batch) = (household(), batch());
    let neema = patient(&home);
    one.insert(&home).unwrap();
    one.insert(&neema).unwrap();
    one.insert(&batch).unwrap();
    let dose = give(&one, neema.id, batch.id);
    team.sync(&[&one, &two]).await;

    one.delete(neema.id).unwrap();
    edit(&two, neema.id, |neema| neema.name = "Neema John".into());
    team.sync(&[&one, &two]).await;

    assert_eq!(one.get(neema.id).unwrap().unwrap().name, "Neema John");
    assert!(
        one.get(dose.id).unwrap().is_some(),
        "it came back with its patient"
    );
    let conflicts = one.conflicts().unwrap();
    one.resolve(&conflicts[0], Answer::Delete).unwrap();
    team.sync(&[&one, &two]).await;
    assert!(two.get(neema.id).unwrap().is_none());
    assert!(two.get(dose.id).unwrap().is_none());
}
