//! A pull tells everything that changed, and nothing that need not be told.

use crate::Bench;
use crate::device::{Device, committed, id, news};
use crate::domain::{CATTLE, FARM, NAME, PHONE};
use windrow_protocol::clock::{Mark, Point, Seq};
use windrow_protocol::codec::{Limits, decode_page};
use windrow_protocol::message::{Answer, ProblemKind, Pull};
use windrow_protocol::told::{Cursor, News, Page, Reached};
use windrow_protocol::value::Value;

pub(crate) async fn nothing_new_says_where_the_hub_stands(bench: &dyn Bench) {
    let hub = bench.open(100);
    let mut a = Device::new(1);
    let pages = a.fetch(&*hub).await;
    assert_eq!((pages.len(), pages[0].told.len()), (1, 0));
    assert_ne!(a.checkpoint, Point::START, "even an empty hub has a mark of its own");
    let farm = a.farm(1, "Kongo");
    a.sync(&*hub, vec![farm]).await;
    let pages = a.fetch(&*hub).await;
    assert_eq!((pages.len(), pages[0].told.len(), pages[0].at), (1, 0, hub.head().await.unwrap()));
    assert_eq!(pages[0].highest, a.hlc);
    let page = news(hub.pull(a.pull()).await.unwrap());
    assert!(page.len() < 60, "{} bytes", page.len());
}

pub(crate) async fn a_long_answer_comes_in_pages_and_misses_nothing(bench: &dyn Bench) {
    let hub = bench.open(3);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    for n in 1..=10 {
        // Several of one seq, so that pages end within it.
        let farms = vec![a.farm(n, "before"), a.farm(100 + n, "before")];
        a.sync(&*hub, farms).await;
    }
    let mut pages = vec![b.read(&news(hub.pull(b.pull()).await.unwrap()))];
    assert_eq!(pages[0].told.len(), 3);
    // What b was told, and what it was not told yet, changes between two pages.
    let edits = [1, 10].map(|n| a.set((FARM, id(n)), NAME, Value::Text("after".into()))).into();
    a.sync(&*hub, edits).await;
    while let Some(cursor) = pages.last().and_then(Page::cursor) {
        pages.push(b.read(&news(hub.pull(Pull { cursor: Some(cursor), ..b.pull() }).await.unwrap())));
    }
    let told: usize = pages.iter().map(|p| p.told.len()).sum();
    assert_eq!(told, 21, "each once, but the one that changed after it was told");
    assert_eq!(pages.last().unwrap().at, hub.head().await.unwrap());
    let first = news(hub.pull(b.pull()).await.unwrap());
    b.take(&*hub, first).await;
    assert_eq!(b.rows.len(), 20);
    assert_eq!([1, 2, 10].map(|n| b.rows[&(FARM, id(n))][NAME].clone()), {
        ["after", "before", "after"].map(|text| Value::Text(text.into()))
    });
}

/// The last page of a first sync was read while the device kept the one before. Somebody's commit was answered meanwhile, and the
/// device, which had been called up about it, asked for the rest, was told that this was all, and had not heard of it.
pub(crate) async fn whoever_asks_hears_of_all_that_was_answered(bench: &dyn Bench) {
    let hub = bench.open(3);
    let (mut a, b) = (Device::new(1), Device::new(2));
    let farms = (1..=5).map(|n| a.farm(n, "before")).collect();
    a.sync(&*hub, farms).await;
    let first = b.read(&news(hub.pull(b.pull()).await.unwrap()));
    let farm = a.farm(6, "after");
    a.sync(&*hub, vec![farm]).await;
    let last = b.read(&news(hub.pull(Pull { cursor: first.cursor(), ..b.pull() }).await.unwrap()));
    assert_eq!((last.told.len(), last.next, last.at), (3, None, hub.head().await.unwrap()));
}

/// A page that was read ahead of one question was the answer to another: of a shorter page, of whole ids, by another device.
pub(crate) async fn each_question_has_its_own_answer(bench: &dyn Bench) {
    let hub = bench.open(3);
    let (mut a, b, c) = (Device::new(1), Device::new(2), Device::new(3));
    let farms = (1..=9).map(|n| a.farm(n, "before")).collect();
    a.sync(&*hub, farms).await;
    let first = b.read(&news(hub.pull(b.pull()).await.unwrap()));
    let next = Pull { cursor: first.cursor(), ..b.pull() };
    let others = [
        (Pull { page: 0, ..next.clone() }, 3),
        (Pull { own: vec![first.at], ..next.clone() }, 0),
        (Pull { cursor: first.cursor(), ..c.pull() }, 3),
        (b.pull(), 3),
        (next.clone(), 3),
    ];
    for (pull, told) in others {
        assert_eq!(b.read(&news(hub.pull(b.pull()).await.unwrap())), first);
        let page = b.read(&news(hub.pull(pull.clone()).await.unwrap()));
        assert_eq!(page.told.len(), told, "{pull:?}");
        assert_eq!(page == first, pull.cursor.is_none());
    }
    // The answer was lost, and is asked for once more when what it told has changed.
    let edit = a.set((FARM, id(5)), NAME, Value::Text("after".into()));
    a.sync(&*hub, vec![edit]).await;
    let again = b.read(&news(hub.pull(next).await.unwrap()));
    let mut told: Vec<_> = again.told.iter().map(|told| told.id).collect();
    told.sort_unstable();
    assert_eq!(told, [id(4), id(6), id(7)], "the fifth has moved behind them");
}

pub(crate) async fn a_page_tells_nobody_what_he_wrote(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farm = a.farm(1, "Kongo");
    let sent = a.send(vec![farm]);
    hub.prepare(sent.prepare()).await.unwrap();
    let (at, page) = committed(hub.commit(sent.commit(&a)).await.unwrap());
    a.acknowledge(&sent, at);
    // A day's records came back whole, as many bytes as their author had just paid for.
    assert!(a.take(&*hub, page).await[0].told.is_empty(), "its own record is not echoed");
    b.fetch(&*hub).await;
    let farm = (FARM, id(1));
    let (name, cattle) = (Value::Text("Congo".into()), b.add(farm, CATTLE, 5));
    b.sync(&*hub, vec![cattle]).await;
    let edit = b.set(farm, NAME, name.clone());
    b.sync(&*hub, vec![edit]).await;
    assert_eq!(b.rows[&farm][NAME], Value::Text("Kongo".into()), "its own value is not echoed");
    assert_eq!(b.rows[&farm][CATTLE], Value::Integer(5), "the total of a sum is");
    let pages = a.fetch(&*hub).await;
    assert_eq!(pages[0].told[0].what, News::Patch(vec![(NAME, name), (CATTLE, Value::Integer(5))]));
}

pub(crate) async fn what_is_asked_for_comes_whole_or_is_gone(bench: &dyn Bench) {
    let hub = bench.open(1);
    let mut a = Device::new(1);
    let farms = vec![a.farm(1, "Kongo"), a.farm(2, "Elbe")];
    a.sync(&*hub, farms).await;
    let delete = a.delete((FARM, id(2)));
    a.sync(&*hub, vec![delete]).await;
    let refetch = vec![(FARM, id(9)), (FARM, id(1)), (FARM, id(2)), (FARM, id(1))];
    let page = a.read(&news(hub.pull(Pull { refetch, ..a.pull() }).await.unwrap()));
    let told: Vec<_> = page.told.iter().map(|t| (t.id, matches!(t.what, News::Whole(_)))).collect();
    assert_eq!(told, [(id(1), true), (id(2), false), (id(9), false)]);
    assert_eq!(page.next, None);
}

pub(crate) async fn ids_are_shortened_for_those_who_hold_them(bench: &dyn Bench) {
    let hub = bench.open(100);
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let farms = (1..=50).map(|n| a.farm(n, "before")).collect();
    a.sync(&*hub, farms).await;
    b.fetch(&*hub).await;
    let edits = (1..=50).map(|n| a.set((FARM, id(n)), PHONE, Value::Text("after".into()))).collect();
    a.sync(&*hub, edits).await;
    let short = news(hub.pull(b.pull()).await.unwrap());
    let whole = news(hub.pull(Pull { whole_ids: true, ..b.pull() }).await.unwrap());
    assert_eq!(b.read(&short), b.read(&whole));
    let cut = |page: &[u8]| decode_page(&b.schema, page, &Limits::default()).unwrap().shortened().count();
    assert_eq!((cut(&short), cut(&whole)), (50, 0));
}

pub(crate) async fn a_cursor_of_another_past_is_noticed(bench: &dyn Bench) {
    let hub = bench.open(1);
    let (mut a, b) = (Device::new(1), Device::new(2));
    let farms = vec![a.farm(1, "Kongo"), a.farm(2, "Elbe")];
    a.sync(&*hub, farms).await;
    let cursor = b.read(&news(hub.pull(b.pull()).await.unwrap())).cursor().unwrap();
    let mark = Mark(cursor.head.mark.0 ^ 1);
    let forged = Cursor { head: Point { mark, ..cursor.head }, ..cursor };
    let beyond = Cursor { head: Point { seq: Seq::from_bits(9).unwrap(), ..cursor.head }, ..cursor };
    for cursor in [forged, beyond] {
        assert_eq!(hub.pull(Pull { cursor: Some(cursor), ..b.pull() }).await.unwrap(), Answer::Astray);
    }
    let nowhere = Cursor { reached: Reached { table: 4, ..cursor.reached }, ..cursor };
    let problem = hub.pull(Pull { cursor: Some(nowhere), ..b.pull() }).await.unwrap_err().into_problem();
    assert_eq!(problem.kind, ProblemKind::Malformed);
}
