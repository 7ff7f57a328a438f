//! The program on two devices.

mod support;

use support::Team;

#[tokio::test(flavor = "multi_thread")]
async fn stock_counts_wherever_it_is_counted() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    one.run(&["depot", "add", "D-1", "Mwanza", "--pallets", "40"]);
    one.run(&["sync"]);
    two.run(&["sync"]);

    let sent = "shipment add S-1 --goods water --pallets 5 --from D-1";
    one.run(&sent.split(' ').collect::<Vec<_>>());
    one.run(&["scan", "add", "S-1", "Kahama", "--warmest", "7.5"]);
    two.run(&["depot", "edit", "D-1", "--pallets", "52"]);
    one.run(&["sync"]);
    two.run(&["sync"]);
    one.run(&["sync"]);

    for device in [&one, &two] {
        assert!(
            device
                .run(&["depot", "list"])
                .contains("Mwanza, 47 pallets")
        );
        assert!(
            device
                .run(&["shipment", "list"])
                .contains("5 pallets of water")
        );
        assert!(device.run(&["scan", "list"]).contains("warmest 7.5"));
        assert!(device.run(&["status"]).contains("pending       0 writes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    one.run(&["depot", "add", "D-1", "Mwanza"]);
    one.run(&["sync"]);
    two.run(&["sync"]);
    one.run(&["depot", "edit", "D-1", "--contact", "0700 1"]);
    two.run(&["depot", "edit", "D-1", "--contact", "0700 2"]);
    one.run(&["sync"]);
    two.run(&["sync"]);

    two.decide("which contact has depot", "0700 1");
    two.run(&["sync"]);
    one.run(&["sync"]);
    assert!(one.run(&["depot", "list"]).contains("call 0700 1"));
    assert_eq!(one.run(&["conflicts"]), "");
}
