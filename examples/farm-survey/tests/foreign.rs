//! Other programs write to the devices' files between the commands, with plain SQL, foreign keys on and off.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::json;
use support::programs::Program;
use support::{Device, Folder, Hub, assert_equal, barley, keys, number};

/// Two devices that hold the trial, and their hub.
struct Scene {
    a: Device,
    b: Device,
    hub: Hub,
    _folder: Folder,
}

impl Scene {
    fn new() -> Scene {
        let folder = Folder::new();
        let (a, b, hub) = (folder.device("a"), folder.device("b"), folder.hub());
        a.ok(["load", &barley()]);
        hub.serves(&[&a, &b]);
        Scene { a, b, hub, _folder: folder }
    }

    /// Until all have everything.
    fn settle(&self) {
        self.hub.serves(&[&self.a, &self.b, &self.a]);
        assert_equal(&[&self.a.file, &self.b.file, &self.hub.file]);
        for device in [&self.a, &self.b] {
            let status = device.ok(["status"]);
            assert_eq!((&status["pending_entries"], &status["refused"]), (&json!(0), &json!(0)));
        }
    }
}

/// Each program that is here, with foreign keys on and off.
fn everywhere(test: impl Fn(Program, bool)) {
    for program in Program::installed() {
        test(program, false);
        test(program, true);
    }
}

#[test]
fn whatever_they_write_arrives() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        program.writes(
            &scene.a.file,
            foreign_keys,
            "BEGIN;
             INSERT INTO farm (id, name, cattle) VALUES (x'00112233445566778899aabbccddeeff', 'Hof „Süd“ 🐄', 9223372036854775807);
             INSERT INTO plot (id, farm_id, variety, year, bags) VALUES (randomblob(16), x'00112233445566778899aabbccddeeff', 'Trebi', 1933, -1);
             INSERT INTO worker (id, name) VALUES (randomblob(16), ''), (randomblob(16), char(0, 233)), (randomblob(16), 'Olaf');
             INSERT INTO visit (id, plot_id, worker_id, spray_ml, notes, visited_at)
               SELECT randomblob(16), plot.id, worker.id, 250, plot.variety, -1 FROM plot, worker WHERE worker.name = 'Olaf' AND year = 1932;
             UPDATE plot SET bags = bags + year - 1930, best_yield = best_yield * 2;
             COMMIT;
             BEGIN; DELETE FROM visit; ROLLBACK;
             INSERT INTO worker (id, name) SELECT id, 'Ola' FROM worker WHERE name = 'Olaf' ON CONFLICT (id) DO UPDATE SET name = excluded.name;",
        );
        scene.settle();
        let b = &scene.b.file;
        assert_eq!(number(b, "SELECT count(*) FROM visit WHERE spray_ml = 250"), 60);
        assert_eq!(number(b, "SELECT sum(bags) FROM plot"), 60 + 2 * 60 + 2);
        assert_eq!(number(b, "SELECT cattle FROM farm WHERE name = 'Hof „Süd“ 🐄'"), i64::MAX);
        assert_eq!(number(b, "SELECT count(*) FROM worker WHERE name IN ('', char(0, 233), 'Ola')"), 3);
    });
}

#[test]
fn what_two_count_adds_up() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        program.writes(&scene.a.file, foreign_keys, "UPDATE plot SET bags = bags + 3");
        program.writes(&scene.b.file, foreign_keys, "UPDATE plot SET bags = 5, best_yield = 70.5");
        program.writes(&scene.a.file, foreign_keys, "UPDATE plot SET best_yield = 70.25 WHERE best_yield < 70.25");
        scene.settle();
        assert_eq!(number(&scene.a.file, "SELECT count(*) FROM plot WHERE bags = 8 AND best_yield = 70.5"), 120);
    });
}

#[test]
fn a_farm_takes_its_plots_with_it() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        program.writes(&scene.a.file, foreign_keys, "DELETE FROM farm WHERE name = 'Waseca'");
        // With foreign keys off the plots hang in the air until the hub answers.
        let left = if foreign_keys { 100 } else { 120 };
        assert_eq!(number(&scene.a.file, "SELECT count(*) FROM plot"), left);
        scene.settle();
        assert_eq!(number(&scene.a.file, "SELECT count(*) FROM plot"), 100);
        assert_eq!(number(&scene.b.file, "SELECT count(*) FROM farm"), 5);
    });
}

#[test]
fn a_farm_that_another_edits_comes_back_whole() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        program.writes(&scene.a.file, foreign_keys, "DELETE FROM farm WHERE name = 'Waseca'");
        program.writes(&scene.b.file, foreign_keys, "UPDATE farm SET cattle = cattle + 6 WHERE name = 'Waseca'");
        scene.settle();
        let whole = "SELECT count(*) * 100 + cattle FROM farm JOIN plot ON farm_id = farm.id WHERE name = 'Waseca'";
        assert_eq!(number(&scene.a.file, whole), 2006);
    });
}

#[test]
fn a_visited_plot_stays_and_a_worker_who_leaves_does_not() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        program.writes(&scene.a.file, foreign_keys, "INSERT INTO worker (id, name) VALUES (randomblob(16), 'Olaf')");
        scene.settle();
        program.writes(
            &scene.a.file,
            foreign_keys,
            "INSERT INTO visit (id, plot_id, worker_id, notes, visited_at)
               SELECT randomblob(16), plot.id, worker.id, '', 1 FROM plot, worker WHERE variety = 'Trebi'",
        );
        program.writes(
            &scene.b.file,
            foreign_keys,
            "DELETE FROM plot WHERE variety = 'Trebi' AND year = 1931; DELETE FROM worker",
        );
        scene.settle();
        assert_eq!(number(&scene.b.file, "SELECT count(*) FROM plot"), 120);
        assert_eq!(number(&scene.b.file, "SELECT count(*) FROM visit WHERE worker_id IS NULL"), 12);
    });
}

#[test]
fn replace_is_an_update_of_what_changed() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        program.writes(&scene.a.file, foreign_keys, "UPDATE plot SET bags = 10");
        scene.settle();
        // Only bags are changed, by 5: the variety that the other device writes stays.
        program.writes(
            &scene.a.file,
            foreign_keys,
            "INSERT OR REPLACE INTO plot (id, farm_id, variety, year, bags, best_yield)
               SELECT id, farm_id, variety, year, 15, best_yield FROM plot WHERE variety = 'Trebi'",
        );
        program.writes(
            &scene.b.file,
            foreign_keys,
            "UPDATE plot SET bags = bags + 3, variety = 'Trebi II' WHERE variety = 'Trebi'",
        );
        scene.settle();
        assert_eq!(number(&scene.a.file, "SELECT count(*) FROM plot WHERE variety = 'Trebi II' AND bags = 18"), 12);
        let updates = "SELECT count(*) FROM windrow_changelog WHERE operation = 'update' AND fields = '[\"bags\"]'";
        assert_eq!(number(&scene.a.file, updates), 120 + 12);
    });
}

#[test]
fn nonsense_is_refused_on_the_spot() {
    everywhere(|program, foreign_keys| {
        let scene = Scene::new();
        let nonsense = [
            "UPDATE plot SET bags = 'many'",
            "UPDATE plot SET year = 3000000000",
            "UPDATE farm SET name = NULL",
            "UPDATE farm SET id = randomblob(16)",
            "INSERT INTO worker (id, name) VALUES (x'0102', 'short')",
            "UPDATE farm SET cattle = 9223372036854775807; UPDATE farm SET cattle = -9223372036854775807",
        ];
        for sql in nonsense {
            let sql = format!("BEGIN; {sql}; COMMIT");
            assert!(program.tries(&scene.a.file, foreign_keys, &sql).is_err(), "{program:?}: {sql}");
        }
        assert_eq!(scene.a.ok(["status"])["pending_entries"], 0);
    });
}

#[test]
fn a_reference_to_nothing_is_refused_by_the_hub_and_blocks_nobody() {
    for program in Program::installed() {
        let scene = Scene::new();
        program.writes(
            &scene.a.file,
            false,
            "INSERT INTO plot (id, farm_id, variety, year, bags) VALUES (randomblob(16), randomblob(16), 'Trebi', 1933, 1);
             UPDATE farm SET cattle = 5 WHERE name = 'Morris'",
        );
        let (status, synced) = scene.a.does(["sync", "--hub", &scene.hub.url]);
        assert_eq!((status, &synced["refused"], &synced["in_sync"]), (1, &json!(1), &json!(true)), "{synced}");
        assert_eq!(scene.a.ok(["status"])["refused"], 1);
        let refused = scene.a.ok(["refused"]);
        let refused = &refused["refused"][0];
        assert_eq!(keys(refused), ["at", "change", "code", "field", "id", "number", "sentence", "table"]);
        assert_eq!((&refused["code"], &refused["field"]), (&json!("unknown-parent"), &json!("farm_id")));
        assert_eq!(refused["change"]["values"]["variety"], "Trebi");
        assert!(scene.a.text(["refused"]).contains("farm"));

        // Once it is dealt with, all is well again.
        let number_of_it = refused["number"].to_string();
        assert_eq!(scene.a.ok(["refused", "--dismiss", &number_of_it])["dismissed"], refused["number"]);
        scene.a.fails(["refused", "--dismiss", &number_of_it], "refused");
        scene.settle();
        assert_eq!(number(&scene.b.file, "SELECT cattle FROM farm WHERE name = 'Morris'"), 5);
        assert_eq!(number(&scene.a.file, "SELECT count(*) FROM plot"), 120);
    }
}
