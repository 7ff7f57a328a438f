//! The program on two devices.

mod support;

use support::Team;

#[tokio::test(flavor = "multi_thread")]
async fn both_counts_count() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    one.run(&["farm", "add", "Kibo", "--cattle", "12"]);
    one.run(&["sync"]);
    two.run(&["sync"]);

    one.run(&["farm", "edit", "Kibo", "--cattle", "15"]);
    two.run(&["farm", "edit", "Kibo", "--cattle", "11", "--water", "well"]);
    two.run(&["visit", "add", "Kibo", "--tallest-cm", "180"]);
    one.run(&["sync"]);
    two.run(&["sync"]);
    one.run(&["sync"]);

    for device in [&one, &two] {
        assert!(
            device
                .run(&["farm", "list"])
                .contains("Kibo: 14 cattle, water from well")
        );
        assert!(device.run(&["visit", "list"]).contains("180 cm"));
        assert!(device.run(&["status"]).contains("pending       0 writes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_decides() {
    let team = Team::new().await;
    let (one, two) = (team.device("one"), team.device("two"));
    one.run(&["farm", "add", "Kibo"]);
    one.run(&["sync"]);
    two.run(&["sync"]);
    one.run(&["farm", "edit", "Kibo", "--phone", "0700 1"]);
    two.run(&["farm", "edit", "Kibo", "--phone", "0700 2"]);
    one.run(&["sync"]);
    two.run(&["sync"]);

    two.decide("which phone has farm", "0700 1");
    two.run(&["sync"]);
    one.run(&["sync"]);
    assert!(one.run(&["farm", "list"]).contains("phone 0700 1"));
    assert_eq!(one.run(&["conflicts"]), "");
}
