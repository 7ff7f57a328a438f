//! The README's tour, run as it stands, but for the programs that cargo would start: they are built already.

use crate::project::Project;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The project's server, on a free port. It ends with this.
pub struct Server {
    program: Child,
    pub url: String,
    data: PathBuf,
}

impl Server {
    pub fn start(project: &Project, data: &std::path::Path) -> Server {
        let mut program = Command::new(project.program(&format!("{}-server", project.name)));
        program.env("HUB_LISTEN", "127.0.0.1:0").env("HUB_DATA", data).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = program.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening at ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Server { program, url, data: data.to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

/// Lines for a shell, in a project.
pub struct Shell {
    folder: PathBuf,
    /// What stands for the programs, and where they are.
    programs: [(String, PathBuf); 2],
    hub: String,
    data: PathBuf,
}

impl Shell {
    pub fn new(project: &Project, folder: PathBuf, server: &Server) -> Shell {
        let names = [project.name.clone(), format!("{}-server", project.name)];
        let programs = names.map(|name| (format!("cargo run -q -p {name} --"), project.program(&name)));
        Shell { folder, programs, hub: server.url.clone(), data: server.data.clone() }
    }

    /// What the last line of a block prints.
    pub fn all(&self, block: &str) -> String {
        block.lines().fold(String::new(), |_, line| self.run(line))
    }

    fn run(&self, line: &str) -> String {
        let run = |line: String, (cargo, program): &(String, PathBuf)| {
            line.replace(cargo, &format!("'{}'", program.display()))
        };
        let line = self.programs.iter().fold(line.to_owned(), run);
        let mut shell = Command::new("sh");
        shell.args(["-ec", &line]).current_dir(&self.folder);
        shell.env("DEVICE_HUB", &self.hub).env("HUB_DATA", &self.data);
        crate::project::succeeds(&mut shell)
    }
}

/// The blocks of a kind on a page.
pub fn blocks(page: &str, kind: &str) -> Vec<String> {
    page.split(&format!("```{kind}\n")).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

pub fn follow(project: &Project) {
    let readme = std::fs::read_to_string(project.folder.join("README.md")).unwrap();
    let blocks = blocks(&readme, "sh");
    assert_eq!(blocks[0], format!("cargo test\ncargo run -p {}-server\n", project.name));
    let files = tempfile::tempdir().unwrap();
    let server = Server::start(project, &files.path().join("data"));
    let shell = Shell::new(project, files.path().to_owned(), &server);
    let told = shell.all(&blocks[1]);
    let promised = readme.split("The last one shows \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(told.contains(promised), "{told:?} does not show {promised:?}");
}
