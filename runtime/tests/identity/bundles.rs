//! Bundles: devices that have no link, and whoever carries their files.

use crate::team::{FARMS, Farm, Team, farm, token};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use windrow::bundle::{self, BundleError, DeviceKey, HubKey, Imported};
use windrow::hub::{Backup, HubError, HubStore, OpenHub, Registry, SqliteHub, Whom, answer_bundle, backup};
use windrow::identity::{Role, Token};
use windrow::sync::{FailureKind, TokenFile};
use windrow::{Endpoint, Store};
use windrow_protocol::message::{Problem, ProblemKind, Retry};
use windrow_protocol::session::Finish;

fn export(store: &Store) -> Vec<u8> {
    bundle::export(store, &TokenFile::beside(store), None).unwrap()
}

async fn carry(team: &Team, bundle: &[u8]) -> Vec<u8> {
    Endpoint::new(&team.url()).unwrap().carry(bundle.to_vec()).await.unwrap()
}

/// There and back, by a courier who loses nothing.
async fn round(team: &Team, store: &Store) -> Imported {
    bundle::import(store, &carry(team, &export(store)).await).unwrap()
}

fn names(store: &Store) -> Vec<String> {
    store.query::<Farm>("ORDER BY name", []).unwrap().into_iter().map(|farm| farm.name.clone()).collect()
}

/// A village without a mast: its tablet was enrolled in town, and from then on a driver took files there and back. What was
/// written before, after and meanwhile must arrive once, also if the driver hands the same stick in twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_that_never_has_a_link_syncs_by_courier() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    ben.insert(&farm("Mawenzi")).unwrap();
    assert_eq!(team.sync(&ben).await.unwrap(), Finish::InSync);
    ada.insert(&farm("Kibo")).unwrap();
    let first = export(&ada);
    ada.insert(&farm("Shira")).unwrap();
    let answers = [carry(&team, &first).await, carry(&team, &first).await];
    assert_eq!(team.farms(), 2);
    assert_eq!(bundle::import(&ada, &answers[1]).unwrap(), Imported::All);
    assert_eq!((names(&ada).join(" "), ada.pending().unwrap()), ("Kibo Mawenzi Shira".into(), 1));
    // The same answer again, and the other one of the same bundle.
    for answer in &answers {
        assert_eq!(bundle::import(&ada, answer).unwrap(), Imported::Nothing);
    }
    assert_eq!(round(&team, &ada).await, Imported::All);
    assert_eq!((ada.pending().unwrap(), team.farms()), (0, 3));
    team.sync(&ben).await.unwrap();
    assert_eq!(names(&ben), names(&ada));
    // Nothing to send is a question too.
    ben.insert(&farm("Meru")).unwrap();
    team.sync(&ben).await.unwrap();
    assert_eq!(round(&team, &ada).await, Imported::All);
    assert_eq!(names(&ben), names(&ada));
}

/// The driver was on the way for a week, and in that week the tablet came to town.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_was_overtaken_by_the_network_does_no_harm() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    ada.insert(&farm("Kibo")).unwrap();
    let (late, lost) = (export(&ada), export(&ada));
    assert_ne!(late, lost, "each is sealed anew");
    assert_eq!(team.sync(&ada).await.unwrap(), Finish::InSync);
    assert_eq!(team.farms(), 1);
    let answer = carry(&team, &late).await;
    assert_eq!(team.farms(), 1);
    assert_eq!(bundle::import(&ada, &answer).unwrap(), Imported::Nothing);
    // A question whose answer is late: what it tells is known by now.
    let asked = export(&ada);
    ada.insert(&farm("Shira")).unwrap();
    let answer = carry(&team, &asked).await;
    team.sync(&ada).await.unwrap();
    assert_eq!(bundle::import(&ada, &answer).unwrap(), Imported::Nothing);
    assert_eq!((team.farms(), ada.pending().unwrap()), (2, 0));
}

/// The first answer to a new tablet is everything there is: many pages, of which one bundle brought the first only.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_many_pages_comes_in_one_bundle() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    (0..25).for_each(|n| ben.insert(&farm(&format!("farm {n}"))).unwrap());
    team.sync(&ben).await.unwrap();
    let small = SqliteHub::open(team.path("hub.db")).unwrap().page_records(3).open_for(&FARMS).unwrap();
    let registry = Arc::new(team.registry());
    for brings in ["nothing", "Kibo"] {
        let eve = team.device(&format!("Eve with {brings}"), Role::Field).await;
        if brings == "Kibo" {
            eve.insert(&farm("Kibo")).unwrap();
        }
        let answer = answer_bundle(&*small, &registry, export(&eve)).await.unwrap();
        assert_eq!(bundle::import(&eve, &answer).unwrap(), Imported::All);
        assert_eq!(names(&eve).len(), 25 + usize::from(brings == "Kibo"));
    }
    assert_eq!(names(&ada).len(), 0);
}

/// A hub that was put back to yesterday hears by bundles alone what it lost, and the tablet asks by bundles alone what that is.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_hub_and_a_tablet_without_a_link_find_their_common_past() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    ada.insert(&farm("Kibo")).unwrap();
    assert_eq!(round(&team, &ada).await, Imported::All);
    let Backup { seq, .. } = backup(&team.path("hub.db"), &team.path("yesterday.db")).unwrap();
    assert!(seq.bits() > 0);
    std::fs::copy(team.path("hub.db.key"), team.path("yesterday.db.key")).unwrap();
    ada.insert(&farm("Shira")).unwrap();
    assert_eq!(round(&team, &ada).await, Imported::All);

    let restored = SqliteHub::open(team.path("yesterday.db")).unwrap().open_for(&FARMS).unwrap();
    let registry = Arc::new(Registry::open(team.path("yesterday.db")).unwrap());
    ada.insert(&farm("Meru")).unwrap();
    let mut imported = Vec::new();
    while imported.last() != Some(&Imported::All) {
        let answer = answer_bundle(&*restored, &registry, export(&ada)).await.unwrap();
        imported.push(bundle::import(&ada, &answer).unwrap());
        assert!(imported.len() < 8, "{imported:?}");
    }
    assert!(imported.len() > 1, "the first said that they have no common past: {imported:?}");
    let farms = windrow::rusqlite::Connection::open(team.path("yesterday.db")).unwrap();
    let farms: i64 = farms.query_row("SELECT count(*) FROM farm", [], |row| row.get(0)).unwrap();
    assert_eq!((farms, names(&ada).len(), ada.pending().unwrap()), (3, 3, 0));
}

/// The tablets of a team that had enrolled before there were bundles: neither side knew the other's key.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_enrolled_before_there_were_bundles_needs_one_session_and_the_hubs_key() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    let hub = windrow::rusqlite::Connection::open(team.path("hub.db")).unwrap();
    hub.execute_batch("DELETE FROM windrow_keys; UPDATE windrow_tokens SET seen_at = NULL").unwrap();
    let words = std::fs::read_to_string(team.path("Ada.db.token")).unwrap();
    let (key, users) = words.split_once('\n').unwrap();
    std::fs::write(team.path("Ada.db.token"), users).unwrap();
    let tokens = TokenFile::beside(&ada);
    assert!(matches!(bundle::export(&ada, &tokens, None), Err(BundleError::NoHubKey)));
    let key = Some(key.strip_prefix("hub ").unwrap().parse().unwrap());
    assert_eq!(key, Some(team.registry().key().unwrap().public()));
    let sealed = bundle::export(&ada, &tokens, key).unwrap();
    let courier = Endpoint::new(&team.url()).unwrap();
    assert_eq!(courier.carry(sealed.clone()).await.unwrap_err().kind, FailureKind::Unauthorised);
    team.sync(&ada).await.unwrap();
    // That the device was seen is noted beside its request.
    for _ in 0..200 {
        if hub.query_row("SELECT count(*) FROM windrow_keys", [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    courier.carry(sealed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_not_enrolled_is_told_so() {
    let team = Team::new().await;
    let store = team.store("eve.db");
    let nobody = bundle::export(&store, &TokenFile::beside(&store), Some(HubKey::draw().unwrap().public()));
    assert!(matches!(nobody, Err(BundleError::NotEnrolled)));
}

/// A hub, as a bundle meets it.
struct Gate {
    store: Arc<dyn HubStore>,
    registry: Arc<Registry>,
}

impl Gate {
    fn of(team: &Team) -> Gate {
        Gate { store: team.hub.store().clone(), registry: Arc::new(team.registry()) }
    }

    /// What a bundle is refused with; nothing of it was done.
    async fn refuses(&self, bundle: Vec<u8>) -> Problem {
        let head = self.store.head().await.unwrap();
        match answer_bundle(&*self.store, &self.registry, bundle).await {
            Err(HubError::Problem(problem)) if self.store.head().await.unwrap() == head => problem,
            other => panic!("{other:?}"),
        }
    }
}

/// What stands before the ciphertext.
const HEAD: usize = 2 + 1 + 8 + 32 + 32;

/// A courier who is curious, clumsy or worse: whatever is done to a file, nothing of it is taken, and the hub says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_was_touched_is_refused_whole() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    ada.insert(&farm("Kibo")).unwrap();
    let (gate, sealed) = (Gate::of(&team), export(&ada));
    for secret in [&b"Kibo"[..], b"windrow", token(&ada).as_bytes(), &ada.device_id().bits().to_be_bytes()] {
        assert!(!sealed.windows(secret.len()).any(|part| part == secret), "it can be read");
    }
    // Every bit of the head: some of a key's are none to X25519, and must count all the same.
    let bits = |at: usize| if at < HEAD { 0..8 } else { at % 8..at % 8 + 1 };
    for (at, bit) in (0..sealed.len()).flat_map(|at| bits(at).map(move |bit| (at, bit))) {
        let mut touched = sealed.clone();
        touched[at] ^= 1 << bit;
        let problem = gate.refuses(touched).await;
        let expected = match at {
            0 | 1 | 3..11 => ProblemKind::Malformed,
            2 => ProblemKind::UnknownVersion,
            11..43 => ProblemKind::Unauthenticated,
            _ => ProblemKind::Damaged,
        };
        assert_eq!(problem.kind, expected, "bit {bit} of byte {at}: {problem:?}");
    }
    for length in 0..sealed.len() {
        let kind = gate.refuses(sealed[..length].to_vec()).await.kind;
        let expected = if length < 3 { ProblemKind::Malformed } else { ProblemKind::Damaged };
        assert_eq!(kind, expected, "cut to {length} bytes");
    }
    let longer = [&sealed[..], b"x"].concat();
    assert_eq!(gate.refuses(longer).await.kind, ProblemKind::Damaged);
    let other = gate.refuses(b"PK\x03\x04".to_vec()).await;
    assert_eq!((other.kind, other.retry), (ProblemKind::Malformed, Retry::Never));
    assert_eq!(team.farms(), 0);
    carry(&team, &sealed).await;
    assert_eq!(team.farms(), 1);
}

/// The head of one bundle before the rest of another: each part is good by itself.
#[tokio::test(flavor = "multi_thread")]
async fn parts_of_two_bundles_make_none() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    ada.insert(&farm("Kibo")).unwrap();
    ben.insert(&farm("Mawenzi")).unwrap();
    let (gate, of_ada, again, of_ben) = (Gate::of(&team), export(&ada), export(&ada), export(&ben));
    for (head, rest) in [(&of_ada, &again), (&of_ben, &of_ada)] {
        let mixed = [&head[..HEAD], &rest[HEAD..]].concat();
        assert_eq!(gate.refuses(mixed).await.kind, ProblemKind::Damaged);
        let named = [&head[..43], &rest[43..]].concat();
        if named != *rest {
            assert_eq!(gate.refuses(named).await.kind, ProblemKind::Damaged);
        }
    }
}

/// Ben's program sealed, with his own key, what says that it is Ada's.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_seals_in_another_devices_name() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    ada.insert(&farm("Kibo")).unwrap();
    let (gate, hub) = (Gate::of(&team), team.registry().key().unwrap().public());
    let key = |store: &Store| DeviceKey::of(&token(store).parse::<Token>().unwrap());
    let session = ada.session();
    session.load(false, false).unwrap();
    let forged = bundle::write(&session, &key(&ben), &hub).unwrap();
    assert_eq!(gate.refuses(forged).await.kind, ProblemKind::Forbidden);
    // A key that nobody enrolled with.
    let drawn = "A".repeat(42) + "Q";
    let stranger = DeviceKey::of(&drawn.parse::<Token>().unwrap());
    let forged = bundle::write(&session, &stranger, &hub).unwrap();
    assert_eq!(gate.refuses(forged).await.kind, ProblemKind::Unauthenticated);
    // Another hub's.
    let other = HubKey::draw().unwrap().public();
    let problem = gate.refuses(bundle::write(&session, &key(&ada), &other).unwrap()).await;
    assert_eq!(problem.kind, ProblemKind::Malformed);
    assert!(problem.detail.contains(&hub.to_string()), "it says which key is right: {problem}");
    // Nothing can be sealed to what is no key.
    let none = "A".repeat(43).parse().unwrap();
    assert!(matches!(bundle::write(&session, &key(&ada), &none), Err(BundleError::HubKey)));
    assert_eq!(team.farms(), 0);
}

/// A stolen tablet was revoked; its bundle was on the way already.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_devices_bundle_is_refused() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    ada.insert(&farm("Kibo")).unwrap();
    let sealed = export(&ada);
    team.registry().revoke(&Whom::Device(ada.device_id())).unwrap();
    let courier = Endpoint::new(&team.url()).unwrap();
    assert_eq!(courier.carry(sealed).await.unwrap_err().kind, FailureKind::Revoked);
    assert_eq!(team.farms(), 0);
    // It enrols again: another token, another key, and what was pending is there.
    team.enrols(&ada, "Ada", Role::Field).await;
    assert_eq!(round(&team, &ada).await, Imported::All);
    assert_eq!(team.farms(), 1);
}

/// Somebody found a stick, and had the bundle on it answered all night.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_not_answered_without_end() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    let (courier, sealed) = (Endpoint::new(&team.url()).unwrap(), export(&ada));
    let mut answered = 0;
    let busy = loop {
        match courier.carry(sealed.clone()).await {
            Ok(_) => answered += 1,
            Err(failure) => break failure,
        }
        assert!(answered < 100);
    };
    assert_eq!((busy.kind, answered >= 12), (FailureKind::Busy, true));
    assert!(busy.retry_after.is_some());
    courier.carry(export(&ben)).await.unwrap();
}

/// Strangers sent bundles of 30 MiB, a byte at a time, until there was room for nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_strangers_bundle_the_head_is_read_and_no_more() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    let mut head = export(&ada)[..HEAD].to_vec();
    head[11] ^= 1;
    let asked = format!("POST /v1/bundle HTTP/1.1\r\nhost: hub\r\ncontent-length: {}\r\n\r\n", 30 << 20);
    let mut stream = TcpStream::connect(team.hub.local_addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&[asked.as_bytes(), &head].concat()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401");
}

/// A hub that lets everybody in knows no device, and a bundle says which it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_a_registry_takes_no_bundles() {
    let folder = tempfile::tempdir().unwrap();
    let hub = SqliteHub::open(folder.path().join("hub.db")).unwrap();
    let open = windrow::Server::new(&FARMS).store(hub).open_to_all().bind("127.0.0.1:0").await.unwrap();
    let courier = Endpoint::new(&format!("http://{}", open.local_addr())).unwrap();
    let refused = courier.carry(vec![0; 100]).await.unwrap_err();
    assert!(refused.detail.contains("takes no bundles"), "{refused}");
}

/// What comes back on a stick may be anybody's: nothing of it may change the tablet's file.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_touched_is_refused_whole() {
    let team = Team::new().await;
    let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
    ben.insert(&farm("Mawenzi")).unwrap();
    team.sync(&ben).await.unwrap();
    ada.insert(&farm("Kibo")).unwrap();
    let sealed = export(&ada);
    let answer = carry(&team, &sealed).await;
    assert!(!answer.windows(7).any(|part| part == b"Mawenzi"), "it can be read");
    for at in 0..answer.len() {
        let mut touched = answer.clone();
        touched[at] ^= 1 << (at % 8);
        let error = bundle::import(&ada, &touched).unwrap_err();
        let fits = match at {
            0 | 1 => matches!(error, BundleError::Foreign | BundleError::NoAnswer),
            2 => matches!(error, BundleError::Version(_)),
            3..19 => matches!(error, BundleError::Unknown),
            _ => matches!(error, BundleError::Damaged),
        };
        assert!(fits, "byte {at}: {error}");
    }
    for length in 0..answer.len() {
        assert!(bundle::import(&ada, &answer[..length]).is_err(), "cut to {length} bytes");
    }
    assert!(matches!(bundle::import(&ada, &sealed), Err(BundleError::NoAnswer)));
    assert!(matches!(bundle::import(&ben, &answer), Err(BundleError::Unknown)));
    // The answer to one bundle under the name of another.
    let again = export(&ada);
    let renamed = [&answer[..3], &carry(&team, &again).await[3..19], &answer[19..]].concat();
    assert!(matches!(bundle::import(&ada, &renamed), Err(BundleError::Damaged)));
    assert_eq!((names(&ada).join(" "), ada.pending().unwrap()), ("Kibo".into(), 1));
    assert_eq!(bundle::import(&ada, &answer).unwrap(), Imported::All);
    assert_eq!(names(&ada).join(" "), "Kibo Mawenzi");
}

/// A thief copied hub.db from a backup: nothing in it opens a bundle or seals one.
#[tokio::test(flavor = "multi_thread")]
async fn the_hubs_file_holds_no_key_that_opens_or_seals() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    round(&team, &ada).await;
    backup(&team.path("hub.db"), &team.path("copy.db")).unwrap();
    let (copy, key) = (std::fs::read(team.path("copy.db")).unwrap(), std::fs::read_to_string(team.path("hub.db.key")));
    let key = key.unwrap().lines().last().unwrap().to_owned();
    let secrets = [key, token(&ada)];
    for secret in &secrets {
        let bits = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, secret).unwrap();
        assert!(!copy.windows(32).any(|part| part == bits), "the bits of {secret}");
        assert!(!copy.windows(43).any(|part| part == secret.as_bytes()), "{secret}");
    }
}

/// Of answers to bundles of long ago a tablet's file would grow without end.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_bundles_are_remembered_and_no_more() {
    let team = Team::new().await;
    let ada = team.device("Ada", Role::Field).await;
    let (first, second) = (export(&ada), export(&ada));
    (0..31).for_each(|_| drop(export(&ada)));
    let first = carry(&team, &first).await;
    assert!(matches!(bundle::import(&ada, &first), Err(BundleError::Unknown)));
    assert_eq!(bundle::import(&ada, &carry(&team, &second).await).unwrap(), Imported::All);
}
