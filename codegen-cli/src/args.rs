//! What the command is asked.

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Looks at the models and the databases of applications built on Windrow
#[derive(Debug, Parser)]
#[command(name = "windrow", version, after_help = STATUSES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STATUSES: &str = "Exit status: 0 done; 2 the command line is wrong; 3 the model is wrong, or there is none; \
                        4 a database is wrong; 5 a file can't be read or written";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    /// Says how it stands with a device's or a hub's database, which may be in use
    Inspect {
        /// The database
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes a completion script for a shell
    Completions {
        /// Which
        shell: Shell,
    },
    /// Writes the manual page
    Man,
}

/// Where the model is.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// The folder, or the file, with the structs
    #[arg(long, value_name = "PATH", default_value = "src")]
    pub(crate) model: PathBuf,
    /// The name given to `domain!`, where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
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
