//! What the command is asked.

use crate::templates;
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::{Path, PathBuf};

/// Makes projects built on Windrow, looks at their models and databases, and migrates them
#[derive(Debug, Parser)]
#[command(name = "windrow", version, after_help = STATUSES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STATUSES: &str = "Exit status: 0 done; 1 `--check` found a difference; 2 the command line is wrong; 3 the model \
                        is wrong, or there is none; 4 a database is wrong; 5 a file can't be read or written; 6 the change \
                        can't be migrated as it stands; 7 windrow.lock can't be used; 8 `doctor` found \
                        something wrong; 9 `migrate --certify` found versions that do not work together";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a project that runs at once: a model, an application for devices, a server
    New(NewArgs),
    /// Makes the parts of a server or of a device's application that are the same everywhere
    Generate(GenerateArgs),
    /// Shows what is synced, as the structs declare it
    Schema {
        #[command(flatten)]
        source: SourceArgs,
        /// In which form
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Whose statements `--format sql` writes
        #[arg(long, value_enum, default_value_t = Side::Device)]
        of: Side,
    },
    /// Writes what leads from the version in windrow.lock to the structs as they are now
    Migrate(MigrateArgs),
    /// Says how it stands with a device's or a hub's database, which may be in use
    Inspect {
        /// The database
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Looks at the machine, the model, windrow.lock, the migrations and databases: what is wrong, and what mends it
    Doctor(DoctorArgs),
    /// Writes a completion script for a shell
    Completions {
        /// For which shell
        shell: Shell,
    },
    /// Writes the manual: its first page, or all pages into a folder
    Man {
        /// Write windrow.1, and a page for each command, into this folder
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
}

/// What `new` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// What the project is called, and its folder; asked for at a terminal
    pub(crate) name: Option<String>,
    /// The model that it starts from; asked for at a terminal
    #[arg(long, value_parser = PossibleValuesParser::new(templates::names()))]
    pub(crate) template: Option<String>,
    /// Where the project's folder is made
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) into: PathBuf,
    /// The checkout of Windrow that the project depends on, until Windrow is published
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    pub(crate) windrow: PathBuf,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `generate` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// Of what
    pub(crate) part: Part,
    /// The folder of the package that gets them: `server` or `device` unless said
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The model's crate, as that package's code calls it: by its own name unless said
    #[arg(long = "crate", value_name = "NAME")]
    pub(crate) krate: Option<String>,
    /// Writes nothing; exit status 1 where a file is not as it would be made
    #[arg(long)]
    pub(crate) check: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A part of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Settings, serving and an orderly end; Dockerfile, systemd unit and .env.example
    Server,
    /// Settings, opening the device's file, and the worker in the background
    Device,
}

/// What `migrate` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    /// What the migration is called, in letters, digits and `_`; made of its first step unless said
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The folder of windrow.lock and migrations/: where the lock is, or else that of the model's Cargo.toml, unless said
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Writes nothing; exit status 1 where model and lock differ
    #[arg(long)]
    pub(crate) check: bool,
    /// Writes nothing, and shows what would be written
    #[arg(long, conflicts_with = "check")]
    pub(crate) dry_run: bool,
    /// Tries on real files whether devices and hubs of all versions in windrow.lock work together; exit status 9 where not
    #[arg(long, conflicts_with_all = ["name", "check", "dry_run", "rename", "drop"])]
    pub(crate) certify: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// A table or a column that has another name now: TABLE=NEW or TABLE.COLUMN=NEW; may be said several times
    #[arg(long, value_name = "OLD=NEW")]
    pub(crate) rename: Vec<String>,
    /// A table or a column that may go, with all that it holds: TABLE or TABLE.COLUMN; may be said several times
    #[arg(long, value_name = "NAME")]
    pub(crate) drop: Vec<String>,
}

/// What `doctor` is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Databases of devices and hubs to look at, which may be in use
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The folder of windrow.lock and migrations/: where the lock is, or else that of the model's Cargo.toml, unless said
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the model is.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// The folder, or the file, with the structs: `src` unless said, or `model/src` where there is no `src`
    #[arg(long, value_name = "PATH")]
    pub(crate) model: Option<PathBuf>,
    /// The name given to `domain!`, where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
}

impl SourceArgs {
    /// Where the structs are to be found.
    pub(crate) fn model(&self) -> &Path {
        let usual = ["src", "model/src"].map(Path::new);
        let found = usual.into_iter().find(|folder| folder.is_dir()).unwrap_or(usual[0]);
        self.model.as_deref().unwrap_or(found)
    }
}

/// A form of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// The statements that make the tables and their triggers
    Sql,
    /// A diagram
    Mermaid,
    /// For programs
    Json,
}

/// A side of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// A device's
    Device,
    /// The hub's
    Hub,
}
