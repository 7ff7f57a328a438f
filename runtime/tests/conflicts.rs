//! Conflicts from end to end: devices, a hub, and HTTP between them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tempfile::TempDir;
use windrow::hub::SqliteHub;
use windrow::server::Running;
use windrow::store::Answer;
use windrow::{Endpoint, Id, Server, Store, Syncable};
use windrow_protocol::session::Finish;
use windrow_protocol::value::Value;

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Worker {
    id: Id<Worker>,
    #[unique]
    badge: String,
    #[merge(review)]
    phone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
#[merge(review)]
struct Form {
    id: Id<Form>,
    dose: i64,
    unit: String,
}

#[derive(Debug, Clone, PartialEq, Syncable)]
#[syncable(deletes = review)]
struct Case {
    id: Id<Case>,
    state: String,
}

windrow::domain!(CLINIC = [Worker, Form, Case]);

struct Clinic {
    devices: Vec<Store>,
    endpoint: Endpoint,
    _hub: Running,
    _dir: TempDir,
}

impl Clinic {
    async fn new(devices: usize) -> Clinic {
        let dir = TempDir::new().unwrap();
        let hub = SqliteHub::open(dir.path().join("hub.db")).unwrap();
        let hub = Server::new(&CLINIC).store(hub).open_to_all().bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::new(&format!("http://{}", hub.local_addr())).unwrap();
        let open = |n| Store::open(dir.path().join(format!("{n}.db")), &CLINIC).unwrap();
        Clinic { devices: (0..devices).map(open).collect(), endpoint, _hub: hub, _dir: dir }
    }

    async fn sync(&self, device: usize) {
        assert_eq!(windrow::sync(&self.devices[device], &self.endpoint).await.unwrap(), Finish::InSync);
    }

    /// Twice round: what one sends last reaches everybody.
    async fn settle(&self) {
        for device in (0..self.devices.len()).chain(0..self.devices.len()) {
            self.sync(device).await;
        }
    }

    /// Two devices give out badge 7, one after the other and unknown to each other.
    async fn one_badge_for_two(&self) -> (Worker, Worker) {
        let worker = || Worker { id: Id::new(), badge: "7".into(), phone: None };
        let (first, second) = (worker(), worker());
        self.devices[0].insert(&first).unwrap();
        later();
        self.devices[1].insert(&second).unwrap();
        self.settle().await;
        (first, second)
    }

    fn get<T: Syncable + Clone>(&self, device: usize, id: Id<T>) -> Option<T> {
        self.devices[device].get(id).unwrap().map(|record| (*record).clone())
    }

    fn everybody_shows<T: Syncable + Clone + PartialEq + std::fmt::Debug>(&self, id: Id<T>, expected: Option<T>) {
        for device in 0..self.devices.len() {
            assert_eq!(self.get(device, id), expected, "device {device}");
        }
    }

    fn open_conflicts(&self) -> Vec<usize> {
        self.devices.iter().map(|d| d.conflicts().unwrap().len()).collect()
    }
}

/// Within one millisecond it would be the origins that decide what is later.
fn later() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

fn text(s: &str) -> Value {
    Value::Text(s.into())
}

/// The decision carried the new value as its own, the hub took only the decision: the one who decided showed the new
/// badge for ever, everybody else the old one, and the conflict opened again.
#[tokio::test(flavor = "multi_thread")]
async fn a_badge_given_twice_is_changed_by_the_one_who_decides() {
    let clinic = Clinic::new(3).await;
    let (first, second) = clinic.one_badge_for_two().await;
    assert_eq!(clinic.open_conflicts(), [1, 1, 1]);
    let conflict = clinic.devices[2].conflicts().unwrap().remove(0);
    assert_eq!((conflict.record, conflict.other), (second.id.record(), Some(first.id.record())), "the later insert");

    clinic.devices[2].resolve(&conflict, Answer::Values(vec![text("8")])).unwrap();
    clinic.settle().await;
    clinic.everybody_shows(second.id, Some(Worker { badge: "8".into(), ..second.clone() }));
    clinic.everybody_shows(first.id, Some(first));
    assert_eq!(clinic.open_conflicts(), [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_given_twice_may_stay_so() {
    let clinic = Clinic::new(2).await;
    let (_, second) = clinic.one_badge_for_two().await;
    let conflict = clinic.devices[0].conflicts().unwrap().remove(0);
    clinic.devices[0].resolve(&conflict, Answer::Keep).unwrap();
    clinic.settle().await;
    assert_eq!(clinic.open_conflicts(), [0, 0]);
    clinic.everybody_shows(second.id, Some(second));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phone_numbers_stand_until_somebody_decides() {
    let clinic = Clinic::new(3).await;
    let worker = Worker { id: Id::new(), badge: "1".into(), phone: None };
    clinic.devices[0].insert(&worker).unwrap();
    clinic.settle().await;
    for (device, phone) in [(0, "555-1"), (1, "555-2")] {
        let mut record = clinic.devices[device].get(worker.id).unwrap().unwrap();
        record.phone = Some(phone.into());
        clinic.devices[device].update(&mut record).unwrap();
        later();
    }
    clinic.settle().await;
    assert_eq!(clinic.open_conflicts(), [1, 1, 1]);
    let conflict = clinic.devices[2].conflicts().unwrap().remove(0);
    let values: Vec<_> = conflict.candidates.iter().map(|c| c.values[0].clone()).collect();
    assert_eq!(values, [text("555-1"), text("555-2")]);
    assert_eq!(conflict.candidates[0].device, clinic.devices[0].device_id());
    clinic.devices[2].resolve(&conflict, Answer::Candidate(0)).unwrap();
    clinic.settle().await;
    clinic.everybody_shows(worker.id, Some(Worker { phone: Some("555-1".into()), ..worker.clone() }));
    assert_eq!(clinic.open_conflicts(), [0, 0, 0]);
}

/// A dose from one form and a unit from the other would be a third prescription that nobody wrote.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_under_review_is_decided_as_a_whole() {
    let clinic = Clinic::new(2).await;
    let form = Form { id: Id::new(), dose: 1, unit: "ml".into() };
    clinic.devices[0].insert(&form).unwrap();
    clinic.settle().await;
    let mut here = clinic.devices[0].get(form.id).unwrap().unwrap();
    here.dose = 5;
    clinic.devices[0].update(&mut here).unwrap();
    later();
    let mut there = clinic.devices[1].get(form.id).unwrap().unwrap();
    there.unit = "drops".into();
    clinic.devices[1].update(&mut there).unwrap();
    clinic.settle().await;
    let conflict = clinic.devices[0].conflicts().unwrap().remove(0);
    let values: Vec<_> = conflict.candidates.iter().map(|c| c.values.clone()).collect();
    assert_eq!(values, [[Value::Integer(5), text("ml")], [Value::Integer(1), text("drops")]]);
    clinic.devices[0].resolve(&conflict, Answer::Candidate(0)).unwrap();
    clinic.settle().await;
    clinic.everybody_shows(form.id, Some(Form { dose: 5, ..form.clone() }));
    assert_eq!(clinic.open_conflicts(), [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_deleted_here_and_edited_there_is_asked_about() {
    for (answer, left) in [(Answer::Keep, true), (Answer::Delete, false)] {
        let clinic = Clinic::new(2).await;
        let case = Case { id: Id::new(), state: "open".into() };
        clinic.devices[0].insert(&case).unwrap();
        clinic.settle().await;
        let mut edited = clinic.devices[1].get(case.id).unwrap().unwrap();
        edited.state = "referred".into();
        clinic.devices[1].update(&mut edited).unwrap();
        clinic.devices[0].delete(case.id).unwrap();
        clinic.sync(1).await;
        clinic.settle().await;
        assert_eq!(clinic.open_conflicts(), [1, 1], "the edit won, and everybody is asked");
        let conflict = clinic.devices[1].conflicts().unwrap().remove(0);
        clinic.devices[1].resolve(&conflict, answer).unwrap();
        clinic.settle().await;
        clinic.everybody_shows(case.id, left.then(|| Case { state: "referred".into(), ..case.clone() }));
        assert_eq!(clinic.open_conflicts(), [0, 0]);
    }
}
