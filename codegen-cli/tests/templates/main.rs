//! Every template as those who start from it have it: rendered, formatted, linted, tested, and led through its README.
//!
//! All projects share the workspace's own target folder, and cargo is made to want the same features of what they have in
//! common (see [`guest`]), so that nothing is built twice.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

mod first;
mod guest;
mod handmade;
mod project;
mod tour;

use project::{Project, templates};

#[test]
fn every_template_makes_a_project_that_runs() {
    let names = templates();
    assert!(names.len() >= 3, "{names:?}");
    // Cargo builds them one after the other; while it builds one, the tests of another run.
    std::thread::scope(|scope| {
        for template in &names {
            scope.spawn(move || {
                let shown = template == first::TEMPLATE;
                let name = if shown { first::NAME.to_owned() } else { format!("{template}-of-the-tests") };
                let project = Project::new(&name, template);
                project.is_locked();
                project.is_formatted();
                guest::join(&project);
                project.has_no_lints();
                project.passes_its_tests();
                tour::follow(&project);
                if shown {
                    first::follow(&project);
                }
            });
        }
    });
}
