//! The thread on which a session works with its file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one job after another, until nobody has more for it. On a pool's threads, of which each keeps for itself
/// what it had of memory, a session takes many times what its largest step does.
#[derive(Debug)]
pub(super) struct FileThread {
    jobs: mpsc::Sender<Job>,
}

impl FileThread {
    /// # Errors
    /// A system that gives no more threads.
    pub(super) fn start() -> std::io::Result<FileThread> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let work = move || {
            for job in waiting {
                // Whoever waits for this one hears nothing; the next is to be done all the same.
                drop(catch_unwind(AssertUnwindSafe(job)));
            }
        };
        std::thread::Builder::new().name("windrow-file".into()).spawn(work)?;
        Ok(FileThread { jobs })
    }

    /// Has a job done, for whose outcome nobody waits, before all that are handed over later.
    pub(super) fn begin(&self, job: impl FnOnce() + Send + 'static) {
        // A thread that has ended is noticed by whoever waits for a job.
        drop(self.jobs.send(Box::new(job)));
    }

    /// What came of a job; nothing of one that failed badly. It is done even if nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, came) = oneshot::channel();
        let job = move || drop(done.send(job()));
        self.jobs.send(Box::new(job)).ok()?;
        came.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_alone_with_it() -> std::io::Result<()> {
        let thread = FileThread::start()?;
        assert_eq!(thread.run(|| "done").await, Some("done"));
        assert_eq!(thread.run(|| assert_eq!(1, 2, "on purpose")).await, None);
        assert_eq!(thread.run(|| 3).await, Some(3));
        Ok(())
    }
}
