//! How long sessions hold a device's file: the product tells it by events.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Steps of sessions, and how long each held the file.
pub(super) type Steps = Vec<(String, Duration)>;

/// Does this in this thread; which steps held the file for how long meanwhile.
pub(super) fn told<T>(work: impl FnOnce() -> T) -> (T, Steps) {
    let listener = Listener::default();
    let steps = listener.0.clone();
    let done = tracing::subscriber::with_default(listener, work);
    (done, std::mem::take(&mut *steps.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Hears the events.
#[derive(Debug, Default)]
struct Listener(Arc<Mutex<Steps>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("windrow::store")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut step = Step::default();
        event.record(&mut step);
        if let (Some(name), Some(held)) = (step.name, step.held) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, held));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an event says.
#[derive(Debug, Default)]
struct Step {
    name: Option<String>,
    held: Option<Duration>,
}

impl Visit for Step {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "held_us" {
            self.held = Some(Duration::from_micros(value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "step" {
            self.name = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
