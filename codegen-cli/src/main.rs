//! `windrow`: makes projects, looks at models and at databases, and migrates them.
//!
//! - [`args`]: what it is asked. [`fault`]: why it did not do that, with the exit statuses.
//! - [`new`]: a project that runs at once. [`generate`]: its parts that are the same everywhere. [`templates`]: what both render.
//! - [`model`]: a project's structs, found in its source. [`schema`]: the same in other forms.
//! - [`migrate`]: from one version of a model to the next.
//! - [`place`]: where a project keeps its lock and its migrations.
//! - [`inspect`]: what a device's or a hub's file says of itself.
//! - [`doctor`]: whether all is as it should be.
//! - [`terminal`]: questions, where somebody is there. [`print`]: text for people.

mod args;
mod disk;
mod doctor;
mod fault;
mod generate;
mod inspect;
mod migrate;
mod model;
mod new;
mod place;
mod print;
mod schema;
mod templates;
mod terminal;

use args::{Args, Command};
use clap::{CommandFactory, Parser};
use fault::Fault;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(),
    }
}

fn run(args: Args) -> Result<(), Fault> {
    let out = match args.command {
        Command::New(args) => new::run(&args)?,
        Command::Generate(args) => {
            let (text, end) = generate::run(&args)?;
            print(text.as_bytes())?;
            return end;
        }
        Command::Schema { source, format, of } => schema::write(&model::read(&source)?, format, of),
        Command::Migrate(args) => {
            let (text, end) = migrate::run(&args)?;
            print(text.as_bytes())?;
            return end;
        }
        Command::Doctor(args) => {
            let (text, end) = doctor::run(&args);
            print(text.as_bytes())?;
            return end;
        }
        Command::Inspect { file, json } => inspect::write(&file, json)?,
        Command::Completions { shell } => completions(shell),
        Command::Man { into: None } => return man(),
        Command::Man { into: Some(folder) } => return manual(&folder),
    };
    print(out.as_bytes())
}

/// Whoever reads less than all, as `head` does, is no fault.
fn print(bytes: &[u8]) -> Result<(), Fault> {
    match anstream::stdout().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Fault::Output(error)),
        _ => Ok(()),
    }
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "windrow", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn manual(folder: &Path) -> Result<(), Fault> {
    disk::at(folder, std::fs::create_dir_all(folder))?;
    disk::at(folder, clap_mangen::generate_to(Args::command(), folder))
}

fn man() -> Result<(), Fault> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page).map_err(Fault::Output)?;
    print(&page)
}
