//! Watches every system call of other programs, and kills them, or fails a call, at any of them.
//!
//! strace counts per thread and per call. Here the count is one for the whole program, or for several, so that "the n-th
//! system call" names each point of a run once.

use super::Fault;
use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A system call of a watched program.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Which program, in the order in which they were given.
    pub who: usize,
    /// Its process id.
    pub pid: i32,
    /// The call's number.
    pub number: u64,
    /// Its arguments.
    pub args: [u64; 4],
}

impl Call {
    /// The file behind one of its descriptors.
    pub fn path(&self, fd: u64) -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{}/fd/{}", self.pid, fd as i32)).ok()
    }

    /// Bytes of the program's memory.
    ///
    /// # Errors
    /// An address that is none.
    pub fn memory(&self, at: u64, len: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; len];
        File::open(format!("/proc/{}/mem", self.pid))?.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    /// Text of the program's memory, up to its zero.
    ///
    /// # Errors
    /// An address that is none, or text that is not UTF-8.
    pub fn text(&self, at: u64) -> Result<String, Fault> {
        let memory = File::open(format!("/proc/{}/mem", self.pid))?;
        let mut bytes = Vec::new();
        loop {
            let mut byte = [0];
            memory.read_exact_at(&mut byte, at + bytes.len() as u64)?;
            match byte {
                [0] => return Ok(String::from_utf8(bytes)?),
                [byte] => bytes.push(byte),
            }
        }
    }
}

/// What is to become of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is made.
    Made,
    /// It is not made; the program is told this error.
    Fails(Errno),
    /// It is not made: these programs are dead.
    Kills(Whom),
}

/// Whom a kill hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The program that makes the call.
    Caller,
    /// All that are watched.
    All,
}

/// Who is asked at every call.
pub trait Watch: Send {
    /// Before the call.
    ///
    /// # Errors
    /// Ends the watch.
    fn before(&mut self, call: &Call) -> Result<Fate, Fault>;

    /// After the call, with what it returned.
    ///
    /// # Errors
    /// Ends the watch.
    fn after(&mut self, _call: &Call, _returned: i64) -> Result<(), Fault> {
        Ok(())
    }
}

/// What a register holds while a call has not been made yet: minus `ENOSYS`.
const NOT_MADE: u64 = (-38_i64) as u64;
/// The number of no call: the kernel then makes none.
const NO_CALL: u64 = u64::MAX;

/// A thread between the two stops of a call.
struct Inside {
    call: Call,
    fails: Option<Errno>,
}

/// Watches these programs until all have ended. They are children of this process, in the process group of the first, and
/// wait for their first command; `start` is called once none of their calls can be missed.
///
/// # Errors
/// What the system or the watch says; the programs are dead then.
pub fn watch<W: Watch>(pids: &[i32], watch: &mut W, start: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
    let mut tracer = Tracer { pids, threads: HashMap::new(), inside: HashMap::new(), living: pids.to_vec() };
    for pid in pids {
        ptrace::seize(
            Pid::from_raw(*pid),
            Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL,
        )?;
        ptrace::interrupt(Pid::from_raw(*pid))?;
        tracer.threads.insert(*pid, *pid);
    }
    let watched = start().and_then(|()| tracer.run(watch));
    if watched.is_err() {
        tracer.end();
    }
    watched
}

struct Tracer<'a> {
    pids: &'a [i32],
    /// The process of each thread.
    threads: HashMap<i32, i32>,
    inside: HashMap<i32, Inside>,
    living: Vec<i32>,
}

impl Tracer<'_> {
    fn run(&mut self, watch: &mut impl Watch) -> Result<(), Fault> {
        while !self.living.is_empty() {
            let status = match self.wait() {
                Err(Errno::EINTR) => continue,
                Err(Errno::ECHILD) => break,
                status => status?,
            };
            match status {
                WaitStatus::PtraceSyscall(thread) => self.stopped(thread, watch)?,
                WaitStatus::PtraceEvent(thread, ..) => go_on(thread, None)?,
                WaitStatus::Stopped(thread, signal) => go_on(thread, Some(signal))?,
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => self.gone(thread),
                _ => {}
            }
        }
        Ok(())
    }

    fn wait(&self) -> Result<WaitStatus, Errno> {
        waitpid(Pid::from_raw(-self.pids[0]), Some(WaitPidFlag::__WALL))
    }

    /// No program outlives its watch.
    fn end(&mut self) {
        self.living.iter().for_each(|pid| kill_program(*pid));
        while !self.living.is_empty() {
            match self.wait() {
                Ok(WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..)) => self.gone(thread),
                Err(Errno::EINTR) | Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    fn gone(&mut self, thread: Pid) {
        self.threads.remove(&thread.as_raw());
        self.inside.remove(&thread.as_raw());
        self.living.retain(|pid| *pid != thread.as_raw());
    }

    /// A thread stops twice at each call: before and after it.
    fn stopped(&mut self, thread: Pid, watch: &mut impl Watch) -> Result<(), Fault> {
        // A thread that was killed meanwhile has no registers any more.
        let Ok(mut regs) = ptrace::getregs(thread) else { return Ok(()) };
        if let Some(Inside { call, fails }) = self.inside.remove(&thread.as_raw()) {
            if let Some(errno) = fails {
                regs.rax = -i64::from(errno as i32) as u64;
                ptrace::setregs(thread, regs)?;
            }
            watch.after(&call, regs.rax as i64)?;
            return go_on(thread, None);
        }
        if regs.rax != NOT_MADE {
            // The end of the call that made this thread.
            return go_on(thread, None);
        }
        let pid = self.process(thread)?;
        let who = self.pids.iter().position(|p| *p == pid).ok_or("a stop of a program that nobody watches")?;
        let call = Call { who, pid, number: regs.orig_rax, args: [regs.rdi, regs.rsi, regs.rdx, regs.r10] };
        let fails = match watch.before(&call)? {
            Fate::Made => None,
            Fate::Fails(errno) => {
                regs.orig_rax = NO_CALL;
                ptrace::setregs(thread, regs)?;
                Some(errno)
            }
            Fate::Kills(whom) => {
                let all = self.living.iter().filter(|p| whom == Whom::All || **p == pid);
                all.for_each(|pid| kill_program(*pid));
                return Ok(());
            }
        };
        self.inside.insert(thread.as_raw(), Inside { call, fails });
        go_on(thread, None)
    }

    /// The process that a thread belongs to.
    fn process(&mut self, thread: Pid) -> Result<i32, Fault> {
        let thread = thread.as_raw();
        if let Some(pid) = self.threads.get(&thread) {
            return Ok(*pid);
        }
        let status = std::fs::read_to_string(format!("/proc/{thread}/status"))?;
        let line = status.lines().find_map(|l| l.strip_prefix("Tgid:")).ok_or("a thread without a process")?;
        let pid = line.trim().parse()?;
        self.threads.insert(thread, pid);
        Ok(pid)
    }
}

fn go_on(thread: Pid, signal: Option<Signal>) -> Result<(), Fault> {
    match ptrace::syscall(thread, signal) {
        // Killed meanwhile: its end is still to be heard of.
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// `kill -9`. One that is gone already is as dead as can be.
pub fn kill_program(pid: i32) {
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}
