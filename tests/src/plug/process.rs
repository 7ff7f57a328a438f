//! A program that was started, and the lines that go to and from it.

use super::Fault;
use super::work::{Device, Number};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A program that waits for `go`. It ends with this.
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// None where somebody else watches it, and hears of its end.
    child: Option<Child>,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    dead: bool,
}

/// What a program said to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is done. What it told besides.
    Ok(String),
    /// It is not done, and the error says whether to try again.
    No {
        /// Whether.
        again: bool,
        /// Why.
        why: String,
    },
    /// Nothing: it is dead.
    Dead,
}

/// Writes that a device was told are there.
pub type Promised = Vec<Number>;

impl Process {
    /// A hub, in a process group: the first one's pid, or 0 for a group of its own.
    ///
    /// # Errors
    /// What the system says.
    pub fn hub(program: &Path, db: &Path, group: i32) -> Result<Process, Fault> {
        Process::start(program, group, &["hub".as_ref(), db.as_os_str()])
    }

    /// A device.
    ///
    /// # Errors
    /// What the system says.
    pub fn device(program: &Path, db: &Path, d: Device, group: i32) -> Result<Process, Fault> {
        Process::start(program, group, &["device".as_ref(), db.as_os_str(), d.to_string().as_ref()])
    }

    fn start(program: &Path, group: i32, args: &[&std::ffi::OsStr]) -> Result<Process, Fault> {
        let mut command = Command::new(program);
        command.args(args).process_group(group).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take().ok_or("a program without output")?);
        let pid = i32::try_from(child.id())?;
        let mut process = Process { pid, child: Some(child), input, output: BufReader::new(output), dead: false };
        match process.line()?.as_deref() {
            Some("ready") => Ok(process),
            other => Err(format!("it said {other:?} instead of being ready").into()),
        }
    }

    /// Somebody else hears of its end from now on.
    pub fn is_watched(&mut self) {
        self.child = None;
    }

    /// Whether its end was heard of.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    fn line(&mut self) -> Result<Option<String>, Fault> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line)?;
        self.dead |= read == 0;
        // A line without its end was not said.
        Ok((read > 0 && line.ends_with('\n')).then(|| line.trim_end().to_owned()))
    }

    /// Sends a line. A dead program takes none.
    pub fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// Has it do something; what it said, and the writes that it promised meanwhile.
    ///
    /// # Errors
    /// A pipe that broke.
    pub fn ask(&mut self, command: &str, promised: &mut Promised) -> Result<Said, Fault> {
        self.tell(command);
        self.answer(command, promised)
    }

    /// What it says to a command that it was told.
    ///
    /// # Errors
    /// A pipe that broke.
    pub fn answer(&mut self, command: &str, promised: &mut Promised) -> Result<Said, Fault> {
        loop {
            let Some(line) = self.line()? else { return Ok(Said::Dead) };
            if let Some(k) = line.strip_prefix("ok write ") {
                promised.push(k.parse()?);
            }
            if let Some(why) = line.strip_prefix("no ") {
                let again = why.starts_with("again ");
                return Ok(Said::No { again, why: why.to_owned() });
            }
            // Writes of a session are told before its end.
            if line.strip_prefix("ok ").is_some_and(|l| l == command || !command.starts_with("sync ")) {
                return Ok(Said::Ok(line.trim_start_matches("ok").trim().to_owned()));
            }
        }
    }

    /// Ends its input, upon which it ends.
    pub fn finish(&mut self) {
        self.input = None;
    }

    /// Reads until it has ended.
    ///
    /// # Errors
    /// A pipe that broke.
    pub fn ended(&mut self) -> Result<(), Fault> {
        while self.line()?.is_some() {}
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        if let Some(child) = &mut self.child {
            // One that has ended already is only to be buried.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
