//! `POST /v1/bundle`: what a courier brings. It shows no token, for the bundle says whose it is.

use super::guard::Guard;
use super::reply;
use super::routes::with;
use super::shell::Common;
use crate::hub::{HubError, Registry, Visit, blocking};
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
        .and(warp::body::bytes())
        .and(with(common))
        .and(with(guard))
        .then(answered)
        .boxed()
}

async fn answered(bundle: Bytes, common: Arc<Common>, guard: Guard) -> Response {
    let Some(registry) = guard.registry() else {
        let open = "This hub is open to all: it knows no device, and takes no bundles.";
        return reply::problem(Problem::new(ProblemKind::NotFound, open));
    };
    match brought(&common, registry.clone(), bundle).await {
        Ok(Brought::Answer(answer)) => reply::message(answer, true),
        Ok(Brought::TooOften(wait)) => reply::too_often(wait),
        Err(error) => reply::error(error),
    }
}

/// What becomes of a bundle that is taken.
enum Brought {
    Answer(Vec<u8>),
    TooOften(Duration),
}

async fn brought(common: &Common, registry: Arc<Registry>, bundle: Bytes) -> Result<Brought, HubError> {
    let _entered = common.gate.enter()?;
    let visit = blocking(move || Visit::open(&registry, &bundle)).await?;
    // Counted once it is known to be that device's: nobody can use up what another may ask.
    match common.rates.note_bundle(&visit.from.0, Instant::now()) {
        Ok(()) => visit.answer(&*common.store).await.map(Brought::Answer),
        Err(wait) => Ok(Brought::TooOften(wait)),
    }
}
