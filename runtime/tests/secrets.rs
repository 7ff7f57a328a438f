//! What a hub and a device log, down to the last detail.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;
use windrow::hub::{CODE_LASTS, Registry, SqliteHub, Whom};
use windrow::identity::Role;
use windrow::sync::{Credentials, TokenFile};
use windrow::{Endpoint, Id, Server, Store, Syncable, bundle};

#[derive(Debug, Clone, PartialEq, Syncable)]
struct Farm {
    id: Id<Farm>,
    name: String,
}

windrow::domain!(FARMS = [Farm]);

/// All that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Log;

    fn make_writer(&self) -> Log {
        self.clone()
    }
}

/// A log was sent along with a question to a forum. In it stood the tokens of all tablets, and a code that nobody had used yet.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_value_stands_in_a_log() {
    let log = Log::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(log.clone()).init();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let registry = Arc::new(Registry::open(&path).unwrap());
    let server = Server::new(&FARMS).store(SqliteHub::open(&path).unwrap()).registry(registry.clone());
    let hub = server.bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://name:hush@{}", hub.local_addr());

    let store = Store::open(folder.path().join("ada.db"), &FARMS).unwrap();
    store.insert(&Farm { id: Id::new(), name: "Kilimanjaro".into() }).unwrap();
    let code = registry.invite("Ada", Role::Field, CODE_LASTS).unwrap().to_string();
    windrow::enrol(&store, &url, &code).await.unwrap();
    let endpoint = Endpoint::for_device(&url, &store).unwrap();
    windrow::sync(&store, &endpoint).await.unwrap();
    let sealed = bundle::export(&store, &TokenFile::beside(&store), None).unwrap();
    bundle::import(&store, &endpoint.carry(sealed.clone()).await.unwrap()).unwrap();
    assert!(endpoint.carry(sealed[1..].to_vec()).await.is_err());
    // What is turned away is logged too.
    assert!(windrow::enrol(&store, &url, &code).await.is_err());
    registry.revoke(&Whom::User("Ada".into())).unwrap();
    assert!(windrow::sync(&store, &endpoint).await.is_err());
    hub.shutdown().await;

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("a device has enrolled") && logged.contains("turned down"), "{logged}");
    let words = TokenFile::beside(&store).read().unwrap().unwrap();
    let (keys, tokens): (Vec<_>, Vec<_>) = words.lines().partition(|line| line.starts_with("hub "));
    assert_eq!(keys.len(), 1, "the hub's public key, which is no secret");
    let tokens: Vec<&str> = tokens.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let key = std::fs::read_to_string(folder.path().join("hub.db.key")).unwrap();
    let key = key.lines().last().unwrap();
    assert_eq!(tokens.len(), 2, "Ada's, and the one that no code was left for");
    for secret in [tokens[0], tokens[1], key, &code, &code.replace('-', ""), "hush", "Kilimanjaro"] {
        assert!(!logged.contains(secret), "{logged}");
    }
}
