//! The program on two devices.

mod support;

use support::Team;

#[tokio::test(flavor = "multi_thread")]
async fn doses_count_wherever_they_are_given() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    one.run(&["household", "add", "17", "Mlowo"]);
    one.run(&["patient", "add", "P-1", "Neema", "--household", "17"]);
    let batch = "batch add M-17 --vaccine measles --expires 2027-06-30 --doses 20";
    one.run(&batch.split(' ').collect::<Vec<_>>());
    one.run(&["sync"]);
    two.run(&["sync"]);

    one.run(&["dose", "add", "P-1", "M-17"]);
    two.run(&["dose", "add", "P-1", "M-17"]);
    two.run(&["household", "edit", "17", "--visited", "2026-03-01"]);
    one.run(&["sync"]);
    two.run(&["sync"]);
    one.run(&["sync"]);

    for device in [&one, &two] {
        assert!(
            device
                .run(&["batch", "list"])
                .contains("measles, 18 doses left")
        );
        assert_eq!(device.run(&["dose", "list"]).matches("to Neema").count(), 2);
        assert!(
            device
                .run(&["household", "list"])
                .contains("last visit 2026-03-01")
        );
        assert!(device.run(&["status"]).contains("pending       0 writes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    one.run(&["household", "add", "17", "Mlowo"]);
    one.run(&["patient", "add", "P-1", "Neema", "--household", "17"]);
    one.run(&["sync"]);
    two.run(&["sync"]);
    one.run(&["patient", "edit", "P-1", "--stays", "died"]);
    two.run(&["patient", "edit", "P-1", "--stays", "moved"]);
    one.run(&["sync"]);
    two.run(&["sync"]);

    two.decide("which stays has patient", "moved");
    two.run(&["sync"]);
    one.run(&["sync"]);
    assert!(one.run(&["patient", "list"]).contains("Neema, moved"));
    assert_eq!(one.run(&["conflicts"]), "");
}
