//! Who is let in: each request is bound to a live token, and to the device that it was given to.

use super::reply;
use crate::hub::{Denied, HubError, Member, Registry, blocking};
use crate::identity::{Code, Enrol, Enrolled, Role, Token};
use crate::lock::lock;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use warp::http::{HeaderMap, header};
use warp::reject::Reject;
use warp::reply::Response;
use warp::{Filter, Rejection};
use windrow_protocol::clock::DeviceId;
use windrow_protocol::codec;
use windrow_protocol::message::{Problem, ProblemKind};

/// Wrong codes that are answered in a minute; more are told to come later. No right one is ever turned away for it, and none
/// can be guessed in any case: the bound keeps the log and the disk quiet.
const WRONG_CODES: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);

/// What stands before a hub.
#[derive(Debug, Clone)]
pub(super) enum Guard {
    /// Nothing: whoever reaches the address may do everything.
    Open,
    /// A registry, and how many wrong codes came of late.
    Registry(Arc<Registry>, Arc<Mutex<Wrong>>),
}

/// Wrong codes of this minute.
#[derive(Debug)]
pub(super) struct Wrong {
    since: Instant,
    count: u32,
}

impl Wrong {
    fn new(since: Instant) -> Wrong {
        Wrong { since, count: 0 }
    }

    /// Counts one more; whether that is too many.
    fn is_too_many(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= MINUTE {
            *self = Wrong::new(now);
        }
        self.count = self.count.saturating_add(1);
        self.count > WRONG_CODES
    }
}

/// What somebody shows to be let in.
#[derive(Debug)]
pub(super) struct Shown(Option<Token>);

impl Shown {
    pub(super) fn new(headers: &HeaderMap) -> Shown {
        Shown(bearer(headers))
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// Somebody: the hub is open.
    Anyone,
    /// A user, on a device.
    Member(Member),
}

impl Caller {
    /// Whether a request may be made in this device's name.
    pub(super) fn speaks_for(&self, device: DeviceId) -> Result<(), HubError> {
        match self {
            Caller::Member(member) if member.device != device => Err(Denied::Device.into()),
            Caller::Member(_) | Caller::Anyone => Ok(()),
        }
    }

    /// Whether it may send this changeset. What can't be read is the hub's to answer.
    pub(super) fn may_send(&self, payload: &[u8]) -> Result<(), HubError> {
        codec::changeset_device(payload).map_or(Ok(()), |device| self.speaks_for(device))
    }

    /// The device, where it is known.
    pub(super) fn device(&self) -> Option<DeviceId> {
        match self {
            Caller::Member(member) => Some(member.device),
            Caller::Anyone => None,
        }
    }

    /// The user's name, where it is known.
    pub(super) fn user(self) -> Option<String> {
        match self {
            Caller::Member(member) => Some(member.user),
            Caller::Anyone => None,
        }
    }
}

/// A request that was turned away, on its way out of the filters.
#[derive(Debug)]
pub(super) struct Turned(pub(super) HubError);

impl Reject for Turned {}

/// Lets those in whose role is at least this. It stands before anything of a body is read.
pub(super) fn at_least(
    guard: &Guard,
    role: Role,
) -> impl Filter<Extract = (Caller,), Error = Rejection> + Clone + use<> {
    let guard = guard.clone();
    warp::header::headers_cloned().and_then(move |headers: HeaderMap| {
        let guard = guard.clone();
        async move { guard.admit(&headers, role).await.map_err(|error| warp::reject::custom(Turned(error))) }
    })
}

/// What a request shows.
pub(super) fn shown() -> impl Filter<Extract = (Shown,), Error = std::convert::Infallible> + Clone {
    warp::header::headers_cloned().map(|headers: HeaderMap| Shown::new(&headers))
}

/// A device that was let in.
#[derive(Debug)]
pub(super) struct Asks {
    pub(super) caller: Caller,
    /// Whether it named its message's type. Then its answer's is named too.
    pub(super) typed: bool,
}

/// Lets devices in. The type of what they send must be named where no token is: a web page that a browser on this machine
/// shows can give neither without being asked first. With a token it need not be, nor the answer's: that is a quarter of what
/// a small question costs.
pub(super) fn device(guard: &Guard) -> impl Filter<Extract = (Asks,), Error = Rejection> + Clone + use<> {
    let asks = |caller: Caller, headers: HeaderMap| async move {
        match headers.get(header::CONTENT_TYPE) {
            None if headers.contains_key(header::AUTHORIZATION) => Ok(Asks { caller, typed: false }),
            Some(named) if named.as_bytes().eq_ignore_ascii_case(reply::MEDIA_TYPE.as_bytes()) => {
                Ok(Asks { caller, typed: true })
            }
            _ => Err(warp::reject::custom(Turned(untyped().into()))),
        }
    };
    at_least(guard, Role::Field).and(warp::header::headers_cloned()).and_then(asks)
}

/// What is answered to a body without its type.
pub(super) fn untyped() -> Problem {
    Problem::new(ProblemKind::Malformed, "The request must name its body's type as the address wants it.")
}

/// `POST /v1/enrol`
pub(super) async fn enrol(headers: HeaderMap, body: Enrol, guard: Guard) -> Response {
    guard.enrol(&headers, body).await.map_or_else(reply::error, |enrolled| reply::json(&enrolled))
}

impl Guard {
    pub(super) fn new(registry: Arc<Registry>) -> Guard {
        Guard::Registry(registry, Arc::new(Mutex::new(Wrong::new(Instant::now()))))
    }

    async fn admit(&self, headers: &HeaderMap, least: Role) -> Result<Caller, HubError> {
        self.admit_shown(&Shown::new(headers), least).await
    }

    /// Whether whoever shows this may still do what devices do.
    pub(super) async fn still(&self, shown: &Shown) -> Result<(), HubError> {
        self.admit_shown(shown, Role::Field).await.map(drop)
    }

    async fn admit_shown(&self, shown: &Shown, least: Role) -> Result<Caller, HubError> {
        let Guard::Registry(registry, _) = self else { return Ok(Caller::Anyone) };
        let token = shown.0.clone().ok_or(Denied::Unknown)?;
        let (asked, shown) = (registry.clone(), token.clone());
        let (member, stale) = blocking(move || asked.look_up(&shown)).await?;
        if stale {
            note(registry.clone(), token);
        }
        if member.role < least {
            return Err(Denied::Role.into());
        }
        Ok(Caller::Member(member))
    }

    /// The registry; none where the hub is open.
    pub(super) fn registry(&self) -> Option<&Arc<Registry>> {
        match self {
            Guard::Open => None,
            Guard::Registry(registry, _) => Some(registry),
        }
    }

    /// Who could sync with each of these devices then; nobody where the hub is open.
    pub(super) async fn users_of(&self, devices: Vec<(DeviceId, i64)>) -> Result<Vec<Vec<String>>, HubError> {
        match self {
            Guard::Open => Ok(vec![Vec::new(); devices.len()]),
            Guard::Registry(registry, _) => {
                let registry = registry.clone();
                blocking(move || registry.users_of(&devices)).await
            }
        }
    }

    async fn enrol(&self, headers: &HeaderMap, body: Enrol) -> Result<Enrolled, HubError> {
        let Guard::Registry(registry, wrong) = self else {
            return Err(Problem::new(ProblemKind::NotFound, "This hub is open to all: nobody enrols.").into());
        };
        let (key, registry, holds) = (registry.clone(), registry.clone(), bearer(headers));
        let malformed = |detail| Problem::new(ProblemKind::Malformed, detail);
        let device = crate::hub::device(&body.device);
        let device = device.ok_or_else(|| malformed("`device` is an id of 16 hexadecimal digits."))?;
        let token: Token = body.token.parse().map_err(|_| malformed("`token` is 256 bits in base64."))?;
        let enrolled = match body.code.parse::<Code>() {
            Ok(code) => blocking(move || registry.enrol(&code, device, &token, holds.as_ref())).await,
            Err(_) => Err(Denied::Code.into()),
        };
        let member = enrolled.map_err(|error| too_many(wrong, error))?;
        let bundle_key = public_key(key).await;
        tracing::info!(device = %device.hex(), "a device has enrolled");
        Ok(Enrolled { user: member.user, role: member.role, bundle_key })
    }
}

/// What devices seal bundles to. Nobody is turned away for want of it.
async fn public_key(registry: Arc<Registry>) -> Option<String> {
    let key = blocking(move || registry.key()).await;
    key.inspect_err(|error| tracing::warn!(%error, "devices are not told what to seal bundles to"))
        .ok()
        .map(|key| key.public().to_string())
}

/// What a wrong code is answered.
fn too_many(wrong: &Mutex<Wrong>, error: HubError) -> HubError {
    let code = matches!(&error, HubError::Problem(problem) if problem.kind == ProblemKind::Unauthenticated);
    let mut wrong = lock(wrong);
    if code && wrong.is_too_many(Instant::now()) { HubError::Busy } else { error }
}

/// The token that a request carries: exactly one, in the header that is made for it.
fn bearer(headers: &HeaderMap) -> Option<Token> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let only = all.next().filter(|_| all.next().is_none())?;
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.parse().ok())?
}

/// Writes down that a device was heard of, while its request goes on.
fn note(registry: Arc<Registry>, token: Token) {
    tokio::task::spawn_blocking(move || {
        registry.saw(&token).unwrap_or_else(|error| tracing::warn!(%error, "when a device was seen was not noted"));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that tried codes all night filled the disk with lines of log.
    #[test]
    fn wrong_codes_are_counted_by_the_minute() {
        let start = Instant::now();
        let mut wrong = Wrong::new(start);
        assert!((0..WRONG_CODES).all(|_| !wrong.is_too_many(start)));
        assert!(wrong.is_too_many(start + MINUTE / 2));
        assert!(!wrong.is_too_many(start + MINUTE));
    }
}
