//! `POST /v1/bundle`: what a courier brings. It shows no token, for the bundle says whose it is.

use super::guard::Guard;
use super::reply;
use super::routes::with;
use super::shell::Common;
use crate::bundle::{Arrived, BundleError};
use crate::hub::{HubError, Registry, Visit, blocking};
use bytes::{Buf, BufMut, BytesMut};
use futures_util::{Stream, StreamExt};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::hyper::body::Bytes;
use warp::reply::Response;
use windrow_protocol::message::{Problem, ProblemKind};

/// The address. A bundle is sealed, so that its type need not be named: a web page can make none.
pub(super) fn route(common: &Arc<Common>, guard: &Guard) -> BoxedFilter<(Response,)> {
    warp::path!("v1" / "bundle")
        .and(warp::post())
        .and(warp::body::content_length_limit(common.limits.body))
        .and(warp::body::stream())
        .and(with(common))
        .and(with(guard))
        .then(|body, common, guard| async move { answered(body, common, guard).await })
        .boxed()
}

async fn answered(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    common: Arc<Common>,
    guard: Guard,
) -> Response {
    let Some(registry) = guard.registry() else {
        let open = "This hub is open to all: it knows no device, and takes no bundles.";
        return reply::problem(Problem::new(ProblemKind::NotFound, open));
    };
    match brought(&common, registry, body).await {
        Ok(Brought::Answer(answer)) => reply::message(answer, true),
        Ok(Brought::TooOften(wait)) => reply::too_often(wait),
        Err(error) => reply::error(error),
    }
}

/// The whole of a bundle. Of one whose device is not known no more is read than what says so.
async fn arrived(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    registry: &Arc<Registry>,
) -> Result<Bytes, HubError> {
    let (mut body, mut arrived, mut known) = (pin!(body), BytesMut::new(), false);
    while let Some(part) = body.next().await {
        arrived.put(part.map_err(|_| HubError::Problem(BundleError::Damaged.into()))?);
        if !known && let Some(head) = arrived.get(..Arrived::HEAD) {
            let (registry, head) = (registry.clone(), head.to_vec());
            blocking(move || {
                let from = Arrived::read(&head).map_err(|error| HubError::Problem(error.into()))?.from();
                registry.admit_bundle(&from).map_err(HubError::from)
            })
            .await?;
            known = true;
        }
    }
    Ok(arrived.freeze())
}

/// What becomes of a bundle that is taken.
enum Brought {
    Answer(Vec<u8>),
    TooOften(Duration),
}

async fn brought(
    common: &Common,
    registry: &Arc<Registry>,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Brought, HubError> {
    let (bundle, registry) = (arrived(body, registry).await?, registry.clone());
    let _entered = common.gate.enter()?;
    let visit = blocking(move || Visit::open(&registry, &bundle)).await?;
    // Counted once it is known to be that device's: nobody can use up what another may ask.
    match common.rates.note_bundle(&visit.from.0, Instant::now()) {
        Ok(()) => visit.answer(&*common.store).await.map(Brought::Answer),
        Err(wait) => Ok(Brought::TooOften(wait)),
    }
}
