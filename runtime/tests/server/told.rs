//! What a server tells whoever runs it.

use super::{FARMS, farm, synced, with};
use windrow::Store;
use windrow::server::Limits;

/// A dashboard that shows nothing until something has happened hides that nothing happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_tell_what_happened() {
    let (dir, server) = with(Limits::default()).await;
    let at = |path: &str| format!("http://{}{path}", server.local_addr());
    let store = Store::open(dir.path().join("a.db"), &FARMS).unwrap();
    store.insert(&farm(1)).unwrap();
    synced(&store, &server).await;
    let response = reqwest::get(at("/metrics")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4");
    let page = response.text().await.unwrap();
    let value = |line: &str| {
        let found = page.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{line} is not in\n{page}")).parse::<f64>().unwrap()
    };
    assert_eq!(value("windrow_requests_total{verb=\"commit\",outcome=\"ok\"}"), 1.0);
    assert_eq!(value("windrow_request_seconds_count{verb=\"prepare\"}"), 1.0);
    assert_eq!((value("windrow_seq"), value("windrow_devices")), (1.0, 1.0));
    assert_eq!(value("windrow_requests_total{verb=\"pull\",outcome=\"failed\"}"), 0.0);
    assert!(value("windrow_received_bytes_total") > 300.0 && value("windrow_sent_bytes_total") > 100.0);
    assert!(value("windrow_wal_bytes") > 0.0 && value("windrow_transactions") >= 2.0);
    assert!(value("windrow_connections_open") >= 1.0 && value("windrow_bytes_under_way") >= 0.0);
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (_, number) = line.rsplit_once(' ').unwrap();
        assert!(number.parse::<f64>().is_ok(), "{line}");
    }
    assert_eq!(reqwest::get(at("/readyz")).await.unwrap().text().await.unwrap(), r#"{"status":"ready"}"#);
    server.shutdown().await;
}

/// Somebody reads out what the tablet showed, and the log has ten thousand lines of that minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_problem_names_its_request_and_a_good_answer_pays_for_no_such_header() {
    let (_dir, server) = with(Limits::default()).await;
    let at = |path: &str| format!("http://{}{path}", server.local_addr());
    let ids: Vec<_> = [reqwest::get(at("/none")).await.unwrap(), reqwest::get(at("/none")).await.unwrap()]
        .map(|response| response.headers()["x-request-id"].to_str().unwrap().to_owned())
        .into();
    assert!(ids[0] != ids[1] && ids[0].len() == 16, "{ids:?}");
    assert!(!reqwest::get(at("/healthz")).await.unwrap().headers().contains_key("x-request-id"));
    server.shutdown().await;
}
