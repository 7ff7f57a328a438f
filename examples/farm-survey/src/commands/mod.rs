//! The commands: what each does, and what it says.

mod bundle;
mod conflicts;
mod device;
mod enrol;
mod hub;
mod log;
mod refused;
mod registry;
mod resolve;
mod status;
mod stop;
mod sync;
mod watch;

use crate::cli::{self, Cli, Command, Device, HubVerb, Verb};
use crate::demo;
use crate::fault::Fault;
use crate::said::Said;
use stop::Stop;

/// Carries a command out. `None`: it has said all it has to say.
pub(crate) async fn run(cli: Cli) -> Result<Option<Said>, Fault> {
    let json = cli.json;
    match cli.command {
        Command::Demo(args) => demo::run(args, json).await,
        Command::Hub(args) => hub(args, json).await,
        Command::Carry(args) => bundle::carry(&args).await.map(Some),
        Command::Device(args) => device(args, json).await.map(Some),
    }
}

async fn hub(args: cli::Hub, json: bool) -> Result<Option<Said>, Fault> {
    match &args.verb {
        None => hub::run(args, json).await.map(|()| None),
        Some(HubVerb::Backup { to }) => hub::copy(&args.db, to).map(Some),
        Some(HubVerb::Invite { name, role, hub }) => registry::invite(&args.db, name, *role, hub.clone()).map(Some),
        Some(HubVerb::Devices) => registry::devices(&args.db).map(Some),
        Some(HubVerb::Key) => bundle::key(&args.db).map(Some),
        Some(HubVerb::Bundle { bundle, out }) => bundle::answer(&args.db, bundle, out).await.map(Some),
        Some(HubVerb::Revoke { whom }) => registry::revoke(&args.db, whom).map(Some),
    }
}

async fn device(args: Device, json: bool) -> Result<Said, Fault> {
    let db = &args.db;
    match args.verb {
        Verb::Init => device::init(db),
        Verb::Load { file } => device::load(db, &file),
        Verb::Enrol { at, code } => enrol::run(db, &at.hub, &code).await,
        Verb::Sync(at) => sync::run(db, &at.hub).await,
        Verb::Export { file, key } => bundle::export(db, &file, key),
        Verb::Import { file } => bundle::import(db, &file),
        Verb::Watch(at) => watch::run(db, &at.hub, json).await,
        Verb::Status => status::run(db),
        Verb::Conflicts => conflicts::run(db),
        Verb::Resolve(args) => resolve::run(db, &args),
        Verb::Refused { dismiss } => refused::run(db, dismiss),
        Verb::Log => log::run(db),
    }
}
