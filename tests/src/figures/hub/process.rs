//! A hub in a process of its own: what it takes is its own, and it can be looked at from outside.

use super::memory;
use crate::figures::Failure;
use crate::figures::visit::FIGURES;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use windrow::Server;
use windrow::hub::SqliteHub;

/// A running hub. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Closed, it tells the hub to stop.
    stdin: Option<ChildStdin>,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

/// What the program `figures` is where it starts itself anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// The hub of a file.
    Hub,
    /// A device that has nothing, and syncs.
    First,
    /// A device that sends what is pending.
    Upload,
}

impl Part {
    /// Plays it. `hub`: where the device's hub is.
    ///
    /// # Errors
    /// Whatever goes wrong on the way.
    pub fn play(self, file: &Path, hub: &str) -> Result<(), Failure> {
        match self {
            Part::Hub => serve(file),
            Part::First => memory::first(file, hub),
            Part::Upload => memory::upload(file, hub),
        }
    }

    /// The command that does.
    pub(crate) fn command(self, program: &Path, file: &Path) -> Result<Command, Failure> {
        let mut command = Command::new(program);
        let name = clap::ValueEnum::to_possible_value(&self).ok_or("a part without a name")?;
        command.arg("--part").arg(name.get_name()).arg("--file").arg(file);
        Ok(command)
    }
}

/// What a program is told by another run of it that is to be a part of a measurement.
#[derive(Debug, clap::Args)]
pub struct Played {
    /// Be a part of a measurement that is a program of its own, with this hub.
    #[arg(long, hide = true, requires = "file")]
    part: Option<Part>,
    #[arg(long, hide = true)]
    file: Option<PathBuf>,
    /// Where the hub is.
    #[arg(long, hide = true, default_value = "")]
    pub at: String,
}

impl Played {
    /// Plays the part, if there is one.
    pub fn play(&self) -> Option<Result<(), Failure>> {
        Some(self.part?.play(self.file.as_ref()?, &self.at))
    }
}

/// Serves this file's hub until the input ends.
fn serve(path: &Path) -> Result<(), Failure> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let hub = Server::new(&FIGURES).store(SqliteHub::open(path)?).open_to_all().bind("127.0.0.1:0").await?;
        println!("{}", hub.local_addr());
        std::io::stdout().flush()?;
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        hub.shutdown().await;
        Ok(())
    })
}

impl Process {
    /// Starts the hub of this file by the program `figures`.
    pub(crate) fn start(program: &Path, path: &Path) -> Result<Process, Failure> {
        let mut command = Part::Hub.command(program, path)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().ok_or("the hub has no output")?);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let addr = line.trim().parse().map_err(|_| "the hub did not say where it listens")?;
        Ok(Process { child, stdin, addr })
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The seconds that it has had of the processors' time; none where the system does not tell.
    pub(crate) fn cpu(&self) -> Option<f64> {
        let text = std::fs::read_to_string(of(Some(self.child.id()), "stat")).ok()?;
        // After the name, which may have spaces; in hundredths of a second on every Linux.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some((user + system) / 100.0)
    }

    /// The most memory that it has had since the last call, in bytes; none where the system does not tell.
    pub(crate) fn peak(&self) -> Option<u64> {
        let peak = peak(Some(self.child.id()));
        forget_peak(Some(self.child.id()));
        peak
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stdin = None;
        if let Err(error) = self.child.wait() {
            eprintln!("a hub's process could not be waited for: {error}");
        }
    }
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The most memory that a process, or this one, has had, in bytes.
pub(crate) fn peak(process: Option<u32>) -> Option<u64> {
    status(process, "VmHWM:")
}

/// The memory that a process, or this one, has, in bytes.
pub(crate) fn resident(process: Option<u32>) -> Option<u64> {
    status(process, "VmRSS:")
}

fn status(process: Option<u32>, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(of(process, "status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// Lets the peak of a process begin anew. Where the system can't do that, peaks are those of the whole run: never too low.
pub(crate) fn forget_peak(process: Option<u32>) {
    std::fs::write(of(process, "clear_refs"), "5")
        .unwrap_or_else(|error| eprintln!("peaks are not told apart: {error}"));
}

fn of(process: Option<u32>, file: &str) -> PathBuf {
    let process = process.map_or("self".to_owned(), |id| id.to_string());
    Path::new("/proc").join(process).join(file)
}
