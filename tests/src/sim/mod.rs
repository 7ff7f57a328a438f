//! The simulator: whole worlds of a hub and its devices, with everything that may go wrong, judged step by step.
//!
//! What ships takes part: triggers, stores and session machines on real SQLite files, the codec, the hub's store. Between
//! them is a network of bytes that loses, cuts, repeats and delays; programs die between any two steps; clocks are wrong.
//! Beside each device and the hub stands its twin of the [`oracle`](crate::oracle), which is led through the same messages.
//!
//! - [`plan`]: what a world may bring. [`schema`], [`domain`], [`values`]: random tables. [`draw`]: the steps, one by one; `writes`: what
//!   applications write.
//! - `versions`: in some worlds the tables become others; `upgrade`: programs of later versions open files of earlier ones.
//! - [`world`]: the steps taken; `reader`: who looks on meanwhile; `decide`: decisions on devices; `refusals`: what becomes of what was refused. [`talk`]: sessions, message by message. [`network`]: what is on the way; `bundles`: what couriers have with them.
//! - [`peer`]: a device and its twin. [`device`], [`hub`], [`files`], [`tables`]: the product's side. [`twin`]: the oracle's.
//! - `slices`: changesets that speak for a part of what is pending.
//! - [`judge`], [`ledger`]: what must hold, from what the applications were told and what the files show.
//! - [`shrink`], [`story`]: a failure, made small and readable.
//!
//! Everything is drawn from the seed of a world, and one thread leads it: a failure comes again.

mod arrivals;
mod bundles;
mod decide;
pub mod device;
pub mod domain;
pub mod draw;
pub mod files;
pub mod hub;
pub mod judge;
pub mod ledger;
pub mod network;
pub mod peer;
pub mod plan;
mod purse;
mod reader;
mod refusals;
mod replayed;
pub mod schema;
pub mod shrink;
mod slices;
pub mod stats;
pub mod step;
pub mod story;
pub mod tables;
pub mod talk;
pub mod twin;
mod upgrade;
pub mod values;
mod versions;
pub mod world;
mod writes;

use draw::Script;
use fastrand::Rng;
use files::Template;
use plan::Plan;
use stats::Stats;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use step::Step;
use world::World;

/// What went wrong, in words.
pub type Fault = String;

/// A world that went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What went wrong.
    pub fault: Fault,
    /// The steps up to there.
    pub steps: Vec<Step>,
    /// The sessions that had begun.
    pub sessions: u64,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "world {}, after {} steps and {} sessions: {}",
            self.seed,
            self.steps.len(),
            self.sessions,
            self.fault
        )
    }
}

impl std::error::Error for Failure {}

thread_local! {
    static TEMPLATE: RefCell<Option<(u64, Rc<Template>)>> = const { RefCell::new(None) };
}

/// The tables of a world. Those of the last one are kept: a failing world is run again and again.
fn template(seed: u64) -> Result<Rc<Template>, Fault> {
    TEMPLATE.with_borrow_mut(|kept| match kept {
        Some((of, template)) if *of == seed => Ok(template.clone()),
        _ => {
            let template = Rc::new(Template::new(seed)?);
            *kept = Some((seed, template.clone()));
            Ok(template)
        }
    })
}

/// Runs the world of this seed.
///
/// # Errors
/// What went wrong, and the steps that led there.
pub fn run(seed: u64, plan: &Plan) -> Result<Stats, Failure> {
    attempt(seed, plan, None)
}

/// Takes the world of this seed through these steps instead of its own.
///
/// # Errors
/// What went wrong, and the steps that led there.
pub fn replay(seed: u64, plan: &Plan, steps: &[Step]) -> Result<Stats, Failure> {
    attempt(seed, plan, Some(steps))
}

fn attempt(seed: u64, plan: &Plan, steps: Option<&[Step]>) -> Result<Stats, Failure> {
    let mut taken = Vec::new();
    let mut sessions = 0;
    let led = catch_unwind(AssertUnwindSafe(|| lead(seed, plan, steps, &mut taken, &mut sessions)));
    let led = led.unwrap_or_else(|panic| Err(format!("it panicked: {}", words(&*panic))));
    led.map_err(|fault| Failure { seed, fault, steps: taken, sessions })
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

fn lead(
    seed: u64,
    plan: &Plan,
    steps: Option<&[Step]>,
    taken: &mut Vec<Step>,
    sessions: &mut u64,
) -> Result<Stats, Fault> {
    let template = template(seed)?;
    let mut rng = Rng::with_seed(seed ^ 0x5eed_0f77_a11a_11fe);
    let mut world = World::new(&mut rng, seed, &template, plan)?;
    let count = rng.u64(plan.sessions.clone());
    let mut script = Script::new(rng, template.versions[0].clone(), plan.faults);
    world.lone = script.lone();
    script.bundles = plan.bundles;
    let mut given = steps.map(<[Step]>::iter);
    loop {
        let step = match &mut given {
            Some(steps) => match steps.next() {
                Some(step) => step.clone(),
                None => break,
            },
            None if world.stats.sessions >= count => break,
            None => script.next(&world),
        };
        taken.push(step.clone());
        let result = world.take(&step);
        *sessions = world.stats.sessions;
        result.map_err(|why| format!("at {step:?}: {why}"))?;
    }
    world.quiet()?;
    world.stats.worlds = 1;
    Ok(world.stats)
}
