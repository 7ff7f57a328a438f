//! The page "First project in ten minutes", step by step, on a project that is built already.

use crate::project::{Project, checkout};
use crate::tour::{Server, Shell, blocks};

/// What the page calls its project, and where it starts from.
pub const NAME: &str = "kibo";
pub const TEMPLATE: &str = "survey";

const INSTALL: &str = "\
cargo install --locked --path codegen-cli
windrow new kibo --template survey --into ..
cd ../kibo
cargo test
";
const SERVE: &str = "cargo run -p kibo-server\n";
const MIGRATE: &str = "windrow migrate spring\ncargo test\n";

/// The project was made by the line that the page shows, and has passed its tests.
pub fn follow(project: &Project) {
    let page = std::fs::read_to_string(checkout().join("docs/guide/00-first-project.md")).unwrap();
    let (sh, text, rust) = (blocks(&page, "sh"), blocks(&page, "text"), blocks(&page, "rust"));
    let [install, serve, hear, write, migrate, again, after] = &sh[..] else { panic!("{} blocks", sh.len()) };
    assert_eq!([install, serve, migrate, again], [INSTALL, SERVE, MIGRATE, SERVE]);

    let files = tempfile::tempdir().unwrap();
    let data = files.path().join("data");
    let server = Server::start(project, &data);
    let shell = Shell::new(project, files.path().to_owned(), &server);
    shell.all(hear);
    assert_eq!(shell.all(write), text[0]);
    drop(server);

    let model = project.folder.join("model/src/lib.rs");
    let source = std::fs::read_to_string(&model).unwrap();
    let (before, rest) = source.split_once("/// Where a farm's water comes from.\n").unwrap();
    let (_, behind) = rest.split_once("}\n").unwrap();
    let (_, variants) = rust[0].split_once("/// Where a farm's water comes from.\n").unwrap();
    std::fs::write(&model, format!("{before}/// Where a farm's water comes from.\n{variants}{behind}")).unwrap();
    assert!(project.cargo_fails(&["build", "--workspace"]).contains("windrow migrate"));
    project.windrow(&["migrate", "spring"]);
    assert!(project.folder.join("migrations/0002_spring/hub.sqlite.sql").is_file());
    project.passes_its_tests();

    let server = Server::start(project, &data);
    let shell = Shell::new(project, files.path().to_owned(), &server);
    assert_eq!(shell.all(after), text[1]);
    assert!(files.path().join("one.db.v1.backup").is_file());
}
