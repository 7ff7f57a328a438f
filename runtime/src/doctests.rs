//! The pages' code in Rust, compiled. `tests/tests/docs` finds a page that is missing here.

macro_rules! pages {
    ($($name:ident = $page:expr;)*) => {
        $(#[doc = $page] struct $name;)*
    };
}

pages! {
    Readme = include_str!("../../README.md");
    FirstProject = include_str!("../../docs/guide/00-first-project.md");
    Declare = include_str!("../../docs/guide/01-declare.md");
    WriteOffline = include_str!("../../docs/guide/02-write-offline.md");
    Sync = include_str!("../../docs/guide/03-sync.md");
    Conflicts = include_str!("../../docs/guide/04-conflicts.md");
    Merging = include_str!("../../docs/guide/05-merging.md");
    Server = include_str!("../../docs/guide/06-server.md");
    Migrating = include_str!("../../docs/guide/08-migrating.md");
}
