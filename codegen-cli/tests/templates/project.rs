//! A project that was rendered, and what cargo says of it.

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Project {
    pub name: String,
    pub folder: PathBuf,
}

/// The checkout.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The folders of `templates/` that are models to start from: those in the source, not those in the command.
pub fn templates() -> Vec<String> {
    let folders = std::fs::read_dir(checkout().join("templates")).unwrap().map(|entry| entry.unwrap().path());
    let found = folders.filter(|folder| folder.join("template.toml").is_file());
    found.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Where projects stand: the same place each time, so that a run replaces what the one before has built.
pub fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("templates")
}

/// The workspace's own target folder.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(output.status.success(), "{command:?}:\n{}", said.concat());
    said[0].clone()
}

impl Project {
    /// A new one.
    pub fn new(name: &str, template: &str) -> Project {
        let folder = place().join(name);
        std::fs::create_dir_all(place()).unwrap();
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let mut new = Command::new(env!("CARGO_BIN_EXE_windrow"));
        succeeds(new.args(["new", name, "--template", template]).current_dir(place()));
        Project { name: name.to_owned(), folder }
    }

    pub fn windrow(&self, args: &[&str]) -> String {
        succeeds(Command::new(env!("CARGO_BIN_EXE_windrow")).args(args).current_dir(&self.folder))
    }

    /// What cargo says where it fails.
    pub fn cargo_fails(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(!output.status.success(), "{args:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub fn cargo(&self, args: &[&str]) -> String {
        succeeds(&mut self.command(args))
    }

    /// Offline, for everything is in the lock. Windrow's own crates are not optimised: they are built for this test alone.
    fn command(&self, args: &[&str]) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        for ours in ["windrow", "windrow-macros", "windrow-protocol", "windrow-schema"] {
            cargo.args(["--config", &format!("profile.dev.package.{ours}.opt-level=0")]);
        }
        cargo.args(args).current_dir(&self.folder);
        cargo.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true");
        cargo
    }

    /// `Cargo.lock` is complete: whoever builds with `--locked`, as the Dockerfile does, can do it at once. By what this machine
    /// builds: a new one has never fetched what only Windows needs, and `cargo metadata` failed for that.
    pub fn is_locked(&self) {
        self.cargo(&["tree", "--locked", "--workspace"]);
    }

    /// By the rules that hold where nothing is said, and not those of the folders above.
    pub fn is_formatted(&self) {
        self.cargo(&["fmt", "--check", "--", "--config", "max_width=100,use_small_heuristics=Default"]);
    }

    pub fn has_no_lints(&self) {
        self.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    }

    pub fn passes_its_tests(&self) {
        let told = self.cargo(&["test", "--workspace"]);
        let passed = told.lines().filter(|line| line.starts_with("test ") && line.ends_with(" ... ok")).count();
        assert!(passed >= 8, "{} has {passed} tests:\n{told}", self.name);
    }

    /// A program that was built with the tests.
    pub fn program(&self, name: &str) -> PathBuf {
        target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}
