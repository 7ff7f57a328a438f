//! The command line.

use crate::help;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use windrow::bundle::PublicKey;
use windrow::hub::Whom;
use windrow::identity::Role;
use windrow::protocol::id::RecordId;

/// A farm survey on tablets, with a hub.
#[derive(Debug, Parser)]
#[command(name = "farm-survey", version, after_help = help::EVERYWHERE)]
pub(crate) struct Cli {
    /// Write one JSON document instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A day with three tablets and a hub, and everything that goes wrong between them.
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Serves a hub, says who may speak to it, or copies its file.
    #[command(after_help = help::HUB)]
    Hub(Hub),
    /// Works with a device's file.
    Device(Device),
    /// Brings a bundle to the hub and takes the answer back: from any machine with a link, for any device.
    #[command(after_help = help::CARRY)]
    Carry(Carry),
}

/// `farm-survey carry`
#[derive(Debug, Args)]
pub(crate) struct Carry {
    /// What `device export` wrote.
    pub(crate) bundle: PathBuf,
    /// Where the hub is.
    #[command(flatten)]
    pub(crate) at: Endpoint,
    /// Where to write the answer, for `device import`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// `farm-survey demo`
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the four databases in this folder, which must be new or empty.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// `farm-survey hub`
#[derive(Debug, Args)]
pub(crate) struct Hub {
    /// The hub's file; created where there is none.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,
    /// Where to listen; with port 0 at any free port, which is printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    pub(crate) listen: String,
    /// Let everybody in, enrolled or not, on this machine alone.
    #[arg(long)]
    pub(crate) open_to_all: bool,
    /// What to do instead of serving. A hub that serves meanwhile goes on, and hears of it at once.
    #[command(subcommand)]
    pub(crate) verb: Option<HubVerb>,
}

/// What there is to do beside serving.
#[derive(Debug, Subcommand)]
pub(crate) enum HubVerb {
    /// Makes a code with which a user enrols one device, once, within 72 hours.
    #[command(after_help = help::INVITE)]
    Invite {
        /// The user's name.
        name: String,
        /// What the user may do: field (syncs), reviewer (decides at the hub too), admin.
        #[arg(long, default_value_t = Role::Field)]
        role: Role,
        /// The address at which devices reach the hub: it is then said with the code, in one line and as a QR code.
        #[arg(long, value_name = "URL")]
        hub: Option<String>,
    },
    /// The devices that have enrolled.
    #[command(after_help = help::DEVICES)]
    Devices,
    /// Turns a device away, or a user with all devices, from the next request on.
    #[command(after_help = help::REVOKE)]
    Revoke {
        /// The device's id, or the user's name.
        whom: Whom,
    },
    /// The hub's public key, to which devices seal bundles.
    #[command(after_help = help::KEY)]
    Key,
    /// Does what a bundle asks that came on a stick, and writes the answer for its device.
    #[command(after_help = help::CARRY)]
    Bundle {
        /// What `device export` wrote.
        bundle: PathBuf,
        /// Where to write the answer, for `device import`.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Copies the file into a new one, as it stands at this moment.
    #[command(after_help = help::BACKUP)]
    Backup {
        /// The copy, which must not be there yet.
        to: PathBuf,
    },
}

/// `farm-survey device`
#[derive(Debug, Args)]
pub(crate) struct Device {
    /// The device's file.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: PathBuf,
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What can be done with a device's file.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Creates the file; one that is there already is opened and checked.
    #[command(after_help = help::INIT)]
    Init,
    /// Inserts the farms and plots of a barley file that are not here yet.
    ///
    /// Their ids are derived from site, variety and year (UUID version 5), so that a file that is loaded twice, or on two
    /// devices, gives the same farms and plots. Records that are here are left as they are; one that somebody deleted is
    /// inserted again. All of it is one transaction.
    #[command(after_help = help::LOAD)]
    Load {
        /// A JSON array of {"site", "variety", "year", "yield"}.
        file: PathBuf,
    },
    /// Enrols the device at a hub, with a code from there. Its token is kept in a file beside the device's.
    ///
    /// Safe to repeat where no answer came. What the device has not sent is not touched.
    #[command(after_help = help::ENROL)]
    Enrol {
        /// Where the hub is.
        #[command(flatten)]
        at: Endpoint,
        /// The code.
        code: String,
    },
    /// Runs one session: sends what is pending, applies what is new.
    ///
    /// Safe to repeat, whatever became of the one before. Exits with 1 if the hub can't be reached or refuses a change: what
    /// was refused is kept, see `refused`.
    #[command(after_help = help::SYNC)]
    Sync(Endpoint),
    /// Writes a bundle: what is pending and what the device would know, sealed for the hub, for whoever carries it.
    ///
    /// Written again before an answer came, it says the same again.
    #[command(after_help = help::EXPORT)]
    Export {
        /// Where to write it.
        file: PathBuf,
        /// The hub's key, as `hub key` says it, where the device has not heard of it when it enrolled.
        #[arg(long, allow_hyphen_values = true)]
        key: Option<PublicKey>,
    },
    /// Takes in the answer to a bundle, as far as it answers what the device asks now.
    #[command(after_help = help::IMPORT)]
    Import {
        /// What `carry` or `hub bundle` wrote.
        file: PathBuf,
    },
    /// Syncs in the background until it gets SIGINT or SIGTERM: at the start, after writes, when the hub answers again.
    ///
    /// Every change of state is a line on standard output; with --json on standard error.
    #[command(after_help = help::WATCH)]
    Watch(Endpoint),
    /// How it stands with the device.
    #[command(after_help = help::STATUS)]
    Status,
    /// The open conflicts, with what stands to choose from.
    #[command(after_help = help::CONFLICTS)]
    Conflicts,
    /// Decides a conflict.
    #[command(after_help = help::RESOLVE)]
    Resolve(Resolve),
    /// The changes that were refused, each with the reason.
    #[command(after_help = help::REFUSED)]
    Refused {
        /// Forget the change of this number: it was mended or given up.
        #[arg(long, value_name = "NUMBER")]
        dismiss: Option<i64>,
    },
    /// Every write to the file that it remembers, whichever program made it.
    #[command(after_help = help::LOG)]
    Log,
}

/// Where the hub is.
#[derive(Debug, Args)]
pub(crate) struct Endpoint {
    /// The hub's address, such as http://127.0.0.1:8420.
    #[arg(long, value_name = "URL")]
    pub(crate) hub: String,
}

/// `farm-survey device resolve`
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// The record's table.
    pub(crate) table: String,
    /// The record's id.
    #[arg(value_parser = record)]
    pub(crate) id: RecordId,
    /// What is to become of it.
    #[command(flatten)]
    pub(crate) decision: Decision,
}

/// What is to become of a conflict.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Decision {
    /// The candidate of this number, as `conflicts` counts them from 1.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) candidate: Option<usize>,
    /// Another value.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: Option<String>,
    /// No value at all: NULL.
    #[arg(long)]
    pub(crate) null: bool,
    /// The value that the record shows.
    #[arg(long)]
    pub(crate) keep: bool,
}

fn record(text: &str) -> Result<RecordId, windrow::types::ParseIdError> {
    text.parse::<windrow::Id<()>>().map(RecordId::from)
}
