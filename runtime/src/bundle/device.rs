//! A bundle on the device: made of what a session would say first, and its answer given to a session that goes on from there.

use super::keys::{DeviceKey, Pair, draw};
use super::seal::{self, Sealed};
use super::{BundleError, PublicKey};
use crate::store::{Actions, Next, Store};
use crate::sync::{Credentials, kept};
use windrow_protocol::bundle::{Answers, Asked};
use windrow_protocol::message;
use windrow_protocol::session::{Action, Event, Finish, Session};

/// How far an answer led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// All that the bundle asked is answered and applied. What was written since it was exported goes with the next one.
    All,
    /// What was in it is taken in, and the device has more to ask the hub: export again.
    More,
    /// Nothing in it answers what the device would ask now: a later session or another copy of the answer came before it, or
    /// the device has a changeset under way that this bundle did not bring.
    Nothing,
    /// It would delete so much that somebody must confirm it first: see
    /// [`Store::confirm_deletion`](crate::Store::confirm_deletion). Then import it again.
    Waits,
}

/// Writes what is pending, and what the device wants to know, as one file for a courier: sealed so that only the hub can read
/// it, and known by the hub to be this device's.
///
/// `hub`: the hub's public key, where the device has not heard of it when it [enrolled](crate::enrol). Exported again before an
/// answer came, it says the same again; what is written in between goes with the one after.
///
/// # Errors
/// A device that has not enrolled, or knows no key; a file that fails.
pub fn export(store: &Store, credentials: &dyn Credentials, hub: Option<PublicKey>) -> Result<Vec<u8>, BundleError> {
    let kept = kept(credentials)?;
    let device = DeviceKey::of(kept.token().ok_or(BundleError::NotEnrolled)?);
    let hub = hub.or(kept.hub()).ok_or(BundleError::NoHubKey)?;
    // What does not go now waits for another journey.
    let actions = store.session().in_slices(usize::MAX);
    // Where an earlier answer is complete and not applied yet, the first session asks nothing.
    for _ in 0..2 {
        match run(&actions, None)? {
            Stopped::Asks => return write(&actions, &device, &hub),
            Stopped::Ended(Finish::Waits) => return Err(BundleError::Waits),
            Stopped::Ended(Finish::InSync | Finish::Unsettled) => {}
        }
    }
    write(&actions, &device, &hub)
}

/// Takes in what a courier brought back, as a session would that asked all that itself. What can't be taken in is left, and
/// nothing is lost: see [`Imported`].
///
/// # Errors
/// A file that is no answer to a bundle of this device's, or was changed on the way; a file of the device's that fails.
pub fn import(store: &Store, answer: &[u8]) -> Result<Imported, BundleError> {
    let mut answers = read(store, answer)?;
    let held = answers.left();
    Ok(match run(&store.session(), Some(&mut answers))? {
        Stopped::Ended(Finish::Waits) => Imported::Waits,
        Stopped::Asks if answers.left() == held => Imported::Nothing,
        Stopped::Ended(Finish::InSync) => Imported::All,
        Stopped::Ended(Finish::Unsettled) | Stopped::Asks => Imported::More,
    })
}

/// A bundle of what the file has to say as it stands: a changeset that is stored, and how it asks for news. What [`export`] does
/// at its end.
///
/// # Errors
/// As [`export`].
pub fn write(actions: &Actions, device: &DeviceKey, hub: &PublicKey) -> Result<Vec<u8>, BundleError> {
    let reply = draw()?;
    let asked = Asked::of(actions.stored()?, Pair::derive(&reply).public.0);
    let Sealed { file, id, secret } = seal::bundle(device, hub, &asked.to_bytes()?)?;
    actions.note_bundle(id, &secret, &reply, &asked.question())?;
    Ok(file)
}

/// The answers in this file. What [`import`] does first.
///
/// # Errors
/// As [`import`].
pub fn read(store: &Store, answer: &[u8]) -> Result<Answers, BundleError> {
    let noted = store.bundle(seal::answers_to(answer)?)?.ok_or(BundleError::Unknown)?;
    let told = seal::open_answer(answer, &noted.secret, &noted.reply)?;
    Ok(Answers::new(noted.question, message::from_bytes(&told)?)?)
}

/// Where a session stopped.
enum Stopped {
    /// It asks what nobody answers here.
    Asks,
    Ended(Finish),
}

/// A session as far as these answers lead. Without any, it stores what is pending, for that is to be sent; with some, it stores
/// nothing new unless the hub asked for it: what was asked is answered first.
fn run(actions: &Actions, mut answers: Option<&mut Answers>) -> Result<Stopped, BundleError> {
    let (mut session, mut action) = Session::far();
    loop {
        let next = match action {
            Action::Load { past: false, .. } if answers.is_some() => {
                Next::Event(Event::Loaded(Box::new(actions.stored()?)))
            }
            action => actions.perform(action)?,
        };
        let event = match next {
            Next::Event(event) => event,
            Next::Finish(finish) => return Ok(Stopped::Ended(finish)),
            Next::Send(request) => match answers.as_mut().and_then(|answers| answers.give(&request)) {
                Some(answer) => Event::Answered(answer),
                None => return Ok(Stopped::Asks),
            },
        };
        action = session.on(event)?;
    }
}
