//! A session under way, and what is on the way.

use super::Fault;
use super::hub::Route;
use super::schema::Schema;
use super::twin::{Said, Verdict};
use crate::oracle::Hlc;
use crate::oracle::message as plain;
use std::rc::Rc;
use windrow::store::Actions;
use windrow_protocol::chunk::Chunk;
use windrow_protocol::message::{Commit, Prepare, SessionId, from_bytes};
use windrow_protocol::pace::Pace;
use windrow_protocol::session::{Action, Request, Session};

/// A session under way.
#[derive(Debug)]
pub struct Talk {
    /// The protocol's machine.
    pub machine: Session,
    /// Its actions on the file.
    pub actions: Actions,
    /// What is to be done next.
    pub action: Action,
    /// What is on its way.
    pub way: Way,
    /// What the answer that arrived last should have been, until the file has taken it in.
    pub verdict: Option<Verdict>,
    /// The last request, as the twin said it.
    pub said: Option<Said>,
    /// Whether the application has written meanwhile.
    pub written: bool,
    /// The twin's last stamp when the last COMMIT left, while which the file may have folded the next changeset.
    pub early: Option<Hlc>,
}

/// What is on its way between a device and the hub. An answer belongs to its request, as HTTP has it: one that comes when
/// its session is given up is lost.
#[derive(Debug)]
pub enum Way {
    /// Nothing.
    Free,
    /// A request.
    Out(Sent),
    /// An answer, and what it should be.
    Back(Vec<u8>, Option<Verdict>),
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Where to.
    pub route: Route,
    /// The bytes.
    pub body: Vec<u8>,
    /// The same in the twin's words.
    pub said: Said,
    /// The version of who sent it.
    pub schema: Rc<Schema>,
}

impl Talk {
    /// A session that begins, over a link of this pace.
    pub fn start(actions: Actions, pace: Pace) -> Talk {
        let (machine, action) = Session::start(pace);
        Talk { machine, actions, action, way: Way::Free, verdict: None, said: None, written: false, early: None }
    }
}

impl Sent {
    /// A request of the product's, and what it says in the twin's words: of this session, with this question.
    ///
    /// # Errors
    /// A request that sends what the twin does not.
    pub(super) fn of(
        request: &Request,
        session: impl FnOnce() -> Option<Rc<plain::Session>>,
        ask: impl FnOnce() -> plain::Ask,
        schema: &Rc<Schema>,
    ) -> Result<Sent, Fault> {
        let session = || session().ok_or("the twin has nothing to send");
        let (route, said) = match request {
            Request::Prepare(_) => (Route::Prepare, Said::Prepare(session()?)),
            Request::Upload(chunk) => (Route::Upload, Said::Upload(session()?, chunk.clone())),
            Request::Commit(_) => (Route::Commit, Said::Commit(session()?, ask())),
            Request::Pull(p) => (Route::Pull, Said::Pull(ask(), p.cursor.is_some())),
        };
        let body = request.to_bytes().map_err(|error| error.to_string())?;
        Ok(Sent { route, body, said, schema: schema.clone() })
    }

    /// The session that it names, unless it is a pull.
    pub fn session(&self) -> Option<SessionId> {
        match self.route {
            Route::Prepare => from_bytes::<Prepare>(&self.body).ok().map(|p| p.session),
            Route::Upload => Chunk::arrived(&self.body).ok().map(|c| c.parcel.session),
            Route::Commit => from_bytes::<Commit>(&self.body).ok().map(|c| c.session),
            Route::Pull => None,
        }
    }
}
