//! Hundreds of forged and hostile requests to each address: none is accepted, none changes anything, each is told why.

use crate::request::Raw;
use crate::team::{Team, farm, first_requests, token};
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use std::time::Duration;
use windrow::Store;
use windrow::hub::{CODE_LASTS, Whom};
use windrow::identity::Role;
use windrow::sync::TokenFile;
use windrow_protocol::chunk::{Chunk, Parcel};
use windrow_protocol::message::{Digest, SessionId, to_bytes};

/// Distinct requests to each address.
const EACH: usize = 500;
/// Of them, those of a device that is revoked while it speaks. Each is a device of its own.
const MID_SESSION: usize = 12;
const MESSAGE: &str = "application/vnd.windrow";
const JSON: &str = "application/json";

/// An address, and a request that it accepts.
struct Target {
    good: Raw,
    /// Tokens that are live, and may not do this. For enrolments, codes that are not good any more, and a device of another
    /// user.
    unfit: Vec<String>,
}

/// A hub with all there is to attack, and what stands there.
struct Scene {
    team: Team,
    /// Tokens that have ended: revoked, replaced.
    ended: Vec<String>,
    targets: Vec<Target>,
}

fn post(path: &str, media: &str, body: Vec<u8>) -> Raw {
    let raw = Raw { method: "POST".into(), path: path.into(), headers: vec![], body, says: None };
    raw.with("content-type", media)
}

fn get(path: &str) -> Raw {
    Raw { method: "GET".into(), path: path.into(), headers: vec![], body: vec![], says: None }
}

impl Scene {
    async fn new() -> Scene {
        let team = Team::new().await;
        let (ada, ben) = (team.device("Ada", Role::Field).await, team.device("Ben", Role::Field).await);
        let cleo = team.device("Cleo", Role::Reviewer).await;
        let id = conflict(&team, &ada, &ben).await;
        let gone = team.device("Gone", Role::Admin).await;
        let mut ended = vec![token(&gone)];
        team.registry().revoke(&Whom::Device(gone.device_id())).unwrap();
        let anew = team.device("Anew", Role::Admin).await;
        ended.push(token(&anew));
        team.enrols(&anew, "Anew", Role::Admin).await;

        ada.insert(&farm("not committed")).unwrap();
        let (prepare, commit) = first_requests(&ada, &team.endpoint(&ada)).await;
        let (field, review) = (vec![token(&ada), token(&ben)], vec![token(&ben), token(&cleo)]);
        let of_ada =
            |path: &str, body| Target { good: post(path, MESSAGE, body).bearing(&token(&ada)), unfit: review.clone() };
        let of_cleo = |good: Raw| Target { good: good.bearing(&token(&cleo)), unfit: field.clone() };
        let total = u32::try_from(prepare.payload.len()).unwrap();
        let (device, digest) = (ada.device_id(), Digest::of(&prepare.payload));
        let parcel = Parcel { device, session: SessionId([7; 16]), digest, total };
        let chunk = Chunk { parcel, offset: 0, bytes: prepare.payload[..prepare.payload.len() / 2].to_vec() };
        let decision = json!({ "table": "farm", "id": id, "about": "fields", "seq": seq(&team, &cleo).await, "values": { "phone": "3" } });
        let late = team.registry().invite("Dora", Role::Admin, Duration::ZERO).unwrap();
        let void = team.code("Void", Role::Admin);
        team.registry().revoke(&Whom::User("Void".into())).unwrap();
        let used = team.code("Used", Role::Admin);
        windrow::enrol(&team.store("used.db"), &team.url(), &used.to_string()).await.unwrap();
        let mut dead: Vec<String> = [late, void, used].iter().map(ToString::to_string).collect();
        dead.push(ada.device_id().hex());
        let dia = team.device("Dia", Role::Field).await;
        dia.insert(&farm("brought")).unwrap();
        let sealed = windrow::bundle::export(&dia, &TokenFile::beside(&dia), None).unwrap();
        let code = team.code("Dora", Role::Field).to_string();
        let enrol = json!({ "code": code, "device": "00000000000000aa", "token": "A".repeat(43) });
        let targets = vec![
            of_ada("/v1/pull", to_bytes(&commit.pull).unwrap()),
            of_ada("/v1/prepare", to_bytes(&prepare).unwrap()),
            of_ada("/v1/upload", chunk.to_bytes().unwrap()),
            of_ada("/v1/commit", to_bytes(&commit).unwrap()),
            // Whoever is let in at all may listen.
            Target { good: get("/v1/news").bearing(&token(&ada)), unfit: vec![] },
            of_cleo(get("/v1/conflicts")),
            of_cleo(get(&format!("/v1/history?table=farm&id={id}"))),
            of_cleo(post("/v1/resolve", JSON, decision.to_string().into_bytes())),
            Target { good: post("/v1/enrol", JSON, enrol.to_string().into_bytes()), unfit: dead },
            // What is within says whose it is.
            Target { good: post("/v1/bundle", MESSAGE, sealed), unfit: vec![] },
        ];
        Scene { team, ended, targets }
    }

    /// Everything that a request could have changed, as it stands in the hub's files.
    async fn stands(&self) -> String {
        let hub = windrow::rusqlite::Connection::open(self.team.path("hub.db")).unwrap();
        let all = [
            "SELECT hex(id), name, phone FROM farm ORDER BY id",
            "SELECT hex(id), state, seq FROM windrow_sessions ORDER BY id",
            "SELECT hex(id), device, received FROM windrow_uploads ORDER BY id",
            "SELECT number, seq, detail FROM windrow_history ORDER BY number",
            "SELECT name, role FROM windrow_users ORDER BY user",
            "SELECT hex(hash), device, ended_at FROM windrow_tokens ORDER BY hash",
            "SELECT hex(hash), user, used_at FROM windrow_codes ORDER BY hash",
        ];
        let mut stands = format!("{:?}", self.team.hub.store().head().await.unwrap());
        for sql in all {
            let mut query = hub.prepare(sql).unwrap();
            let columns = query.column_count();
            let mut rows = query.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                (0..columns).for_each(|at| stands += &format!(" {:?}", row.get_ref(at).unwrap()));
            }
        }
        stands + &std::fs::read_to_string(self.team.path("hub.db.revoked")).unwrap()
    }
}

/// A farm with two telephone numbers; its id.
async fn conflict(team: &Team, ada: &Store, ben: &Store) -> String {
    let kibo = farm("Kibo");
    ada.insert(&kibo).unwrap();
    for store in [ada, ben] {
        team.sync(store).await.unwrap();
    }
    for (store, phone) in [(ada, "1"), (ben, "2")] {
        let phone = windrow::rusqlite::params![phone];
        store.connection().unwrap().execute("UPDATE farm SET phone = ?1", phone).unwrap();
        team.sync(store).await.unwrap();
    }
    kibo.id.to_string()
}

async fn seq(team: &Team, cleo: &Store) -> Json {
    team.ask(cleo, "/v1/conflicts", None).await.1["conflicts"][0]["seq"].clone()
}

/// A way to forge.
type Forge = fn(&mut fastrand::Rng, &Target, &[String]) -> Option<Raw>;

/// Those for requests that carry a token.
const TOKENS: [Forge; 5] = [missing, garbled, unknown, ended, anothers];
/// Those for whatever comes with a body.
const BODIES: [Forge; 5] = [version, oversized, cut, shortened, wrong_type];

/// Those for chunks, of which as much is kept as arrives.
const CHUNKS: [Forge; 4] = [version, oversized, damaged, wrong_type];
/// Those for bundles, whose type nobody need name.
const BUNDLES: [Forge; 5] = [version, oversized, cut, shortened, touched];

fn text(rng: &mut fastrand::Rng, longest: usize) -> String {
    let length = rng.usize(1..=longest);
    (0..length).map(|_| rng.choice(b"ABCxyz0189-_".iter()).map_or('A', |b| char::from(*b))).collect()
}

/// No token, or nothing where one should be, in whatever words.
fn missing(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let bare = target.good.clone().without("authorization").with("x-request-id", text(rng, 20));
    let empty = ["", "Bearer", "Bearer ", "bearer  ", "Bearer \t", "null", "Bearer null", "Bearer undefined"];
    Some(match rng.usize(0..empty.len() * 2) {
        at if at < empty.len() => bare.with("authorization", empty[at]),
        _ => bare,
    })
}

/// A token that is almost one, twice, in another scheme or header, or bytes of no alphabet.
fn garbled(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let token = of(target)?;
    let bare = target.good.clone().without("authorization");
    let at = rng.usize(0..token.len());
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    let flipped = format!("{}{other}{}", &token[..at], &token[at + 1..]);
    Some(match rng.u8(0..9) {
        0 => bare.bearing(&flipped),
        1 => bare.bearing(&token[..at]),
        2 => bare.bearing(&format!("{token}{}", text(rng, 8))),
        3 => bare.clone().bearing(&token).with("authorization", format!("Bearer {flipped}")),
        4 => bare.with("authorization", format!("{} {token}", text(rng, 8))),
        5 => bare.with("authorization", format!("Basic {token}{}", text(rng, 4))),
        6 => bare.with("x-authorization", format!("Bearer {token}")).with("cookie", text(rng, 20)),
        7 => bare.with("authorization", [b"Bearer ".to_vec(), (0..43).map(|_| rng.u8(128..)).collect()].concat()),
        _ => bare.with("authorization", format!("Bearer {}", text(rng, 2_000))),
    })
}

/// A token as the hub gives them, and gave none: of a hub that was wiped, or guessed.
fn unknown(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut token: String = (0..42).map(|_| rng.alphanumeric()).collect();
    // The last digit stands for four bits.
    token.extend(rng.choice(b"AEIMQUYcgkosw048").map(|digit| char::from(*digit)));
    of(target).map(|_| target.good.clone().bearing(&token))
}

/// One that was revoked or replaced.
fn ended(rng: &mut fastrand::Rng, target: &Target, ended: &[String]) -> Option<Raw> {
    of(target)?;
    Some(target.good.clone().bearing(rng.choice(ended)?).with("x-request-id", text(rng, 20)))
}

/// A live one, of another device or of a user with a lesser role: the request itself is a good one that was overheard.
fn anothers(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    Some(target.good.clone().bearing(rng.choice(&target.unfit)?).with("x-request-id", text(rng, 20)))
}

/// Of a version that is none.
fn version(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = target.good.clone();
    if raw.body.starts_with(b"WR") && rng.bool() {
        raw.body[2] = raw.body[2].wrapping_add(rng.u8(1..));
        raw.body.truncate(rng.usize(3..=raw.body.len()));
        return Some(raw);
    }
    let version = rng.choice(["v2", "v0", "v01", "V1", "v1.0", "v11", "latest", ""])?;
    raw.path = raw.path.replacen("v1", version, 1);
    Some(raw.with("x-request-id", text(rng, 20)))
}

/// Longer than anything may be, as it says itself.
fn oversized(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = has_body(target)?;
    raw.says = Some(rng.u64((33 << 20)..1 << 50));
    raw.body.truncate(rng.usize(0..=raw.body.len()));
    Some(raw)
}

/// The connection ends before the body does.
fn cut(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = has_body(target)?;
    raw.says = Some(raw.body.len() as u64);
    raw.body.truncate(rng.usize(0..raw.body.len()));
    Some(raw.with("x-request-id", text(rng, 20)))
}

/// A whole body that ends too early, or goes on too long.
fn shortened(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = has_body(target)?;
    if rng.bool() {
        raw.body.truncate(rng.usize(1..raw.body.len()));
    } else {
        raw.body.extend(text(rng, 30).into_bytes());
    }
    Some(raw)
}

/// A chunk whose head is cut, or was damaged on the way. (Of the bytes behind it as much is kept as arrives whole.)
fn damaged(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = has_body(target)?;
    // Magic and version, device, session, digest, total, offset: more than this in any case.
    let at = rng.usize(3..36);
    raw.body[at] ^= 1 << rng.u8(0..8);
    if rng.bool() {
        raw.body.truncate(rng.usize(1..36));
    }
    Some(raw.with("x-request-id", text(rng, 20)))
}

/// A bundle that a courier opened, or whose device he would like to be another.
fn touched(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = has_body(target)?;
    let at = rng.usize(0..raw.body.len());
    if rng.bool() {
        raw.body[at] ^= 1 << rng.u8(0..8);
    } else {
        let beyond = raw.body.len().min(at + rng.usize(1..64));
        raw.body[at..beyond].iter_mut().for_each(|byte| *byte = !*byte);
    }
    Some(raw.with("x-request-id", text(rng, 20)))
}

/// A body of another type than the address takes: what a web page may send unasked, say.
fn wrong_type(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let raw = has_body(target)?.without("content-type").with("x-request-id", text(rng, 20));
    let other =
        ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "*/*", "", "json"];
    // A message may go without where a token says that it was sent on purpose.
    let message = target.good.headers.iter().any(|(_, value)| value == MESSAGE.as_bytes());
    Some(match rng.usize(0..other.len() + usize::from(!message)) {
        at if at < other.len() => raw.with("content-type", other[at]),
        _ => raw,
    })
}

/// An address that is almost one, or a method that does something else. `good` for paths that name another address even to
/// somebody who is known, as a stranger for those that a server may take for the same.
fn path(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let mut raw = target.good.clone().with("x-request-id", text(rng, 20));
    let (path, query) = raw.path.split_once('?').unwrap_or((&raw.path, ""));
    let name = path.strip_prefix("/v1/")?.to_owned();
    let elsewhere = [
        format!("/v1//{name}"),
        format!("//v1/{name}"),
        format!("/v1/./{name}"),
        format!("/v1/../v1/{name}"),
        format!("/v1/{name}/.."),
        format!("/v1/{name}/{}", text(rng, 9)),
        format!("/v1/{name}%00"),
        format!("/v1/{name}%20"),
        format!("/v1/{name};{}", text(rng, 9)),
        format!("/v1/{}", name.to_uppercase()),
        format!("/v1/%{:02x}{}", name.as_bytes()[0], &name[1..]),
        format!("/v1%2f{name}"),
        format!("/{}/v1/{name}", text(rng, 9)),
        format!("/healthz/../v1/{name}"),
        format!("/{name}"),
    ];
    if rng.bool() {
        raw.path = format!("{}?{query}", rng.choice(elsewhere)?);
        return Some(raw);
    }
    let mut methods = vec!["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"];
    methods.retain(|method| *method != target.good.method);
    if rng.bool() {
        raw.method = rng.choice(methods)?.to_owned();
        return Some(raw.with("x-http-method-override", target.good.method.clone()));
    }
    of(target)?;
    let same = [format!("/v1/{name}/"), format!("http://hub/v1/{name}"), format!("/v1/{name}?token={}", text(rng, 43))];
    raw.path = rng.choice(same)?;
    Some(raw.without("authorization").with("x-forwarded-for", "127.0.0.1"))
}

/// Codes that are wrong or used, devices that are none or somebody's, tokens that are none, JSON that is none.
fn enrolment(rng: &mut fastrand::Rng, target: &Target, _: &[String]) -> Option<Raw> {
    let good: Json = serde_json::from_slice(&target.good.body).ok()?;
    let mut said = good.clone();
    let code = good["code"].as_str()?.to_owned();
    let at = rng.usize(0..5);
    let other = if &code[at..=at] == "Z" { "Y" } else { "Z" };
    let wrong = format!("{}{other}{}{}", &code[..at], &code[at + 1..code.len() - 1], rng.digit(10));
    let (taken, dead) = target.unfit.split_last()?;
    let (key, value) = match rng.u8(0..10) {
        0 => ("code", json!(wrong)),
        1 => ("code", json!(text(rng, 40))),
        2 => ("code", rng.choice([json!(null), json!(""), json!(7), json!([code]), json!({ "code": code })])?),
        3 => ("device", json!(text(rng, 30))),
        4 => {
            ("device", rng.choice([json!(null), json!(""), json!("0".repeat(16)), json!("f".repeat(16)), json!(170)])?)
        }
        5 => ("token", json!(text(rng, 42))),
        6 => ("token", rng.choice([json!(null), json!(""), json!("=".repeat(43)), json!(["A".repeat(43)])])?),
        7 => ("code", json!(rng.choice(dead)?)),
        8 => ("device", json!(taken)),
        _ => ("said", json!(0)),
    };
    if key == "said" {
        let gone = rng.choice(["code", "device", "token"])?;
        said.as_object_mut()?.remove(gone);
    } else {
        said[key] = value;
    }
    said["note"] = json!(text(rng, 20));
    Some(Raw { body: said.to_string().into_bytes(), ..target.good.clone() })
}

/// The token that the good request carries.
fn of(target: &Target) -> Option<String> {
    let (_, value) = target.good.headers.iter().find(|(name, _)| *name == "authorization")?;
    Some(String::from_utf8_lossy(value).strip_prefix("Bearer ")?.to_owned())
}

fn has_body(target: &Target) -> Option<Raw> {
    Some(target.good.clone()).filter(|raw| !raw.body.is_empty())
}

/// So many distinct ones, by all ways that the address has.
fn forged(rng: &mut fastrand::Rng, target: &Target, ended: &[String]) -> Vec<Raw> {
    let (special, bodies): (&[Forge], &[Forge]) = match &*target.good.path {
        "/v1/enrol" => (&[enrolment, enrolment, enrolment], &BODIES),
        "/v1/upload" => (&TOKENS, &CHUNKS),
        // It shows no token.
        "/v1/bundle" => (&[], &BUNDLES),
        _ => (&TOKENS, &BODIES),
    };
    let ways: Vec<Forge> = special.iter().chain(bodies).chain(&[path as Forge, path]).copied().collect();
    let (mut seen, mut all) = (HashSet::new(), Vec::new());
    for way in ways.iter().cycle().take(100 * EACH) {
        let fresh = way(rng, target, ended).filter(|raw| seen.insert(raw.bytes()));
        all.extend(fresh);
        if all.len() >= EACH {
            break;
        }
    }
    all
}

/// A tablet was stolen with a session under way, a laptop in the same network replayed what it overheard, and a program tried
/// all that came to its mind at every address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_forged_request_is_accepted_or_changes_anything() {
    let scene = Scene::new().await;
    let (addr, before) = (scene.team.hub.local_addr(), scene.stands().await);
    let mut rng = fastrand::Rng::with_seed(4711);
    for target in &scene.targets {
        let all = forged(&mut rng, target, &scene.ended);
        assert!(all.len() >= EACH, "{}: {}", target.good.path, all.len());
        for raw in &all {
            let answer = raw.send(addr);
            let cut_off = answer.status.is_none() && raw.says.is_some();
            let told = || format!("{}\n{answer:?}", String::from_utf8_lossy(&raw.bytes()));
            assert!(answer.is_problem() || cut_off, "{}", told());
        }
    }
    assert_eq!(scene.stands().await, before);
    // And each of the good ones, from which they were made, would have been accepted.
    for target in &scene.targets {
        let answer = target.good.send(addr);
        assert_eq!(answer.status, Some(200), "{}: {answer:?}", target.good.path);
    }
    assert_ne!(scene.stands().await, before);
}

/// An address, and what goes there: its type and bytes.
type Asked = (String, Option<(&'static str, Vec<u8>)>);

/// The hub looked a token up when the connection came, and whoever kept the connection open went on for days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_holds_from_the_next_request_on_the_same_connection_too() {
    let team = Team::new().await;
    let registry = team.registry();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for n in 0..MID_SESSION {
        let store = team.store(&format!("{n}.db"));
        let code = registry.invite(&format!("user {n}"), Role::Reviewer, CODE_LASTS).unwrap().to_string();
        windrow::enrol(&store, &team.url(), &code).await.unwrap();
        store.insert(&farm("unsent")).unwrap();
        let (prepare, commit) = first_requests(&store, &team.endpoint(&store)).await;
        let (client, token) = (reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap(), token(&store));
        let ask = async |path: &str, body: Option<(&str, Vec<u8>)>| {
            let url = format!("{}{path}", team.url());
            let request = match body {
                Some((media, body)) => client.post(url).header("content-type", media).body(body),
                None => client.get(url),
            };
            let response = request.bearer_auth(&token).send().await.unwrap();
            let status = response.status().as_u16();
            (status, serde_json::from_slice::<Json>(&response.bytes().await.unwrap()).unwrap_or_default())
        };
        assert_eq!(ask("/v1/conflicts", None).await.0, 200);
        registry.revoke(&Whom::Device(store.device_id())).unwrap();
        let messages = [to_bytes(&prepare), to_bytes(&commit), to_bytes(&commit.pull)].map(Result::unwrap);
        let paths = ["/v1/prepare", "/v1/commit", "/v1/pull"];
        let mut asked: Vec<Asked> =
            paths.iter().zip(messages).map(|(path, body)| ((*path).to_owned(), Some((MESSAGE, body)))).collect();
        asked.push(("/v1/news".into(), None));
        asked.push(("/v1/conflicts".into(), None));
        asked.push((format!("/v1/history?table=farm&id={id}"), None));
        asked.push(("/v1/resolve".into(), Some((JSON, b"{}".to_vec()))));
        for (path, body) in asked {
            let (status, problem) = ask(&path, body).await;
            assert_eq!((status, &problem["type"]), (401, &json!("revoked")), "{path}");
        }
    }
    assert_eq!(team.farms(), 0);
}
