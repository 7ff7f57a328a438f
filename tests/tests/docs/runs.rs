//! SQL and commands on the pages: run on a device's file.

use crate::field::Field;
use crate::pages::pages;
use crate::support::read;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Commands that CI runs by itself, or that only people run. A line may go on behind them.
const COMMANDS: [&str; 22] = [
    "cargo run --release -p farm-survey --",
    "cargo run --release -p windrow-cli --",
    "cargo run --release -p windrow-tests --bin figures --",
    "cargo run --release -p windrow-tests --bin simulate --",
    "cargo run --release -p windrow-tests --bin honest --",
    "cargo run --release -p windrow-tests --bin schemas --",
    "cargo run --release -p windrow-tests --bin plug --",
    "cargo run --release -p windrow-tests --bin slow",
    "cargo run --release -p windrow-tests --bin herd",
    "kibo-server --data ",
    "cargo bench -p windrow-tests --bench hot",
    "tests/peers/setup.sh",
    "cargo test --workspace",
    "cargo test -p ",
    "cargo clippy --workspace --all-targets",
    "cargo fmt",
    "INSTA_UPDATE=always cargo test -p ",
    "cargo build --release --locked -p ",
    "docker build -f ",
    "docker run -p ",
    "sudo install ",
    "sudo systemctl ",
];

/// A page whose commands stand for one project, and are run on it: `codegen-cli/tests/templates/first.rs`.
const ELSEWHERE: &str = "docs/guide/00-first-project.md";

#[test]
fn sql_runs_on_a_devices_file_with_the_bundled_sqlite() {
    for page in pages() {
        let field = Field::new();
        for (place, sql) in page.of("sql") {
            field.run(sql).unwrap_or_else(|e| panic!("{place}: {e}"));
        }
    }
}

#[test]
fn sql_runs_on_a_devices_file_with_this_machines_shell() {
    if !there("sqlite3") {
        return eprintln!("there is no sqlite3 on this machine");
    }
    for page in pages() {
        let field = Field::new();
        for (place, sql) in page.of("sql") {
            let sql = format!(".bail on\n{sql}");
            let mut shell = Command::new("sqlite3");
            succeed(shell.args(["-batch", "farm.db"]).current_dir(field.folder()), Some(&sql), &place);
        }
    }
}

#[test]
fn commands_are_known_or_run() {
    for page in pages().into_iter().filter(|page| page.path != Path::new(ELSEWHERE)) {
        let field = Field::new();
        let mut hub = None;
        for (place, text) in page.of("sh") {
            for line in commands(text).filter(|l| !known(l)) {
                let program = line.split_whitespace().next().unwrap_or_default();
                if !there(program) {
                    eprintln!("{place}: there is no {program} on this machine");
                    continue;
                }
                let hub = hub.get_or_insert_with(|| field.hub());
                let line = line.replace("127.0.0.1:8420", &hub.address());
                succeed(Command::new("sh").arg("-c").arg(&line).current_dir(field.folder()), None, &place);
            }
        }
    }
}

/// The lines of a block, those that end in a backslash joined to the next.
fn commands(block: &str) -> impl Iterator<Item = String> {
    let joined = block.replace("\\\n", " ");
    let lines: Vec<_> = joined.lines().map(|l| l.trim().to_owned()).collect();
    lines.into_iter().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

fn known(line: &str) -> bool {
    let recipes = read(Path::new("justfile"));
    let recipe = |name: &str| recipes.lines().any(|l| l.split([':', ' ']).next() == Some(name));
    match line.strip_prefix("just ") {
        Some(rest) => rest.split_whitespace().next().is_some_and(recipe),
        None => COMMANDS.iter().any(|c| line == c.trim_end_matches(" --") || line.starts_with(c)),
    }
}

/// Whether this machine has the program.
fn there(program: &str) -> bool {
    let found = Command::new("sh").arg("-c").arg(format!("command -v {program}")).output();
    found.is_ok_and(|o| o.status.success())
}

fn succeed(command: &mut Command, input: Option<&str>, place: &str) {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|e| panic!("{place}: {e}"));
    child.stdin.take().expect("a pipe").write_all(input.unwrap_or_default().as_bytes()).expect("to be read");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{place}: {said}");
}
